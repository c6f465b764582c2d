"""One decoding read by several: each sees every frame, faults reach all, nobody waits for whoever has left."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from gpt4video.tools.errors import MediaBroken
from gpt4video.tools.media.decode import Frames, Larger, stream
from gpt4video.tools.media.probe import probe
from gpt4video.tools.media.readers import PyavReader, Request
from gpt4video.tools.media.shared import AHEAD, SharedFrames
from media_factory import index_clip, read_indices


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_clip(tmp_path_factory.mktemp("clips") / "a.mp4", 60, fps=20)


def batches(clip: Path, given: list[int], fault: Exception | None = None) -> Iterator[Frames]:
    """The clip in batches of ten, counting what was given out."""
    for part in stream(clip, batch=10):
        given.append(len(part))
        yield part
    if fault is not None:
        raise fault


def read(frames: Iterator[Frames]) -> list[int]:
    return [index for part in frames for index in read_indices(part.images)]


def test_every_reader_sees_every_frame_and_the_file_is_decoded_once(clip: Path) -> None:
    given: list[int] = []
    with ThreadPoolExecutor(2) as pool, SharedFrames(batches(clip, given), readers=2) as shared:
        one, two = (pool.submit(read, iter(shared.reader())) for _ in range(2))
        assert one.result() == two.result() == list(range(60))
    assert sum(given) == 60


def test_nobody_waits_for_a_reader_that_has_left_or_was_never_taken(clip: Path) -> None:
    given: list[int] = []
    with SharedFrames(batches(clip, given), readers=3) as shared:
        left = iter(shared.reader())
        next(left)
        left.close()  # type: ignore[attr-defined]
        rest = shared.reader()
        shared.drop()
        assert len(read(iter(rest))) == 60


def test_decoding_runs_no_further_ahead_than_the_slowest_reader_allows(clip: Path) -> None:
    given: list[int] = []
    with SharedFrames(batches(clip, given), readers=1) as shared:
        slow = iter(shared.reader())
        next(slow)
        time.sleep(0.5)
        assert len(given) <= AHEAD + 2


def test_a_fault_reaches_every_reader(clip: Path) -> None:
    with SharedFrames(batches(clip, [], MediaBroken("Broken.", "Mend it.")), readers=2) as shared:
        with ThreadPoolExecutor(2) as pool:
            ends = [pool.submit(read, iter(shared.reader())) for _ in range(2)]
        for end in ends:
            with pytest.raises(MediaBroken, match="Broken"):
                end.result()


def test_a_reader_at_work_is_told_that_reading_was_stopped(clip: Path) -> None:
    begun, ended = threading.Event(), threading.Event()

    def work(shared: SharedFrames) -> str:
        frames = iter(shared.reader())
        next(frames)
        begun.set()
        ended.wait(10)
        try:
            read(frames)
        except MediaBroken as error:
            return error.message
        return "read to the end"

    with ThreadPoolExecutor(1) as pool:
        with SharedFrames(batches(clip, []), readers=1) as shared:
            result = pool.submit(work, shared)
            begun.wait(10)
        ended.set()
        assert result.result() == "Reading was stopped before the end."


def test_some_frames_come_large_as_well(clip: Path) -> None:
    info = probe(clip)
    parts = list(stream(clip, size=(info.width // 2, info.height // 2), larger=Larger((info.width, info.height), 0.5)))

    larger = [one for part in parts for one in part.larger]
    moments = [round(moment, 3) for moment, _ in larger]
    assert {0.0, 0.5, 1.0, 1.5, 2.0, 2.5} <= set(moments)
    assert 0.3 in moments  # here the colour jumps: the first frame of another picture comes besides
    assert read_indices(np.stack([image for _, image in larger])) == [round(20 * moment) for moment in moments]
    assert sum(len(part) for part in parts) == 60
    assert {image.shape for _, image in larger} == {(info.height, info.width, 3)}


def test_batches_read_on_without_going_back(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = PyavReader(Request(str(clip), "mp4", 64, 48))
    monkeypatch.setattr(reader, "_rewind", lambda _time: pytest.fail("it went back"))
    last, seen = -1.0, 0
    while taken := list(reader.after(last, 7)):
        last, seen = taken[-1][0], seen + len(taken)
    assert seen == 60
