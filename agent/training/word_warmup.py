"""A cheap lesson, before next-token learning and beside it: soft tokens near the embeddings of the captions' words.

No language model runs: a photo's tokens are compared with the (frozen) input embeddings of a few hundred words, and
every word that its captions hold must be near some token. The language model then meets tokens it can nearly read,
which on a small machine saves most of the costly steps that would teach it the same.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..model.gpt4video_model import GPT4VideoModel
from .caption_questions import words_of
from .see_bank import Bank
from .see_batches import TurnEncoder
from .see_data import Photo

_RARE = 0.0013
"""Words in a smaller share of the photos teach little."""


class WordWarmup(nn.Module):
    """Multi-label word prediction from soft tokens.

    Args:
        model: its abstractor is trained, its input embeddings are the classes.
        bank, photos: what is looked at.
        encoder: only words that are one token are used.
        most: how many words, the most frequent ones without the few that every photo has.
    """

    def __init__(
        self, model: GPT4VideoModel, bank: Bank, photos: Sequence[Photo], encoder: TurnEncoder, most: int = 1200
    ) -> None:
        super().__init__()
        self._model, self._bank, self._photos = model, bank, list(photos)
        listed = [words_of(photo.captions) for photo in photos]
        counts = Counter(word for captions in listed for word in {w for words in captions for w in words})
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        common = [word for word, count in ranked if _RARE < count / len(photos) < 0.5]
        ids = {word: tokens[0] for word in common if len(tokens := encoder.ids(f" {word}")) == 1}
        place = {word: index for index, word in enumerate(list(ids)[:most])}
        self._wanted = [_shares(captions, place) for captions in listed]
        table = model.llm.get_input_embeddings().weight.detach().float()
        self.register_buffer("mean", table.mean(0))
        self.register_buffer("words", functional.normalize(table[[ids[w] for w in place]] - self.mean, dim=-1))
        self.mean: Tensor
        self.words: Tensor
        prior = torch.tensor([counts[word] / max(1, len(photos)) for word in place]).clamp(1e-4, 0.5)
        self.bias = nn.Parameter(prior.logit() - 4.0)
        self.scale = nn.Parameter(torch.tensor(12.0))

    @property
    def own(self) -> dict[str, nn.Parameter]:
        """What is learned here beside the abstractor, by name."""
        return {"bias": self.bias, "scale": self.scale}

    def forward(self, rng: random.Random, batch: int) -> Tensor:
        """Loss over ``batch`` photos, summed over words and averaged over photos."""
        picked = [rng.randrange(len(self._photos)) for _ in range(batch)]
        rows = [[rng.choice((*self._photos[i].plain, *self._photos[i].mirrored))] for i in picked]
        soft = self._model.abstractor(self._bank.features(rows))
        near = functional.normalize(soft.float() - self.mean, dim=-1) @ self.words.T
        scores = torch.logsumexp(self.scale * near, dim=1) + self.bias
        wanted = torch.zeros_like(scores)
        for row, index in enumerate(picked):
            for column, share in self._wanted[index]:
                wanted[row, column] = share
        return functional.binary_cross_entropy_with_logits(scores, wanted, reduction="sum") / batch


def _shares(captions: Sequence[Sequence[str]], place: dict[str, int]) -> list[tuple[int, float]]:
    """Which words the captions hold, and in what share of them."""
    held = Counter(word for words in captions for word in set(words) if word in place)
    return [(place[word], count / len(captions)) for word, count in held.items()]
