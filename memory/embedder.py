"""Embeddings: the protocols, so that the default (MiniLM and a projection) can be swapped for CLIP or SigLIP."""

from __future__ import annotations

import hashlib
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import ModelUnusable
from .text import plain

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from .minilm import MiniLmEncoder

Vectors = NDArray[np.float32]
Mask = NDArray[np.bool_]

MAX_TOKENS = 256
_BATCH = 32


class TextEmbedder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def name(self) -> str:
        """Model name and revision: vectors of different names must not be mixed."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def embed_texts(self, texts: list[str]) -> Vectors:
        """Texts -> (N, dimension) float32, rows of length 1."""
        ...


class TokenEmbedder(TextEmbedder, Protocol):
    """A text embedder that also gives the states of the single tokens, for models that condition on them."""

    def token_states(self, texts: list[str]) -> tuple[Vectors, Mask]:
        """Texts -> states (N, L, dimension) float32 and mask (N, L) bool, L the longest text's tokens."""
        ...


class MiniLmEmbedder:
    """all-MiniLM-L6-v2 (Reimers and Gurevych 2019, arXiv 1908.10084): mean of the token states, length 1.

    Loads on first use; texts longer than 256 tokens are cut. Safe for several threads.

    Args:
        folder: holds ``model.safetensors`` and ``tokenizer.json`` as published.
        revision: of those files; part of the name that is stored with vectors.
    """

    dimension = 384

    def __init__(self, folder: Path, *, revision: str = "53aa51172d14") -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._loaded: tuple[Tokenizer, MiniLmEncoder] | None = None
        self.name = f"all-MiniLM-L6-v2@{revision}"

    def embed_texts(self, texts: list[str]) -> Vectors:
        """Texts -> (N, 384) float32, rows of length 1.

        Raises:
            ModelUnusable: the files are missing or are not this model.
        """
        out = np.zeros((len(texts), self.dimension), np.float32)
        # Batches of similar length: padding costs as much as text.
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            states, mask = self.token_states([texts[index] for index in chosen])
            weights = mask[:, :, None].astype(np.float32)
            out[chosen] = (states * weights).sum(1) / weights.sum(1)
        return unit(out)

    def token_states(self, texts: list[str]) -> tuple[Vectors, Mask]:
        """Texts -> states (N, L, 384) float32 and mask (N, L) bool; states where the mask is False are zero.

        Raises:
            ModelUnusable: the files are missing or are not this model.
        """
        import torch

        if not texts:
            return np.zeros((0, 0, self.dimension), np.float32), np.zeros((0, 0), np.bool_)
        tokenizer, encoder = self._load()
        encodings = tokenizer.encode_batch([plain(text) for text in texts])
        ids = torch.tensor([encoding.ids for encoding in encodings])
        mask = torch.tensor([encoding.attention_mask for encoding in encodings], dtype=torch.bool)
        with torch.inference_mode():
            states = encoder(ids, mask).float() * mask[:, :, None]
        return states.numpy(), mask.numpy()

    def _load(self) -> tuple[Tokenizer, MiniLmEncoder]:
        with self._lock:
            if self._loaded is None:
                self._loaded = _load_minilm(self._folder)
            return self._loaded


def _load_minilm(folder: Path) -> tuple[Tokenizer, MiniLmEncoder]:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    from .minilm import MiniLmEncoder

    try:
        # bfloat16: twice as fast on current CPUs, and the vectors differ by less than 0.1 %.
        encoder = MiniLmEncoder(load_file(folder / "model.safetensors"), torch.bfloat16)
        text = (folder / "tokenizer.json").read_text(encoding="utf-8")
    except (OSError, SafetensorError, ValueError) as error:
        raise _unreadable(folder, error) from error
    try:
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the library raises nothing more particular
        raise _unreadable(folder, error) from error
    tokenizer.enable_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer, encoder


def _unreadable(folder: Path, error: Exception) -> ModelUnusable:
    return ModelUnusable(
        f"The text embedding model in {str(folder)!r} cannot be read ({error}).", "Pull the models again."
    )


class HashEmbedder:
    """A double without weights: every word adds a direction that its hash picks.

    Texts that share words are near, others are about at right angles. Deterministic over processes and versions;
    for tests and for trying the plumbing, not for finding anything by meaning.
    """

    name = "hash@1"

    def __init__(self, dimension: int = 384) -> None:
        self.dimension = dimension

    def embed_texts(self, texts: list[str]) -> Vectors:
        """Texts -> (N, dimension) float32, rows of length 1."""
        rows = [np.sum([self._word(word) for word in _words(text)], axis=0) for text in texts]
        return unit(np.asarray(rows, np.float32).reshape(len(texts), self.dimension))

    def token_states(self, texts: list[str]) -> tuple[Vectors, Mask]:
        """Texts -> states (N, L, dimension) and mask (N, L): one token a word."""
        words = [_words(text) for text in texts]
        length = max((len(row) for row in words), default=0)
        states = np.zeros((len(texts), length, self.dimension), np.float32)
        mask = np.zeros((len(texts), length), np.bool_)
        for index, row in enumerate(words):
            states[index, : len(row)] = [self._word(word) for word in row]
            mask[index, : len(row)] = True
        return states, mask

    def _word(self, word: str) -> Vectors:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
        return np.random.default_rng(seed).standard_normal(self.dimension).astype(np.float32)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", plain(text).lower()) or [""]


def unit(vectors: Vectors) -> Vectors:
    """Scale rows to length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled
