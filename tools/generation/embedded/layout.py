"""The plan that lies between words and pixels: what is to be seen and where, as a row of small numbers.

A layout is ``LENGTH`` integers: backdrop, time of day, weather and camera, then for each of ``OBJECTS`` objects its
kind, colour, motion and action and its place (centre x and y, radius) at the first and at the last frame. 0 is
"unknown" everywhere; words count from 1 in the order of the trained vocabulary, places in steps. :mod:`.writer` writes
layouts from words, :mod:`.network` paints them. Laying out first and painting second is known from "LLM-grounded Video
Diffusion Models" (arXiv 2309.17444).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

SCENE_FIELDS = ("background", "time", "weather", "camera")
OBJECT_FIELDS = ("kind", "colour", "motion", "action")
FIELDS = SCENE_FIELDS + OBJECT_FIELDS
"""Fields that hold words; a vocabulary has as many words for each as its network's ``words`` say."""

OBJECTS = 3
PLACES = 6  # x, y, radius at the first frame and at the last
PER_OBJECT = len(OBJECT_FIELDS) + PLACES
LENGTH = len(SCENE_FIELDS) + OBJECTS * PER_OBJECT

NOTHING = 1
"""The kind of an object that is not there: the first word of that field."""
BOUNCES = 2
"""The action of an object that hops: the second word of that field."""

HOPS = 2  # in a clip
HOP_HEIGHT = 0.18  # in picture widths

_AXIS = (-0.4, 0.01, 181)  # centres: the first, the step, how many
_RADIUS = (0.0, 0.005, 81)
_SCALES = (_AXIS, _AXIS, _RADIUS) * 2


def place_sizes() -> tuple[int, ...]:
    """How many steps each number of a place can take."""
    return tuple(count for _, _, count in _SCALES)


def to_steps(places: Tensor) -> Tensor:
    """Places (..., 6) in picture widths -> numbers from 1 on."""
    first, step, count = (torch.tensor(row, dtype=torch.float32) for row in zip(*_SCALES, strict=True))
    nearest = ((places - first) / step).round()
    return torch.minimum(nearest.clamp(min=0), count - 1).long() + 1


def from_steps(numbers: Tensor) -> Tensor:
    """The inverse of :func:`to_steps`, to within half a step."""
    first, step, _ = (torch.tensor(row, device=numbers.device) for row in zip(*_SCALES, strict=True))
    return first + step * (numbers - 1)


def split(layout: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(B, LENGTH) -> words of the scene (B, 4), words of the objects (B, 3, 4), places as numbers (B, 3, 6)."""
    scene, rest = layout[:, : len(SCENE_FIELDS)], layout[:, len(SCENE_FIELDS) :]
    objects = rest.reshape(len(layout), OBJECTS, PER_OBJECT)
    return scene, objects[..., : len(OBJECT_FIELDS)], objects[..., len(OBJECT_FIELDS) :]


def without_places(layout: Tensor) -> Tensor:
    """What is to be seen, but not where: for a picture or a clip that shows that itself."""
    scene, words, places = split(layout)
    return torch.cat([scene, torch.cat([words, torch.zeros_like(places)], 2).flatten(1)], 1)


def tracks(layout: Tensor, frames: int) -> tuple[Tensor, Tensor]:
    """Where the objects are in every frame: (B, 3, frames, 3) of x, y, radius; and where that is known (B, 3)."""
    _, words, numbers = split(layout)
    places = from_steps(numbers)
    share = torch.linspace(0, 1, frames, device=layout.device)[:, None]
    way = places[:, :, None, :3] * (1 - share) + places[:, :, None, 3:] * share
    hops = (words[..., 3] == BOUNCES).float()[..., None]
    lift = hops * HOP_HEIGHT * (math.pi * HOPS * share[:, 0]).sin().abs()
    known = (numbers > 0).all(2) & (words[..., 0] != NOTHING)
    return torch.stack([way[..., 0], way[..., 1] - lift, way[..., 2].clamp(min=0.01)], 3), known
