"""Libraries of every earlier version open in this one with nothing lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from gpt4video.memory.errors import ClipUnknown, LibraryDamaged, NotStorable, StorageFailed
from gpt4video.memory.library import Clip, ClipFacts, Library
from gpt4video.memory.lineage import Lineage
from gpt4video.memory.schema import MIGRATIONS, SCHEMA_VERSION

FACTS = ClipFacts(duration=1, width=2, height=2, fps=1)

VERSION_1 = """
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version VALUES (1);
CREATE TABLE clip (
    user TEXT NOT NULL, id TEXT NOT NULL, sha256 TEXT NOT NULL, path TEXT NOT NULL, source TEXT, title TEXT NOT NULL,
    duration REAL NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, fps REAL NOT NULL,
    has_audio INTEGER NOT NULL, bytes INTEGER NOT NULL, added REAL NOT NULL, status TEXT NOT NULL,
    PRIMARY KEY (user, id)
);
CREATE INDEX clip_by_path ON clip (path);
CREATE TABLE lineage (
    user TEXT NOT NULL, clip TEXT NOT NULL, operation TEXT NOT NULL, arguments TEXT NOT NULL, model TEXT NOT NULL,
    seed INTEGER, prompt TEXT NOT NULL, PRIMARY KEY (user, clip),
    FOREIGN KEY (user, clip) REFERENCES clip (user, id) ON DELETE CASCADE
);
CREATE TABLE lineage_parent (
    user TEXT NOT NULL, clip TEXT NOT NULL, position INTEGER NOT NULL, parent TEXT NOT NULL,
    PRIMARY KEY (user, clip, position),
    FOREIGN KEY (user, clip) REFERENCES lineage (user, clip) ON DELETE CASCADE
);
CREATE INDEX lineage_by_parent ON lineage_parent (user, parent);
CREATE TABLE analysis (
    user TEXT NOT NULL, clip TEXT NOT NULL, version TEXT NOT NULL, data TEXT NOT NULL, created REAL NOT NULL,
    PRIMARY KEY (user, clip, version),
    FOREIGN KEY (user, clip) REFERENCES clip (user, id) ON DELETE CASCADE
);
CREATE TABLE job (
    user TEXT NOT NULL, key TEXT NOT NULL, status TEXT NOT NULL, owner TEXT NOT NULL, started REAL NOT NULL,
    ended REAL, clips TEXT NOT NULL DEFAULT '[]', result TEXT, PRIMARY KEY (user, key)
);
"""
"""The schema that the first released program wrote, word for word."""

FIRST, SECOND = "0" * 15 + "1", "0" * 15 + "2"
ROWS = (
    """
INSERT INTO clip VALUES ('local', 'FIRST', 'FIRSTZEROS', 'clips/00/FIRST.mp4', '/v.mp4', 'v',
    2.5, 64, 48, 29.97, 1, 3, 10.5, 'ready');
INSERT INTO clip VALUES ('local', 'SECOND', 'SECONDZEROS', 'clips/00/SECOND.mp4', NULL, 'trim',
    1.25, 64, 48, 29.97, 0, 3, 11.5, 'ready');
INSERT INTO lineage VALUES ('local', 'SECOND', 'trim', '{"end":1.25}', '', 9223372036854775807, '');
INSERT INTO lineage_parent VALUES ('local', 'SECOND', 0, 'FIRST');
INSERT INTO analysis VALUES ('local', 'FIRST', 'v1', '{"seen":true}', 12.5);
INSERT INTO job VALUES ('local', 'k', 'done', 'gone', 1.5, 2.5, '["SECOND"]', '{"made":1}');
""".replace("FIRST", FIRST)
    .replace("SECOND", SECOND)
    .replace("ZEROS", "0" * 48)
)


def earlier(home: Path, database: str | None) -> None:
    """Write a library of version 1 with data."""
    (home / "clips" / "00").mkdir(parents=True)
    for name in (FIRST, SECOND):
        (home / "clips" / "00" / f"{name}.mp4").write_bytes(b"abc")
    if database is None:
        connection = sqlite3.connect(home / "library.sqlite")
        connection.executescript(VERSION_1 + ROWS)
        connection.close()
        return
    import psycopg

    with psycopg.connect(database) as shared:
        shared.execute("CREATE TABLE schema_version (version INTEGER NOT NULL)")
        shared.execute("INSERT INTO schema_version VALUES (1)")
        for statement in MIGRATIONS[0]:
            shared.execute(statement)
        shared.execute(ROWS)


def test_a_library_of_version_1_is_brought_to_the_newest_and_loses_nothing(
    tmp_path: Path, database: str | None
) -> None:
    earlier(tmp_path / "home", database)
    for _ in range(2):
        with Library(tmp_path / "home", database=database) as library:
            clips = library.clips()
            assert [clip.id for clip in clips] == [FIRST, SECOND]
            assert clips[0] == Clip(
                **FACTS.model_copy(update={"duration": 2.5, "width": 64, "height": 48, "fps": 29.97}).model_dump(
                    exclude={"has_audio"}
                ),
                has_audio=True,
                id=FIRST,
                path=(tmp_path / "home" / "clips" / "00" / f"{FIRST}.mp4").resolve(),
                source="/v.mp4",
                title="v",
                bytes=3,
                added=10.5,
                status="ready",
            )
            lineage = Lineage(operation="trim", parents=[FIRST], arguments={"end": 1.25}, seed=2**63 - 1)
            assert library.lineage(SECOND) == lineage
            assert library.analysis(FIRST, "v1") == {"seen": True}
            job = library.ledger.find("k")
            assert job is not None
            assert (job.state, job.clips, job.result) == ("done", [SECOND], {"made": 1})
            with library.transaction() as connection:
                versions = [row["version"] for row in connection.execute("SELECT version FROM schema_version")]
            assert sorted(versions) == list(range(1, SCHEMA_VERSION + 1))
            library.sources.put("/v.mp4", FIRST, 3, 1.0)


def test_a_migration_that_fails_leaves_the_library_as_it_was(tmp_path: Path, database: str | None) -> None:
    earlier(tmp_path / "home", database)
    blocker = "CREATE TABLE episode (taken TEXT)"
    if database is None:
        with sqlite3.connect(tmp_path / "home" / "library.sqlite") as connection:
            connection.execute(blocker)
        connection.close()
    else:
        import psycopg

        with psycopg.connect(database) as shared:
            shared.execute(blocker)
    with pytest.raises(StorageFailed if database is None else LibraryDamaged, match="episode"):
        Library(tmp_path / "home", database=database)
    if database is None:
        with sqlite3.connect(tmp_path / "home" / "library.sqlite") as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            assert connection.execute("SELECT max(version) FROM schema_version").fetchone() == (1,)
        connection.close()
        assert "source" not in tables


def clip_of(library: Library, folder: Path, content: bytes, *, user: str = "local") -> Clip:
    path = folder / f"{content.hex()}.mp4"
    path.write_bytes(content)
    return library.add(path, FACTS, user=user)


def test_sources_tell_which_file_gave_which_clip(tmp_path: Path, database: str | None) -> None:
    with Library(tmp_path / "home", database=database) as library:
        first, second = (clip_of(library, tmp_path, content) for content in (b"1", b"2"))
        sources = library.sources
        sources.put("/b\ud800.mp4", first.id, 5_000_000_000, 1700000000.123456)
        sources.put("/a.mp4", first.id, 1, 2.5)
        found = sources.get("/b\ud800.mp4")
        assert found is not None
        assert (found.clip, found.size, found.modified) == (first.id, 5_000_000_000, 1700000000.123456)
        assert [row.path for row in sources.all()] == ["/a.mp4", "/b\\ud800.mp4"]
        sources.put("/a.mp4", second.id, 2, 3.5)
        assert [row.clip for row in sources.all()] == [second.id, first.id]
        assert sources.get("/c.mp4") is None
        with pytest.raises(ClipUnknown):
            sources.put("/c.mp4", "0" * 16, 1, 1.0)
        library.forget(first.id)
        assert [row.path for row in sources.all()] == ["/a.mp4"]
        sources.forget(second.id)
        assert sources.all() == []


def test_episodes_are_kept_in_order_until_they_or_their_clips_are_forgotten(
    tmp_path: Path, database: str | None
) -> None:
    with Library(tmp_path / "home", database=database) as library:
        clip = clip_of(library, tmp_path, b"1")
        episodes = library.episodes
        names = [episodes.add("t", "said", f"note {number}", {"n": number}) for number in range(3)]
        about = episodes.add("u", "made", "a trim", [clip.id], clips=[clip.id, clip.id])
        assert [one.id for one in episodes.all()] == [*names, about]
        assert [one.text for one in episodes.recent(2)] == ["a trim", "note 2"]
        assert episodes.recent(0) == []
        newest = episodes.recent(1)[0]
        assert (newest.thread, newest.kind, newest.data) == ("u", "made", [clip.id])
        assert episodes.forget(names[0])
        assert not episodes.forget(names[0])
        library.forget(clip.id)
        assert [one.id for one in episodes.all()] == names[1:]
        with pytest.raises(NotStorable):
            episodes.add("t", "said", "x", float("nan"))
        assert episodes.forget_all() == 2
        assert episodes.all() == []


def test_users_do_not_see_each_others_sources_and_episodes(tmp_path: Path, database: str | None) -> None:
    with Library(tmp_path / "home", database=database) as library:
        clip = clip_of(library, tmp_path, b"1", user="alice")
        clip_of(library, tmp_path, b"1", user="bob")
        library.sources.put("/a.mp4", clip.id, 1, 1.0, user="alice")
        name = library.episodes.add("t", "said", "hers", clips=[clip.id], user="alice")
        assert library.sources.all(user="bob") == []
        assert library.sources.get("/a.mp4", user="bob") is None
        assert library.episodes.all(user="bob") == library.episodes.recent(9, user="bob") == []
        assert not library.episodes.forget(name, user="bob")
        assert library.episodes.forget_all(user="bob") == 0
        library.sources.forget(clip.id, user="bob")
        library.forget(clip.id, user="bob")
        assert len(library.sources.all(user="alice")) == len(library.episodes.all(user="alice")) == 1


def test_a_damaged_table_is_said(tmp_path: Path, database: str | None) -> None:
    with Library(tmp_path / "home", database=database) as library:
        with library.transaction() as connection:
            connection.execute("DROP TABLE episode_clip")
            connection.execute("DROP TABLE episode")
        with pytest.raises(StorageFailed if database is None else LibraryDamaged, match="episode"):
            library.episodes.all()
