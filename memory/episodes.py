"""What was found, made and said in earlier turns: small notes that outlive their conversation."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from .clips import LOCAL_USER
from .database import Database, Row
from .text import plain, to_json


class Episode(BaseModel):
    """One note.

    Attributes:
        id: sorts by time; never used twice.
        thread: the conversation it is from.
        at: when, seconds since 1970.
        kind: what sort of note it is, a word of the caller's such as ``found`` or ``made``.
        text: the note in words.
        data: the note as plain JSON.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    thread: str
    at: float
    kind: Annotated[str, Field(min_length=1, max_length=80)]
    text: str
    data: object = None


class Episodes:
    """Notes of all users; each call sees one user's. Notes about a forgotten clip go with it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        thread: str,
        kind: str,
        text: str,
        data: object = None,
        *,
        clips: Sequence[str] = (),
        user: str = LOCAL_USER,
    ) -> str:
        """Keep a note and return its id.

        Args:
            thread: the conversation.
            kind: 1 to 80 characters.
            text: the note in words.
            data: the note as plain JSON.
            clips: full ids of the clips it is about: when one of them is forgotten, so is the note.
            user: whose note it is.

        Raises:
            NotStorable: the data is not plain JSON.
        """
        now = time.time()
        name = f"{time.time_ns():016x}{uuid.uuid4().hex[:8]}"
        note = Episode(id=name, thread=plain(thread), at=now, kind=plain(kind), text=plain(text))
        with self._database.write() as connection:
            connection.execute(
                'INSERT INTO episode ("user", id, thread, at, kind, text, data) VALUES (?, ?, ?, ?, ?, ?, ?)',
                (plain(user), note.id, note.thread, note.at, note.kind, note.text, to_json(data)),
            )
            connection.executemany(
                'INSERT INTO episode_clip ("user", episode, clip) VALUES (?, ?, ?)',
                [(plain(user), note.id, plain(clip)) for clip in dict.fromkeys(clips)],
            )
        return note.id

    def recent(self, count: int, *, user: str = LOCAL_USER) -> list[Episode]:
        """The newest notes, newest first."""
        return self._selected("ORDER BY at DESC, id DESC LIMIT ?", plain(user), max(0, count))

    def all(self, *, user: str = LOCAL_USER) -> list[Episode]:
        """Every note, oldest first."""
        return self._selected("ORDER BY at, id", plain(user))

    def forget(self, id: str, *, user: str = LOCAL_USER) -> bool:  # noqa: A002 - what it is called everywhere else
        """Drop a note; whether there was one."""
        with self._database.write() as connection:
            return bool(
                connection.execute('DELETE FROM episode WHERE "user" = ? AND id = ?', (plain(user), plain(id))).rowcount
            )

    def forget_clip(self, clip: str, *, user: str = LOCAL_USER) -> None:
        """Drop the notes about a clip; the library does so when it forgets it."""
        about = 'SELECT episode FROM episode_clip WHERE "user" = ? AND clip = ?'
        with self._database.write() as connection:
            connection.execute(
                f'DELETE FROM episode WHERE "user" = ? AND id IN ({about})',  # noqa: S608 - the literal above
                (plain(user), plain(user), plain(clip)),
            )

    def forget_all(self, *, user: str = LOCAL_USER) -> int:
        """Drop all notes of a user; how many there were."""
        with self._database.write() as connection:
            return connection.execute('DELETE FROM episode WHERE "user" = ?', (plain(user),)).rowcount

    def _selected(self, order: str, *values: object) -> list[Episode]:
        with self._database.read() as connection:
            rows = connection.execute(f'SELECT * FROM episode WHERE "user" = ? {order}', values)  # noqa: S608 - ours
            return [_episode(row) for row in rows]


def _episode(row: Row) -> Episode:
    plain_columns = {name: row[name] for name in ("id", "thread", "at", "kind", "text")}
    return Episode(**plain_columns, data=json.loads(row["data"]))
