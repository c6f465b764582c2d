"""Requests that are read by rule, before or in place of a planner's steps: to tools of one's own, and to a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import custom_tools, project_turns
from .state import AgentState, PlanRow

if TYPE_CHECKING:
    from .components import Components


def read(parts: Components, state: AgentState) -> PlanRow | None:
    """The plan of a request that is worded as a custom tool or a project is spoken to; None for any other."""
    made = custom_tools.planned(parts, state) if parts.custom_tools else None
    return made or project_turns.planned(parts, state)


def ordered(parts: Components, state: AgentState, order: str) -> tuple[PlanRow, list[dict[str, str]]]:
    """The plan of an order that a planner put into such words; or what is wrong with it."""
    for words in (order, f"in the project: {order}"):
        if (row := read(parts, {**state, "request": words})) is not None:
            return row, []
    message = f"There is no order like '{order}'. Use one of the wordings for orders, with numbers of items."
    return {"steps": [], "say": ""}, [{"step": "", "code": "unknown_order", "message": message}]
