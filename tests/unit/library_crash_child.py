"""Run by the crash tests in a process of its own: work on a library, and be killed at the N-th step of it.

``python library_crash_child.py HOME MEDIA DATABASE`` forks a child for N = 1, 2, ...; each works on a fresh home
(and in the emptied Postgres database DATABASE, unless that is "") and is killed before its N-th statement or file
operation; then the home is checked, the work is done again, and checked again. Prints the number of points when a
child gets through unharmed.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gpt4video.memory.database import SqliteDatabase
from gpt4video.memory.library import ClipFacts, Library
from gpt4video.memory.lineage import Lineage

FACTS = ClipFacts(duration=1, width=2, height=2, fps=1)


def work(library: Library, media: Path) -> None:
    """Take in a clip, make one from it as a job, forget a third."""
    source = library.add(media / "a.mp4", FACTS)

    def keep(path: Path) -> tuple[object, list[str]]:
        clip = library.add(path, FACTS, lineage=Lineage(operation="trim", parents=[source.id]))
        return {"made": clip.id}, [clip.id]

    library.ledger.once("job", lambda: media / "b.mp4", keep, patience=1)
    library.put_analysis(source.id, "v1", {"seen": True})
    library.forget(library.add(media / "c.mp4", FACTS).id)


def check(library: Library, *, finished: bool) -> None:
    """Whatever happened, nothing is there by half."""
    clips = {clip.id: clip for clip in library.clips()}
    for clip in clips.values():
        assert hashlib.sha256(clip.path.read_bytes()).hexdigest()[:16] == clip.id
    made = [clip for clip in clips.values() if clip.operation == "trim"]
    job = library.ledger.find("job")
    assert bool(made) == (job is not None), "a job and its clip are kept together"
    assert all(clip.parents[0] in clips for clip in made)
    library.sweep()
    if clips:
        folder = next(iter(clips.values())).path.parents[1]
        assert set(folder.glob("??/*")) == {clip.path for clip in clips.values()}
    if finished:
        assert len(clips) == 2
        assert len(made) == 1


def killed_at(count: int, library: Library) -> None:
    """Arrange for SIGKILL before the ``count``-th statement or file operation."""
    left = [count]

    def step(*_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def stepping(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            step()
            return function(*arguments, **options)

        return wrapped

    database: Any = library._database
    if isinstance(database, SqliteDatabase):
        database._connection.set_trace_callback(step)
    else:
        database._run = stepping(database._run)
    for name in ("replace", "fsync", "unlink", "open"):
        setattr(os, name, stepping(getattr(os, name)))


def emptied(database: str) -> None:
    """Drop every table, so that the next library is a new one."""
    import psycopg

    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def ended(database: str | None) -> None:
    """Wait until the server has noticed that whoever used the database is gone."""
    if database is None:
        return
    import psycopg

    there = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    with psycopg.connect(database, autocommit=True) as connection:
        while connection.execute(there).fetchone() != (1,):
            time.sleep(0.01)


def main() -> None:
    """Kill at every point in turn."""
    root, media, database = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] or None
    for count in range(1, 500):
        home = root / str(count)
        if database is not None:
            emptied(database)
        child = os.fork()
        if child == 0:
            library = Library(home, database=database)
            killed_at(count, library)
            work(library, media)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        ended(database)
        with Library(home, database=database) as library:
            assert list((home / "incoming").iterdir()) == []
            check(library, finished=not os.WIFSIGNALED(status))
            work(library, media)
            check(library, finished=True)
        if not os.WIFSIGNALED(status):
            assert status == 0
            print(count - 1)  # noqa: T201 - the answer
            return


if __name__ == "__main__":
    main()
