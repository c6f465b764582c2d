"""Commands that tell where a clip comes from: ``provenance`` reads a file, ``lineage`` the library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import Exit, Home, Json, agent, err, faults, out, print_json

if TYPE_CHECKING:
    from rich.tree import Tree

    from ...tools.provenance.report import Action, IngredientReport, ProvenanceReport
    from ..lineage_graph import LineageGraph

UNSIGNED = 5
UNTRUSTED = 6
_CODES = {"valid": Exit.ANSWERED, "tampered": Exit.FAILED, "invalid": Exit.FAILED, "none": UNSIGNED}
_COLOURS = {"valid": "green", "untrusted": "yellow", "none": "yellow"}


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (provenance, lineage):
        app.command()(command)


def provenance(
    file: Annotated[Path, typer.Argument(help="A video or picture.")],
    trust: Annotated[
        list[Path] | None, typer.Option("--trust", help="PEM file of another authority to trust. Repeatable.")
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Verify the signed manifest of a file and print what made it, back to where the chain begins.

    Exit code: 0 valid, 1 tampered, invalid or unreadable, 2 usage, 5 no manifest, 6 intact but of an unknown signer.
    """
    from ...tools.provenance.provenance import Provenance
    from ..settings import Settings, resolve_home

    with faults(as_json):
        settings = Settings(home=resolve_home(home))
        reader = Provenance(
            settings.home / "provenance",
            certificate=settings.certificate,
            key=settings.certificate_key,
            trusted=trust or [],
        )
        report = reader.read(file)
        if as_json:
            print_json({"path": str(file), "signer": report.signer, **report.model_dump(mode="json")})
        else:
            _print_report(file, report)
        raise typer.Exit(_CODES.get(report.status, UNTRUSTED))


def lineage(
    clip: Annotated[str, typer.Argument(help="Id of a clip in the library.")],
    picture: Annotated[Path | None, typer.Option("--picture", help="Draw the graph into this PNG file.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show what a clip was made from, and what was made from it."""
    from ..lineage_graph import MOST_CARDS, lineage_graph, save_picture

    with faults(as_json), agent(home) as opened:
        library, user = opened.components.library, opened.settings.user
        graph = lineage_graph(library, clip, user=user)
        if picture is not None:
            drawn = lineage_graph(library, clip, user=user, most=MOST_CARDS)
            save_picture(library, drawn, picture, user=user)
            if drawn.cut:
                err().print(f"The picture leaves out the {drawn.cut} clips that are farthest away.")
        if as_json:
            edges = [{"parent": parent, "child": child, "operation": made} for parent, child, made in graph.edges]
            print_json({**graph.model_dump(mode="json"), "edges": edges})
        else:
            _print_graph(graph)


def _print_report(file: Path, report: ProvenanceReport) -> None:
    from rich.text import Text
    from rich.tree import Tree

    style = _COLOURS.get(report.status, "bold red")
    out().print(Text.assemble((report.status, style), f"  {file.name}: {report.reason}"), soft_wrap=True)
    for code in report.codes:
        out().print(f"  {code}", markup=False, style="dim")
    if report.active in report.manifests:
        tree = Tree(Text(_signed(report, report.active)))
        _grow(tree, report, report.active, {report.active})
        out().print(tree)


def _signed(report: ProvenanceReport, label: str) -> str:
    manifest = report.manifests[label]
    return f"signed by {manifest.signer}, written by {manifest.software or 'unknown software'}"


def _grow(tree: Tree, report: ProvenanceReport, label: str, shown: set[str]) -> None:
    """Add a manifest's actions and ingredients. A manifest that several clips share is told once."""
    from rich.text import Text

    for action in report.manifests[label].actions:
        tree.add(Text(_action(action)))
    for ingredient in report.manifests[label].ingredients:
        branch = tree.add(_ingredient(ingredient))
        known = ingredient.manifest in report.manifests
        if known and ingredient.manifest in shown:
            branch.add(Text("(see above)"))
        elif known:
            shown.add(ingredient.manifest)
            branch.add(Text(_signed(report, ingredient.manifest)))
            _grow(branch, report, ingredient.manifest, shown)


def _ingredient(ingredient: IngredientReport) -> Any:
    from rich.text import Text

    relation = {"parentOf": "made from", "componentOf": "with", "inputTo": "like"}
    status = "without a manifest" if ingredient.status == "none" else f"{ingredient.status} when it was used"
    return Text.assemble(
        f"{relation.get(ingredient.relationship, ingredient.relationship)} {ingredient.title} ",
        (f"({status})", _COLOURS.get(ingredient.status, "bold red")),
    )


def _action(action: Action) -> str:
    """One line: what was done, with what, by which model, when."""
    told = [action.name.removeprefix("c2pa.")]
    if action.operation and action.operation not in told:
        told.append(action.operation)
    if action.arguments:
        told.append(", ".join(f"{_plain(key)}={_plain(value)}" for key, value in action.arguments.items()))
    if action.source_type:
        told.append(action.source_type)
    if action.model:
        told.append(f"model {action.model}")
    if action.prompt_sha256:
        told.append(f"prompt sha256 {action.prompt_sha256}")
    return "  ".join(part for part in (*told, action.when) if part)


def _plain(value: object) -> str:
    """An argument as people read it; it may come from a stranger's file."""
    if isinstance(value, dict):
        return "+".join(f"{_plain(key)}:{_plain(inner)}" for key, inner in value.items())
    return "".join(letter if letter.isprintable() else "�" for letter in str(value)[:80])


def _print_graph(graph: LineageGraph) -> None:
    """The clip's ancestors as a tree upwards, its descendants as another downwards."""
    from rich.text import Text
    from rich.tree import Tree

    for title, way in (("made from", "parents"), ("used for", "children")):
        tree = Tree(Text(f"{_about(graph, graph.clip)}, {title}:"))
        _branch(tree, graph, graph.clip, way, {graph.clip})
        if not tree.children:
            tree.add(Text("nothing"))
        out().print(tree)
    if graph.cut:
        err().print(f"{graph.cut} clips that are farther away are left out.")


def _branch(tree: Tree, graph: LineageGraph, clip: str, way: str, shown: set[str]) -> None:
    from rich.text import Text

    nodes = {node.id for node in graph.nodes}
    for other in dict.fromkeys(getattr(graph.node(clip), way)):
        branch = tree.add(Text(_about(graph, other) if other in nodes else other))
        if other in shown or other not in nodes:
            continue
        shown.add(other)
        _branch(branch, graph, other, way, shown)


def _about(graph: LineageGraph, clip: str) -> str:
    node = graph.node(clip)
    if not node.known:
        return f"{clip}  forgotten"
    details = [node.operation, f"{node.duration:.1f} s"]
    if node.model:
        details.append(f"{node.model}, seed {node.seed}")
    if node.operation == "upload" and node.title:
        details.append(_plain(node.title))
    return f"{clip}  {'  '.join(details)}"
