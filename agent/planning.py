"""Planning without running: what ``gpt4video plan`` shows."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .nodes import HISTORY
from .planner.base import ClipEntry, Failure, PlanContext
from .planner.plan import Plan
from .planner.validate import validate
from .routing import MAX_ATTEMPTS
from .turns import check_request

if TYPE_CHECKING:
    from .components import Components

UNKNOWN_LENGTH = 3600.0
"""Seconds assumed for a clip that is only named: long enough that no sensible span lies outside it."""


def plan_only(parts: Components, request: str, clips: Sequence[Any], history: Sequence[str] = ()) -> dict[str, Any]:
    """``{"blocked", "plan", "say", "seconds"}`` for a request, judged as in a turn; nothing is run.

    Args:
        parts: the components.
        request: what the user says.
        clips: what the request may refer to, in order: files or library ids (taken in), mere names, or objects
            ``{"name", "about", "duration"}`` of which each key may be left out.
        history: the user's earlier messages, oldest first.
    """
    check_request(request)
    started = time.monotonic()
    verdicts = parts.judge("input", text=request, history=list(history)[-HISTORY:])
    blocks = [verdict["reason"] for verdict in verdicts if verdict["action"] == "block"]
    if blocks:
        return {"blocked": True, "plan": [], "say": blocks[0], "seconds": round(time.monotonic() - started, 4)}
    entries = [_entry(parts, clip, index) for index, clip in enumerate(clips, 1)]
    plan, problems = plan_checked(parts, request, entries, history)
    row = plan.model_dump(mode="json", exclude_none=True)
    return {
        "blocked": False,
        "plan": [] if problems else row["steps"],
        "say": " ".join(problems) or plan.say,
        "seconds": round(time.monotonic() - started, 4),
    }


def plan_checked(
    parts: Components, request: str, clips: Sequence[ClipEntry], history: Sequence[str] = ()
) -> tuple[Plan, list[str]]:
    """Plan, and plan again with what was wrong; returns the last plan and what is still wrong with it."""
    failures: list[Failure] = []
    plan = Plan()
    for _ in range(MAX_ATTEMPTS):
        context = PlanContext(request=request, history=list(history), clips=list(clips), failures=failures)
        plan = parts.planner.plan(context)
        failures = [
            Failure(step=problem.step, code=problem.code, message=f"{problem.message} {problem.remedy}")
            for problem in validate(plan, clips)
        ]
        if not failures:
            break
    return plan, [failure.message for failure in failures]


def _entry(parts: Components, clip: Any, index: int) -> ClipEntry:
    if isinstance(clip, dict):
        known = {key: clip[key] for key in ("name", "about", "duration") if key in clip}
        return ClipEntry.model_validate({"name": f"c{index}", "duration": UNKNOWN_LENGTH, **known})
    text = str(clip)
    user = parts.settings.user
    if re.fullmatch(r"[0-9a-f]{16}", text) or Path(text).is_file():
        held = parts.library.get(parts.intake.resolve(text, user=user), user=user)
        return ClipEntry(name=f"c{index}", about=held.operation, duration=held.duration)
    name = text if re.fullmatch(r"c[1-9]\d?", text) else f"c{index}"
    return ClipEntry(name=name, duration=UNKNOWN_LENGTH)
