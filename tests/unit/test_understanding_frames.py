"""What single frames and runs of frames tell: motion, colours, labels."""

from __future__ import annotations

import numpy as np
import pytest
from gpt4video.tools.understanding.colors import name_colors
from gpt4video.tools.understanding.labels import groups, top_labels
from gpt4video.tools.understanding.motion import MotionMeter, MotionSummary, summarise
from gpt4video.tools.understanding.vision import class_names
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
FPS = 10.0


def texture(seed: int, height: int = 72, width: int = 128, tint: tuple[int, int, int] = (255, 255, 255)) -> Pixels:
    """A picture (H, W, 3) with detail everywhere."""
    rough = np.random.default_rng(seed).integers(0, 256, (height // 6 + 1, width // 6 + 1), np.uint8)
    import cv2

    grey = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
    return (grey[..., None] * (np.array(tint) / 255)).astype(np.uint8)


def times_of(count: int, fps: float = FPS) -> NDArray[np.float32]:
    return (np.arange(count) / fps).astype(np.float32)


def motion_of(frames: list[Pixels]) -> MotionSummary | None:
    meter = MotionMeter()
    meter.push(times_of(len(frames)), np.stack(frames))
    return summarise(meter.between(0.0, len(frames) / FPS))


@pytest.mark.parametrize(
    ("step", "camera"),
    [((0, 3), "pans right"), ((0, -3), "pans left"), ((2, 0), "tilts down"), ((-2, 0), "tilts up")],
)
def test_a_moving_camera_is_told_with_its_direction(step: tuple[int, int], camera: str) -> None:
    world = texture(5, 200, 260)
    y, x = 60, 60
    frames = [world[y + step[0] * t : y + step[0] * t + 72, x + step[1] * t : x + step[1] * t + 128] for t in range(16)]

    found = motion_of(frames)

    assert found is not None
    assert found.camera.startswith(camera)


@pytest.mark.parametrize(("dx", "dy", "direction"), [(5, 0, "right"), (-5, 0, "left"), (0, 3, "down"), (0, -3, "up")])
def test_something_moving_before_a_still_camera_is_told_with_its_direction(dx: int, dy: int, direction: str) -> None:
    thing = texture(9, 24, 24, tint=(255, 80, 80))
    frames = []
    for t in range(9):
        frame = texture(6).copy()
        y, x = 24 + dy * (t - 4), 52 + dx * (t - 4)
        frame[y : y + 24, x : x + 24] = thing
        frames.append(frame)

    found = motion_of(frames)

    assert found is not None
    assert found.camera == "still"
    assert found.direction == direction
    assert found.speed == pytest.approx(np.hypot(dx, dy) * FPS / 128, rel=0.25)


def test_zooming_is_told_from_panning() -> None:
    import cv2

    world = texture(7, 288, 512)
    frames = []
    for t in range(12):
        height = 288 - 12 * t
        width = 512 * height // 288
        top, left = (288 - height) // 2, (512 - width) // 2
        frames.append(np.asarray(cv2.resize(world[top : top + height, left : left + width], (128, 72)), np.uint8))

    zoom_in, zoom_out = motion_of(frames), motion_of(frames[::-1])

    assert zoom_in is not None
    assert zoom_out is not None
    assert (zoom_in.camera, zoom_out.camera) == ("zooms in", "zooms out")


@pytest.mark.parametrize(
    ("step", "direction"), [((3, 0), "right"), ((-3, 0), "left"), ((0, 2), "down"), ((0, -2), "up")]
)
def test_one_thing_before_a_plain_ground_moves_and_the_camera_stands(step: tuple[int, int], direction: str) -> None:
    frames = [np.full((144, 192, 3), (40, 90, 160), np.uint8) for _ in range(10)]
    for number, frame in enumerate(frames):
        left, top = 80 + step[0] * (number - 5), 56 + step[1] * (number - 5)
        frame[top : top + 32, left : left + 32] = (220, 200, 60)
    found = motion_of(frames)
    assert found is not None
    assert (found.camera, found.direction) == ("still", direction)


def test_a_still_picture_has_no_motion() -> None:
    still = motion_of([texture(8)] * 10)

    assert still == MotionSummary("still", "nothing moves", "", 0.0)
    assert motion_of([texture(8)]) is None


@pytest.mark.parametrize(
    ("rgb", "word"),
    [
        ((5, 5, 5), "black"),
        ((130, 130, 130), "grey"),
        ((250, 250, 250), "white"),
        ((200, 20, 20), "red"),
        ((255, 140, 20), "orange"),
        ((250, 230, 40), "yellow"),
        ((30, 140, 40), "green"),
        ((30, 70, 200), "blue"),
        ((130, 40, 160), "purple"),
        ((250, 150, 190), "pink"),
        ((110, 65, 25), "brown"),
        ((90, 150, 240), "blue"),
        ((150, 200, 90), "green"),
    ],
)
def test_colours_have_the_names_people_give_them(rgb: tuple[int, int, int], word: str) -> None:
    found = name_colors(np.full((2, 30, 40, 3), rgb, np.uint8))

    assert found.shares[0] == (word, 1.0)


def test_shares_are_of_the_area_largest_first() -> None:
    image = np.full((1, 96, 96, 3), (30, 140, 40), np.uint8)
    image[:, :, :24] = (200, 20, 20)

    found = name_colors(image)

    assert [(word, round(share, 2)) for word, share in found.shares] == [("green", 0.75), ("red", 0.25)]
    assert found.describe() == "mostly green (75%), red (25%)"


def test_black_and_white_is_told_from_muted_colour() -> None:
    grey = texture(3)
    sepia = (grey * np.array([1.0, 0.87, 0.7])).astype(np.uint8)
    muted = (grey * 0.5 + texture(4, tint=(120, 130, 150)) * 0.5).astype(np.uint8)
    muted[:20, :40] = (120, 80, 70)

    assert name_colors(grey[None]).colorless
    assert not name_colors(muted[None]).colorless
    assert name_colors(sepia[None]).lightness < name_colors(grey[None]).lightness
    assert "black and white" in name_colors(grey[None]).describe()


def test_dark_and_bright_are_told() -> None:
    assert name_colors(np.full((1, 9, 9, 3), 20, np.uint8)).describe().endswith("dark")
    assert name_colors(np.full((1, 9, 9, 3), 240, np.uint8)).describe().endswith("bright")


@settings(max_examples=30, deadline=None)
@given(st.tuples(*[st.integers(0, 255)] * 3), st.integers(0, 2**32 - 1))
def test_shares_never_exceed_the_picture(rgb: tuple[int, int, int], seed: int) -> None:
    noise = np.random.default_rng(seed).integers(-40, 40, (1, 24, 24, 3))
    found = name_colors(np.clip(np.array(rgb) + noise, 0, 255).astype(np.uint8))

    assert sum(share for _, share in found.shares) <= 1.0 + 1e-9
    assert 0 <= found.lightness <= 1


NAMES = class_names()


def scores(*rows: dict[str, float]) -> NDArray[np.float32]:
    """Logits that give the named classes those probabilities, the rest shared by all others."""
    p = np.empty((len(rows), 1000), np.float32)
    for row, named in zip(p, rows, strict=True):
        row[:] = (1 - sum(named.values())) / (1000 - len(named))
        for name, value in named.items():
            row[NAMES.index(name)] = value
    return np.log(p)


def test_the_class_names_are_a_thousand_and_all_different() -> None:
    assert len(NAMES) == 1000
    assert len(set(NAMES)) == 1000
    assert (NAMES[0], NAMES[207], NAMES[999]) == ("tench", "golden retriever", "toilet paper")


def test_no_class_is_in_two_groups() -> None:
    members = [index for group in groups().values() for index in group]

    assert len(members) == len(set(members))
    assert NAMES[groups()["dog"][0]] == "Chihuahua"
    assert {NAMES[index] for index in groups()["cat"]} == {
        "tabby",
        "tiger cat",
        "Persian cat",
        "Siamese cat",
        "Egyptian cat",
    }


def test_breeds_add_up_to_a_dog_when_none_is_certain() -> None:
    found = top_labels(scores({"beagle": 0.3, "basset hound": 0.3, "golden retriever": 0.2}), NAMES)

    assert [label.name for label in found] == ["dog"]
    assert found[0].p == pytest.approx(0.8, abs=0.03)


def test_a_certain_breed_is_named_too() -> None:
    assert [label.name for label in top_labels(scores({"beagle": 0.9}), NAMES)] == ["dog", "beagle"]


def test_what_is_uncertain_is_not_said() -> None:
    assert top_labels(scores({"pizza": 0.4, "beagle": 0.2}), NAMES) == []
    assert top_labels(np.zeros((0, 1000), np.float32), NAMES) == []
    assert top_labels(np.zeros((3, 0), np.float32), ()) == []


def test_something_in_view_for_a_part_of_the_shot_counts_with_its_frames() -> None:
    rows = [{"velvet cloth": 0.1}] * 4 + [{"beagle": 0.9}] * 3 + [{"velvet cloth": 0.1}] * 2

    dog = top_labels(scores(*rows), NAMES)[0]

    assert (dog.name, dog.first, dog.last) == ("dog", 4, 6)


def test_a_label_that_the_parts_contradict_is_dropped() -> None:
    whole = scores({"patas": 0.6})

    assert top_labels(whole, NAMES)[0].name == "monkey"
    assert top_labels(whole, NAMES, closer=[scores({"patas": 0.02}, {"patas": 0.01})]) == []


def test_parts_lift_what_is_small_in_the_whole() -> None:
    whole, parts = scores({"soccer ball": 0.25}), scores({"soccer ball": 0.02}, {"soccer ball": 0.7})

    assert top_labels(whole, NAMES) == []
    assert [label.name for label in top_labels(whole, NAMES, closer=[parts])] == ["ball"]
