"""Embeddings: the protocols, so that the default (MiniLM and a projection) can be swapped for CLIP or SigLIP."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


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
