"""Where a turn goes next: pure functions of the state."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Literal

from langgraph.types import Send

from .state import AgentState, StepRow

NODE_OF_TOOL = {
    "understand_video": "understand",
    "search_memory": "search",
    "edit_video": "edit",
    "generate_video": "generate",
}
MAX_ATTEMPTS = 3
"""How often a turn may plan: once, and again after a recoverable failure."""

_REFERENCE = re.compile(r"\$(\d+)")


def dependencies(row: StepRow) -> set[str]:
    """Ids of the steps whose outputs this one refers to, wherever in its arguments."""

    def refs(value: object) -> set[str]:
        if isinstance(value, str):
            match = _REFERENCE.match(value)
            return {match.group(1)} if match else set()
        if isinstance(value, dict):
            # Free text may hold a dollar sign ("costs $5"); only these fields hold references.
            fields = ("clips", "like", "source", "operations")
            return set().union(*(refs(item) for key, item in value.items() if key in fields))
        if isinstance(value, list):
            return set().union(*(refs(item) for item in value))
        return set()

    return refs(row["args"])


def approval_key(turn: str, row: StepRow) -> str:
    """What an approval is bound to: this turn, this step, exactly these arguments."""
    text = json.dumps([turn, row["id"], row["tool"], row["args"]], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def after_input(state: AgentState) -> Literal["recall", "refuse"]:
    """On from ``guard_input``."""
    return "refuse" if state.get("blocked") else "recall"


def after_plan(state: AgentState) -> Literal["plan", "guard_plan", "respond"]:
    """On from ``plan``: an invalid plan goes back with its problems, at most ``MAX_ATTEMPTS`` times."""
    if state.get("failures"):
        return "plan" if state["attempts"] < MAX_ATTEMPTS else "respond"
    return "guard_plan" if state["plan"]["steps"] else "respond"


def ready_steps(steps: list[StepRow]) -> list[StepRow]:
    """Pending steps whose dependencies are done, in order."""
    done = {row["id"] for row in steps if row["status"] == "done"}
    return [row for row in steps if row["status"] == "pending" and dependencies(row) <= done]


def route(state: AgentState) -> list[Send] | Literal["plan", "refuse", "respond"]:
    """On from ``guard_plan`` and ``observe``: the next step, several side by side, a new plan, or the answer."""
    if state.get("blocked"):
        return "refuse"
    if state.get("failures") and state["attempts"] < MAX_ATTEMPTS:
        return "plan"
    ready = [] if state.get("failures") else ready_steps(state["steps"])
    return [Send(NODE_OF_TOOL[row["tool"]], {**state, "step": row}) for row in ready] or "respond"


def after_output(state: AgentState) -> Literal["refuse", "__end__"]:
    """On from ``guard_output``."""
    return "refuse" if state.get("blocked") else "__end__"
