"""What the model that sees is asked in its exam: captions, yes/no and attribute questions, order, direction."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..model.see_prompts import DESCRIBE, opening, question_line
from ..training.caption_questions import QuestionAnswer, denial_weights, questions, seen_objects
from ..training.see_data import Move, Photo, move_question, which_first
from .captions import bleu, cider, rouge_l

ATTRIBUTES = ("yes/no", "colour", "number")
"""The kinds of the "yes/no and attribute" figure."""

_SEED = 20_240
_TRIES = 20
"""Pairs of photos looked at for one question about order: some share all that they show."""


@dataclass(frozen=True)
class Item:
    """One question of the exam.

    Attributes:
        rows: of the feature bank, a frame each.
        labels: that are told to the model.
        question: empty asks for a description.
        accepted: what counts as right; for a description, its references.
    """

    kind: str
    rows: tuple[int, ...]
    labels: tuple[str, ...]
    question: str
    accepted: frozenset[str]

    @property
    def prompt(self) -> str:
        """What the model reads after the soft tokens."""
        return opening(self.labels) + (question_line(self.question) if self.question else DESCRIBE)


Reply = Callable[[Sequence[Item]], list[str]]
"""Answers prompts in order."""


def caption_items(photos: Sequence[Photo]) -> list[Item]:
    """One description a photo."""
    return [Item("caption", photo.plain[:1], photo.labels, "", frozenset(photo.captions)) for photo in photos]


def question_items(photos: Sequence[Photo], kinds: Sequence[str] = (*ATTRIBUTES, "where")) -> list[Item]:
    """Questions about photos; the same on every run."""
    rng = random.Random(_SEED)
    denial = denial_weights([photo.captions for photo in photos])
    items = []
    for photo in photos:
        asked = [qa for qa in questions(photo.captions, rng, denial) if qa.kind in kinds]
        items += [_item(qa, photo.plain[:1], photo.labels) for qa in asked]
    return items


def scene_pairs(
    photos: Sequence[Photo], count: int, rng: random.Random
) -> Iterator[tuple[Photo, Photo, QuestionAnswer]]:
    """At most ``count`` pairs of photos, each with a question which of two things comes first.

    Fewer when the captions hardly name anything by which photos can be told apart.
    """
    made = 0
    for _ in range(_TRIES * count):
        first, second = rng.sample(list(photos), 2)
        asked = which_first(seen_objects(first.captions), seen_objects(second.captions), rng)
        if asked is not None and made < count:
            yield first, second, asked
            made += 1


def order_items(photos: Sequence[Photo], count: int, frames: int = 8) -> list[Item]:
    """Two photos one after the other: which of two things comes first?"""
    rng = random.Random(_SEED + 1)
    items: list[Item] = []
    for first, second, asked in scene_pairs(photos, count, rng):
        cut = rng.randint(2, frames - 2)
        rows = first.plain[:1] * cut + second.plain[:1] * (frames - cut)
        labels = tuple(dict.fromkeys((*first.labels[:2], *second.labels[:2])))
        items.append(_item(asked, rows, labels))
    return items


def direction_items(moves: Sequence[Move]) -> list[Item]:
    """Which way does the camera, or the drawn shape, move?"""
    rng = random.Random(_SEED + 2)
    return [_item(move_question(m, rng.choice), m.rows, m.photo.labels if m.photo else ()) for m in moves]


def caption_scores(texts: Sequence[str], items: Sequence[Item]) -> dict[str, float]:
    """BLEU-4, CIDEr, ROUGE-L, mean length, and the share of named objects that no reference names (CHAIR-like)."""
    references = [sorted(item.accepted) for item in items]
    named = [seen_objects([text]) for text in texts]
    known = [seen_objects(refs) for refs in references]
    invented = sum(len(a - b) for a, b in zip(named, known, strict=True))
    return {
        "bleu_4": bleu(texts, references)[3],
        "cider": cider(texts, references),
        "rouge_l": rouge_l(texts, references),
        "words": sum(len(text.split()) for text in texts) / max(1, len(texts)),
        "invented_objects": invented / max(1, sum(len(a) for a in named)),
    }


def accuracy(replies: Sequence[str], items: Sequence[Item]) -> dict[str, float]:
    """Share of right answers by kind, and over the attribute kinds together."""
    right: dict[str, list[bool]] = {}
    for reply, item in zip(replies, items, strict=True):
        right.setdefault(item.kind, []).append(is_right(reply, item.accepted))
    scores = {kind: sum(flags) / len(flags) for kind, flags in sorted(right.items())}
    pooled = [flag for kind in ATTRIBUTES for flag in right.get(kind, [])]
    if pooled:
        scores["yes/no and attributes"] = sum(pooled) / len(pooled)
    return scores


def is_right(reply: str, accepted: frozenset[str]) -> bool:
    """Whether a reply is one of the accepted answers, or ends in an accepted one-word answer ("in the deep snow")."""
    said = _plain(reply)
    known = {_plain(answer) for answer in accepted}
    return said in known or (bool(said) and said.split()[-1] in known)


def examine(reply: Reply, photos: Sequence[Photo], moves: Sequence[Move], *, orders: int = 500) -> dict[str, Any]:
    """The whole exam: figures, and the captions by file name."""
    described = caption_items(photos)
    texts = reply(described)
    asked = [*question_items(photos), *order_items(photos, orders), *direction_items(moves)]
    replies = reply(asked)
    return {
        "captions": caption_scores(texts, described),
        "answers": accuracy(replies, asked),
        "asked": {kind: sum(item.kind == kind for item in asked) for kind in sorted({item.kind for item in asked})},
        "texts": {photo.name: text for photo, text in zip(photos, texts, strict=True)},
    }


def _item(asked: QuestionAnswer, rows: tuple[int, ...], labels: Sequence[str]) -> Item:
    return Item(asked.kind, rows, tuple(labels), asked.question, asked.accepted)


def _plain(text: str) -> str:
    words = re.findall(r"[a-z0-9'-]+", text.lower().replace("gray", "grey"))
    return " ".join(words)
