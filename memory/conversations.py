"""What was said in conversations: each turn's request and its outcome, for whoever opens a conversation again."""

from __future__ import annotations

import json
import time
from typing import Any

from pydantic import BaseModel, ConfigDict

from .clips import LOCAL_USER
from .database import Database, Row
from .text import plain, to_json

RUNNING = "running"
CUT_OFF = "cut off"
"""The status of a turn that runs, or ran when its process died; and of one that was given up for another."""


class Conversation(BaseModel):
    """A conversation.

    Attributes:
        name: as it was begun.
        title: the first request.
        begun: when, seconds since 1970.
        last: when its last turn began.
        turns: how many there were.
        status: that of the last turn.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    begun: float
    last: float
    turns: int
    status: str


class Turn(BaseModel):
    """A turn.

    Attributes:
        id: never used twice.
        at: when it began, seconds since 1970.
        request: the user's words.
        status: ``running``, ``cut off``, or how it ended.
        outcome: what came of it, as JSON; None until then.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    at: float
    request: str
    status: str
    outcome: dict[str, Any] | None


class Conversations:
    """The conversations of all users; each call sees one user's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, name: str, turn: str, request: str, *, user: str = LOCAL_USER) -> None:
        """A turn begins; one that ran until now was cut off."""
        with self._database.write() as connection:
            connection.execute(
                'UPDATE turn SET status = ? WHERE "user" = ? AND conversation = ? AND status = ?',
                (CUT_OFF, plain(user), plain(name), RUNNING),
            )
            connection.execute(
                'INSERT INTO turn ("user", conversation, id, at, request, status) VALUES (?, ?, ?, ?, ?, ?)',
                (plain(user), plain(name), plain(turn), time.time(), plain(request), RUNNING),
            )

    def end(self, turn: str, status: str, outcome: object, *, user: str = LOCAL_USER) -> None:
        """A turn has ended, or waits. A turn that is not known (it began before turns were kept) stays unknown.

        Raises:
            NotStorable: the outcome is not plain JSON.
        """
        with self._database.write() as connection:
            connection.execute(
                'UPDATE turn SET status = ?, outcome = ? WHERE "user" = ? AND id = ?',
                (plain(status), to_json(outcome), plain(user), plain(turn)),
            )

    def all(self, *, user: str = LOCAL_USER) -> list[Conversation]:
        """Every conversation, the one that was used last first."""
        turns = 'SELECT * FROM turn WHERE "user" = ? ORDER BY at, id'
        found: dict[str, list[Row]] = {}
        with self._database.read() as connection:
            for row in connection.execute(turns, (plain(user),)):
                found.setdefault(row["conversation"], []).append(row)
        rows = [
            Conversation(
                name=name,
                title=rows[0]["request"],
                begun=rows[0]["at"],
                last=rows[-1]["at"],
                turns=len(rows),
                status=rows[-1]["status"],
            )
            for name, rows in found.items()
        ]
        return sorted(rows, key=lambda one: -one.last)

    def turns(self, name: str, *, user: str = LOCAL_USER) -> list[Turn]:
        """The turns of a conversation, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                'SELECT * FROM turn WHERE "user" = ? AND conversation = ? ORDER BY at, id', (plain(user), plain(name))
            )
            return [_turn(row) for row in rows]

    def forget(self, name: str, *, user: str = LOCAL_USER) -> bool:
        """Drop a conversation's turns; whether there were any."""
        with self._database.write() as connection:
            gone = connection.execute(
                'DELETE FROM turn WHERE "user" = ? AND conversation = ?', (plain(user), plain(name))
            )
            return bool(gone.rowcount)


def _turn(row: Row) -> Turn:
    outcome = row["outcome"]
    columns = {name: row[name] for name in ("id", "at", "request", "status")}
    return Turn(**columns, outcome=None if outcome is None else json.loads(outcome))
