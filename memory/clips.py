"""Clips as data, and as rows of the table ``clip``."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from .database import Connection, Row
from .errors import ClipAmbiguous, ClipUnknown, LibraryDamaged
from .files import Arrival
from .text import plain

LOCAL_USER = "local"
Status = Literal["stored", "ready"]

AS_STORED = ("id", "source", "title", "bytes", "operation", "added", "status")
"""What a :class:`Clip` takes from its row as it is, besides the facts."""

_SELECT = """
SELECT clip.*, coalesce(lineage.operation, 'upload') AS operation, (
    SELECT {json_list} FROM (
        SELECT parent AS item FROM lineage_parent p WHERE p."user" = clip."user" AND p.clip = clip.id ORDER BY position
    ) AS parent
) AS parents
FROM clip LEFT JOIN lineage ON lineage."user" = clip."user" AND lineage.clip = clip.id
"""


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
        path: the file, inside the library; where the files lie in a remote store, the place in the local cache where
            it is once it has been fetched.
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


def select(json_list: str, where: str) -> str:
    """SQL for clips with their operation and parents.

    Args:
        json_list: how this database gathers a list (:attr:`~.database.Database.json_list`).
        where: the rest of the statement, from ``WHERE`` on.
    """
    return f"{_SELECT.format(json_list=json_list)} {where}"


def find(connection: Connection, json_list: str, ref: str, user: str) -> Row:
    """The row of a user's clip by its id, or by the only id that begins so.

    Raises:
        ClipUnknown: this user has no such clip (whether or not somebody else has).
        ClipAmbiguous: several of this user's clips begin so.
    """
    ref = ref.strip().lower()
    unknown = ClipUnknown(f"There is no clip {plain(ref)[:40]!r}.", "List the clips and use one of their ids.")
    if not re.fullmatch(r"[0-9a-f]{4,16}", ref):
        raise unknown
    within = select(json_list, 'WHERE clip."user" = ? AND clip.id >= ? AND clip.id < ? LIMIT 2')
    rows = connection.execute(within, (plain(user), ref, ref + "g")).fetchall()
    if not rows:
        raise unknown
    if len(rows) > 1:
        raise ClipAmbiguous(f"Several clips have ids that begin with {ref!r}.", "Give more digits of the id.")
    found: Row = rows[0]
    return found


def place_of(connection: Connection, arrival: Arrival) -> str:
    """Where the file of a new arrival lies or will: one file serves all users, whatever ending it came with."""
    known = connection.execute("SELECT sha256, path FROM clip WHERE id = ?", (arrival.sha256[:16],)).fetchone()
    if known is None:
        return arrival.place
    if known["sha256"] != arrival.sha256:
        raise LibraryDamaged(
            f"Two contents share the id {arrival.sha256[:16]}.", "Re-encode the new file and add it again."
        )
    return str(known["path"])


def insert(
    connection: Connection, arrival: Arrival, facts: ClipFacts, *, source: str | None, title: str, user: str
) -> None:
    """Write the row of a clip that this user does not have yet."""
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
    columns = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" * len(row))
    # The names are the literals above; only values come from outside, and they are bound.
    connection.execute(f"INSERT INTO clip ({columns}) VALUES ({marks})", tuple(row.values()))  # noqa: S608
