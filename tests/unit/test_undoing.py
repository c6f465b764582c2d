"""Undo and redo in a conversation: whole requests alone, as often as asked, until something new is made."""

from __future__ import annotations

import pytest
from gpt4video.agent.naming import visible
from gpt4video.agent.state import AgentState, ClipRow
from gpt4video.agent.undoing import Command, carried_out, command_of


@pytest.mark.parametrize(
    ("request_", "command"),
    [
        ("undo", Command("undo", 1)),
        ("Undo that, please", Command("undo", 1)),
        ("please undo that", Command("undo", 1)),
        ("Undo that please.", Command("undo", 1)),
        ("oops, take it back", Command("undo", 1)),
        ("undo the last edit", Command("undo", 1)),
        ("Undo the last two edits!", Command("undo", 2)),
        ("undo twice", Command("undo", 2)),
        ("redo", Command("redo", 1)),
        ("bring it back", Command("redo", 1)),
        ("redo the last three changes", Command("redo", 3)),
        ("find the clip where they undo the knot", None),
        ("undo the knot in c1", None),
        ("make a video of someone saying redo", None),
        ("", None),
    ],
)
def test_only_a_whole_request_is_a_command(request_: str, command: Command | None) -> None:
    assert command_of(request_) == command


def row(name: str, about: str) -> ClipRow:
    return {"name": name, "id": name * 8, "about": about, "duration": 1.0, "start": 0.0, "end": None}


def conversation() -> AgentState:
    clips = [row("c1", "upload"), row("c2", "trim of c1"), row("c3", "speed of c2"), row("c4", "reverse of c2")]
    return {"turn": "t", "user": "u", "request": "", "uploads": [], "clips": clips, "changes": [["c2"], ["c3", "c4"]]}


def names(state: AgentState) -> list[str]:
    return [one["name"] for one in visible(state)]


def after(state: AgentState, command: Command) -> AgentState:
    update = carried_out(command, state)
    return {**state, **update}  # type: ignore[typeddict-item]


def test_undo_sets_aside_what_a_turn_made_and_redo_brings_it_back() -> None:
    state = after(conversation(), Command("undo", 1))

    assert names(state) == ["c1", "c2"]
    assert "c3 (speed of c2), c4 (reverse of c2)" in state["plan"]["say"]
    assert "The last clip is c2 (trim of c1)" in state["plan"]["say"]
    assert names(after(state, Command("undo", 1))) == ["c1"]
    again = after(after(state, Command("undo", 1)), Command("redo", 2))
    assert names(again) == ["c1", "c2", "c3", "c4"]
    assert again["changes"] == conversation()["changes"]


def test_there_may_be_nothing_to_undo_or_redo() -> None:
    state = conversation()

    assert "nothing to redo" in after(state, Command("redo", 1))["plan"]["say"]
    emptied = after(state, Command("undo", 9))
    assert names(emptied) == ["c1"]
    assert "nothing to undo" in after(emptied, Command("undo", 1))["plan"]["say"]
