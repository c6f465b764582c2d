"""Frames written are frames read, and contact sheets show what they should."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from gpt4video.tools.errors import BadArguments, MediaMissing, RenderFailed
from gpt4video.tools.media.decode import sample
from gpt4video.tools.media.probe import probe
from gpt4video.tools.media.write import (
    BACKGROUND,
    LABEL_HEIGHT,
    MARGIN,
    contact_sheet,
    frame_rate,
    thumbnail,
    write_video,
)
from media_factory import index_clip, index_frames, read_indices
from PIL import Image


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize("fps", [8, 12.5, 29.97, 60])
def test_written_frames_are_read_back(tmp_path: Path, fps: float) -> None:
    write_video(tmp_path / "out.mp4", index_frames(20), fps)
    info = probe(tmp_path / "out.mp4")
    assert (info.codec, info.pixel_format, info.frames) == ("h264", "yuv420p", 20)
    assert info.fps == pytest.approx(fps, abs=0.001)
    assert read_indices(sample(tmp_path / "out.mp4", count=20).images) == [*range(20)]
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
    data = (tmp_path / "out.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "a player must find the header first"


def test_odd_sizes_are_padded_with_their_edge(tmp_path: Path) -> None:
    write_video(tmp_path / "out.mp4", np.full((3, 33, 31, 3), 200, dtype=np.uint8), 10)
    frames = sample(tmp_path / "out.mp4", [0.0])
    assert frames.images.shape == (1, 34, 32, 3)
    assert frames.images.min() > 190


@pytest.mark.parametrize(
    ("frames", "fps"),
    [
        (np.zeros((0, 8, 8, 3), dtype=np.uint8), 10),
        (np.zeros((2, 8, 8, 4), dtype=np.uint8), 10),
        (np.zeros((2, 8, 8, 3), dtype=np.float32), 10),
        (np.zeros((2, 8, 8, 3), dtype=np.uint8), 0),
        (np.zeros((2, 8, 8, 3), dtype=np.uint8), 1e6),
        (np.zeros((2, 8, 8, 3), dtype=np.uint8), float("nan")),
    ],
)
def test_what_is_no_video_is_refused(tmp_path: Path, frames: np.ndarray, fps: float) -> None:
    with pytest.raises(BadArguments):
        write_video(tmp_path / "out.mp4", frames, fps)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(RenderFailed):
        write_video(tmp_path / "none" / "out.mp4", index_frames(2), 10)
    with pytest.raises(MediaMissing):
        contact_sheet(tmp_path / "sheet.png", tmp_path / "none.mp4")


def test_rates_become_the_fractions_they_stand_for() -> None:
    assert frame_rate(29.97) == Fraction(30000, 1001)
    assert frame_rate(30000 / 1001) == Fraction(30000, 1001)
    assert frame_rate(23.976) == Fraction(24000, 1001)
    assert frame_rate(25.0) == 25
    assert frame_rate(12.5) == Fraction(25, 2)
    assert frame_rate(0.1) == Fraction(1, 10)


def test_a_contact_sheet_shows_the_frames_in_order_over_their_times(tmp_path: Path) -> None:
    clip = index_clip(tmp_path / "clip.mp4", 60, (80, 60))
    contact_sheet(tmp_path / "sheet.png", clip, columns=3, count=6, width=120)
    sheet = pixels(tmp_path / "sheet.png")
    cell = 120 + MARGIN, 90 + LABEL_HEIGHT + MARGIN
    assert sheet.shape == (2 * cell[1] + MARGIN, 3 * cell[0] + MARGIN, 3)
    cells = []
    for n in range(6):
        left, top = MARGIN + n % 3 * cell[0], MARGIN + n // 3 * cell[1]
        cells.append(sheet[top : top + 90, left : left + 120])
        label = sheet[top + 92 : top + 90 + LABEL_HEIGHT, left : left + 120]
        assert label.max() > 200, "no time under the frame"
        assert label.min() <= max(BACKGROUND)
    assert read_indices(np.stack(cells)) == [5, 15, 25, 35, 45, 55]


def test_a_short_clip_gives_a_small_sheet(tmp_path: Path) -> None:
    clip = index_clip(tmp_path / "clip.mp4", 2)
    contact_sheet(tmp_path / "sheet.png", clip, width=100)
    assert pixels(tmp_path / "sheet.png").shape[1] == 2 * (100 + MARGIN) + MARGIN


def test_a_thumbnail_is_the_frame_asked_for(tmp_path: Path) -> None:
    clip = index_clip(tmp_path / "clip.mp4", 60)
    thumbnail(tmp_path / "a.png", clip, time=1.2, width=100)
    thumbnail(tmp_path / "b.png", clip)
    small = pixels(tmp_path / "a.png")
    assert small.shape == (75, 100, 3)
    assert read_indices(small[None]) == [12]
    assert read_indices(pixels(tmp_path / "b.png")[None]) == [30]
