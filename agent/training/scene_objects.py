"""Silhouettes of the drawn world: each is a few polygons and ellipses in a box of 2 by 2 about the origin."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import ImageDraw

RGB = tuple[int, int, int]
Point = tuple[float, float]

_DARK: RGB = (36, 36, 42)
_GLASS: RGB = (178, 214, 234)
_SKIN: RGB = (232, 186, 150)
_WOOD: RGB = (104, 66, 36)


@dataclass(frozen=True)
class Pen:
    """Draws into one frame: maps the object's box to pixels, mirrors it, and lights its colours.

    Attributes:
        draw: the frame.
        x: centre, pixels.
        y: centre, pixels; the picture's y grows downwards, and so does the box's.
        radius: half the box's side, pixels.
        facing: -1 mirrors the object (drawn facing right).
        light: factors for red, green and blue.
        phase: 0 to 1, where in its own movement (wheels, wings, legs) the object is.
        colour: the object's main colour, unlit.
    """

    draw: ImageDraw.ImageDraw
    x: float
    y: float
    radius: float
    facing: int
    light: tuple[float, float, float]
    phase: float
    colour: RGB

    def _lit(self, colour: RGB) -> RGB:
        red, green, blue = (int(c * f) for c, f in zip(colour, self.light, strict=True))
        return red, green, blue

    def _at(self, point: Point) -> Point:
        return self.x + self.facing * point[0] * self.radius, self.y + point[1] * self.radius

    def poly(self, points: Sequence[Point], colour: RGB | None = None) -> None:
        """A filled polygon."""
        self.draw.polygon([self._at(p) for p in points], fill=self._lit(colour or self.colour))

    def box(self, left: float, top: float, right: float, bottom: float, colour: RGB | None = None) -> None:
        """A filled rectangle."""
        self.poly([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def oval(self, cx: float, cy: float, rx: float, ry: float, colour: RGB | None = None) -> None:
        """A filled ellipse."""
        x, y = self._at((cx, cy))
        wide, high = rx * self.radius, ry * self.radius
        self.draw.ellipse((x - wide, y - high, x + wide, y + high), fill=self._lit(colour or self.colour))

    def line(self, points: Sequence[Point], width: float, colour: RGB | None = None) -> None:
        """A stroke, ``width`` in box units."""
        pixels = max(2, round(width * self.radius))
        self.draw.line([self._at(p) for p in points], fill=self._lit(colour or self.colour), width=pixels)

    def ring(self, cx: float, cy: float, r: float, width: float, colour: RGB) -> None:
        """A circle's outline."""
        x, y = self._at((cx, cy))
        size = r * self.radius
        pixels = max(2, round(width * self.radius))
        self.draw.ellipse((x - size, y - size, x + size, y + size), outline=self._lit(colour), width=pixels)


def _ball(pen: Pen) -> None:
    pen.oval(0, 0, 1, 1)


def _square(pen: Pen) -> None:
    pen.box(-0.9, -0.9, 0.9, 0.9)


def _triangle(pen: Pen) -> None:
    pen.poly([(0, -1), (1, 0.9), (-1, 0.9)])


def _star(pen: Pen) -> None:
    pen.poly(
        [
            (math.sin(i * math.pi / 5) * (1 if i % 2 == 0 else 0.42), -math.cos(i * math.pi / 5) * (1 - 0.58 * (i % 2)))
            for i in range(10)
        ]
    )


def _heart(pen: Pen) -> None:
    pen.oval(-0.46, -0.36, 0.52, 0.52)
    pen.oval(0.46, -0.36, 0.52, 0.52)
    pen.poly([(-0.93, -0.12), (-0.5, -0.3), (0.5, -0.3), (0.93, -0.12), (0, 1)])


def _diamond(pen: Pen) -> None:
    pen.poly([(0, -1), (0.72, 0), (0, 1), (-0.72, 0)])


def _wheel(pen: Pen, x: float, y: float, r: float) -> None:
    pen.oval(x, y, r, r, _DARK)
    pen.oval(x, y, r * 0.45, r * 0.45, (170, 170, 176))


def _car(pen: Pen) -> None:
    pen.poly([(-0.62, -0.1), (-0.4, -0.58), (0.34, -0.58), (0.62, -0.1)])
    pen.poly([(-0.46, -0.12), (-0.32, -0.46), (-0.04, -0.46), (-0.04, -0.12)], _GLASS)
    pen.poly([(0.06, -0.12), (0.06, -0.46), (0.28, -0.46), (0.46, -0.12)], _GLASS)
    pen.poly([(-1, -0.12), (0.85, -0.12), (1, 0.05), (1, 0.4), (-1, 0.4)])
    _wheel(pen, -0.55, 0.42, 0.27)
    _wheel(pen, 0.55, 0.42, 0.27)


def _bus(pen: Pen) -> None:
    pen.box(-1, -0.75, 1, 0.55)
    for left in (-0.88, -0.44, 0.0, 0.44):
        pen.box(left, -0.55, left + 0.36, -0.12, _GLASS)
    _wheel(pen, -0.55, 0.58, 0.25)
    _wheel(pen, 0.55, 0.58, 0.25)


def _boat(pen: Pen) -> None:
    pen.box(-0.07, -1, 0.05, 0.3, _WOOD)
    pen.poly([(0.1, -0.95), (0.85, 0.18), (0.1, 0.18)], (240, 240, 236))
    pen.poly([(-0.12, -0.7), (-0.12, 0.18), (-0.7, 0.18)], (240, 240, 236))
    pen.poly([(-1, 0.28), (1, 0.28), (0.68, 0.85), (-0.7, 0.85)])


def _plane(pen: Pen) -> None:
    pen.oval(0, 0, 1, 0.2)
    pen.poly([(-0.95, -0.02), (-0.98, -0.55), (-0.72, -0.5), (-0.5, -0.05)])
    pen.poly([(0.25, 0.02), (-0.1, 0.02), (-0.5, 0.68), (-0.25, 0.68)])
    pen.poly([(0.2, -0.1), (-0.05, -0.1), (-0.28, -0.5), (-0.1, -0.5)])
    for x in (-0.3, 0.0, 0.3, 0.6):
        pen.oval(x, -0.05, 0.07, 0.07, _GLASS)


def _bicycle(pen: Pen) -> None:
    pen.ring(-0.58, 0.42, 0.42, 0.1, _DARK)
    pen.ring(0.58, 0.42, 0.42, 0.1, _DARK)
    for hub in (-0.58, 0.58):
        for turn in (0.0, 0.5):
            angle = math.pi * (4 * pen.phase + turn)
            dx, dy = 0.38 * math.cos(angle), 0.38 * math.sin(angle)
            pen.line([(hub - dx, 0.42 - dy), (hub + dx, 0.42 + dy)], 0.04, (120, 120, 124))
    for stroke in (
        [(-0.58, 0.42), (-0.25, -0.2), (0.38, -0.2), (0.0, 0.42), (-0.58, 0.42)],
        [(0.0, 0.42), (-0.3, -0.36)],
        [(0.58, 0.42), (0.36, -0.42)],
    ):
        pen.line(stroke, 0.17)
    pen.box(-0.48, -0.46, -0.12, -0.36, _DARK)
    pen.line([(0.2, -0.46), (0.5, -0.46)], 0.1, _DARK)


def _person(pen: Pen) -> None:
    swing = 0.32 * math.sin(2 * math.pi * 2 * pen.phase)
    for side in (-1, 1):
        pen.line([(0, 0.2), (side * swing, 0.98)], 0.2, (46, 56, 90))
        pen.line([(0, -0.42), (-side * (swing * 1.1 + 0.14), 0.14)], 0.15, _SKIN)
    pen.poly([(-0.28, -0.48), (0.28, -0.48), (0.25, 0.3), (-0.25, 0.3)])
    pen.oval(0, -0.74, 0.24, 0.26, _SKIN)
    pen.poly([(-0.25, -0.76), (-0.16, -1.0), (0.16, -1.0), (0.25, -0.76)], (70, 44, 26))


def _legs(pen: Pen, top: float, xs: Sequence[float], width: float) -> None:
    for index, x in enumerate(xs):
        swing = 0.16 * math.sin(2 * math.pi * 2 * pen.phase + math.pi * (index % 2))
        pen.line([(x, top), (x + swing, 0.85)], width)


def _dog(pen: Pen) -> None:
    _legs(pen, 0.2, (-0.55, -0.4, 0.3, 0.45), 0.16)
    pen.oval(-0.08, 0.1, 0.66, 0.3)
    pen.line([(-0.66, 0.0), (-0.95, -0.42)], 0.14)
    pen.oval(0.62, -0.32, 0.3, 0.27)
    pen.box(0.7, -0.32, 1.0, -0.1)
    pen.poly([(0.42, -0.5), (0.3, -0.05), (0.54, -0.2)], _DARK)
    pen.oval(0.7, -0.38, 0.06, 0.06, _DARK)


def _cat(pen: Pen) -> None:
    _legs(pen, 0.25, (-0.42, -0.28, 0.26, 0.4), 0.14)
    pen.oval(-0.02, 0.2, 0.52, 0.27)
    pen.line([(-0.5, 0.15), (-0.82, -0.2), (-0.72, -0.7)], 0.13)
    pen.oval(0.5, -0.25, 0.36, 0.32)
    pen.poly([(0.18, -0.4), (0.22, -0.88), (0.48, -0.52)])
    pen.poly([(0.52, -0.52), (0.78, -0.88), (0.82, -0.4)])
    pen.oval(0.42, -0.28, 0.07, 0.07, _DARK)
    pen.oval(0.66, -0.28, 0.07, 0.07, _DARK)


def _rabbit(pen: Pen) -> None:
    hop = 0.12 * abs(math.sin(2 * math.pi * 2 * pen.phase))
    pen.oval(-0.15, 0.42 - hop, 0.6, 0.42)
    pen.oval(-0.76, 0.3 - hop, 0.17, 0.17, (236, 226, 222))
    pen.oval(0.45, -0.05 - hop, 0.32, 0.3)
    pen.oval(0.32, -0.62 - hop, 0.12, 0.38)
    pen.oval(0.58, -0.62 - hop, 0.12, 0.38)
    pen.oval(0.55, -0.1 - hop, 0.07, 0.07, _DARK)
    pen.oval(-0.2, 0.82 - hop, 0.42, 0.14)


def _bird(pen: Pen) -> None:
    flap = math.sin(2 * math.pi * 3 * pen.phase)
    pen.oval(0, 0.1, 0.56, 0.26)
    pen.poly([(-0.45, 0.1), (-1.0, -0.08), (-0.95, 0.3)])
    pen.oval(0.56, -0.1, 0.24, 0.22)
    pen.poly([(0.74, -0.18), (1.02, -0.06), (0.74, 0.04)], (250, 176, 30))
    pen.poly([(0.3, 0.05), (-0.3, 0.05), (-0.28, 0.05 - 0.95 * flap), (-0.02, 0.05 - 0.9 * flap)])
    pen.oval(0.62, -0.15, 0.06, 0.06, _DARK)


def _fish(pen: Pen) -> None:
    wag = 0.12 * math.sin(2 * math.pi * 3 * pen.phase)
    pen.oval(0.15, 0, 0.72, 0.44)
    pen.poly([(-0.45, 0), (-1, -0.5 + wag), (-0.86, wag), (-1, 0.5 + wag)])
    pen.poly([(0.2, -0.35), (-0.2, -0.7), (-0.25, -0.25)])
    pen.oval(0.55, -0.1, 0.11, 0.11, (250, 250, 250))
    pen.oval(0.58, -0.1, 0.06, 0.06, _DARK)


def _tree(pen: Pen) -> None:
    pen.box(-0.14, 0.2, 0.14, 1, _WOOD)
    for cx, cy, r in ((-0.38, 0.05, 0.42), (0.38, 0.05, 0.42), (0, -0.42, 0.55)):
        pen.oval(cx, cy, r, r)


def _house(pen: Pen) -> None:
    pen.box(-0.78, -0.15, 0.78, 0.95)
    pen.poly([(-1, -0.13), (0, -1), (1, -0.13)], (92, 88, 102))
    pen.box(-0.16, 0.35, 0.2, 0.95, _WOOD)
    pen.box(-0.62, 0.1, -0.28, 0.42, _GLASS)
    pen.box(0.34, 0.1, 0.66, 0.42, _GLASS)


def _flower(pen: Pen) -> None:
    pen.box(-0.07, 0.0, 0.07, 1, (40, 120, 46))
    pen.oval(0.3, 0.62, 0.28, 0.12, (40, 120, 46))
    for index in range(6):
        angle = index * math.pi / 3
        pen.oval(0.4 * math.cos(angle), -0.4 + 0.4 * math.sin(angle), 0.27, 0.27)
    pen.oval(0, -0.4, 0.22, 0.22, (250, 214, 60) if pen.colour[2] > 60 or pen.colour[1] < 120 else (150, 84, 30))


def _balloon(pen: Pen) -> None:
    pen.oval(0, -0.4, 0.56, 0.62)
    pen.poly([(-0.1, 0.32), (0.1, 0.32), (0, 0.18)])
    sway = 0.1 * math.sin(2 * math.pi * pen.phase)
    pen.line([(0, 0.3), (sway, 0.65), (0, 1)], 0.05, (90, 90, 90))


def _rocket(pen: Pen) -> None:
    flame = 0.75 + 0.25 * math.sin(2 * math.pi * 5 * pen.phase)
    pen.poly([(-0.18, 0.55), (0.18, 0.55), (0, 0.55 + 0.45 * flame)], (255, 170, 40))
    pen.poly([(-0.28, 0.1), (-0.62, 0.66), (-0.28, 0.56)], (150, 36, 40))
    pen.poly([(0.28, 0.1), (0.62, 0.66), (0.28, 0.56)], (150, 36, 40))
    pen.poly([(0, -1), (0.3, -0.45), (0.3, 0.58), (-0.3, 0.58), (-0.3, -0.45)])
    pen.oval(0, -0.28, 0.15, 0.15, _GLASS)


DRAW: dict[str, Callable[[Pen], None]] = {
    "ball": _ball, "square": _square, "triangle": _triangle, "star": _star, "heart": _heart, "diamond": _diamond,
    "car": _car, "bus": _bus, "boat": _boat, "plane": _plane, "bicycle": _bicycle, "person": _person, "dog": _dog,
    "bird": _bird, "fish": _fish, "tree": _tree, "house": _house, "flower": _flower, "balloon": _balloon,
    "rocket": _rocket, "rabbit": _rabbit, "cat": _cat,
}  # fmt: skip
