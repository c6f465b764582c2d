"""The one door to SQLite: connection, schema, transactions."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import LibraryBusy, LibraryDamaged, StorageFailed

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS clip (
    user TEXT NOT NULL, id TEXT NOT NULL, sha256 TEXT NOT NULL, path TEXT NOT NULL, source TEXT, title TEXT NOT NULL,
    duration REAL NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, fps REAL NOT NULL,
    has_audio INTEGER NOT NULL, bytes INTEGER NOT NULL, added REAL NOT NULL, status TEXT NOT NULL,
    PRIMARY KEY (user, id)
);
CREATE INDEX IF NOT EXISTS clip_by_path ON clip (path);
CREATE TABLE IF NOT EXISTS lineage (
    user TEXT NOT NULL, clip TEXT NOT NULL, operation TEXT NOT NULL, arguments TEXT NOT NULL, model TEXT NOT NULL,
    seed INTEGER, prompt TEXT NOT NULL, PRIMARY KEY (user, clip),
    FOREIGN KEY (user, clip) REFERENCES clip (user, id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS lineage_parent (
    user TEXT NOT NULL, clip TEXT NOT NULL, position INTEGER NOT NULL, parent TEXT NOT NULL,
    PRIMARY KEY (user, clip, position),
    FOREIGN KEY (user, clip) REFERENCES lineage (user, clip) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS lineage_by_parent ON lineage_parent (user, parent);
CREATE TABLE IF NOT EXISTS analysis (
    user TEXT NOT NULL, clip TEXT NOT NULL, version TEXT NOT NULL, data TEXT NOT NULL, created REAL NOT NULL,
    PRIMARY KEY (user, clip, version),
    FOREIGN KEY (user, clip) REFERENCES clip (user, id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS job (
    user TEXT NOT NULL, key TEXT NOT NULL, status TEXT NOT NULL, owner TEXT NOT NULL, started REAL NOT NULL,
    ended REAL, clips TEXT NOT NULL DEFAULT '[]', result TEXT, PRIMARY KEY (user, key)
);
"""


class Database:
    """One SQLite file, shared by this process's threads (one connection, one lock) and by other processes (WAL).

    Every change goes through :meth:`write`, which takes SQLite's write lock at once: two processes never
    interleave their statements, and a killed one leaves nothing of an unfinished transaction.
    """

    def __init__(self, path: Path, *, timeout: float = 30.0) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._depth = 0
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Autocommit mode: transactions are ours, explicit.
            self._connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(timeout)
            except BaseException:
                self._connection.close()
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection, for statements that change nothing."""
        with self._lock, self._translated():
            yield self._connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it happens, or nothing. May be nested; the outermost one commits."""
        with self._lock, self._translated():
            name = f"level_{self._depth}"
            begin, keep, drop = ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
            if self._depth:
                begin, keep, drop = (f"SAVEPOINT {name}", f"RELEASE {name}", f"ROLLBACK TO {name}")
            self._connection.execute(begin)
            self._depth += 1
            try:
                yield self._connection
                self._connection.execute(keep)
            except BaseException:
                # SQLite may have rolled back by itself (disk full); rolling back twice would hide the first fault.
                if self._connection.in_transaction:
                    self._connection.execute(drop)
                raise
            finally:
                self._depth -= 1

    def close(self) -> None:
        """Close the connection; the object is of no use afterwards."""
        with self._lock:
            self._connection.close()

    def _prepare(self, timeout: float) -> None:
        self._connection.row_factory = sqlite3.Row
        self._switch_to_wal(timeout)
        # FULL: a finished job must not be forgotten by a power cut, or its effect would happen twice.
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA foreign_keys=ON")
        with self.write() as connection:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            row = connection.execute("SELECT max(version) AS version FROM schema_version").fetchone()
            if row["version"] is None:
                connection.execute("INSERT INTO schema_version VALUES (?)", (SCHEMA_VERSION,))
            elif row["version"] > SCHEMA_VERSION:
                raise LibraryDamaged(
                    f"The library {self._path} has schema {row['version']}, this program knows {SCHEMA_VERSION}.",
                    "Use the newer version of the program that wrote it.",
                )

    def _switch_to_wal(self, timeout: float) -> None:
        # Two processes that open a new library at once: SQLite does not wait here by itself.
        give_up = time.monotonic() + timeout
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > give_up:
                    raise
                time.sleep(0.02)
            else:
                return

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise LibraryBusy(
                    f"The library {self._path} is in use by another process.", "Wait for it to end and try again."
                ) from error
            raise StorageFailed(
                f"The library {self._path} cannot be used ({error}).",
                "Check free disk space and the folder's permissions.",
            ) from error
        except sqlite3.DatabaseError as error:
            raise LibraryDamaged(
                f"The library {self._path} is damaged or not a library ({error}).",
                "Restore it from a backup or choose another home folder.",
            ) from error
