"""The nodes of the state machine: each takes the state and returns what it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from langgraph.config import get_config, get_stream_writer
from langgraph.types import interrupt

from . import events
from .answers import answer_from, summarise
from .execution import StepRunner
from .planner.base import ClipEntry, Failure, PlanContext
from .planner.plan import Plan
from .planner.validate import validate
from .remembering import recalled, remember
from .routing import MAX_ATTEMPTS, approval_key, dependencies
from .state import AgentState, ClipRow, StepInput, StepRow, VerdictRow
from .undoing import carried_out, command_of, visible

if TYPE_CHECKING:
    from .components import Components

HISTORY = 6
"""User messages that the planner and the policies look back on."""

WRITES = ("edit_video", "generate_video")
"""Tools whose outputs can be taken back."""

Update = dict[str, Any]
Node = TypeVar("Node", bound=Callable[..., Update])


def _emit(event: events.Event) -> None:
    get_stream_writer()(event.model_dump(mode="json"))


class Nodes:
    """The nodes, over one set of components."""

    def __init__(self, components: Components) -> None:
        self._parts = components
        self._runner = StepRunner(components)

    def guard_input(self, state: AgentState) -> Update:
        """Judge the user's words, with the turns before them, before anything else sees them."""
        _emit(events.NodeStarted(node="guard_input"))
        verdicts = self._judge("input", text=state["request"], history=state.get("history", [])[-HISTORY:])
        return {
            "plan": {"steps": [], "say": ""},
            "attempts": 0,
            "failures": [],
            "steps": None,
            "approvals": None,
            "verdicts": [None, *verdicts],
            "evidence": None,
            "sampling": None,
            "made": None,
            "answer": "",
            "blocked": _blocks(verdicts),
            "history": state.get("history", []),
        }

    def recall(self, state: AgentState) -> Update:
        """Name the clips this turn may speak of: those it brings, those of an earlier turn that it speaks of, or, in a
        new conversation, the newest ones.
        """  # noqa: D205 (one sentence)
        _emit(events.NodeStarted(node="recall"))
        clips = list(state.get("clips", []))
        library, user = self._parts.library, state["user"]
        uploads = state["uploads"]
        earlier = recalled(self._parts, state["request"], user) if not uploads else []
        for row in earlier:
            _name(clips, row)
        if not uploads and not clips:
            uploads = [clip.id for clip in library.clips(user=user)][-self._parts.recall_limit :]
        for clip_id in uploads:
            clip = library.get(clip_id, user=user)
            _name(clips, _whole(clip.id, clip.operation or "upload", clip.duration))
        return {"clips": clips}

    def plan(self, state: AgentState) -> Update:
        """Ask the planner, then check the plan as a whole; what is wrong with it becomes failures."""
        _emit(events.NodeStarted(node="plan"))
        if command := command_of(state["request"]):
            done = carried_out(command, state)
            _emit(events.PlanMade(steps=[], say=done["plan"]["say"]))
            return {**done, "steps": None}
        entries = [
            ClipEntry(name=row["name"], about=row["about"].partition(" in ")[0], duration=row["duration"])
            for row in visible(state)
        ]
        context = PlanContext(
            request=state["request"],
            history=state.get("history", [])[-HISTORY:],
            clips=entries,
            failures=[Failure.model_validate(failure) for failure in state["failures"]],
        )
        plan: Plan = self._parts.planner.plan(context)
        problems = validate(plan, entries)
        failures = [
            {"step": problem.step, "code": problem.code, "message": f"{problem.message} {problem.remedy}"}
            for problem in problems
        ]
        row = plan.model_dump(mode="json", exclude_none=True)
        _emit(events.PlanMade(steps=row["steps"], say=plan.say))
        steps = [] if problems else [pending_step(step) for step in row["steps"]]
        return {
            "plan": row,
            "attempts": state["attempts"] + 1,
            "failures": failures,
            "steps": [None, *steps],
            "evidence": None,
            "sampling": None,
        }

    def guard_plan(self, state: AgentState) -> Update:
        """Judge the plan: which tools, how many, and every prompt it holds so far."""
        _emit(events.NodeStarted(node="guard_plan"))
        verdicts = self._judge("plan", steps=state["steps"])
        for row in state["steps"]:
            if row["tool"] == "generate_video":
                verdicts += self._judge("prompt", text=row["args"]["prompt"], history=state.get("history", []))
        return {"verdicts": verdicts, "blocked": _blocks(verdicts)}

    def run_step(self, state: StepInput) -> Update:
        """Run one step; a step that needs approval waits for the user's word on exactly these arguments."""
        row = state["step"]
        _emit(events.NodeStarted(node=row["tool"]))
        reason = self._parts.approval_reason(row)
        if reason:
            key = approval_key(state["turn"], row)
            word = interrupt(
                {"key": key, "step": row["id"], "tool": row["tool"], "args": row["args"], "reason": reason}
            )
            if not (isinstance(word, dict) and word.get("key") == key and word.get("approved") is True):
                return {"steps": [{**row, "status": "declined"}]}

        def progress(fraction: float, note: str) -> None:
            _emit(events.StepProgress(step=row["id"], tool=row["tool"], fraction=fraction, note=note))

        update = self._runner.run(row, state, progress)
        for verdict in update.get("verdicts", []):
            _emit(events.VerdictGiven.model_validate(verdict))
        return update

    def observe(self, state: AgentState) -> Update:
        """Record results: name new clips, set aside what a failure made impossible, hand recoverable errors back."""
        clips = list(state["clips"])
        steps: list[StepRow] = []
        for row in state["steps"]:
            if row["status"] != "pending" and not row["summary"]:
                outputs = [_name(clips, output) for output in row["outputs"]]
                named: StepRow = {**row, "outputs": outputs}
                named["summary"] = summarise(named)
                steps.append(named)
                _emit(
                    events.StepEnded(
                        step=row["id"],
                        tool=row["tool"],
                        status=row["status"],
                        summary=named["summary"],
                        seconds=row["seconds"],
                    )
                )
        blocked = any(row["status"] == "blocked" for row in state["steps"])
        failures = [
            {"step": row["id"], "code": row["error"]["code"], "message": row["error"]["message"]}
            for row in state["steps"]
            if row["status"] == "failed" and row["error"] and row["error"]["audience"] == "model"
        ]
        if not failures or state["attempts"] >= MAX_ATTEMPTS:
            steps += _set_aside(state["steps"])
        return {"clips": clips, "steps": steps, "failures": failures, "blocked": blocked}

    def respond(self, state: AgentState) -> Update:
        """Write the answer from the results only."""
        _emit(events.NodeStarted(node="respond"))
        return {"answer": answer_from(state, self._parts)}

    def guard_output(self, state: AgentState) -> Update:
        """Judge the answer, then close the turn."""
        _emit(events.NodeStarted(node="guard_output"))
        verdicts = self._judge("output", text=state["answer"])
        if _blocks(verdicts):
            return {"verdicts": verdicts, "blocked": True}
        remember(self._parts, state, get_config()["configurable"].get("thread_id", ""))
        _emit(events.Answered(text=state["answer"], blocked=False))
        made = [row["name"] for step in state["steps"] if step["tool"] in WRITES for row in step["outputs"]]
        changed = {"changes": [*state.get("changes", []), made], "undone": []} if made else {}
        history = [*state.get("history", []), state["request"]][-4 * HISTORY :]
        return {"verdicts": verdicts, "history": history, **changed}

    def refuse(self, state: AgentState) -> Update:
        """Say that and why the request was refused. What was asked stays in the history that policies judge."""
        reason = next(verdict["reason"] for verdict in state["verdicts"] if verdict["action"] == "block")
        _emit(events.Answered(text=reason, blocked=True))
        return {
            "answer": reason,
            "blocked": True,
            "history": [*state.get("history", []), state["request"]][-4 * HISTORY :],
        }

    def _judge(self, stage: str, **subject: Any) -> list[VerdictRow]:
        verdicts = self._parts.judge(stage, **subject)
        for verdict in verdicts:
            _emit(events.VerdictGiven.model_validate(verdict))
        return verdicts


def _blocks(verdicts: list[VerdictRow]) -> bool:
    return any(verdict["action"] == "block" for verdict in verdicts)


def pending_step(step: dict[str, Any]) -> StepRow:
    """A row for a plan step ``{"id", "tool", "args"}`` that has not run yet."""
    return {
        "id": step["id"],
        "tool": step["tool"],
        "args": step["args"],
        "status": "pending",
        "seconds": 0.0,
        "result": None,
        "error": None,
        "outputs": [],
        "summary": "",
        "notes": [],
    }


def _whole(clip: str, about: str, duration: float) -> ClipRow:
    return {"name": "", "id": clip, "about": about, "duration": round(duration, 3), "start": 0.0, "end": None}


def _name(clips: list[ClipRow], row: ClipRow) -> ClipRow:
    """Give the clip its name in this conversation: the one it has, or the next one, appended to ``clips``."""
    for known in clips:
        if (known["id"], known["start"], known["end"]) == (row["id"], row["start"], row["end"]):
            return known
    named: ClipRow = {**row, "name": f"c{len(clips) + 1}"}
    if row["about"] == "search hit":
        whole = next((known["name"] for known in clips if known["id"] == row["id"] and known["end"] is None), None)
        named["about"] = f"search hit in {whole}" if whole else "search hit"
    clips.append(named)
    return named


def _set_aside(rows: list[StepRow]) -> list[StepRow]:
    """Pending steps that can never run because a step they need did not end well."""
    lost = {row["id"] for row in rows if row["status"] not in ("pending", "done")}
    skipped: list[StepRow] = []
    for row in rows:
        if row["status"] == "pending" and dependencies(row) & lost:
            lost.add(row["id"])
            skipped.append({**row, "status": "skipped", "summary": "not run, because a step it needs did not succeed"})
    return skipped
