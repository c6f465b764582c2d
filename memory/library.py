"""The library: immutable clips by the hash of their content, with their facts, lineage and analysis.

Files lie under ``root/clips``, rows in ``root/library.sqlite``. A file is put in its place before its row is
committed, and removed after its row is gone; so whenever the process dies, every row has its file, and at worst a
file is left that no row names, which :meth:`Library.sweep` removes.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from . import lineage as lineages
from .database import Database
from .errors import ClipAmbiguous, ClipUnknown, LibraryDamaged, StorageFailed
from .files import Arrival, ContentStore
from .ledger import Ledger
from .lineage import Lineage
from .owner import Owner
from .text import plain, to_json

LOCAL_USER = "local"
Status = Literal["stored", "ready"]

_AS_STORED = ("id", "source", "title", "bytes", "operation", "added", "status")
_SELECT = """
SELECT clip.*, coalesce(lineage.operation, 'upload') AS operation, (
    SELECT json_group_array(parent) FROM (
        SELECT parent FROM lineage_parent p WHERE p.user = clip.user AND p.clip = clip.id ORDER BY position
    )
) AS parents
FROM clip LEFT JOIN lineage ON lineage.user = clip.user AND lineage.clip = clip.id
"""

_EXISTS = "SELECT 1 FROM clip WHERE user = ? AND id = ?"


class ClipFacts(BaseModel):
    """What a probe says of a video: seconds, pixels, frames a second."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    duration: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    width: Annotated[int, Field(ge=1, le=1 << 20)]
    height: Annotated[int, Field(ge=1, le=1 << 20)]
    fps: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    has_audio: bool = False


class Clip(ClipFacts):
    """An immutable video in the library.

    Attributes:
        id: first 16 hex digits of the content's SHA-256.
        path: the file, inside the library.
        source: the file it came from, if any; data from outside, for display only.
        title: what people call it; data from outside.
        bytes: size of the file.
        operation: what made it, ``upload`` when it came from outside.
        parents: ids of the clips it was made from.
        added: when it was taken in, seconds since 1970.
        status: ``stored``: the file is in; ``ready``: understood and searchable.
        created: True only in the answer of :meth:`Library.add` that took in new content.
    """

    id: str
    path: Path
    source: str | None = None
    title: str = ""
    bytes: int
    operation: str = "upload"
    parents: list[str] = []
    added: float
    status: Status = "stored"
    created: bool = False


class Library:
    """Clips of all users of one home folder; each call sees one user's clips only.

    Safe for several threads and several processes at once. ``ledger`` is the job ledger of the same database.
    """

    def __init__(self, root: Path, *, timeout: float = 30.0) -> None:
        try:
            root.mkdir(parents=True, exist_ok=True)
            self._owner = Owner(root / "owners")
        except OSError as error:
            raise StorageFailed(f"The folder {str(root)!r} cannot be used ({error}).", "Choose another.") from error
        try:
            self._database = Database(root / "library.sqlite", timeout=timeout)
            self._files = ContentStore(root.resolve(), self._owner)
            self._owner.sweep()
            self._files.sweep()
        except OSError as error:
            self._owner.close()
            raise StorageFailed(f"The folder {str(root)!r} cannot be used ({error}).", "Choose another.") from error
        except BaseException:
            self._owner.close()
            raise
        self.ledger = Ledger(self._database, self._owner)

    def add(
        self,
        path: Path,
        facts: ClipFacts,
        *,
        source: str | None = None,
        title: str = "",
        lineage: Lineage | None = None,
        user: str = LOCAL_USER,
    ) -> Clip:
        """Take a video in. The same content again gives the clip that is there, with ``created`` False.

        Raises:
            SourceUnreadable: there is no such plain file.
            StorageFailed: the disk is full or refuses.
        """
        with self._files.arrive(path) as arrival, self._database.write() as connection:
            clip = arrival.sha256[:16]
            known = connection.execute(
                "SELECT sha256, path FROM clip WHERE id = ? ORDER BY user = ? DESC", (clip, plain(user))
            ).fetchone()
            if known is not None and known["sha256"] != arrival.sha256:
                raise LibraryDamaged(f"Two contents share the id {clip}.", "Re-encode the new file and add it again.")
            present = bool(connection.execute(_EXISTS, (plain(user), clip)).fetchone())
            if not present or not (self._files.root / known["path"]).exists():
                # One file serves all users, whatever ending it came with the second time.
                place = arrival.place if known is None else known["path"]
                self._files.put(Arrival(arrival.temporary, arrival.sha256, arrival.bytes, place))
                arrival = Arrival(arrival.temporary, arrival.sha256, arrival.bytes, place)
            if not present:
                self._insert(connection, arrival, facts, source, title, user)
                if lineage is not None:
                    lineages.write(connection, plain(user), clip, lineage)
            return self._clip(self._find(connection, clip, user), created=not present)

    def get(self, ref: str, *, user: str = LOCAL_USER) -> Clip:
        """The clip of that id, or of the only id that begins so.

        Raises:
            ClipUnknown: this user has no such clip (whether or not somebody else has).
            ClipAmbiguous: several of this user's clips begin so.
        """
        with self._database.read() as connection:
            return self._clip(self._find(connection, ref, user))

    def clips(self, *, user: str = LOCAL_USER) -> list[Clip]:
        """All clips of a user, oldest first."""
        return self._selected("WHERE clip.user = ? ORDER BY clip.added, clip.rowid", (plain(user),))

    def parents(self, ref: str, *, user: str = LOCAL_USER) -> list[Clip]:
        """The clips that a clip was made from, in order; forgotten ones are left out."""
        clip = self.get(ref, user=user)
        found = {one.id: one for one in self.clips(user=user)} if clip.parents else {}
        return [found[parent] for parent in clip.parents if parent in found]

    def children(self, ref: str, *, user: str = LOCAL_USER) -> list[Clip]:
        """The clips that were made from a clip, oldest first."""
        where = (
            "WHERE clip.user = ? AND clip.id IN (SELECT clip FROM lineage_parent WHERE user = ? AND parent = ?)"
            " ORDER BY clip.added, clip.rowid"
        )
        return self._selected(where, (plain(user), plain(user), self.get(ref, user=user).id))

    def lineage(self, ref: str, *, user: str = LOCAL_USER) -> Lineage | None:
        """How a clip was made; None when it came from outside."""
        with self._database.read() as connection:
            return lineages.read(connection, plain(user), self._find(connection, ref, user)["id"])

    def set_status(self, ref: str, status: Status, *, user: str = LOCAL_USER) -> None:
        """Mark how far ingestion of a clip has come, so that it can be resumed."""
        with self._database.write() as connection:
            clip = self._find(connection, ref, user)["id"]
            connection.execute("UPDATE clip SET status = ? WHERE user = ? AND id = ?", (status, plain(user), clip))

    def put_analysis(self, ref: str, version: str, data: object, *, user: str = LOCAL_USER) -> None:
        """Keep what understanding found (plain JSON), under the version of what found it; replaces its like.

        Raises:
            NotStorable: the data is not plain JSON.
        """
        text = to_json(data)
        with self._database.write() as connection:
            clip = self._find(connection, ref, user)["id"]
            connection.execute(
                "INSERT OR REPLACE INTO analysis (user, clip, version, data, created) VALUES (?, ?, ?, ?, ?)",
                (plain(user), clip, plain(version), text, time.time()),
            )

    def analysis(self, ref: str, version: str, *, user: str = LOCAL_USER) -> object | None:
        """What was kept by :meth:`put_analysis` under that version; None when there is nothing."""
        with self._database.read() as connection:
            clip = self._find(connection, ref, user)["id"]
            row = connection.execute(
                "SELECT data FROM analysis WHERE user = ? AND clip = ? AND version = ?",
                (plain(user), clip, plain(version)),
            ).fetchone()
        found: object | None = None if row is None else json.loads(row["data"])
        return found

    def forget(self, ref: str, *, user: str = LOCAL_USER) -> Clip:
        """Remove a clip: its row, lineage and analysis, and its file unless another user has it too."""
        with self._database.write() as connection:
            row = self._find(connection, ref, user)
            connection.execute("DELETE FROM clip WHERE user = ? AND id = ?", (plain(user), row["id"]))
        # Only after the row is gone for good may the file go; the lock keeps anybody from adding it meanwhile.
        with self._database.write() as connection:
            if not connection.execute("SELECT 1 FROM clip WHERE path = ?", (row["path"],)).fetchone():
                self._files.remove(row["path"])
        return self._clip(row)

    def sweep(self) -> int:
        """Remove files that no row names (left by a crash); how many there were."""
        with self._database.write() as connection:
            named = {row["path"] for row in connection.execute("SELECT path FROM clip")}
            orphans = [place for place in self._files.places() if place not in named]
            for place in orphans:
                self._files.remove(place)
        return len(orphans)

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Several calls as one: ``with library.transaction(): library.add(...); library.ledger.done(...)``."""
        return self._database.write()

    def close(self) -> None:
        """Release the database; running jobs of this object count as abandoned."""
        self._database.close()
        self._owner.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _insert(
        self,
        connection: sqlite3.Connection,
        arrival: Arrival,
        facts: ClipFacts,
        source: str | None,
        title: str,
        user: str,
    ) -> None:
        row = {
            **facts.model_dump(),
            "user": plain(user),
            "id": arrival.sha256[:16],
            "sha256": arrival.sha256,
            "path": arrival.place,
            "source": None if source is None else plain(source),
            "title": plain(title),
            "bytes": arrival.bytes,
            "added": time.time(),
            "status": "stored",
        }
        columns = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        # The names are the literals above; only values come from outside, and they are bound.
        connection.execute(f"INSERT INTO clip ({columns}) VALUES ({marks})", row)  # noqa: S608

    def _find(self, connection: sqlite3.Connection, ref: str, user: str) -> sqlite3.Row:
        ref = ref.strip().lower()
        unknown = ClipUnknown(f"There is no clip {plain(ref)[:40]!r}.", "List the clips and use one of their ids.")
        if not re.fullmatch(r"[0-9a-f]{4,16}", ref):
            raise unknown
        rows = connection.execute(
            f"{_SELECT} WHERE clip.user = ? AND clip.id >= ? AND clip.id < ? LIMIT 2", (plain(user), ref, ref + "g")
        ).fetchall()
        if not rows:
            raise unknown
        if len(rows) > 1:
            raise ClipAmbiguous(f"Several clips have ids that begin with {ref!r}.", "Give more digits of the id.")
        found: sqlite3.Row = rows[0]
        return found

    def _selected(self, where: str, values: tuple[str, ...]) -> list[Clip]:
        with self._database.read() as connection:
            return [self._clip(row) for row in connection.execute(f"{_SELECT} {where}", values)]

    def _clip(self, row: sqlite3.Row, *, created: bool = False) -> Clip:
        facts = {name: row[name] for name in (*ClipFacts.model_fields, *_AS_STORED)}
        path = self._files.root / row["path"]
        return Clip(**facts, path=path, parents=json.loads(row["parents"]), created=created)
