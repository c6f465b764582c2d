"""Drawn clips: one shape that moves over a plain, shaded or photographic background.

They teach (and, with other seeds, test) the direction of motion, and they feed the smoke recipe, which must not need
a data set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]

SHAPES = ("circle", "square", "triangle", "star")
COLOURS = {
    "red": (205, 35, 35), "blue": (40, 70, 210), "green": (40, 160, 60), "yellow": (235, 215, 50),
    "white": (245, 245, 245), "black": (15, 15, 15), "orange": (240, 140, 30), "purple": (130, 50, 160),
}  # fmt: skip
DIRECTIONS = {"right": (1, 0), "left": (-1, 0), "up": (0, -1), "down": (0, 1), "still": (0, 0)}


@dataclass(frozen=True)
class DrawnClip:
    """Facts about a drawn clip and its frames (T, S, S, 3)."""

    shape: str
    colour: str
    direction: str
    frames: Images


def draw_clip(rng: np.random.Generator, frames: int = 8, side: int = 224, photo: Images | None = None) -> DrawnClip:
    """Draw one clip.

    Args:
        rng: picks shape, colour, size, direction, speed and, without ``photo``, the background.
        frames: T.
        side: pixels.
        photo: (side, side, 3) to draw upon.
    """
    shape = str(rng.choice(SHAPES))
    colour = str(rng.choice(list(COLOURS)))
    direction = str(rng.choice(list(DIRECTIONS)))
    back = _background(rng, side, COLOURS[colour]) if photo is None else photo
    size = rng.uniform(0.12, 0.24) * side
    travel = rng.uniform(0.3, 0.6) * side
    moves = np.asarray(DIRECTIONS[direction], np.float64) * travel
    start = np.asarray([_start(rng, side, size, step) for step in moves])
    places = start + np.linspace(0, 1, frames)[:, None] * moves
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    dx, dy = x[None] - places[:, 0, None, None], y[None] - places[:, 1, None, None]
    inside = _inside(shape, dx, dy, size)
    pixels = np.where(inside[..., None], np.asarray(COLOURS[colour], np.uint8), back[None])
    return DrawnClip(shape, colour, direction, pixels.astype(np.uint8))


def _start(rng: np.random.Generator, side: int, size: float, step: float) -> float:
    low, high = size - min(step, 0.0), side - size - max(step, 0.0)
    return float(rng.uniform(low, high)) if low < high else side / 2 - step / 2


def _background(rng: np.random.Generator, side: int, avoid: tuple[int, int, int]) -> Images:
    while True:
        first, second = rng.integers(0, 256, 3), rng.integers(0, 256, 3)
        if min(np.abs(first - avoid).sum(), np.abs(second - avoid).sum()) > 150:
            break
    ramp = np.linspace(0, 1, side)[:, None, None] if rng.random() < 0.5 else np.zeros((side, 1, 1))
    shaded = first * (1 - ramp) + second * ramp
    if rng.random() < 0.5:
        shaded = shaded.transpose(1, 0, 2)
    return np.broadcast_to(shaded, (side, side, 3)).astype(np.uint8)


def _inside(shape: str, dx: NDArray[np.float64], dy: NDArray[np.float64], size: float) -> NDArray[np.bool_]:
    if shape == "circle":
        return dx**2 + dy**2 < size**2
    if shape == "square":
        return np.maximum(np.abs(dx), np.abs(dy)) < size * 0.85
    if shape == "triangle":
        return (dy < size * 0.8) & (dy > 2 * np.abs(dx) - size)
    reach = size * (0.65 + 0.4 * np.cos(5 * np.arctan2(dx, -dy)))
    inside: NDArray[np.bool_] = np.hypot(dx, dy) < reach
    return inside
