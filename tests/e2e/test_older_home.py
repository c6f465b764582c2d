"""A conversation that an earlier version kept goes on in this one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from .conftest import Agents

SINCE = {"found", "dropped", "news", "made", "changes", "undone", "approvals", "background", "sampling"}
"""What the state has got since the first version."""


def aged(home: Path) -> int:
    """Take from every stored state what the first version did not know; how many states had any of it."""
    serde, touched = JsonPlusSerializer(allowed_msgpack_modules=None), 0
    with sqlite3.connect(home / "checkpoints.sqlite") as database:
        stored = database.execute("SELECT rowid, type, checkpoint FROM checkpoints").fetchall()
        for row, kind, packed in stored:
            state = serde.loads_typed((kind, packed))
            touched += bool(SINCE & set(state["channel_values"]))
            for part in ("channel_values", "channel_versions"):
                state[part] = {name: value for name, value in state[part].items() if name not in SINCE}
            for seen in state["versions_seen"].values():
                for name in SINCE & set(seen):
                    del seen[name]
            database.execute(
                "UPDATE checkpoints SET checkpoint = ? WHERE rowid = ?", (serde.dumps_typed(state)[1], row)
            )
        database.execute("DELETE FROM writes")
    database.close()
    return touched


SCRIPT = {
    "keep its first second": "edit c1 trim 0 1",
    "play it backwards": "edit c3 reverse",
    "make a red ball": "gen 1s: a red ball",
}


def test_clips_keep_their_names_and_undo_works_from_there(agents: Agents, tmp_path: Path) -> None:
    agent = agents(SCRIPT)
    clips = [clip.id for clip in agent.components.library.clips()]
    agent.ask("keep its first second", clips)
    before = agent.clips()
    agent.close()
    assert aged(tmp_path / "home")

    later = agents(SCRIPT)
    assert later.clips() == before
    assert later.last().status == "answered"
    turned = later.ask("play it backwards")
    assert (turned.status, later.clips()[-1]["name"]) == ("answered", "c4"), turned
    assert "Undone: c4" in later.ask("undo that").answer
    assert later.ask("make a red ball", approve=True).status == "answered"
    assert later.clips()[-1]["name"] == "c5"


def test_a_turn_that_waited_is_asked_again(agents: Agents, tmp_path: Path) -> None:
    agent = agents(SCRIPT)
    assert agent.ask("make a red ball").status == "waiting"
    agent.close()
    aged(tmp_path / "home")

    later = agents(SCRIPT)
    assert later.ask("make a red ball", approve=True).status == "answered"


@pytest.mark.parametrize("request_", ["undo that", "redo"])
def test_nothing_is_undone_that_an_earlier_version_did_not_note(agents: Agents, tmp_path: Path, request_: str) -> None:
    agent = agents(SCRIPT)
    agent.ask("make a red ball", approve=True)
    agent.close()
    aged(tmp_path / "home")
    assert "There is nothing to" in agents(SCRIPT).ask(request_).answer
