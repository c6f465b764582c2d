"""Which rows were written for what (a clip), so that they are found without reading everything.

Chroma answers a filter by reading the metadata of every row of the collection: a second for 100,000 rows. What it finds
fast is a row by its id. So beside each collection lies another, with an entry for each clip that lists its rows' ids;
it is written before the rows, so that no row is ever without an entry, whenever the writer may die.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .embedder import Vectors
from .errors import NotStorable

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

    from .chroma import Door

Scalar = str | int | float | bool
Groups = dict[Scalar, set[str]]
"""Ids of rows by whose they are."""
_ABOUT = "about"
_PAGE = 5000
"""SQLite takes no more than 32,766 variables, Chroma no more than 5,461 rows at once."""


class Catalogue:
    """The catalogues of a store's collections."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._keys: dict[str, str] = {}

    def rows(self, collection: str, where: dict[str, Any]) -> list[str] | None:
        """Ids of all rows that a Chroma filter may fit, or None where the filter does not say whose they are."""
        with self._door.reading(_name(collection)) as entries:
            values = _values(where, self._key(collection, entries))
            if values is None:
                return None
            names = [_entry(value) for value in values]
            found = [entries.get(ids=part, include=["metadatas"]) for part in parts(names)]
            return [row for answer in found for metadata in answer["metadatas"] or [] for row in _listed(metadata)]

    def expect(self, collection: str, key: str, rows: Groups) -> Groups:
        """Enter rows that will be written for clips beside those they have; give the latter.

        Args:
            collection: of the rows.
            key: the name that says whose the rows are, "clip".
            rows: ids by its values.

        Raises:
            NotStorable: the collection's rows belong to something of another name.
        """
        with self._door.writing(_name(collection)) as entries:
            whose = self._key(collection, entries) or self._begin(collection, entries, key)
            if whose != key:
                raise NotStorable(f"Rows of a {whose!r} cannot be replaced by {key!r}.", f"Replace them by {whose!r}.")
            known: Groups = {}
            values = {_entry(value): value for value in rows}
            for part in parts(list(values)):
                answer = entries.get(ids=part, include=["metadatas"])
                for name, metadata in zip(answer["ids"], answer["metadatas"] or [], strict=True):
                    known[values[name]] = set(_listed(metadata))
            _enter(
                entries,
                {value: new | known.get(value, set()) for value, new in rows.items() if new - known.get(value, set())},
            )
            return known

    def settle(self, collection: str, rows: Groups) -> None:
        """Enter that clips have these rows and no others."""
        with self._door.writing(_name(collection)) as entries:
            _enter(entries, {value: kept for value, kept in rows.items() if kept})
            for part in parts([_entry(value) for value, kept in rows.items() if not kept]):
                entries.delete(ids=part)

    def _key(self, collection: str, entries: Collection) -> str:
        """The name that says whose the collection's rows are; empty while there is no whole catalogue."""
        if collection not in self._keys:
            about = entries.get(ids=[_ABOUT], include=["metadatas"])["metadatas"]
            if not about:
                return ""
            self._keys[collection] = str(about[0]["key"])
        return self._keys[collection]

    def _begin(self, collection: str, entries: Collection, key: str) -> str:
        """Enter the rows of a collection that is older than its catalogue."""
        with self._door.reading(collection) as store:
            owned: Groups = {}
            for start in range(0, store.count(), _PAGE):
                page = store.get(limit=_PAGE, offset=start, include=["metadatas"])
                for row, metadata in zip(page["ids"], page["metadatas"] or [], strict=True):
                    if metadata and isinstance(value := metadata.get(key), str | int | float | bool):
                        owned.setdefault(value, set()).add(row)
        _enter(entries, owned)
        entries.upsert(ids=[_ABOUT], embeddings=_vector(_ABOUT)[None], metadatas=[{"key": key}])
        self._keys[collection] = key
        return key


def owner_of(where: dict[str, Any]) -> tuple[str, Scalar]:
    """Name and value of a filter such as ``{"clip": id}``.

    Raises:
        NotStorable: the filter is of another form.
    """
    for key, value in where.items():
        if len(where) == 1 and isinstance(value, str | int | float | bool):
            return key, value
    raise NotStorable("Rows are replaced by what they belong to.", "Give one name and value, such as {'clip': id}.")


def _values(where: dict[str, Any], key: str) -> list[Scalar] | None:
    """The values that a filter allows for a key, as far as it names them."""
    if key and key in where:
        asked = where[key]
        if not isinstance(asked, dict):
            return [asked]
        if "$eq" in asked:
            return [asked["$eq"]]
        return list(dict.fromkeys(asked["$in"])) if "$in" in asked else None
    for part in where.get("$and", ()):
        values = _values(part, key)
        if values is not None:
            return values
    return None


def _enter(entries: Collection, rows: Groups) -> None:
    values = {_entry(value): value for value in rows}
    for names in parts(list(values)):
        listed: Any = [{"rows": json.dumps(sorted(rows[values[name]]))} for name in names]
        entries.upsert(ids=names, embeddings=np.stack([_vector(name) for name in names]), metadatas=listed)


def _listed(metadata: Any) -> list[str]:
    return [str(row) for row in json.loads((metadata or {}).get("rows", "[]"))]


def _entry(value: Scalar) -> str:
    return f"={json.dumps(value)}"


def _vector(name: str) -> Vectors:
    # Never compared; but Chroma keeps nothing without a vector, and its graph grows poor where all are the same.
    angle = zlib.crc32(name.encode()) * 2.0**-32 * 2 * np.pi
    return np.asarray([np.cos(angle), np.sin(angle)], np.float32)


def parts(ids: Sequence[str]) -> list[list[str]]:
    """Ids in portions that one question may hold."""
    return [list(ids[start : start + _PAGE]) for start in range(0, len(ids), _PAGE)]


def _name(collection: str) -> str:
    return f"{collection}.catalogue"
