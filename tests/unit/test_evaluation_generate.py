"""The generator's exam: what a clip shows is compared with what was asked."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from gpt4video.agent.evaluation.drawn_prompts import Case, prompts
from gpt4video.agent.evaluation.frechet import axes, clip_features, distance
from gpt4video.agent.evaluation.generate import evaluate
from gpt4video.agent.training.scene_reader import Objects
from gpt4video.agent.training.scene_world import Scene
from gpt4video.agent.training.scenes import render
from gpt4video.tools.generation.base import GeneratedFrames, GenerationRequest, Generator
from gpt4video.tools.understanding.vision import FrameEncoder, FrameFeatures
from numpy.typing import NDArray

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
        Case("two", {"kinds": "ball car", "count": "2", "colours": "blue red"}),
    ]
    report = evaluate(cast(Generator, Stubborn()), asked, lambda _: Objects("ball", ("ball", "car"), 1))
    assert report["by_kind"] == {
        "background": [1, 1], "colour": [1, 2], "colours": [0, 1], "count": [0, 1], "kinds": [1, 1],
        "motion": [1, 1], "time": [0, 1],
    }  # fmt: skip
    assert {(miss["wanted"], miss["made"]) for miss in report["misses"]} == {
        ("blue", "red"), ("night", "day"), ("2", "1"), ("blue red", "red"),
    }  # fmt: skip
    assert report["right"] == 0.5


def test_the_exam_asks_every_colour_and_direction_word() -> None:
    asked = prompts(20)
    for attribute, values in (("motion", 4), ("colour", 7), ("time", 3), ("count", 3), ("action", 2)):
        wanted = [case.expect[attribute] for case in asked if attribute in case.expect]
        assert len(wanted) >= 20
        assert len(set(wanted)) == values


def test_the_distance_is_that_of_two_normal_distributions() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((4000, 3)), rng.standard_normal((4000, 3)) * [1.0, 3.0, 1.0] + [2.0, 0.0, 0.0]
    assert distance(one, one[::-1]) < 1e-6
    assert distance(one, rng.standard_normal((4000, 3))) < 0.02
    assert distance(one, other) == pytest.approx(2.0**2 + (3 - 1) ** 2, rel=0.06)
    scaled = one * [5.0, 0.2, 1.0] @ np.linalg.qr(rng.standard_normal((3, 3)))[0]
    np.testing.assert_allclose(np.cov((scaled @ axes(scaled)).T), np.eye(3), atol=1e-6)


def test_clips_that_look_alike_and_move_alike_are_near() -> None:
    class Colours:
        def encode(self, images: NDArray[np.uint8]) -> FrameFeatures:
            mean = images.astype(np.float32).mean((1, 2))
            return FrameFeatures(mean[:, None], mean, mean[:, :0])

    still = np.full((16, 8, 8, 3), 90, np.uint8)
    brighter = still + np.arange(16, dtype=np.uint8)[:, None, None, None]
    seen = clip_features(cast(FrameEncoder, Colours()), [still, brighter])
    assert seen[0].tolist() == [90.0] * 3 + [0.0] * 3
    assert seen[1].tolist() == [97.5] * 3 + [15.0] * 3
