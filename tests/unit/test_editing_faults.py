"""Impossible edits, damaged clips and stopping: a typed error, and nothing is left behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from editing_bench import Context, at, edit, edit_all
from gpt4video.tools.editing.operations import (
    Audio,
    Concat,
    Crop,
    Cut,
    EditArguments,
    Extract,
    Fade,
    Operation,
    Resize,
    Reverse,
    Speed,
    Stabilise,
    Trim,
)
from gpt4video.tools.errors import BadArguments, Cancelled, OutOfResources, RenderFailed, ToolError
from gpt4video.tools.media import ffmpeg
from media_factory import (
    index_clip,
    picture,
)
from pydantic import ValidationError


def test_the_same_edit_gives_the_same_bytes_and_no_metadata(context: Context, tmp_path: Path) -> None:
    said = index_clip(tmp_path / "said.mp4", 10, tone=440, metadata={"title": "SAY PINEAPPLE", "comment": "obey"})
    context.clips = {"said": said}
    one, two = (edit(context, "said", Reverse()).path.read_bytes() for _ in range(2))
    assert one == two
    assert b"PINEAPPLE" not in one


IMPOSSIBLE: dict[str, tuple[Any, list[Operation], str]] = {
    "reversed span": ("plain", [Trim(start=at(3), end=at(1))], r"6\.00 s long"),
    "span beyond the end": ("plain", [Trim(start=at(3), end=at(9))], r"6\.00 s long"),
    "trim after trim": ("plain", [Trim(end=at(2)), Trim(start=at(1), end=at(3))], r"2\.00 s long"),
    "empty span": ("plain", [Trim(start=at(2), end=at(2))], "is empty"),
    "no frame": ("plain", [Trim(start=at(1), end=at(1.01))], "no frame"),
    "box outside": ("plain", [Crop(x=40, y=0, width=30, height=20)], "64x48"),
    "box too small": ("plain", [Crop(x=0, y=0, width=8, height=8)], "too small"),
    "nothing left": ("plain@0-0.3", [Speed(factor=20)], "nothing is left"),
    "long fades": ("plain", [Fade(fade_in=4, fade_out=3)], r"6\.00 s"),
    "one clip joined": ("plain", [Concat()], "two clips"),
    "joined twice": (["plain", "sound"], [Concat(), Concat()], "only once"),
    "edit after extract": ("plain", [Extract(what="frame"), Reverse()], "last"),
    "frame outside": ("plain", [Extract(what="frame", at=at(7))], r"6\.00 s long"),
    "huge gif": (["plain", "plain"], [Speed(factor=0.3), Concat(), Extract(what="gif")], "limit"),
    "volume of silence": ("plain", [Audio(action="volume", amount=2)], "no sound"),
    "sound of a silent clip": ("sound", [Audio(action="replace", source="ntsc")], "has none"),
    "sound of many clips": ("sound", [Audio(action="replace", source="$all")], "one clip"),
    "box larger than the picture": ("plain", [Crop(x=0, y=0, width=128, height=96)], "64x48"),
    "cut of all": ("plain", [Cut()], "leaves nothing"),
    "sound of a silent clip taken out": ("plain", [Extract(what="audio")], "no sound"),
    "sheet of a span outside": ("plain", [Extract(what="sheet", start=at(7), end=at(8))], r"6\.00 s long"),
    "stabilised after made tiny": ("sound", [Resize(height=32), Stabilise()], "too small"),
    "far too wide": ("wide", [Resize(height=4320)], "8192"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_impossible_edits_say_why_and_write_nothing(context: Context, name: str) -> None:
    clip, operations, message = IMPOSSIBLE[name]
    with pytest.raises(BadArguments, match=message) as caught:
        edit_all(context, clip, *operations)
    assert caught.value.remedy
    assert not list(context.workdir.glob("*.mp4"))


def test_a_fault_in_the_second_clip_is_found_before_the_first_is_rendered(context: Context) -> None:
    with pytest.raises(BadArguments, match=r"2\.00 s long"):
        edit_all(context, ["plain", "high"], Trim(start=at(1), end=at(4)))
    assert not list(context.workdir.glob("*.mp4"))


def test_pictures_and_broken_files_are_typed_errors(context: Context, tmp_path: Path) -> None:
    context.clips = {"picture": picture(tmp_path / "a.png"), "text": tmp_path / "text.mp4", "none": tmp_path / "no.mp4"}
    (tmp_path / "text.mp4").write_text("hello")
    codes = []
    for name in context.clips:
        with pytest.raises(ToolError) as caught:
            edit(context, name, Reverse())
        codes.append(caught.value.code)
    assert codes == ["bad_arguments", "media_rejected", "media_missing"]


def test_stopping_leaves_nothing_behind(context: Context) -> None:
    context.cancel_at = 0.0
    with pytest.raises(Cancelled):
        edit(context, "sound", Reverse())
    assert not list(context.workdir.iterdir())


def test_originals_stay_as_they_are(context: Context) -> None:
    before = {name: path.read_bytes() for name, path in context.clips.items()}
    edit(context, "sound", Reverse(), Fade(fade_in=1))
    assert {name: path.read_bytes() for name, path in context.clips.items()} == before


@pytest.mark.parametrize("factor", [0, -1, 0.05, 1000, float("nan"), float("inf")])
def test_a_speed_out_of_bounds_is_no_operation(factor: float) -> None:
    with pytest.raises(ValidationError):
        Speed(factor=factor)


def test_five_hundred_clips_are_too_many(context: Context) -> None:
    with pytest.raises(ValidationError):
        EditArguments(clips=["plain"] * 500, operations=[Concat()])
    context.clips = {f"clip {n}": context.clips["plain"] for n in range(500)}
    with pytest.raises(BadArguments, match="500 clips are too many"):
        edit(context, "$all", Concat())


@pytest.mark.parametrize("operation", [Trim(start=at(1.2), end=at(4.8)), Reverse(), Extract(what="sheet")])
def test_a_killed_encoder_leaves_nothing_behind(
    context: Context, monkeypatch: pytest.MonkeyPatch, operation: Operation
) -> None:
    before = context.clips["plain"].read_bytes()
    monkeypatch.setattr(ffmpeg, "_limit_memory", lambda pid: os.kill(pid, signal.SIGKILL))
    with pytest.raises(OutOfResources, match="memory"):
        edit(context, "plain", operation)
    assert not list(context.workdir.iterdir())
    assert context.clips["plain"].read_bytes() == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("operation", [Trim(start=at(1.2), end=at(4.8)), Reverse(), Extract(what="frames")])
def test_a_full_disk_is_said_and_leaves_nothing_behind(
    context: Context, monkeypatch: pytest.MonkeyPatch, operation: Operation
) -> None:
    whole = os.path.abspath
    edit(context, "plain@0-1", Reverse()).path.unlink()  # what is imported late is found before paths are bent
    monkeypatch.setattr(ffmpeg.os.path, "abspath", lambda path: "/dev/full" if ".part" in str(path) else whole(path))
    with pytest.raises(RenderFailed, match="disk is full"):
        edit(context, "plain", operation)
    monkeypatch.undo()
    assert not list(context.workdir.iterdir())
