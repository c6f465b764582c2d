"""Text tracks inside a video, and subtitle files beside it."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from gpt4video.tools.errors import MediaBroken, MediaMissing, MediaRejected, OutOfResources
from gpt4video.tools.media.subtitles import Spoken, find_sidecar, sidecar, track
from media_factory import index_clip, picture, subtitled
from sound_factory import titled_clip, tracked_clip

WORDS = [(0.5, 1.5, "Hello there"), (2.0, 2.5, "Good-bye")]
LINES = tuple(Spoken(start, end, text, 1.0, "subtitles") for start, end, text in WORDS)
SCRIPT = "1\n00:00:00,500 --> 00:00:01,500\nHello there\n\n2\n00:00:02,000 --> 00:00:02,500\nGood-bye\n"


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [("srt", ".mkv"), ("ass", ".mkv"), ("webvtt", ".mkv"), ("mov_text", ".mp4"), ("mov_text", ".mov")],
)
def test_text_tracks_of_every_kind(tmp_path: Path, kind: str, suffix: str) -> None:
    assert track(titled_clip(tmp_path / f"clip{suffix}", WORDS, kind)).lines == LINES


def test_a_track_that_another_program_muxed(tmp_path: Path) -> None:
    (line,) = track(subtitled(tmp_path / "clip.mkv", "<i>Hello</i> you")).lines
    assert (line.start, line.end, line.text) == (0.5, 2.5, "Hello you")


def test_styles_of_scripts_are_no_words(tmp_path: Path) -> None:
    said = [(0.5, 1.0, "{\\an8\\pos(1,2)}Up,\\Nhere"), (1.5, 2.0, "{\\p1}m 0 0 l 9 9{\\p0}")]
    assert [line.text for line in track(titled_clip(tmp_path / "clip.mkv", said, "ass")).lines] == ["Up, here"]


def test_bitmap_subtitles_are_skipped_and_said(tmp_path: Path) -> None:
    found = track(titled_clip(tmp_path / "clip.mkv", WORDS, "dvdsub"))
    assert found.lines == ()
    assert "pictures" in found.note
    assert "dvdsub" in found.note


def test_the_english_track_is_read_and_the_others_are_said(tmp_path: Path) -> None:
    french = [(0.5, 1.5, "Bonjour")]
    path = tracked_clip(
        tmp_path / "clip.mkv", [("dvdsub", "eng", WORDS), ("srt", "fre", french), ("srt", "eng", WORDS)]
    )
    found = track(path)
    assert found.lines == LINES
    assert "Of 2 subtitle tracks one was read (language: eng)" in found.note
    assert "pictures" in found.note


@pytest.mark.parametrize("name", ["clip.mp4", "clip.gif", "still.png"])
def test_a_file_without_subtitles_has_none(tmp_path: Path, name: str) -> None:
    path = (picture if name.endswith("png") else index_clip)(tmp_path / name)
    found = track(path)
    assert (found.lines, found.note) == ((), "")


def test_damage_gives_lines_or_a_typed_error(tmp_path: Path) -> None:
    said = [(n / 10, n / 10 + 0.1, f"Line {n}") for n in range(30)]
    whole = titled_clip(tmp_path / "whole.mkv", said, "srt").read_bytes()
    dice = random.Random("subtitles")
    outcomes = set()
    for number in range(40):
        data = bytearray(whole)
        for _ in range(dice.choice([1, 30, 300])):
            data[dice.randrange(len(data))] = dice.randrange(256)
        path = tmp_path / f"{number}.mkv"
        path.write_bytes(data)
        try:
            outcomes.add("lines" if track(path).lines else "none")
        except (MediaBroken, MediaRejected, OutOfResources) as error:
            outcomes.add(error.code)
    assert len(outcomes) > 1, "the damage was all of one kind"


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["clip.srt"], "clip.srt"),
        (["clip.vtt", "clip.en.srt"], "clip.vtt"),
        (["clip.de.srt", "clip.en-US.vtt"], "clip.en-US.vtt"),
        (["clip.pt-BR.sdh.SRT"], "clip.pt-BR.sdh.SRT"),
        (["clip.forced.srt", "clip.en.forced.srt"], None),
        (["other.srt", "clip2.srt", "clip.part2.srt", "clip.txt", "lip.srt"], None),
    ],
)
def test_the_file_beside_a_video_is_found_by_its_name(tmp_path: Path, names: list[str], chosen: str | None) -> None:
    for name in names:
        (tmp_path / name).write_text(SCRIPT)
    found = find_sidecar(tmp_path / "clip.mp4")
    assert (found.name if found else None) == chosen
    if found:
        assert sidecar(found).lines == LINES


def test_nothing_is_found_where_there_is_no_folder(tmp_path: Path) -> None:
    assert find_sidecar(tmp_path / "nowhere" / "clip.mp4") is None
    assert find_sidecar("cl\0ip.mp4") is None


def test_a_file_that_appears_later_is_found(tmp_path: Path) -> None:
    assert find_sidecar(tmp_path / "clip.mp4") is None
    (tmp_path / "clip.srt").write_text(SCRIPT)
    os.utime(tmp_path, ns=(1, 1))  # a folder's time has a grain, and this test is faster
    assert find_sidecar(tmp_path / "clip.mp4") is not None


def test_links_pipes_and_folders_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere" / "secret.srt"
    secret.parent.mkdir()
    secret.write_text(SCRIPT)
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "clip.srt").symlink_to(secret)
    os.mkfifo(folder / "clip.en.srt")
    (folder / "clip.de.srt").mkdir()
    assert find_sidecar(folder / "clip.mp4") is None
    for name in ("clip.srt", "clip.en.srt", "clip.de.srt"):
        with pytest.raises((MediaRejected, MediaMissing)):
            sidecar(folder / name)


def test_no_file_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(MediaMissing):
        sidecar(tmp_path / "nothing.srt")
