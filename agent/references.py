"""Clip references of plans (``c2``, ``c2@1-2``, ``$1``, ``$1[0]``, a library id) resolved to files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..memory.errors import LibraryError
from ..tools.base import Source
from ..tools.errors import BadArguments
from .state import ClipRow, StepRow

if TYPE_CHECKING:
    from .components import Components

_STEP = re.compile(r"\$(?P<step>\d+)(?:\[(?P<index>-?\d+)\])?")
_SPAN = re.compile(r"(?P<clip>[^@]+)@(?P<start>\d+(?:\.\d+)?)-(?P<end>\d+(?:\.\d+)?)")


class Resolver:
    """Resolves references against a conversation's clips, the turn's steps and the user's library."""

    def __init__(self, parts: Components, clips: list[ClipRow], steps: list[StepRow], user: str) -> None:
        self._parts = parts
        self._clips = {row["name"]: row for row in clips}
        self._steps = {row["id"]: row for row in steps}
        self._user = user

    def sources(self, ref: str) -> list[Source]:
        """The clips or spans that a reference names, as files in the library.

        Raises:
            BadArguments: no such clip or step, or a span outside its clip.
        """
        if match := _STEP.fullmatch(ref):
            return [self._source(row) for row in self._step_rows(ref, match["step"], match["index"])]
        if match := _SPAN.fullmatch(ref):
            return [self._span(self._named(match["clip"]), float(match["start"]), float(match["end"]))]
        return [self._source(self._named(ref))]

    def _step_rows(self, ref: str, step: str, index: str | None) -> list[ClipRow]:
        if step not in self._steps:
            raise BadArguments(f"{ref} names no step of this plan.", "Refer to an earlier step.")
        rows = self._steps[step]["outputs"]
        if not rows:
            raise BadArguments(f"Step {step} gave no clip.", "Name a clip, or search with other words.")
        if index is None:
            # A search ranks its hits: a later step means the best one unless it asks for another.
            return rows[:1] if self._steps[step]["tool"] == "search_memory" else rows
        try:
            return [rows[int(index)]]
        except IndexError:
            raise BadArguments(f"{ref}: step {step} gave {len(rows)} clips.", "Use a smaller index.") from None

    def _named(self, name: str) -> ClipRow:
        if name in self._clips:
            return self._clips[name]
        try:
            clip = self._parts.library.get(name, user=self._user)
            return {"name": name, "id": clip.id, "about": "", "duration": clip.duration, "start": 0.0, "end": None}
        except LibraryError:
            pass  # the message below names what the conversation knows
        known = ", ".join(self._clips) or "none yet"
        raise BadArguments(f"There is no clip {name}.", f"The conversation's clips: {known}.")

    def _span(self, row: ClipRow, start: float, end: float) -> Source:
        length = row["duration"]
        if not start < end <= length + 0.05:
            raise BadArguments(
                f"{start:g}-{end:g} s is no span of {row['name']}, which is {length:g} s long.",
                "Give a span inside the clip.",
            )
        inner: ClipRow = {**row, "start": row["start"] + start, "end": row["start"] + min(end, length)}
        return self._source(inner)

    def _source(self, row: ClipRow) -> Source:
        clip = self._parts.library.get(row["id"], user=self._user)
        shown = self._parts.intake.shown(clip.id, row["start"], row["end"], user=self._user)
        return Source(
            clip=clip.id,
            path=clip.path,
            start=row["start"],
            end=row["end"],
            title=clip.title,
            description=shown.description,
            colors=shown.colors,
            written=shown.written,
        )
