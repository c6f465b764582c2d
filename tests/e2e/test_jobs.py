"""Steps that run beside the conversation: told at once, told again when they end, and once each whatever dies."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from gpt4video.agent.errors import JobUnknown
from gpt4video.agent.planner.base import PlanContext
from gpt4video.memory.library import Library

from .conftest import Agents
from .gated import GatedGenerator

UNSAFE = "a naked woman having sex on a bed"


def job_of(answer: Any, step: int = 0) -> str:
    assert answer.steps[step]["status"] == "background", answer.answer
    return str(answer.steps[step]["result"]["job"])


def made(agent: Any) -> list[str]:
    return [clip.operation for clip in agent.components.library.clips() if clip.operation != "upload"]


def test_the_conversation_goes_on_and_hears_of_the_result(agents: Agents, tmp_path: Path) -> None:
    generator = GatedGenerator(tmp_path / "calls.jsonl")

    def script(context: PlanContext) -> str:
        if context.request == "make a red ball":  # the words that ask for a job are gone
            return "gen: a red ball"
        return "edit c2 reverse" if context.request == "turn the second" else f"edit {context.clips[-1].name} reverse"

    agent = agents(script, generator=generator)
    told = agent.ask("in the background, make a red ball", approve=True)
    job = job_of(told)
    assert told.status == "answered"
    assert job in told.answer
    assert "about" in told.answer
    assert generator.started.wait(120)
    meanwhile = agent.ask("turn the second")
    assert meanwhile.status == "answered"
    assert job not in meanwhile.answer
    generator.go.set()
    assert agent.jobs.wait(job).status == "done"

    events = list(agent.stream("play that new clip backwards"))
    (ended,) = [event for event in events if event.type == "job"]
    answer = agent.last()
    assert (ended.job, ended.status) == (job, "done")
    assert answer.answer.startswith(f"Job {job} (done): made c")
    assert 'from the prompt "a red ball"' in answer.answer
    generated, turned = answer.clips
    assert ended.clips == [generated["id"]]
    assert turned["parents"] == [generated["id"]]
    signer = agent.components.provenance
    assert signer is not None
    assert signer.read(Path(generated["path"])).status == "valid"
    assert job not in agent.ask("turn the second").answer, "it is told once"


def test_a_job_passes_the_guards_that_a_step_passes(agents: Agents, tmp_path: Path) -> None:
    agent = agents({"a ball": "gen: a red ball", "*": "say greet"})
    judge, stages = agent.components.judge, []

    def watching(stage: str, **subject: Any) -> Any:
        stages.append(stage)
        if stage == "media":
            return [{"stage": "media", "policy": "frames", "action": "block", "reason": "unsafe frame", "score": 1.0}]
        return judge(stage, **subject)

    agent.components.judge = watching  # type: ignore[method-assign]
    job = agent.jobs.wait(job_of(agent.ask("a ball", background=True, approve=True)))
    assert job.status == "blocked"
    assert stages.count("prompt") == 2, "with the plan, and by the job itself"
    assert made(agent) == []
    assert agent.ask("hello").answer.startswith(f"Job {job.id} (blocked): unsafe frame")


def test_an_edited_prompt_of_a_job_is_judged_by_its_worker(agents: Agents, tmp_path: Path) -> None:
    agent = agents({"*": "gen: a red ball"})
    assert agent.ask("make a ball", background=True).status == "waiting"
    job = agent.jobs.wait(job_of(agent.approve(prompt=UNSAFE)))
    assert job.status == "blocked"
    assert not (tmp_path / "calls.jsonl").exists()


def test_steps_that_follow_a_job_are_jobs_and_get_its_result(agents: Agents) -> None:
    agent = agents({"*": "gen: a red ball ; edit $1 reverse ; look $1"})
    answer = agent.ask("make a ball and turn it", background=True, approve=True)
    assert [step["status"] for step in answer.steps] == ["background", "background", "skipped"]
    first, second = (agent.jobs.wait(job_of(answer, step)) for step in (0, 1))
    assert (first.status, second.status) == ("done", "done")
    generated, turned = (clip for clip in agent.components.library.clips() if clip.operation != "upload")
    assert turned.parents == [generated.id] or generated.parents == [turned.id]


def test_a_span_is_regenerated_in_the_background(agents: Agents) -> None:
    agent = agents({"*": "say greet"})
    agent.ask("start a project called holiday")
    agent.ask("put c2 into the project")
    asked = "in the project, regenerate the first item as a red ball"
    job = agent.jobs.wait(job_of(agent.ask(asked, approve=True, background=True)))
    assert job.status == "done", job.result
    assert len(agent.project("holiday").version().timeline.items[0].takes) == 2
    assert f"Job {job.id} (done): " in agent.ask("hello").answer
    assert agent.ask("use take 2").status == "answered"


def test_a_long_render_is_estimated_waits_and_runs_in_the_background(agents: Agents) -> None:
    agent = agents({"*": "say greet"})
    agent.ask("start a project called holiday")
    agent.ask("put c1 into the project")
    agent.components.settings = agent.components.settings.model_copy(update={"approve_seconds": 0.5})
    waiting = agent.ask("render it")
    assert waiting.status == "waiting"
    assert (waiting.approval or {})["estimate"]["guess"]
    assert agent.approve(approved=False).status == "answered"
    job = agent.jobs.wait(job_of(agent.ask("render it", approve=True, background=True)))
    assert job.status == "done", job.result
    told = agent.ask("hello")
    assert f"Job {job.id} (done): " in told.answer
    assert agent.components.library.clips()[-1].operation == "render"
    agent.ask("undo that in the project")
    agent.ask("put c2 into the project")
    assert agent.ask("render it").status == "answered"  # so little takes no time, as is known by now


def test_what_needs_a_cancelled_job_fails_and_nothing_is_kept(agents: Agents) -> None:
    generator = GatedGenerator()
    agent = agents({"make": "gen: a red ball ; edit $1 reverse", "*": "say greet"}, generator=generator)
    answer = agent.ask("make", background=True, approve=True)
    assert generator.started.wait(120)
    agent.jobs.cancel(job_of(answer))
    generator.go.set()
    first, second = (agent.jobs.wait(job_of(answer, step)) for step in (0, 1))
    assert (first.status, second.status) == ("cancelled", "failed")
    assert made(agent) == []
    told = agent.ask("hello").answer
    assert f"Job {first.id} (cancelled): stopped" in told
    assert f"Job {second.id} (failed): failed: It needs the result of step 1" in told
    with pytest.raises(JobUnknown):
        agent.jobs.cancel("nothing")


def test_a_job_outlives_its_process_when_that_is_closed(agents: Agents, tmp_path: Path) -> None:
    generator = GatedGenerator(tmp_path / "calls.jsonl")
    first = agents({"*": "gen: a red ball"}, generator=generator)
    job = job_of(first.ask("a ball", background=True, approve=True))
    assert generator.started.wait(120)
    first.components.jobs._closing.set()
    generator.go.set()
    first.close()
    second = agents({"*": "say greet"})
    assert second.ask("hello").status == "answered"  # the start of a turn takes up what was left
    assert second.jobs.wait(job).status == "done"
    assert made(second) == ["generate"]
    assert made(second) == ["generate"]


def test_a_job_that_takes_its_worker_with_it_fails_with_a_remedy(agents: Agents, tmp_path: Path) -> None:
    generator = GatedGenerator()
    agent = agents({"*": "say greet"}, generator=generator)
    row = {"id": "1", "tool": "generate_video", "args": {"prompt": "a red ball"}, "status": "pending", "seconds": 0.0,
           "result": None, "error": None, "outputs": [], "summary": "", "notes": []}  # fmt: skip
    state = {"turn": "t", "user": "local", "request": "a ball", "uploads": [], "steps": [row], "clips": []}
    body = {"step": row, "state": state, "setup": {}, "backend": "double"}
    agent.components.library.background.put("doomed", "nobody", body)
    for _ in range(2):
        with Library(tmp_path / "home" / "library") as worker:
            assert worker.background.claim("doomed") is not None
    agent.jobs.revive()
    job = agent.jobs.wait("doomed")
    assert job.status == "failed"
    assert job.result is not None
    assert job.result["step"]["error"]["code"] == "worker_died"
    assert job.result["step"]["error"]["remedy"]
    assert not generator.started.is_set()


def test_a_job_for_another_generator_is_not_run_on_this_one(agents: Agents) -> None:
    generator = GatedGenerator()
    first = agents({"*": "gen: a red ball"}, generator=generator)
    job = job_of(first.ask("a ball", background=True, approve=True))
    assert generator.started.wait(120)
    first.components.jobs._closing.set()
    generator.go.set()
    first.close()

    class Other(GatedGenerator):
        name = "other"  # type: ignore[assignment]

    second = agents({}, generator=Other())
    ended = second.jobs.wait(job)
    assert ended.status == "failed"
    assert ended.result is not None
    assert ended.result["step"]["error"]["code"] == "generator_gone"


SLOW = """
import os, time
from pathlib import Path
from gpt4video.tools.generation.double import DrawnGenerator

def stay(*arguments):
    Path(os.environ["MARK"]).write_text(str(os.getpid()))
    time.sleep(600)

DrawnGenerator._draw = stay
"""


class Cli:
    """The command line over one home; ``slow``: workers that it starts stay in their first frame."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "slow").mkdir()
        (folder / "slow" / "sitecustomize.py").write_text(SLOW)
        (folder / "script.json").write_text(json.dumps({"make a ball": "gen: a red ball", "hello": "say greet"}))

    def __call__(self, *arguments: str, slow: bool = False) -> Any:
        command = [sys.executable, "-c", "from gpt4video.agent.interfaces.cli import main; main()", *arguments]
        command += ["--home", str(self.folder / "home"), "--json"]
        if arguments[0] == "ask":
            command += ["--planner", f"scripted:{self.folder / 'script.json'}", "--generator", "double"]
        more = {"PYTHONPATH": str(self.folder / "slow"), "MARK": str(self.folder / "mark")} if slow else {}
        run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=os.environ | more)
        assert run.returncode == 0, run.stdout + run.stderr
        return json.loads(run.stdout)


def test_a_killed_worker_is_replaced_and_its_job_done_once(stocked: Path, tmp_path: Path) -> None:
    shutil.copytree(stocked / "home", tmp_path / "home")
    cli, mark = Cli(tmp_path), tmp_path / "mark"
    told = cli("ask", "make a ball", "--background", "--yes", slow=True)
    job = told["steps"][0]["result"]["job"]
    while not mark.exists() or not mark.read_text():
        time.sleep(0.1)
    (running,) = cli("jobs")
    assert (running["id"], running["status"], running["alive"]) == (job, "running", True)
    os.kill(int(mark.read_text()), signal.SIGKILL)
    (ended,) = cli("jobs", "wait", job)
    assert ended["status"] == "done"
    assert len(ended["clips"]) == 1

    answer = cli("ask", "hello")
    assert answer["answer"].startswith(f"Job {job} (done): made c")
    assert [clip["id"] for clip in answer["clips"]] == ended["clips"]
    assert sum(clip["operation"] == "generate" for clip in cli("clips")) == 1
    logged = (tmp_path / "home" / "audit.jsonl").read_text()
    verdicts = [json.loads(line)["stage"] for line in logged.splitlines()]
    assert verdicts.count("prompt") >= 3, "with the plan, and by each of the two workers"
    assert "media" in verdicts


def test_a_job_of_another_process_is_cancelled_from_here(stocked: Path, tmp_path: Path) -> None:
    shutil.copytree(stocked / "home", tmp_path / "home")
    cli, mark = Cli(tmp_path), tmp_path / "mark"
    job = cli("ask", "make a ball", "--background", "--yes", slow=True)["steps"][0]["result"]["job"]
    while not mark.exists() or not mark.read_text():
        time.sleep(0.1)
    cli("jobs", "cancel", job)
    os.kill(int(mark.read_text()), signal.SIGKILL)  # it sleeps; what counts is that nobody takes it up again
    (ended,) = cli("jobs")
    assert ended["status"] == "cancelled"
    assert not [clip for clip in cli("clips") if clip["operation"] == "generate"]
