"""Steps that run beside the conversation: queued, run one after another by workers of their own, told when they end.

A worker is a process that outlives the one which asked; where the generator or the policies were passed in as objects,
which no other process could build, it is a thread. Either way the step runs as it would in a turn: the same runner, and
with it the same guards, ledger and signature. A job whose worker died begins again on the next start, and what the
ledger knows as done is not done twice.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from ..memory.background import BackgroundJob
from .answers import summarise
from .consent import prompt_in
from .errors import Fault, JobUnknown, fault_of
from .execution import StepRunner
from .routing import dependencies
from .settings import Settings
from .state import AgentState, ClipRow, NewsRow, StepRow

if TYPE_CHECKING:
    from .components import Components

_POLL: Final = 0.1
_BEAT: Final = 0.5
_PATIENCE: Final = 30.0
"""Seconds that a worker may take to come up before another is started; two on one job do no harm."""
_ATTEMPTS: Final = 2
"""How often a job may be begun: one whose worker dies each time (out of memory) must not do so forever."""

_SETUP: Final = ("generator", "viewer", "policy")
"""Settings that a job keeps, for it may be taken up again by a command that was given others."""

_LAUNCH: Final = (
    "import os, sys; given = sys.stdin.read(); os.fork() and os._exit(0); os.setsid(); "
    "from gpt4video.agent.jobs import main; main(given)"
)
_STATE: Final = ("turn", "user", "request", "uploads", "clips", "history", "steps")


class Jobs:
    """The background jobs of a home's user."""

    def __init__(self, parts: Components) -> None:
        self._parts = parts
        self._user = parts.settings.user
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []

    def submit(self, row: StepRow, state: AgentState, thread: str) -> str:
        """Queue a step of a turn and start its worker; the same step of the same turn is the same job. Its id."""
        text = json.dumps([state["turn"], row["id"]])
        name = hashlib.sha256(text.encode()).hexdigest()[:8]
        settings = self._parts.settings.model_dump(mode="json", include=set(_SETUP))
        body = {
            "step": row,
            "state": {key: value for key, value in state.items() if key in _STATE},
            "setup": settings,
            "backend": self._parts.generator.name if prompt_in(row) else "",
        }
        self._parts.library.background.put(name, thread, body, user=self._user)
        self._launch(self._get(name))
        return name

    def all(self) -> list[BackgroundJob]:
        """Every job of the user, oldest first."""
        return self._parts.library.background.all(user=self._user)

    def cancel(self, name: str) -> BackgroundJob:
        """Stop a job at its next step forward; nothing of it is kept. One that is over stays as it is.

        Raises:
            JobUnknown: there is no such job.
        """
        self._parts.library.background.stop(self._get(name).id, user=self._user)
        return self._get(name)

    def wait(self, name: str, *, report: Callable[[BackgroundJob], None] = lambda _job: None) -> BackgroundJob:
        """Wait until a job is over; one whose worker has died is taken up again. ``report`` is told how it goes.

        Raises:
            JobUnknown: there is no such job.
        """
        while not (job := self._get(name)).over:
            report(job)
            self.revive()
            time.sleep(_POLL)
        return job

    def revive(self) -> None:
        """Take up the jobs whose worker has died; one that took its worker with it too often has failed."""
        kept = self._parts.library.background
        for job in self.all():
            coming = not job.claimed and time.time() - job.beat < _PATIENCE
            if job.over or job.alive or coming:
                continue
            if job.stop:
                kept.stop(job.id, user=self._user)
            elif job.attempts < _ATTEMPTS:
                self._launch(job)
            else:
                kept.end(job.id, "failed", {"step": _failed(job, _died(job))}, user=self._user)

    def ended(self, thread: str) -> list[BackgroundJob]:
        """The jobs of a conversation that are over, and that it has not been told of."""
        return self._parts.library.background.untold(thread, user=self._user)

    def told(self, names: Sequence[str]) -> None:
        """The conversation has been told of these."""
        self._parts.library.background.told(names, user=self._user)

    def close(self) -> None:
        """End the workers of this process; what they were at is taken up by the next one."""
        self._closing.set()
        for thread in self._threads:
            thread.join()

    def _get(self, name: str) -> BackgroundJob:
        job = self._parts.library.background.get(name, user=self._user)
        if job is None:
            raise JobUnknown(f"There is no job {name[:80]!r}.", "Run 'gpt4video jobs' to see them.")
        return job

    def _launch(self, job: BackgroundJob) -> None:
        if not self._parts.library.background.offer(job.id, user=self._user):
            return
        if self._parts.own_backends:
            worker = threading.Thread(target=run_job, args=(self._parts, job.id, self._closing.is_set), daemon=True)
            self._threads.append(worker)
            worker.start()
            return
        settings = {**self._parts.settings.model_dump(mode="json"), **job.body["setup"]}
        # The settings may hold a password: they go through a pipe, which no list of processes shows.
        subprocess.run(
            [sys.executable, "-c", _LAUNCH],
            input=json.dumps({"settings": settings, "job": job.id}),
            text=True,
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def run_job(parts: Components, name: str, leaving: Callable[[], bool] = lambda: False) -> None:
    """Run a job in this thread to its end, unless somebody else has it.

    Args:
        parts: the components.
        name: the job's id.
        leaving: whether this process is about to end: the job is then given back.
    """
    kept, user = parts.library.background, parts.settings.user
    job = kept.claim(name, user=user)
    if job is None:
        return

    def unwanted() -> bool:
        now = kept.get(name, user=user)
        return now is None or now.stop

    try:
        result = _Run(parts, job, lambda: leaving() or unwanted()).result()
    except Exception as error:  # a worker has nobody above it who could tell
        result = {"step": _failed(job, fault_of(error))}
    status = result["step"]["status"]
    if status == "cancelled" and not unwanted():
        kept.release(name, user=user)
    else:
        kept.end(name, status, result, user=user)


class _Run:
    """One run of a job."""

    def __init__(self, parts: Components, job: BackgroundJob, stopped: Callable[[], bool]) -> None:
        self._parts = parts
        self._job = job
        self._stopped = stopped
        self._kept = parts.library.background
        self._user = parts.settings.user
        self._told = 0.0

    def result(self) -> dict[str, Any]:
        """Wait for its turn, then run the step: how it ended, and the verdicts."""
        step: StepRow = self._job.body["step"]
        while self._behind(step) and not self._stopped():
            time.sleep(_POLL)
        steps = [self._as_ended(row) for row in self._job.body["state"]["steps"]]
        lost = [row for row in steps if row["id"] in dependencies(step) and row["status"] != "done"]
        if lost and not self._stopped():
            return {"step": _failed(self._job, _needless(lost[0]))}
        backend = self._job.body["backend"]
        if backend and backend != self._parts.generator.name:
            return {"step": _failed(self._job, _elsewhere(backend))}
        self._beat(0.0, "starting")
        state: AgentState = self._job.body["state"] | {"steps": steps}
        update = StepRunner(self._parts, self._stopped).run(step, state, self._beat)
        left = {"project": update["project"]} if "project" in update else {}
        return {"step": update["steps"][0], "verdicts": update.get("verdicts", []), "left": left}

    def _behind(self, step: StepRow) -> bool:
        """Whether an earlier job runs, for two at once take more memory than one, or this one needs its result."""
        needed = {
            row["result"]["job"]
            for row in self._job.body["state"]["steps"]
            if row["id"] in dependencies(step) and row["status"] == "background" and row["result"]
        }
        jobs = self._kept.all(user=self._user)
        earlier = jobs[: next((n for n, job in enumerate(jobs) if job.id == self._job.id), 0)]
        return any(not job.over and (job.alive or job.id in needed) for job in earlier)

    def _as_ended(self, row: StepRow) -> StepRow:
        """A step of the turn: as its job left it, where it had one."""
        other = (
            self._kept.get(row["result"]["job"], user=self._user)
            if row["status"] == "background" and row["result"]
            else None
        )
        return ended_step(other) if other is not None and other.over else row

    def _beat(self, fraction: float, note: str) -> None:
        now = time.monotonic()
        if now - self._told >= _BEAT or fraction >= 1:
            self._told = now
            self._kept.beat(self._job.id, fraction, note, user=self._user)


def ended_step(job: BackgroundJob) -> StepRow:
    """The step of a job that is over."""
    step: StepRow = job.body["step"] | {"status": job.status} if job.result is None else job.result["step"]
    return step


def news_of(job: BackgroundJob, name: Callable[[ClipRow], ClipRow]) -> NewsRow:
    """What became of a job, in a sentence; ``name`` gives its clips their names in the conversation."""
    step = ended_step(job)
    named: StepRow = {**step, "outputs": [name(row) for row in step["outputs"]]}
    named["summary"] = summarise(named)
    blocks = [verdict["reason"] for verdict in (job.result or {}).get("verdicts", []) if verdict["action"] == "block"]
    text = blocks[0] if job.status == "blocked" and blocks else named["summary"]
    notes = " ".join(f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in named["notes"])
    return {"job": job.id, "text": f"Job {job.id} ({job.status}): {text.rstrip('.')}. {notes}".strip(), "step": named}


def _failed(job: BackgroundJob, fault: Fault) -> StepRow:
    step: StepRow = job.body["step"] | {"status": "failed", "error": fault.model_dump()}
    return step


def _died(job: BackgroundJob) -> Fault:
    return Fault(
        code="worker_died",
        message=f"Its worker died {job.attempts} times.",
        remedy="The machine may be short of memory: close other programs, or ask for a shorter or smaller clip.",
        audience="user",
    )


def _needless(row: StepRow) -> Fault:
    message = f"It needs the result of step {row['id']} ({row['tool']}), which did not succeed."
    return Fault(code="step_needed", message=message, remedy="Ask for both again.", audience="user")


def _elsewhere(backend: str) -> Fault:
    message = f"It was to run on the generator {backend}, which this program does not have now."
    return Fault(code="generator_gone", message=message, remedy="Ask for it again.", audience="user")


def main(given: str) -> None:
    """What a worker process does: one job, under the settings that come with it."""
    from .components import Components

    parsed = json.loads(given)
    parts = Components(Settings.model_validate(parsed["settings"]))
    try:
        run_job(parts, parsed["job"])
    finally:
        parts.close()
