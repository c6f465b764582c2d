"""Commands about the library: ingest, search, describe, clips."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import Exit, Home, Json, Planner, Viewer, agent, err, faults, out, print_json

if TYPE_CHECKING:
    from ...memory.library import Clip


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (ingest, search, describe, clips):
        app.command()(command)


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Video files.")],
    planner: Planner = "local",
    viewer: Viewer = "auto",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Take videos into the library and the memory. One bad file never stops the rest."""
    with faults(as_json), agent(home, planner=planner, viewer=viewer) as opened:
        report = opened.ingest(paths)
        if as_json:
            print_json(report.model_dump(mode="json"))
        else:
            for clip in report.clips:
                out().print(f"taken  {clip}", markup=False)
            for clip in report.skipped:
                out().print(f"known  {clip}", markup=False)
            for bad in report.failed:
                err().print(f"failed {bad.path}: {bad.error}", markup=False, style="red")
        raise typer.Exit(Exit.ANSWERED if report.clips or report.skipped else Exit.FAILED)


def search(
    text: Annotated[str, typer.Argument(help="What to look for, in words.")] = "",
    image: Annotated[Path | None, typer.Option("--image", help="Find moments that look like this picture.")] = None,
    clip: Annotated[str | None, typer.Option("--clip", help="Find moments like this clip of the library.")] = None,
    count: Annotated[int, typer.Option("-k", min=1, max=50, help="How many at most.")] = 5,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Find moments by words, by picture or by clip."""
    from ..searching import search_library

    with faults(as_json), agent(home) as opened:
        hits = search_library(opened.components, text=text, image=image, clip=clip, count=count)
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


def _row(clip: Clip) -> dict[str, Any]:
    keys = ("id", "source", "duration", "width", "height", "operation", "parents")
    return {"path": str(clip.path), **clip.model_dump(include=set(keys))}


def _print_hits(hits: list[dict[str, Any]]) -> None:
    from ..answers import clock

    if not hits:
        out().print("Nothing in the library fits.")
    for hit in hits:
        span = f"{clock(hit['start'])}-{clock(hit['end'])}"
        out().print(f"{hit['clip']}  {span:<12} {hit['score']:.3f}  {hit['text']}", markup=False, soft_wrap=True)
