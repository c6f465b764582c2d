"""Where a turn goes next: pure functions of the state."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from langgraph.types import Send

from .state import AgentState, StepRow

NODE_OF_TOOL = {
    "understand_video": "understand",
    "search_memory": "search",
    "edit_video": "edit",
    "generate_video": "generate",
    "edit_project": "project",
    "render_project": "project",
    "regenerate_span": "project",
}
CUSTOM = "custom"
"""The node of every other tool."""
WRITES = ("edit_video", "generate_video")
"""Tools that make something: what they made can be taken back."""
BESIDE = (*WRITES, "regenerate_span", "render_project")
"""Tools that may run beside the conversation."""

MAX_ATTEMPTS = 3
"""How often a turn may plan: once, and again after a recoverable failure."""

_REFERENCE = re.compile(r"\$(\d+)")
_REFERRING = ("clips", "like", "source", "operations")
"""Argument fields that hold clip references; other text may hold a dollar sign of its own ("costs $5")."""


def clip_references(arguments: Mapping[str, Any]) -> list[str]:
    """Every clip reference in a step's arguments, in order."""

    def refs(value: object) -> list[str]:
        if isinstance(value, str):
            return [value]
        if isinstance(value, dict):
            return [ref for key, item in value.items() if key in _REFERRING for ref in refs(item)]
        if isinstance(value, list):
            return [ref for item in value for ref in refs(item)]
        return []

    return refs(arguments)


def without_references(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with every clip reference taken out: what a step does, apart from what it does it to."""

    def bare(value: object) -> object:
        if isinstance(value, dict):
            return {key: None if key in ("clips", "like", "source") else bare(item) for key, item in value.items()}
        return [bare(item) for item in value] if isinstance(value, list) else value

    return {key: None if key in ("clips", "like") else bare(item) for key, item in arguments.items()}


def dependencies(row: StepRow) -> set[str]:
    """Ids of the steps whose outputs this one refers to."""
    matches = (_REFERENCE.match(ref) for ref in clip_references(row["args"]))
    return {match.group(1) for match in matches if match}


def approval_key(turn: str, row: StepRow) -> str:
    """What an approval is bound to: this turn, this step, exactly these arguments."""
    text = json.dumps([turn, row["id"], row["tool"], row["args"]], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def makes_clips(tool: str) -> bool:
    """Whether what the tool made is a clip of the conversation that can be taken back."""
    return tool in WRITES or tool not in NODE_OF_TOOL


def after_input(state: AgentState) -> Literal["recall", "refuse"]:
    """On from ``guard_input``."""
    return "refuse" if state.get("blocked") else "recall"


def after_plan(state: AgentState) -> Literal["plan", "guard_plan", "respond"]:
    """On from ``plan``: an invalid plan goes back with its problems, at most ``MAX_ATTEMPTS`` times."""
    if state.get("failures"):
        return "plan" if state["attempts"] < MAX_ATTEMPTS else "respond"
    return "guard_plan" if state["plan"]["steps"] else "respond"


def ready_steps(steps: list[StepRow]) -> list[StepRow]:
    """Pending steps whose dependencies are done, in order; one that makes something may follow its own into a job."""
    done = {row["id"] for row in steps if row["status"] == "done"}
    beside = {row["id"] for row in steps if row["status"] == "background"}
    return [
        row
        for row in steps
        if row["status"] == "pending" and dependencies(row) <= (done | beside if row["tool"] in WRITES else done)
    ]


def route(state: AgentState) -> list[Send] | Literal["plan", "refuse", "respond"]:
    """On from ``guard_plan`` and ``observe``: the next step, several side by side, a new plan, or the answer."""
    if state.get("blocked"):
        return "refuse"
    if state.get("failures") and state["attempts"] < MAX_ATTEMPTS:
        return "plan"
    stopped = any(row["status"] == "cancelled" for row in state["steps"])
    ready = [] if state.get("failures") or stopped else ready_steps(state["steps"])
    return [Send(NODE_OF_TOOL.get(row["tool"], CUSTOM), {**state, "step": row}) for row in ready] or "respond"


def after_output(state: AgentState) -> Literal["refuse", "__end__"]:
    """On from ``guard_output``."""
    return "refuse" if state.get("blocked") else "__end__"
