"""Conditions of a search: what cannot be meant is refused, files and origins become ids."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from gpt4video.memory.errors import FilterInvalid
from gpt4video.memory.filters import Filters, both
from gpt4video.memory.library import Clip
from hypothesis import given, settings
from hypothesis import strategies as st


def clip(name: str, *, source: str | None = None, parents: list[str] | None = None) -> Clip:
    return Clip(
        id=name, path=Path("x.mp4"), duration=1, width=2, height=2, fps=1, bytes=1, added=1,
        source=source, parents=parents or [],
    )  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [
        {"shortest": -1},
        {"longest": math.nan},
        {"shot_shortest": math.inf},
        {"shortest": 5, "longest": 4},
        {"added_after": 2, "added_before": 1},
        {"color": "red and blue"},
        {"color": ""},
        {"made_by": "$ne"},
    ],
)
def test_conditions_that_nothing_can_fulfil_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(FilterInvalid) as error:
        Filters(**values)
    assert error.value.remedy


def test_a_part_of_the_file_name_chooses_clips_capitals_or_not_and_not_by_folder() -> None:
    held = [clip("a", source="/red/Holiday 2024.MP4"), clip("b", source="C:\\film\\red.mp4"), clip("c")]
    assert Filters(source="holiday").within(held).clips == ["a"]
    assert Filters(source="RED").within(held).clips == ["b"]
    assert Filters(source="green").within(held).clips == []
    assert Filters(source="mp4", clips=["b", "z"]).within(held).clips == ["b"]
    assert Filters(clips=["z"]).within(held).clips == ["z"]


def test_descendants_are_all_that_was_made_from_a_clip_and_not_the_clip() -> None:
    held = [clip("a"), clip("b", parents=["a"]), clip("c", parents=["x", "b"]), clip("d"), clip("x")]
    assert Filters(made_from="a").within(held).clips == ["b", "c"]
    assert Filters(made_from="c").within(held).clips == []


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefgh"), max_size=3)))
def test_any_lineage_ends_even_one_that_meets_itself(parents: dict[str, list[str]]) -> None:
    held = [clip(name, parents=made_from) for name, made_from in parents.items()]
    found = set(Filters(made_from="a").within(held).clips or ())
    assert "a" not in found
    for one in held:
        if one.id != "a" and set(one.parents) & (found | {"a"}):
            assert one.id in found


limits = st.one_of(st.none(), st.floats(0, 1e6))


@settings(deadline=None)
@given(limits, limits, st.sampled_from([None, True, False]), st.sampled_from([None, "red"]))
def test_each_condition_that_is_given_and_no_other_becomes_part_of_the_stores_filter(
    low: float | None, high: float | None, speech: bool | None, color: str | None
) -> None:
    if low is not None and high is not None and low > high:
        low, high = high, low
    filters = Filters(shortest=low, added_before=high, has_speech=speech, color=color)
    given_ = [value for value in (low, high, speech, color) if value is not None]
    condition = filters.condition()
    assert filters.narrow == bool(given_)
    if condition is None:
        assert not given_
    else:
        assert len(condition.get("$and", [condition])) == len(given_)


def test_two_sets_of_conditions_join_and_the_first_wins() -> None:
    joined = both(Filters(shortest=2, clips=["a", "b"]), Filters(shortest=5, longest=9, clips=["b", "c"]))
    assert (joined.shortest, joined.longest, joined.clips) == (2, 9, ["b"])
    assert both(Filters(clips=["a"]), Filters(clips=["b"])).clips == []
    assert both(Filters(), Filters(color="red")) == Filters(color="red")


def test_joined_conditions_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(FilterInvalid):
        both(Filters(longest=1), Filters(shortest=5))
