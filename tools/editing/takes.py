"""Clips as an edit begins with them, and which of their frames are left when an edit only leaves frames out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ..base import Source
from ..errors import BadArguments
from ..media.limits import MediaLimits
from ..media.probe import MediaInfo, probe
from ..media.write import frame_rate
from .operations import Audio, Concat, Cut, Extract, Operation, TimePoint, Trim
from .spans import frame_at, frame_span, nearest_frame


@dataclass(frozen=True)
class Stretch:
    """Frames ``first`` to ``past`` (exclusive) of a probed file."""

    info: MediaInfo
    first: int
    past: int

    @property
    def rate(self) -> Fraction:
        """Frames a second."""
        return frame_rate(self.info.grid)

    @property
    def frames(self) -> int:
        """How many frames."""
        return self.past - self.first


@dataclass(frozen=True)
class Take(Stretch):
    """A clip, by its id, as an edit begins with it."""

    clip: str

    def part(self, first: int, past: int) -> Take:
        """Frames of the take, counted from its first."""
        return replace(self, first=self.first + first, past=self.first + past)


def take_of(source: Source, limits: MediaLimits) -> Take:
    """Look at a source's file. Raises ``BadArguments`` (no video, or no such span) and what ``probe`` raises."""
    info = probe(source.path, limits)
    if info.still:
        raise BadArguments("A picture cannot be edited as a video.", "Name a video clip.")
    take = Take(info, 0, max(1, nearest_frame(info.duration, frame_rate(info.grid))), source.clip)
    if source.start == 0 and source.end is None:
        return take
    end = TimePoint(fraction=1.0) if source.end is None else TimePoint(offset=source.end)
    return take.part(*frame_span(TimePoint(offset=source.start), end, take.frames, take.rate))


def lead(take: Take, operations: Sequence[Operation]) -> tuple[Take, list[Operation]]:
    """Let leading trims choose what is read at all, so that far into a long file nothing else is decoded."""
    rest = list(operations)
    while rest and isinstance(trim := rest[0], Trim):
        del rest[0]
        take = take.part(*frame_span(trim.start, trim.end, take.frames, take.rate))
    if rest and isinstance(rest[0], Extract) and rest[0].what in ("frame", "thumbnail"):
        frame = frame_at(rest[0].at, take.frames, take.rate)
        take = take.part(frame, frame + 1)
        rest[0] = rest[0].model_copy(update={"at": TimePoint()})
    return take, rest


def left(takes: Sequence[Take], operations: Sequence[Operation]) -> list[Take] | None:
    """What is shown after operations that leave frames out, join and change the sound; None after any other.

    Raises ``BadArguments`` for a span outside.
    """
    if len({take.rate for take in takes}) > 1:
        return None
    at = next((n for n, operation in enumerate(operations) if isinstance(operation, Concat)), len(operations))
    parts: list[Take] | None = []
    for take in takes:
        each = _kept([take], operations[:at])
        parts = None if parts is None or each is None else [*parts, *each]
    joined = operations[at] if at < len(operations) else None
    if parts is None or (isinstance(joined, Concat) and joined.crossfade):
        return None
    return _kept(parts, operations[at + 1 :])


def _kept(parts: Sequence[Take], operations: Sequence[Operation]) -> list[Take] | None:
    for operation in operations:
        if isinstance(operation, Trim | Cut):
            total = sum(part.frames for part in parts)
            first, past = frame_span(operation.start, operation.end, total, parts[0].rate)
            if isinstance(operation, Trim):
                parts = _between(parts, first, past)
            else:
                parts = [*_between(parts, 0, first), *_between(parts, past, total)]
        elif not isinstance(operation, Audio):
            return None
    return list(parts)


def _between(parts: Sequence[Take], first: int, past: int) -> list[Take]:
    inside, place = list[Take](), 0
    for part in parts:
        low, high = max(first - place, 0), min(past - place, part.frames)
        if low < high:
            inside.append(part.part(low, high))
        place += part.frames
    return inside
