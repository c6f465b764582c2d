"""The log of a project: what was done, in order, never rewritten; the timeline is what follows from it.

Undo and redo are entries too, and so is rejecting one edit from the middle: the others are carried out without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from ..base import ToolModel
from ..errors import BadArguments
from .edits import Edit, apply
from .model import Item, Timeline


class Edited(ToolModel):
    """An edit was made."""

    entry: Literal["edited"] = "edited"
    edit: Edit
    words: str = ""


class Rejected(ToolModel):
    """The edit of entry ``number`` (from 1) was taken out; undo puts it back."""

    entry: Literal["rejected"] = "rejected"
    number: Annotated[int, Field(ge=1)]
    words: str = ""


class Undone(ToolModel):
    """The latest change that stood was taken back."""

    entry: Literal["undone"] = "undone"


class Redone(ToolModel):
    """The latest change that was taken back was made again."""

    entry: Literal["redone"] = "redone"


Entry: TypeAlias = Annotated[Edited | Rejected | Undone | Redone, Field(discriminator="entry")]


@dataclass(frozen=True)
class Version:
    """A project after some entries of its log.

    Attributes:
        timeline: what it shows.
        standing: numbers (from 1) of the entries that count, in order.
        undone: of those that were taken back and can be made again, the next one last.
        void: edits that no longer fit because one before them was rejected, and why.
    """

    timeline: Timeline
    standing: tuple[int, ...]
    undone: tuple[int, ...]
    void: dict[int, str]


def version_of(entries: Sequence[Entry]) -> Version:
    """What follows from a log."""
    standing: list[int] = []
    undone: list[int] = []
    for number, entry in enumerate(entries, 1):
        if isinstance(entry, Undone):
            if standing:
                undone.append(standing.pop())
        elif isinstance(entry, Redone):
            if undone:
                standing.append(undone.pop())
        else:
            standing.append(number)
            undone.clear()
    rejected = {entry.number for at in standing if isinstance(entry := entries[at - 1], Rejected)}
    timeline, void = Timeline(), {}
    for number in standing:
        entry = entries[number - 1]
        if number in rejected or not isinstance(entry, Edited):
            continue
        try:
            timeline = apply(timeline, entry.edit, f"i{number}")
        except BadArguments as error:
            void[number] = error.message
    return Version(timeline, tuple(standing), tuple(undone), void)


def added(entries: Sequence[Entry], entry: Entry) -> Version:
    """What a project becomes with one more entry.

    Raises:
        BadArguments: the entry does not fit: nothing to undo, no such edit, an edit that this timeline cannot take.
    """
    before = version_of(entries)
    if isinstance(entry, Undone) and not before.standing:
        raise BadArguments("There is nothing to undo.", "Make an edit first.")
    if isinstance(entry, Redone) and not before.undone:
        raise BadArguments("There is nothing to make again.", "Only what was undone last can be redone.")
    if isinstance(entry, Rejected):
        _check_rejected(entries, before, entry.number)
    after = version_of([*entries, entry])
    if isinstance(entry, Edited) and len(entries) + 1 in after.void:
        apply(before.timeline, entry.edit, "")  # raises the fault itself, with its remedy
    return after


def _check_rejected(entries: Sequence[Entry], before: Version, number: int) -> None:
    edits = [at for at in before.standing if isinstance(entries[at - 1], Edited)]
    rejected = {entry.number for at in before.standing if isinstance(entry := entries[at - 1], Rejected)}
    if number not in edits or number in rejected:
        known = ", ".join(str(at) for at in edits if at not in rejected) or "none"
        raise BadArguments(f"There is no edit {number} that could be rejected.", f"Edits that stand: {known}.")


@dataclass(frozen=True)
class Difference:
    """What two timelines do not share.

    Attributes:
        added: items of the second alone.
        removed: items of the first alone.
        changed: items of both that are not the same, as (before, after).
        moved: ids of items of both that stand elsewhere among the others.
    """

    added: tuple[Item, ...]
    removed: tuple[Item, ...]
    changed: tuple[tuple[Item, Item], ...]
    moved: tuple[str, ...]


def difference(one: Timeline, other: Timeline) -> Difference:
    """What changed from one timeline to another."""
    before, after = ({item.id: item for item in timeline.items} for timeline in (one, other))
    shared = [item.id for item in one.items if item.id in after]
    order = [item.id for item in other.items if item.id in before]
    runs = SequenceMatcher(None, shared, order, autojunk=False).get_matching_blocks()
    stayed = {name for run in runs for name in shared[run.a : run.a + run.size]}
    return Difference(
        added=tuple(item for item in other.items if item.id not in before),
        removed=tuple(item for item in one.items if item.id not in after),
        changed=tuple((before[name], after[name]) for name in shared if before[name] != after[name]),
        moved=tuple(name for name in order if name not in stayed),
    )
