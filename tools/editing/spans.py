"""Span arithmetic: moments of a clip in seconds and in frames. Pure, so the plan validator uses it too."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final

from ..errors import BadArguments
from .operations import TimePoint

DEFAULT_FRAME: Final = 1 / 25
TOLERANCE: Final = 0.05  # seconds; people and plans round a clip's length


def resolve_span(
    start: TimePoint, end: TimePoint, duration: float, *, frame: float = DEFAULT_FRAME
) -> tuple[float, float]:
    """Find where a span lies in a clip of ``duration`` seconds.

    Moments up to half a ``frame`` or ``TOLERANCE`` (seconds) outside the clip count as its ends. Raises
    ``BadArguments`` with the clip's real length when the span is reversed, empty or out of range.
    """
    low, high = start.seconds(duration), end.seconds(duration)
    slack = max(frame / 2, TOLERANCE) + 1e-6
    if not (math.isfinite(low) and math.isfinite(high)):
        raise BadArguments("The span's times are no numbers.", "Give times in seconds.")
    if low < -slack or high < -slack:
        raise BadArguments(
            f"The span {_span(low, high)} begins before the clip, which is {duration:.2f} s long.",
            f"Choose times between 0 and {duration:.2f} s.",
        )
    if low > duration + slack or high > duration + slack:
        raise BadArguments(
            f"The span {_span(low, high)} reaches beyond the clip, which is {duration:.2f} s long.",
            f"Choose times between 0 and {duration:.2f} s.",
        )
    low, high = min(max(low, 0.0), duration), min(max(high, 0.0), duration)
    if low > high:
        raise BadArguments(
            f"The span {_span(low, high)} ends before it begins; the clip is {duration:.2f} s long.",
            f"Give {_span(high, low)} instead, or ask for the clip to be reversed.",
        )
    if high == low:
        raise BadArguments(
            f"The span {_span(low, high)} is empty; the clip is {duration:.2f} s long.",
            "Choose an end later than the start.",
        )
    return low, high


def resolve_moment(at: TimePoint, duration: float, *, frame: float = DEFAULT_FRAME) -> float:
    """Find a moment of a clip of ``duration`` seconds; raises ``BadArguments`` when it lies outside."""
    time = at.seconds(duration)
    slack = max(frame / 2, TOLERANCE) + 1e-6
    if not math.isfinite(time) or not -slack <= time <= duration + slack:
        raise BadArguments(
            f"There is nothing at {time:.2f} s; the clip is {duration:.2f} s long.",
            f"Choose a time between 0 and {duration:.2f} s.",
        )
    return min(max(time, 0.0), duration)


def frame_span(start: TimePoint, end: TimePoint, frames: int, rate: Fraction) -> tuple[int, int]:
    """Find the frames of a span, first and one past the last, in a clip of ``frames`` frames at ``rate`` a second.

    Each end goes to the nearest frame boundary. Raises ``BadArguments`` as :func:`resolve_span`, and
    when the span is shorter than half a frame.
    """
    low, high = resolve_span(start, end, float(frames / rate), frame=float(1 / rate))
    first, past = nearest_frame(low, rate), min(frames, nearest_frame(high, rate))
    if past <= first:
        raise BadArguments(
            f"The span {_span(low, high)} holds no frame; a frame lasts {float(1 / rate):.3f} s.",
            "Choose a longer span.",
        )
    return first, past


def frame_at(at: TimePoint, frames: int, rate: Fraction) -> int:
    """Find the frame that is shown at a moment. Raises ``BadArguments`` as :func:`resolve_moment`."""
    time = resolve_moment(at, float(frames / rate), frame=float(1 / rate))
    return min(frames - 1, math.floor(time * rate + 1e-3))


def nearest_frame(seconds: float, rate: Fraction) -> int:
    """Find the frame boundary nearest to a time."""
    return math.floor(seconds * float(rate) + 0.5)


def _span(low: float, high: float) -> str:
    return f"{low:.2f}-{high:.2f} s"
