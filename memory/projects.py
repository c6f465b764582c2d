"""Projects: named logs of entries, only ever added to. What an entry means is the caller's business."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from .clips import LOCAL_USER
from .database import Connection, Database
from .errors import ProjectChanged, ProjectInvalid, ProjectUnknown
from .text import plain, to_json

_LONGEST = 80


class ProjectRow(BaseModel):
    """A project.

    Attributes:
        name: what its user calls it; unique among theirs.
        created: when, seconds since 1970.
        entries: how many its log has.
        changed: when the last of them came, seconds since 1970.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    created: float
    entries: int
    changed: float


class Projects:
    """Projects of all users; each call sees one user's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, *, user: str = LOCAL_USER) -> bool:
        """Begin a project; False when there is one of that name.

        Raises:
            ProjectInvalid: the name is empty or longer than 80 characters.
        """
        shown = plain(name).strip()
        if not shown or len(shown) > _LONGEST:
            raise ProjectInvalid("A project needs a name of 1 to 80 characters.", "Give it a shorter or longer one.")
        with self._database.write() as connection:
            done = connection.execute(
                'INSERT INTO project ("user", name, created) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
                (plain(user), shown, time.time()),
            )
            return bool(done.rowcount)

    def all(self, *, user: str = LOCAL_USER) -> list[ProjectRow]:
        """Every project, the one that changed last first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT p.name, p.created, COUNT(e.number) AS entries, COALESCE(MAX(e.at), p.created) AS changed"
                ' FROM project p LEFT JOIN project_entry e ON e."user" = p."user" AND e.project = p.name'
                ' WHERE p."user" = ? GROUP BY p.name, p.created ORDER BY changed DESC, p.name',
                (plain(user),),
            )
            return [
                ProjectRow(name=row["name"], created=row["created"], entries=row["entries"], changed=row["changed"])
                for row in rows
            ]

    def entries(self, name: str, *, user: str = LOCAL_USER) -> list[str]:
        """The log of a project as JSON texts, oldest first.

        Raises:
            ProjectUnknown: this user has no project of that name.
        """
        with self._database.read() as connection:
            _find(connection, name, user)
            rows = connection.execute(
                'SELECT body FROM project_entry WHERE "user" = ? AND project = ? ORDER BY number',
                (plain(user), plain(name)),
            )
            return [row["body"] for row in rows]

    def append(self, name: str, bodies: Sequence[object], *, after: int, user: str = LOCAL_USER) -> int:
        """Add entries, all or none, to a log that has ``after`` of them; gives how many it has now.

        Args:
            name: the project.
            bodies: plain JSON values.
            after: how many entries the caller has seen.
            user: whose project it is.

        Raises:
            ProjectUnknown: this user has no project of that name.
            ProjectChanged: somebody else has added to it meanwhile.
            NotStorable: a body is not plain JSON.
        """
        texts = [to_json(body) for body in bodies]
        with self._database.write() as connection:
            _find(connection, name, user)
            counted = connection.execute(
                'SELECT COUNT(*) AS entries FROM project_entry WHERE "user" = ? AND project = ?',
                (plain(user), plain(name)),
            ).fetchone()
            if counted["entries"] != after:
                raise ProjectChanged(
                    f"The project {plain(name)!r} was changed elsewhere meanwhile.", "Look at it again, then repeat."
                )
            connection.executemany(
                'INSERT INTO project_entry ("user", project, number, at, body) VALUES (?, ?, ?, ?, ?)',
                [(plain(user), plain(name), after + n, time.time(), text) for n, text in enumerate(texts, 1)],
            )
        return after + len(texts)

    def forget(self, name: str, *, user: str = LOCAL_USER) -> None:
        """Remove a project with its log; the clips stay. Raises ``ProjectUnknown`` when there is none."""
        with self._database.write() as connection:
            _find(connection, name, user)
            connection.execute('DELETE FROM project WHERE "user" = ? AND name = ?', (plain(user), plain(name)))


def _find(connection: Connection, name: str, user: str) -> None:
    known = connection.execute(
        'SELECT 1 FROM project WHERE "user" = ? AND name = ?', (plain(user), plain(name))
    ).fetchone()
    if not known:
        raise ProjectUnknown(f"There is no project {plain(name)[:_LONGEST]!r}.", "List the projects, or create it.")
