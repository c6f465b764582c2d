"""Undo and redo within a conversation over real clips, also after the process was started again."""

from __future__ import annotations

from .conftest import Agents


def test_what_was_made_is_taken_back_and_the_last_one_is_what_it_was(agents: Agents) -> None:
    first = agents(
        lambda context: f"edit {context.clips[-1].name} {'trim 0 1' if 'cut' in context.request else 'reverse'}"
    )
    trimmed = first.ask("cut the first second").clips[0]
    answer = first.ask("play the last one backwards")
    assert answer.status == "answered", answer.answer
    turned = answer.clips[0]
    assert turned["parents"] == [trimmed["id"]]

    undone = first.ask("undo that")
    assert undone.status == "answered"
    assert undone.steps == []
    assert "reverse of" in undone.answer
    again = first.ask("backwards, please").clips[0]
    assert again["parents"] == [trimmed["id"]]
    assert [row["name"] for row in first.clips()][-2:] == ["c3", "c4"]
    first.close()

    second = agents(lambda context: f"edit {context.clips[-1].name} speed 2")
    assert "nothing to redo" in second.ask("redo").answer
    second.ask("undo the last two edits")
    assert second.ask("redo").answer.startswith("Made again")
    assert second.ask("make it faster").clips[0]["parents"] == [trimmed["id"]]


def test_what_was_taken_back_stays_away_when_something_else_is_made(agents: Agents) -> None:
    plans = {"cut": "edit c1 trim 0 1", "backwards": "edit c1 reverse", "join the last two": "edit c3 c5 concat"}
    agent = agents(lambda context: plans[context.request])
    agent.ask("cut")
    agent.ask("backwards")
    agent.ask("undo")
    before = [row["name"] for row in agent.clips()]
    plans["other"] = "edit c2 reverse"
    agent.ask("other")
    assert [row["name"] for row in agent.clips()] == [*before, "c5"]
    assert "nothing to redo" in agent.ask("redo").answer
    agent.ask("backwards")  # made again, it is there again
    assert "c4" in [row["name"] for row in agent.clips()]


def test_a_plan_that_is_given_up_says_what_went_wrong(agents: Agents) -> None:
    agent = agents(lambda context: "say gave_up" if context.failures else "edit c1 audio fade 0 1")
    answer = agent.ask("fade the sound out")
    assert answer.status == "failed"
    assert "I know no other way" in answer.answer
    assert "sound" in answer.answer.replace("I know no other way to do it.", "")
