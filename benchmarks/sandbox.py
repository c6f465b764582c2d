"""What decoding in a confined child process costs: ``python benchmarks/sandbox.py [--clips DIR] [--repeats 5]``.

The same frames (two a second, 256x256, the worker warm) by the same reader, in the sandbox and in this process, turn
and turn about. ``--clips`` is a folder of videos (else the pinned samples).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from gpt4video.agent.model.artifacts import ArtifactStore
from gpt4video.tools.media.decode import sample, suited
from gpt4video.tools.media.probe import probe
from gpt4video.tools.media.readers import Request, open_reader

SIDE, EVERY = 256, 0.5
KINDS = {".mp4", ".webm", ".mkv", ".mov", ".avi"}


def here(path: Path) -> int:
    """Decode without a sandbox."""
    info = probe(path)
    reader = open_reader(suited(info, SIDE, SIDE)[0], Request(str(info.path), info.container, SIDE, SIDE))
    return len(list(reader.at(np.arange(0.0, info.duration - 1e-3, EVERY).tolist())))


def confined(path: Path) -> int:
    """Decode as the product does."""
    return len(sample(path, every=EVERY, size=(SIDE, SIDE)))


def seconds(work: Callable[[Path], int], path: Path) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    work(path)
    return time.perf_counter() - began


def main() -> None:
    """Print the medians for each clip and the overhead over all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    folder = options.clips or ArtifactStore().folder("samples")
    totals = np.zeros(2)
    for path in sorted(path for path in folder.rglob("*") if path.suffix in KINDS):
        runs = [(seconds(here, path), seconds(confined, path)) for _ in range(options.repeats + 1)][1:]
        plain, boxed = (statistics.median(column) for column in zip(*runs, strict=True))
        totals += plain, boxed
        print(f"{path.name:<28} in this process {plain:6.3f} s   confined {boxed:6.3f} s")
    print(f"overhead {totals[1] / totals[0] - 1:+.1%}")


if __name__ == "__main__":
    main()
