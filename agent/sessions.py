"""Conversations: one turn at a time on each, and which there are."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..memory.errors import LibraryError
from .errors import RequestInvalid, SessionBusy, SessionUnsaved

if TYPE_CHECKING:
    import psycopg
    from langgraph.checkpoint.postgres import PostgresSaver
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
    from langgraph.checkpoint.sqlite import SqliteSaver

MAX_NAME = 200
_POLL = 0.05


def thread_key(user: str, thread: str) -> str:
    """The checkpointer's thread id: users do not see each other's conversations.

    Raises:
        RequestInvalid: the name is empty, too long or not text.
    """
    try:
        text = f"{user}\x1f{thread}".encode()
    except UnicodeEncodeError:
        raise RequestInvalid("The thread's name is not valid text.", "Use plain letters and digits.") from None
    if not thread.strip() or len(thread) > MAX_NAME:
        raise RequestInvalid("The thread's name is empty or too long.", f"Use 1 to {MAX_NAME} characters.")
    return hashlib.sha256(text).hexdigest()[:32]


@contextmanager
def one_turn(home: Path, key: str, database: str | None = None) -> Iterator[None]:
    """Hold a conversation for a turn; the lock goes with the process, however it ends.

    Args:
        home: the home folder.
        key: from :func:`thread_key`.
        database: a Postgres database that other machines share; their turns count too. Should its connection be lost
            within the turn, the lock is lost with it.

    Raises:
        SessionBusy: another turn, of this or another process, holds it.
        SessionUnsaved: the lock cannot be asked for.
    """
    with _one_turn_here(home, key) if database is None else _one_turn_anywhere(database, key):
        yield


@contextmanager
def _one_turn_here(home: Path, key: str) -> Iterator[None]:
    folder = home / "locks"
    with storing():
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / key, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy() from None
        try:
            yield
        finally:
            # Closing is not enough: a child that another thread forks just now holds the same lock until it execs.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


@contextmanager
def _one_turn_anywhere(database: str, key: str) -> Iterator[None]:
    from ..memory.postgres import connect, lock_key

    name = f"turn {key}"
    with storing((LibraryError,)):
        connection = connect(database)
    try:
        with storing(database_faults()):
            ours = _locked(connection, name)
        if not ours:
            raise _busy()
        try:
            yield
        finally:
            # Closing is not enough: the server frees a session's locks some moments after its client has gone. Where
            # the connection was lost, the lock was lost with it.
            with suppress(*database_faults()):
                connection.execute("SELECT pg_advisory_unlock(%s)", (lock_key(name),))
    finally:
        connection.close()


def _locked(connection: psycopg.Connection[Any], name: str) -> bool:
    from ..memory.postgres import lock_key

    answer = connection.execute("SELECT pg_try_advisory_lock(%s) AS ours", (lock_key(name),)).fetchone()
    return answer is not None and bool(answer["ours"])


def _busy() -> SessionBusy:
    return SessionBusy("Another turn is running on this conversation.", "Wait for it to end, or use another --thread.")


def database_faults() -> tuple[type[Exception], ...]:
    """The errors of the databases that are in use."""
    psycopg = sys.modules.get("psycopg")
    return (sqlite3.Error,) if psycopg is None else (sqlite3.Error, psycopg.Error)


@contextmanager
def storing(faults: tuple[type[Exception], ...] | None = None) -> Iterator[None]:
    """Say it in plain words when a conversation cannot be written or read.

    Args:
        faults: what counts as such; None: errors of the databases and of the file system.

    Raises:
        SessionUnsaved: a full disk, a folder without permission, a damaged file, no connection.
    """
    try:
        yield
    except Exception as error:
        if not isinstance(error, (*database_faults(), OSError) if faults is None else faults):
            raise
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise SessionUnsaved(
            f"The conversation cannot be saved or read ({reason}).",
            "Check free disk space and the folder's permissions (or the database, where one is set), then ask again:"
            " the turn goes on where it stopped.",
        ) from error


def open_checkpoints(home: Path, database: str | None = None) -> SqliteSaver | PostgresSaver:
    """The default checkpointer, strict about what it deserialises: SQLite in the home folder, or Postgres.

    Raises:
        StorageFailed: the Postgres database cannot be reached.
    """
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    # The state is plain JSON data, so nothing but plain types needs to come back (strict msgpack).
    serde = JsonPlusSerializer(allowed_msgpack_modules=None)
    if database is not None:
        return _open_shared_checkpoints(database, serde)
    from langgraph.checkpoint.sqlite import SqliteSaver

    home.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(home / "checkpoints.sqlite", check_same_thread=False, timeout=30)
    saver = SqliteSaver(connection, serde=serde)
    saver.setup()
    return saver


def _open_shared_checkpoints(database: str, serde: JsonPlusSerializer) -> PostgresSaver:
    from langgraph.checkpoint.postgres import PostgresSaver
    from psycopg.rows import dict_row
    from psycopg_pool import ConnectionPool

    from ..memory.postgres import connect, options

    connection = connect(database)
    try:
        # Two processes that set up at once: asked again and again rather than waited for, because the set-up builds
        # an index "concurrently", which waits for every statement that is under way, a waiting one too.
        while not _locked(connection, "checkpoints"):
            time.sleep(_POLL)
        PostgresSaver(connection).setup()
    finally:
        connection.close()
    wanted = {**options(database), "autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    # Checked before each use: a connection that was cut between two turns is replaced.
    pool: ConnectionPool[psycopg.Connection[dict[str, Any]]] = ConnectionPool(
        kwargs=wanted, min_size=1, max_size=4, timeout=10, check=ConnectionPool.check_connection, open=True
    )
    return PostgresSaver(pool, serde=serde)
