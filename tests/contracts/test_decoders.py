"""One contract over every decoder: true times, the frame shown at a time, rotation, size, honest damage."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from gpt4video.tools.errors import BadArguments, MediaBroken
from gpt4video.tools.media.decode import DECORD_BYTES, Backend, sample, stream, suited
from gpt4video.tools.media.limits import MediaLimits
from gpt4video.tools.media.probe import probe
from media_factory import (
    damaged_middle,
    index_clip,
    no_duration,
    picture,
    quarters,
    read_indices,
    rotated_clip,
    truncated,
    write_clip,
)

BACKENDS: list[Backend] = ["decord", "pyav"]
VARIANTS = {
    "plain mp4": {"suffix": ".mp4"},
    "mp4 with B-frames": {"suffix": ".mp4", "bframes": 3},
    "long groups": {"suffix": ".mp4", "gop": 250, "bframes": 2},
    "matroska": {"suffix": ".mkv", "bframes": 2},
    "ntsc rate": {"suffix": ".mp4", "fps": Fraction(30000, 1001)},
}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    return request.param


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, float]]:
    folder, made = tmp_path_factory.mktemp("clips"), {}
    for n, (name, options) in enumerate(VARIANTS.items()):
        rest = dict(options)
        fps = rest.pop("fps", 10)
        path = index_clip(folder / f"{n}{rest.pop('suffix')}", 60, fps=fps, **rest)
        made[name] = (path, float(fps))
    return made


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_frame_comes_once_in_order(clips: dict[str, tuple[Path, float]], variant: str, backend: Backend) -> None:
    path, fps = clips[variant]
    batches = list(stream(path, batch=16, backends=[backend]))
    assert [len(batch) for batch in batches] == [16, 16, 16, 12]
    assert read_indices(np.concatenate([batch.images for batch in batches])) == list(range(60))
    times = np.concatenate([batch.times for batch in batches])
    assert times == pytest.approx(np.arange(60) / fps, abs=2e-3)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_time_gives_the_frame_on_screen(clips: dict[str, tuple[Path, float]], variant: str, backend: Backend) -> None:
    path, fps = clips[variant]
    wanted = [47, 0, 3, 59, 31, 31, 12]
    frames = sample(path, [(n + 0.5) / fps for n in wanted], backends=[backend])
    assert read_indices(frames.images) == wanted
    assert frames.times == pytest.approx(np.asarray(wanted) / fps, abs=2e-3)
    exact = sample(path, [n / fps for n in wanted], backends=[backend])
    assert read_indices(exact.images) == wanted


def test_times_outside_give_the_first_and_last_frame(clips: dict[str, tuple[Path, float]], backend: Backend) -> None:
    path, _ = clips["plain mp4"]
    assert read_indices(sample(path, [-5.0, 99.0], backends=[backend]).images) == [0, 59]


def test_even_sampling_takes_middles_and_spacing_starts_at_zero(
    clips: dict[str, tuple[Path, float]], backend: Backend
) -> None:
    path, _ = clips["plain mp4"]
    assert read_indices(sample(path, count=3, backends=[backend]).images) == [10, 30, 50]
    assert read_indices(sample(path, every=1.5, backends=[backend]).images) == [0, 15, 30, 45]
    assert read_indices(sample(path, count=500, backends=[backend]).images) == list(range(60))
    spaced = list(stream(path, every=1.5, batch=3, backends=[backend]))
    assert [read_indices(batch.images) for batch in spaced] == [[0, 15, 30], [45]]


def test_frames_come_in_the_size_asked_for(clips: dict[str, tuple[Path, float]], backend: Backend) -> None:
    path, _ = clips["mp4 with B-frames"]
    frames = sample(path, count=2, size=(33, 17), backends=[backend])
    assert frames.images.shape == (2, 17, 33, 3)
    assert frames.images.dtype == np.uint8
    assert frames.times.dtype == np.float32
    assert read_indices(frames.images) == [15, 45]


@pytest.mark.parametrize(("degrees", "corner"), [(90, (235, 235, 235)), (180, (20, 20, 220)), (270, (20, 200, 20))])
def test_rotation_is_applied(tmp_path: Path, degrees: int, corner: tuple[int, int, int]) -> None:
    frames = sample(rotated_clip(tmp_path / "clip.mp4", degrees), [0.0])
    assert frames.images.shape[1:3] == (frames.info.height, frames.info.width)
    assert frames.images[0, 5, 5].tolist() == pytest.approx(corner, abs=12)
    resized = sample(tmp_path / "clip.mp4", [0.0], size=(40, 20))
    assert resized.images.shape == (1, 20, 40, 3)
    assert resized.images[0, 3, 3].tolist() == pytest.approx(corner, abs=12)


def test_pixel_aspect_is_applied(tmp_path: Path, backend: Backend) -> None:
    path = write_clip(tmp_path / "clip.mp4", quarters(), aspect=Fraction(2, 1))
    assert sample(path, [0.0], backends=[backend]).images.shape == (1, 48, 128, 3)


def test_what_is_left_of_a_cut_off_file_is_read_and_said(tmp_path: Path, backend: Backend) -> None:
    frames = sample(truncated(tmp_path / "clip.mp4"), every=0.1, backends=[backend, "pyav"])
    assert read_indices(frames.images) == list(range(len(frames)))
    assert 15 <= len(frames) <= 45
    assert "promises 6.00 s" in frames.partial


def test_damage_inside_is_stepped_over_and_said(tmp_path: Path) -> None:
    frames = sample(damaged_middle(tmp_path / "clip.mp4"), every=0.1)
    shown = read_indices(frames.images)
    assert 55 <= len(shown) < 60
    assert shown[:29] == list(range(29))
    assert shown[-12:] == list(range(48, 60))
    assert "damaged" in frames.partial
    damaged = [batch.partial for batch in stream(tmp_path / "clip.mp4", batch=10)]
    assert "damaged" in damaged[-1]


def test_files_without_length_or_times_are_read(tmp_path: Path) -> None:
    for path in (
        no_duration(tmp_path / "live.mkv"),
        index_clip(tmp_path / "old.avi", bframes=2),
        index_clip(tmp_path / "a.gif"),
    ):
        assert read_indices(sample(path, every=0.1).images) == list(range(30))
        assert read_indices(sample(path, [2.55, 0.35]).images) == [25, 3]


def test_a_picture_is_a_video_of_one_frame(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "a.webp"):
        path = picture(tmp_path / name)
        for frames in (sample(path, count=4), sample(path, every=1.0), next(stream(path)), next(stream(path, every=1))):
            assert frames.times.tolist() == [0.0]
            assert frames.images[0, 20, 20].tolist() == pytest.approx((255, 165, 0), abs=6)
        assert len(sample(path, [0.0, 5.0])) == 2
        assert sample(path, count=1, size=(20, 10)).images.shape == (1, 10, 20, 3)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"times": []}, {"times": [float("nan")]}, {"every": 0.0}, {"count": 0}, {"times": [0.0], "count": 1}],
)
def test_senseless_requests_are_refused(clips: dict[str, tuple[Path, float]], arguments: dict[str, object]) -> None:
    with pytest.raises(BadArguments):
        sample(clips["plain mp4"][0], **arguments)  # type: ignore[arg-type]


def test_more_memory_than_allowed_is_refused_before_decoding(clips: dict[str, tuple[Path, float]]) -> None:
    with pytest.raises(BadArguments, match="memory"):
        sample(clips["plain mp4"][0], count=60, limits=MediaLimits(frame_bytes=64 * 48 * 3 * 59))
    with pytest.raises(BadArguments):
        sample(clips["plain mp4"][0], count=1, size=(0, 10))


def test_a_decoder_that_cannot_read_a_file_gives_way_to_the_next(tmp_path: Path) -> None:
    path = index_clip(tmp_path / "old.avi")
    with pytest.raises(MediaBroken):
        sample(path, count=2, backends=["decord"])
    assert len(sample(path, count=2, backends=["decord", "pyav"])) == 2


def test_decord_reads_only_clips_that_it_may_decode_ahead_whole(clips: dict[str, tuple[Path, float]]) -> None:
    info = probe(clips["plain mp4"][0])
    most = int((DECORD_BYTES / 60 / 3) ** 0.5)
    assert suited(info, most, most) == ["decord", "pyav"]
    assert suited(info, most + 1, most + 1) == ["pyav"]
