"""The stores that ``benchmarks/search.py`` compares, one form for all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from gpt4video.memory.embedder import Vectors
from gpt4video.memory.vectors import Row, VectorStore
from shot_vectors import clip_of, metadata, row_name, row_number


@dataclass(frozen=True)
class Asked:
    """A filter: only these clips, only clips at least so long, only clips added since."""

    clips: Sequence[str] = ()
    shortest: float | None = None
    since: float | None = None


class Store(Protocol):
    """What is measured."""

    def add(self, first: int, vectors: Vectors) -> None:
        """Take in a block of rows."""
        ...

    def finish(self) -> None:
        """Index what was taken in."""
        ...

    def search(self, vector: Vectors, count: int, asked: Asked | None = None, whole: bool = False) -> list[int]:
        """Rows nearest to a vector; ``whole`` reads metadata and vectors too."""
        ...


class Ours:
    """The product's vector store over Chroma."""

    def __init__(self, folder: Path | str) -> None:
        self.store = VectorStore(folder)

    def add(self, first: int, vectors: Vectors) -> None:
        """Take in a block of rows."""
        groups: dict[Any, list[Row]] = {}
        for row, vector in enumerate(vectors, first):
            groups.setdefault(clip_of(row), []).append(Row(row_name(row), vector, dict(metadata(row))))
        self.store.replace_many("pictures", "clip", groups)

    def finish(self) -> None:
        """Nothing to do."""

    def remove(self, row: int) -> None:
        """Remove the clip of a row."""
        self.store.replace("pictures", {"clip": clip_of(row)}, [])

    def search(self, vector: Vectors, count: int, asked: Asked | None = None, whole: bool = False) -> list[int]:
        """Rows nearest to a vector."""
        found = self.store.query("pictures", vector, count, _where(asked), embeddings=whole)
        return [row_number(one.id) for one in found]


class Lance:
    """LanceDB with one of its indexes, or none."""

    def __init__(self, folder: Path | str, index: str) -> None:
        import lancedb

        self._index = index
        self._base = lancedb.connect(str(folder))
        try:
            self._table = self._base.open_table("pictures")
        except (ValueError, FileNotFoundError):
            self._table = None

    def add(self, first: int, vectors: Vectors) -> None:
        """Take in a block of rows."""
        import pyarrow as pa

        rows = [metadata(row) for row in range(first, first + len(vectors))]
        columns: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
        columns["row"] = np.arange(first, first + len(vectors))
        columns["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
        table = pa.table(columns)
        if self._table is None:
            self._table = self._base.create_table("pictures", table)
        else:
            self._table.add(table)

    def finish(self) -> None:
        """Build the index."""
        for column in ("clip", "duration", "added"):
            self._table.create_scalar_index(column)
        if self._index:
            extra = {"num_sub_vectors": 96} if "PQ" in self._index else {}
            self._table.create_index(metric="cosine", index_type=self._index, **extra)

    def search(self, vector: Vectors, count: int, asked: Asked | None = None, whole: bool = False) -> list[int]:
        """Rows nearest to a vector, reranked on whole vectors where the index holds short ones."""
        query = self._table.search(vector).distance_type("cosine").limit(count)
        if self._index:
            query = query.nprobes(30).refine_factor(5)
        if asked is not None:
            query = query.where(_sql(asked), prefilter=True)
        if not whole:
            query = query.select(["row", "_distance"])
        return [int(row) for row in query.to_arrow()["row"].to_pylist()]


class SqliteVec:
    """sqlite-vec: every search compares all rows."""

    def __init__(self, folder: Path | str) -> None:
        # Not the standard library's SQLite: many builds of Python leave out the loading of extensions.
        import apsw
        import sqlite_vec

        Path(folder).mkdir(parents=True, exist_ok=True)
        self._base = apsw.Connection(str(Path(folder) / "vectors.db"))
        self._base.enable_load_extension(True)
        self._base.load_extension(sqlite_vec.loadable_path())

    def add(self, first: int, vectors: Vectors) -> None:
        """Take in a block of rows."""
        self._base.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS pictures USING vec0(row INTEGER PRIMARY KEY, clip TEXT,"
            f" duration FLOAT, added FLOAT, +data TEXT, vector FLOAT[{vectors.shape[1]}] distance_metric=cosine)"
        )
        rows = ((row, metadata(row), vector) for row, vector in enumerate(vectors, first))
        with self._base:
            self._base.executemany(
                "INSERT INTO pictures(row, clip, duration, added, data, vector) VALUES (?, ?, ?, ?, ?, ?)",
                ((n, m["clip"], m["duration"], m["added"], json.dumps(m), vector.tobytes()) for n, m, vector in rows),
            )

    def finish(self) -> None:
        """Nothing to do."""

    def search(self, vector: Vectors, count: int, asked: Asked | None = None, whole: bool = False) -> list[int]:
        """Rows nearest to a vector."""
        columns = "row, distance, data, vector" if whole else "row, distance"
        where = f" AND {_sql(asked)}" if asked is not None else ""
        return [
            row[0]
            for row in self._base.execute(
                f"SELECT {columns} FROM pictures WHERE vector MATCH ? AND k = ?{where}",  # noqa: S608 - made here
                (vector.tobytes(), count),
            )
        ]


def opened(name: str, place: Path | str) -> Store:
    """A store by its name."""
    if name == "ours":
        return Ours(place)
    if name.startswith("lance-"):
        kinds = {"lance-flat": "", "lance-ivf-pq": "IVF_PQ", "lance-hnsw-sq": "IVF_HNSW_SQ"}
        return Lance(place, kinds[name])
    return SqliteVec(place)


NAMES = ("ours", "lance-ivf-pq", "lance-hnsw-sq", "lance-flat", "sqlite-vec")


def _where(asked: Asked | None) -> dict[str, Any] | None:
    if asked is None:
        return None
    if asked.clips:
        return {"clip": {"$in": list(asked.clips)}}
    return {"added": {"$gte": asked.since}} if asked.since is not None else {"duration": {"$gte": asked.shortest}}


def _sql(asked: Asked) -> str:
    if asked.clips:
        return f"clip IN ({_quoted(asked.clips)})"
    return f"added >= {asked.since}" if asked.since is not None else f"duration >= {asked.shortest}"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
