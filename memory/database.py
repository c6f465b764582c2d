"""The one door to the database: connection, schema, transactions. SQLite here, Postgres in :mod:`.postgres`.

Both read the same SQL text: ``?`` marks a value, ``"user"`` is quoted, and what differs is a property of
:class:`Database`.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Protocol

from .errors import LibraryBusy, LibraryDamaged, StorageFailed
from .schema import MIGRATIONS, SCHEMA_VERSION


class Row(Protocol):
    """A row, read by the names of its columns."""

    def __getitem__(self, name: str, /) -> Any: ...


class Rows(Protocol):
    """What a statement gives: its rows, or how many it changed."""

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """What may be done with a database inside of ``read`` and ``write``."""

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> Rows:
        """Run one statement with its values."""

    def executemany(self, sql: str, values: Iterable[Sequence[Any]], /) -> Any:
        """Run one statement with each row of values."""


class Database(ABC):
    """One database, shared by this process's threads (one connection, one lock) and by other processes.

    Every change goes through :meth:`write`, which takes the database's write lock at once: two processes never
    interleave their statements, and a killed one leaves nothing of an unfinished transaction.
    """

    json_list: ClassVar[str]
    """SQL that gathers the column ``item`` of several rows into the text of a JSON list."""

    _begin: str

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """The connection, for statements that change nothing."""
        with self._lock, self._translated():
            yield self._session()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: all of it happens, or nothing. May be nested; the outermost one commits."""
        with self._lock, self._translated():
            connection = self._session()
            name = f"level_{self._depth}"
            begin, keep, drop = (self._begin, "COMMIT", "ROLLBACK")
            if self._depth:
                begin, keep, drop = (f"SAVEPOINT {name}", f"RELEASE {name}", f"ROLLBACK TO {name}")
            try:
                connection.execute(begin)
            except BaseException:
                if not self._depth:
                    self._undo(drop)
                raise
            self._depth += 1
            try:
                yield connection
                connection.execute(keep)
            except BaseException:
                self._undo(drop)
                raise
            finally:
                self._depth -= 1

    @abstractmethod
    def close(self) -> None:
        """Close the connection; the object is of no use afterwards."""

    @abstractmethod
    def _session(self) -> Connection: ...

    @abstractmethod
    def _undo(self, statement: str) -> None:
        """Roll back, unless the database has done so by itself; must not hide the fault that led here."""

    @abstractmethod
    def _translated(self) -> AbstractContextManager[None]:
        """Turns the driver's errors into ours."""

    def _migrate(self, shown: str) -> None:
        with self.write() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
            row = connection.execute("SELECT max(version) AS version FROM schema_version").fetchone()
            version = row["version"] or 0
            if version > SCHEMA_VERSION:
                raise LibraryDamaged(
                    f"The library {shown} has schema {version}, this program knows {SCHEMA_VERSION}.",
                    "Use the newer version of the program that wrote it.",
                )
            for number, statements in enumerate(MIGRATIONS[version:], version + 1):
                for statement in statements:
                    connection.execute(statement)
                connection.execute("INSERT INTO schema_version VALUES (?)", (number,))


class SqliteDatabase(Database):
    """One SQLite file (WAL), for the processes of one machine."""

    json_list = "json_group_array(item)"
    _begin = "BEGIN IMMEDIATE"

    def __init__(self, path: Path, *, timeout: float = 30.0) -> None:
        super().__init__()
        self._path = path
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Autocommit mode: transactions are ours, explicit.
            self._connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(timeout)
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Close the connection; the object is of no use afterwards."""
        with self._lock:
            self._connection.close()

    def _session(self) -> Connection:
        return self._connection

    def _undo(self, statement: str) -> None:
        # SQLite may have rolled back by itself (disk full); rolling back twice would hide the first fault.
        if self._connection.in_transaction:
            self._connection.execute(statement)

    def _prepare(self, timeout: float) -> None:
        self._connection.row_factory = sqlite3.Row
        self._switch_to_wal(timeout)
        # FULL: a finished job must not be forgotten by a power cut, or its effect would happen twice.
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA foreign_keys=ON")
        self._migrate(str(self._path))

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
