"""The drawn world in the numbers of the generator's layouts: which word is which number, and a scene as a layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ...tools.generation.embedded.layout import FIELDS, LENGTH, OBJECTS, PER_OBJECT, SCENE_FIELDS, to_steps
from .scene_world import ACTIONS, CAMERAS, COLOURS, KINDS, MOTIONS, PLAIN, SCENERY, TIMES, WEATHERS, Scene

if TYPE_CHECKING:
    from .scenes import Thing

VOCABULARY: dict[str, tuple[str, ...]] = {
    "background": (*PLAIN, *SCENERY),
    "time": TIMES,
    "weather": WEATHERS,
    "camera": CAMERAS,
    "kind": ("", *KINDS),
    "colour": ("", *COLOURS),
    "motion": MOTIONS,
    "action": ACTIONS,
}
WORDS = tuple(len(VOCABULARY[field]) for field in FIELDS)


def _number(field: str, word: str) -> int:
    return VOCABULARY[field].index(word) + 1


def _background(scene: Scene) -> int:
    """Scenery and plain colours share no word, but are told apart by where they stand."""
    return len(PLAIN) + SCENERY.index(scene.background) + 1 if scene.scenic else _number("background", scene.background)


def numbers(scene: Scene, things: Sequence[Thing]) -> NDArray[np.int64]:
    """The layout (LENGTH,) of a scene; places of objects that are not there are 0."""
    row = np.zeros(LENGTH, np.int64)
    row[: len(SCENE_FIELDS)] = (
        _background(scene), _number("time", scene.time), _number("weather", scene.weather),
        _number("camera", scene.camera),
    )  # fmt: skip
    for index in range(OBJECTS):
        begin = len(SCENE_FIELDS) + index * PER_OBJECT
        if index >= len(things):
            row[begin : begin + 4] = 1
            continue
        thing = things[index]
        action = ACTIONS[1] if thing.track.hops else ACTIONS[0]
        words = [thing.kind, thing.colour, thing.motion, action]
        row[begin : begin + 4] = [_number(field, word) for field, word in zip(FIELDS[4:], words, strict=True)]
        places = torch.tensor([*thing.track.start, *thing.track.end])
        row[begin + 4 : begin + PER_OBJECT] = to_steps(places).numpy()
    return row
