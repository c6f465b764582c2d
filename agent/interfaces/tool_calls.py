"""Calling one tool for a program outside any conversation, under the policies that a plan's step would run under."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import AgentError
from ..execution import StepRunner
from ..nodes import pending_step
from ..state import AgentState

if TYPE_CHECKING:
    from ..components import Components

OFFERED = ("understand_video", "search_memory", "edit_video", "generate_video")
"""Tools that others may call one by one; those on projects belong to a conversation and are reached by asking."""

Progress = Callable[[float, str], None]


class ApprovalMissing(AgentError):
    """The step is slow, paid or destructive, and nobody has agreed to it."""

    code = "approval_missing"


class CallBlocked(AgentError):
    """A policy refuses the call, or what it made."""

    code = "call_blocked"


class CallFailed(AgentError):
    """The tool could not do it; message and remedy are the tool's own."""

    code = "call_failed"


def run_tool(
    components: Components,
    name: str,
    arguments: dict[str, Any],
    *,
    approve: bool,
    progress: Progress = lambda _fraction, _note: None,
    stopped: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Run one tool and return its result as JSON data.

    Args:
        components: the parts.
        name: one of :data:`OFFERED`.
        arguments: its arguments; clips by their ids in the library.
        approve: run it even if it needs approval.
        progress: is told how far it is, 0 to 1, and what it does.
        stopped: whether nobody waits for it any more; it then ends at its next step forward, and keeps nothing.

    Raises:
        ApprovalMissing: it needs approval.
        CallBlocked: a policy refuses it.
        CallFailed: the tool gave an error.
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
        raise ApprovalMissing(f"This needs approval: {reason}.", "Ask the user first.")
    verdicts = components.judge("plan", steps=[row])
    update: dict[str, Any] = {}
    if not any(verdict["action"] == "block" for verdict in verdicts):
        update = StepRunner(components, stopped).run(row, state, progress)
        verdicts += update.get("verdicts", [])
    blocks = [verdict["reason"] for verdict in verdicts if verdict["action"] == "block"]
    if blocks:
        raise CallBlocked(blocks[0], "Ask for something else.")
    ended = update["steps"][0]
    if ended["error"] is not None:
        raise CallFailed(ended["error"]["message"], ended["error"]["remedy"])
    result: dict[str, Any] = ended["result"]
    return result
