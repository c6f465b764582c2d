"""Measures from pixels what a clip of the drawn world shows: colour, motion, backdrop, time, weather, camera.

Analysis by synthesis: backdrops are recognised by comparison with backdrops that the renderer draws, object colours
by comparison with the renderer's palette under the light so found. Nothing here has seen the generator.
What the object is and how many there are is read by a small network, see :mod:`.scene_reader`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .scene_backdrops import paint_scenery
from .scene_world import COLOURS, PLAIN, SCENERY
from .scenes import OBJECT_LIGHT, SIDE, VEIL

_CELL = 4
_DRAWS = 10
_TOLERANCE = 62.0  # RGB distance within which a pixel counts as of a palette colour
_LOOKS = ("clear", "overcast", "fog")

Floats = NDArray[np.float32]
Frames = NDArray[np.uint8]


@dataclass(frozen=True)
class Findings:
    """What was measured; the words are those of :class:`~.scene_world.Scene`.

    Attributes:
        colour: of the object, empty when none stands out.
        motion: left, right, up, down, closer, away or still; empty without an object.
        background: a plain colour's or a scenery's name.
        scenic: whether the background is scenery.
        time: day, night or sunset.
        weather: clear, rain, snow or fog.
        camera: fixed, pan left or pan right.
        brightness: mean luma, 0 to 255.
        object_share: share of pixels of the object's colour.
    """

    colour: str
    motion: str
    background: str
    scenic: bool
    time: str
    weather: str
    camera: str
    brightness: float
    object_share: float


@dataclass(frozen=True)
class _Library:
    """Backdrops to compare with: features (N, cells, 3) and what each is."""

    cells: Floats
    names: list[tuple[str, bool, str, str]]


def _cells(picture: Floats) -> Floats:
    """(..., 64, 64, 3) -> (..., 256, 3): means of 4x4 pixels."""
    side = SIDE // _CELL
    shape = (*picture.shape[:-3], side, _CELL, side, _CELL, 3)
    means: Floats = picture.reshape(shape).mean((-4, -2)).reshape(*picture.shape[:-3], side * side, 3)
    return means


@lru_cache(maxsize=1)
def _library() -> _Library:
    pictures, names = [], []
    for name, colour in PLAIN.items():
        pictures.append(np.broadcast_to(np.asarray(colour, np.float32), (SIDE, SIDE, 3)))
        names.append((name, False, "day", "clear"))
    for name in SCENERY:
        fixed = name in {"room", "space"}
        for time in ("day",) if fixed else ("day", "night", "sunset"):
            for look in _LOOKS[:1] if fixed else _LOOKS:
                for draw in range(_DRAWS):
                    rng = random.Random(f"{name}{time}{look}{draw}")
                    image = paint_scenery(name, time, look != "clear", 3 * SIDE, 3 * SIDE, rng).reduce(3)
                    picture = np.asarray(image, np.float32)
                    if look == "fog":
                        picture = 0.5 * picture + 0.5 * np.asarray(VEIL[time], np.float32)
                    pictures.append(picture)
                    names.append((name, True, time, look))
    return _Library(_cells(np.stack(pictures).astype(np.float32)), names)


def _backdrop(still: Floats) -> tuple[str, bool, str, str]:
    """Nearest backdrop: the 70 % best matching cells are compared, so that objects do not count."""
    library = _library()
    distance = np.abs(library.cells - _cells(still)[None]).sum(2)
    keep = int(distance.shape[1] * 0.7)
    trimmed = np.sort(distance, 1)[:, :keep].mean(1)
    votes: dict[tuple[str, bool, str, str], float] = {}
    for index in np.argsort(trimmed)[:5]:
        key = library.names[index]
        votes[key] = votes.get(key, 0.0) + 1.0 / (float(trimmed[index]) + 1.0) ** 2
    return max(votes, key=lambda key: votes[key])


def _camera(clip: Floats) -> str:
    """Whether neighbouring frames fit better when shifted by the two pixels that a pan moves them."""
    luma = clip.mean(3)
    before, after = luma[:-1], luma[1:]
    still = np.abs(after - before)[:, :, 2:-2]
    left_pan = np.abs(after[:, :, 4:] - before[:, :, 2:-2])  # the picture slides right
    right_pan = np.abs(after[:, :, :-4] - before[:, :, 2:-2])
    # The lower half of the differences: rain, snow and moving objects are the rest.
    errors = [float(np.minimum(e, 40).mean()) for e in (still, left_pan, right_pan)]
    best = int(np.argmin(errors))
    if best and errors[best] < 0.8 * errors[0] and errors[0] > 0.6:
        return ("fixed", "pan left", "pan right")[best]
    return "fixed"


def _palette(time: str, look: str) -> tuple[list[str], Floats]:
    light = np.asarray(OBJECT_LIGHT[time], np.float32)
    colours = np.asarray(list(COLOURS.values()), np.float32) * light
    if look == "fog":
        colours = 0.5 * colours + 0.5 * np.asarray(VEIL[time], np.float32)
    return list(COLOURS), colours


def _masks(clip: Floats, backdrop: tuple[str, bool, str, str]) -> tuple[list[str], Floats]:
    """Palette colours and, for each, how far a pixel is of that colour where backdrops never are: (K, T, 64, 64)."""
    library = _library()
    names, palette = _palette(backdrop[2], backdrop[3])
    alike = library.cells[[i for i, name in enumerate(library.names) if name == backdrop]]
    tolerance = _TOLERANCE * (0.5 if backdrop[3] == "fog" else 0.75 if backdrop[2] == "night" else 1.0)
    distance = np.stack([np.linalg.norm(clip - colour, axis=3) for colour in palette])
    nearest = distance.argmin(0)
    # A pixel that looks like the backdrop at its place is not the object's.
    side = SIDE // _CELL
    own = alike.reshape(-1, 1, side, side, 3).repeat(_CELL, 2).repeat(_CELL, 3)
    scene_distance = np.stack([np.linalg.norm(clip - one, axis=3) for one in own]).min(0)
    masks = []
    for index in range(len(names)):
        mask = (nearest == index) & (distance[index] < tolerance) & (distance[index] < scene_distance)
        masks.append(mask)
    return names, np.stack(masks).astype(np.float32)


def _solid(mask: Floats) -> Floats:
    """Drop specks: keep pixels most of whose 3x3 neighbourhood is set."""
    padded = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
    near = sum(padded[:, dy : dy + SIDE, dx : dx + SIDE] for dy in range(3) for dx in range(3))
    kept: Floats = mask * (np.asarray(near) >= 4)
    return kept


def _motion(mask: Floats) -> str:
    """Direction from the centre and the area of the mask (T, 64, 64), the first quarter against the last."""
    area = mask.sum((1, 2)) + 1e-3
    grid = np.arange(SIDE, dtype=np.float32)
    xs = (mask.sum(1) @ grid) / area
    ys = (mask.sum(2) @ grid) / area
    quarter = max(1, len(mask) // 4)

    def change(values: Floats) -> float:
        weights = np.minimum(area, 40)
        early, late = slice(0, quarter), slice(-quarter, None)
        first = np.average(values[early], weights=weights[early])
        return float(np.average(values[late], weights=weights[late]) - first)

    dx, dy = change(xs), change(ys)
    growth = float(area[-quarter:].mean() / area[:quarter].mean())
    if max(abs(dx), abs(dy)) > 5.0:
        if abs(dx) >= abs(dy):
            return "right" if dx > 0 else "left"
        return "down" if dy > 0 else "up"
    if growth > 1.9 or growth < 1 / 1.9:
        return "closer" if growth > 1 else "away"
    return "still"


def _falling(clip: Floats, mask: Floats) -> str:
    """Rain or snow: short-lived bright specks; rain's are long and upright, snow's are round."""
    middle = np.median(np.stack([clip[:-2], clip[1:-1], clip[2:]]), 0).mean(3)
    rise = clip[1:-1].mean(3) - middle
    near = np.maximum.reduce([mask[:-2], mask[1:-1], mask[2:]])
    specks = (rise > 9) & (near == 0)
    share = float(specks.mean())
    if share < 0.012:
        return "clear"
    upright = float((specks[:, 4:] & specks[:, :-4]).mean()) / share
    return "rain" if upright > 0.22 else "snow"


def analyse(frames: Frames) -> Findings:
    """Measure a clip (T, 64, 64, 3) uint8 RGB, T of at least 4."""
    clip = frames.astype(np.float32)
    camera = _camera(clip)
    still = clip[len(clip) // 2] if camera != "fixed" else np.median(clip, 0).astype(np.float32)
    backdrop = _backdrop(still)
    names, masks = _masks(clip, backdrop)
    solid = np.stack([_solid(mask) for mask in masks])
    # White and black also edge things, and boats have white sails: they count for less.
    weights = np.asarray([0.45 if name in {"white", "black"} else 1.0 for name in names])
    areas = solid.mean((1, 2, 3)) * weights
    best = int(areas.argmax())
    found = areas[best] > 0.0025
    everything = masks.max(0) if found else np.zeros_like(masks[0])
    weather = "fog" if backdrop[3] == "fog" else _falling(clip, _grown(everything * (solid.max(0) > 0)))
    return Findings(
        colour=names[best] if found else "",
        motion=_motion(solid[best]) if found else "",
        background=backdrop[0],
        scenic=backdrop[1],
        time=backdrop[2],
        weather=weather,
        camera=camera,
        brightness=float(clip.mean()),
        object_share=float(solid[best].mean()),
    )


def _grown(mask: Floats) -> Floats:
    """The mask and two pixels around it."""
    padded = np.pad(mask, ((0, 0), (2, 2), (2, 2)))
    grown: Floats = np.maximum.reduce([padded[:, dy : dy + SIDE, dx : dx + SIDE] for dy in range(5) for dx in range(5)])
    return grown
