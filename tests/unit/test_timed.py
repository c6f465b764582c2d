"""When something is to be seen: reading the question, and ranges from probabilities."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from gpt4video.agent.moments import ranges, smoothed, snapped, thing_timed
from gpt4video.tools.understanding.arguments import Evidence
from gpt4video.tools.understanding.compose import compose
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("question", "thing"),
    [
        ("when does the bicycle appear?", ("bicycle", False)),
        ("At what time is there a dog", ("dog", False)),
        ("which part shows the man on a horse?", ("man on a horse", False)),
        ("when can I see the dog in c1?", ("dog", False)),
        ("in c1, when is a dog seen", ("dog", False)),
        ("When do we first see a red car?", ("red car", False)),
        ("in which part does the boy jump into the water?", ("boy jump into the water", False)),
        ("where in the video is the bridge?", ("bridge", False)),
        ("when does she say goodbye", ("goodbye", True)),
        ("when is flight 714 mentioned?", ("flight 714", True)),
        ("when does the speaker mention flight 714?", ("flight 714", True)),
    ],
)
def test_questions_about_the_time_of_something_are_read(question: str, thing: tuple[str, bool]) -> None:
    assert thing_timed(question) == thing


@pytest.mark.parametrize(
    "question",
    ["when was this filmed?", "when does it end", "when does the video start?", "what time does the clock say?",
     "what happens when the dog runs?", "what is in the first part?", "when?", ""],
)  # fmt: skip
def test_other_questions_are_left_alone(question: str) -> None:
    assert thing_timed(question) is None


@st.composite
def probabilities(draw: st.DrawFn) -> tuple[list[float], list[float]]:
    values = draw(st.lists(st.floats(0, 1), min_size=1, max_size=40))
    steps = draw(st.lists(st.floats(0.1, 5), min_size=len(values), max_size=len(values)))
    return values, [0.0, *itertools.accumulate(steps)]


@settings(deadline=None)
@given(probabilities(), st.floats(0.01, 1))
def test_ranges_hold_what_is_sure_enough_in_order_and_apart(
    drawn: tuple[list[float], list[float]], enough: float
) -> None:
    values, edges = drawn
    found = ranges(np.array(values), edges, enough)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(found))
    assert bool(found) == (max(values) >= enough)
    for start, end in found:
        inside = [value for value, begin in zip(values, edges, strict=False) if start <= begin < end]
        assert max(inside) >= enough
        assert min(inside) >= 0.4 * max(values) * (1 - 1e-9)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_smoothing_stays_within_what_there_was(values: list[float]) -> None:
    after = smoothed(np.array(values))
    assert len(after) == len(values)
    assert min(values) - 1e-9 <= after.min()
    assert after.max() <= max(values) + 1e-9


def test_ends_near_a_cut_lie_at_the_cut_and_no_range_vanishes() -> None:
    assert snapped([(1.0, 4.5)], [0, 1.2, 4.0, 9], 0.5) == [(1.2, 4.0)]
    assert snapped([(1.0, 1.4)], [0, 1.2, 9], 0.5) == [(1.0, 1.4)]
    assert snapped([(2.0, 3.0)], [0, 9], 0.5) == [(2.0, 3.0)]


def test_the_answer_tells_the_ranges_or_never_and_what_backs_them() -> None:
    label = Evidence(clip="x", start=2, end=4, kind="label", text="mountain bike", score=0.9)
    told = Evidence(clip="x", start=2, end=5, kind="answer", text="'bicycle' is seen at 2.0-5.0 s", score=0.8)
    never = told.model_copy(update={"text": "'bicycle' is never seen", "start": 0.0})
    said = compose("when does the bicycle appear?", [told, label], "", {"x": "c1"})
    assert said == "In c1, 'bicycle' is seen at 2.0-5.0 s. c1, 2.0-4.0 s: mountain bike."
    assert (
        compose("when does the bicycle appear?", [never, label], "", {"x": "c1"}) == "In c1, 'bicycle' is never seen."
    )
