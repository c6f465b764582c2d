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
    first.close()

    second = agents(lambda context: f"edit {context.clips[-1].name} speed 2")
    assert "nothing to redo" in second.ask("redo").answer
    second.ask("undo the last two edits")
    assert second.ask("redo").answer.startswith("Made again")
    assert second.ask("make it faster").clips[0]["parents"] == [trimmed["id"]]
