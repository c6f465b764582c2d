"""Two machines, one database, one store of files: a conversation and a library that go on from one to the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gpt4video.agent.assistant import VideoAgent
from gpt4video.agent.components import Components
from gpt4video.agent.errors import SessionBusy
from gpt4video.agent.planner.scripted import ScriptedPlanner
from gpt4video.agent.settings import Settings
from gpt4video.policies.audit import AuditLog
from gpt4video.policies.chain import PolicyChain
from gpt4video.tools.generation.double import DrawnGenerator
from postgres_server import PostgresServer
from s3_server import running_s3

pytestmark = pytest.mark.server
Machines = Callable[[str, Any], VideoAgent]


@pytest.fixture
def machines(
    models: Components, postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Machines]:
    """Makes an agent on a machine of that name: a home of its own, rows and files shared through the environment."""
    opened: list[VideoAgent] = []

    def make(name: str, script: Any) -> VideoAgent:
        home = tmp_path / name
        components = Components(
            Settings(home=home, viewer="off"),
            planner=ScriptedPlanner(script),
            generator=DrawnGenerator(tmp_path / "calls.jsonl"),
            policies=PolicyChain(models.policies.policies, AuditLog(home / "audit.jsonl", models.policy.version)),
        )
        for part in ("embedder", "encoder", "reader", "projection"):
            setattr(components, part, getattr(models, part))
        opened.append(VideoAgent(components=components))
        return opened[-1]

    with running_s3() as s3:
        shared = {"GPT4VIDEO_DATABASE": postgres.fresh(), "GPT4VIDEO_FILES": "s3://bucket/clips"}
        for name, value in {**s3.environment, **shared}.items():
            monkeypatch.setenv(name, value)
        yield make
        for agent in opened:
            agent.close()


def test_a_conversation_goes_on_at_another_machine(machines: Machines, stocked: Path) -> None:
    one = machines("one", {"*": "gen like c1: at night"})
    waiting = one.ask("make it night", [stocked / "blue.mp4"])
    assert waiting.status == "waiting"

    two = machines("two", {"*": "edit $1 trim 0 1"})
    answer = two.approve()
    assert answer.status == "answered", answer.answer
    made = answer.clips[0]
    assert Path(made["path"]).is_relative_to(two.settings.home)
    assert Path(made["path"]).exists()

    fetched = one.components.library.get(made["id"])
    assert fetched.path.is_relative_to(one.settings.home)
    assert fetched.path.read_bytes() == Path(made["path"]).read_bytes()
    assert one.last().clips[0]["id"] == made["id"]
    assert sorted(clip.operation for clip in one.components.library.clips()) == ["generate", "upload"]


def test_a_turn_at_one_machine_keeps_the_other_waiting_and_an_effect_happens_once(
    machines: Machines, stocked: Path, tmp_path: Path
) -> None:
    one, two = (machines(name, {"*": "gen 1s: a red ball"}) for name in ("one", "two"))
    turn = one.stream("make a red ball", approve=True)
    next(turn)
    with pytest.raises(SessionBusy):
        two.ask("make a red ball", approve=True)
    for _ in turn:
        pass
    assert one.last().status == "answered"
    assert [clip["operation"] for clip in two.last().clips] == ["generate"]
    assert len((tmp_path / "calls.jsonl").read_text().splitlines()) == 1
