"""Batches of lessons as token ids: made in worker processes, the same for the same seed and step."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..model.gpt4video_model import TokenBatch, pack
from .see_data import END, Example, Lessons

_FRAME_COUNTS = (3, 4, 6, 8, 8, 8, 12, 16)


@dataclass(frozen=True)
class BatchSize:
    """Examples of a step: described photos, dialogues about photos, conversations about videos."""

    captions: int = 96
    dialogues: int = 40
    videos: int = 32


class Group(NamedTuple):
    """Examples that pass through the language model together: those of one frame first, then videos of one length.

    Attributes:
        images: (B1, 1) rows. videos: (B2, T) rows. tokens: of B1 + B2 examples.
    """

    images: Tensor
    videos: Tensor
    tokens: TokenBatch


class TurnEncoder:
    """Token ids of turns, remembered: the same questions come again and again."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self._known: dict[str, tuple[int, ...]] = {}
        self.end = int(tokenizer.eos_token_id)

    def ids(self, text: str) -> tuple[int, ...]:
        """Ids of a turn's text; the mark END becomes the end token."""
        found = self._known.get(text)
        if found is None:
            ends = text.endswith(END)
            plain = text.removesuffix(END)
            found = (*self.tokenizer.encode(plain, add_special_tokens=False), *((self.end,) if ends else ()))
            self._known[text] = found
        return found

    def row(self, example: Example) -> tuple[tuple[int, ...], list[list[tuple[tuple[int, ...], bool]]]]:
        """An example's prefix and branches."""
        return self.ids(example.prefix), [[(self.ids(t), spoken) for t, spoken in b] for b in example.branches]


class Batches(Dataset[tuple[Group, Group]]):
    """The batch of a step: (described photos, conversations)."""

    def __init__(self, lessons: Lessons, encoder: TurnEncoder, size: BatchSize, seed: int) -> None:
        self._lessons, self._encoder, self._size, self._seed = lessons, encoder, size, seed

    def __getitem__(self, step: int) -> tuple[Group, Group]:
        rng = random.Random(f"{self._seed}/{step}")
        described = [self._lessons.image(rng, talk=0.0) for _ in range(self._size.captions)]
        talked = [self._lessons.image(rng, talk=1.0) for _ in range(self._size.dialogues)]
        frames = rng.choice(_FRAME_COUNTS)
        videos = [self._lessons.video(rng, frames) for _ in range(self._size.videos)]
        return self._group(described, []), self._group(talked, videos)

    def _group(self, images: Sequence[Example], videos: Sequence[Example]) -> Group:
        return Group(
            _rows(images),
            _rows(videos),
            pack([self._encoder.row(example) for example in (*images, *videos)]),
        )


def _rows(examples: Sequence[Example]) -> Tensor:
    if not examples:
        return torch.zeros(0, 1, dtype=torch.long)
    return torch.tensor([example.rows for example in examples], dtype=torch.long)


def stream(batches: Batches, first: int, workers: int) -> Iterator[tuple[Group, Group]]:
    """Batches of step ``first``, ``first + 1`` and so on."""
    loader: DataLoader[tuple[Group, Group]] = DataLoader(
        batches,
        batch_size=None,
        sampler=range(first, first + 10_000_000),
        num_workers=workers,
        prefetch_factor=4 if workers else None,
    )
    return iter(loader)


def split(group: Group, parts: int) -> list[Group]:
    """The group in ``parts`` of about equal size, for gradient accumulation."""
    images, videos = len(group.images), len(group.videos)
    found = []
    for number in range(parts):
        i = slice(images * number // parts, images * (number + 1) // parts)
        v = slice(videos * number // parts, videos * (number + 1) // parts)
        place = [*range(images)[i], *range(images, images + videos)[v]]
        if place:
            tokens = TokenBatch(*(field[place] for field in group.tokens))
            found.append(Group(group.images[i], group.videos[v], tokens))
    return found
