"""Dominant colours by name, and how bright a shot is.

Every pixel is named after the nearest prototype in OKLab (Ottosson, "A perceptual color space for image processing",
2020); several prototypes share a word. The eleven words are the basic colour terms of Berlin and Kay (1969).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .vision import Images, resize

Floats = NDArray[np.float32]

_PROTOTYPES: dict[str, str] = {
    "black": "000000 0e0e0e 1a1a1a 101418 181410 242424 20242a",
    "grey": "484848 606060 787878 909090 a8a8a8 bcbcbc 3c3c3c 50565c 7c8084 84807c 60646a",
    "white": "ffffff f4f4f4 e8e8e8 dcdcdc f4f0e8 e8ecf4",
    "red": "ff0000 d01818 a01010 780c0c e04040 c03030 b02020",
    "orange": "ff8000 f09020 d87010 ffa040 e08c2c c87808 b86c00 d08c10",
    "yellow": "ffff00 f0d820 e0c000 fff080 c8b820 f8f0a0",
    "green": "00ff00 20a020 006400 60c040 205020 80b060 406030 8cc820 88a020 a8d890 40a878 304820 90e090",
    "blue": "0000ff 2040d0 002080 4090f0 2060b0 80b8f0 101848 00c0f0 38506e a0c8e8 40c8d8 008090 305890",
    "purple": "800080 6020a0 a050d0 400060 9070c8 c090e0 604080 c000f0",
    "pink": "ff80b0 ffb0c8 f060a0 e89ca8 ff00a0 ffd0dc d08090 ff00ff",
    "brown": "704018 8b4513 5a3010 a07040 402410 906848 c09868 604830 7a6048 d2b48c a88860",
}
_TO_CONES = np.array(
    [
        [0.4122214708, 0.2119034982, 0.0883024619],
        [0.5363325363, 0.6806995451, 0.2817188376],
        [0.0514459929, 0.1073969566, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 1.9779984951, 0.0259040371],
        [0.7936177850, -2.4285922050, 0.7827717662],
        [-0.0040720468, 0.4505937099, -0.8086757660],
    ]
)
_STEPS = 32
_SIDE = 48
_LEAST_SHARE = 0.08


@dataclass(frozen=True)
class ColorSummary:
    """Colours of some frames.

    Attributes:
        shares: (word, share of the picture), largest first, small ones left out.
        lightness: mean OKLab lightness, 0 (black) to 1 (white).
        colorless: whether there is no colour to speak of: black and white, or one tint all over.
    """

    shares: tuple[tuple[str, float], ...]
    lightness: float
    colorless: bool

    def describe(self) -> str:
        """In words, e.g. ``mostly green (58%), blue (20%); bright``."""
        words = "mostly " + ", ".join(f"{word} ({share:.0%})" for word, share in self.shares)
        if self.colorless:
            words = "black and white"
        tone = "dark" if self.lightness < 0.33 else "bright" if self.lightness > 0.75 else ""
        return "; ".join(part for part in (words, tone) if part)


def oklab(rgb: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Colours in sRGB (..., 3) in 0..1 -> OKLab (..., 3): lightness 0..1, green-red, blue-yellow."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    lab: NDArray[np.float32] = (np.cbrt(linear @ _TO_CONES) @ _TO_LAB).astype(np.float32)
    return lab


@cache
def _table() -> tuple[tuple[str, ...], NDArray[np.intp], Floats]:
    """Words, the word of each of 32x32x32 colours, and the OKLab values of those colours."""
    words = tuple(_PROTOTYPES)
    codes = [(index, code) for index, word in enumerate(words) for code in _PROTOTYPES[word].split()]
    prototypes = oklab(np.array([[int(c[i : i + 2], 16) for i in (0, 2, 4)] for _, c in codes], np.float32) / 255)
    axis = (np.arange(_STEPS, dtype=np.float32) + 0.5) / _STEPS
    cells = oklab(np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3))
    weights = np.array([1.0, 2.2, 2.2], np.float32)  # a hue counts for more than a shade of it
    distance = (((cells[:, None] - prototypes[None]) * weights) ** 2).sum(axis=2)
    owner = np.array([index for index, _ in codes])
    return words, owner[distance.argmin(axis=1)], cells


def name_colors(images: Images) -> ColorSummary:
    """Frames (T, H, W, 3) RGB, T >= 1 -> their colours, taken together."""
    pixels = resize(images, _SIDE, _SIDE).reshape(-1, 3)
    small = pixels.astype(np.int64) * _STEPS // 256
    words, table, cells = _table()
    cell = (small[:, 0] * _STEPS + small[:, 1]) * _STEPS + small[:, 2]
    shares = np.bincount(table[cell], minlength=len(words)) / len(cell)
    lab = cells[cell]
    order = np.argsort(-shares, kind="stable")
    kept = tuple((words[i], float(shares[i])) for i in order[:4] if shares[i] >= _LEAST_SHARE)
    return ColorSummary(
        kept, float(lab[:, 0].mean()), _colorless(pixels[:: max(1, len(pixels) // 20000)] / np.float32(255))
    )


def _colorless(rgb: NDArray[np.floating[Any]]) -> bool:
    """Grey throughout, or greys under one slight tint (sepia): hue and chroma do not vary beyond compression noise."""
    lab = oklab(rgb)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    if float(np.percentile(chroma, 99)) < 0.012:
        return True
    centre = np.median(lab[:, 1:], axis=0)
    strays = np.percentile(np.hypot(*(lab[:, 1:] - centre).T), 99)
    return 0.015 < float(np.hypot(*centre)) < 0.09 and float(strays) < 0.6 * float(np.hypot(*centre))
