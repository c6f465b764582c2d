"""A search by words as a person asks: the words embedded, all collections asked, evidence weighed, spans joined."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from gpt4video.memory.embedder import HashEmbedder, MiniLmEmbedder, Vectors
from gpt4video.memory.library import LOCAL_USER, Clip
from gpt4video.memory.moments import LineKind
from gpt4video.memory.projection import FEATURES, Projection
from gpt4video.memory.rows import line_rows, picture_rows
from gpt4video.memory.search import ClipMemory, Filters, Line, ShotRecord
from gpt4video.memory.vectors import Row
from shot_vectors import PER_CLIP, Shots, centres, clip_of, metadata

QUERIES = 60
_ANY = np.random.default_rng(0).random(FEATURES, np.float32)


def measure(clips: int, text: Path, captions: Path | None, keep: Path | None = None) -> Iterator[str]:
    """Fill a memory with made shots of ``clips`` clips, a line each, a quarter with speech; time searches of it."""
    embedder, projection = MiniLmEmbedder(text), Projection()
    with TemporaryDirectory() as temporary:
        memory = ClipMemory((keep or Path(temporary)) / "words", embedder, projection)
        said = _sentences(captions)
        if not memory.count():
            begin = time.perf_counter()
            _fill(memory, clips, said, text, captions)
            yield f"filled with {clips * PER_CLIP:,} shots in {time.perf_counter() - begin:.0f} s"
        memory.search("a dog")
        yield f"{'a search, milliseconds (median / 99 %)':44}{memory.count():>10,} shots"
        few = Filters(clips=[clip_of(PER_CLIP * (number * 37 % clips)) for number in range(20)])
        asked = said[:QUERIES]
        yield _line("embed the words alone", [lambda one=one: embedder.embed_texts([one]) for one in asked])
        for label, filters in (
            ("by words", Filters()),
            ("by words, in 20 clips", few),
            ("by words, clips of 35 s or more", Filters(shortest=35.0)),
            ("by words, where something is said", Filters(has_speech=True)),
            ("by words, clips of the last hundredth", Filters(added_after=0.99 * clips)),
        ):
            yield _line(label, [lambda one=one, f=filters: memory.search(one, filters=f) for one in asked])


def _fill(memory: ClipMemory, clips: int, said: list[str], text: Path, captions: Path | None) -> None:
    """Rows as the clip memory makes them, but for their vectors, in large portions."""
    names, projection, count = memory._names(LOCAL_USER), Projection(), clips * PER_CLIP
    base = centres(captions, text, 384, 0)
    looks, means = Shots(projection.texts(base), count).blocks(), Shots(base, count, seed=1).blocks()
    for (first, pictures), (_, lines) in zip(looks, means, strict=True):
        shown: dict[Any, list[Row]] = {}
        told: dict[Any, list[Row]] = {}
        worded: dict[Any, list[Row]] = {}
        for row in range(first, first + len(pictures), PER_CLIP):
            clip, shots = _clip(row), [_shot(row + n, said[(row + n) % len(said)]) for n in range(PER_CLIP)]
            here = slice(row - first, row - first + PER_CLIP)
            shown[clip.id] = _with(picture_rows(clip, shots, projection), pictures[here])
            by_meaning, worded[clip.id] = line_rows(clip, shots, HashEmbedder())
            told[clip.id] = _with(by_meaning, lines[here])
        for collection, groups in ((names.pictures, shown), (names.texts, told), (names.words, worded)):
            memory._store.replace_many(collection, "clip", groups)


def _clip(row: int) -> Clip:
    known = metadata(row)
    seconds, added = float(known["duration"]), float(known["added"])
    return Clip(id=clip_of(row), path=Path("x"), duration=seconds, width=2, height=2, fps=1, bytes=1, added=added)


def _shot(row: int, line: str) -> ShotRecord:
    start = float(row % PER_CLIP)
    kind: LineKind = "speech" if row % 4 == 0 else "caption"
    return ShotRecord(start, start + 1, _ANY, [Line(kind, line, start, start + 1)], ["red"] if row % 7 == 0 else [])


def _with(rows: list[Row], vectors: Vectors) -> list[Row]:
    return [replace(row, vector=vector) for row, vector in zip(rows, vectors, strict=True)]


def _sentences(captions: Path | None) -> list[str]:
    if captions is None:
        things, places = ("dog", "car", "child", "boat", "horse", "train"), ("beach", "street", "field", "harbour")
        return [f"a {thing} near the {place} number {n}" for n in range(50) for thing in things for place in places]
    lines = list(dict.fromkeys(line.strip() for line in captions.read_text("utf-8").splitlines() if line.strip()))
    return [lines[place] for place in np.random.default_rng(3).permutation(len(lines))]


def _line(label: str, calls: list[Any]) -> str:
    taken = []
    for call in calls:
        begin = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - begin))
    return f"{label:44}{np.median(taken):8.1f} / {np.percentile(taken, 99):.1f}"
