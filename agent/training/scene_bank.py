"""A bank of drawn clips in shared memory that worker processes fill, and refresh while training reads."""

from __future__ import annotations

import mmap
import multiprocessing
import os
import time

import numpy as np
from numpy.typing import NDArray

from ...tools.generation.embedded.layout import LENGTH
from .generator_words import numbers
from .scene_world import WIDE, World
from .scenes import FRAMES, SIDE, render_seed, things

_REST = 6.0  # once all slots hold a clip, a worker rests so many times as long as it draws
HELD_OUT_SEEDS = 10_000_000  # seeds from here on are never trained on


def _shared(shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[np.generic]:
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.frombuffer(mmap.mmap(-1, size), dtype).reshape(shape)


class SceneBank:
    """Clips (N, 16, 64, 64, 3) uint8 with the layout (LENGTH,) of each.

    Workers are forked, so make the bank before anything starts threads or a GPU. Worker ``w`` of ``W`` owns the slots
    ``w, w + W, ...`` and draws new clips into them round and round, or once when not to ``refresh``.
    """

    def __init__(self, slots: int, workers: int, seed: int, refresh: bool = True, world: World = WIDE) -> None:
        self.clips = _shared((slots, FRAMES, SIDE, SIDE, 3), np.uint8)
        self.layouts = _shared((slots, LENGTH), np.int64)
        self._drawn = _shared((workers,), np.int64)
        self._slots, self._workers, self._seed, self._refresh = slots, workers, seed, refresh
        self._world = world
        context = multiprocessing.get_context("fork")
        self._processes = [context.Process(target=self._work, args=(worker,), daemon=True) for worker in range(workers)]
        for process in self._processes:
            process.start()

    def _work(self, worker: int) -> None:
        os.nice(10)  # training comes first
        mine = range(worker, self._slots, self._workers)
        drawn = 0
        while self._refresh or drawn < len(mine):
            begin, slot = time.monotonic(), mine[drawn % len(mine)]
            seed = (self._seed * 1_000_003 + drawn * self._workers + worker) % HELD_OUT_SEEDS
            scene, clip = render_seed(seed, self._world)
            self.clips[slot], self.layouts[slot] = clip, numbers(scene, things(scene))
            drawn += 1
            self._drawn[worker] = drawn
            if drawn > len(mine):
                time.sleep(_REST * (time.monotonic() - begin))

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

    def batch(self, size: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Random filled clips (B, 16, 64, 64, 3) and their layouts (B, LENGTH)."""
        rows = rng.integers(0, self.filled, size)
        return self.clips[rows], self.layouts[rows]  # type: ignore[return-value]

    def close(self) -> None:
        """Stop the workers."""
        for process in self._processes:
            process.terminate()
