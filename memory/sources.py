"""Which outside file gave which clip, so that a folder is taken in again without reading what has not changed."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from .clips import LOCAL_USER
from .database import Database, Row
from .errors import ClipUnknown
from .text import plain


class SourceRow(BaseModel):
    """An outside file as it was when it was taken in.

    Attributes:
        path: where it lay; text that UTF-8 can hold (see :func:`~.text.plain`).
        clip: the clip it gave.
        size: its bytes.
        modified: its time of change, seconds since 1970.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    clip: str
    size: int
    modified: float


class Sources:
    """Outside files of all users; each call sees one user's. A forgotten clip's rows go with it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, path: str, *, user: str = LOCAL_USER) -> SourceRow | None:
        """What is known of a file; None when it has not been taken in."""
        with self._database.read() as connection:
            row = connection.execute(
                'SELECT * FROM source WHERE "user" = ? AND path = ?', (plain(user), plain(path))
            ).fetchone()
        return None if row is None else _source(row)

    def put(self, path: str, clip: str, size: int, modified: float, *, user: str = LOCAL_USER) -> None:
        """Keep which clip a file gave; what was known of that path is replaced.

        Raises:
            ClipUnknown: this user has no clip of that (full) id.
        """
        with self._database.write() as connection:
            if not connection.execute('SELECT 1 FROM clip WHERE "user" = ? AND id = ?', (plain(user), clip)).fetchone():
                raise ClipUnknown(f"There is no clip {plain(clip)[:40]!r}.", "Add the file to the library first.")
            connection.execute(
                'INSERT INTO source ("user", path, clip, size, modified) VALUES (?, ?, ?, ?, ?)'
                ' ON CONFLICT ("user", path) DO UPDATE SET clip = excluded.clip, size = excluded.size,'
                " modified = excluded.modified",
                (plain(user), plain(path), clip, size, modified),
            )

    def forget(self, clip: str, *, user: str = LOCAL_USER) -> None:
        """Drop what is known of the files that gave a clip."""
        with self._database.write() as connection:
            connection.execute('DELETE FROM source WHERE "user" = ? AND clip = ?', (plain(user), plain(clip)))

    def all(self, *, user: str = LOCAL_USER) -> list[SourceRow]:
        """Every file that is known, by path."""
        with self._database.read() as connection:
            rows = connection.execute('SELECT * FROM source WHERE "user" = ? ORDER BY path', (plain(user),))
            return [_source(row) for row in rows]


def _source(row: Row) -> SourceRow:
    return SourceRow(path=row["path"], clip=row["clip"], size=row["size"], modified=row["modified"])
