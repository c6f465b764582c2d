"""Which frames are looked at: where the picture changes, with a floor."""

from __future__ import annotations

import numpy as np
from gpt4video.tools.understanding.sampling import Sampler
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray


def frames(shades: list[int]) -> NDArray[np.uint8]:
    """Plain grey frames (T, 72, 128, 3)."""
    return np.broadcast_to(np.array(shades, np.uint8)[:, None, None, None], (len(shades), 72, 128, 3)).copy()


def chosen(shades: list[int], fps: float, sampler: Sampler, batch: int = 1000) -> list[float]:
    times = (np.arange(len(shades)) / fps).astype(np.float32)
    images = frames(shades)
    found: list[float] = []
    for first in range(0, len(shades), batch):
        part = slice(first, first + batch)
        found += [round(float(times[part][index]), 3) for index in sampler.choose(times[part], images[part])]
    return found


def test_a_still_picture_is_looked_at_at_the_floor() -> None:
    assert chosen([100] * 100, 10, Sampler(0.5, 2.0)) == [0.0, 2.0, 4.0, 6.0, 8.0]


def test_a_cut_is_looked_at_at_once() -> None:
    assert chosen([50] * 7 + [150] * 7, 10, Sampler(0.5, 2.0)) == [0.0, 0.7]


def test_a_moving_picture_is_looked_at_often_and_a_long_shot_half_as_often() -> None:
    shades = [20 + 2 * step for step in range(100)]
    assert chosen(shades, 10, Sampler(0.5, 2.0)) == [0.0, 0.5, 1.0, 1.5, 2.0, *np.arange(3.0, 9.5, 1.0)]


def test_a_strobe_is_not_looked_at_in_every_frame() -> None:
    assert len(chosen([0, 255] * 60, 60, Sampler(0.5, 2.0))) <= 21


@given(st.lists(st.integers(0, 255), min_size=1, max_size=120), st.integers(1, 50))
def test_batches_change_nothing_and_the_floor_holds(shades: list[int], batch: int) -> None:
    found = chosen(shades, 10, Sampler(0.5, 2.0), batch)
    assert found == chosen(shades, 10, Sampler(0.5, 2.0))
    assert found[0] == 0.0
    assert max(np.diff([*found, (len(shades) - 1) / 10]), default=0.0) <= 2.01
