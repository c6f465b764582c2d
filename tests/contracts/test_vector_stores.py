"""What every vector store promises, in a folder and on a server."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gpt4video.memory.conditions import fits
from gpt4video.memory.embedder import Vectors, unit
from gpt4video.memory.errors import LibraryDamaged, NotStorable, StorageFailed
from gpt4video.memory.vectors import Row, VectorStore

from .vector_server import ChromaServer

NAME = "pictures-of-one"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    running = ChromaServer(tmp_path_factory.mktemp("chroma") / "data")
    yield running
    running.stop()


@pytest.fixture(params=["folder", pytest.param("server", marks=pytest.mark.server)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    return tmp_path / "store" if request.param == "folder" else str(request.getfixturevalue("server").url)


@pytest.fixture
def store(place: Path | str) -> VectorStore:
    return VectorStore(place)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    # One server serves all tests.
    return f"rows-{abs(hash(request.node.name))}"


def vectors(count: int, seed: int = 0, width: int = 32) -> Vectors:
    return unit(np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32))


def rows(clip: str, some: Vectors, **metadata: Any) -> list[Row]:
    return [
        Row(f"{clip}:{number}", one, {"clip": clip, "number": number, **metadata}) for number, one in enumerate(some)
    ]


def test_the_nearest_rows_come_first_with_their_similarity_vector_and_metadata(store: VectorStore, name: str) -> None:
    some = vectors(40)
    store.replace(name, {"clip": "a"}, rows("a", some))
    found = store.query(name, some[7], 5)
    assert [found[0].id, found[0].metadata] == ["a:7", {"clip": "a", "number": 7}]
    expected = np.sort(some @ some[7])[::-1][:5]
    np.testing.assert_allclose([one.similarity for one in found], expected, atol=1e-5)
    np.testing.assert_allclose(found[0].vector, some[7], atol=1e-6)
    assert store.count(name) == 40


def test_several_questions_get_the_answers_that_each_would_get(store: VectorStore, name: str) -> None:
    some = vectors(60)
    store.replace_many(name, "clip", {"a": rows("a", some[:30]), "b": rows("b", some[30:])})
    for where in (None, {"clip": "b"}, {"number": {"$lt": 10}}):
        together = store.query_many(name, some[:3], 4, where, embeddings=False)
        alone = [store.query(name, one, 4, where) for one in some[:3]]
        assert [[one.id for one in hits] for hits in together] == [[one.id for one in hits] for hits in alone]
        assert all(one.vector.size == 0 for hits in together for one in hits)
        assert all(one.vector.size == 32 for hits in alone for one in hits)


def test_replacing_leaves_what_is_given_and_nothing_else_of_the_same_clip(store: VectorStore, name: str) -> None:
    store.replace(name, {"clip": "a"}, rows("a", vectors(20)))
    store.replace(name, {"clip": "b"}, rows("b", vectors(20, 1)))
    changed = vectors(6, 2)
    store.replace(name, {"clip": "a"}, rows("a", changed, take=2))
    assert store.count(name) == 26
    kept = store.vectors(name, {"clip": "a"})
    assert sorted(str(metadata["number"]) for _, metadata in kept) == list("012345")
    assert {metadata["take"] for _, metadata in kept} == {2}
    assert [one.id for one in store.query(name, changed[3], 1)] == ["a:3"]
    store.replace(name, {"clip": "a"}, [])
    assert store.vectors(name, {"clip": "a"}) == []
    assert store.query(name, changed[0], 5, {"clip": "a"}) == []
    assert store.count(name) == 20
    assert len(store.vectors(name, {"clip": "b"}, 3)) == 3


def test_rows_are_read_by_their_names(store: VectorStore, name: str) -> None:
    some = vectors(9)
    store.replace(name, {"clip": "a"}, rows("a", some))
    read = store.named(name, ["a:4", "gone", "a:8"])
    assert {row: metadata["number"] for row, (_, metadata) in read.items()} == {"a:4": 4, "a:8": 8}
    np.testing.assert_allclose(read["a:4"][0], some[4], atol=1e-6)


def test_an_unknown_collection_or_clip_is_empty(store: VectorStore, name: str) -> None:
    assert store.query(name, vectors(1)[0], 3) == []
    assert store.query(name, vectors(1)[0], 3, {"clip": {"$in": ["x", "y"]}}) == []
    assert store.vectors(name, {"clip": "x"}) == []
    assert store.count(name) == 0


@pytest.mark.parametrize(
    "where",
    [
        {"clip": {"$in": ["c3", "c17", "gone"]}},
        {"$and": [{"clip": {"$in": ["c3", "c17"]}}, {"number": {"$gte": 5}}]},
        {"$and": [{"number": {"$gte": 5}}, {"clip": "c9"}]},
        {"clip": {"$in": [f"c{number}" for number in range(250)]}},
        {"duration": {"$gte": 125.0}},
        {"duration": {"$gte": 249.0}},
        {"$and": [{"duration": {"$lte": 20.0}}, {"spoken": True}]},
        {"$or": [{"duration": {"$lt": 2.0}}, {"number": 9}]},
        {"clip": {"$nin": ["c1", "c2"]}},
        {"color_red": True},
    ],
    ids=str,
)
def test_a_filter_leaves_out_what_does_not_fit_and_nothing_that_does(
    where: dict[str, Any], many: tuple[Path, Vectors, list[Row]]
) -> None:
    folder, _, every = many
    store = VectorStore(folder)
    right = [row for row in every if fits(where, row.metadata)]
    for question in vectors(4, 9):
        best = sorted(right, key=lambda row: -float(row.vector @ question))[:8]
        found = store.query("many", question, 8, where)
        assert all(fits(where, one.metadata) for one in found)
        assert len(found) == len(best)
        # The graph is not exact; the rows of a few named clips are compared one by one.
        missed = {row.id for row in best} - {one.id for one in found}
        assert len(missed) <= (0 if len(right) <= 20 else 1), where
    assert len(store.vectors("many", where)) == len(right)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Vectors, list[Row]]:
    folder = tmp_path_factory.mktemp("many")
    some = vectors(3000)
    groups: dict[str | int | float | bool, list[Row]] = {}
    for clip in range(300):
        part = some[10 * clip : 10 * clip + 10]
        groups[f"c{clip}"] = rows(f"c{clip}", part, duration=float(clip), spoken=clip % 3 == 0)
        if clip % 50 == 0:
            groups[f"c{clip}"] = [
                Row(row.id, row.vector, {**row.metadata, "color_red": True}) for row in groups[f"c{clip}"]
            ]
    VectorStore(folder).replace_many("many", "clip", groups)
    return folder, some, [row for part in groups.values() for row in part]


def test_a_filter_of_chromas_own_is_left_to_chroma(store: VectorStore, name: str) -> None:
    store.replace(name, {"clip": "a"}, rows("a", vectors(5), text="a red car"))
    with pytest.raises(LibraryDamaged, match="cannot"):
        store.query(name, vectors(1)[0], 3, {"text": {"$like": "red"}})
    assert store.count(name) == 5


def test_rows_of_a_collection_without_a_catalogue_are_found_and_replaced(tmp_path: Path) -> None:
    import chromadb

    some = vectors(30)
    client = chromadb.PersistentClient(str(tmp_path), settings=chromadb.config.Settings(anonymized_telemetry=False))
    old = client.create_collection(NAME, embedding_function=None, configuration={"hnsw": {"space": "cosine"}})
    old.add(
        ids=[f"{clip}:{number}" for clip in "abc" for number in range(10)],
        embeddings=some,
        metadatas=[{"clip": clip, "number": number} for clip in "abc" for number in range(10)],
    )
    client.close()
    store = VectorStore(tmp_path)
    assert len(store.vectors(NAME, {"clip": "b"})) == 10
    assert store.query(NAME, some[12], 1, {"clip": "b"})[0].id == "b:2"
    store.replace(NAME, {"clip": "a"}, rows("a", some[:2]))
    assert store.count(NAME) == 22
    store.replace(NAME, {"clip": "c"}, [])
    assert store.count(NAME) == 12


def test_only_what_belongs_to_something_is_replaced(store: VectorStore, name: str) -> None:
    with pytest.raises(NotStorable, match="one name and value"):
        store.replace(name, {"number": {"$gte": 3}}, [])
    with pytest.raises(NotStorable, match="does not belong"):
        store.replace(name, {"clip": "b"}, rows("a", vectors(1)))
    store.replace(name, {"clip": "a"}, rows("a", vectors(1)))
    with pytest.raises(NotStorable, match="clip"):
        store.replace(name, {"number": 0}, [])


def test_a_row_that_went_to_another_clip_is_not_lost_with_the_first(store: VectorStore, name: str) -> None:
    some = vectors(2)
    store.replace(name, {"clip": "a"}, [Row("x", some[0], {"clip": "a"})])
    store.replace(name, {"clip": "b"}, [Row("x", some[1], {"clip": "b"})])
    store.replace(name, {"clip": "a"}, [])
    assert [metadata for _, metadata in store.vectors(name, {"clip": "b"})] == [{"clip": "b"}]


def test_a_vector_of_another_length_is_refused(store: VectorStore, name: str) -> None:
    store.replace(name, {"clip": "a"}, rows("a", vectors(3)))
    with pytest.raises(LibraryDamaged, match="dimension"):
        store.query(name, vectors(1, width=16)[0], 3)
    assert store.query(name, vectors(3)[0], 1)[0].id == "a:0"


def test_threads_write_and_read_at_once(store: VectorStore, name: str) -> None:
    some = vectors(80)

    def write(clip: int) -> None:
        store.replace(name, {"clip": str(clip)}, rows(str(clip), some[10 * clip : 10 * clip + 10]))
        assert store.query(name, some[10 * clip], 1)[0].id == f"{clip}:0"

    threads = [threading.Thread(target=write, args=(clip,)) for clip in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.count(name) == 80
    assert all(len(store.vectors(name, {"clip": str(clip)})) == 10 for clip in range(8))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match="file"):
        VectorStore(tmp_path / "file" / "store").count(NAME)


def held(folder: Path) -> list[str]:
    """The folder's files that this process has open."""
    found = []
    for one in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            found.append(os.readlink(one))
    return [one for one in found if one.startswith(str(folder.resolve()))]


def test_a_closed_store_keeps_no_file_open_and_opens_again(store: VectorStore, name: str, place: Path | str) -> None:
    store.replace(name, {"clip": "a"}, rows("a", vectors(3)))
    store.close()
    if isinstance(place, Path):
        for _ in range(600):  # Chroma's own threads close what they have open, a moment later
            if not held(place):
                break
            time.sleep(0.1)
        assert not held(place)
    assert store.count(name) == 3
    store.close()
    store.close()
