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
        embedder: of texts; its name is part of the collections' names, so that another model starts afresh.
        projection: of pictures and texts into one space.
    """

    def __init__(self, root: Path, embedder: TextEmbedder, projection: Projection) -> None:
        self._store = VectorStore(root)
        self._embedder = embedder
        self._projection = projection
        self._pictures = _collection("pictures", f"{projection.name}:{embedder.name}")
        self._texts = _collection("texts", embedder.name)

    def index(self, clip: Clip, shots: Sequence[ShotRecord], *, user: str = LOCAL_USER) -> None:
        """Remember a clip's shots, instead of those that were remembered of it before."""
        where = _where(user, Filters(clips=[clip.id]))
        metadata: list[dict[str, Value]] = [
            {
                "user": plain(user),
                "clip": clip.id,
                "start": shot.start,
                "end": shot.end,
                "text": "; ".join(_lines(shot.text)),
                "duration": clip.duration,
                "added": clip.added,
            }
            for shot in shots
        ]
        names = [_row_id(user, clip.id, shot) for shot in shots]
        self._store.replace(self._pictures, where, self._picture_rows(names, shots, metadata))
        self._store.replace(self._texts, where, self._text_rows(names, shots, metadata))

    def forget(self, clip: str, *, user: str = LOCAL_USER) -> None:
        """Forget a clip's shots; a clip that is not remembered is fine."""
        where = _where(user, Filters(clips=[clip]))
        self._store.replace(self._pictures, where, [])
        self._store.replace(self._texts, where, [])

    def count(self) -> int:
        """Shots with pictures that are remembered, of all users."""
        return self._store.count(self._pictures)

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
        found: dict[tuple[str, float, float], _Candidate] = {}
        where, wanted = _where(user, filters), max(50, 6 * count)
        if text.strip():
            embedding = self._embedder.embed_texts([text])
            self._look(found, self._pictures, self._projection.texts(embedding)[0], wanted, where, "picture")
            self._look(found, self._texts, embedding[0], wanted, where, "text")
        likes = [] if features is None else [self._projection.images(features[None])[0]]
        if clip is not None:
            likes += self._resembled(clip, user)
        for like in likes:
            self._look(found, self._pictures, like, wanted, where, "likeness")
        candidates = [one for one in found.values() if clip is None or not _overlaps(one.moment, clip)]
        candidates = [one for one in candidates if one.score >= 0.5]
        moments = _merged(sorted(candidates, key=lambda one: -one.score))
        return moments[:count]

    def _look(
        self,
        found: dict[tuple[str, float, float], _Candidate],
        collection: str,
        vector: Vectors,
        count: int,
        where: dict[str, Any],
        kind: str,
    ) -> None:
        calibration = self._projection.calibration
        slope, offset = getattr(calibration, f"{kind}_slope"), getattr(calibration, f"{kind}_offset")
        for hit in self._store.query(collection, vector, count, where):
            moment = _moment(hit)
            candidate = found.setdefault((moment.clip, moment.start, moment.end), _Candidate(moment))
            if collection == self._pictures:
                candidate.vector = hit.vector
            doubt = 1.0 - probability(hit.similarity, slope, offset)
            candidate.doubts[kind] = min(doubt, candidate.doubts.get(kind, 1.0))

    def _resembled(self, clip: tuple[str, float, float | None], user: str) -> list[Vectors]:
        rows = self._store.vectors(self._pictures, _where(user, Filters(clips=[clip[0]])))
        inside = [vector for vector, metadata in rows if _overlaps(_moment_of(metadata), clip)]
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


def _moment(hit: Found) -> Moment:
    return _moment_of(hit.metadata)


def _moment_of(metadata: dict[str, Value]) -> Moment:
    start, end = float(metadata["start"]), float(metadata["end"])
    return Moment(str(metadata["clip"]), start, end, 0.0, str(metadata["text"]))


def _lines(text: str) -> list[str]:
    lines = [plain(line).strip() for line in text.splitlines()]
    return list(dict.fromkeys(line for line in lines if line))[:_LINES]


def _row_id(user: str, clip: str, shot: ShotRecord) -> str:
    # A digest of the user: names may hold anything, and must not run into the rest.
    return f"{hashlib.sha256(plain(user).encode()).hexdigest()[:16]}:{clip}:{shot.start:.3f}-{shot.end:.3f}"


def _collection(kind: str, model: str) -> str:
    return f"{kind}-{hashlib.sha256(model.encode()).hexdigest()[:12]}"


def _where(user: str, filters: Filters) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"user": plain(user)}]
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
    return parts[0] if len(parts) == 1 else {"$and": parts}
