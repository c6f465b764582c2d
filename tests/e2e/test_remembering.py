"""What earlier conversations found, made and said is brought back when one speaks of it, to its own user alone."""

from __future__ import annotations

from .conftest import Agents

SCRIPT = {
    "cut the bicycle": "edit c1 trim 8 9",
    "cut the blue square": "edit c2 trim 0 1",
    "find the bicycle": "find: a bicycle",
    "*": "edit c1 reverse",
}


def test_a_clip_made_in_another_conversation_is_meant_by_what_was_asked_for_it(agents: Agents) -> None:
    agent = agents(SCRIPT)
    bicycle = agent.ask("cut the bicycle", thread="monday").clips[0]["id"]
    agent.ask("cut the blue square", thread="monday")

    answer = agent.ask("play the bicycle clip that I made earlier backwards", thread="tuesday")

    assert [clip["parents"] for clip in answer.clips] == [[bicycle]]


def test_without_a_word_of_earlier_turns_a_new_conversation_begins_with_the_newest_clips(agents: Agents) -> None:
    agent = agents(SCRIPT)
    first = agent.components.library.clips()[0].id
    agent.ask("cut the blue square", thread="monday")
    answer = agent.ask("play it backwards", thread="tuesday")
    assert [clip["parents"] for clip in answer.clips] == [[first]]


def test_notes_say_what_was_found_made_and_said_and_can_be_forgotten(agents: Agents) -> None:
    agent = agents(SCRIPT)
    agent.ask("find the bicycle", thread="a")
    made = agent.ask("cut the bicycle", thread="a").clips[0]["id"]
    notes = agent.components.library.episodes
    assert [note.kind for note in notes.all()] == ["found", "said", "made", "said"]
    assert "cut the bicycle" in notes.all()[2].text

    agent.forget(made)

    assert "made" not in [note.kind for note in notes.all()]
    answer = agent.ask("reverse the bicycle clip that I made earlier", thread="b")
    assert made not in [parent for clip in answer.clips for parent in clip["parents"]]
    assert notes.forget_all() > 0
    assert notes.all() == []


def test_a_user_is_not_told_of_what_another_did(agents: Agents) -> None:
    agents(SCRIPT).ask("cut the bicycle", thread="a")
    other = agents(SCRIPT, user="other")
    answer = other.ask("play the bicycle clip that I made earlier backwards", thread="a")
    assert answer.clips == []
    assert {note.kind for note in other.components.library.episodes.all(user="other")} <= {"said"}


def test_a_refused_turn_leaves_no_note(agents: Agents) -> None:
    agent = agents(SCRIPT)
    agent.ask("make a video of a man being stabbed to death with blood everywhere", thread="a")
    assert agent.components.library.episodes.all() == []
