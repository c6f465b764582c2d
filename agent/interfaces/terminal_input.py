"""Where a chat reads its lines from: an editor with history and completion on a terminal, plain input elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .console import out

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

Names = Callable[[], Mapping[str, str]]
"""What can be named just now, and what each is."""


class LineReader:
    """Reads lines of a chat. Several lines may be pasted; each is one request.

    Args:
        history: the file that keeps what was typed, readable by its owner alone.
        commands: slash commands and what they do.
        names: clips and projects.
    """

    def __init__(self, history: Path, commands: Mapping[str, str], names: Names) -> None:
        self._session = _session(history, _completer(commands, names)) if _edits() else None

    def __call__(self, prompt: str) -> str:
        """The next line; raises ``EOFError`` or ``KeyboardInterrupt`` when the user ends it."""
        if self._session is None:
            return out().input(f"[bold cyan]{prompt}[/] > ")
        return self._session.prompt([("bold ansicyan", prompt), ("", " > ")])


def _edits() -> bool:
    """Whether lines can be edited where they come from and go to."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb", "unknown")


def _session(history: Path, completer: Completer) -> PromptSession[str]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import FileHistory

    history.parent.mkdir(parents=True, exist_ok=True)
    history.touch(mode=0o600)
    return PromptSession(history=FileHistory(history), completer=completer, complete_while_typing=False)


def _completer(commands: Mapping[str, str], names: Names) -> Completer:
    from prompt_toolkit.completion import Completer, Completion

    class ChatCompleter(Completer):
        """Commands at the beginning of a line, names of clips and projects everywhere else."""

        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
            del complete_event
            before = document.text_before_cursor
            for text, start, about in completions(before, commands, names):
                yield Completion(text, start_position=start, display_meta=about)

    return ChatCompleter()


def completions(before: str, commands: Mapping[str, str], names: Names) -> Iterator[tuple[str, int, str]]:
    """What may follow ``before``: the text, where it begins (characters back, negative), and what it is.

    A project's name may hold spaces, so every tail of the line that begins a name counts, the longest first.
    """
    if before.startswith("/") and " " not in before:
        yield from ((name, -len(before), about) for name, about in commands.items() if name.startswith(before))
        return
    words = before.split(" ")
    tails = [" ".join(words[at:]) for at in range(len(words))]
    for name, about in names().items():
        begun = next((tail for tail in tails if name.casefold().startswith(tail.casefold())), None)
        if begun is not None:
            yield name, -len(begun), about
