"""Reads the text that training pairs are filled with from a data folder, one half for training, one to measure."""

from __future__ import annotations

import csv
import json
import zlib
from collections.abc import Iterable
from pathlib import Path

from .wording.asks import Material, tidy


def _held(text: str) -> bool:
    """Half of everything, fixed by its letters, is never trained on."""
    return zlib.crc32(text.lower().encode()) % 2 == 1


def _captions(data: Path) -> Iterable[str]:
    coco = data / "captions" / "coco_captions_30k.txt"
    if coco.exists():
        yield from coco.read_text(encoding="utf-8").splitlines()
    flickr = data / "captions" / "flickr8k"
    if (flickr / "captions.csv").exists():
        train = set((flickr / "train.txt").read_text(encoding="utf-8").split())
        with (flickr / "captions.csv").open(encoding="utf-8", newline="") as file:
            yield from (row["caption"] for row in csv.DictReader(file) if row["image"] in train)


def _questions(data: Path) -> Iterable[str]:
    folder = data / "wording"
    if (folder / "nextqa_val.csv").exists():
        with (folder / "nextqa_val.csv").open(encoding="utf-8", newline="") as file:
            yield from (row["question"] for row in csv.DictReader(file))
    if (folder / "activitynetqa_test_q.json").exists():
        yield from (row["question"] for row in json.loads((folder / "activitynetqa_test_q.json").read_text("utf-8")))


def _elsewhere(data: Path) -> Iterable[str]:
    path = data / "wording" / "BFCL_v4_irrelevance.json"
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)["question"][0][-1]["content"]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _unsafe(data: Path) -> Iterable[str]:
    yield from _lines(data / "safety" / "malicious_instruct.txt")
    path = data / "safety" / "advbench_behaviors.csv"
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            yield from (next(iter(row.values())) for row in csv.DictReader(file))


def _sentence(text: str) -> str:
    """A caption as people type it in a request: no capital, no full stop."""
    flat = tidy(text)
    return flat[:1].lower() + flat[1:]


def materials(data: Path) -> tuple[Material, Material]:
    """Read a data folder: what to train on, and what to measure with. Missing files leave their part empty.

    The layout is ``captions/coco_captions_30k.txt``, ``captions/flickr8k/{captions.csv,train.txt}``,
    ``wording/{nextqa_val.csv,activitynetqa_test_q.json,BFCL_v4_irrelevance.json}`` and
    ``safety/{benign_t2v_vbench_all_category.txt,malicious_instruct.txt,advbench_behaviors.csv}``.
    """
    captions = [text for text in map(_sentence, _captions(data)) if 3 <= len(text.split()) <= 30 and text.isascii()]
    prompts = [tidy(line) for line in _lines(data / "safety" / "benign_t2v_vbench_all_category.txt")]
    pools = {
        "captions": captions,
        "questions": [tidy(text) for text in _questions(data)],
        "prompts": [text for text in prompts if text],
        "elsewhere": list(_elsewhere(data)),
        "unsafe": list(_unsafe(data)),
    }
    train = {name: [text for text in pool if not _held(text)] for name, pool in pools.items()}
    test = {name: [text for text in pool if _held(text)] for name, pool in pools.items()}
    return Material(**train), Material(**test)
