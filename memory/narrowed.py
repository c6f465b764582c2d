"""Searching among the rows that a filter fits, by the way that costs least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .catalogue import parts
from .conditions import Where, fits, understood
from .embedder import Vectors

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection
    from chromadb.api.types import Include

Value = str | int | float | bool
SEEN: Include = ["metadatas", "distances"]
_EXACT = 2000
"""So many rows are compared one by one at most."""
_HOPED = 600
"""So many of the nearest rows are read at most to find enough among them that fit a filter."""


@dataclass(frozen=True)
class Found:
    """A stored row and its cosine similarity to the query; ``vector`` is empty where it was not asked for."""

    id: str
    similarity: float
    vector: Vectors
    metadata: dict[str, Value]


class Narrowed:
    """A collection seen through a filter; what is found out about the filter serves several questions.

    Args:
        store: the collection.
        where: a Chroma filter.
        owned: ids of all rows that it may fit, where the catalogue knows.
    """

    def __init__(self, store: Collection, where: Where, owned: list[str] | None) -> None:
        self._store, self._where, self._owned = store, where, owned

    def nearest(self, vector: Vectors, count: int) -> list[Found]:
        """The ``count`` rows nearest to a unit vector (D,), nearest first."""
        if understood(self._where) and (self._owned is None or len(self._owned) > _EXACT):
            near = self._among_nearest(vector, count)
            if near is not None:
                return near
        if len(self._candidates) <= _EXACT:
            return self._compared(vector, count)
        answer = self._store.query(query_embeddings=vector[None], ids=self.ids, n_results=count, include=SEEN)
        return answers(answer)[0]

    @cached_property
    def ids(self) -> list[str]:
        """Ids of the rows that the filter fits."""
        if self._owned is not None and understood(self._where):
            return fitting(self._store, self._where, self._owned)
        return list(self._store.get(where=self._where, include=[])["ids"])

    @cached_property
    def _candidates(self) -> list[str]:
        """The same, unless the filter names clips and nothing else: then the catalogue's word is checked at the end."""
        (key, asked), *more = self._where.items()
        alone = not more and not key.startswith("$") and (not isinstance(asked, dict) or len(asked) == 1)
        return self._owned if self._owned is not None and alone else self.ids

    @cached_property
    def _rows(self) -> tuple[list[str], Vectors]:
        names: list[str] = []
        rows: list[Vectors] = []
        for part in parts(self._candidates):
            answer = self._store.get(ids=part, include=["embeddings"])
            names += answer["ids"]
            rows += [np.asarray(one, np.float32) for one in filled(answer["embeddings"])]
        return names, np.stack(rows) if rows else np.zeros((0, 0), np.float32)

    def _compared(self, vector: Vectors, count: int) -> list[Found]:
        names, rows = self._rows
        if not names:
            return []
        similarities = rows @ vector
        order = np.argsort(-similarities, kind="stable")
        found: list[Found] = []
        for start in range(0, len(order), count):
            best = order[start : start + count]
            answer = self._store.get(ids=[names[place] for place in best], include=["metadatas"])
            known = dict(zip(answer["ids"], answer["metadatas"] or [], strict=True))
            found += [
                Found(names[place], float(similarities[place]), rows[place], plain_metadata(known[names[place]]))
                for place in best
                if names[place] in known and self._still_fits(known[names[place]])
            ]
            if len(found) >= count:
                break
        return found[:count]

    def _still_fits(self, metadata: Mapping[str, Any]) -> bool:
        return self._owned is None or not understood(self._where) or fits(self._where, metadata)

    def _among_nearest(self, vector: Vectors, count: int) -> list[Found] | None:
        """Found among the nearest rows of all; None where too few of those fit."""
        wanted, limit = 3 * count, max(_HOPED, 3 * count)
        for _ in range(2):
            answer = self._store.query(query_embeddings=vector[None], n_results=wanted, include=SEEN)
            found = answers(answer)[0]
            kept = [one for one in found if fits(self._where, one.metadata)]
            if len(kept) >= count:
                return kept[:count]
            if not kept or len(found) < wanted:
                break
            needed = int(1.5 * count * len(found) / len(kept))
            if not wanted < needed <= limit:
                break
            wanted = needed
        return None


def fitting(store: Collection, where: Where, ids: Sequence[str]) -> list[str]:
    """Those of some rows that a filter fits: ids and a filter in one question take Chroma seconds."""
    names = []
    for part in parts(ids):
        answer = store.get(ids=part, include=["metadatas"])
        pairs = zip(answer["ids"], answer["metadatas"] or [], strict=True)
        names += [name for name, metadata in pairs if fits(where, metadata or {})]
    return names


def with_vectors(store: Collection, found: list[Found]) -> list[Found]:
    """The same rows, each with its vector."""
    lacking = [one.id for one in found if not len(one.vector)]
    if not lacking:
        return found
    answer = store.get(ids=lacking, include=["embeddings"])
    vectors = dict(zip(answer["ids"], filled(answer["embeddings"]), strict=True))
    return [replace(one, vector=np.asarray(vectors.get(one.id, one.vector), np.float32)) for one in found]


def answers(answer: Any) -> list[list[Found]]:
    """Chroma's answer to several questions; it says None for an empty array and for what was not asked for."""
    vectors = answer["embeddings"] or [[np.zeros(0)] * len(names) for names in answer["ids"]]
    columns = answer["ids"], answer["distances"], answer["metadatas"], vectors
    return [
        [
            Found(name, 1.0 - distance, np.asarray(stored, np.float32), plain_metadata(metadata))
            for name, distance, metadata, stored in zip(*some, strict=True)
        ]
        for some in zip(*columns, strict=True)
    ]


def bare(found: Found) -> Found:
    """Without its vector."""
    return replace(found, vector=np.zeros(0, np.float32))


def filled(embeddings: Any) -> Any:
    """Chroma's embeddings; it says None where there are none."""
    return [] if embeddings is None else embeddings


def plain_metadata(metadata: Mapping[str, Any]) -> dict[str, Value]:
    """The scalars of a row's metadata."""
    return {key: value for key, value in metadata.items() if isinstance(value, str | int | float | bool)}
