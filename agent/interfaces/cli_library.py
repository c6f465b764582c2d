"""Commands that look into the library: search, describe, clips, notes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .cli_examples import examples
from .console import Exit, Home, Json, Planner, Viewer, agent, err, faults, out, print_json

if TYPE_CHECKING:
    from ...memory.library import Clip


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (search, describe, clips, notes):
        app.command(epilog=examples(command.__name__))(command)


def search(
    text: Annotated[str, typer.Argument(help="What to look for, in words.")] = "",
    image: Annotated[Path | None, typer.Option("--image", help="Find moments that look like this picture.")] = None,
    clip: Annotated[str | None, typer.Option("--clip", help="Find moments like this clip of the library.")] = None,
    count: Annotated[int, typer.Option("-k", min=1, max=50, help="How many at most.")] = 5,
    longer: Annotated[float | None, typer.Option("--longer", help="Only clips of so many seconds or more.")] = None,
    shorter: Annotated[float | None, typer.Option("--shorter", help="Only clips of so many seconds or less.")] = None,
    shot_longer: Annotated[float | None, typer.Option("--shot-longer", help="Only shots of so many seconds.")] = None,
    shot_shorter: Annotated[float | None, typer.Option("--shot-shorter", help="Only shots up to so long.")] = None,
    after: Annotated[str | None, typer.Option("--after", help="Taken in on or after this ISO date or time.")] = None,
    before: Annotated[str | None, typer.Option("--before", help="Taken in before this ISO date or time.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Part of the name of the clip's file.")] = None,
    speech: Annotated[bool | None, typer.Option("--speech/--no-speech", help="Whether something is said.")] = None,
    color: Annotated[str | None, typer.Option("--color", help="A colour that is shown, such as red.")] = None,
    made_by: Annotated[str | None, typer.Option("--made-by", help="upload, trim, generate, ..., or any edit.")] = None,
    made_from: Annotated[str | None, typer.Option("--made-from", help="Only what was made from this clip.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Find moments by words, by picture, by clip, by conditions, or by several of them together."""
    from ...memory.filters import Filters
    from ..searching import iso_time, search_library

    with faults(as_json), agent(home) as opened:
        filters = Filters(
            shortest=longer,
            longest=shorter,
            shot_shortest=shot_longer,
            shot_longest=shot_shorter,
            added_after=iso_time(after),
            added_before=iso_time(before),
            source=source,
            has_speech=speech,
            color=color,
            made_by=made_by,
            made_from=made_from,
        )
        hits = search_library(opened.components, text=text, image=image, clip=clip, filters=filters, count=count)
        if as_json:
            print_json(hits)
        else:
            _print_hits(hits)


def describe(
    paths: Annotated[list[Path], typer.Argument(help="Videos or pictures.")],
    planner: Planner = "local",
    viewer: Viewer = "auto",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Say what is in videos or pictures, without taking them in. A line of JSON each with --json."""
    from ..describing import describe_file
    from ..errors import fault_of

    failed = 0
    with faults(as_json), agent(home, planner=planner, viewer=viewer) as opened:
        for path in paths:
            try:
                described: dict[str, Any] = describe_file(opened.components, path)
            except Exception as error:  # one bad file must not hide what the others hold
                failed += 1
                described = {
                    "path": str(path),
                    "error": fault_of(error).model_dump(include={"code", "message", "remedy"}),
                }
            if as_json:
                print_json(described)
            elif "error" in described:
                err().print(f"{path}: {described['error']['message']} {described['error']['remedy']}", markup=False)
            else:
                out().print(f"{path}: {described['caption']}", markup=False)
        raise typer.Exit(Exit.FAILED if failed == len(paths) else Exit.ANSWERED)


def clips(home: Home = None, as_json: Json = False) -> None:
    """List the clips of the library."""
    with faults(as_json), agent(home) as opened:
        held = opened.components.library.clips(user=opened.settings.user)
        if as_json:
            print_json([_row(clip) for clip in held])
            return
        for clip in held:
            what = clip.operation + (f" of {', '.join(clip.parents)}" if clip.parents else "")
            line = f"{clip.id}  {clip.duration:7.2f} s  {clip.width}x{clip.height}  {what}  {clip.source or ''}"
            out().print(line, markup=False, soft_wrap=True)


def notes(
    forget: Annotated[list[str] | None, typer.Option("--forget", help="Drop the note of this id. Repeatable.")] = None,
    forget_all: Annotated[bool, typer.Option("--forget-all", help="Drop every note.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List what earlier turns found, made and said; or drop it."""
    with faults(as_json), agent(home) as opened:
        episodes, user = opened.components.library.episodes, opened.settings.user
        if forget_all:
            episodes.forget_all(user=user)
        for name in forget or []:
            episodes.forget(name, user=user)
        kept = episodes.all(user=user)
        if as_json:
            print_json([note.model_dump(mode="json") for note in kept])
            return
        for note in kept:
            when = datetime.fromtimestamp(note.at).strftime("%Y-%m-%d %H:%M")
            out().print(f"{note.id}  {when}  {note.kind:<5}  {note.text}", markup=False, soft_wrap=True)


def _row(clip: Clip) -> dict[str, Any]:
    keys = ("id", "source", "duration", "width", "height", "operation", "parents")
    return {"path": str(clip.path), **clip.model_dump(include=set(keys))}


def _print_hits(hits: list[dict[str, Any]]) -> None:
    from ...tools.search import HitReason
    from ..answers import clock

    if not hits:
        out().print("Nothing in the library fits.")
    for hit in hits:
        span = f"{clock(hit['start'])}-{clock(hit['end'])}"
        why = "; ".join(HitReason.model_validate(reason).told() for reason in hit["reasons"][:3])
        out().print(f"{hit['clip']}  {span:<12} {hit['score']:.3f}  {why}", markup=False, soft_wrap=True)
