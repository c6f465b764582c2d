"""What only a database server can do wrong: be away, go away, refuse, and give secrets away."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from gpt4video.agent.errors import SessionBusy, SessionUnsaved
from gpt4video.agent.sessions import one_turn, open_checkpoints
from gpt4video.agent.settings import Settings
from gpt4video.memory.errors import JobLost, LibraryError, StorageFailed
from gpt4video.memory.library import ClipFacts, Library
from postgres_server import PASSWORD, PostgresServer
from pydantic import ValidationError

FACTS = ClipFacts(duration=1, width=2, height=2, fps=1)
server = pytest.mark.server


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.fresh()


@pytest.fixture
def library(tmp_path: Path, url: str) -> Iterator[Library]:
    with Library(tmp_path / "home", database=url) as opened:
        yield opened


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "v.mp4"
    path.write_bytes(b"video")
    return path


def said(call: Callable[[], object], kind: type[Exception] = StorageFailed) -> str:
    """The whole traceback of an error, which must not hold the password."""
    with pytest.raises(kind) as caught:
        call()
    return "".join(traceback.format_exception(caught.value)) + repr(caught.value)


@server
def test_a_session_that_was_cut_between_two_calls_is_opened_again(
    library: Library, postgres: PostgresServer, url: str, video: Path
) -> None:
    clip = library.add(video, FACTS)
    assert library.ledger.begin("k").state == "started"
    postgres.cut(url)
    assert library.get(clip.id).id == clip.id
    postgres.cut(url)
    library.set_status(clip.id, "ready")
    assert library.get(clip.id).status == "ready"
    library.ledger.done("k", 1)


@server
def test_a_session_that_is_cut_within_a_transaction_undoes_it(
    library: Library, postgres: PostgresServer, url: str, video: Path
) -> None:
    def cut() -> None:
        with library.transaction():
            library.add(video, FACTS)
            postgres.cut(url)
            library.ledger.begin("k")

    assert PASSWORD not in said(cut)
    assert library.clips() == []
    assert library.ledger.find("k") is None
    assert library.add(video, FACTS).created


@server
def test_who_lost_its_session_loses_its_jobs_to_the_next_and_keeps_no_second_effect(
    library: Library, postgres: PostgresServer, url: str, video: Path, tmp_path: Path
) -> None:
    library.ledger.begin("k")
    postgres.cut(url)
    with Library(tmp_path / "other", database=url) as other:
        job = other.ledger.begin("k")
        assert (job.state, job.taken_over) == ("started", True)

        def finish() -> None:
            with library.transaction():
                library.add(video, FACTS)
                library.ledger.done("k", "first")

        with pytest.raises(JobLost):
            finish()
        other.ledger.done("k", "second")
        found = library.ledger.find("k")
        assert found is not None
        assert found.result == "second"
        assert library.clips() == []


@server
def test_a_server_that_is_away_is_said_and_used_again_when_it_is_back(
    tmp_path: Path, postgres: PostgresServer, url: str, video: Path
) -> None:
    with Library(tmp_path / "home", database=url) as library:
        postgres.stop()
        try:
            for call in (library.clips, lambda: library.add(video, FACTS), lambda: library.ledger.begin("k")):
                text = said(call)
                assert "Check its address" in text
                assert PASSWORD not in text
            assert PASSWORD not in said(lambda: Library(tmp_path / "new", database=url))
        finally:
            postgres.start()
        assert library.add(video, FACTS).created
        assert list((tmp_path / "home" / "incoming").iterdir()) == []


@server
def test_a_wrong_password_or_database_is_said_without_the_password(tmp_path: Path, postgres: PostgresServer) -> None:
    other = PASSWORD[::-1]  # a traceback quotes the lines of this file
    wrong = said(lambda: Library(tmp_path, database=postgres.url(password=other)))
    assert "password authentication failed" in wrong
    assert other not in wrong
    missing = said(lambda: Library(tmp_path, database=postgres.url("no_such_database")))
    assert "does not exist" in missing
    assert PASSWORD not in missing


@server
def test_a_user_without_rights_is_told_so(tmp_path: Path, postgres: PostgresServer, url: str) -> None:
    postgres.execute("CREATE ROLE reader LOGIN PASSWORD 'r'")
    with pytest.raises(StorageFailed, match="permission denied") as error:
        Library(tmp_path, database=url.replace(f"postgres:{PASSWORD}", "reader:r"))
    assert "right to create" in error.value.remedy


@pytest.mark.parametrize(
    "address", ["mysql://me:hunter2@host/x", "postgresql://me:hunter2@[/x", "postgresql://h?hunter2=1", "hunter2"]
)
def test_what_is_no_address_is_refused_without_showing_it(tmp_path: Path, address: str) -> None:
    for call in (
        lambda: Library(tmp_path, database=address),
        lambda: one_turn(tmp_path, "k", address).__enter__(),
        lambda: open_checkpoints(tmp_path, address),
    ):
        with pytest.raises((LibraryError, SessionUnsaved)) as caught:
            call()
        assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@server
def test_writers_of_several_sessions_never_lose_an_update(tmp_path: Path, url: str) -> None:
    def count(name: str) -> None:
        with Library(tmp_path / name, database=url) as library:
            for _ in range(20):
                with library.transaction() as connection:
                    row = connection.execute("SELECT result FROM job WHERE key = 'n'").fetchone()
                    connection.execute("UPDATE job SET result = ? WHERE key = 'n'", (str(int(row["result"]) + 1),))

    with Library(tmp_path / "home", database=url) as library:
        library.ledger.begin("n")
        library.ledger.done("n", 0)
        threads = [threading.Thread(target=count, args=(name,)) for name in ("one", "two", "three")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        job = library.ledger.find("n")
    assert job is not None
    assert job.result == 60


@server
def test_a_turn_holds_its_conversation_on_every_machine(tmp_path: Path, url: str) -> None:
    with one_turn(tmp_path / "one", "a", url):
        with pytest.raises(SessionBusy), one_turn(tmp_path / "two", "a", url):
            pass
        with one_turn(tmp_path / "two", "b", url):
            pass
    with one_turn(tmp_path / "two", "a", url):
        pass


@server
def test_locks_are_free_before_the_connection_is_closed(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server notices a closed connection some moments later; the next turn, on any machine, must not meet its lock.
    closed = []
    monkeypatch.setattr(psycopg.Connection, "close", lambda connection: closed.append(connection))
    try:
        with one_turn(tmp_path / "one", "a", url):
            pass
        with one_turn(tmp_path / "two", "a", url):
            pass
        with Library(tmp_path / "home", database=url) as library:
            library.ledger.begin("n")
        with Library(tmp_path / "other", database=url) as library:
            assert library.ledger.begin("n").state == "started"
    finally:
        monkeypatch.undo()
        for connection in closed:
            connection.close()


@server
def test_a_turn_of_a_cut_session_is_free_again(tmp_path: Path, url: str, postgres: PostgresServer) -> None:
    with one_turn(tmp_path / "one", "a", url):
        postgres.cut(url)
        with one_turn(tmp_path / "two", "a", url):
            pass


@server
def test_checkpoints_outlive_their_connection_and_may_be_set_up_by_several_at_once(
    tmp_path: Path, url: str, postgres: PostgresServer
) -> None:
    savers = []
    threads = [threading.Thread(target=lambda: savers.append(open_checkpoints(tmp_path, url))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(savers) == 3
    config = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    checkpoint = {
        "v": 4,
        "id": "1ef4f797-8335-6428-8001-8a1503f9b875",
        "ts": "2026-01-01T00:00:00+00:00",
        "channel_values": {"request": "find the dog"},
        "channel_versions": {"request": "1"},
        "versions_seen": {},
    }
    savers[0].put(config, checkpoint, {"step": 1}, {"request": "1"})
    postgres.cut(url)
    kept = savers[1].get_tuple(config)
    assert kept is not None
    assert kept.checkpoint["channel_values"] == {"request": "find the dog"}
    for saver in savers:
        saver.conn.close()


@server
def test_conversations_that_cannot_be_reached_are_said(tmp_path: Path, url: str, postgres: PostgresServer) -> None:
    postgres.stop()
    try:
        for call in (lambda: one_turn(tmp_path, "a", url).__enter__(), lambda: open_checkpoints(tmp_path, url)):
            with pytest.raises((SessionUnsaved, StorageFailed)) as caught:
                call()
            assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    finally:
        postgres.start()


def test_settings_come_from_the_environment_unless_they_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings(home=tmp_path).database is None
    for name in ("DATABASE", "FILES", "VECTORS"):
        monkeypatch.setenv(f"GPT4VIDEO_{name}", f"some://{name}:hunter2@host")
    found = Settings(home=tmp_path)
    assert [found.database, found.files, found.vectors] == [
        f"some://{name}:hunter2@host" for name in ("DATABASE", "FILES", "VECTORS")
    ]
    assert Settings(home=tmp_path, database=None, files="x://y").model_dump(include={"database", "files"}) == {
        "database": None,
        "files": "x://y",
    }
    monkeypatch.setenv("GPT4VIDEO_FILES", "")
    assert Settings(home=tmp_path).files is None


def test_settings_show_no_password(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database="postgresql://me:hunter2@host/x")
    assert "hunter2" not in f"{settings} {settings!r}"
    with pytest.raises(ValidationError) as error:
        Settings(home=tmp_path, database=["postgresql://me:hunter2@host/x"])  # type: ignore[arg-type]
    assert "hunter2" not in str(error.value)
