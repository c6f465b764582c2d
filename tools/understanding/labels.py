"""Class labels of a shot: network scores -> a few everyday words with probabilities one can rely on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Measured on 1,500 captioned photos: group words at 0.4 to 0.5 are confirmed by a caption in 56 to 69 %, above 0.5 in
# 85 to 100 % (captions do not name everything). Single classes stray further ("maypole", "vat"), so they need more;
# a breed or a model of car more again.
FLOOR = 0.4
_LONE_FLOOR = 0.5
_FINE_FLOOR = 0.6


@dataclass(frozen=True)
class Label:
    """What is probably seen.

    Attributes:
        name: an everyday word or a class name.
        p: probability, 0 to 1.
        first: index of the first frame that shows it.
        last: index of the last one.
    """

    name: str
    p: float
    first: int
    last: int


@cache
def groups() -> dict[str, tuple[int, ...]]:
    """Everyday word -> the ImageNet classes it covers; no class is in two groups."""
    text = files(__package__).joinpath("imagenet_groups.txt").read_text("utf-8")
    table: dict[str, tuple[int, ...]] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        word, _, spans = line.partition(": ")
        members: list[int] = []
        for span in spans.split():
            first, _, last = span.partition("-")
            members.extend(range(int(first), int(last or first) + 1))
        table[word] = tuple(members)
    return table


def probabilities(logits: Floats) -> Floats:
    """Scores (T, C) -> softmax (T, C)."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Floats = (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
    return result


def top_labels(
    logits: Floats,
    names: tuple[str, ...],
    *,
    closer: dict[int, Floats] | None = None,
    count: int = 3,
    floor: float = FLOOR,
) -> list[Label]:
    """The labels of one shot, most probable first.

    A label's probability is its mean over the third of the frames that show it best, so that something in view for a
    part of the shot counts, and a single odd frame does not. Scores of the classes of a group add up under its word.

    Args:
        logits: (T, C) class scores of the shot's frames.
        names: the C class names.
        closer: for some of the frames, class scores (K, C) of parts of the picture; a thing counts with the part
            that shows it best.
        count: at most so many.
        floor: group words below this probability are dropped, single classes below 0.1 to 0.2 more: unknown is
            better than wrong.
    """
    if not len(logits) or not names:
        return []
    p = probabilities(logits)
    words, columns, margins = _columns(p, names)
    for index, parts in (closer or {}).items():
        columns[index] = np.maximum(columns[index], _columns(probabilities(parts), names)[1].max(axis=0))
    best = np.sort(columns, axis=0)[::-1][: max(1, -(-len(p) // 3))]
    score = best.mean(axis=0)
    found: list[Label] = []
    for index in np.argsort(-score, kind="stable"):
        if score[index] < floor or len(found) == count:
            break
        if score[index] < floor + margins[index]:
            continue
        shows = np.flatnonzero(columns[:, index] >= floor / 2)
        found.append(Label(words[index], float(score[index]), int(shows[0]), int(shows[-1])))
    return found


def _columns(p: Floats, names: tuple[str, ...]) -> tuple[list[str], Floats, list[float]]:
    """Words, their probability per frame (T, W) and how much above the floor each must be."""
    if len(names) != 1000:  # the groups are made for ImageNet's classes
        return list(names), p, [0.0] * len(names)
    grouped = groups()
    inside = {member for members in grouped.values() for member in members}
    together = np.stack([p[:, list(members)].sum(axis=1) for members in grouped.values()], axis=1)
    margins = [0.0] * len(grouped)
    margins += [(_FINE_FLOOR if index in inside else _LONE_FLOOR) - FLOOR for index in range(len(names))]
    return [*grouped, *names], np.concatenate([together, p], axis=1), margins
