"""Vectors of shots as a library has them, for benchmarks: clustered, not uniform.

Each clip lies between captions' vectors (one caption's, moved along the difference of two others), its ten shots around
it; a little of the noise has no direction. Queries are captions that no shot was made from. With ``--captions`` and
``--text`` the captions' vectors are real: MiniLM, through the projection for 768 dimensions; else a random mixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gpt4video.memory.embedder import MiniLmEmbedder, Vectors, unit
from gpt4video.memory.projection import Projection

PER_CLIP, QUERIES, BLOCK = 10, 300, 20_000


def centres(captions: Path | None, text: Path | None, dimension: int, seed: int) -> Vectors:
    """(N, dimension) unit vectors to mix from."""
    if captions is None or text is None:
        rng = np.random.default_rng(seed)
        # A few directions hold most of the variance, as in embeddings.
        spread = 1 / np.sqrt(np.arange(1, dimension + 1))
        return unit((rng.standard_normal((30_000, dimension)) * spread).astype(np.float32))
    lines = list(dict.fromkeys(line.strip() for line in captions.read_text("utf-8").splitlines() if line.strip()))
    embeddings = MiniLmEmbedder(text).embed_texts(lines)
    return embeddings if dimension == embeddings.shape[1] else Projection().texts(embeddings)


@dataclass
class Shots:
    """Made shots; blocks are made again when asked for, so that millions need no memory."""

    base: Vectors
    count: int
    seed: int = 0

    def __post_init__(self) -> None:
        """Hold some captions out."""
        order = np.random.default_rng(self.seed).permutation(len(self.base))
        self.queries: Vectors = self.base[order[:QUERIES]]
        self._known: Vectors = self.base[order[QUERIES:]]

    def blocks(self) -> Iterator[tuple[int, Vectors]]:
        """(first row, (up to 20,000, dimension) unit vectors)."""
        for start in range(0, self.count, BLOCK):
            rng = np.random.default_rng((self.seed, start))
            clips = BLOCK // PER_CLIP

            def pick(many: int, rng: np.random.Generator = rng) -> Vectors:
                return self._known[rng.integers(len(self._known), size=many)]

            middle = unit(pick(clips) + 0.6 * (pick(clips) - pick(clips)))
            shots = np.repeat(middle, PER_CLIP, axis=0) + 0.35 * (pick(BLOCK) - pick(BLOCK))
            noise = rng.standard_normal(shots.shape, np.float32) * (0.25 / shots.shape[1] ** 0.5)
            yield start, unit(shots + noise)[: self.count - start]

    def exact(self, count: int, allowed: np.ndarray | None = None) -> np.ndarray:
        """(queries, count) rows nearest to each query, by comparing all."""
        best = np.full((len(self.queries), count), -2.0, np.float32)
        rows = np.zeros((len(self.queries), count), np.int64)
        for start, block in self.blocks():
            similar = self.queries @ block.T
            if allowed is not None:
                similar[:, ~allowed[start : start + len(block)]] = -2
            joined = np.concatenate([best, similar], axis=1)
            names = np.concatenate([rows, np.broadcast_to(np.arange(start, start + len(block)), similar.shape)], axis=1)
            top = np.argpartition(-joined, count - 1, axis=1)[:, :count]
            best, rows = np.take_along_axis(joined, top, 1), np.take_along_axis(names, top, 1)
        return rows


def clip_of(row: int) -> str:
    """Id of the clip that a row belongs to."""
    return f"{row // PER_CLIP:016x}"


def row_name(row: int) -> str:
    """Id of a row, as the clip memory names shots."""
    return f"{clip_of(row)}:{row % PER_CLIP}.000-{row % PER_CLIP + 1}.000"


def row_number(name: str) -> int:
    """The row of an id."""
    clip, _, span = name.partition(":")
    return int(clip, 16) * PER_CLIP + int(span.partition(".")[0])


def metadata(row: int) -> dict[str, str | float | bool]:
    """What the clip memory keeps beside a vector."""
    clip, shot = divmod(row, PER_CLIP)
    return {
        "shot": row_name(row),
        "clip": clip_of(row),
        "start": float(shot),
        "end": shot + 1.0,
        "length": 1.0,
        "duration": 10.0 + (clip * 7919) % 50,
        "added": float(clip),
        "operation": "upload",
        "made": False,
        "has_speech": row % 4 == 0,
        "text": "a dog runs over the grass; a man in a red shirt rides a bicycle",
    }
