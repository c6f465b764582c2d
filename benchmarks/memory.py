"""How long the memory takes: ``python benchmarks/memory.py --text DIR [--shots 10000]``, one thread.

``--text`` is the folder of the pinned text embedding model.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from gpt4video.memory.embedder import MiniLmEmbedder
from gpt4video.memory.library import Clip, ClipFacts, Library
from gpt4video.memory.projection import FEATURES, Projection
from gpt4video.memory.search import ClipMemory, Filters, Line, ShotRecord

WORDS = [
    "dog",
    "cat",
    "car",
    "street",
    "beach",
    "child",
    "ball",
    "bicycle",
    "snow",
    "rain",
    "table",
    "tree",
    "horse",
    "boat",
]


def timed(function: Callable[[], object], times: int = 20) -> float:
    """Median milliseconds of a call."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        taken.append(time.perf_counter() - start)
    return 1000 * median(taken)


def started(code: str) -> float:
    """Seconds that a fresh interpreter takes for some code, beyond starting."""
    bare, full = (min(_run(command) for _ in range(3)) for command in ("pass", code))
    return full - bare


def _run(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--shots", type=int, default=10_000)
    options = parser.parse_args()
    package = "from gpt4video.memory"
    load = f"{package}.embedder import *; MiniLmEmbedder(Path({str(options.text)!r})).embed_texts(['a dog'])"
    print(f"import library          {started(f'{package}.library import Library'):8.2f} s")
    print(f"load text embedder      {started(load):8.2f} s")
    print(f"load projection         {started(f'{package}.projection import *; Projection()'):8.2f} s")
    print(f"import chroma           {started('import chromadb'):8.2f} s")

    rng = np.random.default_rng(0)
    embedder, projection = MiniLmEmbedder(options.text), Projection()
    embedder.embed_texts(["warm"])
    print(f"embed a query           {timed(lambda: embedder.embed_texts(['a man rides a bicycle at night'])):8.1f} ms")
    captions = [" ".join(rng.choice(WORDS, 8)) for _ in range(64)]
    print(f"embed 64 captions       {timed(lambda: embedder.embed_texts(captions), 5):8.1f} ms")
    feature = rng.random((1, FEATURES), np.float32)
    print(f"project a picture       {timed(lambda: projection.images(feature)):8.2f} ms")
    with tempfile.TemporaryDirectory() as folder:
        memory = ClipMemory(Path(folder) / "vectors", embedder, projection)
        start = time.perf_counter()
        per_clip = 10
        for number in range(options.shots // per_clip):
            features = rng.random((per_clip, FEATURES), np.float32)
            shots = [ShotRecord(n, n + 1.0, features[n], [_told(rng, n)]) for n in range(per_clip)]
            memory.index(_clip(number), shots)
        taken = time.perf_counter() - start
        print(f"index {options.shots} shots       {taken:8.1f} s, {1000 * taken / options.shots:.2f} ms a shot")
        few = Filters(clips=[_clip(number).id for number in range(20)])
        print(f"search by words         {timed(lambda: memory.search('a dog on the beach')):8.1f} ms")
        print(f"search in 20 clips      {timed(lambda: memory.search('a dog on the beach', filters=few)):8.1f} ms")
        print(f"search by picture       {timed(lambda: memory.search(features=feature[0])):8.1f} ms")
        print(f"search by clip          {timed(lambda: memory.search(clip=(_clip(3).id, 0, 2))):8.1f} ms")
        opened = ClipMemory(Path(folder) / "vectors", embedder, projection)
        print(f"size on disk            {_size(Path(folder)) / 1e6:8.1f} MB; rows {opened.count()}")
        _library(Path(folder))


def _library(folder: Path) -> None:
    facts = ClipFacts(duration=1, width=2, height=2, fps=1)
    with Library(folder / "home") as library:
        numbers = iter(range(10_000))

        def add() -> None:
            path = folder / f"{next(numbers)}.mp4"
            path.write_bytes(path.name.encode() * 20_000)
            library.add(path, facts)

        print(f"add a clip of 100 kB    {timed(add, 200):8.1f} ms")
        some = library.clips()[0].id
        print(f"look a clip up          {timed(lambda: library.get(some[:8])):8.2f} ms")
        print(f"list 200 clips          {timed(library.clips):8.2f} ms")


def _told(rng: np.random.Generator, start: float) -> Line:
    return Line("caption", " ".join(rng.choice(WORDS, 8)), start, start + 1.0)


def _clip(number: int) -> Clip:
    return Clip(
        id=f"{number:016x}", path=Path("x"), duration=10, width=2, height=2, fps=1, bytes=1, added=float(number)
    )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
