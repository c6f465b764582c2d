"""Backdrops of the drawn world: sky, ground and what stands there, wide enough for a camera pan."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from PIL import Image, ImageDraw

RGB = tuple[int, int, int]

_SKY: dict[str, tuple[RGB, RGB]] = {
    "day": ((110, 176, 236), (196, 224, 244)),
    "night": ((8, 12, 34), (26, 34, 70)),
    "sunset": ((96, 62, 120), (250, 150, 70)),
}
_OVERCAST: tuple[RGB, RGB] = ((128, 138, 150), (176, 184, 192))
GROUND_LIGHT: dict[str, tuple[float, float, float]] = {
    "day": (1.0, 1.0, 1.0),
    "night": (0.26, 0.28, 0.40),
    "sunset": (0.92, 0.68, 0.56),
}
HORIZON = {"city": 0.72, "field": 0.55, "sea": 0.5, "desert": 0.55, "snow": 0.55, "room": 0.72, "forest": 0.66,
           "mountains": 0.66, "beach": 0.42, "sky": 1.0, "space": 1.0}  # fmt: skip


class Backdrop:
    """One backdrop being painted: ``width`` by ``height`` pixels, lit for a time of day."""

    def __init__(self, width: int, height: int, time: str, overcast: bool, rng: random.Random) -> None:
        self.width, self.height, self.time, self.rng = width, height, time, rng
        self.overcast = overcast and time == "day"
        self.light = GROUND_LIGHT[time]
        self.image = Image.new("RGB", (width, height))
        self.draw = ImageDraw.Draw(self.image)

    def lit(self, colour: RGB) -> RGB:
        """A ground colour under this light."""
        red, green, blue = (min(255, int(c * f)) for c, f in zip(colour, self.light, strict=True))
        return red, green, blue

    def varied(self, colour: RGB, by: int = 10) -> RGB:
        """A colour a little brighter or darker, so that no two clips are alike."""
        shift = self.rng.randint(-by, by)
        red, green, blue = (max(0, min(255, c + shift)) for c in colour)
        return red, green, blue

    def gradient(self, top: RGB, bottom: RGB, y0: int, y1: int) -> None:
        """Rows from one colour to another."""
        span = max(1, y1 - y0)
        for y in range(y0, y1):
            f = (y - y0) / span
            red, green, blue = (int(a + (b - a) * f) for a, b in zip(top, bottom, strict=True))
            self.draw.line((0, y, self.width, y), fill=(red, green, blue))

    def rect(self, x0: float, y0: float, x1: float, y1: float, colour: RGB) -> None:
        """A lit rectangle."""
        self.draw.rectangle((x0, y0, x1, y1), fill=self.lit(colour))

    def oval(self, x: float, y: float, rx: float, ry: float, colour: RGB, lit: bool = True) -> None:
        """A lit ellipse about a centre."""
        self.draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=self.lit(colour) if lit else colour)

    def sky(self, horizon: float) -> None:
        """Sky down to the horizon with sun, moon, stars or clouds."""
        top, bottom = _OVERCAST if self.overcast else _SKY[self.time]
        self.gradient(self.varied(top, 6), self.varied(bottom, 6), 0, int(self.height * horizon))
        h = self.height
        x = self.rng.uniform(0.15, 0.85) * h + (self.width - h) / 2
        if self.time == "night":
            for _ in range(self.width // 8):
                sx, sy = self.rng.uniform(0, self.width), self.rng.uniform(0, h * horizon * 0.9)
                self.draw.rectangle((sx, sy, sx + 1.6, sy + 1.6), fill=(214, 218, 236))
            self.oval(x, 0.14 * h, 0.06 * h, 0.06 * h, (236, 234, 208), lit=False)
        elif self.time == "sunset":
            self.oval(x, (horizon - 0.07) * h, 0.09 * h, 0.09 * h, (255, 214, 110), lit=False)
        elif not self.overcast and self.rng.random() < 0.6:
            self._cloud(x, self.rng.uniform(0.08, 0.2) * h)

    def _cloud(self, x: float, y: float) -> None:
        for dx, dy, r in ((-16, 3, 9), (0, 0, 12), (15, 3, 9), (26, 5, 6)):
            self.oval(x + dx, y + dy, r * 1.2, r * 0.8, (244, 248, 252), lit=False)


def _city(b: Backdrop) -> None:
    h = b.height
    b.sky(0.72)
    x = -b.rng.uniform(0, 20)
    while x < b.width:
        wide, top = b.rng.uniform(22, 44), b.rng.uniform(0.16, 0.48) * h
        shade = b.rng.choice(((150, 142, 138), (120, 124, 134), (172, 160, 146), (134, 116, 110)))
        b.rect(x, top, x + wide, 0.74 * h, shade)
        for wy in range(int(top) + 6, int(0.66 * h), 13):
            for wx in range(int(x) + 5, int(x + wide) - 6, 11):
                shine: RGB = (255, 222, 120) if b.rng.random() < 0.6 else (40, 44, 60)
                fill = shine if b.time == "night" else b.lit((92, 112, 134))
                b.draw.rectangle((wx, wy, wx + 5, wy + 6), fill=fill)
        x += wide + b.rng.uniform(0, 5)
    b.rect(0, 0.72 * h, b.width, 0.78 * h, (168, 166, 162))
    b.rect(0, 0.78 * h, b.width, h, b.varied((82, 84, 90)))
    for x0 in range(0, b.width, 34):
        b.rect(x0, 0.89 * h, x0 + 17, 0.905 * h, (226, 222, 206))


def _field(b: Backdrop) -> None:
    h = b.height
    b.sky(0.56)
    b.rect(0, 0.55 * h, b.width, h, b.varied((106, 162, 76), 14))
    for _ in range(b.width // 3):
        x, y = b.rng.uniform(0, b.width), b.rng.uniform(0.58 * h, h)
        b.rect(x, y, x + 1.5, y + 5, (76, 132, 58))


def _sea(b: Backdrop) -> None:
    h = b.height
    b.sky(0.51)
    b.rect(0, 0.5 * h, b.width, h, b.varied((44, 116, 156), 12))
    for _ in range(b.width // 6):
        x, y = b.rng.uniform(0, b.width), b.rng.uniform(0.54 * h, 0.99 * h)
        b.rect(x, y, x + b.rng.uniform(8, 20), y + 2, (122, 182, 206))


def _desert(b: Backdrop) -> None:
    h = b.height
    b.sky(0.58)
    b.rect(0, 0.58 * h, b.width, h, (222, 184, 120))
    for _ in range(4):
        x = b.rng.uniform(0, b.width)
        b.oval(x, h * b.rng.uniform(0.64, 0.7), b.rng.uniform(50, 100), 0.12 * h, b.varied((214, 174, 108), 12))
    b.rect(0, 0.78 * h, b.width, h, b.varied((230, 194, 132)))


def _pine(b: Backdrop, x: float, base: float, size: float, colour: RGB) -> None:
    for level in range(3):
        top = base - size * (1 - 0.22 * level)
        half = size * (0.2 + 0.09 * level)
        points = [(x, top), (x + half, top + size * 0.45), (x - half, top + size * 0.45)]
        b.draw.polygon(points, fill=b.lit(colour))


def _snow(b: Backdrop) -> None:
    h = b.height
    b.sky(0.56)
    b.rect(0, 0.55 * h, b.width, h, b.varied((232, 238, 246), 6))
    for _ in range(b.width // 40):
        _pine(b, b.rng.uniform(0, b.width), 0.6 * h, b.rng.uniform(26, 46), (60, 96, 82))


def _room(b: Backdrop) -> None:
    h = b.height
    b.gradient(b.varied((222, 206, 180), 14), (206, 190, 164), 0, int(0.72 * h))
    b.rect(0, 0.72 * h, b.width, h, b.varied((150, 104, 66)))
    b.rect(0, 0.70 * h, b.width, 0.73 * h, (240, 234, 222))
    x = b.rng.uniform(0.1, 0.5) * b.width
    b.rect(x, 0.14 * h, x + 52, 0.46 * h, (250, 248, 240))
    b.rect(x + 4, 0.16 * h, x + 24, 0.44 * h, (160, 204, 236))
    b.rect(x + 28, 0.16 * h, x + 48, 0.44 * h, (160, 204, 236))


def _forest(b: Backdrop) -> None:
    h = b.height
    b.sky(0.68)
    b.rect(0, 0.2 * h, b.width, 0.7 * h, b.varied((58, 92, 62)))
    b.rect(0, 0.66 * h, b.width, h, b.varied((86, 104, 58)))
    for _ in range(b.width // 14):
        x = b.rng.uniform(0, b.width)
        shade = b.rng.choice(((34, 84, 46), (46, 100, 54), (28, 70, 44)))
        b.rect(x - 3, 0.5 * h, x + 3, 0.74 * h, (84, 60, 40))
        _pine(b, x, 0.7 * h, b.rng.uniform(80, 120), shade)


def _mountains(b: Backdrop) -> None:
    h = b.height
    b.sky(0.68)
    x = -b.rng.uniform(0, 40)
    while x < b.width + 40:
        half, top = b.rng.uniform(46, 76), b.rng.uniform(0.16, 0.34) * h
        b.draw.polygon([(x, top), (x + half, 0.7 * h), (x - half, 0.7 * h)], fill=b.lit(b.varied((112, 112, 128))))
        cap = [(x, top), (x + half * 0.26, top + 0.12 * h), (x - half * 0.26, top + 0.12 * h)]
        b.draw.polygon(cap, fill=b.lit((242, 244, 250)))
        x += half * b.rng.uniform(0.9, 1.4)
    b.rect(0, 0.66 * h, b.width, h, b.varied((112, 148, 88)))


def _beach(b: Backdrop) -> None:
    h = b.height
    b.sky(0.43)
    b.rect(0, 0.42 * h, b.width, 0.64 * h, b.varied((56, 150, 186)))
    points = [(x, h * (0.64 + 0.012 * math.sin(x / 9))) for x in range(0, b.width + 8, 8)]
    b.draw.polygon([*points, (b.width, h), (0, h)], fill=b.lit(b.varied((236, 212, 156))))
    b.draw.line(points, fill=b.lit((248, 250, 250)), width=4)


def _sky_only(b: Backdrop) -> None:
    b.sky(1.0)
    if not b.overcast and b.time == "day":
        for _ in range(3):
            b._cloud(b.rng.uniform(0, b.width), b.rng.uniform(0.1, 0.9) * b.height)


def _space(b: Backdrop) -> None:
    b.gradient((6, 4, 14), (16, 8, 34), 0, b.height)
    for _ in range(b.width // 4):
        x, y = b.rng.uniform(0, b.width), b.rng.uniform(0, b.height)
        b.draw.rectangle((x, y, x + 1.7, y + 1.7), fill=(226, 226, 240))
    x, y, r = b.rng.uniform(0.1, 0.9) * b.width, b.rng.uniform(0.1, 0.3) * b.height, b.rng.uniform(9, 16)
    b.oval(x, y, r, r, b.rng.choice(((196, 140, 96), (150, 150, 170), (170, 110, 140))), lit=False)


_PAINT: dict[str, Callable[[Backdrop], None]] = {
    "city": _city, "field": _field, "sea": _sea, "desert": _desert, "snow": _snow, "room": _room,
    "forest": _forest, "mountains": _mountains, "beach": _beach, "sky": _sky_only, "space": _space,
}  # fmt: skip


def paint_scenery(name: str, time: str, overcast: bool, width: int, height: int, rng: random.Random) -> Image.Image:
    """Scenery ``name`` at a time of day, ``width`` by ``height`` pixels."""
    backdrop = Backdrop(width, height, time, overcast, rng)
    _PAINT[name](backdrop)
    return backdrop.image
