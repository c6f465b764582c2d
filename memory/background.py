"""Background jobs: steps that run beside the conversation which asked for them, and outlive their process.

The ledger knows what was done, once and for all; here stands who is at it now, how far it is, and who must still be
told. A job belongs to whoever claimed it last; when that holder dies, it can be claimed again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from .clips import LOCAL_USER
from .database import Database, Row
from .owner import Holder
from .text import plain, to_json

JobStatus = Literal["queued", "running", "done", "failed", "blocked", "cancelled"]
WAITING = ("queued", "running")
_NOBODY = "nobody"
_KEPT = 30 * 86400.0
"""Seconds for which a job that is over and told is listed."""


class BackgroundJob(BaseModel):
    """A job as it stands.

    Attributes:
        id: its name, unique for its user.
        thread: the conversation that asked for it.
        status: ``queued`` until its worker begins; ``done``, ``failed``, ``blocked`` and ``cancelled`` are final.
        claimed: whether a worker has had it since it was last offered.
        alive: whether that worker lives.
        created: when it was asked for, seconds since 1970.
        beat: when its worker last gave a sign, seconds since 1970.
        fraction: how far it is, 0 to 1.
        note: what is being done.
        attempts: how often a worker has begun it.
        stop: whether its user wants it stopped.
        body: what is to be done, plain JSON.
        result: what came of it, None until it is final.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    thread: str
    status: JobStatus
    claimed: bool
    alive: bool
    created: float
    beat: float
    fraction: float
    note: str
    attempts: int
    stop: bool
    body: dict[str, Any]
    result: dict[str, Any] | None

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status not in WAITING


class BackgroundJobs:
    """Jobs of all users; each call sees one user's. Safe for threads and processes."""

    def __init__(self, database: Database, owner: Holder) -> None:
        self._database = database
        self._owner = owner

    def put(self, name: str, thread: str, body: dict[str, Any], *, user: str = LOCAL_USER) -> None:
        """Queue a job; one of that name that is there stays as it is.

        Raises:
            NotStorable: the body is not plain JSON.
        """
        now, text = time.time(), to_json(body)
        with self._database.write() as connection:
            connection.execute(
                'DELETE FROM background WHERE "user" = ? AND told = 1 AND beat < ?', (plain(user), now - _KEPT)
            )
            connection.execute(
                'INSERT INTO background ("user", id, thread, status, owner, created, beat, fraction, note, attempts,'
                " stop, told, body) VALUES (?, ?, ?, 'queued', '', ?, ?, 0, '', 0, 0, 0, ?)"
                ' ON CONFLICT ("user", id) DO NOTHING',
                (plain(user), plain(name), plain(thread), now, now, text),
            )

    def get(self, name: str, *, user: str = LOCAL_USER) -> BackgroundJob | None:
        """The job of that name, None if there is none."""
        with self._database.read() as connection:
            row: Row | None = connection.execute(
                'SELECT * FROM background WHERE "user" = ? AND id = ?', (plain(user), plain(name))
            ).fetchone()
        return None if row is None else self._job(row)

    def all(self, *, user: str = LOCAL_USER) -> list[BackgroundJob]:
        """Every job, oldest first."""
        return self._where("", (), user)

    def untold(self, thread: str, *, user: str = LOCAL_USER) -> list[BackgroundJob]:
        """The final jobs whose conversation has not heard of it, oldest first."""
        jobs = self._where("AND thread = ? AND told = 0", (plain(thread),), user)
        return [job for job in jobs if job.over]

    def told(self, names: Sequence[str], *, user: str = LOCAL_USER) -> None:
        """The conversation has heard what became of these."""
        with self._database.write() as connection:
            connection.executemany(
                'UPDATE background SET told = 1 WHERE "user" = ? AND id = ?',
                [(plain(user), plain(name)) for name in names],
            )

    def offer(self, name: str, *, user: str = LOCAL_USER) -> bool:
        """Say that a worker is on its way; False where the job is final, or somebody alive has it."""
        with self._database.write():
            job = self.get(name, user=user)
            if job is None or job.over or job.alive:
                return False
            self._set(name, user, owner="")
            return True

    def claim(self, name: str, *, user: str = LOCAL_USER) -> BackgroundJob | None:
        """Make a job one's own to run; None where it is final, or somebody alive has it."""
        with self._database.write():
            job = self.get(name, user=user)
            if job is None or job.over or job.alive:
                return None
            self._set(name, user, status="queued", owner=self._owner.name, attempts=job.attempts + 1)
            return self.get(name, user=user)

    def beat(self, name: str, fraction: float, note: str, *, user: str = LOCAL_USER) -> None:
        """A sign of life of its worker: it runs, and is so far."""
        self._set(name, user, status="running", fraction=fraction, note=plain(note))

    def stop(self, name: str, *, user: str = LOCAL_USER) -> None:
        """Ask for a job to be stopped; one whose worker is not alive is cancelled at once."""
        with self._database.write():
            job = self.get(name, user=user)
            if job is not None and not job.over:
                self._set(name, user, stop=1, status=job.status if job.alive else "cancelled")

    def release(self, name: str, *, user: str = LOCAL_USER) -> None:
        """Give an unfinished job back: whoever comes next runs it from its start, and it does not count as begun."""
        with self._database.write():
            job = self.get(name, user=user)
            if job is not None and not job.over:
                self._set(name, user, status="queued", owner=_NOBODY, attempts=max(0, job.attempts - 1))

    def end(self, name: str, status: JobStatus, result: dict[str, Any], *, user: str = LOCAL_USER) -> None:
        """A job is final; without effect on one that is already.

        Raises:
            NotStorable: the result is not plain JSON.
        """
        text = to_json(result)
        with self._database.write():
            job = self.get(name, user=user)
            if job is not None and not job.over:
                self._set(name, user, status=status, result=text, fraction=1.0 if status == "done" else job.fraction)

    def _set(self, name: str, user: str, **values: Any) -> None:
        columns = ", ".join(f"{column} = ?" for column in values)
        with self._database.write() as connection:
            connection.execute(
                f'UPDATE background SET {columns}, beat = ? WHERE "user" = ? AND id = ?',  # noqa: S608 - our own names
                (*values.values(), time.time(), plain(user), plain(name)),
            )

    def _where(self, condition: str, values: tuple[Any, ...], user: str) -> list[BackgroundJob]:
        with self._database.read() as connection:
            rows = connection.execute(
                f'SELECT * FROM background WHERE "user" = ? {condition} ORDER BY created, id',  # noqa: S608 - our own
                (plain(user), *values),
            ).fetchall()
        return [self._job(row) for row in rows]

    def _job(self, row: Row) -> BackgroundJob:
        return BackgroundJob(
            id=row["id"],
            thread=row["thread"],
            status=row["status"],
            claimed=bool(row["owner"]),
            alive=bool(row["owner"]) and row["status"] in WAITING and self._owner.alive(row["owner"]),
            created=row["created"],
            beat=row["beat"],
            fraction=row["fraction"],
            note=row["note"],
            attempts=row["attempts"],
            stop=bool(row["stop"]),
            body=json.loads(row["body"]),
            result=json.loads(row["result"]) if row["result"] is not None else None,
        )
