"""The tools as LangChain ``StructuredTool``s, for agents of other people's making; policies stay in force."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from langchain_core.tools import StructuredTool, ToolException

from ..execution import StepRunner
from ..nodes import pending_step
from ..state import AgentState

if TYPE_CHECKING:
    from ...tools.base import Tool
    from ..components import Components


def as_tools(components: Components, *, approve: bool = False) -> list[StructuredTool]:
    """The tools over a home folder. Clips are given by library id; results come back as JSON text.

    Args:
        components: the parts, e.g. ``VideoAgent(...).components``.
        approve: run steps that need approval; otherwise calling one is an error that says so.
    """
    return [_structured(components, tool, approve) for tool in components.tools.values()]


def _structured(components: Components, tool: Tool[Any, Any], approve: bool) -> StructuredTool:
    def call(**arguments: Any) -> str:
        parsed = tool.arguments.model_validate(arguments)
        return run_tool(components, tool.name, parsed.model_dump(mode="json", exclude_none=True), approve=approve)

    return StructuredTool.from_function(
        func=call,
        name=tool.name,
        description=tool.description,
        args_schema=tool.arguments,
        handle_tool_error=True,
    )


def run_tool(components: Components, name: str, arguments: dict[str, Any], *, approve: bool) -> str:
    """Run one tool under the policies that a plan step would run under.

    Raises:
        ToolException: a policy blocks it, it needs approval, or it failed; the message says which and what to do.
    """
    row = pending_step({"id": "1", "tool": name, "args": arguments})
    state: AgentState = {
        "turn": uuid.uuid4().hex,
        "user": components.settings.user,
        "request": "",
        "uploads": [],
        "clips": [],
        "steps": [row],
    }
    reason = components.approval_reason(row, components.estimates.of(row, state))
    if reason and not approve:
        raise ToolException(f"This needs approval: {reason}")
    verdicts = components.judge("plan", steps=[row])
    update: dict[str, Any] = {}
    if not any(verdict["action"] == "block" for verdict in verdicts):
        update = StepRunner(components).run(row, state, lambda _fraction, _note: None)
        verdicts += update.get("verdicts", [])
    blocks = [verdict["reason"] for verdict in verdicts if verdict["action"] == "block"]
    if blocks:
        raise ToolException(blocks[0])
    ended = update["steps"][0]
    if ended["error"] is not None:
        raise ToolException(f"{ended['error']['message']} {ended['error']['remedy']}")
    return json.dumps(ended["result"])
