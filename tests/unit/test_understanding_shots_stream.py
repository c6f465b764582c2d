"""Shots of a stream: what is final when, whatever the batches, and in how much memory."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from gpt4video.tools.understanding.shots import ShotFinder, detect_shots
from hypothesis import given, settings
from hypothesis import strategies as st
from moving_pictures import FPS, Pixels, dimmed, mixed, noisy, still, texture
from numpy.typing import NDArray


def reel() -> tuple[NDArray[np.float32], Pixels]:
    """Twelve seconds with a cut, a dissolve and a fade, at 12.5 frames a second."""
    ramp = np.linspace(1, 0, 6)
    a, b, c, d = (still(seed, 3.2, 12.5) for seed in (1, 2, 3, 4))
    frames = np.concatenate([
        mixed(np.concatenate([a, b]), c, 0.8, 12.5), dimmed(c[:6], ramp), dimmed(d[:6], ramp[::-1]), d,
    ])  # fmt: skip
    return (np.arange(len(frames)) / 12.5).astype(np.float32), noisy(frames, 3)


REEL = reel()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 90), max_size=30), st.floats(0, 30))
def test_shots_tile_the_video_and_do_not_depend_on_the_batches(sizes: list[int], duration: float) -> None:
    times, frames = REEL
    finder, shots, begin = ShotFinder(), [], 0
    for size in [*sizes, len(frames)]:
        shots += finder.push(times[begin : begin + size], frames[begin : begin + size])
        begin += size
    shots += finder.finish(duration)

    whole = detect_shots([REEL], duration)
    assert shots == whole
    assert [shot.opens for shot in whole] == ["start", "cut", "dissolve", "fade"]
    assert [shot.start for shot in whole[1:]] == [shot.end for shot in whole[:-1]]
    assert whole[0].start == 0.0
    assert whole[-1].end == max(duration, float(times[-1]))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 7.0, 24.0, 40.0]))
def test_any_pictures_tile_the_video_whatever_the_batches(seed: int, fps: float) -> None:
    random = np.random.default_rng(seed)
    frames = np.repeat(texture(seed)[None], 120, axis=0)
    frames = (frames * random.uniform(0, 1, (120, 1, 1, 1)) ** random.integers(0, 3)).astype(np.uint8)
    frames[random.random(120) < 0.2] = texture(seed // 2)
    times = np.cumsum(random.uniform(0.3, 1.7, 120) / fps).astype(np.float32)
    edges = np.sort(random.integers(0, 120, 6))

    shots = detect_shots(zip(np.split(times, edges), np.split(frames, edges), strict=True), 0.0)

    assert shots == detect_shots([(times, frames)], 0.0)
    assert all(a.end == b.start and a.start < a.end for a, b in pairwise(shots))
    assert shots[-1].end == times[-1]


def test_shots_are_given_within_seconds_of_their_end() -> None:
    finder, known = ShotFinder(), 0.0
    frames = np.concatenate([still(seed, 2) for seed in range(1, 11)])
    for begin in range(0, len(frames), 5):
        times = ((begin + np.arange(5)) / FPS).astype(np.float32)
        for shot in finder.push(times, frames[begin : begin + 5]):
            assert times[-1] - shot.end < 4.6
            known = shot.end

    assert known > 14


@pytest.mark.parametrize("fps", [0.5, 25.0, 240.0])
def test_memory_does_not_grow_with_the_video(fps: float) -> None:
    finder, largest = ShotFinder(), 0
    pictures = [noisy(still(seed, 32 / fps, fps), 4) for seed in (1, 2, 3)]
    for part in range(60):
        finder.push(((part * 32 + np.arange(32)) / fps).astype(np.float32), pictures[part % 3])
        if part == 30:
            largest = finder.held

    assert finder.held <= largest * 1.5
    assert finder.held < 10_000_000
