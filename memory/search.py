"""The clip memory: shots that were taken in, found again by words, by picture or by clip.

Three collections a user: what shots look like (picture features through the projection), what is known of them in
words (a sentence embedding a line), and which words stand on screen or are said (:mod:`~gpt4video.memory.words`). A
search asks those that can tell, weighs what they bring (:mod:`~gpt4video.memory.fusion`), and joins what belongs
together (:mod:`~gpt4video.memory.merging`). What nothing supports is not returned: nothing is an answer, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from .embedder import TextEmbedder, Vectors, unit
from .filters import Condition, Filters
from .fusion import Candidate, Weights, cosine, least
from .library import LOCAL_USER, Clip
from .merging import ranked
from .moments import Line, Moment, Reason, ShotRecord, Span, overlaps
from .projection import Projection
from .rows import EXACT, SHAPE, line_rows, picture_rows
from .text import plain
from .vectors import Found, Value, VectorStore
from .words import coverage, sought, word_vectors

__all__ = ["ClipMemory", "Filters", "Line", "Moment", "Reason", "ShotRecord", "Span"]

_EVERYWHERE: Final = Filters()
_MOST_LISTED: Final = 1000


@dataclass(frozen=True)
class _Names:
    """A user's collections."""

    pictures: str
    texts: str
    words: str


@dataclass(frozen=True)
class _Sought:
    """What a search looks for, as vectors, and where.

    Attributes:
        looks: the words as a picture would be, None without words.
        meaning: the words' sentence embedding, None without words.
        words: those that have to stand in a line.
        likes: (dimension,) pictures to resemble.
        where: the store's filter.
        wanted: how many rows a query brings.
    """

    looks: Vectors | None
    meaning: Vectors | None
    words: list[str]
    likes: list[Vectors]
    where: Condition | None
    wanted: int


class ClipMemory:
    """The memory of one home folder; each call sees one user's shots only. Safe for threads and processes.

    Args:
        place: folder of the vector store, or the URL of a server (see :class:`~gpt4video.memory.vectors.VectorStore`).
        embedder: of texts. A collection is named by kind, models and user: another model starts afresh, and no
            search of one user ever touches a vector of another.
        projection: of pictures and texts into one space.
    """

    def __init__(self, place: Path | str, embedder: TextEmbedder, projection: Projection) -> None:
        self._store = VectorStore(place)
        self._embedder = embedder
        self._projection = projection
        self._weights = Weights(projection.calibration)

    def index(self, clip: Clip, shots: Sequence[ShotRecord], *, user: str = LOCAL_USER) -> None:
        """Remember a clip's shots, instead of those that were remembered of it before.

        Raises:
            ModelUnusable: features are of another shape, or not finite; nothing is changed.
        """
        names = self._names(user)
        pictures = picture_rows(clip, shots, self._projection)
        texts, words = line_rows(clip, shots, self._embedder)
        for collection, rows in ((names.pictures, pictures), (names.texts, texts), (names.words, words)):
            self._store.replace(collection, {"clip": clip.id}, rows)

    def forget(self, clip: str, *, user: str = LOCAL_USER) -> None:
        """Forget a clip's shots; a clip that is not remembered is fine."""
        names = self._names(user)
        for collection in (names.pictures, names.texts, names.words):
            self._store.replace(collection, {"clip": plain(clip)}, [])

    def holds(self, clip: str, *, user: str = LOCAL_USER) -> bool:
        """Whether a clip's pictures are remembered; not so after a change of models, until it is indexed again."""
        return bool(self._store.vectors(self._names(user).pictures, {"clip": plain(clip)}, 1))

    def close(self) -> None:
        """Let go of files and connections; the next use opens them again."""
        self._store.close()

    def count(self, *, user: str = LOCAL_USER) -> int:
        """Shots with pictures that are remembered."""
        return self._store.count(self._names(user).pictures)

    def search(
        self,
        text: str = "",
        *,
        features: Vectors | None = None,
        clip: Span | None = None,
        filters: Filters = _EVERYWHERE,
        count: int = 3,
        user: str = LOCAL_USER,
    ) -> list[Moment]:
        """Find moments, the most probable first; an empty list when nothing fits.

        Args:
            text: words that describe the moment, or stand or are said in it.
            features: (1280,) picture features to resemble.
            clip: a remembered span to resemble; it is left out of the answer.
            filters: which clips and shots to search.
            count: how many moments at most.
            user: whose shots.

        Of ``text``, ``features`` and ``clip`` all that are given have to be met ("like this, but at night").

        Raises:
            ModelUnusable: the features are of another shape, or not finite.
            FilterInvalid: the filters name files or origins (see :meth:`Filters.within`).
        """
        names = self._names(user)
        likes = [] if features is None else [self._projection.images(features[None])[0]]
        if clip is not None:
            resembled = self._resembled(clip, names)
            if resembled is None:
                return []
            likes.append(resembled)
        if not text.strip() and not likes:
            return []
        embedding = self._embedder.embed_texts([text]) if text.strip() else None
        looks = None if embedding is None else self._projection.texts(embedding)[0]
        meaning = None if embedding is None else embedding[0]
        what = _Sought(looks, meaning, sought(text), likes, filters.condition(), max(50, 6 * count))
        candidates, shots = self._candidates(what, names)
        worded = looks is not None
        enough = least(shots, worded)
        fitting = [one for one in candidates if one.score(worded) >= enough and not (clip and _inside(one, clip))]
        return ranked(fitting, worded)[:count]

    def listed(self, filters: Filters, *, count: int = 3, user: str = LOCAL_USER) -> list[Moment]:
        """Stretches of the clips that filters choose, with nothing else to look for; the newest clips first."""
        where = filters.condition()
        rows = self._store.vectors(self._names(user).pictures, where, _MOST_LISTED) if where else []
        added = {str(metadata["clip"]): float(metadata["added"]) for _, metadata in rows}
        candidates = [Candidate(str(one["shot"]), _moment(one)) for _, one in rows]
        for one in candidates:
            one.see(Reason("filter", "", 1.0))
        return sorted(ranked(candidates, True), key=lambda one: (-added[one.clip], one.clip, one.start))[:count]

    def _candidates(self, what: _Sought, names: _Names) -> tuple[list[Candidate], int]:
        """Every shot that some evidence brings up, with all of its evidence; and among how many shots."""
        found: dict[str, Candidate] = {}
        probes = [*([] if what.looks is None else [what.looks]), *what.likes]
        if len(probes) > 1:
            # What lies between the words and the picture is near neither, and would not come up for either alone.
            probes.append(unit(np.mean(probes, axis=0, dtype=np.float32)))
        most = 0
        for hits in self._store.query_many(names.pictures, np.stack(probes), what.wanted, what.where):
            most = max(most, len(hits))
            for hit in hits:
                _candidate(found, hit.metadata).vector = hit.vector
        if what.meaning is not None:
            self._told(found, what, names)
            self._complete(found, names)
        for one in found.values():
            self._look(one, what)
        return list(found.values()), most if most < what.wanted else self._store.count(names.pictures)

    def _told(self, found: dict[str, Candidate], what: _Sought, names: _Names) -> None:
        """Lines that mean or hold the words."""
        assert what.meaning is not None  # noqa: S101 - the caller asked
        words = word_vectors([what.words])[0]
        for hit in self._store.query(names.texts, what.meaning, what.wanted, what.where, embeddings=False):
            self._read(found, hit, hit.similarity, what)
        for hit in self._store.query(names.words, words, what.wanted, what.where, embeddings=False):
            self._read(found, hit, 0.0, what)

    def _read(self, found: dict[str, Candidate], hit: Found, similarity: float, what: _Sought) -> None:
        line = str(hit.metadata["line"])
        covered = coverage(what.words, line) if hit.metadata["kind"] in EXACT else 0.0
        reason = self._weights.line(hit.metadata, similarity, covered)
        if reason.score > 0:
            start, end = float(hit.metadata["from"]), float(hit.metadata["until"])
            _candidate(found, hit.metadata).tell(reason, start, end)

    def _complete(self, found: dict[str, Candidate], names: _Names) -> None:
        """Pictures of the shots that only their lines brought up."""
        bare = [name for name, one in found.items() if one.vector is None]
        if bare:
            for name, (vector, _) in self._store.named(names.pictures, bare).items():
                found[name].vector = vector

    def _look(self, one: Candidate, what: _Sought) -> None:
        """How the picture fits the words and the pictures; one without a picture is like nothing."""
        if what.looks is not None and one.vector is not None:
            known = min(1.0, coverage(what.words, one.moment.text) + coverage(what.words, one.labels))
            one.see(self._weights.picture(cosine(what.looks, one.vector), len(what.words), known))
        for like in what.likes:
            alike = -1.0 if one.vector is None else cosine(like, one.vector)
            one.likes.append(self._weights.likeness(alike))

    def _names(self, user: str) -> _Names:
        def named(kind: str, models: str) -> str:
            owned = f"{SHAPE}:{models}\n{plain(user)}"
            return f"{kind}-{hashlib.sha256(owned.encode()).hexdigest()[:32]}"

        text = self._embedder.name
        return _Names(named("pictures", f"{self._projection.name}:{text}"), named("texts", text), named("words", text))

    def _resembled(self, clip: Span, names: _Names) -> Vectors | None:
        """What a span looks like; None when it is not remembered."""
        rows = self._store.vectors(names.pictures, {"clip": plain(clip[0])})
        inside = [
            vector
            for vector, row in rows
            if overlaps(float(row["start"]), float(row["end"]), str(row["clip"]), (plain(clip[0]), *clip[1:]))
        ]
        return unit(np.mean(inside, axis=0, dtype=np.float32)) if inside else None


def _candidate(found: dict[str, Candidate], metadata: dict[str, Value]) -> Candidate:
    name = str(metadata["shot"])
    return found.setdefault(name, Candidate(name, _moment(metadata), str(metadata["labels"])))


def _moment(metadata: dict[str, Value]) -> Moment:
    start, end = float(metadata["start"]), float(metadata["end"])
    return Moment(str(metadata["clip"]), start, end, 0.0, str(metadata["text"]))


def _inside(one: Candidate, clip: Span) -> bool:
    return overlaps(one.moment.start, one.moment.end, one.moment.clip, clip)
