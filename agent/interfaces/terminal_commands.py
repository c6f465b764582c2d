"""What a chat takes besides requests: lines that begin with a slash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ..errors import RequestInvalid, SessionUnknown
from .cli_jobs import job_line
from .console import out, stoppable
from .terminal_pictures import Gallery
from .terminal_turn import follow, print_answer

if TYPE_CHECKING:
    from ..assistant import VideoAgent
    from ..events import Event
    from ..state import ClipRow
    from ..turns import Answer


class Chat:
    """A chat in the terminal: the conversation it is on, and how its turns are shown."""

    def __init__(self, opened: VideoAgent, thread: str, *, background: bool) -> None:
        self.opened, self.thread, self.background = opened, thread, background
        self.gallery = Gallery(opened)
        self.over = False

    @property
    def prompt(self) -> str:
        """What stands before the user's words: with the conversation's name, unless it is the default one."""
        return "you" if self.thread == "default" else f"you on {self.thread}"

    def say(self, request: str, clips: Iterable[str] = ()) -> None:
        """Hold one turn and show it."""
        self._turn(self.opened.stream(request, clips, thread=self.thread, background=self.background), None)

    def run(self, line: str) -> None:
        """Carry out a line that begins with a slash.

        Raises:
            RequestInvalid: there is no such command, or it lacks what it is about.
        """
        name, _, rest = line.strip().partition(" ")
        command = COMMANDS.get(name.lower())
        if command is None:
            near = get_close_matches(name.lower(), COMMANDS, 1, 0.4)
            meant = f"Did you mean {near[0]}? " if near else ""
            raise RequestInvalid(f"There is no command {name[:40]}.", f"{meant}/help lists them all.")
        if command.needs and not rest.strip():
            raise RequestInvalid(f"{name} lacks its {command.needs}.", f"Write {name} {command.needs}.")
        command.run(self, rest.strip())

    def word(self, word: str) -> None:
        """Answer the question that the conversation waits with.

        Raises:
            SessionUnknown: nothing waits.
        """
        last = self.opened.last(self.thread)
        if last.status != "waiting":
            raise SessionUnknown(f"Nothing waits for approval on thread {self.thread!r}.", "Ask for something first.")
        self._turn(self.opened.stream(word, thread=self.thread, background=self.background), last)

    def clip(self, name: str) -> tuple[str, float, float | None]:
        """A clip of the conversation by its name, or of the library by its id: id, start and end in seconds.

        Raises:
            ClipUnknown, ClipAmbiguous: there is none, or more than one.
        """
        for row in self.opened.clips(self.thread):
            if row["name"] == name.lower():
                return row["id"], row["start"], row["end"]
        known = self.opened.components.library.known(name, user=self.opened.settings.user)
        return known.id, 0.0, None

    def _turn(self, events: Iterable[Event], before: Answer | None) -> None:
        with stoppable(self.opened, self.thread):
            follow(events, before)
        answer = self.opened.last(self.thread)
        print_answer(answer, as_json=False)
        self.gallery.answer(answer)


@dataclass(frozen=True)
class Command:
    """A command: what it does, in words and in deed, and the name of what it cannot do without."""

    about: str
    run: Callable[[Chat, str], None]
    needs: str = ""


def table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print rows in columns, without lines; words of users are printed as they are."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(*titles, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    out().print(shown)


def _help(_chat: Chat, _rest: str) -> None:
    table(("command", ""), ((f"{name} {one.needs}".strip(), one.about) for name, one in COMMANDS.items()))
    out().print("Anything else is a request. Tab completes commands, clips and projects; Ctrl-C stops what runs.")


def _clips(chat: Chat, _rest: str) -> None:
    def row(clip: ClipRow) -> tuple[str, ...]:
        span = "" if clip["end"] is None else f"{clip['start']:g}-{clip['end']:g} s"
        return clip["name"], clip["about"], f"{clip['duration']:.1f} s", span, clip["id"]

    rows = [row(clip) for clip in chat.opened.clips(chat.thread)]
    if not rows:
        out().print("No clips yet: name a file with --clip, or ask for something.")
        return
    table(("clip", "about", "length", "span", "id"), rows)


def _open(chat: Chat, name: str) -> None:
    clip, _start, _end = chat.clip(name)
    path = chat.opened.components.library.local(clip, user=chat.opened.settings.user)
    viewer = _viewer()
    if viewer is not None:
        subprocess.Popen(
            [viewer, str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    out().print(str(path), markup=False, soft_wrap=True)


def _viewer() -> str | None:
    """The program that opens a file as the desktop would; None where there is no desktop."""
    if sys.platform == "darwin":
        return shutil.which("open")
    desktop = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return shutil.which("xdg-open") if desktop else None


def _show(chat: Chat, name: str) -> None:
    if chat.gallery.protocol == "none":
        raise RequestInvalid("Pictures are shown on a terminal with colours only.", f"Use /open {name}.")
    chat.gallery.strip(*chat.clip(name))


def _jobs(chat: Chat, _rest: str) -> None:
    chat.opened.jobs.revive()
    found = chat.opened.jobs.all()
    for job in found:
        out().print(job_line(job), markup=False, soft_wrap=True)
    if not found:
        out().print("No background jobs.")


def _sessions(chat: Chat, _rest: str) -> None:
    rows = [(one.name, one.status, str(one.turns), one.title[:60]) for one in chat.opened.conversations()]
    table(("thread", "last turn", "turns", "began with"), rows)


def _thread(chat: Chat, name: str) -> None:
    chat.thread = name
    known = any(one.name == name for one in chat.opened.conversations())
    out().print(f"{'On' if known else 'A new'} thread {name}.", markup=False)


def _exit(chat: Chat, _rest: str) -> None:
    chat.over = True


def names_in(chat: Chat) -> dict[str, str]:
    """What can be named just now: clips of the conversation and the user's projects, and what each is."""
    clips = {clip["name"]: clip["about"] for clip in chat.opened.clips(chat.thread)}
    projects = chat.opened.components.library.projects.all(user=chat.opened.settings.user)
    return clips | {project.name: "project" for project in projects}


COMMANDS = {
    "/help": Command("List the commands.", _help),
    "/clips": Command("List the clips of this conversation.", _clips),
    "/open": Command("Open a clip with the system's viewer, and print its path.", _open, "NAME"),
    "/show": Command("Show frames of a clip here.", _show, "NAME"),
    "/undo": Command("Take back what was made last.", lambda chat, _rest: chat.say("undo")),
    "/redo": Command("Make again what was taken back.", lambda chat, _rest: chat.say("redo")),
    "/approve": Command("Let the step that waits run.", lambda chat, _rest: chat.word("yes")),
    "/decline": Command("Do not run the step that waits.", lambda chat, _rest: chat.word("no")),
    "/prompt": Command("Run it with another prompt.", lambda chat, text: chat.word(f"prompt: {text}"), "TEXT"),
    "/jobs": Command("List the background jobs.", _jobs),
    "/sessions": Command("List your conversations.", _sessions),
    "/thread": Command("Go on with another conversation.", _thread, "NAME"),
    "/exit": Command("End the chat.", _exit),
}
