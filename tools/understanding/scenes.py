"""Scenes: runs of shots that belong together, and what they show in a few words.

Shots belong together when a later one, within a few shots and half a minute, looks like an earlier one (overlapping
links; Hanjalic, Lagendijk and Biemond, "Automated high-level movie segmentation for advanced video-retrieval systems",
1999): so the two sides of a dialogue are one scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .analysis import ShotAnalysis

_FEWEST = 4
"""A clip of fewer shots is told shot by shot."""
_SHOTS_APART = 6
_SECONDS_APART = 30.0
_ALIKE = 0.55
_MOST_SCENES = 40


@dataclass(frozen=True)
class Scene:
    """A run of shots.

    Attributes:
        start: seconds.
        end: seconds.
        shots: how many.
        text: what is seen in it, in a few words; empty when nothing is known.
    """

    start: float
    end: float
    shots: int
    text: str


def scenes_of(shots: Sequence[ShotAnalysis]) -> list[Scene]:
    """The scenes of a clip, in order, without gaps; none for a clip of few shots."""
    if not shots or shots[-1].number < _FEWEST:
        return []
    features = np.stack([shot.features for shot in shots])
    # What all shots share tells nothing: likeness is that of what sets a shot apart.
    apart = features - features.mean(axis=0)
    apart = apart / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-9)
    bounds = _boundaries(shots, apart)
    while len(bounds) > _MOST_SCENES:
        bounds = bounds[::2]
    return [_scene(shots[a:b]) for a, b in zip(bounds, [*bounds[1:], len(shots)], strict=True)]


def _boundaries(shots: Sequence[ShotAnalysis], apart: NDArray[np.floating]) -> list[int]:
    """Indices of the shots that begin a scene: no link reaches over them."""
    reach = list(range(len(shots)))
    for index, shot in enumerate(shots):
        last = min(len(shots), index + _SHOTS_APART + 1)
        for later in range(index + 1, last):
            near = shots[later].start - shot.end <= _SECONDS_APART
            same = shots[later].number == shot.number
            if same or (near and float(apart[index] @ apart[later]) >= _ALIKE):
                reach[index] = later
    bounds, furthest = [0], reach[0]
    for index in range(1, len(shots)):
        if index > furthest:
            bounds.append(index)
        furthest = max(furthest, reach[index])
    return bounds


def _scene(shots: Sequence[ShotAnalysis]) -> Scene:
    count = len({shot.number for shot in shots})
    return Scene(shots[0].start, shots[-1].end, count, summary(shots))


def summary(shots: Sequence[ShotAnalysis], most: int = 3) -> str:
    """What shots show: their surest descriptions, else the labels that are longest in view."""
    told: dict[str, float] = {}
    for shot in shots:
        if shot.caption is not None:
            text = shot.caption.text.strip().rstrip(".")
            told[text] = max(told.get(text, 0.0), shot.caption.score)
    if not told:
        for shot in shots:
            for label in shot.labels:
                told[label.name] = told.get(label.name, 0.0) + label.p * (shot.end - shot.start)
    best = sorted(told, key=lambda text: -told[text])[:most]
    order = {text: index for index, text in enumerate(told)}
    return "; ".join(sorted(best, key=order.__getitem__))
