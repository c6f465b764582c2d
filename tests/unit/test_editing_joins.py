"""Cross-fades, fades of sound, windows that follow, steadied pictures, and the arithmetic of chains."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from editing_bench import Context, at, edit, shown
from gpt4video.tools.editing.follow import expression, paths, simplify
from gpt4video.tools.editing.join import concat
from gpt4video.tools.editing.operations import (
    Audio,
    Concat,
    Crop,
    Cut,
    Operation,
    Resize,
    Reverse,
    Speed,
    Stabilise,
    Trim,
)
from gpt4video.tools.editing.stabilise import escaped
from gpt4video.tools.editing.track import Track
from gpt4video.tools.errors import BadArguments
from gpt4video.tools.media.decode import sample
from gpt4video.tools.media.probe import probe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_factory import Pixels, index_frames, pitch, read_sound, write_clip


def test_a_cross_fade_mixes_pictures_and_sounds(context: Context) -> None:
    output = edit(context, ["sound@0-2", "high@0-2"], Concat(crossfade=0.5))
    info = probe(output.path)
    assert info.duration == pytest.approx(3.5, abs=0.01)
    images = sample(output.path, count=500).images.astype(float)
    assert len(images) == 35
    indices = shown(output)
    assert indices[:15] == [*range(15)]
    assert indices[20:] == [*range(5, 20)]
    before, after = index_frames(20).astype(float), index_frames(20).astype(float)
    mixed = images[17].mean(axis=(0, 1))
    low, high = before[17].mean(axis=(0, 1)), after[2].mean(axis=(0, 1))
    assert mixed == pytest.approx(low + (high - low) * 0.4, abs=12)
    samples, rate = read_sound(output.path)
    assert len(samples) / rate == pytest.approx(3.5, abs=2 * 1024 / rate)
    assert pitch(samples[: int(1.4 * rate)], rate) == pytest.approx(440, abs=8)
    assert pitch(samples[int(2.1 * rate) :], rate) == pytest.approx(1000, abs=8)


def test_cross_fades_of_unlike_clips(context: Context) -> None:
    output = edit(context, ["plain@0-2", "wide", "ntsc@0-1", "odd"], Concat(crossfade=0.3))
    info = probe(output.path)
    assert (info.width, info.height, info.fps, info.has_audio) == (64, 48, 10.0, True)
    assert len(shown(output)) == 20 + 15 + 10 + 10 - 3 * 3


@pytest.mark.parametrize(
    ("names", "seconds", "most"),
    [(["plain", "plain@0-1"], 1.2, "1.00"), (["plain", "plain@0-1", "plain"], 0.7, "0.50")],
)
def test_a_cross_fade_longer_than_a_clip_is_refused(
    context: Context, names: list[str], seconds: float, most: str
) -> None:
    with pytest.raises(BadArguments, match=f"clip 2.*Fade at most {most} s"):
        edit(context, names, Concat(crossfade=seconds))
    assert not list(context.workdir.iterdir())


def test_sound_fades_alone(context: Context) -> None:
    output = edit(context, "sound", Audio(action="fade", fade_in=1, fade_out=2))
    assert shown(output) == [*range(60)]
    samples, rate = read_sound(output.path)
    loud = np.array([np.abs(samples[int(s * rate) : int((s + 0.1) * rate)]).max() for s in np.arange(0, 6, 0.1)])
    assert loud[0] < 0.1 * loud[20]
    assert loud[5] == pytest.approx(0.55 * loud[20], rel=0.15)
    assert loud[50] == pytest.approx(0.5 * loud[20], rel=0.15)
    assert loud[59] < 0.1 * loud[20]
    for clip, operation, fault in (
        ("plain", Audio(action="fade", fade_in=1), "no sound"),
        ("sound", Audio(action="fade", fade_in=4, fade_out=3), "do not fit"),
    ):
        with pytest.raises(BadArguments, match=fault):
            edit(context, clip, operation)


def walker(frames: int = 40, size: tuple[int, int] = (320, 120)) -> Pixels:
    """A light square that walks from left to right over still noise."""
    noise = np.random.default_rng(7).integers(40, 90, (size[1], size[0], 1), dtype=np.uint8)
    images = np.repeat(np.repeat(noise, 3, axis=2)[None], frames, axis=0)
    for n, image in enumerate(images):
        left = 10 + n * 260 // frames
        image[40:80, left : left + 40] = (250, 60, 60)
    return images


def test_the_window_follows_what_moves(context: Context, tmp_path: Path) -> None:
    context.clips = {"walker": write_clip(tmp_path / "w.mp4", walker(), bframes=0)}
    output = edit(context, "walker", Crop(aspect="1:1", follow=True))
    info = probe(output.path)
    assert (info.width, info.height, output.notes) == (120, 120, [])
    images = sample(output.path, count=500).images.astype(int)
    assert len(images) == 40
    centres = [np.nonzero((image[..., 0] - image[..., 1]) > 80)[1].mean() for image in images[4:36]]
    assert all(30 < centre < 90 for centre in centres), "the subject leaves the middle of the window"
    still = edit(context, "walker", Crop(aspect="1:1"))
    assert shown(still) != []


def test_a_still_picture_is_cropped_about_its_centre_with_a_note(context: Context) -> None:
    output = edit(context, "quarters", Crop(aspect="1:1", follow=True))
    assert output.notes == ["Nothing in the picture moves or stands out at a side, so it was cropped about its centre."]
    assert (probe(output.path).width, probe(output.path).height) == (48, 48)


def test_the_window_jumps_at_a_cut() -> None:
    one = walker(20)[..., 0]
    other = 255 - walker(20)[::-1, ::-1, ::-1, 0]
    shots = paths(np.concatenate([one, other]), 10.0, across=True)
    assert [(shot.first, shot.past, shot.kept) for shot in shots] == [(0, 20, "moves"), (20, 40, "moves")]


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=60), st.integers(1, 5))
def test_a_path_keeps_its_places_to_within_a_pixel(places: list[float], step: int) -> None:
    knots = simplify(np.array(places), step)
    frames = np.arange(len(places)) * step
    followed = np.interp(frames, [frame for frame, _ in knots], [place for _, place in knots])
    assert np.abs(followed - places).max() <= 1
    assert expression(knots).count("(") == expression(knots).count(")")


def shaken(frames: int = 30) -> Pixels:
    """A drawn picture seen by a shaking hand."""
    rng = np.random.default_rng(3)
    scene = cv2.resize(rng.integers(0, 255, (30, 40, 3), dtype=np.uint8), (400, 300), interpolation=cv2.INTER_CUBIC)
    shifts = rng.integers(-6, 7, (frames, 2)) + 40
    return np.stack([scene[y : y + 180, x : x + 240] for x, y in shifts])


def motion(images: Pixels) -> float:
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) for image in images]
    return float(np.mean([np.hypot(*cv2.phaseCorrelate(a, b)[0]) for a, b in pairwise(grey)]))


def test_a_shaken_picture_is_steadied_and_the_loss_is_said(context: Context, tmp_path: Path) -> None:
    context.clips = {**context.clips, "shaken": write_clip(tmp_path / "s.mp4", shaken())}
    output = edit(context, "shaken", Stabilise(strength="high"))
    info = probe(output.path)
    assert (info.width, info.height, info.duration) == (240, 180, pytest.approx(3.0, abs=0.01))
    assert motion(sample(output.path, count=500).images) < 0.3 * motion(
        sample(context.clips["shaken"], count=500).images
    )
    assert "% of the picture" in output.notes[0]
    assert 1 <= int(output.notes[0].split()[1]) <= 25
    with pytest.raises(BadArguments, match="too small to be stabilised"):
        edit(context, "odd", Stabilise())


def test_a_path_in_a_filter_is_escaped_twice() -> None:
    assert escaped(Path("/a b:c'[d],e")) == "/a b\\\\:c\\\\\\'\\[d\\]\\,e"


tracks = st.builds(
    lambda frames, rate: Track("[v]", "[a]", 64, 48, frames, rate, 48000),
    st.integers(1, 500),
    st.sampled_from([Fraction(10), Fraction(25), Fraction(30000, 1001)]),
)


@given(st.lists(tracks, min_size=2, max_size=5), st.floats(0, 5))
def test_joined_clips_are_as_long_as_their_parts_less_the_fades(parts: list[Track], crossfade: float) -> None:
    rate = parts[0].rate
    frames = [
        track.frames if track.rate == rate else max(1, round(track.frames / track.rate * rate)) for track in parts
    ]
    overlap = round(crossfade * rate)
    ends = [1, *[2] * (len(parts) - 2), 1]
    if any(end * overlap > count for end, count in zip(ends, frames, strict=True)):
        with pytest.raises(BadArguments, match="does not fit clip"):
            concat(parts, crossfade)
    else:
        assert concat(parts, crossfade).frames == sum(frames) - overlap * (len(parts) - 1)


steps = st.lists(
    st.one_of(
        st.builds(Trim, start=st.just(at(0.2)), end=st.floats(0.6, 1.2).map(at)),
        st.builds(Cut, start=st.just(at(0.1)), end=st.floats(0.2, 0.4).map(at)),
        st.builds(Speed, factor=st.floats(0.5, 2)),
        st.just(Reverse()),
        st.just(Crop(aspect="4:5")),
        st.just(Resize(height=64)),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_chains_are_as_long_as_arithmetic_says(context: Context, operations: list[Operation]) -> None:
    frames = 60
    for operation in operations:
        if isinstance(operation, Trim):
            frames = _whole(operation.end.offset) - 2 if operation.end.offset <= frames / 10 + 0.05 else 0
        elif isinstance(operation, Cut):
            frames = frames - _whole(operation.end.offset) + 1 if operation.end.offset <= frames / 10 + 0.05 else 0
        elif isinstance(operation, Speed):
            frames = round(frames / operation.factor)
        if frames < 1:
            break
    if frames < 1:
        with pytest.raises(BadArguments):
            edit(context, "sound", *operations)
        return
    output = edit(context, "sound", *operations)
    assert len(shown(output)) == frames
    info = probe(output.path)
    assert (info.duration, info.has_audio) == (pytest.approx(frames / 10, abs=0.003), True)


def _whole(seconds: float) -> int:
    return int(seconds * 10 + 0.5)
