"""How well the shipped model sees: the exam of :mod:`.see` as a user would get the answers.

``gpt4video eval see --data DIR`` (photos with captions, in the layout of :mod:`gpt4video.agent.training.see_data`).
Captions are searched, ranked and checked as in a conversation, and compared with what the model alone would have said.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from ...tools.understanding.vision import class_names
from ..model.seer import Look, Seer
from ..training.see_bank import Bank, BankSize, fill
from ..training.see_data import read_captions, read_split
from ..training.see_features import FrameFeaturizer
from .see import Item, accuracy, caption_items, caption_scores, direction_items, is_right, order_items, question_items

_SEED = 5
_EACH = 200


def dev_bank(data: Path, encoder: Path, most: int) -> Bank:
    """Features of ``most`` dev photos (0: all), and of camera moves over them and drawn clips, 200 each at most.

    Args:
        data: folder with ``captions.csv``, ``images/`` and ``dev.txt``.
        encoder: the vision encoder's weights.
        most: photos.
    """
    import torch

    photos = read_split(data, "dev", read_captions(data), most)
    each = min(_EACH, max(14, len(photos)))
    size = BankSize(dev_camera=each, dev_drawn=each)
    return fill(FrameFeaturizer(encoder, torch.device("cpu")), class_names(), data, {"dev": photos}, size, _SEED)


def evaluate(
    seer: Seer, bank: Bank, questions: int = 600, done: Callable[[float], None] = lambda _share: None
) -> dict[str, Any]:
    """Captions of all dev photos, and at most ``questions`` questions of each group.

    Returns:
        ``captions`` (checked against the picture) and ``captions_unchecked`` with BLEU-4, CIDEr, ROUGE-L and the share
        of invented objects; ``answers`` by kind; ``by_kind`` counts; median seconds a caption; ``misses``.
    """
    photos = bank.photos["dev"]
    described = caption_items(photos)
    asked = _some(question_items(photos), questions)
    asked += [*order_items(photos, min(questions, 300)), *_some(direction_items(bank.moves["dev"]), questions)]
    total = len(described) + len(asked)
    said, replies, spent = [], [], []
    for number, item in enumerate([*described, *asked], 1):
        begin = time.perf_counter()
        if item.question:
            replies.append(seer.answer(item.question, _look(bank, item)).text)
        else:
            said.append(seer.caption(_look(bank, item)))
            spent.append(time.perf_counter() - begin)
        done(number / total)
    checked = [found[0].text if found else "" for found in said]
    unchecked = [max(found, key=lambda one: one.score).text if found else "" for found in said]
    misses = [
        {"kind": item.kind, "question": item.question, "accepted": sorted(item.accepted), "said": reply}
        for item, reply in zip(asked, replies, strict=True)
        if not is_right(reply, item.accepted)
    ]
    shown = [
        {"kind": "caption", "said": text, "references": sorted(item.accepted)}
        for item, text in zip(described, checked, strict=True)
    ]
    return {
        "captions": caption_scores(checked, described),
        "captions_unchecked": caption_scores(unchecked, described),
        "answers": accuracy(replies, asked),
        "median_seconds": round(median(spent), 3) if spent else 0.0,
        "by_kind": _counts(asked, replies),
        "misses": [*shown, *misses],
    }


def _look(bank: Bank, item: Item) -> Look:
    grid = bank.features([item.rows])[0].float().numpy()
    return Look(grid, grid.mean(1), item.labels)


def _some(items: Sequence[Item], most: int) -> list[Item]:
    return random.Random(_SEED).sample(list(items), min(most, len(items)))


def _counts(items: Sequence[Item], replies: Sequence[str]) -> dict[str, tuple[int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    for item, reply in zip(items, replies, strict=True):
        right, of = counts.get(item.kind, (0, 0))
        counts[item.kind] = (right + is_right(reply, item.accepted), of + 1)
    return dict(sorted(counts.items()))
