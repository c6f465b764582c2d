"""Cuts and joins without encoding: frames, length and sound are those of an encoded edit, and what was done is said."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from editing_bench import FRAMES, Context, at, edit, shown
from gpt4video.tools.base import MediaOutput
from gpt4video.tools.editing import lossless, pieces
from gpt4video.tools.editing.lossless import AGAIN
from gpt4video.tools.editing.operations import Audio, Concat, Cut, Operation, Resize, Trim
from gpt4video.tools.editing.parameters import header_sets
from gpt4video.tools.editing.takes import Take, left
from gpt4video.tools.errors import RenderFailed
from gpt4video.tools.media.decode import sample
from gpt4video.tools.media.probe import probe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_factory import Pixels, clicking_clip, clicks, coded, index_clip, index_frames, read_sound, write_clip

COPIED = "Copied without loss"
SETTINGS = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def pictures(path: Path) -> Pixels:
    return sample(path, count=500).images


def cut(first: int, past: int, rate: Fraction = Fraction(10)) -> Cut:
    return Cut(start=at(float(first / rate)), end=at(float(past / rate)))


def copied(output: MediaOutput) -> bool:
    (said,) = [note for note in output.notes if note.startswith(COPIED) or note == AGAIN]
    return said != AGAIN


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("bframes", [0, 3])
def test_a_cut_at_key_frames_copies_all_that_is_left(
    context: Context, tmp_path: Path, suffix: str, bframes: int
) -> None:
    clip = index_clip(tmp_path / f"a{suffix}", FRAMES, bframes=bframes, tone=440)
    context.clips = {"a": clip}
    output = edit(context, "a", cut(12, 36))
    assert output.notes == [f"{COPIED}. Its sound was encoded."]
    assert shown(output) == [*range(12), *range(36, 60)]
    original = pictures(clip)
    assert (pictures(output.path) == np.concatenate([original[:12], original[36:]])).all()
    info = probe(output.path)
    assert (info.duration, info.start) == (pytest.approx(3.6, abs=0.002), 0.0)
    samples, rate = read_sound(output.path)
    assert len(samples) / rate == pytest.approx(3.6, abs=2 * 1024 / rate)


def test_a_cut_between_key_frames_encodes_its_edges_alone(context: Context, tmp_path: Path) -> None:
    clip = index_clip(tmp_path / "a.mp4", FRAMES, bframes=2)
    context.clips = {"a": clip}
    output = edit(context, "a", cut(15, 34))
    assert output.notes[0].startswith(f"{COPIED} but for ")
    assert shown(output) == [*range(15), *range(34, 60)]
    made, original = pictures(output.path), pictures(clip)
    assert (made[:12] == original[:12]).all()
    assert (made[17:] == original[36:]).all()
    assert np.abs(made[12:17].astype(int) - original[[12, 13, 14, 34, 35]]).mean() < 3
    assert header_sets(output.path)[4 + 5] & 31 == 2


@SETTINGS
@given(st.sampled_from(["plain", "ntsc", "sound"]), st.data())
def test_any_cut_is_exact_however_it_is_made(context: Context, name: str, data: st.DataObject) -> None:
    rate = Fraction(30000, 1001) if name == "ntsc" else Fraction(10)
    first = data.draw(st.integers(0, FRAMES - 1))
    past = data.draw(st.integers(first + 1, FRAMES - (first == 0)))
    output = edit(context, name, cut(first, past, rate))
    assert shown(output) == [*range(first), *range(past, FRAMES)]
    info = probe(output.path)
    assert info.duration == pytest.approx(float((FRAMES - past + first) / rate), abs=0.003)
    assert info.has_audio == (name == "sound")
    assert copied(output) in (True, False)


@SETTINGS
@given(st.lists(st.tuples(st.integers(0, 59), st.integers(1, 60)), min_size=2, max_size=4))
def test_any_spans_of_clips_of_one_encoder_are_joined(
    context: Context, tmp_path: Path, ends: list[tuple[int, int]]
) -> None:
    spans = [(min(a, b - 1), max(a + 1, b)) for a, b in ends]
    for name, first in (("a", 0), ("b", 100)):
        path = tmp_path / f"{name}.mp4"
        if not path.exists():
            write_clip(path, index_frames(FRAMES, first=first), bframes=2, tone=440)
    context.clips = {"a": tmp_path / "a.mp4", "b": tmp_path / "b.mp4"}
    names = ["ab"[n % 2] for n in range(len(spans))]
    clips = [f"{name}@{first / 10}-{past / 10}" for name, (first, past) in zip(names, spans, strict=True)]
    output = edit(context, clips, Concat())
    wanted = [100 * (name == "b") + n for name, span in zip(names, spans, strict=True) for n in range(*span)]
    assert shown(output) == wanted
    assert probe(output.path).duration == pytest.approx(len(wanted) / 10, abs=0.003)
    whole = all(first % 12 == 0 and past in (first + 12, 60) for first, past in spans)
    assert copied(output) or not whole


def test_clips_of_one_encoder_are_joined_by_copying(context: Context, tmp_path: Path) -> None:
    context.clips = {
        "a": write_clip(tmp_path / "a.mp4", index_frames(30), bframes=2, tone=440),
        "b": write_clip(tmp_path / "b.mkv", index_frames(30, first=100), bframes=2),
    }
    output = edit(context, ["a", "b", "a@1.2-3"], Concat())
    assert copied(output)
    assert shown(output) == [*range(30), *range(100, 130), *range(12, 30)]
    originals = [pictures(path) for path in context.clips.values()]
    assert (pictures(output.path) == np.concatenate([*originals, originals[0][12:]])).all()
    samples, rate = read_sound(output.path)
    level = [float(np.abs(samples[int(s * rate) : int((s + 0.5) * rate)]).max()) for s in (1, 4, 7)]
    assert level == [pytest.approx(0.35, abs=0.05), pytest.approx(0, abs=0.01), pytest.approx(0.35, abs=0.05)]


def test_other_codecs_are_joined_whole_and_encoded_at_other_frames(context: Context, tmp_path: Path) -> None:
    options = {"x265-params": "log-level=none:pools=1:keyint=10"}
    context.clips = {"a": coded(tmp_path / "a.mp4", "libx265", "yuv420p", options)}
    for second, codec, first in (("a", "hevc", 0), ("a@0.3-2", "h264", 3)):
        output = edit(context, ["a", second], Concat())
        assert (copied(output), probe(output.path).codec) == (codec == "hevc", codec)
        assert shown(output) == [*range(20), *range(first, 20)]


def test_unlike_clips_are_encoded_and_that_is_said(context: Context) -> None:
    for other in ("wide", "ntsc", "quarters"):
        notes = edit(context, ["plain", other], Concat()).notes
        assert not any(note.startswith(COPIED) for note in notes)
    assert AGAIN in edit(context, ["plain", "quarters"], Concat()).notes


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("operations", [[cut(12, 36)], [cut(7, 33)], [cut(0, 14), cut(30, 34)]])
def test_sound_stays_with_the_picture(
    context: Context, tmp_path: Path, suffix: str, operations: list[Operation]
) -> None:
    context.clips = {"a": clicking_clip(tmp_path / f"a{suffix}", FRAMES)}
    output, encoded = edit(context, "a", *operations), edit(context, "a", *operations, Resize(height=64))
    assert copied(output)
    assert not encoded.notes
    kept = shown(output)
    assert kept == shown(encoded)
    wanted = [kept.index(10 * second) / 10 for second in range(1, 6) if 10 * second in kept]
    for one in (output, encoded):
        samples, rate = read_sound(one.path)
        assert [time for time in clicks(samples, rate) if time > 0.05] == pytest.approx(
            [time for time in wanted if time], abs=0.004
        )


@pytest.mark.parametrize(
    "audio", [Audio(action="mute"), Audio(action="volume", amount=0.5), Audio(action="replace", source="high")]
)
def test_a_change_of_the_sound_leaves_the_picture_as_it_is(context: Context, audio: Audio) -> None:
    output = edit(context, "sound", Trim(start=at(1.2)), audio)
    assert copied(output)
    assert (pictures(output.path) == pictures(context.clips["sound"])[12:]).all()
    assert probe(output.path).has_audio == (audio.action != "mute")


def test_a_seam_that_differs_from_the_original_is_thrown_away(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_hashes", lambda source, *_: [str(source.path)])
    output = edit(context, "plain", cut(12, 36))
    assert output.notes == [AGAIN]
    assert shown(output) == [*range(12), *range(36, 60)]


def test_a_full_disk_while_joining_leaves_nothing(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object, **_options: object) -> None:
        raise RenderFailed("The disk is full.", "Free some space.")

    monkeypatch.setattr(lossless, "run_ffmpeg", full)
    with pytest.raises(RenderFailed, match="disk is full"):
        edit(context, "plain", cut(12, 36))
    assert not list(context.workdir.iterdir())


@SETTINGS
@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.data())
def test_what_is_left_is_counted_as_frames_are(context: Context, lengths: list[int], data: st.DataObject) -> None:
    info = probe(context.clips["plain"])
    takes = [Take(info, 5, 5 + length, f"c{n}") for n, length in enumerate(lengths)]
    frames = [(take.clip, n) for take in takes for n in range(take.first, take.past)]
    operations: list[Operation] = [Concat()] if len(takes) > 1 else []
    for _ in range(data.draw(st.integers(0, 3))):
        first = data.draw(st.integers(0, len(frames) - 1))
        past = data.draw(st.integers(first + 1, len(frames)))
        if data.draw(st.booleans()) and past - first < len(frames):
            operations.append(cut(first, past))
            frames = frames[:first] + frames[past:]
        else:
            operations.append(Trim(start=at(first / 10), end=at(past / 10)))
            frames = frames[first:past]
    kept = left(takes, operations)
    assert kept is not None
    assert [(take.clip, n) for take in kept for n in range(take.first, take.past)] == frames
    assert left(takes, [*operations, Resize(height=64)]) is None
    assert left(takes, [Concat(crossfade=1)]) is None
