"""A turn as its caller sees it: its outcome, the question it may ask, and how that is answered."""

from __future__ import annotations

from typing import Any, Literal

from langgraph.types import Command
from pydantic import BaseModel, ConfigDict

from .consent import Word, with_prompt
from .nodes import pending_step

Status = Literal["answered", "failed", "blocked", "waiting", "cancelled"]


class Answer(BaseModel):
    """A turn's outcome; ``model_dump()`` without ``status`` and ``approval`` is the documented JSON.

    Attributes:
        status: ``answered``; ``failed`` when nothing that was asked could be done; ``blocked`` by a policy;
            ``cancelled`` by the user; or ``waiting`` for approval of the step in ``approval``.
        approval: the step that waits: ``step``, ``tool``, ``args``, ``reason``, the whole ``prompt`` it would run with,
            and its ``estimate`` (``seconds``, ``price``, ``guess``, ``text``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    thread: str
    answer: str
    blocked: bool
    verdicts: list[dict[str, Any]]
    plan: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    clips: list[dict[str, Any]]
    evidence: list[dict[str, Any]]
    status: Status = "answered"
    approval: dict[str, Any] | None = None


def waiting_of(state: Any) -> dict[str, Any] | None:
    """The first question that a turn asks, if it asks one."""
    return dict(state.interrupts[0].value) if state.interrupts else None


def resumed(waiting: dict[str, Any], word: Word, state: Any) -> Command[Any]:
    """Answer a question that a turn asks; others keep waiting.

    Raises:
        RequestInvalid: the step has no prompt to edit, or this is none.
    """
    answer: dict[str, Any] = {"key": waiting["key"], "approved": word.approved}
    if word.prompt is not None:
        asked = pending_step({"id": waiting["step"], "tool": waiting["tool"], "args": waiting["args"]})
        answer["prompt"] = with_prompt(asked, word.prompt)["prompt"]
    return Command(resume={one.id: answer for one in state.interrupts if one.value["key"] == waiting["key"]})


def status_of(values: dict[str, Any], waiting: object) -> Status:
    """How a turn ended, from its state and the question it asks, if any."""
    if waiting is not None:
        return "waiting"
    if values.get("blocked"):
        return "blocked"
    steps = values.get("steps", [])
    if any(row["status"] == "cancelled" for row in steps):
        return "cancelled"
    unplanned = not steps and bool(values.get("failures"))
    return "failed" if unplanned or any(row["status"] in ("failed", "pending") for row in steps) else "answered"
