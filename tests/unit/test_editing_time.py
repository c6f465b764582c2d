"""What edits in time show: frames that name themselves are followed through them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from editing_bench import END, FRAMES, Context, at, edit, edit_all, shown
from gpt4video.tools.editing import reverse as pieces
from gpt4video.tools.editing.operations import (
    Audio,
    Concat,
    Crop,
    Cut,
    Resize,
    Reverse,
    Rotate,
    Speed,
    TimePoint,
    Trim,
)
from gpt4video.tools.errors import BadArguments
from gpt4video.tools.media.probe import probe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_factory import (
    damaged_middle,
    index_frames,
    pitch,
    read_sound,
    truncated,
    uneven_clip,
    write_clip,
)


def test_trim_keeps_exactly_its_frames(context: Context) -> None:
    output = edit(context, "plain", Trim(start=at(1.3), end=at(2.5)))
    assert shown(output) == list(range(13, 25))
    assert probe(output.path).duration == pytest.approx(1.2, abs=0.01)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["plain", "ntsc", "sound"]), st.data())
def test_any_trim_and_cut_keep_exactly_their_frames(context: Context, name: str, data: st.DataObject) -> None:
    rate = Fraction(30000, 1001) if name == "ntsc" else Fraction(10)
    first = data.draw(st.integers(0, FRAMES - 2))
    past = data.draw(st.integers(first + 1, FRAMES - 1))
    span = {"start": at(float(first / rate)), "end": at(float(past / rate))}
    trimmed = edit(context, name, Trim(**span))
    assert shown(trimmed) == list(range(first, past))
    assert probe(trimmed.path).duration == pytest.approx(float((past - first) / rate), abs=float(1 / rate))
    rest = edit(context, name, Cut(**span))
    assert shown(rest) == [*range(first), *range(past, FRAMES)]
    assert probe(rest.path).has_audio == (name == "sound")


def test_the_last_seconds_and_the_middle_part(context: Context) -> None:
    assert shown(edit(context, "plain", Trim(start=TimePoint(fraction=1, offset=-0.5), end=END))) == [*range(55, 60)]
    half = Trim(start=TimePoint(fraction=0.25), end=TimePoint(fraction=0.75))
    assert shown(edit(context, "plain", half)) == [*range(15, 45)]


def test_a_span_of_a_clip_behaves_as_the_clip(context: Context) -> None:
    assert shown(edit(context, "plain@2-4", Reverse())) == [*range(39, 19, -1)]
    assert shown(edit(context, "plain@2-4", Trim(start=at(0.5), end=at(1)))) == [*range(25, 30)]
    with pytest.raises(BadArguments, match=r"2\.00 s long"):
        edit(context, "plain@2-4", Trim(start=at(1), end=at(3)))
    with pytest.raises(BadArguments, match=r"6\.00 s long"):
        edit(context, "plain@5-9", Reverse())


def test_cut_at_either_end(context: Context) -> None:
    assert shown(edit(context, "sound", Cut(start=at(0), end=at(5)))) == [*range(50, 60)]
    assert shown(edit(context, "sound", Cut(start=at(1), end=END))) == [*range(10)]
    with pytest.raises(BadArguments, match="leaves nothing"):
        edit(context, "sound", Cut())


def test_concat_joins_in_order_and_makes_all_equal(context: Context) -> None:
    output = edit(context, ["plain@0-1", "wide", "sound@5-6"], Concat())
    info = probe(output.path)
    assert (info.width, info.height, info.fps, info.has_audio) == (64, 48, 10.0, True)
    assert info.duration == pytest.approx(3.5, abs=0.1)
    indices = shown(output)
    assert indices[:10] == [*range(10)]
    assert indices[10:25] == [*range(0, 30, 2)]
    assert indices[25:] == [*range(50, 60)]
    samples, rate = read_sound(output.path)
    assert rate == 48000
    assert np.abs(samples[: int(0.8 * rate)]).max() < 0.01, "the silent clip got a sound"
    assert np.abs(samples[int(1.2 * rate) : int(2.2 * rate)]).max() > 0.1
    assert output.parents == ["plain", "wide", "sound"]
    assert any("fitted" in note for note in output.notes)


def test_concat_of_silent_clips_stays_silent(context: Context) -> None:
    output = edit(context, ["plain@0-1", "ntsc@0-1"], Concat())
    assert not probe(output.path).has_audio


def test_operations_before_concat_are_for_each_and_after_it_for_all(context: Context) -> None:
    output = edit(context, ["plain", "sound"], Trim(end=at(0.5)), Concat(), Reverse())
    assert shown(output) == [4, 3, 2, 1, 0, 4, 3, 2, 1, 0]
    assert output.operation == "trim+concat+reverse"


def test_without_concat_every_clip_gives_an_output(context: Context) -> None:
    outputs = edit_all(context, ["plain", "sound"], Trim(end=at(0.5)))
    assert [shown(output) for output in outputs] == [[*range(5)], [*range(5)]]
    assert [output.parents for output in outputs] == [["plain"], ["sound"]]
    assert len({output.path for output in outputs}) == 2
    assert context.reported == sorted(context.reported)
    assert context.reported[-1] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(("factor", "expected"), [(2, [*range(0, 60, 2)]), (20, [0, 20, 40]), (0.5, None)])
def test_speed_keeps_the_rate_and_changes_the_length(
    context: Context, factor: float, expected: list[int] | None
) -> None:
    output = edit(context, "sound", Speed(factor=factor))
    info = probe(output.path)
    assert info.fps == 10.0
    assert info.duration == pytest.approx(6.0 / factor, abs=0.1)
    assert shown(output) == (expected or [n // 2 for n in range(120)])


@pytest.mark.parametrize("factor", [0.25, 0.5, 1.5, 3.0])
def test_speed_keeps_the_pitch(context: Context, factor: float) -> None:
    samples, rate = read_sound(edit(context, "sound", Speed(factor=factor)).path)
    assert len(samples) / rate == pytest.approx(6.0 / factor, abs=0.15)
    assert pitch(samples, rate) == pytest.approx(440, abs=8)


def test_reverse_turns_picture_and_sound(context: Context) -> None:
    joined = edit(context, ["sound@0-1", "high"], Concat())
    context.clips = {**context.clips, "two tones": joined.path}
    output = edit(context, "two tones", Reverse())
    assert shown(output) == [*range(19, -1, -1), *range(9, -1, -1)]
    samples, rate = read_sound(output.path)
    assert pitch(samples[: int(1.8 * rate)], rate) == pytest.approx(1000, abs=10)
    assert pitch(samples[int(2.2 * rate) : int(2.9 * rate)], rate) == pytest.approx(440, abs=10)


def test_a_long_reverse_goes_in_pieces_and_shows_the_same(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces.needs_pieces, "__defaults__", (64 * 48 * 15,))
    monkeypatch.setattr(pieces.reverse_in_pieces, "__defaults__", (64 * 48 * 3 // 2 * 7,))
    output = edit(context, "sound", Trim(start=at(1)), Reverse(), Speed(factor=2))
    assert shown(output) == [*range(59, 9, -2)]
    samples, rate = read_sound(output.path)
    assert pitch(samples, rate) == pytest.approx(440, abs=8)
    assert [path.suffix for path in context.workdir.rglob("*") if path.is_file()].count(".mp4") == 1


def test_many_operations_fold_into_one(context: Context) -> None:
    output = edit(
        context,
        "sound",
        Trim(start=at(1), end=at(5)),
        Cut(start=at(1), end=at(2)),
        Speed(factor=1.5),
        Reverse(),
        Crop(aspect="1:1"),
        Resize(height=96),
        Rotate(turn="mirror"),
        Audio(action="volume", amount=0.5),
    )
    info = probe(output.path)
    assert (info.width, info.height, info.has_audio) == (96, 96, True)
    assert info.duration == pytest.approx(2.0, abs=0.1)
    indices = shown(output)
    assert (indices[0], indices[-1]) == (48, 10)
    assert indices == sorted(indices, reverse=True)
    assert not set(indices) & set(range(20, 30))
    assert output.operation == "trim+cut+speed+reverse+crop+resize+rotate+audio"
    assert output.path.name == f"{output.operation}-1.mp4"
    assert len(output.arguments["operations"]) == 8  # type: ignore[arg-type]


def test_damaged_clips_are_edited_as_far_as_they_can_be_read(context: Context, tmp_path: Path) -> None:
    context.clips = {"cut": truncated(tmp_path / "cut.mp4"), "hurt": damaged_middle(tmp_path / "hurt.mp4")}
    cut = edit(context, "cut", Reverse())
    indices = shown(cut)
    assert indices == [*range(len(indices) - 1, -1, -1)]
    assert "promises 6.00 s" in cut.notes[0]
    hurt = shown(edit(context, "hurt", Trim(start=at(1), end=at(5.5))))
    assert len(hurt) == 45
    assert (hurt[0], hurt[-1]) == (10, 54)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_frames_that_come_unevenly_keep_their_times(context: Context, tmp_path: Path, suffix: str) -> None:
    context.clips = {"uneven": uneven_clip(tmp_path / f"uneven{suffix}")}
    output = edit(context, "uneven", Trim(start=at(1.0), end=at(2.5)))
    assert shown(output) == [10, 11, 12, 13, 14, 15, 15, 16, 16, 17, 17, 18, 18, 19, 19]


def test_picture_and_sound_stay_together_when_the_picture_starts_late(context: Context, tmp_path: Path) -> None:
    late = write_clip(tmp_path / "late.mkv", index_frames(40), tone=440, start=5)
    assert probe(late).start == pytest.approx(0.5, abs=0.05)
    context.clips = {"late": late}
    output = edit(context, "late", Trim(start=at(1), end=at(3)))
    assert shown(output) == [*range(10, 30)]
    samples, rate = read_sound(output.path)
    assert len(samples) / rate == pytest.approx(2.0, abs=0.06)
    assert np.abs(samples[-rate // 4 : -rate // 10]).max() > 0.1
