"""Where shots begin: cuts, dissolves and fades, and what only looks like them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from gpt4video.tools.understanding.shots import Shot, ShotFinder, detect_shots
from moving_pictures import FPS, HEIGHT, WIDTH, Pixels, dimmed, mixed, noisy, pan, passing, plain, still, texture, zoom
from numpy.typing import NDArray


def shots_of(frames: Pixels, fps: float = FPS, times: NDArray[np.float32] | None = None, batch: int = 64) -> list[Shot]:
    times = (np.arange(len(frames)) / fps).astype(np.float32) if times is None else times
    parts = [(times[k : k + batch], frames[k : k + batch]) for k in range(0, len(frames), batch)]
    return detect_shots(parts, float(times[-1]) + 1 / fps)


def boundaries(shots: list[Shot]) -> list[tuple[float, str]]:
    return [(round(shot.start, 2), shot.opens) for shot in shots[1:]]


@pytest.mark.parametrize("fps", [2.0, 5.0, 12.0, 25.0, 60.0, 120.0])
def test_cuts_are_found_at_their_frame_at_any_rate(fps: float) -> None:
    frames = np.concatenate([still(1, 3, fps), still(2, 2, fps), still(3, 4, fps)])

    assert boundaries(shots_of(frames, fps)) == [(3.0, "cut"), (5.0, "cut")]


def test_shots_of_a_third_of_a_second_are_told_apart() -> None:
    frames = np.concatenate([still(seed, 0.4) for seed in range(1, 9)])

    assert [start for start, _ in boundaries(shots_of(frames))] == [pytest.approx(0.4 * k) for k in range(1, 8)]


@pytest.mark.parametrize("seconds", [0.2, 0.32, 0.6, 1.0, 1.48, 2.0])
def test_a_dissolve_is_one_boundary_in_its_middle(seconds: float) -> None:
    shots = shots_of(mixed(still(1, 4), still(2, 4), seconds))

    assert [shot.opens for shot in shots] == ["start", "dissolve"]
    assert shots[1].start == pytest.approx(4 - seconds / 2, abs=0.09)


@pytest.mark.parametrize(("seconds", "step"), [(0.4, 1.0), (1.0, 0.4)])
def test_a_dissolve_between_moving_cameras_is_found(seconds: float, step: float) -> None:
    shots = shots_of(mixed(pan(1, 80, step), zoom(2, 80, 0.003), seconds))

    assert [shot.opens for shot in shots] == ["start", "dissolve"]
    assert shots[1].start == pytest.approx(80 / FPS - seconds / 2, abs=0.15)


@pytest.mark.parametrize("fps", [4.0, 8.0, 15.0, 50.0])
def test_a_dissolve_is_found_at_other_rates(fps: float) -> None:
    shots = shots_of(mixed(still(1, 4, fps), still(2, 4, fps), 1.0, fps), fps)

    assert len(shots) == 2
    assert shots[1].start == pytest.approx(3.5, abs=0.2)


@pytest.mark.parametrize("towards", [0, 255])
@pytest.mark.parametrize(("ramp", "hold"), [(4, 1), (10, 5), (18, 20)])
def test_a_fade_through_black_or_white_is_one_boundary(ramp: int, hold: int, towards: int) -> None:
    gains = np.linspace(1, 0, ramp)
    before, after = still(1, 3), still(2, 3)
    frames = np.concatenate([
        before, dimmed(before[:ramp], gains, towards), plain((towards,) * 3, hold),
        dimmed(after[:ramp], gains[::-1], towards), after,
    ])  # fmt: skip

    shots = shots_of(frames)

    assert [shot.opens for shot in shots] == ["start", "fade"]
    assert shots[1].start == pytest.approx((75 + ramp + hold / 2) / FPS, abs=0.1)


def test_black_that_stays_is_a_shot_of_its_own() -> None:
    assert boundaries(shots_of(np.concatenate([still(1, 2), plain((0, 0, 0), 75), still(2, 2)]))) == [
        (2.0, "cut"),
        (5.0, "cut"),
    ]


def test_a_cut_after_a_fade_out_is_where_the_new_picture_begins() -> None:
    before = still(1, 3)
    faded = dimmed(before[:20], np.linspace(1, 0, 20))

    assert boundaries(shots_of(np.concatenate([before, faded, plain((0, 0, 0), 5), still(2, 3)]))) == [(4.0, "cut")]


@pytest.mark.parametrize(("black", "ramp"), [(0, 12), (8, 25), (30, 20), (20, 1)])
def test_a_fade_in_at_the_start_and_out_at_the_end_part_nothing(black: int, ramp: int) -> None:
    picture = still(4, 4)
    gains = np.concatenate([np.zeros(black), np.linspace(0, 1, ramp)])
    count = len(gains)
    frames = np.concatenate([dimmed(picture[:count], gains), picture, dimmed(picture[:count], gains[::-1])])

    assert len(shots_of(noisy(frames, 2))) == 1


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize(("count", "fps"), [(1, 2.0), (1, 10.0), (2, 15.0), (1, 25.0), (2, 25.0), (2, 30.0)])
def test_a_flash_is_no_boundary(count: int, fps: float, level: int) -> None:
    frames = pan(1, 100, 0.5)
    frames[40 : 40 + count] = level

    assert len(shots_of(frames, fps)) == 1


def test_a_flash_of_another_picture_is_no_boundary() -> None:
    frames = still(1, 4)
    frames[50:52] = texture(2)

    assert len(shots_of(frames)) == 1


def test_a_cut_with_a_flash_on_it_is_one_boundary() -> None:
    shots = shots_of(np.concatenate([still(1, 2), plain((255, 255, 255), 2), still(2, 2)]))

    assert len(shots) == 2
    assert shots[1].start == pytest.approx(2.0, abs=0.09)


MOTION: dict[str, Callable[[], Pixels]] = {
    "slow pan": lambda: pan(5, 150, 0.7),
    "pan": lambda: pan(6, 150, 3.0),
    "whip pan": lambda: np.concatenate([pan(7, 50, 0.5), pan(7, 12, 14.0), pan(7, 50, 0.5)[::-1]]),
    "zoom in": lambda: zoom(8, 120, 0.01),
    "zoom out": lambda: zoom(9, 120, 0.008)[::-1],
    "shaking": lambda: np.stack([
        texture(10, HEIGHT + 20, WIDTH + 20)[y : y + HEIGHT, x : x + WIDTH]
        for y, x in np.random.default_rng(1).integers(0, 13, (100, 2))
    ]),
    "still": lambda: still(11, 5),
    "noise in the dark": lambda: noisy(plain((6, 6, 8), 120), 6),
    "a noisy night": lambda: noisy((still(12, 5) * 0.12).astype(np.uint8), 5),
    "black": lambda: plain((0, 0, 0), 100),
    "plain colour": lambda: plain((200, 40, 90), 100),
    "a light that goes on": lambda: np.concatenate([dimmed(still(13, 2), np.full(50, 0.45)), still(13, 2)]),
    "dusk": lambda: dimmed(still(14, 5), np.linspace(1, 0.35, 125)),
    "dusk in a second": lambda: dimmed(still(14, 5), np.clip(np.linspace(3, -1.5, 125), 0.35, 1)),
    "flicker": lambda: dimmed(still(15, 4), np.random.default_rng(2).uniform(0.7, 1.0, 100)),
}  # fmt: skip


@pytest.mark.parametrize("name", MOTION)
def test_motion_and_light_are_no_boundaries(name: str) -> None:
    assert boundaries(shots_of(MOTION[name]())) == []


@pytest.mark.parametrize("fps", [1.0, 3.0, 5.0])
@pytest.mark.parametrize("step", [8.0, 20.0])
def test_a_pan_seen_a_few_times_a_second_is_no_boundary(step: float, fps: float) -> None:
    assert boundaries(shots_of(pan(16, 30, step), fps)) == []


@pytest.mark.parametrize(("size", "speed"), [(70, 6.0), (110, 12.0), (110, 25.0), (60, 2.0)])
def test_a_large_thing_that_passes_is_no_boundary(size: int, speed: float) -> None:
    assert boundaries(shots_of(passing(110, size, speed, texture(18)))) == []


def test_a_title_that_appears_over_the_picture_is_no_boundary() -> None:
    picture = still(19, 6)
    title = picture.copy()
    title[:, 24:40, 30:98] = 250
    share = np.clip((np.arange(150) - 60) / 20, 0, 1)[:, None, None, None]

    assert boundaries(shots_of((picture * (1 - share) + title * share).astype(np.uint8))) == []


def test_flat_colours_and_drawings_cut_where_they_change() -> None:
    frames = plain((30, 90, 200), 150)
    frames[50:] = (200, 60, 40)
    frames[100:] = (60, 170, 70)
    for t in range(150):
        frames[t, 20:50, 10 + t // 2 : 40 + t // 2] = (240, 220, 60)

    assert boundaries(shots_of(frames)) == [(2.0, "cut"), (4.0, "cut")]


def test_an_upright_film_between_black_bars_is_cut_as_any_other() -> None:
    frames = np.concatenate([still(1, 2), still(2, 2)])
    frames[:, :, :44] = 0
    frames[:, :, 84:] = 0

    assert boundaries(shots_of(frames)) == [(2.0, "cut")]


def test_times_count_and_not_frame_numbers() -> None:
    frames = mixed(np.concatenate([still(1, 3), still(2, 4)]), still(3, 4), 1.0)
    times = (np.arange(len(frames)) / FPS).astype(np.float32)
    kept = np.sort(np.random.default_rng(3).permutation(len(frames))[: len(frames) * 2 // 3])

    shots = shots_of(frames[kept], times=times[kept])

    assert [shot.opens for shot in shots] == ["start", "cut", "dissolve"]
    assert shots[1].start == pytest.approx(3.0, abs=0.15)
    assert shots[2].start == pytest.approx(6.5, abs=0.2)


def test_a_single_frame_is_one_shot_and_no_frame_none() -> None:
    assert shots_of(still(1, 0.04)) == [Shot(0.0, pytest.approx(0.04))]
    assert ShotFinder().finish(3.0) == []
