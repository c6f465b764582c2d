"""The pinned models on the pinned sample clips: what people see in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gpt4video.tools.understanding.analysis import ClipAnalysis, analyse
from gpt4video.tools.understanding.vision import VisionEncoder


@pytest.fixture(scope="module")
def encoder(model_path: Callable[[str], Path]) -> VisionEncoder:
    return VisionEncoder(model_path("vision") / "efficientnet-lite0-57934424.pth")


@pytest.fixture(scope="module")
def bikes(model_path: Callable[[str], Path], encoder: VisionEncoder) -> ClipAnalysis:
    return analyse(model_path("samples") / "bikes.mp4", encoder)


def test_bikes_has_six_shots_at_the_true_cuts(bikes: ClipAnalysis) -> None:
    assert [round(shot.start, 2) for shot in bikes.shots] == [0.0, 1.2, 3.04, 5.48, 7.48, 9.68]


def test_cars_and_bicycles_are_recognised_where_they_are(bikes: ClipAnalysis) -> None:
    named = [{label.name for label in shot.labels} for shot in bikes.shots]

    assert "car" in named[1]
    assert "bicycle" in named[5]
    assert not any("dog" in names for names in named)


def test_grey_streets_are_grey_and_not_black_and_white(bikes: ClipAnalysis) -> None:
    assert all(shot.colors.shares[0][0] == "grey" for shot in bikes.shots)
    assert not any(shot.colors.colorless for shot in bikes.shots)


def test_the_rabbit_stands_in_one_green_shot_before_a_still_camera(
    model_path: Callable[[str], Path], encoder: VisionEncoder
) -> None:
    found = analyse(model_path("samples") / "bigbuckbunny.mp4", encoder)

    assert len(found.shots) == 1
    assert found.shots[0].colors.shares[0][0] == "green"
    assert found.shots[0].motion is not None
    assert found.shots[0].motion.camera == "still"
