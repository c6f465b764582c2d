"""The library: immutable clips by the hash of their content, with their facts, lineage and analysis.

Files lie under ``root/clips``, rows in ``root/library.sqlite``; past one machine, files in a remote store
(:mod:`.remote_files`) and rows in Postgres (:mod:`.postgres`). A file is put in its place before its row is committed,
and removed after its row is gone; so whenever the process dies, every row has its file, and at worst a file is left
that no row names, which :meth:`Library.sweep` removes.
"""

from __future__ import annotations

import json
import time
import uuid
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from . import clips as rows
from . import lineage as lineages
from .background import BackgroundJobs
from .clips import LOCAL_USER, Clip, ClipFacts, Status
from .conversations import Conversations
from .database import Connection, Database, Row, SqliteDatabase
from .episodes import Episodes
from .errors import StorageFailed
from .files import ContentStore
from .ledger import Ledger
from .lineage import Lineage
from .owner import Holder, Owner
from .projects import Projects
from .sources import Sources
from .text import plain, to_json

__all__ = ["CACHE_BYTES", "LOCAL_USER", "Clip", "ClipFacts", "Library", "Status"]

CACHE_BYTES = 20_000_000_000
"""What copies of remote files may take on this machine unless something else is set."""


_EXISTS = 'SELECT 1 FROM clip WHERE "user" = ? AND id = ?'


class Library:
    """Clips of all users of one home folder; each call sees one user's clips only.

    Safe for several threads and several processes at once. ``ledger`` is the job ledger of the same database,
    ``sources`` the outside files that gave clips, ``episodes`` the notes of earlier turns,
    ``conversations`` what was said in them, ``projects`` the logs of timelines, ``background`` the steps that run
    beside conversations.

    Args:
        root: folder on this machine.
        timeout: seconds to wait for another process that writes.
        database: ``postgresql://...`` for rows that several machines share; None is a file in ``root``.
        files: a URL (``s3://bucket/prefix``) for files that several machines share; None is a folder in ``root``.
        cache_bytes: what copies of such files may take on this machine.

    Raises:
        StorageFailed: here and below: the folder, the database or the store cannot be used.
        LibraryBusy: here and below: another process writes for longer than ``timeout``.
        LibraryDamaged: what lies there is no library, or that of a newer program.
    """

    def __init__(
        self,
        root: Path,
        *,
        timeout: float = 30.0,
        database: str | None = None,
        files: str | None = None,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        try:
            root.mkdir(parents=True, exist_ok=True)
            self._owner = Owner(root / "owners")
        except OSError as error:
            raise StorageFailed(f"The folder {str(root)!r} cannot be used ({error}).", "Choose another.") from error
        opened: Database | None = None
        try:
            opened, holder = _open_database(root, database, timeout, self._owner)
            self._database = opened
            self._files = self._open_files(root.resolve(), files, holder, cache_bytes)
            self._owner.sweep()
            self._files.sweep()
        except BaseException as error:
            self._owner.close()
            if opened is not None:
                opened.close()
            if isinstance(error, OSError):
                raise StorageFailed(f"The folder {str(root)!r} cannot be used ({error}).", "Choose another.") from error
            raise
        self.ledger = Ledger(self._database, holder)
        self.sources = Sources(self._database)
        self.episodes = Episodes(self._database)
        self.projects = Projects(self._database)
        self.conversations = Conversations(self._database)
        self.background = BackgroundJobs(self._database, holder)

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

        It is copied, or uploaded, before the database is locked; within :meth:`transaction` others wait meanwhile.

        Raises:
            SourceUnreadable: there is no such plain file.
            StorageFailed: the disk is full or refuses.
        """
        with self._files.arrive(path) as arrival:
            with self._database.read() as connection:
                expected = replace(arrival, place=rows.place_of(connection, arrival))
            self._files.prepare(expected)
            with self._database.write() as connection:
                # Asked again: before the lock was ours, somebody may have added the clip, or swept the file away.
                arrival = replace(arrival, place=rows.place_of(connection, arrival))
                clip = arrival.sha256[:16]
                known = connection.execute(_EXISTS, (plain(user), clip)).fetchone()
                if not known or not self._files.holds(arrival.place):
                    self._files.put(arrival)
                else:
                    self._files.bring(arrival)
                if not known:
                    rows.insert(connection, arrival, facts, source=source, title=title, user=user)
                    if lineage is not None:
                        lineages.write(connection, plain(user), clip, lineage)
                return self._clip(self._find(connection, clip, user), created=not known)

    def get(self, ref: str, *, user: str = LOCAL_USER) -> Clip:
        """The clip of that id, or of the only id that begins so, its file on this machine (fetched if need be).

        Raises:
            ClipUnknown: this user has no such clip (whether or not somebody else has).
            ClipAmbiguous: several of this user's clips begin so.
            StorageFailed: the file cannot be fetched.
        """
        with self._database.read() as connection:
            row = self._find(connection, ref, user)
        # Outside of the lock: fetching may take long.
        self._files.local(row["path"], row["sha256"], row["bytes"])
        return self._clip(row)

    def local(self, ref: str, *, user: str = LOCAL_USER) -> Path:
        """The file of a clip on this machine, fetched if need be; raises what :meth:`get` does."""
        return self.get(ref, user=user).path

    def known(self, ref: str, *, user: str = LOCAL_USER) -> Clip:
        """Like :meth:`get`, but fetches nothing: the file may not be on this machine."""
        with self._database.read() as connection:
            return self._clip(self._find(connection, ref, user))

    def clips(self, *, user: str = LOCAL_USER) -> list[Clip]:
        """All clips of a user, oldest first. Fetches nothing."""
        return self._selected('WHERE clip."user" = ? ORDER BY clip.added, clip.id', (plain(user),))

    def parents(self, ref: str, *, user: str = LOCAL_USER) -> list[Clip]:
        """The clips that a clip was made from, in order; forgotten ones are left out."""
        clip = self.known(ref, user=user)
        found = {one.id: one for one in self.clips(user=user)} if clip.parents else {}
        return [found[parent] for parent in clip.parents if parent in found]

    def children(self, ref: str, *, user: str = LOCAL_USER) -> list[Clip]:
        """The clips that were made from a clip, oldest first."""
        where = (
            'WHERE clip."user" = ? AND clip.id IN (SELECT clip FROM lineage_parent WHERE "user" = ? AND parent = ?)'
            " ORDER BY clip.added, clip.id"
        )
        return self._selected(where, (plain(user), plain(user), self.known(ref, user=user).id))

    def lineage(self, ref: str, *, user: str = LOCAL_USER) -> Lineage | None:
        """How a clip was made; None when it came from outside."""
        with self._database.read() as connection:
            return lineages.read(connection, plain(user), self._find(connection, ref, user)["id"])

    def set_status(self, ref: str, status: Status, *, user: str = LOCAL_USER) -> None:
        """Mark how far ingestion of a clip has come, so that it can be resumed."""
        with self._database.write() as connection:
            clip = self._find(connection, ref, user)["id"]
            connection.execute('UPDATE clip SET status = ? WHERE "user" = ? AND id = ?', (status, plain(user), clip))

    def put_analysis(self, ref: str, version: str, data: object, *, user: str = LOCAL_USER) -> None:
        """Keep what understanding found (plain JSON), under the version of what found it; replaces its like.

        Raises:
            NotStorable: the data is not plain JSON.
        """
        text = to_json(data)
        with self._database.write() as connection:
            clip = self._find(connection, ref, user)["id"]
            connection.execute(
                'INSERT INTO analysis ("user", clip, version, data, created) VALUES (?, ?, ?, ?, ?)'
                ' ON CONFLICT ("user", clip, version) DO UPDATE SET data = excluded.data, created = excluded.created',
                (plain(user), clip, plain(version), text, time.time()),
            )

    def analysis(self, ref: str, version: str, *, user: str = LOCAL_USER) -> object | None:
        """What was kept by :meth:`put_analysis` under that version; None when there is nothing."""
        with self._database.read() as connection:
            clip = self._find(connection, ref, user)["id"]
            row = connection.execute(
                'SELECT data FROM analysis WHERE "user" = ? AND clip = ? AND version = ?',
                (plain(user), clip, plain(version)),
            ).fetchone()
        found: object | None = None if row is None else json.loads(row["data"])
        return found

    def forget(self, ref: str, *, user: str = LOCAL_USER) -> Clip:
        """Remove a clip with all that is known of it, and its file unless another user has it too."""
        with self._database.write() as connection:
            row = self._find(connection, ref, user)
            self.episodes.forget_clip(row["id"], user=user)
            connection.execute('DELETE FROM clip WHERE "user" = ? AND id = ?', (plain(user), row["id"]))
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

    def transaction(self) -> AbstractContextManager[Connection]:
        """Several calls as one: ``with library.transaction(): library.add(...); library.ledger.done(...)``."""
        return self._database.write()

    def close(self) -> None:
        """Release the database; running jobs of this object count as abandoned."""
        self._files.close()
        self._database.close()
        self._owner.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _find(self, connection: Connection, ref: str, user: str) -> Row:
        return rows.find(connection, self._database.json_list, ref, user)

    def _selected(self, where: str, values: tuple[str, ...]) -> list[Clip]:
        with self._database.read() as connection:
            found = connection.execute(rows.select(self._database.json_list, where), values)
            return [self._clip(row) for row in found]

    def _clip(self, row: Row, *, created: bool = False) -> Clip:
        facts = {name: row[name] for name in (*ClipFacts.model_fields, *rows.AS_STORED)}
        path = self._files.path(row["path"])
        return Clip(**facts, path=path, parents=json.loads(row["parents"]), created=created)

    def _open_files(self, root: Path, url: str | None, holder: Holder, cache_bytes: int) -> ContentStore:
        if url is None:
            return ContentStore(root, self._owner)
        from .remote_files import RemoteStore

        return RemoteStore(root, self._owner, url=url, holder=holder, library=self._id, cache_bytes=cache_bytes)

    def _id(self) -> str:
        """The name of this library, given when it is first asked for."""
        with self._database.write() as connection:
            row = connection.execute("SELECT id FROM library").fetchone()
            if row is None:
                row = {"id": uuid.uuid4().hex}
                connection.execute("INSERT INTO library (id) VALUES (?)", (row["id"],))
            return str(row["id"])


def _open_database(root: Path, url: str | None, timeout: float, owner: Owner) -> tuple[Database, Holder]:
    """The database, and who holds jobs in it."""
    if url is None:
        return SqliteDatabase(root / "library.sqlite", timeout=timeout), owner
    from .postgres import PostgresDatabase

    shared = PostgresDatabase(url, timeout=timeout)
    return shared, shared
