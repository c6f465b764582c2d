"""The generator's first stage: a small language model that reads a prompt's words and writes a layout."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from .layers import Attention, FeedForward
from .layout import LENGTH, NOTHING, OBJECT_FIELDS, OBJECTS, PER_OBJECT, SCENE_FIELDS, place_sizes

_WORDS_TEMPERATURE = 0.4
_PLACES_TEMPERATURE = 0.9
_LEFT_OUT = -100


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.before = Attention(width)
        self.words = Attention(width)
        self.think = FeedForward(width)

    def forward(self, x: Tensor, text: Tensor, mask: Tensor) -> Tensor:
        x = x + self.before(self.norms[0](x), causal=True)
        x = x + self.words(self.norms[1](x), text, mask)
        out: Tensor = x + self.think(self.norms[2](x))
        return out


class LayoutWriter(nn.Module):
    """Token states of a prompt -> a layout, number by number.

    Args:
        words: how many words the scene's and the objects' fields have.
        text: width of the text encoder's token states.
        width: of the network.
        depth: its blocks.
    """

    def __init__(self, words: Sequence[int], text: int = 384, width: int = 192, depth: int = 4) -> None:
        super().__init__()
        self.shape = {"words": list(words), "text": text, "width": width, "depth": depth}
        sizes = [*words, *place_sizes()[:3]]  # a place's last three numbers are of the same sorts as its first
        *starts, total = accumulate(sizes, initial=0)
        objects = [*range(len(SCENE_FIELDS), len(sizes)), *range(len(words), len(sizes))]
        row = [*range(len(SCENE_FIELDS)), *objects * OBJECTS]
        self.sizes, self.starts = [sizes[index] for index in row], [starts[index] for index in row]
        self.enter = nn.Embedding(total + 1, width)  # the last is the beginning
        self.position = nn.Parameter(torch.randn(LENGTH, width) * 0.02)
        self.text = nn.Sequential(nn.LayerNorm(text), nn.Linear(text, width))
        self.blocks = nn.ModuleList(_Block(width) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, total)

    def forward(self, before: Tensor, text: Tensor, mask: Tensor) -> Tensor:
        """Scores of the next numbers.

        Args:
            before: the layout so far, (B, L) numbers from 1 on; 0 stands for nothing.
            text: token states (B, M, D).
            mask: (B, M), true for words.

        Returns:
            (B, L + 1, all words and steps); :attr:`starts` and :attr:`sizes` say which belong to a position.
        """
        starts = torch.tensor(self.starts[: before.shape[1]], device=before.device, dtype=torch.long)
        known = torch.where(before > 0, before - 1 + starts, self.enter.num_embeddings - 1)
        begin = torch.full((len(before), 1), self.enter.num_embeddings - 1, device=before.device)
        x = self.enter(torch.cat([begin, known], 1)) + self.position[: before.shape[1] + 1]
        states = self.text(text)
        for block in self.blocks:
            x = block(x, states, mask)
        out: Tensor = self.leave(self.norm(x))
        return out

    def loss(self, layout: Tensor, text: Tensor, mask: Tensor) -> Tensor:
        """Mean cross-entropy of the numbers of layouts (B, LENGTH), those that are 0 left out."""
        starts = torch.tensor(self.starts, device=layout.device)[:, None]
        ends = starts + torch.tensor(self.sizes, device=layout.device)[:, None]
        scores = self(layout[:, :-1], text, mask).float()
        every = torch.arange(scores.shape[2], device=layout.device)
        scores = scores.masked_fill((every < starts) | (every >= ends), -torch.inf)
        wanted = torch.where(layout > 0, layout - 1 + starts[:, 0], _LEFT_OUT)
        return F.cross_entropy(scores.flatten(0, 1), wanted.flatten(), ignore_index=_LEFT_OUT)

    @torch.inference_mode()
    def write(self, text: Tensor, mask: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Draw a layout (B, LENGTH) for each row of token states; places of absent objects stay 0."""
        layout = torch.zeros((len(text), 0), dtype=torch.long, device=text.device)
        for index, (start, size) in enumerate(zip(self.starts, self.sizes, strict=True)):
            scores = self(layout, text, mask)[:, -1, start : start + size].float()
            field = (index - len(SCENE_FIELDS)) % PER_OBJECT if index >= len(SCENE_FIELDS) else 0
            place = field >= len(OBJECT_FIELDS)
            shares = (scores / (_PLACES_TEMPERATURE if place else _WORDS_TEMPERATURE)).softmax(1).cpu()
            number = torch.multinomial(shares, 1, generator=generator).to(text.device) + 1
            if place:
                number = number * (layout[:, index - field, None] != NOTHING)
            layout = torch.cat([layout, number], 1)
        return layout
