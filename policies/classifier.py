"""Scores of the text classifier, for texts of one window each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from . import encoder
from .categories import CHANNELS

WEIGHTS = Path(__file__).parent / "weights" / "guard.safetensors"
_BATCH = 16


class ClassifierBroken(RuntimeError):
    """The classifier gave no usable answer; whoever asked must treat the text as not checked."""


class Scorer(Protocol):
    """Anything that scores texts on :data:`~.categories.CHANNELS`."""

    def scores(self, texts: list[str]) -> NDArray[np.float32]:
        """Texts of at most a window -> probabilities (N, channels)."""
        ...


class TextClassifier:
    """The fine-tuned encoder on the CPU.

    Args:
        model_dir: the pinned text model (published embeddings and tokenizer).
        weights: the fine-tuned layers and heads.

    Raises:
        OSError, ValueError: weights or model missing, broken or of another format.
    """

    def __init__(self, model_dir: Path, weights: Path = WEIGHTS) -> None:
        from tokenizers import Tokenizer

        self._encoder, self._head, self.about = encoder.load(weights, model_dir)
        self._tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
        self._tokenizer.enable_truncation(encoder.MAX_TOKENS)
        self._tokenizer.no_padding()

    def scores(self, texts: list[str]) -> NDArray[np.float32]:
        """Texts -> probabilities (N, channels). A text of more tokens than a window is cut: window it first.

        Raises:
            ClassifierBroken: a score is not a number.
        """
        import torch

        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(texts)]
        out = np.empty((len(texts), len(CHANNELS)), dtype=np.float32)
        for start in range(0, len(ids), _BATCH):
            part = ids[start : start + _BATCH]
            longest = max(len(row) for row in part)
            tokens = torch.zeros(len(part), longest, dtype=torch.long)
            mask = torch.zeros(len(part), longest, dtype=torch.long)
            for i, row in enumerate(part):
                tokens[i, : len(row)] = torch.tensor(row)
                mask[i, : len(row)] = 1
            with torch.inference_mode():
                logits: Any = encoder.logits(self._encoder, self._head, tokens, mask)
            out[start : start + len(part)] = torch.sigmoid(logits).numpy()
        if not np.isfinite(out).all():
            raise ClassifierBroken("The text classifier answered with values that are not numbers.")
        return out


class LazyClassifier:
    """Loads a classifier when the first text comes; a failed load fails every judgement until one succeeds."""

    def __init__(self, load: Callable[[], Scorer]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._scorer: Scorer | None = None

    def scores(self, texts: list[str]) -> NDArray[np.float32]:
        """As :meth:`TextClassifier.scores`."""
        with self._lock:
            if self._scorer is None:
                self._scorer = self._load()
        return self._scorer.scores(texts)
