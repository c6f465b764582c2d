"""Span arithmetic: whatever is asked, the span lies in the clip or the error says how long the clip is."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import pytest
from gpt4video.tools.editing.operations import TimePoint
from gpt4video.tools.editing.spans import frame_at, frame_span, resolve_moment, resolve_span
from gpt4video.tools.errors import BadArguments
from hypothesis import given
from hypothesis import strategies as st

RATES = [Fraction(10), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(60), Fraction(1, 2)]

durations = st.floats(0.05, 20000)
points = st.builds(TimePoint, fraction=st.floats(0, 1), offset=st.floats(-100, 100))
rates = st.sampled_from(RATES)


def at(seconds: float) -> TimePoint:
    return TimePoint(offset=seconds)


END = TimePoint(fraction=1.0)


@given(points, points, durations)
def test_a_span_lies_in_the_clip_or_the_error_names_its_length(
    start: TimePoint, end: TimePoint, duration: float
) -> None:
    wanted = [min(max(point.seconds(duration), 0.0), duration) for point in (start, end)]
    inside = all(-0.050001 <= point.seconds(duration) <= duration + 0.050001 for point in (start, end))
    if inside and wanted[0] < wanted[1]:
        assert list(resolve_span(start, end, duration)) == pytest.approx(wanted)
    else:
        with pytest.raises(BadArguments, match=re.escape(f"{duration:.2f} s")):
            resolve_span(start, end, duration)


@given(st.floats(0.1, 1000), st.floats(0, 1), st.floats(0, 1))
def test_every_span_inside_is_taken_as_it_is(duration: float, one: float, other: float) -> None:
    low, high = sorted((one * duration, other * duration))
    if high - low < 1e-6:
        return
    assert resolve_span(at(low), at(high), duration) == pytest.approx((low, high))


def test_seconds_from_the_end_and_parts_of_the_clip() -> None:
    assert resolve_span(TimePoint(fraction=1, offset=-2), END, 10.0) == (8.0, 10.0)
    assert resolve_span(TimePoint(fraction=0.25), TimePoint(fraction=0.75), 10.0) == (2.5, 7.5)
    assert resolve_span(TimePoint(), END, 10.0) == (0.0, 10.0)


def test_half_a_frame_or_a_rounding_beyond_the_end_is_the_end() -> None:
    assert resolve_span(at(1), at(10.049), 10.0) == (1.0, 10.0)
    assert resolve_span(at(1), at(10.24), 10.0, frame=0.5) == (1.0, 10.0)
    for end, frame in ((10.06, 0.04), (10.26, 0.5)):
        with pytest.raises(BadArguments, match=r"10\.00 s long"):
            resolve_span(at(1), at(end), 10.0, frame=frame)


@pytest.mark.parametrize(
    ("start", "end", "fault"),
    [
        (at(3), at(1), "ends before it begins"),
        (at(3), at(3), "empty"),
        (at(5), at(12), "beyond"),
        (at(12), at(15), "beyond"),
        (at(-3), at(2), "before the clip"),
        (TimePoint(fraction=1, offset=-20), END, "before the clip"),
    ],
)
def test_impossible_spans_say_what_is_wrong(start: TimePoint, end: TimePoint, fault: str) -> None:
    with pytest.raises(BadArguments, match=fault) as caught:
        resolve_span(start, end, 10.0)
    assert "10.00 s" in caught.value.message


@given(st.integers(1, 5000), rates, st.data())
def test_frame_boundaries_select_exactly_their_frames(frames: int, rate: Fraction, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, frames - 1))
    past = data.draw(st.integers(first + 1, frames))
    assert frame_span(at(float(first / rate)), at(float(past / rate)), frames, rate) == (first, past)


@given(st.integers(1, 5000), rates, st.floats(0, 1), st.floats(0, 1))
def test_spans_in_frames_are_right_to_within_a_frame(frames: int, rate: Fraction, one: float, other: float) -> None:
    duration = float(frames / rate)
    low, high = sorted((one * duration, other * duration))
    try:
        first, past = frame_span(at(low), at(high), frames, rate)
    except BadArguments:
        assert high - low <= float(1 / rate) + 1e-9
    else:
        assert 0 <= first < past <= frames
        assert math.isclose((past - first) / rate, high - low, abs_tol=float(1 / rate) + 1e-6)


@given(st.integers(1, 5000), rates, st.data())
def test_a_moment_is_the_frame_on_screen(frames: int, rate: Fraction, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, frames - 1))
    part = data.draw(st.floats(0, 0.99))
    assert frame_at(at(float((n + part) / rate)), frames, rate) == n
    assert frame_at(END, frames, rate) == frames - 1


def test_a_moment_outside_is_refused() -> None:
    for time in (-1.0, 11.0):
        with pytest.raises(BadArguments, match=r"10\.00 s long"):
            resolve_moment(at(time), 10.0)
    assert resolve_moment(at(10.01), 10.0) == 10.0
