"""A search by words as a person asks: the words embedded, all collections asked, evidence weighed, spans joined."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from gpt4video.memory.embedder import MiniLmEmbedder
from gpt4video.memory.library import LOCAL_USER
from gpt4video.memory.projection import Projection
from gpt4video.memory.search import ClipMemory, Filters
from gpt4video.memory.vectors import Row
from gpt4video.memory.words import word_vectors, words_of
from shot_vectors import PER_CLIP, Shots, centres, clip_of, metadata, row_name

QUERIES = 60


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
    names = memory._names(LOCAL_USER)
    count = clips * PER_CLIP
    base = centres(captions, text, 384, 0)
    looks = Shots(memory._projection.texts(base), count).blocks()
    means = Shots(base, count, seed=1).blocks()
    for (first, pictures), (_, lines) in zip(looks, means, strict=True):
        shots: dict[Any, list[Row]] = {}
        told: dict[Any, list[Row]] = {}
        heard: dict[Any, list[Row]] = {}
        for row in range(first, first + len(pictures)):
            clip, line = clip_of(row), said[row % len(said)]
            known = dict(metadata(row)) | {"text": line}
            kind = "speech" if known["has_speech"] else "caption"
            of_line = known | {"kind": kind, "line": line, "from": known["start"], "until": known["end"]}
            shots.setdefault(clip, []).append(Row(row_name(row), pictures[row - first], known))
            told.setdefault(clip, []).append(Row(f"{row_name(row)}:0", lines[row - first], of_line))
            if kind == "speech":
                vector = word_vectors([words_of(line)])[0]
                heard.setdefault(clip, []).append(Row(f"{row_name(row)}:0", vector, of_line))
        for collection, groups in ((names.pictures, shots), (names.texts, told), (names.words, heard)):
            memory._store.replace_many(collection, "clip", groups)


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
