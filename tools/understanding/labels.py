"""Class labels of a shot: network scores -> a few everyday words with probabilities one can rely on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Measured on 700 captioned photos over 14 group words: of the labels at 0.33 and above, whole and parts together, 89 %
# are confirmed by a caption (captions do not name everything), of the whole picture's alone 87 % with fewer found.
# Single classes stray further ("maypole", "vat"), so they need more; a breed or a model of car more again.
FLOOR = 0.33
_LONE_FLOOR = 0.5
_FINE_FLOOR = 0.55


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
    closer: list[Floats] | None = None,
    count: int = 3,
    floor: float = FLOOR,
) -> list[Label]:
    """The labels of one shot, most probable first.

    A label's probability is its mean over the third of the frames that show it best, so that something in view for a
    part of the shot counts, and a single odd frame does not; scores of the classes of a group add up under its word.
    With parts, it is the geometric mean of that and of the part that shows the thing best: what both see is seldom
    wrong, and drawn pictures fool one of the two.

    Args:
        logits: (T, C) class scores of the shot's frames.
        names: the C class names.
        closer: class scores (K, C) of K parts of the picture, for some of the frames.
        count: at most so many.
        floor: group words below this probability are dropped, single classes below 0.17 to 0.22 more: unknown is
            better than wrong.
    """
    if not len(logits) or not names:
        return []
    p = probabilities(logits)
    words, columns, margins = _columns(p, names)
    best = np.sort(columns, axis=0)[::-1][: max(1, -(-len(p) // 3))]
    score = best.mean(axis=0)
    if closer:
        score = np.sqrt(
            score * np.mean([_columns(probabilities(part), names)[1].max(axis=0) for part in closer], axis=0)
        )
    found: list[Label] = []
    for index in np.argsort(-score, kind="stable"):
        if score[index] < floor or len(found) == count:
            break
        if score[index] < floor + margins[index]:
            continue
        shows = np.flatnonzero(columns[:, index] >= columns[:, index].max() / 2)
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
