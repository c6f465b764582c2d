"""What is looked at of a video: evenly spaced frames, and whatever differs from them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from gpt4video.tools.errors import MediaMissing
from gpt4video.tools.media.decode import stream
from gpt4video.tools.media.scan import scan
from gpt4video.tools.media.write import write_video


def clip(path: Path, shades: list[int], fps: float = 10) -> Path:
    """A clip of plain grey frames."""
    frames = np.array(shades, dtype=np.uint8)[:, None, None, None]
    write_video(path, np.broadcast_to(frames, (len(shades), 64, 96, 3)).copy(), fps)
    return path


def seen(path: Path, every: float, batch: int = 32) -> list[int]:
    """Shades of the frames given, rounded to tens."""
    parts = scan(stream(path, size=(256, 256)), every=every, batch=batch)
    return [round(float(image.mean()) / 10) * 10 for part in parts for image in part]


def test_a_still_scene_is_seen_at_even_distances(tmp_path: Path) -> None:
    assert seen(clip(tmp_path / "still.mp4", [100] * 40), 0.5) == [100] * 8


def test_one_frame_unlike_the_others_is_never_passed_over(tmp_path: Path) -> None:
    for place in range(1, 9):
        shades = [100] * 10
        shades[place] = 200
        assert 200 in seen(clip(tmp_path / f"{place}.mp4", shades), 5.0)


def test_every_shot_is_seen_however_short(tmp_path: Path) -> None:
    shades = [shade for shade in (40, 90, 140, 190, 240) for _ in range(3)]
    assert seen(clip(tmp_path / "shots.mp4", shades), 60.0) == [40, 90, 140, 190, 240]


def test_a_slow_change_is_followed(tmp_path: Path) -> None:
    found = seen(clip(tmp_path / "slow.mp4", [*range(40, 240, 2)], fps=50), 60.0)
    assert max(b - a for a, b in pairwise(found)) <= 30
    assert found[-1] >= 220


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_batches_change_nothing(tmp_path: Path, batch: int) -> None:
    shades = [100] * 7 + [200] * 7
    assert seen(clip(tmp_path / "a.mp4", shades), 0.3, batch) == seen(tmp_path / "a.mp4", 0.3)
    assert all(len(part) <= batch for part in scan(stream(tmp_path / "a.mp4"), every=0.1, batch=batch))


def test_a_missing_file_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(MediaMissing):
        list(scan(stream(tmp_path / "none.mp4"), every=0.5))
