"""Shots that fit become moments: joined where they go on, apart where they do not, nothing lost and nothing made up."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from gpt4video.memory.fusion import Candidate, Weights
from gpt4video.memory.merging import ranked
from gpt4video.memory.moments import Moment, Reason
from gpt4video.memory.projection import Calibration
from hypothesis import given, settings
from hypothesis import strategies as st

Shots = list[tuple[str, float, float, float, int]]


def candidates(shots: Shots) -> list[Candidate]:
    """(clip, start, end, probability, which of four looks)."""
    made = [
        Candidate(f"{clip}{start}", Moment(clip, start, end, 0.0, ""), "", np.eye(4, dtype=np.float32)[look])
        for clip, start, end, _, look in shots
    ]
    for one, (*_, fits, _) in zip(made, shots, strict=True):
        one.see(Reason("picture", "", fits))
    return made


@st.composite
def some_shots(draw: st.DrawFn) -> Shots:
    shots: Shots = []
    for clip in draw(st.sets(st.sampled_from("ab"), min_size=1)):
        edges = sorted(draw(st.sets(st.integers(0, 60), min_size=2, max_size=12)))
        for start, end in itertools.pairwise(edges):
            if draw(st.booleans()):
                shots.append((clip, start / 2, end / 2, draw(st.floats(0.3, 1)), draw(st.integers(0, 3))))
    return draw(st.permutations(shots))


@settings(deadline=None)
@given(some_shots())
def test_every_shot_is_in_one_moment_and_the_best_lends_its_score(shots: Shots) -> None:
    moments = ranked(candidates(shots), worded=True)
    assert [one.score for one in moments] == sorted((one.score for one in moments), reverse=True)
    for moment in moments:
        inside = [s for s in shots if s[0] == moment.clip and s[1] >= moment.start and s[2] <= moment.end]
        assert moment.score == pytest.approx(max(fits for *_, fits, _ in inside), abs=1e-4)
        assert (moment.start, moment.end) == (min(s[1] for s in inside), max(s[2] for s in inside))
    for clip, start, end, *_ in shots:
        assert sum(one.clip == clip and one.start <= start and end <= one.end for one in moments) == 1


@settings(deadline=None)
@given(some_shots())
def test_the_order_in_which_shots_come_changes_nothing(shots: Shots) -> None:
    assert ranked(candidates(shots), worded=True) == ranked(candidates(shots[::-1]), worded=True)


def test_a_gap_or_another_weaker_look_ends_a_moment() -> None:
    shots: Shots = [("a", 0, 2, 0.9, 0), ("a", 2.2, 4, 0.4, 0), ("a", 4, 6, 0.5, 1), ("a", 7, 8, 0.9, 1)]
    assert [(one.start, one.end) for one in ranked(candidates(shots), worded=True)] == [(0, 4), (7, 8), (4, 6)]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["picture", "caption", "text", "speech"]), st.floats(0, 1)), st.floats(0, 1))
def test_more_evidence_never_makes_less_probable_and_both_sides_bound_the_score(
    words: dict[str, float], like: float
) -> None:
    one = Candidate("x", Moment("a", 0, 1, 0, ""))
    before = 0.0
    for kind, fits in words.items():
        one.see(Reason(kind, "", fits))  # type: ignore[arg-type]
        assert one.score(worded=True) >= before - 1e-12
        before = one.score(worded=True)
    one.likes.append(Reason("likeness", "", like))
    assert min(before, like) - 1e-9 <= one.score(worded=True) <= max(before, like) + 1e-9


def test_a_single_word_needs_less_likeness_and_captions_of_ours_are_half_believed() -> None:
    weights = Weights(Calibration(14, -4.5, 12, -6, 12, -5))
    assert weights.picture(0.25, words=1).score > weights.picture(0.25, words=3).score
    line = {"line": "a dog", "clip": "x"}
    read = weights.line({**line, "kind": "text"}, 0.9, 0.0).score
    assert weights.line({**line, "kind": "caption"}, 0.9, 0.0).score == pytest.approx(read / 2, abs=1e-3)
    assert weights.line({**line, "kind": "text"}, 0.4, 0.0).score == 0
    assert weights.line({**line, "kind": "text"}, 0.0, 1.0).score > 0.9
