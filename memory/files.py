"""Files by the hash of their content: copied in whole or not at all, never overwritten by something else."""

from __future__ import annotations

import hashlib
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import SourceUnreadable, StorageFailed
from .owner import Owner

_CHUNK = 1 << 20
# Names in the library are ours. A known ending is kept, because players and browsers go by it.
_SUFFIXES = frozenset({".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".ogv", ".ts", ".webm"})


@dataclass(frozen=True)
class Arrival:
    """A copied file that waits under a temporary name to be put in its place."""

    temporary: Path
    sha256: str
    bytes: int
    place: str


class ContentStore:
    """``root/clips/ab/<first 16 hex digits of the SHA-256><suffix>``, filled through ``root/incoming``."""

    def __init__(self, root: Path, owner: Owner) -> None:
        self.root = root
        self._incoming = root / "incoming"
        self._owner = owner
        self._incoming.mkdir(parents=True, exist_ok=True)
        (root / "clips").mkdir(exist_ok=True)

    @contextmanager
    def arrive(self, path: Path) -> Iterator[Arrival]:
        """Copy a file in under a temporary name, hashing what is copied; the name is gone afterwards.

        Raises:
            SourceUnreadable: missing, unreadable, or not a plain file (a pipe would hang us).
            StorageFailed: it could not be written.
        """
        temporary = self._incoming / f"{self._owner.name}-{uuid.uuid4().hex}"
        try:
            sha256, size = _copy(path, temporary)
            suffix = path.suffix.lower() if path.suffix.lower() in _SUFFIXES else ".bin"
            place = f"clips/{sha256[:2]}/{sha256[:16]}{suffix}"
            yield Arrival(temporary=temporary, sha256=sha256, bytes=size, place=place)
        finally:
            temporary.unlink(missing_ok=True)

    def prepare(self, arrival: Arrival) -> None:
        """Do what of :meth:`put` is slow, before the database is locked for it."""

    def put(self, arrival: Arrival) -> None:
        """Move an arrival to its place, durably; a file that is there already has the same content."""
        place = self.root / arrival.place
        try:
            place.parent.mkdir(exist_ok=True)
            os.replace(arrival.temporary, place)
            _sync_folder(place.parent)
        except OSError as error:
            raise _failed(place, error) from error

    def bring(self, arrival: Arrival) -> None:
        """Use an arrival as this machine's copy of a file that the store holds."""

    def holds(self, place: str) -> bool:
        """Whether there is a file."""
        return (self.root / place).exists()

    def path(self, place: str) -> Path:
        """Where a file is on this machine, or would be."""
        return self.root / place

    def local(self, place: str, sha256: str, size: int) -> Path:  # noqa: ARG002 - what a remote store needs
        """A file's path on this machine, brought here if need be."""
        return self.root / place

    def remove(self, place: str) -> None:
        """Delete a file; one that is gone already is fine."""
        try:
            (self.root / place).unlink(missing_ok=True)
        except OSError as error:
            raise _failed(self.root / place, error) from error

    def places(self) -> Iterator[str]:
        """All files that lie in the store."""
        for path in (self.root / "clips").glob("??/*"):
            yield path.relative_to(self.root).as_posix()

    def sweep(self) -> None:
        """Remove temporary files on this machine whose copier has died."""
        for path in self._incoming.iterdir():
            if not self._owner.alive(path.name.partition("-")[0]):
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of what is in use."""


def _copy(path: Path, temporary: Path) -> tuple[str, int]:
    digest = hashlib.sha256()
    size = 0
    with _opened(path) as source:
        try:
            with temporary.open("xb") as target:
                while chunk := _read(source, path):
                    digest.update(chunk)
                    size += len(chunk)
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
        except OSError as error:
            raise _failed(temporary, error) from error
    return digest.hexdigest(), size


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        # O_NONBLOCK: opening a pipe that nobody writes to must not wait.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise SourceUnreadable(
            f"There is no readable file {str(path)!r}.", "Check its path and permissions."
        ) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SourceUnreadable(f"{str(path)!r} is not a plain file.", "Give the path of a video file.")
        yield descriptor
    finally:
        os.close(descriptor)


def _read(descriptor: int, path: Path) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except OSError as error:
        raise SourceUnreadable(f"{str(path)!r} cannot be read to its end.", "Check the disk it lies on.") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failed(path: Path, error: OSError) -> StorageFailed:
    reason = error.strerror or type(error).__name__
    return StorageFailed(f"{str(path)!r} cannot be written ({reason}).", "Free some disk space or check permissions.")
