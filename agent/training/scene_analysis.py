"""Measures from pixels what a clip of the drawn world shows: colour, motion, backdrop, time, weather, camera.

Analysis by synthesis: backdrops are recognised by comparison with backdrops that the renderer draws, object colours
by comparison with the renderer's palette under the light so found. Nothing here has seen the generator.
What things are and how many there are is read by a small network, see :mod:`.scene_reader`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...tools.generation.embedded.layout import HOP_HEIGHT, HOPS
from .scene_backdrops import paint_scenery
from .scene_world import COLOURS, PLAIN, SCENERY
from .scenes import FRAMES, OBJECT_LIGHT, SIDE, VEIL

_CELL = 4
_DRAWS = 10
_TOLERANCE = 62.0  # RGB distance within which a pixel counts as of a palette colour
_WEIGHTS = {"white": 0.3, "black": 0.3, "brown": 0.5}
_PAN_PIXELS = 0.45 * SIDE / (FRAMES - 1)  # a frame
_SEEN = 0.003  # share of a clip that a thing must cover
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
        colours: all palette colours that things have, the most frequent first.
        action: ``bounce`` when the object hops twice in the clip.
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
    colours: tuple[str, ...]
    action: str


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


def _backdrop(*pictures: Floats) -> tuple[str, bool, str, str]:
    """Nearest backdrop: the 70 % best matching cells are compared, so that objects do not count."""
    library = _library()
    votes: dict[tuple[str, bool, str, str], float] = {}
    for picture in pictures:
        distance = np.abs(library.cells - _cells(picture)[None]).sum(2)
        keep = int(distance.shape[1] * 0.7)
        trimmed = np.sort(distance, 1)[:, :keep].mean(1)
        for index in np.argsort(trimmed)[:5]:
            key = library.names[index]
            votes[key] = votes.get(key, 0.0) + 1.0 / (float(trimmed[index]) + 1.0) ** 2
    return max(votes, key=lambda key: votes[key])


def _plain(still: Floats) -> str:
    """The plain colour that fills the picture from top to bottom; empty when it is scenery."""
    thirds = [np.median(part.reshape(-1, 3), 0) for part in (still[:16], still[24:40], still[48:])]
    middle = np.median(np.stack(thirds), 0)
    # One third may be covered by a big object.
    near = sum(float(np.abs(third - middle).max()) < 13 for third in thirds)
    share = float((np.abs(still - middle).max(2) < 20).mean())
    if near < 2 or share < 0.45 or (near == 2 and share < 0.6):
        return ""
    if middle.mean() < 45 and middle[2] - middle[0] > 7:  # the bluish dark of night and space
        return ""
    distances = {name: float(np.linalg.norm(np.asarray(colour) - middle)) for name, colour in PLAIN.items()}
    best = min(distances, key=lambda name: distances[name])
    return best if distances[best] < 45 else ""


def _camera(clip: Floats, mask: Floats) -> str:
    """Whether the edges of the backdrop stay where they are or slide by the two pixels a frame of a pan."""
    luma = clip.mean(3)
    before, after = luma[:-1, :, 3:-3], luma[1:]
    steep = np.abs(luma[:-1, :, 4:-2] - luma[:-1, :, 2:-4]) > 10
    steep &= mask[:-1, :, 3:-3] == 0
    width = luma.shape[2]
    errors = {shift: np.abs(after[:, :, 3 + shift : width - 3 + shift] - before) for shift in (-2, 0, 2)}
    votes = {shift: float((steep & (error < 12)).sum()) for shift, error in errors.items()}
    if votes[-2] > 1.25 * max(votes[0], 1):
        return "pan right"
    if votes[2] > 1.25 * max(votes[0], 1):
        return "pan left"
    return "fixed"


def _steadied(clip: Floats, camera: str) -> Floats:
    """The part of the picture that stays in view during a pan, shifted so that it stands still."""
    if camera == "fixed":
        return clip
    count, width = clip.shape[0], clip.shape[2]
    travel = round(_PAN_PIXELS * (count - 1))
    slides = [round(_PAN_PIXELS * i) if camera == "pan left" else travel - round(_PAN_PIXELS * i) for i in range(count)]
    steady: Floats = np.stack(
        [frame[:, slide : slide + width - travel] for frame, slide in zip(clip, slides, strict=True)]
    )
    return steady


def _palette(time: str, look: str) -> tuple[list[str], Floats]:
    light = np.asarray(OBJECT_LIGHT[time], np.float32)
    colours = np.asarray(list(COLOURS.values()), np.float32) * light
    if look == "fog":
        colours = 0.5 * colours + 0.5 * np.asarray(VEIL[time], np.float32)
    return list(COLOURS), colours


def _distance(clip: Floats, colour: Floats) -> Floats:
    """RGB distance of every pixel (T, 64, 64, 3) to a colour or a picture."""
    difference = clip - colour
    distance: Floats = np.sqrt(np.einsum("thwc,thwc->thw", difference, difference))
    return distance


def _masks(clip: Floats, still: Floats, backdrop: tuple[str, bool, str, str]) -> tuple[list[str], Floats]:
    """Palette colours and, for each, how far a pixel is of that colour where backdrops never are: (K, T, 64, 64)."""
    library = _library()
    names, palette = _palette(backdrop[2], backdrop[3])
    alike = library.cells[[i for i, name in enumerate(library.names) if name == backdrop]]
    if not backdrop[1]:
        alike = np.broadcast_to(np.median(still.reshape(-1, 3), 0).astype(np.float32), alike.shape)
    tolerance = _TOLERANCE * (0.5 if backdrop[3] == "fog" else 0.75 if backdrop[2] == "night" else 1.0)
    distance = np.stack([_distance(clip, colour) for colour in palette])
    nearest = distance.argmin(0)
    # A pixel that looks like the backdrop at its place is not the object's.
    side = SIDE // _CELL
    alike = np.unique(alike, axis=0)
    own = alike.reshape(-1, 1, side, side, 3).repeat(_CELL, 2).repeat(_CELL, 3)
    scene_distance = np.minimum.reduce([_distance(clip, one) for one in own])
    masks = []
    for index in range(len(names)):
        mask = (nearest == index) & (distance[index] < tolerance) & (distance[index] < scene_distance)
        masks.append(mask)
    return names, np.stack(masks).astype(np.float32)


def _solid(mask: Floats) -> Floats:
    """Drop specks: keep pixels with enough of their 3x3 neighbourhood set."""
    kept: Floats = mask * (_crowding(mask, 1) > 0.42)
    return kept


def _action(mask: Floats) -> str:
    """Whether the centre of the mask (T, 64, 64) follows two hops over the straight line from first to last frame."""
    area = mask.sum((1, 2))
    if (area < 4).any():
        return ""
    ys = (mask.sum(2) @ np.arange(SIDE, dtype=np.float32)) / area / SIDE
    share = np.linspace(0, 1, len(ys))
    hop = np.abs(np.sin(np.pi * HOPS * share))
    shape = np.stack([np.ones_like(share), share, -hop], 1)
    found, *_ = np.linalg.lstsq(shape, ys, rcond=None)
    missed, straight = ys - shape @ found, ys - shape[:, :2] @ np.linalg.lstsq(shape[:, :2], ys, rcond=None)[0]
    explains = float(np.square(missed).sum()) < 0.5 * float(np.square(straight).sum())
    return "bounce" if explains and found[2] > 0.4 * HOP_HEIGHT else ""


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
    if max(growth, 1 / growth) > 2.2 and max(abs(dx), abs(dy)) < 9:
        return "closer" if growth > 1 else "away"
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
    specks = (rise > 8) & (np.maximum.reduce([mask[:-2], mask[1:-1], mask[2:]]) == 0)
    specks &= _crowding(specks.astype(np.float32), 4) < 0.45  # wider patches are moving things
    share = float(specks.mean())
    if share < 0.012:
        return "clear"
    down = float((specks[:, 3:] & (specks[:, :-3] | np.roll(specks, -1, 2)[:, :-3])).mean())
    across = float((specks[:, :, 3:] & (specks[:, :, :-3] | np.roll(specks, -1, 1)[:, :, :-3])).mean())
    return "rain" if down > 1.4 * across else "snow"


@dataclass(frozen=True)
class Coloured:
    """The palette's colours in a clip.

    Attributes:
        backdrop: name, whether it is scenery, time, and how it looks.
        names: of the colours, K.
        masks: where things have that colour, (K, T, 64, 64).
        solid: the same without specks.
        order: the colours that things have, by index, the most frequent first.
    """

    backdrop: tuple[str, bool, str, str]
    names: list[str]
    masks: Floats
    solid: Floats
    order: list[int]


def coloured(clip: Floats) -> Coloured:
    """Find the backdrop of a clip (T, 64, 64, 3), and what of it is of which colour."""
    still = np.median(clip, 0).astype(np.float32)
    plain = _plain(still)
    backdrop = (plain, False, "day", "clear") if plain else _backdrop(clip[len(clip) // 2], still)
    names, masks = _masks(clip, still, backdrop)
    solid = np.stack([_solid(mask) for mask in masks])
    # White, black and brown also edge things, and boats have white sails: they count for less.
    areas = solid.mean((1, 2, 3)) * np.asarray([_WEIGHTS.get(name, 1.0) for name in names])
    order = [int(index) for index in np.argsort(-areas) if float(solid[index].mean()) > _SEEN]
    return Coloured(backdrop, names, masks, solid, order)


def analyse(frames: Frames) -> Findings:
    """Measure a clip (T, 64, 64, 3) uint8 RGB, T of at least 4."""
    clip = frames.astype(np.float32)
    seen = coloured(clip)
    backdrop, names, solid, found = seen.backdrop, seen.names, seen.solid, bool(seen.order)
    best = seen.order[0] if found else 0
    mask = (_crowding(solid.max(0), 2) > 0).astype(np.float32)
    camera = _camera(clip, mask) if backdrop[1] else "fixed"
    steady, steady_mask = (_steadied(values, camera) for values in (clip, mask))
    weather = "fog" if backdrop[3] == "fog" else _falling(steady, steady_mask)
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
        colours=tuple(names[index] for index in seen.order),
        action=_action(solid[best]) if found else "",
    )


def _crowding(mask: Floats, reach: int) -> Floats:
    """Share of set pixels in the square of ``2 * reach + 1`` about each pixel of (T, 64, 64)."""
    side = 2 * reach + 1
    sums = np.cumsum(np.pad(mask, ((0, 0), (reach + 1, reach), (reach + 1, reach))), 1).cumsum(2)
    boxes = sums[:, side:, side:] - sums[:, :-side, side:] - sums[:, side:, :-side] + sums[:, :-side, :-side]
    share: Floats = np.round(boxes).astype(np.float32) / side**2
    return share
