"""The vector store: Chroma in a folder, made safe for several processes.

Chroma keeps its graph in each process's memory: what another process writes is not seen, and two that write leave
a graph that lacks entries (measured with 1.5.9). So every use takes a file lock, and a process whose last sight of the
folder is out of date reopens it first. A process that is killed while it writes leaves a readable store: Chroma
replays its own log.
"""

from __future__ import annotations

import fcntl
import os
import threading
import uuid
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .embedder import Vectors
from .errors import LibraryDamaged, StorageFailed

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

Value = str | int | float | bool
Where = dict[str, Any]
_BATCH = 1000


@dataclass(frozen=True)
class Row:
    """A vector with what is known of it; ``id`` names it within its collection."""

    id: str
    vector: Vectors
    metadata: dict[str, Value]


@dataclass(frozen=True)
class Found:
    """A stored row and its cosine similarity to the query."""

    id: str
    similarity: float
    vector: Vectors
    metadata: dict[str, Value]


class VectorStore:
    """Collections of vectors in one folder, compared by cosine. Safe for threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = _shared(folder)

    def replace(self, collection: str, where: Where, rows: Sequence[Row]) -> None:
        """Make ``rows`` all that a Chroma filter fits: write them, then remove what else it finds."""
        with self._folder.writing(collection) as store:
            for start in range(0, len(rows), _BATCH):
                part = rows[start : start + _BATCH]
                store.upsert(
                    ids=[row.id for row in part],
                    embeddings=np.stack([row.vector for row in part]),
                    metadatas=[dict(row.metadata) for row in part],
                )
            stale = sorted(set(store.get(where=where, include=[])["ids"]) - {row.id for row in rows})
            if stale:
                store.delete(ids=stale)

    def query(self, collection: str, vector: Vectors, count: int, where: Where | None = None) -> list[Found]:
        """The ``count`` rows nearest to a unit vector among those that a filter fits (None: all), nearest first."""
        with self._folder.reading(collection) as store:
            answer = store.query(
                query_embeddings=vector[None],
                n_results=count,
                where=where,
                include=["metadatas", "distances", "embeddings"],
            )
        columns = (answer["distances"] or [[]], answer["metadatas"] or [[]], _filled(answer["embeddings"]))
        return [
            Found(name, 1.0 - distance, np.asarray(stored, np.float32), _plain(metadata))
            for name, distance, metadata, stored in zip(answer["ids"][0], *(one[0] for one in columns), strict=True)
        ]

    def vectors(
        self, collection: str, where: Where, count: int | None = None
    ) -> list[tuple[Vectors, dict[str, Value]]]:
        """Rows that a filter fits, ``count`` at most: vector and metadata."""
        with self._folder.reading(collection) as store:
            answer = store.get(where=where, limit=count, include=["embeddings", "metadatas"])
        pairs = zip(_filled(answer["embeddings"]), answer["metadatas"] or [], strict=True)
        return [(np.asarray(stored, np.float32), _plain(metadata)) for stored, metadata in pairs]

    def count(self, collection: str) -> int:
        """How many rows there are."""
        with self._folder.reading(collection) as store:
            return int(store.count())


class _Folder:
    """One folder's client, shared by all stores of this process: Chroma itself shares it behind our back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread_lock = threading.RLock()
        self._client: ClientAPI | None = None
        self._collections: dict[str, Collection] = {}
        self._generation = ""

    @contextmanager
    def reading(self, collection: str) -> Iterator[Collection]:
        with self._locked(), self._translated():
            self._refresh()
            yield self._collection(collection)

    @contextmanager
    def writing(self, collection: str) -> Iterator[Collection]:
        with self._locked(), self._translated():
            self._refresh()
            store = self._collection(collection)
            # Before the change: if we die in the middle of it, the others know that there is something to reread.
            self._generation = uuid.uuid4().hex
            (self._path / "generation").write_text(self._generation, encoding="ascii")
            yield store

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._thread_lock:
            try:
                self._path.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(self._path / "lock", os.O_CREAT | os.O_RDWR, 0o600)
            except OSError as error:
                raise _unusable(self._path, error) from error
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from chromadb.errors import ChromaError

        try:
            yield
        except OSError as error:
            raise _unusable(self._path, error) from error
        except (ChromaError, ValueError) as error:
            self._close()
            raise LibraryDamaged(
                f"The search index in {str(self._path)!r} cannot be used ({error}).",
                "Delete that folder and ingest the clips again; the clips themselves are not touched.",
            ) from error

    def _refresh(self) -> None:
        try:
            generation = (self._path / "generation").read_text(encoding="ascii")
        except FileNotFoundError:
            generation = ""
        if generation != self._generation:
            self._close()
            self._generation = generation
        if self._client is None:
            self._client = _open(self._path)

    def _collection(self, name: str) -> Collection:
        if name not in self._collections:
            assert self._client is not None  # noqa: S101 - _refresh came before
            # No embedding function: Chroma's default would download a model.
            self._collections[name] = self._client.get_or_create_collection(
                name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
            )
        return self._collections[name]

    def _close(self) -> None:
        self._collections.clear()
        if self._client is not None:
            self._client.close()  # type: ignore[attr-defined]
            self._client = None

    def __del__(self) -> None:
        self._close()


_folders: weakref.WeakValueDictionary[Path, _Folder] = weakref.WeakValueDictionary()
_folders_lock = threading.Lock()


def _shared(path: Path) -> _Folder:
    with _folders_lock:
        folder = _folders.get(path.resolve())
        if folder is None:
            folder = _folders[path.resolve()] = _Folder(path.resolve())
        return folder


def _open(path: Path) -> ClientAPI:
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(path=str(path), settings=Settings(anonymized_telemetry=False))


def _filled(embeddings: Any) -> Any:
    # Chroma answers None instead of an empty array.
    return [] if embeddings is None else embeddings


def _plain(metadata: Mapping[str, Any]) -> dict[str, Value]:
    return {key: value for key, value in metadata.items() if isinstance(value, str | int | float | bool)}


def _unusable(path: Path, error: OSError) -> StorageFailed:
    return StorageFailed(
        f"The search index in {str(path)!r} cannot be used ({error.strerror}).",
        "Check free disk space and permissions.",
    )
