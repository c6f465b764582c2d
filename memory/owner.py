"""Who is at work: a lock that the kernel lets go of when its holder dies, however it dies.

A process id in a table says little after a crash: it may have been given to somebody else, or belong to another
container that shares the folder. A ``flock`` on a file answers the question "is it still there?" with certainty, on
one machine; where several share a database, its sessions answer it (:class:`~.postgres.PostgresDatabase`).
"""

from __future__ import annotations

import fcntl
import os
import time
import uuid
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Protocol

_held: weakref.WeakSet[Owner] = weakref.WeakSet()


class Holder(Protocol):
    """Whoever holds jobs or temporary files under a name of its own."""

    @property
    def name(self) -> str:
        """What it is called; never used twice."""

    def alive(self, name: str) -> bool:
        """Whether the holder of that name still runs."""


class Owner:
    """A holder of jobs and temporary files: alive exactly as long as this object's lock is held."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.name = uuid.uuid4().hex
        # Locked under a name that nobody looks for, then renamed: it is never seen unlocked while we live.
        hidden = folder / f".{self.name}"
        self._descriptor = os.open(hidden, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        hidden.rename(folder / self.name)
        _held.add(self)

    def alive(self, name: str) -> bool:
        """Whether the owner of that name still runs (in any process of this machine, or of its containers)."""
        if name == self.name:
            return self._descriptor >= 0
        try:
            descriptor = os.open(self._folder / name, os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # a child that is forked just now would hold it longer
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def sweep(self) -> None:
        """Remove the lock files of the dead (hidden ones, which may be about to be locked, only when old)."""
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                settled = not path.name.startswith(".") or time.time() - path.stat().st_mtime > 60
                if settled and not self.alive(path.name):
                    path.unlink()

    def close(self) -> None:
        """Let go: jobs that are still running under this name count as abandoned."""
        if self._descriptor >= 0:
            (self._folder / self.name).unlink(missing_ok=True)
            self.release()

    def release(self) -> None:
        """Close the file without ending the lock of a parent process (a forked child shares it)."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _after_fork() -> None:
    # A worker that outlives its killed parent must not keep the parent's lock alive.
    for owner in list(_held):
        owner.release()


os.register_at_fork(after_in_child=_after_fork)
