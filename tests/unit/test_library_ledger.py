"""The job ledger: an effect happens once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpt4video.memory.errors import JobBusy, JobLost, NotStorable
from gpt4video.memory.ledger import job_key
from gpt4video.memory.library import ClipFacts, Library

FACTS = ClipFacts(duration=1, width=2, height=2, fps=1)


@pytest.fixture
def library(tmp_path: Path, database: str | None) -> Iterator[Library]:
    with Library(tmp_path / "home", database=database) as opened:
        yield opened


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "v.mp4"
    path.write_bytes(b"video")
    return path


def test_equal_jobs_have_equal_keys_and_others_do_not() -> None:
    key = job_key("edit_video", {"a": 1, "b": [2]}, inputs=["c1"], revision="r", seed=3)
    assert key == job_key("edit_video", {"b": (2,), "a": 1}, inputs=("c1",), revision="r", seed=3)
    others = [
        job_key("other", {"a": 1, "b": [2]}, inputs=["c1"], revision="r", seed=3),
        job_key("edit_video", {"a": 1, "b": [3]}, inputs=["c1"], revision="r", seed=3),
        job_key("edit_video", {"a": 1, "b": [2]}, inputs=["c2"], revision="r", seed=3),
        job_key("edit_video", {"a": 1, "b": [2]}, inputs=["c1"], revision="s", seed=3),
        job_key("edit_video", {"a": 1, "b": [2]}, inputs=["c1"], revision="r", seed=4),
    ]
    assert len({key, *others}) == 6
    with pytest.raises(NotStorable):
        job_key("t", {"x": float("inf")})


def test_a_done_job_gives_its_result_again(library: Library, video: Path) -> None:
    ledger = library.ledger
    assert ledger.find("k") is None
    assert ledger.begin("k").state == "started"
    clip = library.add(video, FACTS)
    ledger.done("k", {"notes": ["x"]}, clips=[clip.id])
    for job in (ledger.begin("k"), ledger.find("k")):
        assert job is not None
        assert (job.state, job.result, job.clips) == ("done", {"notes": ["x"]}, [clip.id])
    assert ledger.begin("k", user="bob").state == "started"


def test_a_running_job_is_busy_for_everyone_else_until_it_is_abandoned(
    library: Library, tmp_path: Path, database: str | None
) -> None:
    library.ledger.begin("k")
    with Library(tmp_path / "home", database=database) as other:
        assert library.ledger.begin("k").state == "busy"
        assert other.ledger.begin("k").state == "busy"
        with pytest.raises(JobLost):
            other.ledger.done("k", {})
        other.ledger.abandon("k")
        assert other.ledger.begin("k").state == "busy"
        library.ledger.abandon("k")
        assert other.ledger.begin("k").state == "started"


def test_a_job_of_a_closed_library_is_taken_over(tmp_path: Path, database: str | None) -> None:
    with Library(tmp_path, database=database) as first:
        first.ledger.begin("k")
    with Library(tmp_path, database=database) as second:
        assert second.ledger.find("k") is None
        job = second.ledger.begin("k")
        assert (job.state, job.taken_over) == ("started", True)
        second.ledger.done("k", 1)


def test_a_job_whose_clip_was_forgotten_is_done_again(library: Library, video: Path) -> None:
    library.ledger.begin("k")
    clip = library.add(video, FACTS)
    library.ledger.done("k", {}, clips=[clip.id])
    library.forget(clip.id)
    assert library.ledger.find("k") is None
    assert library.ledger.begin("k").state == "started"


def test_once_works_once(library: Library, video: Path) -> None:
    calls: list[str] = []

    def work() -> Path:
        calls.append("work")
        return video

    def keep(path: Path) -> tuple[object, list[str]]:
        clip = library.add(path, FACTS)
        return {"made": clip.id}, [clip.id]

    first = library.ledger.once("k", work, keep)
    assert library.ledger.once("k", work, keep) == first
    assert calls == ["work"]
    assert first.clips == [library.clips()[0].id]


def test_a_failed_job_keeps_nothing_and_may_be_tried_again(library: Library, video: Path) -> None:
    def keep(_: object) -> tuple[object, list[str]]:
        library.add(video, FACTS)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.ledger.once("k", lambda: None, keep)
    assert library.clips() == []
    assert library.ledger.begin("k").state == "started"


def test_threads_that_want_the_same_job_share_one_effect(library: Library) -> None:
    calls: list[int] = []
    results: list[object] = []

    def work() -> int:
        calls.append(1)
        time.sleep(0.2)
        return 5

    def run() -> None:
        results.append(library.ledger.once("k", work, lambda made: (made, [])).result)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == [1]
    assert results == [5] * 4


def test_patience_ends(library: Library) -> None:
    library.ledger.begin("k")
    with pytest.raises(JobBusy):
        library.ledger.once("k", lambda: None, lambda _: (None, []), patience=0.01)
