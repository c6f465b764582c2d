"""What is shown before a step runs, what it may be changed to, and that no change gets round a guard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gpt4video.agent.errors import RequestInvalid, SessionUnknown
from gpt4video.agent.settings import Settings
from langgraph.types import Command

from .conftest import Agents

UNSAFE = "a naked woman having sex on a bed"


def prompts(tmp_path: Path) -> list[str]:
    log = tmp_path / "calls.jsonl"
    return [json.loads(line)["prompt"] for line in log.read_text().splitlines()] if log.exists() else []


def test_the_prompt_holds_what_the_clip_shows_and_is_shown_before_and_after(agents: Agents, tmp_path: Path) -> None:
    agent = agents({"*": "gen like c2: moving left"})
    waiting = agent.ask("make one like the second clip, moving left")
    assert waiting.approval is not None
    shown = waiting.approval["prompt"]
    seen = agent.components.intake.shown(agent.components.library.clips()[1].id, 0.0, None, user="local")
    assert seen.description in shown
    assert shown.endswith(f"moving left, in {' and '.join(seen.colors[:2])}")
    answer = agent.ask("yes")
    assert answer.status == "answered"
    assert prompts(tmp_path) == [shown]
    assert f'"{shown}"' in answer.answer


def careful(agent: Any) -> Any:
    """The agent, asking before every step that takes any time."""
    agent.components.settings = agent.settings.model_copy(update={"approve_seconds": 0.0})
    return agent


def test_another_prompt_runs_as_it_was_written(agents: Agents, tmp_path: Path) -> None:
    agent = careful(agents({"*": "gen like c2: moving left"}))
    agent.ask("one")
    first = agent.approve(prompt="  a green ball, please ")
    agent.ask("two", thread="words")
    second = agent.ask('edit the prompt to "two dogs on a beach"', thread="words")
    assert [first.status, second.status] == ["answered", "answered"]
    assert prompts(tmp_path) == ["a green ball, please", "two dogs on a beach"]
    assert '"two dogs on a beach"' in second.answer
    lineage = agent.components.library.lineage(second.clips[0]["id"])
    assert lineage is not None
    assert lineage.prompt == "two dogs on a beach"


@pytest.mark.parametrize("way", ["approve", "words", "interrupt"])
def test_an_edited_prompt_is_judged_like_any_other(agents: Agents, tmp_path: Path, way: str) -> None:
    agent = agents({"*": "gen: a red ball"})
    assert agent.ask("make a red ball").status == "waiting"
    if way == "approve":
        answer = agent.approve(prompt=UNSAFE)
    elif way == "words":
        answer = agent.ask(f"edit the prompt to {UNSAFE}")
    else:
        resume(agent, {"approved": True, "prompt": UNSAFE})
        answer = agent.last()
    assert answer.blocked
    assert {verdict["stage"] for verdict in answer.verdicts if verdict["action"] == "block"} == {"prompt"}
    assert prompts(tmp_path) == []
    assert answer.clips == []


def resume(agent: Any, word: dict[str, Any]) -> None:
    """Answer the interrupt as another LangGraph program would."""
    from gpt4video.agent.sessions import thread_key

    config = {"configurable": {"thread_id": thread_key("local", "default")}}
    (asked,) = agent.graph.get_state(config).interrupts
    assert {"step", "tool", "args", "reason", "prompt", "estimate"} <= set(asked.value)
    agent.graph.invoke(Command(resume={asked.id: {"key": asked.value["key"], **word}}), config)


def test_the_interrupt_takes_another_prompt_and_refuses_what_is_none(agents: Agents, tmp_path: Path) -> None:
    agent = careful(agents({"*": "gen: a red ball"}))
    agent.ask("make a red ball")
    resume(agent, {"approved": True, "prompt": "a blue ball"})
    assert prompts(tmp_path) == ["a blue ball"]
    agent.ask("make a red ball again")
    resume(agent, {"approved": True, "prompt": ""})
    failed = agent.last()
    assert failed.status == "failed"
    assert "prompt" in failed.answer
    assert prompts(tmp_path) == ["a blue ball"]


def test_a_prompt_that_is_none_is_refused_and_the_turn_still_waits(agents: Agents, tmp_path: Path) -> None:
    agent = agents({"*": "gen: a red ball"})
    agent.ask("make a red ball")
    for prompt in ("", "x" * 501):
        with pytest.raises(RequestInvalid):
            agent.approve(prompt=prompt)
    assert agent.last().status == "waiting"
    assert agent.ask("no thanks").steps[0]["status"] == "declined"
    assert prompts(tmp_path) == []
    with pytest.raises(SessionUnknown):
        agent.approve(prompt="a red ball")


def test_an_unmeasured_generator_is_a_guess_and_a_measured_one_runs_unasked(agents: Agents) -> None:
    agent = agents({"*": "gen: a red ball"})
    waiting = agent.ask("make a red ball")
    assert waiting.approval is not None
    assert waiting.approval["estimate"]["guess"] is True
    assert "a guess" in waiting.approval["reason"]
    agent.approve()
    events = list(agent.stream("and another", thread="second"))
    (told,) = [event for event in events if event.type == "estimate"]
    assert told.guess is False
    assert told.seconds < 30
    kinds = [event.type for event in events]
    assert kinds.index("estimate") < kinds.index("progress")
    assert agent.last("second").status == "answered"


def test_what_costs_money_waits_with_its_price(agents: Agents) -> None:
    agent = agents({"*": "gen 5s: a red ball"})
    agent.ask("make a red ball", approve=True)  # measured: fast enough to run unasked
    paid = agent.settings.model_copy(update={"price_per_second": 0.1, "price_per_clip": 0.05})
    agent.components.settings = paid
    waiting = agent.ask("make a red ball", thread="paid")
    assert waiting.status == "waiting"
    assert waiting.approval is not None
    assert waiting.approval["estimate"]["price"] == 0.55
    assert "0.55" in waiting.approval["reason"]
    agent.components.settings = paid.model_copy(update={"approve_price": 1.0})
    assert agent.ask("make a red ball", thread="allowed").status == "answered"


def test_what_a_span_is_regenerated_from_is_shown_edited_and_judged(agents: Agents, tmp_path: Path) -> None:
    agent = agents({})
    agent.ask("start a project called holiday")
    agent.ask("put c2 into the project")
    for thread, prompt in (("default", UNSAFE), ("again", "a green ball")):
        waiting = agent.ask("in the project, regenerate the first item as a red ball", thread=thread)
        assert waiting.approval is not None
        assert waiting.approval["prompt"] == "a red ball"
        assert waiting.approval["estimate"]["seconds"] > 30
        answer = agent.ask(f"edit the prompt to {prompt}", thread=thread)
        if prompt == UNSAFE:
            assert answer.status == "failed"
            assert prompts(tmp_path) == []
    assert answer.status == "answered"
    assert [shown.startswith("a green ball") or "green ball" in shown for shown in prompts(tmp_path)] == [True, True]


def test_thresholds_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GPT4VIDEO_APPROVE_SECONDS", "5")
    monkeypatch.setenv("GPT4VIDEO_PRICE_PER_CLIP", "0.2")
    settings = Settings(home=tmp_path)
    assert (settings.approve_seconds, settings.price_per_clip, settings.approve_price) == (5.0, 0.2, 0.0)
    monkeypatch.setenv("GPT4VIDEO_APPROVE_SECONDS", "soon")
    with pytest.raises(RequestInvalid, match="APPROVE_SECONDS"):
        Settings(home=tmp_path)


def test_a_long_edit_waits_with_its_estimate(agents: Agents) -> None:
    agent = agents({"*": "edit c1 reverse"})
    agent.components.settings = agent.settings.model_copy(update={"approve_seconds": 0.5})
    waiting = agent.ask("reverse it")
    assert waiting.approval is not None
    assert waiting.approval["tool"] == "edit_video"
    assert waiting.approval["prompt"] == ""
    with pytest.raises(RequestInvalid, match="no prompt"):
        agent.approve(prompt="a red ball")
    assert agent.approve().status == "answered"
