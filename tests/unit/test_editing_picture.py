"""What edits of picture and sound show, and what is taken out of a clip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from editing_bench import END, Context, at, edit, shown
from gpt4video.tools.base import MediaOutput
from gpt4video.tools.editing.operations import (
    Audio,
    Color,
    Crop,
    Extract,
    Fade,
    Resize,
    Reverse,
    Rotate,
    Text,
    Trim,
)
from gpt4video.tools.errors import BadArguments
from gpt4video.tools.media.decode import sample
from gpt4video.tools.media.probe import probe
from media_factory import (
    index_frames,
    pitch,
    read_sound,
    write_clip,
)


def corners(output: MediaOutput) -> list[str]:
    image = sample(output.path, [0.0]).images[0]
    height, width = image.shape[:2]
    names = []
    for y, x in ((4, 4), (4, width - 5), (height - 5, width - 5), (height - 5, 4)):
        red, green, blue = image[y, x].astype(int)
        names.append(
            "white" if min(red, green, blue) > 150 else ["red", "green", "blue"][int(np.argmax([red, green, blue]))]
        )
    return names


@pytest.mark.parametrize(
    ("turn", "expected", "size"),
    [
        ("90", ["white", "red", "green", "blue"], (48, 64)),
        ("180", ["blue", "white", "red", "green"], (64, 48)),
        ("270", ["green", "blue", "white", "red"], (48, 64)),
        ("mirror", ["green", "red", "white", "blue"], (64, 48)),
        ("flip", ["white", "blue", "green", "red"], (64, 48)),
    ],
)
def test_rotate_turns_clockwise_and_mirrors(
    context: Context, turn: Any, expected: list[str], size: tuple[int, int]
) -> None:
    output = edit(context, "quarters", Rotate(turn=turn))
    info = probe(output.path)
    assert (info.width, info.height) == size
    assert corners(output) == expected


def test_a_file_that_asks_to_be_turned_is_edited_as_it_is_shown(context: Context) -> None:
    output = edit(context, "turned", Trim(end=at(0.5)))
    info = probe(output.path)
    assert (info.width, info.height, info.rotation) == (48, 64, 0)
    assert corners(output) == ["white", "red", "green", "blue"]


@pytest.mark.parametrize(
    ("crop", "size", "colours"),
    [
        (Crop(aspect="1:1"), (48, 48), ["red", "green", "blue", "white"]),
        (Crop(aspect="9:16"), (26, 48), ["red", "green", "blue", "white"]),
        (Crop(aspect="21:9"), (64, 26), ["red", "green", "blue", "white"]),
        (Crop(x=33, y=1, width=20, height=20), (20, 20), ["green"] * 4),
        (Crop(x=0, y=25, width=31, height=23), (30, 22), ["white"] * 4),
    ],
)
def test_crop_shows_its_box(context: Context, crop: Crop, size: tuple[int, int], colours: list[str]) -> None:
    output = edit(context, "quarters", crop)
    info = probe(output.path)
    assert (info.width, info.height) == size
    assert corners(output) == colours


def test_resize_keeps_the_aspect_unless_told(context: Context) -> None:
    info = probe(edit(context, "quarters", Resize(height=96)).path)
    assert (info.width, info.height) == (128, 96)
    info = probe(edit(context, "quarters", Resize(height=32, width=90)).path)
    assert (info.width, info.height) == (90, 32)


def test_odd_sizes_become_even(context: Context) -> None:
    output = edit(context, "odd", Reverse())
    info = probe(output.path)
    assert (info.width, info.height) == (64, 48)
    assert shown(output) == [*range(9, -1, -1)]


def test_fades_begin_and_end_in_black(context: Context) -> None:
    output = edit(context, "sound", Trim(start=at(3), end=at(5)), Fade(fade_in=0.5, fade_out=0.5))
    brightness = sample(output.path, every=0.1).images.astype(float).mean(axis=(1, 2, 3))
    whole = index_frames(20, first=30).astype(float).mean(axis=(1, 2, 3))
    share = brightness / whole
    assert share[0] < 0.05
    assert share[5:15] == pytest.approx(np.ones(10), abs=0.06)
    assert share[19] < 0.05
    assert (np.diff(share[:6]) > 0.1).all()
    assert (np.diff(share[14:]) < -0.1).all()
    samples, rate = read_sound(output.path)
    assert np.abs(samples[: rate // 20]).max() < 0.1 < np.abs(samples[rate : rate + rate // 10]).max()


def test_text_appears_where_and_when_it_should(context: Context, tmp_path: Path) -> None:
    write_clip(tmp_path / "black.mp4", np.zeros((20, 120, 200, 3), dtype=np.uint8))
    context.clips = {"black": tmp_path / "black.mp4"}
    for position, rows in (("top", slice(0, 40)), ("center", slice(40, 80)), ("bottom", slice(80, 120))):
        said = "%{pts}:'[x];\\"
        output = edit(context, "black", Text(text=said, position=position, start=at(0.5), end=at(1.5)))
        bright = sample(output.path, every=0.1).images.max(axis=3) > 150
        assert [bool(image.any()) for image in bright] == [False] * 5 + [True] * 10 + [False] * 5
        inside = bright[10].copy()
        inside[rows] = False
        assert not inside.any()
        assert not bright[10][:, :10].any()
        assert not bright[10][:, -10:].any()


def test_long_text_is_wrapped_and_text_without_room_is_refused(context: Context) -> None:
    edit(context, "plain@0-0.5", Text(text="as long as it fits", position="center"))
    with pytest.raises(BadArguments, match="does not fit"):
        edit(context, "plain@0-0.5", Text(text="W" * 200))
    with pytest.raises(BadArguments, match="empty"):
        edit(context, "plain@0-0.5", Text(text="\u200b \n"))


@pytest.mark.parametrize(
    ("effect", "amount", "expected"),
    [
        ("grayscale", 1, (92, 92, 92)),
        ("invert", 1, (55, 155, 225)),
        ("brightness", 0.5, (100, 50, 15)),
        ("saturation", 0, (122, 122, 122)),
        ("contrast", 1, (200, 100, 30)),
    ],
)
def test_colours_change_as_named(
    context: Context, tmp_path: Path, effect: Any, amount: float, expected: tuple[int, ...]
) -> None:
    frame = np.full((5, 48, 64, 3), (200, 100, 30), dtype=np.uint8)
    context.clips = {"orange": write_clip(tmp_path / "orange.mp4", frame)}
    colour = sample(edit(context, "orange", Color(effect=effect, amount=amount)).path, [0.2]).images[0, 20, 20]
    if effect in ("grayscale", "saturation"):
        assert np.ptp(colour.astype(int)) <= 4
        assert 95 < colour[0] < 130
    else:
        assert colour.tolist() == pytest.approx(expected, abs=10)


def test_sound_can_be_muted_scaled_and_replaced(context: Context) -> None:
    assert not probe(edit(context, "sound", Audio(action="mute")).path).has_audio
    loud, _ = read_sound(edit(context, "sound", Audio(action="volume", amount=1.0)).path)
    quiet, _ = read_sound(edit(context, "sound", Audio(action="volume", amount=0.25)).path)
    assert np.abs(quiet[9000:-9000]).max() == pytest.approx(0.25 * np.abs(loud[9000:-9000]).max(), rel=0.1)
    output = edit(context, "plain", Audio(action="replace", source="high"))
    samples, rate = read_sound(output.path)
    assert len(samples) / rate == pytest.approx(6.0, abs=0.1)
    assert pitch(samples[: int(1.8 * rate)], rate) == pytest.approx(1000, abs=10)
    assert np.abs(samples[int(2.3 * rate) :]).max() < 0.01
    assert shown(output) == [*range(60)]
    assert any("silent" in note for note in output.notes)


def test_muting_a_silent_clip_is_said_not_refused(context: Context) -> None:
    output = edit(context, "plain@0-1", Audio(action="mute"))
    assert output.notes == ["The clip had no sound to mute.", "Copied without loss."]


def test_a_frame_and_a_gif_are_taken_out(context: Context) -> None:
    frame = edit(context, "plain", Extract(what="frame", at=at(4.25)))
    assert (frame.kind, frame.path.suffix, shown(frame)) == ("image", ".png", [42])
    last = edit(context, "plain", Trim(start=at(1), end=at(2)), Reverse(), Extract(what="frame", at=END))
    assert shown(last) == [10]
    gif = edit(context, "plain", Extract(what="gif", start=at(1), end=at(2)))
    assert (gif.kind, gif.path.suffix) == ("gif", ".gif")
    assert shown(gif) == [*range(10, 20)]
    assert probe(gif.path).duration == pytest.approx(1.0, abs=0.05)
