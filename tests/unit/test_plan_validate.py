"""Whole-plan validation: every fault is found before anything runs."""

from __future__ import annotations

import pytest
from gpt4video.agent.planner.base import ClipEntry
from gpt4video.agent.planner.plan import EditStep, Plan
from gpt4video.agent.planner.syntax import parse
from gpt4video.agent.planner.validate import validate
from gpt4video.tools.editing.operations import EditArguments, Reverse

CLIPS = [ClipEntry(name="c1", duration=6.0), ClipEntry(name="c2", about="trim of c1", duration=2.0)]


def codes(surface: str) -> list[tuple[str, str]]:
    return [(problem.step, problem.code) for problem in validate(parse(surface), CLIPS)]


@pytest.mark.parametrize(
    "sound",
    [
        "look c1: what happens",
        "find: bicycle ; edit $1[0] trim 0 1 ; gen like $2: at night",
        "edit c1 trim 2 end | speed 2 | gif 0 2",
        "edit c1 c2 concat | trim 0 8",
        "edit c1 c2 c1 concat 1 | trim 0 12",
        "edit c1 c2 concat 1 | trim 5 end ; edit $1 trim 0 2",
        "find 5: dogs ; edit $1 concat 5",
        "find 5: dogs ; edit $1 concat",
        "edit c1 trim 0 50% ; edit c1 trim 50% end ; edit $1 $2 concat",
        "edit c1@2-4 trim 0 2",
        "edit 0123456789abcdef trim 0 900",
        "gen 4s: a cat ; edit $1 trim 0 4",
        "edit c1 audio replace c2",
        "edit c1 trim 0 6.04",
        "say greet",
    ],
)
def test_sound_plans_have_no_problems(sound: str) -> None:
    assert codes(sound) == []


@pytest.mark.parametrize(
    ("surface", "expected"),
    [
        ("edit c9 reverse", [("1", "unknown_clip")]),
        ("edit c1 audio replace c9", [("1", "unknown_clip")]),
        ("find like c7", [("1", "unknown_clip")]),
        ("edit $2 reverse ; edit c1 reverse", [("1", "forward_reference")]),
        ("edit $1 reverse", [("1", "self_reference")]),
        ("edit $4 reverse", [("1", "unknown_step")]),
        ("edit $2 reverse ; edit $1 reverse", [("1", "cycle")]),
        ("edit c1 trim 4 2", [("1", "reversed_span")]),
        ("edit c1 trim 2 20", [("1", "out_of_range")]),
        ("edit c1 trim -9 end", [("1", "out_of_range")]),
        ("edit c1@4-9 reverse", [("1", "out_of_range")]),
        ("edit c1@4-2 reverse", [("1", "reversed_span")]),
        ("edit c1 trim 0 2 ; edit $1 trim 1 3", [("2", "out_of_range")]),
        ("edit c1 speed 2 | trim 0 4", [("1", "out_of_range")]),
        ("edit c1 c2 concat | trim 0 9", [("1", "out_of_range")]),
        ("edit c1 c2 concat 1 | trim 0 7.5", [("1", "out_of_range")]),
        ("edit c1 c2 c1 concat 1 ; edit $1 trim 0 13", [("2", "out_of_range")]),
        ("edit c1 c2 concat 3", [("1", "out_of_range")]),
        ("edit c1 c2 c1 concat 1.5", [("1", "out_of_range")]),
        ("edit c1 cut 0 2 | trim 0 5", [("1", "out_of_range")]),
        ("gen 2s: a cat ; edit $1 trim 0 3", [("2", "out_of_range")]),
        ("edit c1 text top 3 9: hi", [("1", "out_of_range")]),
        ("edit c1 gif 5 4", [("1", "reversed_span")]),
        ("edit c1 frame 7", [("1", "out_of_range")]),
        ("edit c2 fade 2 2", [("1", "out_of_range")]),
        ("edit c1 cut 0 6", [("1", "nothing_left")]),
        ("edit c1 trim 0 end", [("1", "missing_argument")]),
        ("edit c1 color brightness 1", [("1", "missing_argument")]),
        ("edit c1 audio volume 1", [("1", "missing_argument")]),
        ("edit c1 concat", [("1", "concat_one_clip")]),
        ("find 1: dog ; edit $1 concat", [("2", "concat_one_clip")]),
        ("look c1 ; edit $1 reverse", [("2", "no_clips")]),
        ("edit c1 frame 2 ; edit $1[0] reverse", [("2", "no_clips")]),
        ("edit c1 reverse ; edit $1[1] reverse", [("2", "index_out_of_range")]),
        ("find 2: dogs ; edit $1[2] reverse", [("2", "index_out_of_range")]),
        ("edit c1 c2 reverse ; edit $1[-3] reverse", [("2", "index_out_of_range")]),
        ("edit c9 trim 4 2 ; edit $7 reverse", [("1", "unknown_clip"), ("1", "reversed_span"), ("2", "unknown_step")]),
    ],
)
def test_each_fault_is_found_and_named(surface: str, expected: list[tuple[str, str]]) -> None:
    assert codes(surface) == expected


def test_a_problem_states_the_fault_and_the_remedy() -> None:
    (problem,) = validate(parse("edit c1 trim 2 20"), CLIPS)
    assert problem.message == "c1 is 6 s long; 20 s lies beyond its end."
    assert problem.remedy


def test_an_empty_plan_is_a_problem() -> None:
    assert [problem.code for problem in validate(Plan(), CLIPS)] == ["empty_plan"]


def test_steps_must_be_numbered_in_order() -> None:
    step = EditStep(id="2", args=EditArguments(clips=["c1"], operations=[Reverse()]))
    assert [problem.code for problem in validate(Plan(steps=[step]), CLIPS)] == ["step_numbering"]


def test_a_reference_of_no_known_kind_is_a_problem() -> None:
    step = EditStep(id="1", args=EditArguments(clips=["../x"], operations=[Reverse()]))
    assert [problem.code for problem in validate(Plan(steps=[step]), CLIPS)] == ["bad_reference"]


def test_an_unknown_clip_names_the_known_ones() -> None:
    assert "c1, c2" in validate(parse("edit c9 reverse"), CLIPS)[0].message
    assert "none yet" in validate(parse("edit c9 reverse"), [])[0].message
