"""Conversations side by side: in threads of one agent, as different users, and what is kept of them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from gpt4video.agent.errors import SessionBusy, SessionUnknown

from .conftest import Agents
from .gated import GatedGenerator


def test_conversations_in_threads_do_not_cross(agents: Agents) -> None:
    agent = agents(lambda context: f"gen 1s: a {context.request.split()[-1]} ball")
    colours = ["red", "green", "blue", "yellow", "white", "black", "pink", "orange"]

    def talk(colour: str) -> list[str]:
        answers = [agent.ask(f"make something {colour}", thread=colour, approve=True) for _ in range(3)]
        for answer in answers:
            assert answer.status == "answered", answer
        lineages = [agent.components.library.lineage(answer.clips[0]["id"]) for answer in answers]
        return [lineage.prompt for lineage in lineages if lineage is not None]

    with ThreadPoolExecutor(8) as pool:
        made = dict(zip(colours, pool.map(talk, colours), strict=True))
    assert made == {colour: [f"a {colour} ball"] * 3 for colour in colours}
    assert {one.name: one.turns for one in agent.conversations()} == dict.fromkeys(colours, 3)
    for colour in colours:
        assert [row["about"] for row in agent.clips(colour)[-3:]] == ["generated"] * 3
        assert [turn.outcome["status"] for turn in agent.transcript(colour) if turn.outcome] == ["answered"] * 3


def test_a_second_turn_on_a_conversation_is_told_to_wait_and_only_the_one_meant_is_cancelled(agents: Agents) -> None:
    generator = GatedGenerator()
    agent = agents({"*": "gen: a red ball"}, generator=generator)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(agent.ask, "make a ball", thread="one", approve=True)
        assert generator.started.wait(60)
        with pytest.raises(SessionBusy):
            agent.ask("and another", thread="one")
        with pytest.raises(SessionUnknown):
            agent.cancel("two")
        agent.cancel("one")
        generator.go.set()
        assert one.result().status == "cancelled"
    assert agent.ask("make a ball", thread="two", approve=True).status == "answered"


def test_another_user_shares_models_and_sees_nothing(agents: Agents) -> None:
    agent = agents({"*": "find: bicycle"})
    other = agent.of_user("mara")
    assert other.components.planner is agent.components.planner
    assert other.components.library is agent.components.library
    assert agent.ask("find the bicycles").steps[0]["result"]["hits"]
    assert not other.ask("find the bicycles").steps[0]["result"]["hits"]
    assert [turn.request for turn in other.transcript()] == ["find the bicycles"]
    other.close()
    assert agent.ask("find the bicycles").status == "answered"  # what is shared is still open


def test_what_was_said_can_be_read_again_and_dropped(agents: Agents) -> None:
    agent = agents({"*": "gen: a red ball"})
    agent.ask("make a ball", thread="balls")
    (turn,) = agent.transcript("balls")
    assert (turn.request, turn.status) == ("make a ball", "waiting")
    agent.approve("balls")
    agent.ask("hello", thread="greetings")
    (turn,) = agent.transcript("balls")
    assert turn.status == "answered"
    assert turn.outcome == agent.last("balls").model_dump(mode="json")
    newest = agent.conversations()[0]
    assert (newest.name, newest.title, newest.turns) == ("greetings", "hello", 1)

    agent.forget_conversation("balls")
    assert [one.name for one in agent.conversations()] == ["greetings"]
    with pytest.raises(SessionUnknown):
        agent.last("balls")
    with pytest.raises(SessionUnknown):
        agent.forget_conversation("balls")
    assert agent.components.library.clips()[-1].operation == "generate"  # what it made stays


def test_a_part_is_made_once_whichever_thread_asks_first(agents: Agents) -> None:
    agent = agents({"*": "say greet"})
    found: list[object] = []
    start = threading.Barrier(6)

    def ask() -> None:
        start.wait()
        found.append(agent.components.tools)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(part) for part in found}) == 1
