"""The vector store: rows of vector and metadata in Chroma, in a folder or on a server, fast with filters too.

What Chroma does slowly is left out: a filter is never evaluated over a whole collection while another way leads there
(``docs/scaling.md`` has the figures).

- Filters that name clips: the catalogue knows their rows; few are compared one by one, which is exact.
- Other filters: of the nearest rows without a filter those that fit it are kept.
- Only a filter that hardly anything near fits is evaluated over all rows, and what it finds is compared one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .catalogue import Catalogue, owner_of, parts
from .chroma import door
from .conditions import Where
from .embedder import Vectors
from .errors import NotStorable
from .narrowed import SEEN, Found, Narrowed, Value, answers, bare, filled, fitting, plain_metadata, with_vectors

if TYPE_CHECKING:
    from chromadb.api.types import Include

__all__ = ["Found", "Row", "Value", "VectorStore", "Where"]

_BATCH = 1000


@dataclass(frozen=True)
class Row:
    """A vector with what is known of it; ``id`` names it within its collection."""

    id: str
    vector: Vectors
    metadata: dict[str, Value]


class VectorStore:
    """Collections of unit vectors, compared by cosine. Safe for threads and processes.

    Args:
        place: a folder, or the URL of a Chroma server, ``http://host:8000`` or ``https://...``; a token for it comes
            from the environment variable ``CHROMA_TOKEN`` and is sent as a bearer token.

    Raises:
        StoreUnreachable: here and below: the URL is none, or no Chroma server answers there.
        StorageFailed, LibraryDamaged: below: the folder, or what lies in it, cannot be used.
    """

    def __init__(self, place: Path | str) -> None:
        self._door = door(place)
        self._catalogue = Catalogue(self._door)
        self._counts: dict[str, tuple[str, int]] = {}

    def replace(self, collection: str, where: Where, rows: Sequence[Row]) -> None:
        """Make ``rows`` all that belong to something: write them, then remove what else belongs to it.

        Args:
            collection: made when there is none.
            where: whose rows they are, one name and value: ``{"clip": id}``; the same name for all of a collection.
            rows: hold that name and value in their metadata.

        Raises:
            NotStorable: ``where`` is of another form, or a row belongs to something else.
        """
        key, value = owner_of(where)
        self.replace_many(collection, key, {value: rows})

    def replace_many(self, collection: str, key: str, groups: Mapping[Value, Sequence[Row]]) -> None:
        """The same for many at once, which costs far less than one by one.

        Args:
            collection: made when there is none.
            key: the name that says whose rows they are, ``"clip"``.
            groups: its values, and all rows of each.

        Raises:
            NotStorable: a row belongs to something else.
        """
        if any(row.metadata.get(key) != value for value, rows in groups.items() for row in rows):
            raise NotStorable(f"A row does not belong to the {key!r} that it is given for.", "Give it that value.")
        new = {value: {row.id for row in rows} for value, rows in groups.items()}
        every = [row for rows in groups.values() for row in rows]
        with self._door.writing(collection) as store:
            known = self._catalogue.expect(collection, key, new)
            for start in range(0, len(every), _BATCH):
                some = every[start : start + _BATCH]
                store.upsert(
                    ids=[row.id for row in some],
                    embeddings=np.stack([row.vector for row in some]),
                    metadatas=[dict(row.metadata) for row in some],
                )
            stale = {value: listed - new[value] for value, listed in known.items() if listed - new[value]}
            for value, names in stale.items():
                for part in parts(fitting(store, {key: value}, sorted(names))):
                    store.delete(ids=part)
            if stale:
                self._catalogue.settle(collection, {value: new[value] for value in stale})

    def query(
        self, collection: str, vector: Vectors, count: int, where: Where | None = None, *, embeddings: bool = True
    ) -> list[Found]:
        """The ``count`` rows nearest to a unit vector among those that a filter fits (None: all), nearest first."""
        return self.query_many(collection, vector[None], count, where, embeddings=embeddings)[0]

    def query_many(
        self, collection: str, vectors: Vectors, count: int, where: Where | None = None, *, embeddings: bool = True
    ) -> list[list[Found]]:
        """Answers to several questions at once, which costs less than one by one.

        Args:
            collection: to search.
            vectors: (N, D) unit vectors.
            count: how many rows for each.
            where: a Chroma filter, or None.
            embeddings: whether to give the rows' vectors; without them it is faster.
        """
        with self._door.reading(collection) as store:
            if not where:
                include: Include = [*SEEN, "embeddings"] if embeddings else SEEN
                return answers(store.query(query_embeddings=vectors, n_results=count, include=include))
            narrowed = Narrowed(store, where, self._catalogue.rows(collection, where))
            found = [narrowed.nearest(vector, count) for vector in vectors]
            return [with_vectors(store, some) if embeddings else [bare(one) for one in some] for some in found]

    def vectors(
        self, collection: str, where: Where, count: int | None = None
    ) -> list[tuple[Vectors, dict[str, Value]]]:
        """Rows that a filter fits, ``count`` at most: vector and metadata."""
        with self._door.reading(collection) as store:
            ids = Narrowed(store, where, self._catalogue.rows(collection, where)).ids
            return list(self.named(collection, ids[:count]).values())

    def named(self, collection: str, ids: Sequence[str]) -> dict[str, tuple[Vectors, dict[str, Value]]]:
        """Vector and metadata of rows by id; ids that there are none of are left out."""
        found: dict[str, tuple[Vectors, dict[str, Value]]] = {}
        with self._door.reading(collection) as store:
            for part in parts(list(ids)):
                answer = store.get(ids=part, include=["embeddings", "metadatas"])
                columns = filled(answer["embeddings"]), answer["metadatas"] or []
                for name, one, data in zip(answer["ids"], *columns, strict=True):
                    found[name] = np.asarray(one, np.float32), plain_metadata(data)
        return found

    def close(self) -> None:
        """Let go of files and connections; the next use opens them again."""
        self._door.close()

    def count(self, collection: str) -> int:
        """How many rows there are."""
        with self._door.reading(collection) as store:
            generation = self._door.generation
            if not generation or self._counts.get(collection, ("", 0))[0] != generation:
                self._counts[collection] = generation, int(store.count())
            return self._counts[collection][1]
