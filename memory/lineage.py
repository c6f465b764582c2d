"""Where a clip comes from: what made it, from which clips, with which arguments, model, seed and prompt."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from .database import Connection
from .text import plain, to_json


class Lineage(BaseModel):
    """The record of how a clip was made; a clip without one was taken in from outside.

    Attributes:
        operation: what made it, e.g. ``trim`` or ``generate``.
        parents: library ids it was made from, in order; kept even when a parent is forgotten later.
        arguments: what it was made with, plain JSON values.
        model: the generator's name and revision, empty for edits.
        seed: the generator's seed.
        prompt: the text it was generated from, empty for edits.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    operation: Annotated[str, Field(min_length=1, max_length=80)]
    parents: list[str] = []
    arguments: dict[str, object] = {}
    model: str = ""
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    prompt: str = ""


def write(connection: Connection, user: str, clip: str, lineage: Lineage) -> None:
    """Record the lineage of a clip whose row exists; part of the caller's transaction."""
    connection.execute(
        'INSERT INTO lineage ("user", clip, operation, arguments, model, seed, prompt) VALUES (?, ?, ?, ?, ?, ?, ?)',
        (
            user,
            clip,
            plain(lineage.operation),
            to_json(lineage.arguments),
            plain(lineage.model),
            lineage.seed,
            plain(lineage.prompt),
        ),
    )
    connection.executemany(
        'INSERT INTO lineage_parent ("user", clip, position, parent) VALUES (?, ?, ?, ?)',
        [(user, clip, position, plain(parent)) for position, parent in enumerate(lineage.parents)],
    )


def read(connection: Connection, user: str, clip: str) -> Lineage | None:
    """The lineage of a clip; None when it was taken in from outside (or does not exist)."""
    row = connection.execute('SELECT * FROM lineage WHERE "user" = ? AND clip = ?', (user, clip)).fetchone()
    if row is None:
        return None
    parents = connection.execute(
        'SELECT parent FROM lineage_parent WHERE "user" = ? AND clip = ? ORDER BY position', (user, clip)
    )
    return Lineage(
        operation=row["operation"],
        parents=[parent["parent"] for parent in parents],
        arguments=json.loads(row["arguments"]),
        model=row["model"],
        seed=row["seed"],
        prompt=row["prompt"],
    )
