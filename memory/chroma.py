"""Chroma behind two doors: a folder of this machine, or a server by its URL.

In a folder Chroma keeps its graph in each process's memory: what another process writes is not seen, and two that
write leave a graph that lacks entries (measured with 1.5.9). So every use takes a file lock, and a process whose last
sight of the folder is out of date reopens it first. A process that is killed while it writes leaves a readable store:
Chroma replays its own log.
"""

from __future__ import annotations

import fcntl
import os
import threading
import uuid
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .chroma_server import TOKEN, ChromaServer, opened, server_url, settings
from .errors import LibraryDamaged, StorageFailed

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection


class Door(Protocol):
    """Gives collections to read from and to write to."""

    @property
    def generation(self) -> str:
        """Changes with every writing; empty where that cannot be known."""
        ...

    def reading(self, collection: str) -> AbstractContextManager[Collection]:
        """A collection as it is now, made when there is none."""
        ...

    def writing(self, collection: str) -> AbstractContextManager[Collection]:
        """The same, with nobody else who could write at once where that would do harm."""
        ...

    def close(self) -> None:
        """Let go of files and connections; the next use opens them again."""
        ...


def door(place: Path | str) -> Door:
    """The door to a folder or to the server of an ``http://`` or ``https://`` URL; one a place and process.

    Raises:
        StoreUnreachable: the URL is none of a server.
    """
    if isinstance(place, str) and "://" in place:
        url, token = server_url(place), os.environ.get(TOKEN, "").strip()
        return _shared((url, token), lambda: ChromaServer(url, token))
    path = Path(place).resolve()
    return _shared(path, lambda: _Folder(path))


_doors: weakref.WeakValueDictionary[object, Any] = weakref.WeakValueDictionary()
_doors_lock = threading.Lock()


def _shared(key: object, make: Callable[[], Door]) -> Door:
    with _doors_lock:
        found: Door | None = _doors.get(key)
        if found is None:
            found = _doors[key] = make()
        return found


class _Folder:
    """One folder's client, shared by all stores of this process: Chroma itself shares it behind our back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread_lock = threading.RLock()
        self._depth = 0
        self._client: ClientAPI | None = None
        self._collections: dict[str, Collection] = {}
        self._generation = ""

    @property
    def generation(self) -> str:
        return self._generation

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
        """The file lock; a use within a use of the same thread has it already."""
        with self._thread_lock:
            self._depth += 1
            try:
                if self._depth > 1:
                    yield
                    return
                descriptor = self._open_lock()
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
                    yield
                finally:
                    fcntl.flock(descriptor, fcntl.LOCK_UN)  # a child that is forked just now would hold it longer
                    os.close(descriptor)
            finally:
                self._depth -= 1

    def _open_lock(self) -> int:
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            return os.open(self._path / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise _unusable(self._path, error) from error

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
            import chromadb

            self._client = chromadb.PersistentClient(path=str(self._path), settings=settings())

    def _collection(self, name: str) -> Collection:
        if name not in self._collections:
            assert self._client is not None  # noqa: S101 - _refresh came before
            self._collections[name] = opened(self._client, name)
        return self._collections[name]

    def close(self) -> None:
        """Close the folder's files, once nobody reads or writes them."""
        with self._thread_lock:
            self._close()

    def _close(self) -> None:
        self._collections.clear()
        if self._client is not None:
            self._client.close()  # type: ignore[attr-defined]
            self._client = None

    def __del__(self) -> None:
        self._close()


def _unusable(path: Path, error: OSError) -> StorageFailed:
    return StorageFailed(
        f"The search index in {str(path)!r} cannot be used ({error.strerror}).",
        "Check free disk space and permissions.",
    )
