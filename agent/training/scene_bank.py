"""A bank of drawn clips in shared memory that worker processes fill, and refresh while training reads."""

from __future__ import annotations

import mmap
import multiprocessing
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .scene_captions import caption
from .scene_world import KINDS, WIDE, World
from .scenes import FRAMES, SIDE, layout, render_seed

TOKENS = 32
WORDINGS = 4
HELD_OUT_SEEDS = 10_000_000  # seeds from here on are never trained on


def _shared(shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[np.generic]:
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.frombuffer(mmap.mmap(-1, size), dtype).reshape(shape)


def caption_tokenizer(path: Path) -> Any:
    """The sentence encoder's ``tokenizers.Tokenizer``, cutting at :data:`TOKENS`, without padding."""
    from tokenizers import Tokenizer

    encoder = Tokenizer.from_file(str(path))
    encoder.no_padding()
    encoder.enable_truncation(TOKENS)
    return encoder


def token_row(encoder: Any, text: str) -> NDArray[np.int32]:
    """A caption's token ids (32,), padded with 0."""
    row = np.zeros(TOKENS, np.int32)
    ids = encoder.encode(text).ids
    row[: len(ids)] = ids
    return row


class SceneBank:
    """Clips (N, 16, 64, 64, 3) uint8 with ``WORDINGS`` tokenised captions and a layout (3, 7) each.

    Workers are forked, so make the bank before anything starts threads or a GPU. Worker ``w`` of ``W`` owns the slots
    ``w, w + W, ...`` and draws new clips into them round and round, or once when not to ``refresh``.
    """

    def __init__(
        self, slots: int, workers: int, tokenizer: Path, seed: int, refresh: bool = True, world: World = WIDE
    ) -> None:
        self.clips = _shared((slots, FRAMES, SIDE, SIDE, 3), np.uint8)
        self.tokens = _shared((slots, WORDINGS, TOKENS), np.int32)
        self.layouts = _shared((slots, 3, 7), np.float32)
        self.labels = _shared((slots, 2), np.int64)  # kind (len(KINDS) is none) and count
        self._drawn = _shared((workers,), np.int64)
        self._slots, self._workers, self._seed, self._refresh = slots, workers, seed, refresh
        self._world = world
        context = multiprocessing.get_context("fork")
        self._processes = [
            context.Process(target=self._work, args=(worker, tokenizer), daemon=True) for worker in range(workers)
        ]
        for process in self._processes:
            process.start()

    def _work(self, worker: int, tokenizer: Path) -> None:
        os.nice(10)  # training comes first
        encoder = caption_tokenizer(tokenizer)
        mine = range(worker, self._slots, self._workers)
        drawn = 0
        while self._refresh or drawn < len(mine):
            slot = mine[drawn % len(mine)]
            seed = (self._seed * 1_000_003 + drawn * self._workers + worker) % HELD_OUT_SEEDS
            scene, clip = render_seed(seed, self._world)
            tokens = np.stack([token_row(encoder, caption(scene, row)) for row in range(WORDINGS)])
            self.clips[slot] = clip
            self.tokens[slot] = tokens
            self.layouts[slot] = layout(scene)
            self.labels[slot] = (*KINDS, "").index(scene.kind), scene.count
            drawn += 1
            self._drawn[worker] = drawn

    @property
    def drawn(self) -> int:
        """How many clips have been drawn so far, refreshed ones included."""
        return int(self._drawn.sum())

    @property
    def filled(self) -> int:
        """How many slots, from the first on, hold clips."""
        return min(self._slots, max(int(self._drawn.min()), 1) * self._workers)

    def wait(self, clips: int) -> None:
        """Wait until at least this many slots are filled."""
        while self.drawn < min(clips, self._slots):
            if self.drawn < self._slots and not any(process.is_alive() for process in self._processes):
                raise RuntimeError("All workers that draw clips have died; run with --workers 1 to see why.")
            time.sleep(0.2)

    def batch(
        self, size: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.float32]]:
        """Random filled clips (B, 16, 64, 64, 3), one caption's tokens each (B, 32), and layouts (B, 3, 7)."""
        rows = rng.integers(0, self.filled, size)
        wording = rng.integers(0, WORDINGS, size)
        return self.clips[rows], self.tokens[rows, wording].astype(np.int64), self.layouts[rows]  # type: ignore[return-value]

    def close(self) -> None:
        """Stop the workers."""
        for process in self._processes:
            process.terminate()
