"""Background jobs: one holder at a time, taken over from the dead, final once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gpt4video.memory.library import Library

BODY = {"step": {"tool": "generate_video"}}


@pytest.fixture
def library(tmp_path: Path, database: str | None) -> Iterator[Library]:
    with Library(tmp_path / "home", database=database) as opened:
        yield opened


def test_a_job_has_one_holder_until_that_dies(library: Library, tmp_path: Path, database: str | None) -> None:
    library.background.put("j", "t", BODY)
    library.background.put("j", "t", {"step": "another"})
    with Library(tmp_path / "home", database=database) as worker:
        claimed = worker.background.claim("j")
        assert claimed is not None
        assert (claimed.body, claimed.attempts, claimed.alive) == (BODY, 1, True)
        assert library.background.claim("j") is None
        assert library.background.offer("j") is False
        worker.background.beat("j", 0.5, "drawing")
        seen = library.background.get("j")
        assert seen is not None
        assert (seen.status, seen.fraction, seen.note, seen.alive) == ("running", 0.5, "drawing", True)
    dead = library.background.get("j")
    assert dead is not None
    assert (dead.status, dead.alive) == ("running", False)
    again = library.background.claim("j")
    assert again is not None
    assert again.attempts == 2


def test_what_is_over_stays_as_it_is(library: Library) -> None:
    jobs = library.background
    jobs.put("j", "t", BODY)
    jobs.claim("j")
    jobs.end("j", "done", {"made": 1})
    jobs.end("j", "failed", {"made": 2})
    jobs.stop("j")
    jobs.release("j")
    over = jobs.get("j")
    assert over is not None
    assert (over.status, over.result, over.over) == ("done", {"made": 1}, True)
    assert jobs.claim("j") is None


def test_stopping_asks_the_living_and_cancels_what_nobody_runs(library: Library) -> None:
    jobs = library.background
    for name in ("run", "wait"):
        jobs.put(name, "t", BODY)
    jobs.claim("run")
    for name in ("run", "wait"):
        jobs.stop(name)
    assert [(job.id, job.status, job.stop) for job in jobs.all()] == [
        ("run", "queued", True),
        ("wait", "cancelled", True),
    ]


def test_a_job_given_back_does_not_count_as_begun(library: Library) -> None:
    jobs = library.background
    jobs.put("j", "t", BODY)
    jobs.claim("j")
    jobs.release("j")
    free = jobs.get("j")
    assert free is not None
    assert (free.status, free.attempts, free.alive, free.claimed) == ("queued", 0, False, True)


def test_each_conversation_hears_of_its_own_once(library: Library) -> None:
    jobs = library.background
    for name, thread, user in (("a", "t", "local"), ("b", "t", "local"), ("c", "other", "local"), ("d", "t", "bob")):
        jobs.put(name, thread, BODY, user=user)
        if name != "b":
            jobs.end(name, "done", {}, user=user)
    assert [job.id for job in jobs.untold("t")] == ["a"]
    jobs.told(["a"])
    assert jobs.untold("t") == []
    assert [job.id for job in jobs.untold("t", user="bob")] == ["d"]
    assert [job.id for job in jobs.all()] == ["a", "b", "c"]
