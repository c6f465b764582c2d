"""The nodes of the state machine: each takes the state and returns what it changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from langgraph.config import get_config, get_stream_writer

from . import events, orders, project_turns
from .answers import answer_from, summarise
from .consent import beside, prompt_in, settled
from .execution import StepRunner
from .jobs import news_of
from .naming import name_clip, set_aside, visible, whole
from .planner.base import ClipEntry, Failure, PlanContext
from .planner.plan import Plan
from .planner.validate import validate
from .pointing import pointed
from .remembering import recalled, remember
from .routing import BESIDE, MAX_ATTEMPTS, approval_key, dependencies, makes_clips, ready_steps
from .state import AgentState, ClipRow, PlanRow, StepInput, StepRow, VerdictRow, merge_steps
from .undoing import carried_out, command_of, made_since

if TYPE_CHECKING:
    from .components import Components

HISTORY = 6
"""User messages that the planner and the policies look back on."""

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
            "news": [],
            "answer": "",
            "blocked": _blocks(verdicts),
            "history": state.get("history", []),
        }

    def recall(self, state: AgentState) -> Update:
        """Name the clips this turn may speak of: those it brings, those that background jobs have made since, those of
        an earlier turn that it speaks of, or, in a new conversation, the newest ones.
        """  # noqa: D205 (one sentence)
        _emit(events.NodeStarted(node="recall"))
        clips = list(state.get("clips", []))
        told = self._news(clips, state)
        library, user = self._parts.library, state["user"]
        uploads = state["uploads"]
        earlier = recalled(self._parts, state["request"], user) if not uploads else []
        for row in earlier:
            name_clip(clips, row)
        if not uploads and not clips:
            uploads = [clip.id for clip in library.clips(user=user)][-self._parts.recall_limit :]
        for clip_id in uploads:
            clip = library.get(clip_id, user=user)
            name_clip(clips, whole(clip.id, clip.operation or "upload", clip.duration))
        return {"clips": clips, **told}

    def _news(self, clips: list[ClipRow], state: AgentState) -> Update:
        """What became of this conversation's background jobs; what they made can be spoken of, and taken back."""
        jobs = self._parts.jobs.ended(_thread())
        news = [news_of(job, partial(name_clip, clips)) for job in jobs]
        left = {key: value for job in jobs for key, value in (job.result or {}).get("left", {}).items()}
        made: list[str] = []
        for row in news:
            step, outputs = row["step"], [clip["id"] for clip in row["step"]["outputs"]]
            _emit(events.JobEnded(job=row["job"], status=step["status"], summary=step["summary"], clips=outputs))
            made += outputs
        groups = [[clip["name"] for clip in row["step"]["outputs"]] for row in news]
        fresh = [group for group in groups if group and group not in state.get("changes", [])]
        return {"news": news, "made": made, **left, **(made_since(state, fresh) if fresh else {})}

    def plan(self, state: AgentState) -> Update:
        """Ask the planner, then check the plan as a whole; what is wrong with it becomes failures."""
        _emit(events.NodeStarted(node="plan"))
        if (spoken := orders.read(self._parts, state)) is not None:
            _emit(events.PlanMade(steps=spoken["steps"], say=spoken["say"]))
            steps = [pending_step(step) for step in spoken["steps"]]
            return {"plan": spoken, "attempts": MAX_ATTEMPTS, "failures": [], "steps": [None, *steps]}
        if command := command_of(state["request"]):
            done = carried_out(command, state)
            _emit(events.PlanMade(steps=[], say=done["plan"]["say"]))
            return {**done, "steps": None}
        said, request = (
            beside(words)[0] if state.get("background") else words for words in (state["request"], pointed(state))
        )
        entries = [
            ClipEntry(name=row["name"], about=row["about"].partition(" in ")[0], duration=row["duration"])
            for row in visible(state)
        ]
        context = PlanContext(
            request=request,
            said=said,
            history=state.get("history", [])[-HISTORY:],
            clips=entries,
            failures=[Failure.model_validate(failure) for failure in state["failures"]],
            project=project_turns.described(self._parts, state),
            orders=[wording for tool in self._parts.custom_tools for wording in tool.wordings],
        )
        plan: Plan = self._parts.planner.plan(context)
        row: PlanRow = {"steps": plan.model_dump(mode="json", exclude_none=True)["steps"], "say": plan.say}
        failures = [
            {"step": problem.step, "code": problem.code, "message": f"{problem.message} {problem.remedy}"}
            for problem in validate(plan, entries)
        ]
        if plan.order:
            row, failures = orders.ordered(self._parts, state, plan.order)
        attempts = state["attempts"] + 1
        if plan.say and not plan.steps and state["failures"]:  # given up: what went wrong is told all the same
            failures, attempts = state["failures"], MAX_ATTEMPTS
        _emit(events.PlanMade(steps=row["steps"], say=row["say"]))
        steps = [] if failures else [pending_step(step) for step in row["steps"]]
        return {
            "plan": row,
            "attempts": attempts,
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
        blocked = _blocks(verdicts)
        return {"verdicts": verdicts, "blocked": blocked, "steps": [] if blocked else self._prepared(state)}

    def _prepared(self, state: AgentState) -> list[StepRow]:
        """The steps that come next, with what they will take, and whether they need the user's word: settled before
        the node that runs them, which starts anew once the word is given, when estimates may have changed.
        """  # noqa: D205 (one sentence)
        return [self._runner.prepared(row, state) for row in ready_steps(state["steps"]) if "asks" not in row]

    def run_step(self, state: StepInput) -> Update:
        """Run one step; a step that needs approval waits for the user's word on exactly these arguments."""
        row = state["step"]
        _emit(events.NodeStarted(node=row["tool"]))
        stopped = self._parts.stops.of(_thread())
        if stopped():
            return {"steps": [{**row, "status": "cancelled"}]}
        if row.get("asks"):
            row = settled(row, approval_key(state["turn"], row))
            if row["status"] != "pending":
                return {"steps": [row]}
        estimate = row.get("estimate")
        if estimate is not None:
            _emit(events.StepEstimated(step=row["id"], tool=row["tool"], **estimate))
        if self._runs_beside(row, state):
            job = self._parts.jobs.submit(row, state, _thread())
            return {"steps": [{**row, "status": "background", "result": {"job": job}}]}

        def progress(fraction: float, note: str) -> None:
            _emit(events.StepProgress(step=row["id"], tool=row["tool"], fraction=fraction, note=note))

        update = StepRunner(self._parts, stopped).run(row, state, progress)
        for verdict in update.get("verdicts", []):
            _emit(events.VerdictGiven.model_validate(verdict))
        return update

    def _runs_beside(self, row: StepRow, state: AgentState) -> bool:
        """Whether a step becomes a background job: generating, long edits, and what needs their results."""
        if not state.get("background") or row["tool"] not in BESIDE or not _thread():
            return False
        estimate = row.get("estimate")
        long = estimate is not None and estimate["seconds"] > self._parts.settings.approve_seconds
        jobs = {other["id"] for other in state["steps"] if other["status"] == "background"}
        return bool(prompt_in(row)) or long or bool(dependencies(row) & jobs)

    def observe(self, state: AgentState) -> Update:
        """Record results: name new clips, set aside what a failure made impossible, hand recoverable errors back."""
        clips = list(state["clips"])
        steps: list[StepRow] = []
        for row in state["steps"]:
            if row["status"] != "pending" and not row["summary"]:
                outputs = [name_clip(clips, output) for output in row["outputs"]]
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
            steps += set_aside(state["steps"])
        after: AgentState = {**state, "clips": clips, "steps": merge_steps(state["steps"], [*steps])}
        steps += self._prepared(after)
        return {"clips": clips, "steps": steps, "failures": failures, "blocked": blocked}

    def respond(self, state: AgentState) -> Update:
        """Write the answer from the results only."""
        _emit(events.NodeStarted(node="respond"))
        news = [row["text"] for row in state.get("news", [])]
        return {"answer": "\n".join([*news, answer_from(state, self._parts)])}

    def guard_output(self, state: AgentState) -> Update:
        """Judge the answer, then close the turn."""
        _emit(events.NodeStarted(node="guard_output"))
        verdicts = self._judge("output", text=state["answer"])
        if _blocks(verdicts):
            return {"verdicts": verdicts, "blocked": True}
        news = state.get("news", [])
        remember(self._parts, {**state, "steps": [*state["steps"], *(row["step"] for row in news)]}, _thread())
        if news:
            self._parts.jobs.told([row["job"] for row in news])
        _emit(events.Answered(text=state["answer"], blocked=False))
        made = [row["name"] for step in state["steps"] if makes_clips(step["tool"]) for row in step["outputs"]]
        found = [row["name"] for step in state["steps"] if step["tool"] == "search_memory" for row in step["outputs"]]
        changed: Update = made_since(state, [made]) if made else {}
        if found:
            changed["found"] = found
        if made and (project := state.get("project")) is not None:
            changed["project"] = {**project, "latest": False}
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


def _thread() -> str:
    """The checkpointer's name of the conversation; empty where nobody keeps it."""
    return str(get_config()["configurable"].get("thread_id", ""))


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
