"""Copies of remote files on this machine: as many as fit, the least lately used go first, none that is in use.

A file that was handed out lately is held by a shared ``flock``, which its process keeps for the newest few; the one
who makes room needs the lock alone. So several processes share a cache, and a killed one holds nothing.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_HELD, _HELD_AT_LEAST = 64, 8


class FileCache:
    """Files under ``folder``, by place (``ab/name.mp4``).

    Args:
        folder: where they lie; made when it is missing.
        limit: bytes they may take; passed only while files in use take more.

    Methods raise :class:`OSError` when the disk refuses.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._held: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._lock = threading.RLock()
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, place: str) -> Path:
        """Where a file is, or would be."""
        return self._folder / place

    def take(self, place: str, size: int) -> Path | None:
        """A file that is there with that many bytes, held from now on; None when it must be fetched."""
        path = self.path(place)
        with self._lock:
            if not self._hold(place, size):
                return None
        with suppress(OSError):
            os.utime(path)
        return path

    def put(self, temporary: Path, place: str) -> Path:
        """Move a whole file in, hold it, and make room."""
        path = self.path(place)
        size = temporary.stat().st_size
        path.parent.mkdir(parents=True, exist_ok=True)
        os.utime(temporary)
        with self._alone():
            os.replace(temporary, path)
            self._drop_hold(place)
            self._hold(place, size)
            self._make_room()
        return path

    def drop(self, place: str) -> None:
        """Remove a file; one that is gone already is fine."""
        with self._alone():
            self._drop_hold(place)
            self.path(place).unlink(missing_ok=True)

    def close(self) -> None:
        """Hold nothing any more."""
        with self._lock:
            for place in list(self._held):
                self._drop_hold(place)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # Between a file's being moved in and its being held nobody may make room.
        with self._lock:
            descriptor = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)  # a child that is forked just now would hold it longer
                os.close(descriptor)

    def _hold(self, place: str, size: int) -> bool:
        try:
            descriptor = os.open(self.path(place), os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            there = os.fstat(descriptor)
            # It may have been removed while we waited for the lock.
            whole = there.st_nlink > 0 and there.st_size == size
        except BaseException:
            os.close(descriptor)
            raise
        if not whole:
            os.close(descriptor)
            return False
        self._drop_hold(place)
        self._held[place] = (descriptor, size)
        while self._holds_too_much():
            self._drop_hold(next(iter(self._held)))
        return True

    def _holds_too_much(self) -> bool:
        held = sum(size for _, size in self._held.values())
        return len(self._held) > _HELD_AT_LEAST and (len(self._held) > _HELD or held > self._limit // 2)

    def _drop_hold(self, place: str) -> None:
        if held := self._held.pop(place, None):
            os.close(held[0])

    def _make_room(self) -> None:
        found: list[tuple[float, int, Path]] = []
        for path in self._folder.glob("??/*"):
            with suppress(FileNotFoundError):
                there = path.stat()
                found.append((there.st_mtime, there.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._limit:
                return
            if _removed(path):
                total -= size


def _removed(path: Path) -> bool:
    """Remove a file unless somebody holds it."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
