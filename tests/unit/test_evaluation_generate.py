"""The generator's exam: what a clip shows is compared with what was asked."""

from __future__ import annotations

from typing import cast

from gpt4video.agent.evaluation.generate import cases, evaluate
from gpt4video.agent.training.generator_evaluation import Case
from gpt4video.agent.training.scene_world import Scene
from gpt4video.agent.training.scenes import render
from gpt4video.tools.generation.base import GeneratedFrames, GenerationRequest, Generator

RED_BALL = Scene("ball", "red", "medium", 1, "left", "white", False, "day", "clear", "fixed", 11)


class Stubborn:
    """Shows a red ball that moves left over white, whatever is asked."""

    def generate(self, request: GenerationRequest) -> GeneratedFrames:
        return GeneratedFrames(render(RED_BALL), 8.0, "stubborn", request.seed, ())


def test_what_the_clip_shows_is_judged_by_attribute() -> None:
    asked = [
        Case("a red ball", {"colour": "red"}),
        Case("a blue ball", {"colour": "blue"}),
        Case("a ball to the left over white", {"motion": "left", "background": "white"}),
        Case("at night", {"time": "night"}),
    ]
    report = evaluate(cast(Generator, Stubborn()), asked)
    assert report["by_kind"] == {"background": [1, 1], "colour": [1, 2], "motion": [1, 1], "time": [0, 1]}
    assert {(miss["wanted"], miss["made"]) for miss in report["misses"]} == {("blue", "red"), ("night", "day")}
    assert report["right"] == 0.6


def test_the_exam_asks_every_colour_and_direction_word() -> None:
    asked = cases(20)
    for attribute, values in (("motion", 4), ("colour", 7), ("time", 3)):
        wanted = [case.expect[attribute] for case in asked if attribute in case.expect]
        assert len(wanted) >= 20
        assert len(set(wanted)) == values
