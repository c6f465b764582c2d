"""What is taken out of a clip: files of other kinds, probed or read back."""

from __future__ import annotations

import io
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest
from editing_bench import Context, at, edit, shown
from gpt4video.tools.editing import extracts
from gpt4video.tools.editing.operations import Cut, Extract, Resize, Reverse, Speed, Trim
from gpt4video.tools.errors import BadArguments, RenderFailed
from gpt4video.tools.media.probe import probe
from media_factory import index_clip, pitch, read_indices, read_sound
from PIL import Image


def test_sound_is_taken_out_as_m4a_and_wav(context: Context) -> None:
    compact = edit(context, "sound", Extract(what="audio", start=at(1), end=at(3)))
    assert (compact.kind, compact.path.suffix) == ("audio", ".m4a")
    samples, rate = read_sound(compact.path)
    assert len(samples) / rate == pytest.approx(2.0, abs=2 * 1024 / rate)
    assert pitch(samples, rate) == pytest.approx(440, abs=8)
    exact = edit(context, "sound", Extract(what="audio", sound="wav", start=at(1), end=at(3)))
    with wave.open(str(exact.path)) as file:
        assert (file.getnframes(), file.getnchannels(), file.getframerate()) == (2 * 44100, 2, 44100)


def test_sound_of_an_edited_clip_is_the_edited_sound(context: Context) -> None:
    operations = (Cut(start=at(1), end=at(2)), Speed(factor=2), Extract(what="audio", sound="wav"))
    with wave.open(str(edit(context, "sound", *operations).path)) as file:
        assert file.getnframes() == 44100 * 5 // 2


def test_a_silent_clip_has_no_sound_to_take_out(context: Context) -> None:
    with pytest.raises(BadArguments, match="no sound to take out"):
        edit(context, "plain", Extract(what="audio"))
    assert not list(context.workdir.iterdir())


def test_webm_holds_the_same_frames_and_sound(context: Context) -> None:
    output = edit(context, "sound", Extract(what="webm", start=at(1), end=at(2.5)))
    info = probe(output.path)
    assert (output.kind, info.container, info.codec, info.has_audio) == ("video", "matroska", "vp9", True)
    assert info.duration == pytest.approx(1.5, abs=0.1)
    assert shown(output) == [*range(10, 25)]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (Extract(what="frames", start=at(1), end=at(1.5)), [10, 11, 12, 13, 14]),
        (Extract(what="frames", count=3), [10, 30, 50]),
        (Extract(what="frames", count=100, start=at(0), end=at(0.3)), [0, 1, 2]),
    ],
)
def test_frames_come_in_a_zip_named_by_their_times(context: Context, operation: Extract, expected: list[int]) -> None:
    output = edit(context, "plain", operation)
    assert (output.kind, output.path.suffix) == ("archive", ".zip")
    with zipfile.ZipFile(output.path) as archive:
        names = archive.namelist()
        images = [np.asarray(Image.open(io.BytesIO(archive.read(name)))) for name in names]
    assert read_indices(np.stack(images)) == expected
    assert names == [f"frame-{n:04d}-{index / 10:.3f}s.png" for n, index in enumerate(expected, 1)]
    assert [path.name for path in context.workdir.iterdir()] == [output.path.name]


def test_a_thumbnail_is_small_and_of_the_moment_asked_for(context: Context, tmp_path: Path) -> None:
    context.clips = {"large": index_clip(tmp_path / "large.mp4", 20, (640, 360))}
    output = edit(context, "large", Extract(what="thumbnail", at=at(1.2)))
    info = probe(output.path)
    assert (output.kind, info.width, info.height, shown(output)) == ("image", 320, 180, [12])
    changed = edit(context, "large", Resize(height=90), Reverse(), Extract(what="thumbnail", at=at(0)))
    info = probe(changed.path)
    assert (info.width, info.height, shown(changed)) == (160, 90, [19])


def test_a_sheet_shows_frames_in_order(context: Context) -> None:
    output = edit(context, "plain", Trim(start=at(1), end=at(4)), Extract(what="sheet", count=6))
    assert output.kind == "image"
    sheet = np.asarray(Image.open(output.path))
    cell = extracts.CELL_WIDTH
    height = cell * 48 // 64
    rows, columns = 2, 4
    assert sheet.shape[:2] == (rows * (height + 30) + 8, columns * (cell + 8) + 8)
    frames = [
        sheet[8 + row * (height + 30) :, 8 + column * (cell + 8) :][:height, :cell]
        for row in range(rows)
        for column in range(columns)
    ]
    assert read_indices(np.stack(frames[:6])) == [12, 17, 22, 27, 32, 37]


def test_too_many_frames_are_refused(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extracts, "MOST_FRAMES", 50)
    with pytest.raises(BadArguments, match="60 frames are too many"):
        edit(context, "plain", Extract(what="frames"))


def test_a_full_disk_leaves_no_part_of_a_zip(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(extracts, "_zip", full)
    with pytest.raises(RenderFailed, match="No space left"):
        edit(context, "plain", Extract(what="frames"))
    assert not list(context.workdir.iterdir())
