"""Which of two things comes first: reading the question, and parting the frames."""

from __future__ import annotations

import numpy as np
import pytest
from gpt4video.agent.ordering import parted, things_ordered
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("question", "things"),
    [
        ("Which comes first, the dog or the red car?", ("dog", "red car")),
        ("In c1, what is seen first: a boat or some snow", ("boat", "snow")),
        ("does the man or the horse appear last?", ("man", "horse")),
        ("is it the man or the horse that comes first?", ("man", "horse")),
        ("Do the kids come after the boat?", ("kids", "boat")),
        ("Is the dog in the clip shown before the tree?", ("dog", "tree")),
    ],
)
def test_questions_about_the_order_of_two_things_are_read(question: str, things: tuple[str, str]) -> None:
    assert things_ordered(question) == things


@pytest.mark.parametrize(
    "question", ["What happens first?", "Which is longer, c1 or c2?", "is there a dog or a cat?", "", "first, or last?"]
)
def test_other_questions_are_left_alone(question: str) -> None:
    assert things_ordered(question) is None


@given(st.integers(2, 24).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n - 1))), st.booleans())
def test_the_cut_lies_where_one_thing_gives_way_to_the_other(place: tuple[int, int], swapped: bool) -> None:
    count, cut = place
    likeness = np.full((count, 2), 0.1, np.float32)
    likeness[:cut, int(swapped)] += 0.3
    likeness[cut:, 1 - int(swapped)] += 0.3
    found, gap = parted(likeness)
    assert found == cut
    assert gap == pytest.approx(-0.6 if swapped else 0.6, abs=1e-5)


def test_frames_that_are_alike_part_by_nothing() -> None:
    assert parted(np.full((8, 2), 0.2, np.float32))[1] == 0
