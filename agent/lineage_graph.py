"""The lineage graph of a clip: everything it was made from, and everything that was made from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from ..tools.provenance.picture import Card, draw

if TYPE_CHECKING:
    from ..memory.library import Clip, Library

MOST_CLIPS = 1000
"""Of a larger graph the farthest clips are left out, and how many is said."""

MOST_CARDS = 60
"""The same for a picture, which has to fit into memory and be read by somebody."""


class Node(BaseModel):
    """A clip in the graph.

    Attributes:
        parents: ids of what it was made from, in order.
        children: ids of what was made from it, oldest first; only those of the graph.
        known: False for a parent that has been forgotten since: only its id is left.
        operation: what made it; ``upload`` when it came from outside.
        duration: seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    known: bool = True
    operation: str = ""
    title: str = ""
    duration: float = 0.0
    arguments: dict[str, object] = {}
    model: str = ""
    seed: int | None = None
    prompt: str = ""
    parents: list[str] = []
    children: list[str] = []


class LineageGraph(BaseModel):
    """Clips and what made them from each other; without cycles, since clips never change.

    Attributes:
        clip: the clip that was asked for.
        nodes: parents before children.
        cut: how many clips were left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    clip: str
    nodes: list[Node]
    cut: int = 0

    def node(self, clip: str) -> Node:
        """The node of that id."""
        return next(node for node in self.nodes if node.id == clip)

    @property
    def edges(self) -> list[tuple[str, str, str]]:
        """Parent, child and operation of each step."""
        return [(parent, node.id, node.operation) for node in self.nodes for parent in node.parents]


def lineage_graph(library: Library, clip: str, *, user: str, most: int = MOST_CLIPS) -> LineageGraph:
    """Collect the graph around a clip; raises ``ClipUnknown``."""
    asked = library.known(clip, user=user).id
    clips = {each.id: each for each in library.clips(user=user)}
    parents = {each.id: each.parents for each in clips.values()}
    children: dict[str, list[str]] = defaultdict(list)
    for each in clips.values():
        for parent in dict.fromkeys(each.parents):
            children[parent].append(each.id)
    reached = list(dict.fromkeys([asked, *_reachable(asked, parents), *_reachable(asked, children)]))
    kept = set(reached[:most])
    ordered = _parents_first(kept, parents)
    nodes = [_node(library, each, clips.get(each), children, kept, user) for each in ordered]
    return LineageGraph(clip=asked, nodes=nodes, cut=len(reached) - len(kept))


def save_picture(library: Library, graph: LineageGraph, path: Path, *, user: str) -> None:
    """Draw the graph as PNG, each clip with a frame of it; raises what fetching, decoding and writing raise."""
    cards = [
        Card(
            id=node.id,
            lines=[node.id, _what(node), f"{node.duration:.1f} s" if node.known else "forgotten"],
            video=library.get(node.id, user=user).path if node.known else None,
            parents=node.parents,
            marked=node.id == graph.clip,
        )
        for node in graph.nodes
    ]
    draw(path, cards)


def _what(node: Node) -> str:
    return f"{node.operation} ({node.model})" if node.model else node.operation or "unknown"


def _reachable(start: str, following: Mapping[str, Iterable[str]]) -> list[str]:
    """Everything that can be reached, the nearest first."""
    found, edge = [start], [start]
    seen = {start}
    while edge:
        edge = [each for at in edge for each in dict.fromkeys(following.get(at, ())) if each not in seen]
        edge = list(dict.fromkeys(edge))
        seen.update(edge)
        found += edge
    return found[1:]


def _parents_first(clips: set[str], parents: Mapping[str, list[str]]) -> list[str]:
    from graphlib import TopologicalSorter

    return list(TopologicalSorter({clip: set(parents.get(clip, ())) & clips for clip in sorted(clips)}).static_order())


def _node(
    library: Library, clip: str, known: Clip | None, children: Mapping[str, list[str]], kept: set[str], user: str
) -> Node:
    below = [child for child in children.get(clip, ()) if child in kept]
    if known is None:
        return Node(id=clip, known=False, children=below)
    lineage = library.lineage(clip, user=user)
    return Node(
        id=clip,
        operation=known.operation,
        title=known.title,
        duration=known.duration,
        arguments=lineage.arguments if lineage else {},
        model=lineage.model if lineage else "",
        seed=lineage.seed if lineage else None,
        prompt=lineage.prompt if lineage else "",
        parents=known.parents,
        children=below,
    )
