"""What the commands share: the two consoles, JSON output, exit codes, and errors as people read them."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from ..assistant import VideoAgent


class Exit(IntEnum):
    """Exit codes, part of the documented interface."""

    ANSWERED = 0
    FAILED = 1
    USAGE = 2
    BLOCKED = 3
    WAITING = 4
    INTERRUPTED = 130


Home = Annotated[
    Path | None, typer.Option("--home", envvar="GPT4VIDEO_HOME", help="State folder: library, memory, conversations.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]
Planner = Annotated[
    str,
    typer.Option(
        "--planner",
        envvar="GPT4VIDEO_PLANNER",
        help="local, openai:URL#MODEL, chat:PROVIDER:MODEL, vlm:DIR_OR_HUB_ID, or scripted:FILE.",
    ),
]
Viewer = Annotated[
    str,
    typer.Option(
        "--viewer",
        envvar="GPT4VIDEO_VIEWER",
        help="Who looks at frames: auto, local, planner (its chat model), or off.",
    ),
]
Generator = Annotated[
    str,
    typer.Option("--generator", envvar="GPT4VIDEO_GENERATOR", help="embedded, double, or diffusers:DIR_OR_HUB_ID."),
]
Clips = Annotated[
    list[str] | None, typer.Option("--clip", help="A video file, or the id of a clip in the library. Repeatable.")
]
Thread = Annotated[str, typer.Option("--thread", help="Name of the conversation.")]
Background = Annotated[
    bool, typer.Option("--background", help="Generate, and render what takes long, as jobs (see 'jobs').")
]


def out() -> Console:
    """Standard output."""
    from rich.console import Console

    return Console(highlight=False)


def err() -> Console:
    """Standard error, where everything goes that is not the result."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def print_json(value: object) -> None:
    """One line of JSON. Anything that is not valid text is escaped rather than lost."""
    sys.stdout.write(json.dumps(value, ensure_ascii=True) + "\n")
    sys.stdout.flush()


@contextmanager
def faults(as_json: bool) -> Iterator[None]:
    """Turn every error into its message and exit code; a traceback is never what a user sees."""
    from ..errors import RequestInvalid, fault_of

    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except KeyboardInterrupt:
        err().print("Stopped. Nothing half-done was kept; ask again to go on.")
        raise typer.Exit(Exit.INTERRUPTED) from None
    except BrokenPipeError:
        raise typer.Exit(Exit.FAILED) from None
    except Exception as error:  # the last line of defence: reported as a fault, with a remedy
        fault = fault_of(error)
        if as_json:
            print_json({"error": fault.model_dump(include={"code", "message", "remedy"})})
        err().print(f"[bold red]error[/] [dim]({fault.code})[/]: ", end="")
        err().print(f"{fault.message} {fault.remedy}", markup=False)
        raise typer.Exit(Exit.USAGE if isinstance(error, RequestInvalid) else Exit.FAILED) from None


@contextmanager
def stoppable(opened: VideoAgent, thread: str) -> Iterator[None]:
    """While a turn runs, Ctrl-C stops it, and the turn answers so; a second one ends the program."""
    from ..errors import AgentError

    def stop(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        try:
            opened.cancel(thread)
        except AgentError:  # a file is taken in, or a model loaded: no turn runs yet
            raise KeyboardInterrupt from None
        err().print("Stopping ...")

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class PullBar:
    """A progress bar for model files that are pulled on first use; shows nothing when none are."""

    def __init__(self) -> None:
        self._tasks: dict[str, TaskID] = {}

    @cached_property
    def _progress(self) -> Progress:
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        bar = Progress(
            TextColumn("pulling {task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=err(),
        )
        bar.start()
        return bar

    def __call__(self, name: str, done: int, total: int) -> None:
        """Report (see ``artifacts.Progress``)."""
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=total)
        self._progress.update(self._tasks[name], completed=done)
        if all(task.finished for task in self._progress.tasks):
            self._progress.stop()
            self._tasks.clear()
            del self._progress


@contextmanager
def agent(home: Path | None, **settings: Any) -> Iterator[VideoAgent]:
    """A video agent over a home folder, with a progress bar for model files."""
    from ..assistant import VideoAgent
    from ..components import Components
    from ..settings import Settings, resolve_home

    quiet_libraries()
    components = Components(Settings(home=resolve_home(home), **settings), pulling=PullBar())
    with VideoAgent(components=components) as opened:
        yield opened


def quiet_libraries() -> None:
    """Keep libraries' own chatter off the terminal; faults are reported by us."""
    import logging
    import os
    import warnings

    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    warnings.filterwarnings("ignore")
    logging.getLogger("transformers").setLevel(logging.ERROR)


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Objects of a JSON-lines file.

    Raises:
        RequestInvalid: the file cannot be read, or a line is not a JSON object.
    """
    from ..errors import RequestInvalid

    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RequestInvalid(f"The batch file cannot be read: {error}.", "Give a UTF-8 file of JSON lines.") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                value = json.loads(line)
            except ValueError:
                value = None
            if not isinstance(value, dict):
                raise RequestInvalid(f"Line {number} of {path} is no JSON object.", "Write one object a line.")
            yield value
