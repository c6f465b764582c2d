"""The model that sees, at work: describes pictures and clips and answers questions about them.

Several candidate texts come from a beam search; a scorer that knows pictures and texts (the image-text projection of
the clip memory) ranks them anew.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .abstractor import MAX_FRAMES
from .beams import Search
from .llm import LoadedLLM
from .see_prompts import DESCRIBE, opening, question_line, top_labels

Floats = NDArray[np.float32]

Scorer = Callable[[Sequence[str], Floats], Sequence[float]]
"""Texts and the pooled features (T, D') of the frames -> likeness of each text, about -1 to 1."""


@dataclass(frozen=True)
class Said:
    """A text about frames.

    Attributes:
        text: one sentence.
        score: confidence 0 to 1: the geometric mean of the model's token probabilities.
        likeness: the scorer's opinion, None without a scorer.
    """

    text: str
    score: float
    likeness: float | None = None


_OPTIONS = Search(beams=8, candidates=8, repetition_penalty=1.15)
_ANSWERED = Search(beams=4, candidates=2)
"""Short answers differ less than descriptions do."""
_ROOM = 1024


@dataclass(frozen=True)
class Look:
    """What is looked at.

    Attributes:
        grid: (T, P, D) features; T from 1, more than 64 are thinned evenly.
        pooled: (T, D') for the scorer.
        labels: what a classifier sees (:meth:`Seer.labels`).
    """

    grid: Floats
    pooled: Floats
    labels: tuple[str, ...] = ()


class Seer:
    """Describes and answers from frame features; safe to call from several threads, one at a time works.

    Args:
        abstractor: frames to soft tokens.
        llm: the language model to decode with, adapters merged in.
        class_names: names of the vision encoder's classes, empty if it has none.
        scorer: ranks candidates; None leaves the search's order.
        options: of the search for descriptions.
        weight: of the scorer's likeness against the model's mean log-probability.
    """

    def __init__(
        self,
        abstractor: Any,
        llm: LoadedLLM,
        class_names: Sequence[str],
        *,
        scorer: Scorer | None = None,
        options: Search = _OPTIONS,
        weight: float = 4.0,
    ) -> None:
        self._abstractor, self._llm, self._names = abstractor.eval(), llm, tuple(class_names)
        self._scorer, self.options, self._weight = scorer, options, weight
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls, weights: Path, model: Path, cache: Path, class_names: Sequence[str], *, scorer: Scorer | None = None
    ) -> Seer:
        """From a weights folder and its base language model; both are checked.

        Args:
            weights: written by ``GPT4VideoModel.save_pretrained``.
            model: the base language model, as :func:`.merged.merged_weights` takes it.
            cache: where base plus adapters are kept once added.
            class_names: of the vision encoder.
            scorer: ranks candidates.

        Raises:
            WeightsRejected: the folder is damaged or belongs to another model.
            ModelUnavailable: the language model's files are missing or broken.
        """
        from .gpt4video_model import check_width, load_abstractor
        from .llm import load_llm

        abstractor, config = load_abstractor(weights)
        llm = load_llm(model, weights, cache, room=_ROOM)
        check_width(config, llm.network.embed([0]).shape[1])
        return cls(abstractor, llm, class_names, scorer=scorer)

    def labels(self, logits: Floats) -> tuple[str, ...]:
        """The class names told to the language model, from logits (T, C)."""
        if not logits.size or not self._names:
            return ()
        shifted = np.exp(logits - logits.max(-1, keepdims=True))
        shares = (shifted / shifted.sum(-1, keepdims=True)).mean(0)
        return top_labels(shares.tolist(), self._names)

    def caption(self, look: Look) -> list[Said]:
        """Descriptions of what is looked at, best first; empty when nothing was written."""
        found = self._search(look, DESCRIBE, self.options)
        return self._ranked(_distinct([replace(said, text=one_sentence(said.text)) for said in found]), look.pooled)

    def answer(self, question: str, look: Look) -> Said:
        """The answer to one question about what is looked at. Its text may be empty."""
        found = self._search(look, question_line(question), _ANSWERED)
        # Short answers say too little for the scorer: it judges whole sentences alone.
        long = [said for said in found if len(said.text.split()) >= 5]
        ranked = self._ranked(long, look.pooled) if len(long) == len(found) else found
        return ranked[0] if ranked else found[0]

    def _search(self, look: Look, task: str, search: Search) -> list[Said]:
        import torch

        from .beams import beam_search

        features = torch.from_numpy(_thinned(look.grid)).float()[None]
        ids = self._llm.encode(opening(look.labels) + task)
        with self._lock, torch.inference_mode():
            words = self._llm.network.embed(ids)
            prompt = torch.cat([self._abstractor(features)[0].to(words.dtype), words])
            found = beam_search(self._llm, prompt, search)
        return [Said(one.text, float(np.exp(min(0.0, one.score)))) for one in found]

    def _ranked(self, found: list[Said], pooled: Floats) -> list[Said]:
        if self._scorer is None or not found:
            return found
        likeness = self._scorer([said.text for said in found], pooled)
        judged = [replace(said, likeness=float(value)) for said, value in zip(found, likeness, strict=True)]
        return sorted(judged, key=lambda s: -(np.log(max(s.score, 1e-9)) + self._weight * (s.likeness or 0.0)))


def one_sentence(text: str) -> str:
    """Up to the first full stop, without a tail that repeats itself, a capital first and a full stop last."""
    first = re.split(r"(?<=[.!?])\s+(?!Then|Finally)", text.strip())[0].rstrip(" .,;")
    if re.match(r"First,", text):  # an ordered description of scenes is one text
        first = text.strip().rstrip(" .,;")
    parts = [part.strip() for part in first.split(",")]
    kept: list[str] = []
    for part in parts:
        if part.lower().removeprefix("and ") in {k.lower().removeprefix("and ") for k in kept}:
            break
        kept.append(part)
    sentence = ", ".join(kept)
    return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else ""


def _distinct(found: Sequence[Said]) -> list[Said]:
    best: dict[str, Said] = {}
    for said in found:
        if said.text and said.text.lower() not in best:
            best[said.text.lower()] = said
    return list(best.values())


def _thinned(grid: Floats) -> Floats:
    if grid.ndim != 3 or not len(grid):
        raise ValueError(f"features have shape {grid.shape}, expected (T, P, D) with T of at least 1.")
    if len(grid) <= MAX_FRAMES:
        return np.ascontiguousarray(grid)
    return np.ascontiguousarray(grid[np.linspace(0, len(grid) - 1, MAX_FRAMES).round().astype(int)])
