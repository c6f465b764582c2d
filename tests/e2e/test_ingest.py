"""Taking in folders: what is there already, what has changed, what comes in, what was cut off, and forgetting."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from gpt4video.agent.files import arriving, videos_in
from gpt4video.agent.reports import FileProgress
from gpt4video.agent.searching import search_library
from gpt4video.memory.errors import ClipUnknown
from gpt4video.tools.media.write import write_video
from media_factory import index_clip

from .conftest import FPS, Agents, kill_at, moving_square

COLOURS = {"red": (200, 20, 20), "green": (20, 160, 30), "blue": (30, 60, 210)}


def drawn(path: Path, colour: str, frames: int = 14) -> Path:
    """A short clip of a square in a colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, moving_square(COLOURS[colour], (235, 235, 235), frames), FPS)
    return path


def test_a_folder_is_taken_in_with_what_lies_below_it_and_each_content_once(agents: Agents, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    drawn(folder / "a.mp4", "red")
    shutil.copyfile(folder / "a.mp4", folder / "copy of a.mp4")
    drawn(folder / "deep" / "er" / "b.mp4", "green").rename(folder / "deep" / "er" / "b.MP4")
    (folder / "notes.txt").write_text("no video")
    drawn(folder / ".hidden" / "c.mp4", "blue")
    agent, told = agents({}), list[FileProgress]()
    before = len(agent.components.library.clips())

    report = agent.ingest([folder], report=told.append)
    again = agent.ingest([folder / "**" / "*.*"])

    assert (len(report.clips), len(report.skipped), report.failed) == (2, 1, [])
    assert len(agent.components.library.clips()) == before + 2
    assert sorted(again.skipped) == sorted([*report.clips, *report.skipped])
    assert [bad.code for bad in again.failed] == ["media_rejected"]  # the pattern named the text, too
    assert [one.path.name for one in told if one.ended] == ["a.mp4", "copy of a.mp4", "b.MP4"]
    assert max(one.seconds for one in told if one.path.name == "a.mp4") > 0.5


def test_a_file_that_has_changed_is_noticed_and_the_old_clip_stays(agents: Agents, tmp_path: Path) -> None:
    path, agent = drawn(tmp_path / "a.mp4", "red"), agents({})
    first = agent.ingest([path]).clips[0]
    drawn(path, "green", frames=20)

    report = agent.ingest([path])

    assert [(one.before, one.now) for one in report.changed] == [(first, report.clips[0])]
    assert {first, report.clips[0]} <= {clip.id for clip in agent.components.library.clips()}
    assert agent.ingest([path]).changed == []


def test_what_is_known_is_told_by_size_and_time_without_reading_it(
    agents: Agents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, agent = drawn(tmp_path / "a.mp4", "red"), agents({})
    clips = agent.ingest([path]).clips
    monkeypatch.setattr("gpt4video.agent.ingest._digest", lambda _path: pytest.fail("it was read"))
    assert agent.ingest([path]).skipped == clips


def test_a_forgotten_clip_is_gone_from_rows_files_and_searches(agents: Agents, tmp_path: Path) -> None:
    path, agent = drawn(tmp_path / "a.mp4", "red"), agents({})
    clip = agent.components.library.get(agent.ingest([path]).clips[0])
    agent.ask("look", [clip.id], thread="t")

    agent.forget(clip.id)

    assert not clip.path.exists()
    assert not agent.components.memory.holds(clip.id)
    with pytest.raises(ClipUnknown):
        agent.components.library.get(clip.id)
    found = search_library(agent.components, text="a red square", count=50)
    assert clip.id not in {hit["clip"] for hit in found}
    assert agent.components.library.sources.all() == [
        row for row in agent.components.library.sources.all() if row.clip != clip.id
    ]
    assert agent.ingest([path]).clips == [clip.id]  # it may come back


def test_a_turn_that_names_a_forgotten_clip_says_so_and_goes_on(agents: Agents, tmp_path: Path) -> None:
    agent = agents({"first": "look c1", "*": "edit c1 reverse"})
    clip = agent.components.intake.resolve(drawn(tmp_path / "a.mp4", "red"), user="local")
    agent.ask("first", [clip], thread="t")
    agent.forget(clip)

    answer = agent.ask("play it backwards", thread="t")

    assert answer.status == "failed"
    assert "no clip" in answer.answer.lower() or "forgotten" in answer.answer.lower()


KILLED = """
import sys, time
from pathlib import Path
from gpt4video.agent.assistant import VideoAgent

home, mark, moment, folder = sys.argv[1:]
def stay(*a, **k):
    Path(mark).touch()
    time.sleep(600)
if moment == "look":
    from gpt4video.tools.understanding.passes import ClipPass
    ClipPass.finish = stay
elif moment == "index":
    from gpt4video.memory.search import ClipMemory
    ClipMemory.index = stay
else:
    from gpt4video.memory.library import Library
    setattr(Library, moment, stay)
VideoAgent(home=home, viewer="off").ingest([folder])
"""


@pytest.mark.parametrize("moment", ["look", "add", "index", "set_status"])
def test_killed_at_any_point_the_same_call_goes_on(agents: Agents, tmp_path: Path, moment: str) -> None:
    agents({}).close()  # the copy of the home is made
    drawn(tmp_path / "in" / "a.mp4", "red")
    drawn(tmp_path / "in" / "b.mp4", "green")
    mark = tmp_path / "mark"
    kill_at(mark, [sys.executable, "-c", KILLED, str(tmp_path / "home"), str(mark), moment, str(tmp_path / "in")])

    agent = agents({})
    report = agent.ingest([tmp_path / "in"])

    assert report.failed == []
    assert len({*report.clips, *report.skipped}) == 2
    held = agent.components.library.clips()
    assert len(held) == 4
    assert all(clip.status == "ready" and agent.components.memory.holds(clip.id) for clip in held)


def test_what_comes_into_a_watched_folder_is_given_once_it_has_stopped_growing(tmp_path: Path) -> None:
    stop, seen = threading.Event(), list[str]()
    source = index_clip(tmp_path / "source.mp4")
    (tmp_path / "in").mkdir()

    def watch() -> None:
        for files in arriving([tmp_path / "in"], stop):
            seen.extend(f"{path.name}:{path.stat().st_size}" for path in files)

    thread = threading.Thread(target=watch)
    thread.start()
    time.sleep(1.0)
    whole = source.read_bytes()
    growing = tmp_path / "in" / "late.mp4"
    growing.write_bytes(whole[: len(whole) // 2])
    (tmp_path / "in" / "notes.txt").write_text("no video")
    time.sleep(1.0)
    with growing.open("ab") as file:
        file.write(whole[len(whole) // 2 :])
    for _ in range(200):
        if seen:
            break
        time.sleep(0.1)
    stop.set()
    thread.join(timeout=20)
    assert seen == [f"late.mp4:{len(whole)}"]


def test_files_are_meant_once_in_order_and_a_pattern_without_files_is_a_fault(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.mp4", "sub/c.webm", "sub/d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [str(path.relative_to(tmp_path)) for path in videos_in([tmp_path / "b.mp4", tmp_path, tmp_path / "*.mp4"])]
    assert names == ["b.mp4", "a.mp4", "sub/c.webm"]
    assert videos_in([tmp_path / "*.mov"]) == [tmp_path / "*.mov"]
    odd = tmp_path / "what[1].mp4"
    odd.touch()
    assert videos_in([odd]) == [odd]


def test_frames_are_decoded_once_for_the_guard_and_for_understanding(
    agents: Agents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gpt4video.agent import frames as module
    from gpt4video.tools.media import decode

    agent = agents({}, policies=None)
    passes: list[object] = []
    whole = decode._all_frames
    monkeypatch.setattr(decode, "_all_frames", lambda *given: passes.append(given) or whole(*given))
    taken: list[int] = []
    scan = module.frames_of_file
    monkeypatch.setattr(
        "gpt4video.agent.components.frames_of_file",
        lambda *given: (taken.append(len(part)) or part for part in scan(*given)),
    )

    agent.ingest([drawn(tmp_path / "a.mp4", "red", frames=36)])

    assert len(passes) == 1
    assert sum(taken) >= 6  # three seconds, two frames a second
    assert np.all(np.array(taken) > 0)
