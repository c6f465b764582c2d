"""Short videos drawn with numpy: textures that stand, pan, zoom, dissolve and fade."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
HEIGHT, WIDTH = 72, 128
FPS = 25.0


def texture(seed: int, height: int = HEIGHT, width: int = WIDTH, grain: int = 12) -> Pixels:
    """A coloured picture (H, W, 3) with detail everywhere."""
    rough = np.random.default_rng(seed).integers(0, 256, (height // grain + 2, width // grain + 2, 3), np.uint8)
    return np.asarray(cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def still(seed: int, seconds: float, fps: float = FPS) -> Pixels:
    return np.repeat(texture(seed)[None], round(seconds * fps), axis=0)


def plain(colour: tuple[int, int, int], frames: int) -> Pixels:
    return np.full((frames, HEIGHT, WIDTH, 3), colour, np.uint8)


def pan(seed: int, frames: int, step: float) -> Pixels:
    """A camera that moves sideways by ``step`` pixels a frame."""
    world = texture(seed, HEIGHT, WIDTH + int(step * frames) + 1)
    return np.stack([world[:, round(step * t) : round(step * t) + WIDTH] for t in range(frames)])


def zoom(seed: int, frames: int, speed: float) -> Pixels:
    """A camera that comes nearer: the picture grows by the share ``speed`` a frame."""
    world = texture(seed, HEIGHT * 4, WIDTH * 4, 24)
    pictures = []
    for t in range(frames):
        scale = (1 + speed) ** -t
        height, width = round(HEIGHT * 4 * scale), round(WIDTH * 4 * scale)
        top, left = (HEIGHT * 4 - height) // 2, (WIDTH * 4 - width) // 2
        part = world[top : top + height, left : left + width]
        pictures.append(cv2.resize(part, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))
    return np.stack(pictures).astype(np.uint8)


def mixed(before: Pixels, after: Pixels, seconds: float, fps: float = FPS) -> Pixels:
    """Two shots joined by a dissolve that takes so long of both."""
    count = round(seconds * fps)
    share = (np.arange(1, count + 1) / (count + 1))[:, None, None, None]
    middle = before[-count:] * (1 - share) + after[:count] * share
    return np.concatenate([before[:-count], middle.round().astype(np.uint8), after[count:]])


def dimmed(frames: Pixels, gains: NDArray[np.float64], towards: int = 0) -> Pixels:
    gains = gains[:, None, None, None]
    return (frames * gains + towards * (1 - gains)).round().astype(np.uint8)


def noisy(frames: Pixels, level: float, seed: int = 0) -> Pixels:
    noise = np.random.default_rng(seed).normal(0, level, frames.shape)
    return np.clip(frames + noise, 0, 255).astype(np.uint8)


def passing(frames: int, size: int, speed: float, back: Pixels) -> Pixels:
    """Something large and textured that crosses the picture."""
    thing = texture(17, HEIGHT, size)
    output = np.repeat(back[None], frames, axis=0).copy()
    for t in range(frames):
        left = round(-size + t * speed)
        a, b = max(0, left), min(WIDTH, left + size)
        if a < b:
            output[t, :, a:b] = thing[:, a - left : b - left]
    return output
