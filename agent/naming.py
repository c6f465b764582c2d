"""What clips are called in a conversation, and which steps can no longer run."""

from __future__ import annotations

from collections.abc import Sequence

from .routing import WRITES, dependencies
from .state import AgentState, ClipRow, StepRow, StepStatus


def whole(clip: str, about: str, duration: float) -> ClipRow:
    """A row for a whole clip of the library, ``duration`` seconds long, that has no name yet."""
    return {"name": "", "id": clip, "about": about, "duration": round(duration, 3), "start": 0.0, "end": None}


def visible(state: AgentState, undone: Sequence[Sequence[str]] | None = None) -> list[ClipRow]:
    """The conversation's clips without those that were taken back."""
    groups = [*(state.get("undone", []) if undone is None else undone), state.get("dropped", [])]
    hidden = {name for group in groups for name in group}
    return [row for row in state.get("clips", []) if row["name"] not in hidden]


def newest(state: AgentState, undone: Sequence[Sequence[str]] | None = None) -> ClipRow | None:
    """The clip that "it" is: the newest that stands, or the best hit where that is a hit of the last search."""
    rows, found = visible(state, undone), state.get("found", [])
    if rows and rows[-1]["name"] in found:
        return next(row for name in found for row in rows if row["name"] == name)
    return rows[-1] if rows else None


def name_clip(clips: list[ClipRow], row: ClipRow) -> ClipRow:
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


def set_aside(rows: list[StepRow]) -> list[StepRow]:
    """Pending steps that will never run: one they need did not end well, or the turn was stopped."""
    if any(row["status"] == "cancelled" for row in rows):
        return [_unrun(row, "cancelled", "not run, because the turn was stopped") for row in _pending(rows)]
    beside = {row["id"] for row in rows if row["status"] == "background"}
    lost = {row["id"] for row in rows if row["status"] not in ("pending", "done", "background")}
    skipped: list[StepRow] = []
    for row in _pending(rows):
        if dependencies(row) & lost:
            skipped.append(_unrun(row, "skipped", "not run, because a step it needs did not succeed"))
        elif dependencies(row) & beside and row["tool"] not in WRITES:
            skipped.append(
                _unrun(row, "skipped", "not run, because it needs what a background job makes; ask again then")
            )
        else:
            continue
        lost.add(row["id"])
    return skipped


def _pending(rows: list[StepRow]) -> list[StepRow]:
    return [row for row in rows if row["status"] == "pending"]


def _unrun(row: StepRow, status: StepStatus, summary: str) -> StepRow:
    return {**row, "status": status, "summary": summary}
