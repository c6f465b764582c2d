"""What a signed manifest costs: ``python benchmarks/provenance.py``.

A drawn 10-second 720p clip with film grain, which decides its size, is signed alone and with an ingredient of the same
size that is signed itself, and verified. A process of its own does each, as in a turn; starting one is told apart.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from gpt4video.tools.media.write import write_video
from gpt4video.tools.provenance.provenance import Ingredient, Provenance
from PIL import Image

RUNS = 9


def _clip(path: Path, grain: float) -> Path:
    """A soft picture that moves, 250 frames of 720p, with noise of that deviation."""
    rng = np.random.default_rng(0)
    soft = Image.fromarray(rng.integers(0, 255, (243, 383, 3), dtype=np.uint8)).resize((1530, 970))
    scene = np.asarray(soft).astype(np.int16)
    frames = np.empty((250, 720, 1280, 3), np.uint8)
    for at, frame in enumerate(frames):
        noise = rng.normal(0, grain, (720, 1280, 1)).astype(np.int16)
        frame[:] = np.clip(scene[at : at + 720, at : at + 1280] + noise, 0, 255)
    write_video(path, frames, 25)
    return path


def _median(work: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> float:
    """Milliseconds of ``work``, the middle of several runs."""
    taken = []
    for _ in range(RUNS):
        prepare()
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1e3)
    return statistics.median(taken)


def main() -> None:
    """Print the medians, in milliseconds."""
    started = _median(lambda: subprocess.run([sys.executable, "-P", "-c", "import c2pa"], check=True))
    print(f"starting a process: {started:.0f} ms")
    for grain in (4.0, 12.0):
        with tempfile.TemporaryDirectory() as folder:
            provenance = Provenance(Path(folder) / "home")
            source, target = _clip(Path(folder) / "source.mp4", grain), Path(folder) / "target.mp4"
            parent = Path(shutil.copyfile(source, Path(folder) / "parent.mp4"))
            provenance.sign(parent, action="generate")

            def sign(*ingredients: Ingredient, target: Path = target, provenance: Provenance = provenance) -> object:
                return provenance.sign(target, action="trim", ingredients=ingredients)

            def fresh(source: Path = source, target: Path = target) -> object:
                return shutil.copyfile(source, target)

            alone = _median(sign, fresh)
            chained = _median(lambda sign=sign, parent=parent: sign(Ingredient(parent, "parent")), fresh)  # type: ignore[misc]
            verified = _median(lambda provenance=provenance, target=target: provenance.read(target))  # type: ignore[misc]
            grown = target.stat().st_size - source.stat().st_size
            print(
                f"{source.stat().st_size / 1e6:.1f} MB: sign {alone:.0f} ms, with a signed ingredient {chained:.0f} ms,"
                f" verify {verified:.0f} ms; {grown} bytes more"
            )


if __name__ == "__main__":
    main()
