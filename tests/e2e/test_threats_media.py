"""Threats 6, 16, 17 and 18: unsafe frames, scripts and bombs that pose as video, and everything that is broken."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gpt4video.policies.frames import FramePolicy
from gpt4video.tools.errors import MediaBroken, MediaRejected, OutOfResources
from gpt4video.tools.generation.base import GeneratedFrames, GenerationRequest
from gpt4video.tools.generation.double import DrawnGenerator
from gpt4video.tools.media import sandbox
from gpt4video.tools.media.decode import sample
from gpt4video.tools.media.write import write_video
from media_factory import HOSTILE, ODD, index_clip
from numpy.typing import NDArray

from .conftest import Agents
from .threat_checks import blocking_stages, generated, kept, tools_run

MAGENTA = (250, 0, 250)


class OneBadFrame(DrawnGenerator):
    """Draws what the double draws, and one frame in magenta."""

    def generate(self, request: GenerationRequest, *args: Any) -> GeneratedFrames:
        made = super().generate(request, *args)
        made.frames[len(made.frames) - 2] = MAGENTA
        return made


@pytest.fixture
def sees_magenta(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The classifier's place is taken by one that objects to magenta; how many frames it was shown, call by call."""
    shown: list[int] = []

    def scores(_self: FramePolicy, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        shown.append(len(frames))
        red, green, blue = frames.reshape(len(frames), -1, 3).mean(axis=1).T
        return ((red > 180) & (green < 80) & (blue > 180)).astype(np.float32) * 0.97

    monkeypatch.setattr(FramePolicy, "scores", scores)
    return shown


def test_06_one_unsafe_frame_blocks_a_generated_clip_and_nothing_is_kept(
    agents: Agents, tmp_path: Path, sees_magenta: list[int]
) -> None:
    agent = agents({"*": "gen 4s: a red ball ; edit $1 reverse"}, generator=OneBadFrame(tmp_path / "calls.jsonl"))
    before = kept(agent)
    answer = agent.ask("make a red ball and turn it", approve=True)
    assert set(blocking_stages(answer)) == {"media"}
    assert sum(sees_magenta) == 32, "every frame was looked at"
    assert answer.clips == []
    assert tools_run(answer)[0] == ("generate_video", "blocked")
    assert tools_run(answer)[1][1] != "done"
    assert kept(agent) == before
    with agent.components.library.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM job").fetchone()[0] == 0
    again = agent.ask("make a red ball and turn it", approve=True)
    assert again.blocked, "the ledger does not answer for what was blocked"
    assert len(generated(agent)) == 2


def test_06_unsafe_frames_in_a_file_keep_it_out(agents: Agents, tmp_path: Path, sees_magenta: list[int]) -> None:
    frames = np.full((30, 64, 96, 3), 90, np.uint8)
    frames[14:22] = MAGENTA
    write_video(tmp_path / "bad.mp4", frames, 10)
    agent = agents({"*": "look c1"})
    before = kept(agent)
    report = agent.ingest([tmp_path / "bad.mp4"])
    assert [bad.code for bad in report.failed] == ["media_blocked"]
    assert sees_magenta
    assert kept(agent) == before


def test_16_17_18_what_is_no_video_is_refused_by_its_kind_and_leaves_nothing(agents: Agents, tmp_path: Path) -> None:
    paths = []
    for name, (_, make) in HOSTILE.items():
        folder = tmp_path / name
        folder.mkdir()
        paths.append(make(folder / f"{name}.mp4"))
    agent = agents({})
    before = kept(agent)
    report = agent.ingest(paths)
    assert {Path(bad.path).stem: bad.code for bad in report.failed} == {
        name: code for name, (code, _) in HOSTILE.items()
    }
    assert (report.clips, report.skipped) == ([], [])
    assert kept(agent) == before


@pytest.mark.parametrize("name", ["playlist", "ffconcat", "text", "random bytes"])
def test_16_scripts_are_refused_before_any_decoder_sees_them(
    agents: Agents, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(sandbox, "ask", lambda *request: asked.append(request))
    agent = agents({"*": "look c1"})
    for suffix in (".mp4", ".m3u8", ".ffconcat", ".mkv", ""):
        folder = tmp_path / f"as{suffix}"
        folder.mkdir()
        with pytest.raises(MediaRejected):
            agent.ask("look at it", [HOSTILE[name][1](folder / f"clip{suffix}")])
    assert asked == []


def test_17_after_a_bomb_the_next_clip_is_taken_in(agents: Agents, tmp_path: Path) -> None:
    bombs = [HOSTILE[name][1](tmp_path / f"{name}.mp4") for name in ("twelve hours", "giant frames", "thousand fps")]
    agent = agents({})
    report = agent.ingest([*bombs, index_clip(tmp_path / "plain.mp4")])
    assert [Path(bad.path).stem for bad in report.failed] == ["twelve hours", "giant frames", "thousand fps"]
    assert all("limit is" in bad.error for bad in report.failed)
    assert len(report.clips) == 1


LENGTHS = {"truncated.mp4": (2.0, 4.0), "single_frame.mp4": (0.1, 0.1), "rotated.mp4": (1.0, 1.0),
           "two_tracks.mp4": (2.0, 2.0), "av1.mkv": (2.0, 2.0), "hevc_10bit.mp4": (2.0, 2.0),
           "damaged.mp4": (6.0, 6.0), "uneven.mp4": (4.3, 4.6)}  # fmt: skip
DAMAGED = {"truncated.mp4": "only", "damaged.mp4": "could not be"}


@pytest.mark.parametrize("name", ODD)
def test_18_odd_files_give_what_is_in_them_and_say_what_is_missing(agents: Agents, tmp_path: Path, name: str) -> None:
    agent = agents({"*": "look c1"})
    answer = agent.ask("what does it show?", [ODD[name](tmp_path / name)], thread="odd")
    clip = agent.components.library.clips()[2]
    shortest, longest = LENGTHS.get(name, (2.7, 3.1))
    assert shortest - 0.05 <= clip.duration <= longest + 0.05
    assert clip.status == "ready"
    assert answer.status == "answered"
    kinds = {item["kind"] for item in answer.evidence}
    assert {"media", "color"} <= kinds
    assert not kinds & {"caption", "text", "answer", "speech"}, "drawn colours hold nothing to describe"
    assert all(0 <= item["start"] <= item["end"] <= clip.duration + 0.05 for item in answer.evidence)
    partial = answer.steps[0]["result"]["partial"]
    assert bool(partial) == (name in DAMAGED)
    if partial:
        assert DAMAGED[name] in answer.answer


# --- mutations ---

TYPED = (MediaBroken, MediaRejected, OutOfResources)


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Overwrite, drop, insert and repeat pieces, half of them near the start, where the headers are."""
    out = bytearray(data)
    for _ in range(dice.choice((1, 4, 30, 150))):
        at = dice.randrange(len(out)) if dice.random() < 0.5 else min(len(out) - 1, int(dice.expovariate(1 / 300)))
        size = dice.randrange(1, 60)
        kind = dice.randrange(4)
        if kind == 0:
            out[at : at + 4] = dice.choice([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", dice.randbytes(4)])
        elif kind == 1:
            del out[at : at + size]
        elif kind == 2:
            out[at:at] = dice.randbytes(size)
        else:
            out[at:at] = out[at : at + size]
        if len(out) < 200:
            break
    return bytes(out)


def mutants(folder: Path, count: int, seed: str) -> Iterable[Path]:
    """So many damaged files of five containers; the same in every run."""
    dice = random.Random(seed)
    kinds = (".mp4", ".mov", ".mkv", ".avi", ".gif")
    folder.mkdir()
    whole = [index_clip(folder / f"whole{kind}", 20, tone=None if kind in (".avi", ".gif") else 440) for kind in kinds]
    for number in range(count):
        source = whole[number % len(whole)]
        path = folder / f"{number}{source.suffix}"
        path.write_bytes(mutate(source.read_bytes(), dice))
        yield path


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0


def children() -> set[int]:
    """Processes that this one started and that still run."""
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(child) for task in tasks for child in task.read_text().split()}


def test_18_two_hundred_damaged_files_give_frames_or_a_typed_error_in_one_living_worker(tmp_path: Path) -> None:
    paths = list(mutants(tmp_path / "mutants", 200, "sandbox"))
    sample(tmp_path / "mutants" / "whole.mp4", count=1)
    worker, files, outcomes = sandbox.worker_pid(), open_files(), []
    for path in paths:
        try:
            frames = sample(path, count=4, size=(64, 48))
        except TYPED as error:
            outcomes.append(error.code)
        else:
            outcomes.append("frames")
            assert frames.images.shape == (len(frames), 48, 64, 3)
    assert len(outcomes) == 200
    assert {"frames", "media_broken", "media_rejected"} <= set(outcomes)
    assert sandbox.worker_pid() == worker, "the worker crashed or hung"
    assert open_files() <= files + 2


def test_18_two_hundred_damaged_files_through_all_of_taking_in_leave_nothing_half_done(
    agents: Agents, tmp_path: Path
) -> None:
    paths = list(mutants(tmp_path / "mutants", 200, "ingest"))
    agent = agents({})
    agent.ingest([tmp_path / "mutants" / "whole.mp4"])
    before, files, running = kept(agent), open_files(), children()
    report = agent.ingest(paths)
    after = kept(agent)
    codes = {"media_broken", "media_rejected", "out_of_resources"}
    assert {bad.code for bad in report.failed} <= codes, [bad for bad in report.failed if bad.code not in codes]
    assert len(report.clips) + len(report.skipped) + len(report.failed) == len(paths)
    assert report.clips
    assert report.failed
    assert len(after["rows"]) == len(before["rows"]) + len(report.clips)
    assert {status for _, status in after["rows"]} == {"ready"}
    assert len(after["files"]) == len(after["rows"])
    assert after["left over"] == []
    assert open_files() <= files + 4
    assert children() <= running
