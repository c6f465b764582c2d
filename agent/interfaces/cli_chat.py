"""The command that talks in the terminal."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from .cli_examples import examples
from .console import Background, Clips, Generator, Home, Json, Planner, Thread, Viewer, agent, faults, stoppable
from .terminal_turn import print_answer

if TYPE_CHECKING:
    from ..assistant import VideoAgent


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(epilog=examples("chat"))(chat)


def chat(
    clip: Clips = None,
    thread: Thread = "default",
    planner: Planner = "local",
    generator: Generator = "embedded",
    viewer: Viewer = "auto",
    background: Background = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Talk in the terminal: one request a line; /exit, ``exit``, an empty line or Ctrl-D ends it.

    Ctrl-C stops what runs. A step that waits is answered with "yes", "no" or "edit the prompt to ...", or with
    /approve, /decline and /prompt TEXT. /help lists all commands; Tab completes them, clips and projects.
    """
    with agent(home, planner=planner, generator=generator, viewer=viewer) as opened:
        from .terminal_commands import COMMANDS, Chat, names_in
        from .terminal_input import LineReader

        if as_json:
            _answer_lines(opened, clip or [], thread, background)
            return
        held = Chat(opened, thread, background=background)
        about = {name: command.about for name, command in COMMANDS.items()}
        read = LineReader(opened.settings.home / "history", about, lambda: names_in(held))
        clips = clip or []
        while not held.over and (text := _line(lambda: read(held.prompt))) is not None:
            with suppress(typer.Exit), faults(as_json=False):  # a fault is told, and the conversation goes on
                if text.startswith("/"):
                    held.run(text)
                    continue
                held.say(text, clips)
            clips = []


def _answer_lines(opened: VideoAgent, clips: list[str], thread: str, background: bool) -> None:
    """One line of JSON for each request on standard input."""
    while (text := _line(input)) is not None:
        with suppress(typer.Exit), faults(as_json=True), stoppable(opened, thread):
            print_answer(opened.ask(text, clips, thread=thread, background=background), as_json=True)
        clips = []


def _line(read: Callable[[], str]) -> str | None:
    """The next request; None when the user ends the chat."""
    try:
        text = read()
    except (EOFError, KeyboardInterrupt):
        return None
    return None if text.strip().lower() in ("", "exit", "quit") else text
