"""Conversations: one turn at a time on each, and which there are."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import RequestInvalid, SessionBusy, SessionUnsaved

if TYPE_CHECKING:
    from langgraph.checkpoint.sqlite import SqliteSaver

MAX_NAME = 200


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
def one_turn(home: Path, key: str) -> Iterator[None]:
    """Hold a conversation for a turn; the lock goes with the process, however it ends.

    Raises:
        SessionBusy: another turn, of this or another process, holds it.
        SessionUnsaved: the lock file cannot be made.
    """
    folder = home / "locks"
    with storing():
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / key, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SessionBusy(
                "Another turn is running on this conversation.", "Wait for it to end, or use another --thread."
            ) from None
        yield
    finally:
        os.close(descriptor)


@contextmanager
def storing(faults: tuple[type[Exception], ...] = (sqlite3.Error, OSError)) -> Iterator[None]:
    """Say it in plain words when a conversation cannot be written or read.

    Args:
        faults: what counts as such.

    Raises:
        SessionUnsaved: a full disk, a folder without permission, a damaged file.
    """
    try:
        yield
    except faults as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise SessionUnsaved(
            f"The conversation cannot be saved or read ({reason}).",
            "Check free disk space and the folder's permissions, then ask again: the turn goes on where it stopped.",
        ) from error


def open_checkpoints(home: Path) -> SqliteSaver:
    """The default checkpointer: SQLite in the home folder, strict about what it deserialises."""
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
    from langgraph.checkpoint.sqlite import SqliteSaver

    home.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(home / "checkpoints.sqlite", check_same_thread=False, timeout=30)
    # The state is plain JSON data, so nothing but plain types needs to come back (strict msgpack).
    saver = SqliteSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
    saver.setup()
    return saver
