"""The clip memory: shots that were taken in, found again by words, by picture or by clip.

Two kinds of evidence: what a shot looks like (picture features through the projection) and what is known of it in
words (captions, labels, on-screen text). Each similarity is read as a probability that it fits, on a calibration
measured on photos; a shot is as probable as either kind of evidence makes it, and what neither supports is not
returned: nothing is an answer, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from .embedder import TextEmbedder, Vectors, unit
from .library import LOCAL_USER, Clip
from .projection import Projection, probability
from .text import plain
from .vectors import Found, Row, Value, VectorStore

_FITS = 0.2
"""Probability from which a moment is returned. Single words score lower than the captions of the calibration: at 0.5
"bicycle" misses a parked one."""
_SAID = 0.75
"""Probability from which a text counts: below lie related words ("car" for "bicycle"), not the same thing."""
_LINES = 32
_ALIKE = 0.8
_GAP = 0.3


@dataclass(frozen=True)
class ShotRecord:
    """A shot as understanding saw it.

    Attributes:
        start: seconds.
        end: seconds.
        features: (1280,) pooled picture features, a mean over frames is fine; None when there are none.
        text: what is known of it, one finding a line (caption, labels, on-screen text, speech); data, not instruction.
    """

    start: float
    end: float
    features: Vectors | None
    text: str = ""


@dataclass(frozen=True)
class Moment:
    """A found span of a clip; ``score`` is the probability, 0 to 1, that it fits."""

    clip: str
    start: float
    end: float
    score: float
    text: str


@dataclass(frozen=True)
class Filters:
    """Which clips to search.

    Attributes:
        clips: only these ids; empty is all of the user's.
        shortest, longest: length of the clip in seconds.
        added_after, added_before: when the clip was taken in, seconds since 1970.
    """

    clips: Sequence[str] = ()
    shortest: float | None = None
    longest: float | None = None
    added_after: float | None = None
    added_before: float | None = None


@dataclass
class _Candidate:
    moment: Moment
    vector: Vectors | None = None
    doubts: dict[str, float] = field(default_factory=dict)

    @property
    def score(self) -> float:
        # Noisy or: each kind of evidence may be enough by itself, several together are surer.
        return 1.0 - float(np.prod(list(self.doubts.values())))


class ClipMemory:
    """The memory of one home folder; each call sees one user's shots only. Safe for threads and processes.

    Args:
        root: folder of the vector store.
        embedder: of texts. A collection is named by kind, models and user: another model starts afresh, and no
            search of one user ever touches a vector of another.
        projection: of pictures and texts into one space.
    """

    def __init__(self, root: Path, embedder: TextEmbedder, projection: Projection) -> None:
        self._store = VectorStore(root)
        self._embedder = embedder
        self._projection = projection

    def index(self, clip: Clip, shots: Sequence[ShotRecord], *, user: str = LOCAL_USER) -> None:
        """Remember a clip's shots, instead of those that were remembered of it before."""
        metadata: list[dict[str, Value]] = [
            {
                "clip": clip.id,
                "start": shot.start,
                "end": shot.end,
                "text": "; ".join(_lines(shot.text)),
                "duration": clip.duration,
                "added": clip.added,
            }
            for shot in shots
        ]
        names = [f"{clip.id}:{shot.start:.3f}-{shot.end:.3f}" for shot in shots]
        rows = self._picture_rows(names, shots, metadata), self._text_rows(names, shots, metadata)
        for collection, some in zip(self._collections(user), rows, strict=True):
            self._store.replace(collection, {"clip": clip.id}, some)

    def forget(self, clip: str, *, user: str = LOCAL_USER) -> None:
        """Forget a clip's shots; a clip that is not remembered is fine."""
        for collection in self._collections(user):
            self._store.replace(collection, {"clip": plain(clip)}, [])

    def holds(self, clip: str, *, user: str = LOCAL_USER) -> bool:
        """Whether a clip's pictures are remembered; not so after a change of models, until it is indexed again."""
        return bool(self._store.vectors(self._collections(user)[0], {"clip": plain(clip)}, 1))

    def count(self, *, user: str = LOCAL_USER) -> int:
        """Shots with pictures that are remembered."""
        return self._store.count(self._collections(user)[0])

    def search(
        self,
        text: str = "",
        *,
        features: Vectors | None = None,
        clip: tuple[str, float, float | None] | None = None,
        filters: Filters = Filters(),
        count: int = 3,
        user: str = LOCAL_USER,
    ) -> list[Moment]:
        """Find moments, the most probable first; an empty list when nothing fits.

        Args:
            text: words that describe the moment.
            features: (1280,) picture features to resemble.
            clip: a remembered span to resemble, (id, start, end or None); it is left out of the answer.
            filters: which clips to search.
            count: how many moments at most.
            user: whose shots.

        Several of ``text``, ``features`` and ``clip`` add up.
        """
        pictures, texts = self._collections(user)
        where, wanted = _where(filters), max(50, 6 * count)
        found: dict[tuple[str, float, float], _Candidate] = {}
        if text.strip():
            embedding = self._embedder.embed_texts([text])
            seen = self._store.query(pictures, self._projection.texts(embedding)[0], wanted, where)
            self._weigh(found, seen, "picture")
            self._weigh(found, self._store.query(texts, embedding[0], wanted, where), "text")
        likes = [] if features is None else [self._projection.images(features[None])[0]]
        if clip is not None:
            likes += self._resembled(clip, pictures)
        for like in likes:
            self._weigh(found, self._store.query(pictures, like, wanted, where), "likeness")
        candidates = [one for one in found.values() if clip is None or not _overlaps(one.moment, clip)]
        candidates = [one for one in candidates if one.score >= _FITS]
        moments = _merged(sorted(candidates, key=lambda one: -one.score))
        return moments[:count]

    def _weigh(self, found: dict[tuple[str, float, float], _Candidate], hits: list[Found], kind: str) -> None:
        calibration = self._projection.calibration
        slope, offset = getattr(calibration, f"{kind}_slope"), getattr(calibration, f"{kind}_offset")
        for hit in hits:
            moment = _moment(hit.metadata)
            candidate = found.setdefault((moment.clip, moment.start, moment.end), _Candidate(moment))
            if kind != "text":
                candidate.vector = hit.vector
            fits = probability(hit.similarity, slope, offset)
            doubt = 1.0 if kind == "text" and fits < _SAID else 1.0 - fits
            candidate.doubts[kind] = min(doubt, candidate.doubts.get(kind, 1.0))

    def _collections(self, user: str) -> tuple[str, str]:
        models = f"{self._projection.name}:{self._embedder.name}", self._embedder.name
        pictures, texts = (hashlib.sha256(f"{model}\n{plain(user)}".encode()).hexdigest()[:32] for model in models)
        return f"pictures-{pictures}", f"texts-{texts}"

    def _resembled(self, clip: tuple[str, float, float | None], pictures: str) -> list[Vectors]:
        rows = self._store.vectors(pictures, {"clip": plain(clip[0])})
        inside = [vector for vector, metadata in rows if _overlaps(_moment(metadata), clip)]
        return [unit(np.mean(inside, axis=0, dtype=np.float32))] if inside else []

    def _picture_rows(
        self, names: list[str], shots: Sequence[ShotRecord], metadata: list[dict[str, Value]]
    ) -> list[Row]:
        seen = [(name, shot.features, one) for name, shot, one in zip(names, shots, metadata, strict=True)]
        seen = [(name, features, one) for name, features, one in seen if features is not None]
        if not seen:
            return []
        vectors = self._projection.images(np.stack([features for _, features, _ in seen if features is not None]))
        return [Row(name, vector, one) for (name, _, one), vector in zip(seen, vectors, strict=True)]

    def _text_rows(self, names: list[str], shots: Sequence[ShotRecord], metadata: list[dict[str, Value]]) -> list[Row]:
        # A vector a line: one for everything would be near to nothing in particular.
        told = [
            (f"{name}:{number}", line, one)
            for name, shot, one in zip(names, shots, metadata, strict=True)
            for number, line in enumerate(_lines(shot.text))
        ]
        vectors = self._embedder.embed_texts([line for _, line, _ in told])
        return [Row(name, vector, one) for (name, _, one), vector in zip(told, vectors, strict=True)]


def _merged(candidates: list[_Candidate]) -> list[Moment]:
    """Join spans that touch and show the same; the best of them lends its score and words."""
    kept: list[_Candidate] = []
    for one in candidates:
        for index, other in enumerate(kept):
            if _touch(one.moment, other.moment) and _show_the_same(one, other):
                start, end = min(one.moment.start, other.moment.start), max(one.moment.end, other.moment.end)
                kept[index] = replace(other, moment=replace(other.moment, start=start, end=end))
                break
        else:
            kept.append(one)
    return [replace(one.moment, score=round(one.score, 4)) for one in kept]


def _touch(one: Moment, other: Moment) -> bool:
    return one.clip == other.clip and one.start <= other.end + _GAP and other.start <= one.end + _GAP


def _show_the_same(one: _Candidate, other: _Candidate) -> bool:
    if one.vector is not None and other.vector is not None:
        return float(one.vector @ other.vector) >= _ALIKE
    return one.moment.text == other.moment.text


def _overlaps(moment: Moment, clip: tuple[str, float, float | None]) -> bool:
    name, start, end = clip
    return moment.clip == name and moment.start < (np.inf if end is None else end) and start < moment.end


def _moment(metadata: dict[str, Value]) -> Moment:
    start, end = float(metadata["start"]), float(metadata["end"])
    return Moment(str(metadata["clip"]), start, end, 0.0, str(metadata["text"]))


def _lines(text: str) -> list[str]:
    lines = [plain(line).strip() for line in text.splitlines()]
    return list(dict.fromkeys(line for line in lines if line))[:_LINES]


def _where(filters: Filters) -> dict[str, Any] | None:
    parts: list[dict[str, Any]] = []
    if filters.clips:
        parts.append({"clip": {"$in": [plain(clip) for clip in filters.clips]}})
    for key, operator, value in (
        ("duration", "$gte", filters.shortest),
        ("duration", "$lte", filters.longest),
        ("added", "$gte", filters.added_after),
        ("added", "$lte", filters.added_before),
    ):
        if value is not None:
            parts.append({key: {operator: float(value)}})
    if len(parts) > 1:
        return {"$and": parts}
    return parts[0] if parts else None
