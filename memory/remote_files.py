"""Files by the hash of their content in a remote store (S3 or whatever fsspec speaks), with copies on this machine.

An upload is whole or not there: object stores put a file at once, and elsewhere it is moved from a temporary key. What
is brought here is compared with its SHA-256 before it gets its name. Addresses of endpoints and credentials come from
the environment, as the client of the store reads them (``AWS_...``, ``~/.aws``, ``FSSPEC_...``), never from here.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .cache import FileCache
from .errors import LibraryDamaged, LibraryError, StorageFailed
from .files import Arrival, ContentStore
from .owner import Holder, Owner

_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl"})
"""Schemes of stores in which a file that is being written cannot be seen before it is whole."""

_CHUNK = 1 << 20
_SHELF = "clips/"


class RemoteStore(ContentStore):
    """``URL/clips/ab/<id><suffix>``, read through ``root/cache``.

    Args:
        root: folder on this machine for temporary files and the cache.
        owner: holds the temporary files on this machine.
        url: where the files lie, ``s3://bucket/prefix``.
        holder: holds the temporary keys in the store; known to everybody who shares it.
        library: gives the id of the library whose files these are.
        cache_bytes: what the copies on this machine may take.

    Raises:
        StorageFailed: here and below: the store cannot be reached or refuses, or its client is not installed.
    """

    def __init__(
        self, root: Path, owner: Owner, *, url: str, holder: Holder, library: Callable[[], str], cache_bytes: int
    ) -> None:
        super().__init__(root, owner)
        self._cache = FileCache(root / "cache", cache_bytes)
        self._holder = holder
        self._library = library
        self._ours = False
        self._scheme = url.partition("://")[0]
        with self._reaching():
            self._system, base = _filesystem(url)
        self._base = base.rstrip("/")

    def prepare(self, arrival: Arrival) -> None:
        """Upload an arrival, unless it is there."""
        if not self.holds(arrival.place):
            self._upload(arrival)

    def put(self, arrival: Arrival) -> None:
        """Make sure that an arrival is in the store, and keep it here too: it is used next."""
        self.prepare(arrival)
        self.bring(arrival)

    def bring(self, arrival: Arrival) -> None:
        """Keep an arrival here as the copy of a file that the store holds."""
        with self._writing():
            self._cache.put(arrival.temporary, _shelved(arrival.place))

    def holds(self, place: str) -> bool:
        """Whether there is a file in the store."""
        with self._reaching():
            self._system.invalidate_cache()
            return bool(self._system.exists(self._key(place)))

    def path(self, place: str) -> Path:
        """Where a file is on this machine once it has been brought here."""
        return self._cache.path(_shelved(place))

    def local(self, place: str, sha256: str, size: int) -> Path:
        """A file's path on this machine, fetched unless it is here; whole, and with that SHA-256.

        Raises:
            LibraryDamaged: what lies in the store has another content.
        """
        with self._writing():
            if here := self._cache.take(_shelved(place), size):
                return here
        temporary = self._incoming / f"{self._owner.name}-{uuid.uuid4().hex}"
        try:
            found = self._download(place, temporary)
            if found != sha256:
                raise LibraryDamaged(
                    f"The stored file of clip {sha256[:16]} has another content.", "Add the video again or restore it."
                )
            with self._writing():
                return self._cache.put(temporary, _shelved(place))
        finally:
            temporary.unlink(missing_ok=True)

    def remove(self, place: str) -> None:
        """Delete a file from the store and from here; one that is gone already is fine."""
        self._claim()
        with self._reaching(), suppress(FileNotFoundError):
            self._system.rm_file(self._key(place))
        with self._writing():
            self._cache.drop(_shelved(place))

    def places(self) -> Iterator[str]:
        """All files that lie in the store; also removes what dead uploaders left under temporary keys."""
        for key in self._listed("incoming"):
            if not self._holder.alive(key.rpartition("/")[2].partition("-")[0]):
                self.remove(key)
        yield from self._listed("clips")

    def close(self) -> None:
        """Let the cache's files be evicted."""
        self._cache.close()

    def _upload(self, arrival: Arrival) -> None:
        self._claim()
        key = self._key(arrival.place)
        with self._reaching():
            if self._scheme in _WHOLE:
                self._system.put_file(str(arrival.temporary), key)
                return
            hidden = self._key(f"incoming/{self._holder.name}-{uuid.uuid4().hex}")
            for name in (hidden, key):
                self._system.makedirs(name.rpartition("/")[0], exist_ok=True)
            self._system.put_file(str(arrival.temporary), hidden)
            self._system.mv(hidden, key)

    def _download(self, place: str, temporary: Path) -> str:
        digest = hashlib.sha256()
        with self._reaching(), self._opened(place) as source, temporary.open("xb") as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                target.write(chunk)
        return digest.hexdigest()

    @contextmanager
    def _opened(self, place: str) -> Iterator[Any]:
        try:
            # Asked first: a file of some clients that fails to open complains once more when it is collected.
            self._system.info(self._key(place))
            source = self._system.open(self._key(place), "rb")
        except FileNotFoundError:
            raise StorageFailed(
                f"The file {place!r} is not in the store.", "Add the video again; what is known of it has been kept."
            ) from None
        with source:
            yield source

    def _claim(self) -> None:
        """Before anything is changed: the store belongs to this library, or to nobody yet."""
        if self._ours:
            return
        mark, library = self._key("library"), self._library()
        with self._reaching():
            try:
                owner = self._system.cat_file(mark).decode("utf-8", "replace")
            except FileNotFoundError:
                self._system.makedirs(self._base, exist_ok=True)
                self._system.pipe_file(mark, library.encode())
                owner = library
        if owner != library:
            raise StorageFailed(
                "The store of the setting 'files' belongs to another library.",
                "Use another bucket or prefix, or that library's database.",
            )
        self._ours = True

    def _listed(self, folder: str) -> Iterator[str]:
        with self._reaching():
            self._system.invalidate_cache()
            try:
                keys = self._system.find(self._key(folder))
            except FileNotFoundError:
                keys = []
        for key in keys:
            yield f"{folder}/{str(key).partition(f'{self._base}/{folder}/')[2]}"

    def _key(self, place: str) -> str:
        return f"{self._base}/{place}"

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        # Each client has errors of its own, and some quote requests: only what kind of error it was is told.
        try:
            yield
        except (LibraryError, FileNotFoundError):
            raise
        except Exception as error:
            raise StorageFailed(
                f"The store of the setting 'files' ({self._scheme}://) cannot be used ({type(error).__name__}).",
                "Check its address, that it can be reached, and the credentials in its client's own configuration.",
            ) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageFailed(
                f"The folder of cached files cannot be used ({error.strerror}).", "Free some disk space."
            ) from error


def _shelved(place: str) -> str:
    return place.removeprefix(_SHELF)


def _filesystem(url: str) -> tuple[Any, str]:
    """The file system of a URL as fsspec knows it, and the path in it."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        raise StorageFailed("The setting 'files' is no URL.", "Write it as s3://BUCKET/PREFIX.")
    if scheme in ("s3", "s3a") and find_spec("s3fs") is None and find_spec("obstore") is not None:
        from obstore.fsspec import FsspecStore

        client: Any = FsspecStore  # its stubs do not know fsspec's own arguments
        patience = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}
        return client("s3", retry_config=patience, skip_instance_cache=True), rest
    try:
        from fsspec.core import url_to_fs

        # A client of our own: fsspec would share one that read its configuration when the first library was opened.
        return url_to_fs(url, skip_instance_cache=True)  # type: ignore[no-any-return]
    except (ImportError, ValueError):
        raise StorageFailed(
            f"There is no client for {scheme}:// (setting 'files').",
            "Install it; for S3: pip install 'gpt4video[s3]'.",
        ) from None
