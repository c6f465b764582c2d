"""Conditions among the words of a search: sure phrases become filters, everything else stays what is looked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from gpt4video.agent.query_words import read_filters
from gpt4video.memory.filters import Filters
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = datetime(2026, 5, 20, 15, 30)
TODAY = datetime(2026, 5, 20)


def told(query: str) -> tuple[str, dict[str, Any]]:
    rest, filters = read_filters(query, NOW.timestamp())
    return rest, {key: value for key, value in vars(filters).items() if value is not None}


@pytest.mark.parametrize(
    ("query", "rest", "conditions"),
    [
        ("clips longer than ten seconds with a dog", "a dog", {"shortest": 10}),
        ("a dog in clips shorter than 2 minutes", "a dog", {"longest": 120}),
        ("a dog in videos under half a minute", "a dog", {"longest": 30}),
        ("dog in clips longer than 1 s and shorter than five minutes", "dog", {"shortest": 1, "longest": 300}),
        ("shots longer than 5 s of a beach", "a beach", {"shot_shortest": 5}),
        ("all clips that are longer than 1 hour", "", {"shortest": 3600}),
        ("a man in the uploaded clips", "a man", {"made_by": "upload"}),
        ("a man in the uploaded ones", "a man", {"made_by": "upload"}),
        ("a beach, in the generated clips", "a beach", {"made_by": "generate"}),
        ("people with speech", "people", {"has_speech": True}),
        ("clips without speech", "", {"has_speech": False}),
        ("something red", "", {"color": "red"}),
        ("gray", "", {"color": "grey"}),
    ],
)
def test_sure_phrases_become_conditions(query: str, rest: str, conditions: dict[str, Any]) -> None:
    assert told(query) == (rest, conditions)


@pytest.mark.parametrize(
    "query",
    [
        "a red car", "a dog jumps over 2 meters", "yesterday's newspaper", "closed today", "the longest clip",
        "a man longer than the others", 'a sign that says "clips longer than ten seconds"', "a speech", "",
        "clips longer than 10 s and shorter than 5 s with a dog", "a clip taken in on 2026-13-45",
    ],
)  # fmt: skip
def test_everything_else_stays_what_is_looked_for(query: str) -> None:
    assert told(query) == (query, {})


@pytest.mark.parametrize(
    ("query", "rest", "after", "before"),
    [
        ("a bicycle from yesterday", "a bicycle", -1, 0),
        ("clips from today", "", 0, 1),
        ("a dog in clips I uploaded yesterday", "a dog", -1, 0),
        ("the woman from the last week", "the woman", -7, None),
        ("a boat, added since 2026-05-18", "a boat", -2, None),
        ("a boat, added after 2026-05-18", "a boat", -1, None),
        ("a boat, added before 2026-05-18", "a boat", None, -2),
        ("a boat, added on 2026-05-18", "a boat", -2, -1),
    ],
)
def test_days_are_those_of_the_persons_clock(query: str, rest: str, after: int | None, before: int | None) -> None:
    days = {"added_after": after, "added_before": before}
    wanted = {key: (TODAY + timedelta(days=day)).timestamp() for key, day in days.items() if day is not None}
    assert told(query) == (rest, wanted)


@settings(deadline=None)
@given(st.integers(1, 500), st.sampled_from(["seconds", "s", "minutes", "min"]), st.sampled_from(["a dog", "two men"]))
def test_any_length_is_read_and_the_words_are_kept(amount: int, unit: str, words: str) -> None:
    seconds = amount * (60 if unit.startswith("m") else 1)
    assert told(f"{words} in clips longer than {amount} {unit}") == (words, {"shortest": seconds})


@settings(deadline=None)
@given(st.text(max_size=120))
def test_any_query_is_read_and_nothing_is_added_to_it(query: str) -> None:
    rest, filters = read_filters(query, NOW.timestamp())
    assert set(rest.split()) <= set(query.split()) or filters.narrow
    assert rest == query or filters != Filters()
