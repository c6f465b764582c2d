"""A turn that is stopped: what runs ends, nothing of it stays, and the conversation goes on."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from gpt4video.agent.errors import SessionUnknown
from gpt4video.tools.media import ffmpeg

from .conftest import Agents
from .gated import GatedGenerator


def nothing_is_left(agent: Any) -> None:
    assert not [clip for clip in agent.components.library.clips() if clip.operation == "generate"]
    assert not list((agent.settings.home / "work").glob("*"))


def test_a_generation_stops_and_the_conversation_goes_on(agents: Agents, tmp_path: Path) -> None:
    generator = GatedGenerator(tmp_path / "calls.jsonl")
    script = {"make a ball and turn it": "gen: a red ball ; edit $1 reverse", "turn it": "edit c2 reverse"}
    agent = agents(script, generator=generator)
    asking = threading.Thread(target=agent.ask, args=("make a ball and turn it",), kwargs={"approve": True})
    asking.start()
    assert generator.started.wait(120)
    agent.cancel()
    generator.go.set()
    asking.join()

    answer = agent.last()
    assert answer.status == "cancelled"
    assert [step["status"] for step in answer.steps] == ["cancelled", "cancelled"]
    assert answer.answer.startswith("Stopped.")
    assert answer.clips == []
    nothing_is_left(agent)
    assert agent.ask("turn it").status == "answered"
    again = agent.ask("make a ball and turn it", approve=True)
    assert [step["status"] for step in again.steps] == ["done", "done"]


def test_an_encoder_is_killed_and_its_file_removed(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = agents({"*": "edit c1 speed 0.5"})
    started: list[subprocess.Popen[bytes]] = []

    class Watched(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            started.append(self)

    follow = ffmpeg._follow

    def stopped_while_it_runs(*arguments: Any) -> None:
        agent.cancel()
        follow(*arguments)

    monkeypatch.setattr(ffmpeg.subprocess, "Popen", Watched)
    monkeypatch.setattr(ffmpeg, "_follow", stopped_while_it_runs)
    before = agent.components.library.clips()
    answer = agent.ask("slow it down")
    assert answer.status == "cancelled", answer.steps
    assert -signal.SIGKILL in [process.poll() for process in started]
    assert None not in [process.poll() for process in started]
    assert agent.components.library.clips() == before
    nothing_is_left(agent)


def test_a_project_stays_as_it_is_when_its_second_take_is_stopped(agents: Agents, tmp_path: Path) -> None:
    class Stopping(GatedGenerator):
        def generate(self, request: Any, progress: Any = None) -> Any:
            if self.calls:
                agent.cancel()
            return super().generate(request, progress)

    generator = Stopping()
    generator.go.set()
    agent = agents({}, generator=generator)
    agent.ask("start a project called holiday")
    agent.ask("put c2 into the project")
    before = agent.project("holiday").log()
    answer = agent.ask("in the project, regenerate the first item as a red ball", approve=True)
    assert answer.status == "cancelled", answer.answer
    assert agent.project("holiday").log() == before


def test_whoever_stops_listening_stops_the_step(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = GatedGenerator()
    agent = agents({"*": "gen: a red ball"}, generator=generator)
    turn = agent.stream("make a red ball", approve=True)
    for event in turn:
        if event.type == "progress":
            break
    (stopped,) = agent.components.stops._running.values()

    def told() -> None:
        monkeypatch.undo()
        stopped.set()
        generator.go.set()  # were it closed before that, it would wait for the step, and the step for this

    monkeypatch.setattr(stopped, "set", told)
    turn.close()
    assert stopped.is_set()
    nothing_is_left(agent)
    assert agent.ask("make a red ball", approve=True).status == "answered"


def test_cancelling_what_waits_declines_it_and_nothing_else_can_be_cancelled(agents: Agents) -> None:
    agent = agents({"*": "gen: a red ball"})
    agent.ask("make a red ball")
    agent.cancel()
    assert agent.last().steps[0]["status"] == "declined"
    with pytest.raises(SessionUnknown):
        agent.cancel()


ASK = """
import sys, time
from pathlib import Path
from gpt4video.tools.generation.double import DrawnGenerator
go = Path(sys.argv.pop(1))
draw = DrawnGenerator._draw

def stay(*arguments):
    print("drawing", file=sys.stderr, flush=True)
    while not go.exists():
        time.sleep(0.02)
    return draw(*arguments)

DrawnGenerator._draw = stay
from gpt4video.agent.interfaces.cli import main
main()
"""


def test_one_interrupt_stops_the_turn_of_ask(stocked: Path, tmp_path: Path) -> None:
    shutil.copytree(stocked / "home", tmp_path / "home")
    (tmp_path / "script.json").write_text(json.dumps({"*": "gen: a red ball"}))
    command = [sys.executable, "-c", ASK, str(tmp_path / "go"), "ask", "make a red ball", "--yes", "--json", "--home"]
    command += [str(tmp_path / "home"), "--planner", f"scripted:{tmp_path / 'script.json'}", "--generator", "double"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "drawing" in line:
            process.send_signal(signal.SIGINT)
        if "Stopping" in line:
            (tmp_path / "go").touch()
            break
    told, _ = process.communicate(timeout=300)
    assert process.returncode == 130
    assert [step["status"] for step in json.loads(told)["steps"]] == ["cancelled"]
