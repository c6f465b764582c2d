"""The job ledger: a tool's effect happens once, even when the step that calls it runs again after a crash.

A job is named by what it does (:func:`job_key`). Who begins it holds it; when the holder dies, the next one takes
it over; when it is done, everyone gets the same result.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from .database import Connection, Database, Row
from .errors import JobBusy, JobLost
from .owner import Holder
from .text import plain, to_json

T = TypeVar("T")
_POLL = 0.1


def job_key(
    tool: str,
    arguments: object,
    *,
    inputs: Sequence[str] = (),
    revision: str = "",
    seed: int | None = None,
) -> str:
    """Name a job by its tool, arguments (plain JSON), ids of its input clips, model revision and seed.

    Raises:
        NotStorable: the arguments are not plain JSON.
    """
    text = to_json({"tool": tool, "arguments": arguments, "inputs": list(inputs), "revision": revision, "seed": seed})
    return hashlib.sha256(text.encode()).hexdigest()


class Job(BaseModel):
    """What the ledger knows of a job.

    Attributes:
        state: ``started``: it is yours to do now; ``done``: here is the result; ``busy``: someone alive is at it.
        clips: ids of the clips it made.
        result: its result, plain JSON.
        taken_over: a dead holder had begun it; look for what it may have left.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    state: Literal["started", "done", "busy"]
    clips: list[str] = []
    result: object = None
    taken_over: bool = False


class Ledger:
    """Jobs of all users in the library's database. Safe for threads and processes."""

    def __init__(self, database: Database, owner: Holder) -> None:
        self._database = database
        self._owner = owner

    def begin(self, key: str, *, user: str = "local") -> Job:
        """Claim a job. A done job whose clips have been forgotten since counts as never done."""
        with self._database.write() as connection:
            row = self._row(connection, key, user)
            if row is not None and row["status"] == "done":
                return _done(row)
            if row is not None and self._owner.alive(row["owner"]):
                return Job(key=key, state="busy")
            connection.execute(
                "INSERT INTO job (\"user\", key, status, owner, started) VALUES (?, ?, 'running', ?, ?)"
                " ON CONFLICT (\"user\", key) DO UPDATE SET status = 'running', owner = excluded.owner,"
                " started = excluded.started, ended = NULL, clips = '[]', result = NULL",
                (plain(user), key, self._owner.name, time.time()),
            )
            return Job(key=key, state="started", taken_over=row is not None)

    def done(self, key: str, result: object = None, *, clips: Sequence[str] = (), user: str = "local") -> None:
        """Mark a job as done. In one ``library.transaction()`` with the adding of its clips, it is all or nothing.

        Raises:
            JobLost: the job is not held by this library object.
            NotStorable: the result is not plain JSON.
        """
        text, ids = to_json(result), to_json(list(clips))
        with self._database.write() as connection:
            changed = connection.execute(
                "UPDATE job SET status = 'done', ended = ?, clips = ?, result = ?"
                ' WHERE "user" = ? AND key = ?'
                " AND owner = ? AND status = 'running'",
                (time.time(), ids, text, plain(user), key, self._owner.name),
            ).rowcount
            if not changed:
                raise JobLost(f"The job {key[:12]} is not held here.", "Begin a job before marking it done.")

    def abandon(self, key: str, *, user: str = "local") -> None:
        """Let go of a job that failed, so that it can be begun again; without effect on one not held here."""
        with self._database.write() as connection:
            connection.execute(
                "DELETE FROM job WHERE \"user\" = ? AND key = ? AND owner = ? AND status = 'running'",
                (plain(user), key, self._owner.name),
            )

    def find(self, key: str, *, user: str = "local") -> Job | None:
        """What became of a job, without claiming it; None when it was never begun, or its holder died."""
        with self._database.read() as connection:
            row = self._row(connection, key, user)
        if row is None:
            return None
        if row["status"] == "done":
            return _done(row)
        return Job(key=key, state="busy") if self._owner.alive(row["owner"]) else None

    def once(
        self,
        key: str,
        work: Callable[[], T],
        keep: Callable[[T], tuple[object, Sequence[str]]],
        *,
        user: str = "local",
        patience: float = 600.0,
    ) -> Job:
        """Do a job unless it is done already; wait for another that is at it.

        Args:
            key: from :func:`job_key`.
            work: the slow part, outside of any transaction (render into a work folder).
            keep: takes what ``work`` made into the library and returns the job's result (plain JSON) and the ids of
                its clips. It shares one transaction with the mark "done": a crash leaves both or neither.
            user: whose job it is.
            patience: seconds to wait for another holder.

        Raises:
            JobBusy: another holder did not end in time. Whatever ``work`` and ``keep`` raise passes through.
        """
        give_up = time.monotonic() + patience
        while (job := self.begin(key, user=user)).state == "busy":
            if time.monotonic() > give_up:
                raise JobBusy("The same job is already running elsewhere.", "Wait for it to end and ask again.")
            time.sleep(_POLL)
        if job.state == "done":
            return job
        try:
            made = work()
            with self._database.write():
                result, clips = keep(made)
                self.done(key, result, clips=clips, user=user)
        except BaseException:
            self.abandon(key, user=user)
            raise
        return Job(key=key, state="done", clips=list(clips), result=result)

    def _row(self, connection: Connection, key: str, user: str) -> Row | None:
        row: Row | None = connection.execute(
            'SELECT * FROM job WHERE "user" = ? AND key = ?', (plain(user), key)
        ).fetchone()
        if row is None or row["status"] != "done":
            return row
        ids = set(json.loads(row["clips"]))
        if not ids:
            return row
        marks = ", ".join("?" * len(ids))
        there = connection.execute(
            f'SELECT count(*) AS n FROM clip WHERE "user" = ? AND id IN ({marks})',  # noqa: S608 - marks alone
            (plain(user), *ids),
        ).fetchone()["n"]
        return row if there == len(ids) else None


def _done(row: Row) -> Job:
    return Job(key=row["key"], state="done", clips=json.loads(row["clips"]), result=json.loads(row["result"]))
