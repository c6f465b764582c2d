"""A turn that is killed while it generates goes on when it is asked again: nothing twice, no guard skipped."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .conftest import Agents, kill_at

KILLED = """
import sys, time
from pathlib import Path
from gpt4video.agent.assistant import VideoAgent
from gpt4video.agent.components import Components
from gpt4video.agent.planner.scripted import ScriptedPlanner
from gpt4video.agent.settings import Settings
from gpt4video.tools.generation.double import DrawnGenerator

home, mark, log, moment = sys.argv[1:]

def stay(self, *a, **k):
    Path(mark).touch()
    time.sleep(600)

if moment == "generating":
    DrawnGenerator._draw = stay
else:
    from gpt4video.memory.library import Library
    setattr(Library, moment, stay)
parts = Components(
    Settings(home=Path(home), viewer="off"), planner=ScriptedPlanner({"*": "edit c1 trim 0 1 ; gen like $1: at night"}),
    generator=DrawnGenerator(Path(log)),
)
VideoAgent(components=parts).ask("go", approve=True)
"""


@pytest.mark.parametrize("moment", ["generating", "add", "set_status"])
def test_asking_again_after_a_kill_neither_repeats_nor_skips(agents: Agents, tmp_path: Path, moment: str) -> None:
    agents({}).close()  # the copy of the home is made
    mark, log = tmp_path / "mark", tmp_path / "killed.jsonl"
    arguments = [str(tmp_path / "home"), str(mark), str(log), moment]
    kill_at(mark, [sys.executable, "-c", KILLED, *arguments])

    agent = agents({"*": "edit c1 trim 0 1 ; gen like $1: at night"})
    answer = agent.ask("go", approve=True)
    assert answer.status == "answered", answer.answer
    made = [clip.operation for clip in agent.components.library.clips() if clip.operation != "upload"]
    assert sorted(made) == ["generate", "trim"]
    assert all(clip.status == "ready" for clip in agent.components.library.clips())
    stages = [verdict["stage"] for verdict in answer.verdicts]
    assert {"input", "plan", "prompt", "media", "output"} <= set(stages)
    assert not list((tmp_path / "home" / "work").glob("*"))
