"""Data of the retrieval recipe: captioned photos, their features and embeddings, computed once.

The data folder holds ``images/NAME.jpg``, ``captions.csv`` (columns ``image``, ``caption``; five rows a photo) and the
lists ``train.txt`` and ``dev.txt`` (a name a line), as Flickr8k does (Hodosh, Young and Hockenmaier 2013).
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ...memory.embedder import MiniLmEmbedder, TextEmbedder
from ...tools.understanding.vision import VisionEncoder
from .see_data import DataInvalid

Floats = NDArray[np.float32]
CAPTIONS = 5
_LAYOUT = "See the layout in docs/models/retrieval.md."
# Words that say nothing of what is to be seen.
_COMMON = frozenset(
    """the and are with his her their its him she they them has have into out onto from for that this there while who
    which where some other another one two three four five six several many group very through around over under near
    next front behind along across top down off away being about against between each both all wearing looking holding
    standing sitting playing walking running was""".split()  # noqa: SIM905 - a list would take fifty lines
)
_WORDINGS = ("{}", "a {}", "the {}")
_SIDE = 224
_BATCH = 64


@dataclass(frozen=True)
class Words:
    """Words that people may search with.

    Attributes:
        names: W words.
        vectors: (W, F, 384) embeddings of F wordings of each ("dog", "a dog", "the dog").
        shown: (N, W) int8: 1 when two or more captions of the photo have the word, 0 when none, -1 when one.
    """

    names: list[str]
    vectors: Floats
    shown: NDArray[np.int8]


@dataclass(frozen=True)
class Split:
    """Photos of one list.

    Attributes:
        names: N file names.
        captions: N tuples of 5 captions.
        features: (N, V, 1280) pooled features of V views: as it is, mirrored, then random crops.
        texts: (N, 5, 384) caption embeddings.
        words: the frequent words of the captions.
    """

    names: list[str]
    captions: list[tuple[str, ...]]
    features: Floats
    texts: Floats
    words: Words


def load_split(data: Path, models: Path, cache: Path, split: str, *, views: int, device: str, seed: int) -> Split:
    """Read a list with its features and embeddings; what is not in the cache folder yet is computed."""
    try:
        names = (data / f"{split}.txt").read_text(encoding="utf-8").split()
        captions = _captions(data / "captions.csv")
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise DataInvalid(f"{data} cannot be read ({error}).", _LAYOUT) from error
    short = [name for name in names if len(captions.get(name, ())) != CAPTIONS]
    if short:
        raise DataInvalid(f"{len(short)} photos, {short[0]} first, do not have {CAPTIONS} captions.", _LAYOUT)
    digest = hashlib.sha256(f"{names} {views} {seed}".encode()).hexdigest()[:12]
    path = cache / f"retrieval-{split}-{digest}.npz"
    if not path.exists():
        embedder = MiniLmEmbedder(models / "text")
        texts = embedder.embed_texts([caption for name in names for caption in captions[name]])
        encoder = VisionEncoder(_weights(models), device=device)
        features = np.stack(list(_features(data / "images", names, encoder, views, seed)))
        cache.mkdir(parents=True, exist_ok=True)
        # Written beside and renamed: an interrupted run must not leave half a cache.
        partial = path.with_name(f"partial-{path.name}")
        np.savez(partial, features=features.astype(np.float16), texts=texts.reshape(len(names), CAPTIONS, -1))
        os.replace(partial, path)
    chosen = [captions[name] for name in names]
    with np.load(path) as stored:
        features, texts = (stored[key].astype(np.float32) for key in ("features", "texts"))
    return Split(names, chosen, features, texts, frequent_words(chosen, MiniLmEmbedder(models / "text")))


def frequent_words(captions: list[tuple[str, ...]], embedder: TextEmbedder, share: float = 0.005) -> Words:
    """Content words that at least ``share`` of the photos show, the most frequent first."""
    counts = [_counted(texts) for texts in captions]
    photos: dict[str, int] = {}
    for count in counts:
        for word in count:
            photos[word] = photos.get(word, 0) + (count[word] > 1)
    least = max(2, round(share * len(captions)))
    names = sorted((word for word, number in photos.items() if number >= least), key=lambda word: (-photos[word], word))
    seen = np.array([[count.get(word, 0) for word in names] for count in counts]).reshape(len(captions), len(names))
    shown = np.where(seen > 1, 1, np.where(seen == 1, -1, 0)).astype(np.int8)
    wordings = embedder.embed_texts([form.format(word) for word in names for form in _WORDINGS])
    return Words(names, wordings.reshape(len(names), len(_WORDINGS), -1), shown)


def _counted(captions: tuple[str, ...]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for caption in captions:
        for word in {word.strip(".,!?\"'").lower() for word in caption.split()}:
            if len(word) > 2 and word not in _COMMON:
                counts[word] = counts.get(word, 0) + 1
    return counts


def _features(folder: Path, names: list[str], encoder: VisionEncoder, views: int, seed: int) -> Iterator[Floats]:
    rng = np.random.default_rng(seed)
    per_batch = max(1, _BATCH // views)
    with ThreadPoolExecutor(max(1, (os.cpu_count() or 2) // 2)) as pool:
        for start in range(0, len(names), per_batch):
            photos = list(pool.map(lambda name: _read(folder / name), names[start : start + per_batch]))
            pictures = np.stack([view for photo in photos for view in _views(photo, views, rng)])
            yield from encoder.encode(pictures).pooled.reshape(len(photos), views, -1)


def _read(path: Path) -> Image.Image:
    try:
        with Image.open(path) as picture:
            return picture.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    except (OSError, ValueError) as error:
        raise DataInvalid(f"The photo {path} cannot be read ({error}).", _LAYOUT) from error


def _views(photo: Image.Image, count: int, rng: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
    yield np.asarray(photo)
    if count > 1:
        yield np.asarray(ImageOps.mirror(photo))
    for _ in range(count - 2):
        side = int(_SIDE * rng.uniform(0.65, 1.0))
        left, top = (int(value) for value in rng.integers(0, _SIDE - side + 1, 2))
        crop = photo.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, (left, top, left + side, top + side))
        yield np.asarray(ImageOps.mirror(crop) if rng.random() < 0.5 else crop)


def _captions(path: Path) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found[row["image"]] = (*found.get(row["image"], ()), row["caption"])
    return found


def _weights(models: Path) -> Path:
    return next((models / "vision").glob("*.pth"))
