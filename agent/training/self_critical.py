"""Self-critical sequence training: captions are sampled, and those with a better CIDEr than their siblings win.

Rennie et al. 2017 (arXiv 1612.00563), with the mean of the other samples as the baseline (Luo 2020, arXiv 2003.09971).
The end token counts as a word of the reward: without it texts learn to stop in the middle ("... standing in a").
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

from ..evaluation.captions import Cider, tokenize
from ..model.decoding import decode, merge_into, prompt_embeds, sample
from ..model.gpt4video_model import GPT4VideoModel, on_device, pack
from ..model.see_prompts import DESCRIBE, opening
from .see_bank import Bank
from .see_batches import TurnEncoder
from .see_data import Photo

_END = "<end>"


class SelfCritic:
    """Computes the policy gradient of one batch.

    Args:
        model: what is trained.
        decoder: a plain copy of its language model; gets base plus adapters before every sampling.
        bank: features.
        photos: of the training split.
        encoder: of prompts.
        samples: captions a photo.
        longest: tokens of a caption.
    """

    def __init__(
        self, model: GPT4VideoModel, decoder: Any, bank: Bank, photos: Sequence[Photo], encoder: TurnEncoder,
        *, samples: int = 5, longest: int = 26,
    ) -> None:  # fmt: skip
        self._model, self._decoder, self._bank, self._encoder = model, decoder, bank, encoder
        self._photos, self._samples, self._longest = list(photos), samples, longest
        self._cider = Cider({p.name: [[*tokenize(c), _END] for c in p.captions] for p in photos})

    def backward(self, rng: random.Random, batch: int) -> dict[str, float]:
        """Add the gradient of ``batch`` photos; returns the mean reward and its spread between siblings."""
        photos = rng.sample(self._photos, min(batch, len(self._photos)))
        rows = [[rng.choice(p.plain if rng.random() < 0.5 else p.mirrored or p.plain)] for p in photos]
        labels = [p.labels if rng.random() < 0.75 else () for p in photos]
        prompts = [self._encoder.ids(opening(some) + DESCRIBE) for some in labels]
        soft = self._model.abstractor(self._bank.features(rows))
        merge_into(self._decoder, self._model)
        embeds, mask = prompt_embeds(self._model.llm, soft.detach(), prompts)
        ids, counted = sample(
            self._decoder,
            embeds.repeat_interleave(self._samples, 0),
            mask.repeat_interleave(self._samples, 0),
            longest=self._longest,
            end=self._encoder.end,
        )
        rewards = torch.tensor(self._rewards(photos, ids, counted)).reshape(len(photos), self._samples)
        others = (rewards.sum(1, keepdim=True) - rewards) / (self._samples - 1)
        self._loss(soft, prompts, ids, counted, (rewards - others).flatten()).backward()  # type: ignore[no-untyped-call]
        return {"reward": float(rewards.mean()), "spread": float(rewards.std(1).mean())}

    def _rewards(self, photos: Sequence[Photo], ids: torch.Tensor, counted: torch.Tensor) -> list[float]:
        texts = decode(self._encoder.tokenizer, ids, counted)
        ended = ((ids == self._encoder.end) & counted).any(1).tolist()
        scores = []
        for number, (text, done) in enumerate(zip(texts, ended, strict=True)):
            words = [*tokenize(text), _END] if done else tokenize(text)
            scores.append(self._cider.score(photos[number // self._samples].name, words))
        return scores

    def _loss(
        self,
        soft: torch.Tensor,
        prompts: Sequence[Sequence[int]],
        ids: torch.Tensor,
        counted: torch.Tensor,
        gain: torch.Tensor,
    ) -> torch.Tensor:
        written = [
            [t for t, c in zip(*row, strict=True) if c] for row in zip(ids.tolist(), counted.tolist(), strict=True)
        ]
        siblings = [written[n : n + self._samples] for n in range(0, len(written), self._samples)]
        rows = [(prompt, [[(words, True)] for words in some]) for prompt, some in zip(prompts, siblings, strict=True)]
        tokens = on_device(pack(rows), soft.device)
        logits, wanted = self._model.token_scores(soft, tokens)
        each = functional.cross_entropy(logits.float(), wanted, reduction="none")
        # Branch k of row n holds sample k of photo n.
        row, column = tokens.targets.nonzero(as_tuple=True)
        weight = gain.to(soft.device).reshape(len(rows), -1)[row, tokens.blocks[row, column] - 1]
        return (each * weight).mean()
