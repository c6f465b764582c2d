"""Commands that change what the library holds: ingest, forget."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .cli_examples import examples
from .console import Exit, Home, Json, Planner, Viewer, agent, err, faults, out, print_json

if TYPE_CHECKING:
    from rich.progress import Progress

    from ..assistant import VideoAgent
    from ..reports import FileProgress, IngestReport


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (ingest, forget):
        app.command(epilog=examples(command.__name__))(command)


def ingest(
    paths: Annotated[list[str], typer.Argument(help="Videos, folders of videos, or patterns such as '**/*.mp4'.")],
    watch: Annotated[
        bool, typer.Option("--watch", help="Then stay and take in what comes into the folders, until Ctrl-C.")
    ] = False,
    ray: Annotated[bool, typer.Option("--ray", help="Run it as a Ray job, on as many cores as there are.")] = False,
    address: Annotated[
        str | None, typer.Option("--address", help="Of a running Ray cluster; else one is started here for the job.")
    ] = None,
    planner: Planner = "local",
    viewer: Viewer = "auto",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Take videos into the library and the memory. One bad file never stops the rest.

    Stopped or killed, the same command goes on where it was: files that are in are skipped. With --viewer off nothing
    is described in sentences, which is several times faster.
    """
    from ..files import videos_in

    with faults(as_json), agent(home, planner=planner, viewer=viewer) as opened:
        if ray or address is not None:
            report = _on_ray(opened, paths, address)
        else:
            files = videos_in(paths)
            with _bar(files) as bar:
                report = opened.ingest(files, report=bar)
        _print(report, as_json)
        if watch:
            _watch(opened, paths, as_json)
        done = report.clips or report.skipped or not report.failed
        raise typer.Exit(Exit.ANSWERED if done else Exit.FAILED)


def forget(
    clips: Annotated[list[str], typer.Argument(help="Ids of clips, as 'clips' lists them.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Remove clips for good: rows, search vectors and files. Clips that were made from them stay."""
    with faults(as_json), agent(home) as opened:
        library, user = opened.components.library, opened.settings.user
        known = [library.get(clip, user=user) for clip in clips]
        if not (yes or as_json):
            for clip in known:
                err().print(f"  {clip.id}  {clip.duration:.1f} s  {clip.source or clip.operation}", markup=False)
            typer.confirm(f"Forget {len(known)} clip{'s' if len(known) > 1 else ''} for good?", abort=True, err=True)
        gone = [opened.components.intake.forget(clip.id, user=user).id for clip in known]
        if as_json:
            print_json({"forgotten": gone})
        for clip_id in [] if as_json else gone:
            out().print(f"forgotten  {clip_id}", markup=False)


def _on_ray(opened: VideoAgent, paths: list[str], address: str | None) -> IngestReport:
    from ..distributed import ingest_on_ray, together

    opened.components.prepare()  # pulls the models once, before every worker wants them
    reports = []
    for report in ingest_on_ray(opened.settings, paths, address):
        reports.append(report)
        err().print(f"{len(reports)} done", style="dim")
    return together(reports)


def _watch(opened: VideoAgent, paths: list[str], as_json: bool) -> None:
    """Take in what comes into the folders among the paths, until interrupted."""
    import threading

    from ..errors import RequestInvalid
    from ..files import arriving

    folders = [Path(path) for path in paths if Path(path).is_dir()]
    if not folders:
        raise RequestInvalid("There is no folder to watch.", "Name at least one folder with --watch.")
    if not as_json:
        err().print(f"Watching {', '.join(map(str, folders))}; Ctrl-C ends it.", markup=False)
    try:
        for files in arriving(folders, threading.Event()):
            _print(opened.ingest(files), as_json)
    except KeyboardInterrupt:
        err().print("Stopped watching. What came in is in.")


def _print(report: IngestReport, as_json: bool) -> None:
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    for clip in report.clips:
        out().print(f"taken  {clip}", markup=False)
    for clip in report.skipped:
        out().print(f"known  {clip}", markup=False)
    for file in report.changed:
        out().print(f"changed  {file.path}: it was {file.before}, which stays; now it is {file.now}", markup=False)
    for bad in report.failed:
        err().print(f"failed {bad.path}: {bad.error}", markup=False, style="red")


@contextmanager
def _bar(files: list[Path]) -> Iterator[_Bar]:
    bar = _Bar(files)
    try:
        yield bar
    finally:
        bar.close()


class _Bar:
    """A progress bar over files by their bytes, with how fast it goes in seconds of video a second."""

    def __init__(self, files: list[Path]) -> None:
        self._sizes = {path: path.stat().st_size if path.is_file() else 0 for path in files}
        self._started = time.monotonic()
        self._seconds = self._running = 0.0
        self._done = 0
        self._files = 0

    @cached_property
    def _progress(self) -> Progress:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[rate]}"),
            console=err(),
            transient=True,
        )
        bar.add_task("taking in", total=max(1, sum(self._sizes.values())), rate="")
        bar.start()
        return bar

    def __call__(self, progress: FileProgress) -> None:
        """Report (see ``Intake.ingest``)."""
        size = self._sizes.get(progress.path, 0)
        part = 0.0
        if progress.ended:
            self._done += size
            self._files += 1
            self._seconds += self._running
            self._running = 0.0
        else:
            self._running = progress.seconds
            part = size * min(1.0, progress.seconds / max(progress.duration, 1e-6))
        if progress.ended and "_progress" not in self.__dict__:
            return  # nothing was decoded yet, and models may still be pulled, which shows bars of its own
        rate = (self._seconds + self._running) / max(time.monotonic() - self._started, 1e-6)
        self._progress.update(
            self._progress.task_ids[0],
            completed=self._done + part,
            description=f"taking in {min(self._files + 1, len(self._sizes))} of {len(self._sizes)}",
            rate=f"{rate:.1f}x real time" if rate > 0 else "",
        )

    def close(self) -> None:
        """Take the bar off the screen."""
        if "_progress" in self.__dict__:
            self._progress.stop()
