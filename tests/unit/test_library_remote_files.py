"""Files in a store that several machines share: whole, verified, cached within a bound, removed with their rows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpt4video.memory.errors import LibraryDamaged, StorageFailed
from gpt4video.memory.files import Arrival
from gpt4video.memory.library import Clip, ClipFacts, Library
from s3_server import SECRET, S3Server, running_s3

FACTS = ClipFacts(duration=1, width=2, height=2, fps=1)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    with running_s3() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


class Store:
    """A place for files as its clients see it, and a way to look into it from outside."""

    def __init__(self, url: str, folder: Path | None, server: S3Server | None) -> None:
        self.url = url
        self._folder = folder
        self._server = server

    def contents(self) -> dict[str, bytes]:
        if self._server is not None:
            objects = self._server.objects.items()
            return {key.removeprefix("bucket/some/prefix/"): body for key, body in objects}
        assert self._folder is not None
        files = (path for path in self._folder.rglob("*") if path.is_file())
        return {path.relative_to(self._folder).as_posix(): path.read_bytes() for path in files}

    def clips(self) -> dict[str, bytes]:
        return {name: body for name, body in self.contents().items() if name.startswith("clips/")}

    def write(self, name: str, body: bytes) -> None:
        if self._server is not None:
            self._server.objects[f"bucket/some/prefix/{name}"] = body
            return
        assert self._folder is not None
        (self._folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self._folder / name).write_bytes(body)

    def reads(self) -> int:
        """How many clips were read from it (``s3`` only)."""
        assert self._server is not None
        return sum(method == "GET" and "/clips/" in key for method, key in self._server.requests)


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.server)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "s3":
        return Store("s3://bucket/some/prefix", None, request.getfixturevalue("s3"))
    return Store(f"file://{tmp_path}/shared", tmp_path / "shared", None)


@pytest.fixture
def s3_store(s3: S3Server) -> Store:
    return Store("s3://bucket/some/prefix", None, s3)


@pytest.fixture
def library(tmp_path: Path, store: Store) -> Iterator[Library]:
    with Library(tmp_path / "home", files=store.url) as opened:
        yield opened


def video(folder: Path, content: bytes) -> Path:
    path = folder / f"{len(list(folder.iterdir()))}.mp4"
    path.write_bytes(content)
    return path


def emptied(clip: Clip) -> None:
    """Make this machine forget its copy."""
    clip.path.unlink()


def test_a_clips_file_lies_whole_in_the_store_and_is_brought_here_when_it_is_wanted(
    library: Library, store: Store, tmp_path: Path
) -> None:
    content = os.urandom(3_000_000)
    clip = library.add(video(tmp_path, content), FACTS)
    assert store.clips() == {f"clips/{clip.id[:2]}/{clip.id}.mp4": content}
    assert clip.path.read_bytes() == content
    emptied(clip)
    assert library.clips()[0].path == clip.path
    assert library.known(clip.id) == clip.model_copy(update={"created": False})
    assert not clip.path.exists()
    assert library.get(clip.id).path.read_bytes() == content
    emptied(clip)
    assert library.local(clip.id).read_bytes() == content


@pytest.mark.server
def test_a_file_of_many_parts_is_put_whole(s3_store: Store, tmp_path: Path) -> None:
    content = os.urandom(17_000_001)
    with Library(tmp_path / "home", files=s3_store.url) as library:
        clip = library.add(video(tmp_path, content), FACTS)
        assert list(s3_store.clips().values()) == [content]
        emptied(clip)
        assert library.get(clip.id).path.read_bytes() == content


@pytest.mark.server
def test_listing_reads_no_file_and_a_file_that_is_here_is_not_read_again(s3_store: Store, tmp_path: Path) -> None:
    with Library(tmp_path / "home", files=s3_store.url) as library:
        clips = [library.add(video(tmp_path, bytes([number])), FACTS) for number in range(3)]
        assert library.clips()
        for clip in clips:
            library.get(clip.id)
        assert s3_store.reads() == 0
        emptied(clips[0])
        for _ in range(3):
            library.get(clips[0].id)
        assert s3_store.reads() >= 1
        seen = s3_store.reads()
        library.get(clips[0].id)
        assert s3_store.reads() == seen


def test_a_file_that_was_tampered_with_is_refused(library: Library, store: Store, tmp_path: Path) -> None:
    clip = library.add(video(tmp_path, b"right"), FACTS)
    emptied(clip)
    store.write(f"clips/{clip.id[:2]}/{clip.id}.mp4", b"wrong")
    with pytest.raises(LibraryDamaged):
        library.get(clip.id)
    assert not clip.path.exists()
    assert list((tmp_path / "home" / "incoming").iterdir()) == []


def test_a_copy_that_was_cut_short_is_fetched_again(library: Library, tmp_path: Path) -> None:
    clip = library.add(video(tmp_path, b"whole"), FACTS)
    clip.path.write_bytes(b"who")
    assert library.get(clip.id).path.read_bytes() == b"whole"


def test_a_lost_file_is_said_and_comes_back_when_it_is_added_again(
    library: Library, store: Store, tmp_path: Path
) -> None:
    path = video(tmp_path, b"lost")
    clip = library.add(path, FACTS)
    library._files.remove(next(iter(store.clips())))
    with pytest.raises(StorageFailed, match="not in the store"):
        library.get(clip.id)
    assert not library.add(path, FACTS).created
    assert list(store.clips().values()) == [b"lost"]


def test_the_same_content_again_is_here_without_being_fetched(library: Library, tmp_path: Path) -> None:
    path = video(tmp_path, b"again")
    first = library.add(path, FACTS)
    emptied(first)
    assert library.add(path, FACTS).path.read_bytes() == b"again"


def test_forgetting_removes_the_file_unless_another_user_has_it(library: Library, store: Store, tmp_path: Path) -> None:
    path = video(tmp_path, b"shared")
    clip = library.add(path, FACTS, user="alice")
    library.add(path.rename(path.with_suffix(".mkv")), FACTS, user="bob")
    library.forget(clip.id, user="alice")
    assert len(store.clips()) == 1
    library.forget(clip.id, user="bob")
    assert store.clips() == {}
    assert not clip.path.exists()


def test_sweeping_removes_orphans_and_what_dead_uploaders_left(library: Library, store: Store, tmp_path: Path) -> None:
    clip = library.add(video(tmp_path, b"kept"), FACTS)
    store.write("clips/01/0123456789abcdef.mp4", b"orphan")
    store.write(f"incoming/{'0' * 32}-1", b"by half")
    assert library.sweep() == 1
    assert {name for name in store.contents() if name != "library"} == {f"clips/{clip.id[:2]}/{clip.id}.mp4"}


def test_a_file_that_is_swept_away_before_its_row_is_written_is_put_again(
    library: Library, store: Store, tmp_path: Path
) -> None:
    upload = library._files.prepare
    with Library(tmp_path / "home", files=store.url) as other, pytest.MonkeyPatch.context() as patched:

        def swept(arrival: Arrival) -> None:
            patched.undo()
            upload(arrival)
            assert other.sweep() == 1

        patched.setattr(library._files, "prepare", swept)
        clip = library.add(video(tmp_path, b"swept"), FACTS)
        assert list(store.clips().values()) == [b"swept"]
        assert other.get(clip.id).path.read_bytes() == b"swept"


def test_an_error_within_a_transaction_leaves_an_orphan_at_most(library: Library, store: Store, tmp_path: Path) -> None:
    def fail() -> None:
        with library.transaction():
            library.add(video(tmp_path, b"undone"), FACTS)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert library.clips() == []
    assert library.sweep() == 1
    assert store.clips() == {}


def test_another_library_may_not_use_the_same_place(library: Library, store: Store, tmp_path: Path) -> None:
    library.add(video(tmp_path, b"mine"), FACTS)
    with Library(tmp_path / "other", files=store.url) as other:
        with pytest.raises(StorageFailed, match="another library"):
            other.add(video(tmp_path, b"yours"), FACTS)
        assert other.clips() == []
        with pytest.raises(StorageFailed, match="another library"):
            other.sweep()
    assert len(store.clips()) == 1


@pytest.mark.server
def test_a_second_machine_sees_and_fetches_what_the_first_took_in(
    store: Store, postgres: object, tmp_path: Path
) -> None:
    url = postgres.fresh()  # type: ignore[attr-defined]
    with (
        Library(tmp_path / "one", files=store.url, database=url) as one,
        Library(tmp_path / "two", files=store.url, database=url) as two,
    ):
        clip = one.add(video(tmp_path, b"from one"), FACTS)
        there = two.get(clip.id)
        assert there.path != clip.path
        assert there.path.read_bytes() == b"from one"
        assert not two.add(video(tmp_path, b"from one"), FACTS).created
        two.forget(clip.id)
        assert one.clips() == []
        assert store.clips() == {}


def test_copies_stay_within_their_bound_and_those_least_lately_used_go_first(store: Store, tmp_path: Path) -> None:
    with Library(tmp_path / "home", files=store.url, cache_bytes=10_000) as library:
        clips = [library.add(video(tmp_path, bytes([number]) * 1000), FACTS) for number in range(30)]
    with Library(tmp_path / "home", files=store.url, cache_bytes=10_000) as library:
        for clip in clips[:20]:
            library.get(clip.id)
        library.get(clips[10].id)
        library.get(clips[25].id)
        cache = tmp_path / "home" / "cache"
        held = {path.stem for path in cache.glob("??/*")}
        assert len(held) <= 10
        assert {clips[10].id, clips[25].id, clips[19].id} <= held
        assert clips[0].id not in held


@pytest.mark.server
def test_a_store_that_refuses_is_said_without_its_secrets(s3_store: Store, s3: S3Server, tmp_path: Path) -> None:
    with Library(tmp_path / "home", files=s3_store.url) as library:
        clip = library.add(video(tmp_path, b"here"), FACTS)
        emptied(clip)
        s3.refusing = True
        for call in (lambda: library.get(clip.id), lambda: library.add(video(tmp_path, b"no"), FACTS), library.sweep):
            with pytest.raises(StorageFailed) as error:
                call()
            assert error.value.remedy
            assert SECRET not in f"{error.value!r} {error.value.__cause__!r}"
        assert [one.id for one in library.clips()] == [clip.id]
        assert list((tmp_path / "home" / "incoming").iterdir()) == []
        s3.refusing = False
        assert library.get(clip.id).path.read_bytes() == b"here"


@pytest.mark.parametrize("url", ["nowhere", "no-such-scheme://bucket/x"])
def test_what_is_no_store_is_said(tmp_path: Path, url: str) -> None:
    with pytest.raises(StorageFailed) as error:
        Library(tmp_path / "home", files=url)
    assert error.value.audience == "user"
