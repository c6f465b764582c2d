"""Taking back what a conversation made, and making it again: by code, since there is nothing to plan about it.

Clips are never changed, so undoing sets aside the clips of a turn: "the last one" is again what it was before, and redo
brings them back until something new is made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from .naming import newest
from .state import AgentState, ClipRow

_NUMBERS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "once": 1, "twice": 2}
_WHAT = r"(?:that|this|it|them|everything|the (?:last|latest|previous) (?:edit|change|step|one|thing))"
_MANY = r"(?:the )?(?:last )?(?P<many>two|three|four|five|[2-9]|\d\d) (?:edits|changes|steps|times|of them)"
_TWICE = r"(?P<twice>twice|once)"
_POLITE = r"(?:(?:please|ok|okay|no|hmm|oops|sorry|wait|actually)[, ]+)*"
_END = r"(?:,? (?:again|please|for me))*[ .!]*"
_UNDO = re.compile(
    rf"{_POLITE}(?:(?:undo|revert|take back|roll back)(?: (?:{_WHAT}|{_MANY}|{_TWICE}))?|take {_WHAT} back"
    rf"|go back one step){_END}",
    re.IGNORECASE,
)
_REDO = re.compile(
    rf"{_POLITE}(?:redo(?: (?:{_WHAT}|{_MANY}|{_TWICE}))?|bring {_WHAT} back|undo the undo){_END}", re.IGNORECASE
)


class Command(NamedTuple):
    """What is asked for, and how many times."""

    kind: Literal["undo", "redo"]
    times: int


def command_of(request: str) -> Command | None:
    """The command, when the whole request is one; None otherwise."""
    text = " ".join(request.split())
    for kind, form in (("redo", _REDO), ("undo", _UNDO)):
        if found := form.fullmatch(text):
            words = found.groupdict()
            word = (words.get("many") or words.get("twice") or "one").lower()
            return Command(kind, int(word) if word.isdigit() else _NUMBERS[word])  # type: ignore[arg-type]  # the literal
    return None


def made_since(state: AgentState, groups: Sequence[list[str]]) -> dict[str, Any]:
    """What the state becomes once something new was made: what was taken back before cannot be had back."""
    before = [*state.get("dropped", []), *(name for group in state.get("undone", []) for name in group)]
    made = {name for group in groups for name in group}  # what is made once more is there again
    gone = [name for name in before if name not in made]
    return {"changes": [*state.get("changes", []), *groups], "undone": [], "dropped": gone}


def carried_out(command: Command, state: AgentState) -> dict[str, Any]:
    """What the command changes of the state: ``changes``, ``undone``, and a plan of words to say."""
    changes, undone = list(state.get("changes", [])), list(state.get("undone", []))
    source, target = (changes, undone) if command.kind == "undo" else (undone, changes)
    moved: list[list[str]] = []
    while source and len(moved) < command.times:
        moved.append(source.pop())
        target.append(moved[-1])
    said = _said(command, moved, newest(state, undone), state)
    return {"changes": changes, "undone": undone, "plan": {"steps": [], "say": said}}


def _said(command: Command, moved: list[list[str]], left: ClipRow | None, state: AgentState) -> str:
    if not moved:
        if command.kind == "undo":
            return "There is nothing to undo: nothing was made in this conversation that still stands."
        return "There is nothing to redo: only what was undone, with nothing made since, can be made again."
    about = {row["name"]: row["about"] for row in state.get("clips", [])}
    told = ", ".join(f"{name} ({about[name]})" if about.get(name) else name for group in moved for name in group)
    now = f" The last clip is {left['name']} ({left['about']})." if left else ""
    if command.kind == "undo":
        return f"Undone: {told}.{now} Say redo to have it back."
    return f"Made again: {told}.{now}"
