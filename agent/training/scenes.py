"""A procedural renderer: scenes of a small world drawn as short clips, the ground truth known to the last word."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ...tools.generation.embedded.layout import HOP_HEIGHT, HOPS
from .scene_backdrops import HORIZON, paint_scenery
from .scene_objects import DRAW, Pen
from .scene_world import CAMERAS, COLOURS, PLAIN, SIZES, WIDE, Scene, World, draw_scene

FRAMES = 16
SIDE = 64
_SCALE = 3  # drawn at three times the size and averaged down: smooth edges and third-of-a-pixel motion
_CANVAS = SIDE * _SCALE
_PAN = 0.45  # how far a pan goes, in picture widths

_AT_REST = 0.12  # phase of the movements (wheels, wings, legs) of what stands still
OBJECT_LIGHT = {"day": (1.0, 1.0, 1.0), "night": (0.66, 0.66, 0.74), "sunset": (1.0, 0.9, 0.84)}
VEIL = {"day": (206, 208, 212), "night": (52, 56, 70), "sunset": (214, 180, 164)}  # fog
_GROUNDED = frozenset({"car", "bus", "bicycle", "person", "dog", "tree", "house", "flower", "rabbit", "cat"})
_SINKS = {"car": 0.69, "bus": 0.83, "bicycle": 0.84, "person": 0.98, "dog": 0.85, "tree": 1.0, "house": 0.95,
          "flower": 1.0, "rabbit": 0.96, "cat": 0.85}  # fmt: skip

Frames = NDArray[np.uint8]


@dataclass(frozen=True)
class Track:
    """Where one object goes: centre x, y and radius, in picture widths, at the first and the last frame.

    Attributes:
        start: where it begins.
        end: where it ends; in between it goes straight on.
        hops: whether it hops on the way.
    """

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    hops: bool = False

    def at(self, f: float) -> tuple[float, float, float]:
        """Centre and radius at the share ``f`` of the way."""
        x, y, r = (a + (b - a) * f for a, b in zip(self.start, self.end, strict=True))
        return x, y - self.hops * HOP_HEIGHT * abs(math.sin(math.pi * HOPS * f)), r


@dataclass(frozen=True)
class Thing:
    """One object of a scene and where it goes."""

    kind: str
    colour: str
    motion: str
    track: Track


def _rest(scene: Scene, radius: float, rng: random.Random) -> tuple[float, float]:
    """Where an object stands or passes: on the ground if it belongs there, else anywhere near the middle."""
    x = rng.uniform(0.36, 0.64)
    if scene.scenic and scene.kind in _GROUNDED and HORIZON[scene.background] < 1:
        foot = rng.uniform(0.86, 0.95)
        return x, foot - radius * _SINKS[scene.kind]
    if scene.scenic and scene.kind == "boat":
        return x, rng.uniform(0.56, 0.66) if scene.background in {"sea", "beach"} else 0.7
    return x, rng.uniform(0.38, 0.62)


def _path(scene: Scene, radius: float, rng: random.Random) -> Track:
    x, y = _rest(scene, radius, rng)
    reach = rng.uniform(0.2, 0.33)  # half the way travelled
    middle = rng.uniform(0.44, 0.56)
    if scene.motion in {"left", "right"}:
        sign = 1 if scene.motion == "right" else -1
        return Track((middle - sign * reach, y, radius), (middle + sign * reach, y, radius))
    if scene.motion in {"up", "down"}:
        sign = 1 if scene.motion == "down" else -1
        return Track((x, middle - sign * reach, radius), (x, middle + sign * reach, radius))
    if scene.motion in {"closer", "away"}:
        near, far = (x, y, radius * 1.35), (x, y, radius * 0.45)
        return Track(far, near) if scene.motion == "closer" else Track(near, far)
    return Track((x, y, radius), (x, y, radius))


def things(scene: Scene) -> list[Thing]:
    """The scene's objects, the farthest first: what stands in the world moves against a panning camera."""
    if not scene.kind:
        return []
    pan = {CAMERAS[1]: -_PAN / 2, CAMERAS[2]: _PAN / 2}.get(scene.camera, 0.0)
    rng = random.Random(scene.seed ^ 0x7AC4)
    found = [Thing(scene.kind, scene.colour, scene.motion, track) for track in _in_world(scene, rng)]
    if scene.second:
        found = _paired(found[0], scene, rng)
    return [replace(thing, track=_panned(thing.track, pan)) for thing in found]


def _panned(track: Track, pan: float) -> Track:
    (x, y, r), (u, v, s) = track.start, track.end
    return Track((x + pan, y, r), (u - pan, v, s), track.hops)


def _paired(first: Thing, scene: Scene, rng: random.Random) -> list[Thing]:
    """The second object stands behind what passes from side to side, else each has a half of the picture."""
    radius = SIZES["medium"] * rng.uniform(0.85, 1.15)
    beside = Scene(scene.second, scene.second_colour, "medium", 1, "still", scene.background, scene.scenic,
                   scene.time, scene.weather, scene.camera, scene.seed)  # fmt: skip
    x, y = _rest(beside, radius, rng)
    if scene.motion not in {"left", "right"}:
        side = rng.choice((-1, 1))
        x = 0.5 + side * rng.uniform(0.2, 0.27)
        away = 0.5 - side * rng.uniform(0.2, 0.27)
        (_, y0, r0), (_, y1, r1) = first.track.start, first.track.end
        first = replace(first, track=Track((away, y0, r0), (away, y1, r1), first.track.hops))
    return [Thing(scene.second, scene.second_colour, "still", Track((x, y, radius), (x, y, radius))), first]


def _in_world(scene: Scene, rng: random.Random) -> list[Track]:
    radius = SIZES[scene.size] * rng.uniform(0.92, 1.08)
    if scene.count > 1:
        radius = min(radius, 0.4 / scene.count if scene.count == 2 else 0.128)
    lead = replace(_path(scene, radius, rng), hops=scene.action == "bounce")
    if scene.count == 1:
        return [lead]
    # A row; things that fly or float sideways go one above the other, so that none leaves the picture.
    stacked = scene.motion in {"left", "right"} and scene.kind not in _GROUNDED and scene.kind != "boat"
    gap = 2.25 * radius if scene.motion not in {"closer", "away"} else 2.8 * radius
    row = []
    for index in range(scene.count):
        shift = (index - (scene.count - 1) / 2) * gap
        dx, dy = (0.0, shift) if stacked else (shift, 0.0)
        (x0, y0, r0), (x1, y1, r1) = lead.start, lead.end
        if not stacked and scene.motion not in {"left", "right"}:
            x0 = x1 = min(max(x0, 0.44), 0.56)
        row.append(Track((x0 + dx, y0 + dy, r0), (x1 + dx, y1 + dy, r1), lead.hops))
    return row


def _backdrop(scene: Scene, rng: random.Random) -> Image.Image:
    width = _CANVAS + (int(_CANVAS * _PAN) if scene.camera != "fixed" else 0)
    if scene.scenic:
        overcast = scene.weather != "clear"
        return paint_scenery(scene.background, scene.time, overcast, width, _CANVAS, rng)
    shift = rng.randint(-8, 8)
    red, green, blue = (max(0, min(255, c + shift)) for c in PLAIN[scene.background])
    return Image.new("RGB", (width, _CANVAS), (red, green, blue))


class _Weather:
    """Rain and snow: particles that fall through the frames and come in again at the top."""

    def __init__(self, scene: Scene, rng: random.Random) -> None:
        self._kind = scene.weather
        count = {"rain": 70, "snow": 60}.get(scene.weather, 0)
        self._drops = [(rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.75, 1.25)) for _ in range(count)]
        self._night = scene.time == "night"

    def draw(self, draw: ImageDraw.ImageDraw, frame: int) -> None:
        speed = 0.31 if self._kind == "rain" else 0.05
        shade = (150, 168, 196) if self._night else (206, 220, 236)
        for x, y, pace in self._drops:
            px = (x * _CANVAS + (frame * 2 * pace if self._kind == "snow" else -frame * 3)) % _CANVAS
            py = ((y + frame * speed * pace) % 1.1 - 0.05) * _CANVAS
            if self._kind == "rain":
                draw.line((px, py, px - 4, py + 17), fill=shade, width=2)
            else:
                draw.ellipse((px - 2.6, py - 2.6, px + 2.6, py + 2.6), fill=(250, 250, 255))


def _fog(clip: Frames, scene: Scene) -> Frames:
    if scene.weather != "fog":
        return clip
    veil = np.asarray(VEIL[scene.time], np.float32)
    return (clip * 0.5 + veil * 0.5).astype(np.uint8)


def draw_object(draw: ImageDraw.ImageDraw, thing: Thing, time: str, f: float, width: int) -> None:
    """Draw an object as it is at the share ``f`` of its clip, into a picture ``width`` pixels wide."""
    x, y, radius = (share * width for share in thing.track.at(f))
    facing = -1 if thing.motion == "left" else 1
    phase = f if thing.motion != "still" else _AT_REST
    DRAW[thing.kind](Pen(draw, x, y, radius, facing, OBJECT_LIGHT[time], phase, COLOURS[thing.colour]))


def render(scene: Scene, frames: int = FRAMES) -> Frames:
    """Draw a scene: (frames, 64, 64, 3) uint8 RGB, four frames a second. The same scene gives the same pixels."""
    rng = random.Random(scene.seed ^ 0x5EED)
    backdrop = _backdrop(scene, rng)
    shown = things(scene)
    weather = _Weather(scene, rng)
    spare = backdrop.width - _CANVAS
    clip = np.empty((frames, SIDE, SIDE, 3), np.uint8)
    for index in range(frames):
        f = index / max(1, frames - 1)
        slide = round(spare * (f if scene.camera == CAMERAS[2] else 1 - f))
        image = backdrop.crop((slide, 0, slide + _CANVAS, _CANVAS))
        draw = ImageDraw.Draw(image)
        for thing in shown:
            draw_object(draw, thing, scene.time, f, _CANVAS)
        weather.draw(draw, index)
        clip[index] = np.asarray(image.reduce(_SCALE))
    return _fog(clip, scene)


def render_seed(seed: int, world: World = WIDE) -> tuple[Scene, Frames]:
    """Scene and clip of a seed."""
    scene = draw_scene(seed, world)
    return scene, render(scene)
