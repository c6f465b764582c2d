"""``gpt4video project``: timelines of clips: edit, undo, compare, render, exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .cli_examples import examples
from .console import Generator, Home, Json, agent, faults, out, print_json

if TYPE_CHECKING:
    from ...tools.timeline.log import Difference, Version
    from ...tools.timeline.model import Item
    from ..projects import Project

Name = Annotated[str, typer.Argument(help="The project.")]
ItemName = Annotated[str, typer.Argument(help="An item of the timeline, as 'show' names it.")]
Items = Annotated[list[str], typer.Argument(help="Items of the timeline, as 'show' names them.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    project = typer.Typer(help="Timelines of clips: nothing is rendered before 'render', everything can be undone.")
    commands: tuple[Callable[..., None], ...] = (
        show, add, edit, remove, move, split, crossfade, regenerate, choose, undo, redo, reject, log, diff, render,
        export, forget,
    )  # fmt: skip
    for command in commands:
        project.command()(command)
    project.command("list")(list_all)
    project.command("import")(bring_in)
    app.add_typer(project, name="project", epilog=examples("project"))


def list_all(home: Home = None, as_json: Json = False) -> None:
    """List the projects."""
    with faults(as_json), agent(home) as opened:
        rows = opened.components.library.projects.all(user=opened.settings.user)
        if as_json:
            print_json([row.model_dump() for row in rows])
            return
        for row in rows:
            out().print(f"{row.name}  {row.entries} entries", markup=False)


def show(
    name: Name,
    at: Annotated[int | None, typer.Option("--at", help="As it was after so many entries of its log.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the timeline: items, spans, operations, takes."""
    with _opened(name, home, as_json, create=False) as project:
        _print(project.version(at), as_json)


def add(
    name: Name,
    clips: Annotated[list[str], typer.Argument(help="Ids of clips in the library, or spans of them: ID@2-4.5.")],
    at: Annotated[int | None, typer.Option("--at", min=1, help="Place in the timeline, from 1; else the end.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Put clips into the timeline; begins the project if there is none."""
    _change(name, home, as_json, lambda one: one.insert(clips, None if at is None else at - 1), create=True)


def edit(
    name: Name,
    items: Items,
    operations: Annotated[str, typer.Option("--do", help="Such as 'trim 0 2 | speed 0.5 | color grayscale'.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Carry out operations on items."""
    _change(name, home, as_json, lambda one: one.apply(items, operations))


def remove(name: Name, items: Items, home: Home = None, as_json: Json = False) -> None:
    """Take items out."""
    from ...tools.timeline.edits import Remove

    _change(name, home, as_json, lambda one: one.edit(Remove(items=items)))


def move(
    name: Name,
    item: ItemName,
    to: Annotated[int, typer.Argument(min=1, help="Its new place, from 1.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Put an item elsewhere."""
    from ...tools.timeline.edits import Move

    _change(name, home, as_json, lambda one: one.edit(Move(item=item, to=to - 1)))


def split(
    name: Name,
    item: ItemName,
    at: Annotated[float, typer.Argument(min=0.0, help="Seconds from the item's start.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Divide an item in two."""
    from ...tools.timeline.edits import Split

    _change(name, home, as_json, lambda one: one.edit(Split(item=item, at=at)))


def crossfade(
    name: Name,
    item: ItemName,
    seconds: Annotated[float, typer.Argument(min=0.0, max=60.0, help="How long it overlaps the item before it.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Fade over from the item before; 0 is a cut."""
    from ...tools.timeline.edits import Crossfade

    _change(name, home, as_json, lambda one: one.edit(Crossfade(item=item, seconds=seconds)))


def regenerate(
    name: Name,
    item: ItemName,
    prompt: Annotated[
        str, typer.Argument(help="What shall differ ('at night'); with --whole, all that shall be seen.")
    ],
    start: Annotated[float, typer.Option("--from", min=0.0, help="Seconds from the item's start.")] = 0.0,
    end: Annotated[float | None, typer.Option("--to", help="Seconds from the item's start; else its end.")] = None,
    takes: Annotated[int, typer.Option("--takes", min=1, max=8, help="How many to make; the best is shown.")] = 2,
    whole: Annotated[bool, typer.Option("--whole", help="The prompt says all that shall be seen.")] = False,
    crossfade: Annotated[float, typer.Option("--crossfade", min=0.0, max=10.0, help="Seconds on both sides.")] = 0.0,
    generator: Generator = "embedded",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show something newly generated instead of an item, or of a part of it; the rest stays as it is."""
    with _opened(name, home, as_json, create=False, generator=generator) as project:
        version = project.regenerate(item, prompt, start=start, end=end, takes=takes, whole=whole, crossfade=crossfade)
        _print(version, as_json)


def choose(
    name: Name,
    item: ItemName,
    take: Annotated[int, typer.Argument(min=1, help="The take's number.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show another take of an item."""
    from ...tools.timeline.edits import Choose

    _change(name, home, as_json, lambda one: one.edit(Choose(item=item, take=take)))


def undo(name: Name, home: Home = None, as_json: Json = False) -> None:
    """Take the latest change back."""
    _change(name, home, as_json, lambda one: one.undo())


def redo(name: Name, home: Home = None, as_json: Json = False) -> None:
    """Make what was undone last again."""
    _change(name, home, as_json, lambda one: one.redo())


def reject(
    name: Name,
    number: Annotated[int, typer.Argument(min=1, help="The edit's number in the log.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Take one edit out and keep those after it."""
    _change(name, home, as_json, lambda one: one.reject(number))


def log(name: Name, home: Home = None, as_json: Json = False) -> None:
    """Show what was done, with the numbers that 'reject', 'diff' and 'show --at' take."""
    with _opened(name, home, as_json, create=False) as project:
        entries, version = project.log(), project.version()
        if as_json:
            print_json([entry.model_dump(mode="json") for entry in entries])
            return
        for number, entry in enumerate(entries, 1):
            done = getattr(entry, "edit", None)
            what = done.edit if done is not None else f"{entry.entry} {getattr(entry, 'number', '')}".strip()
            words = getattr(entry, "words", "")
            state = "" if number in version.standing or entry.entry in ("undone", "redone") else "  (undone)"
            state = f"  (does not fit any more: {version.void[number]})" if number in version.void else state
            out().print(f"{number:4}  {what}{f': {words}' if words else ''}{state}", markup=False)


def diff(
    name: Name,
    one: Annotated[int, typer.Argument(min=0, help="A version, by how many entries the log had.")],
    other: Annotated[int | None, typer.Argument(help="Another, by default the present one.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show what changed between two versions."""
    with _opened(name, home, as_json, create=False) as project:
        found = project.compare(one, other)
        if as_json:
            print_json(_plain(found))
            return
        for item in found.removed:
            out().print(f"- {_line(item)}", markup=False)
        for item in found.added:
            out().print(f"+ {_line(item)}", markup=False)
        for before, after in found.changed:
            out().print(f"~ {_line(before)}\n  {_line(after)}", markup=False)
        for moved in found.moved:
            out().print(f"> {moved}", markup=False)


def render(name: Name, home: Home = None, as_json: Json = False) -> None:
    """Render the timeline into a clip of the library; what was rendered before is not rendered again."""
    with _opened(name, home, as_json, create=False) as project:
        clip = project.render()
        if as_json:
            print_json({"id": clip.id, "path": str(clip.path), "duration": clip.duration})
        else:
            out().print(f"{clip.id}  {clip.duration:.2f} s  {clip.path}", markup=False, soft_wrap=True)


def export(
    name: Name,
    file: Annotated[Path, typer.Argument(help="A file that ends in .otio, .edl or .fcpxml.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write the timeline for other editing programs."""
    with _opened(name, home, as_json, create=False) as project:
        _say({"path": str(file), "notes": project.export(file)}, as_json)


def bring_in(
    name: Name,
    file: Annotated[Path, typer.Argument(help="A file that ends in .otio, .edl or .fcpxml.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Read a timeline of another program; the videos it names are taken in."""
    with _opened(name, home, as_json, create=True) as project:
        version, notes = project.bring_in(file)
        _print(version, as_json)
        if not as_json:
            _say({"notes": notes}, as_json)


def forget(name: Name, home: Home = None, as_json: Json = False) -> None:
    """Remove a project with its log; its clips stay."""
    with faults(as_json), agent(home) as opened:
        opened.components.library.projects.forget(name, user=opened.settings.user)


@contextmanager
def _opened(name: str, home: Path | None, as_json: bool, *, create: bool, **settings: Any) -> Iterator[Project]:
    from ..projects import Project

    with faults(as_json), agent(home, **settings) as opened:
        yield Project(opened.components, name, user=opened.settings.user, create=create)


def _change(
    name: str, home: Path | None, as_json: bool, change: Callable[[Project], Version], *, create: bool = False
) -> None:
    with _opened(name, home, as_json, create=create) as project:
        _print(change(project), as_json)


def _print(version: Version, as_json: bool) -> None:
    timeline = version.timeline
    if as_json:
        shown = timeline.model_dump(mode="json") | {"seconds": timeline.seconds, "void": version.void}
        print_json(shown)
        return
    for start, item in zip(timeline.starts(), timeline.items, strict=True):
        out().print(f"{start:8.2f} s  {_line(item)}", markup=False, soft_wrap=True)
    out().print(f"{timeline.seconds:8.2f} s  end", markup=False)
    for number, why in version.void.items():
        out().print(f"Edit {number} does not fit any more: {why}", markup=False)


def _line(item: Item) -> str:
    from ..planner.surface import render_operation

    take = item.take
    done = " | ".join(render_operation(operation) for operation in item.operations)
    takes = f"  take {item.chosen + 1} of {len(item.takes)}" if len(item.takes) > 1 else ""
    takes += "".join(f"  {name} {score:.2f}" for name, score in take.scores.items())
    fade = f"  crossfade {item.crossfade:g} s" if item.crossfade else ""
    return f"{item.id}  {take.clip}@{take.start:g}-{take.end:g}  {item.seconds:.2f} s  {done}{takes}{fade}".rstrip()


def _say(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    for note in [told.get("path", ""), *told["notes"]]:
        if note:
            out().print(note, markup=False, soft_wrap=True)


def _plain(found: Difference) -> dict[str, Any]:
    return {
        "added": [item.model_dump(mode="json") for item in found.added],
        "removed": [item.model_dump(mode="json") for item in found.removed],
        "changed": [[one.model_dump(mode="json") for one in pair] for pair in found.changed],
        "moved": list(found.moved),
    }
