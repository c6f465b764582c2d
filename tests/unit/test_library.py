"""The library: what goes in comes out, once, for its owner alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpt4video.memory.errors import (
    ClipAmbiguous,
    ClipUnknown,
    LibraryBusy,
    LibraryDamaged,
    NotStorable,
    SourceUnreadable,
    StorageFailed,
)
from gpt4video.memory.library import Clip, ClipFacts, Library
from gpt4video.memory.lineage import Lineage

FACTS = ClipFacts(duration=2.5, width=64, height=48, fps=25, has_audio=True)
TWIN_A, TWIN_B = b"157", b"251"


@pytest.fixture
def library(tmp_path: Path, database: str | None) -> Iterator[Library]:
    with Library(tmp_path / "home", database=database) as opened:
        yield opened


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "holiday.mp4"
    path.write_bytes(os.urandom(3000))
    return path


def another(video: Path, content: bytes) -> Path:
    path = video.with_name(f"{len(list(video.parent.iterdir()))}.mp4")
    path.write_bytes(content)
    return path


def test_a_clip_keeps_its_content_and_facts(library: Library, video: Path) -> None:
    clip = library.add(video, FACTS, source=str(video), title="Holiday")
    again = library.get(clip.id)
    assert clip.created
    assert again == clip.model_copy(update={"created": False})
    assert again.path.read_bytes() == video.read_bytes()
    assert (again.duration, again.width, again.fps, again.has_audio) == (2.5, 64, 25, True)
    assert (again.source, again.title, again.operation, again.parents) == (str(video), "Holiday", "upload", [])
    assert again.bytes == 3000


def test_a_clip_survives_reopening_and_moving_the_home(tmp_path: Path, video: Path, database: str | None) -> None:
    with Library(tmp_path / "old", database=database) as library:
        clip = library.add(video, FACTS)
    (tmp_path / "old").rename(tmp_path / "new")
    with Library(tmp_path / "new", database=database) as library:
        assert library.get(clip.id).path.read_bytes() == video.read_bytes()


def test_the_same_content_twice_is_one_clip(library: Library, video: Path) -> None:
    first = library.add(video, FACTS, title="first")
    second = library.add(another(video, video.read_bytes()), FACTS, title="second", lineage=Lineage(operation="trim"))
    assert (second.id, second.title, second.operation, second.created) == (first.id, "first", "upload", False)
    assert len(library.clips()) == 1


def test_a_lost_file_comes_back_when_it_is_added_again(library: Library, video: Path) -> None:
    clip = library.add(video, FACTS)
    clip.path.unlink()
    assert not library.add(video, FACTS).created
    assert clip.path.read_bytes() == video.read_bytes()


def test_an_unknown_ending_is_not_kept(library: Library, video: Path) -> None:
    odd = video.rename(video.with_name("x.mp4;rm -rf"))
    assert library.add(odd, FACTS).path.suffix == ".bin"


def test_names_and_titles_that_utf8_cannot_hold_are_kept_readably(
    library: Library, tmp_path: Path, database: str | None
) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9\n$(x).mp4")
    path.write_bytes(b"v")
    lineage = Lineage(operation="generate", prompt="a\ud800b", arguments={"k\ud800": ["\udfff", 1, None]}, seed=2**40)
    clip = library.add(path, FACTS, source=str(path), title="null \0 and \udcff", lineage=lineage, user="m\ud8ffx")
    kept = library.get(clip.id, user="m\ud8ffx")
    assert kept.title == ("null \0 and \\udcff" if database is None else "null \\x00 and \\udcff")
    assert kept.source is not None
    assert kept.source.endswith("caf\\udce9\n$(x).mp4")
    stored = library.lineage(clip.id, user="m\ud8ffx")
    assert stored is not None
    assert (stored.prompt, stored.arguments) == ("a\\ud800b", {"k\\ud800": ["\\udfff", 1, None]})


def test_a_shortened_id_finds_its_clip_or_says_that_it_fits_several(library: Library, video: Path) -> None:
    clip = library.add(video, FACTS)
    assert library.get(f" {clip.id[:4].upper()} ").id == clip.id
    with pytest.raises(ClipUnknown):
        library.get(clip.id[:3])
    # Found by counting: the SHA-256 of these two begin alike.
    twins = [library.add(another(video, content), FACTS) for content in (TWIN_A, TWIN_B)]
    assert twins[0].id[:4] == twins[1].id[:4]
    with pytest.raises(ClipAmbiguous):
        library.get(twins[0].id[:4])
    assert library.get(twins[1].id[:15]).id == twins[1].id


@pytest.mark.parametrize("ref", ["", "c1", "%", "____", "0000", "' OR 1=1 --", "../../etc/passwd", "f" * 17, "\ud800"])
def test_what_is_no_id_of_a_clip_is_unknown(library: Library, video: Path, ref: str) -> None:
    library.add(video, FACTS)
    with pytest.raises(ClipUnknown) as error:
        library.get(ref)
    assert error.value.audience == "model"
    assert error.value.remedy


def test_lineage_leads_both_ways(library: Library, video: Path) -> None:
    first = library.add(video, FACTS)
    second = library.add(another(video, b"2"), FACTS)
    lineage = Lineage(operation="concat", parents=[second.id, first.id], arguments={"fade": 0.5}, model="m@1", seed=7)
    joined = library.add(another(video, b"3"), FACTS, lineage=lineage)
    assert (joined.operation, joined.parents) == ("concat", [second.id, first.id])
    assert [clip.id for clip in library.parents(joined.id)] == [second.id, first.id]
    assert [clip.id for clip in library.children(first.id)] == [joined.id]
    assert library.lineage(joined.id) == lineage
    assert library.lineage(first.id) is None


def test_forgetting_removes_file_row_lineage_and_analysis_but_not_the_children(library: Library, video: Path) -> None:
    first = library.add(video, FACTS)
    child = library.add(another(video, b"2"), FACTS, lineage=Lineage(operation="trim", parents=[first.id]))
    library.put_analysis(first.id, "v1", {"shots": []})
    library.forget(first.id)
    assert not first.path.exists()
    with pytest.raises(ClipUnknown):
        library.analysis(first.id, "v1")
    assert library.get(child.id).parents == [first.id]
    assert library.parents(child.id) == []
    again = library.add(video, FACTS)
    assert again.created
    assert library.analysis(again.id, "v1") is None


def test_another_users_clip_answers_exactly_as_an_unknown_one(library: Library, video: Path) -> None:
    clip = library.add(video, FACTS, user="alice")
    answers = []
    for ref in (clip.id, "0123456789abcdef"):
        for call in (library.get, library.parents, library.children, library.lineage, library.forget):
            with pytest.raises(ClipUnknown) as error:
                call(ref, user="bob")
            answers.append(str(error.value).replace(ref, "ID"))
        with pytest.raises(ClipUnknown):
            library.put_analysis(ref, "v", {}, user="bob")
        with pytest.raises(ClipUnknown):
            library.set_status(ref, "ready", user="bob")
    assert len(set(answers)) == 1
    assert library.clips(user="bob") == []


def test_a_file_that_two_users_have_stays_until_both_forget_it(library: Library, video: Path) -> None:
    clip = library.add(video, FACTS, user="alice", title="hers")
    shared = library.add(video.rename(video.with_suffix(".mkv")), FACTS, user="bob", title="his")
    assert shared.created
    assert (shared.path, shared.title) == (clip.path, "his")
    library.forget(clip.id, user="alice")
    assert library.get(clip.id, user="bob").path.exists()
    library.forget(clip.id, user="bob")
    assert not clip.path.exists()


def test_analysis_is_kept_by_version(library: Library, video: Path) -> None:
    clip = library.add(video, FACTS)
    library.put_analysis(clip.id, "v1", {"captions": ["a dog"]})
    library.put_analysis(clip.id, "v1", {"captions": ["two dogs"]})
    assert library.analysis(clip.id, "v1") == {"captions": ["two dogs"]}
    assert library.analysis(clip.id, "v2") is None
    for value in (float("nan"), object(), {"x": {1, 2}}):
        with pytest.raises(NotStorable):
            library.put_analysis(clip.id, "v3", value)


def test_status_tells_how_far_ingestion_came(library: Library, video: Path) -> None:
    clip = library.add(video, FACTS)
    assert library.get(clip.id).status == "stored"
    library.set_status(clip.id, "ready")
    assert library.add(video, FACTS).status == "ready"


def test_what_is_no_readable_file_is_refused_and_leaves_nothing(library: Library, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    for path in (tmp_path / "missing.mp4", tmp_path, pipe, Path("/dev/null"), Path("a\0b")):
        with pytest.raises(SourceUnreadable) as error:
            library.add(path, FACTS)
        assert error.value.audience == "user"
    assert list((tmp_path / "home" / "incoming").iterdir()) == []
    assert library.clips() == []


def test_a_full_disk_is_said_and_leaves_nothing(
    library: Library, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StorageFailed, match="No space left"):
            library.add(video, FACTS)
    assert list((tmp_path / "home" / "incoming").iterdir()) == []
    assert library.clips() == []
    assert library.add(video, FACTS).created


def test_an_error_within_a_transaction_undoes_all_of_it(library: Library, video: Path) -> None:
    def fail() -> None:
        with library.transaction():
            library.add(video, FACTS)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert library.clips() == []
    assert library.sweep() == 1
    assert library.sweep() == 0


def test_a_caught_error_undoes_the_inner_part_alone(library: Library, video: Path) -> None:
    def fail() -> None:
        with library.transaction():
            library.add(another(video, b"2"), FACTS)
            raise RuntimeError

    with library.transaction():
        library.add(video, FACTS)
        with pytest.raises(RuntimeError):
            fail()
    assert len(library.clips()) == 1


def test_sweeping_keeps_what_is_in_use(library: Library, video: Path) -> None:
    clip = library.add(video, FACTS)
    orphan = clip.path.with_name("0123456789abcdef.mp4")
    orphan.write_bytes(b"left by a crash")
    assert library.sweep() == 1
    assert clip.path.exists()
    assert not orphan.exists()


def test_a_file_that_is_no_library_is_refused(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite").write_bytes(b"this is text" * 500)
    with pytest.raises(LibraryDamaged):
        Library(tmp_path)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StorageFailed):
        Library(file)


def test_a_library_of_a_newer_program_is_refused(tmp_path: Path, database: str | None) -> None:
    with Library(tmp_path, database=database) as library, library.transaction() as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    with pytest.raises(LibraryDamaged, match="99"):
        Library(tmp_path, database=database)


def test_a_write_lock_that_is_not_let_go_is_said(tmp_path: Path, video: Path, database: str | None) -> None:
    home = tmp_path / "home"
    with Library(home, database=database) as one, Library(home, timeout=0.05, database=database) as other:
        with one.transaction(), pytest.raises(LibraryBusy):
            other.add(video, FACTS)
        assert other.add(video, FACTS).created


def test_threads_may_share_a_library(library: Library, video: Path) -> None:
    paths = [another(video, bytes([number % 4])) for number in range(12)]
    clips: list[Clip] = []
    threads = [threading.Thread(target=lambda path=path: clips.append(library.add(path, FACTS))) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(clips) == 12
    assert sum(clip.created for clip in clips) == 4
    assert len(library.clips()) == 4
