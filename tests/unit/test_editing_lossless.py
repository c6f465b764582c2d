"""Trims without encoding: as exact as encoded ones, and the copied frames are the original's to the bit."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from editing_bench import FRAMES, Context, at, edit, shown
from gpt4video.tools.base import MediaOutput
from gpt4video.tools.editing import lossless, pieces
from gpt4video.tools.editing.operations import Resize, Trim
from gpt4video.tools.editing.packets import Packet, find_body
from gpt4video.tools.editing.parameters import _first_code, numbers, parameter_sets
from gpt4video.tools.errors import OutOfResources, RenderFailed
from gpt4video.tools.media.decode import sample
from gpt4video.tools.media.probe import probe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_factory import Pixels, clicking_clip, clicks, coded, index_clip, read_sound

WHOLE = "Copied without loss."
ENDS = "but for"


def pictures(path: Path) -> Pixels:
    return sample(path, count=500).images


def trim(context: Context, clip: str, first: int, past: int, rate: Fraction = Fraction(10)) -> MediaOutput:
    return edit(context, clip, Trim(start=at(float(first / rate)), end=at(float(past / rate))))


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("bframes", [0, 2])
def test_a_trim_at_key_frames_copies_all_of_it(context: Context, tmp_path: Path, suffix: str, bframes: int) -> None:
    clip = index_clip(tmp_path / f"a{suffix}", FRAMES, bframes=bframes, tone=440)
    context.clips = {"a": clip}
    output = trim(context, "a", 12, 48)
    assert output.notes == [WHOLE]
    assert shown(output) == [*range(12, 48)]
    assert (pictures(output.path) == pictures(clip)[12:48]).all()
    info = probe(output.path)
    assert (info.container, info.duration, info.start) == ("mp4", pytest.approx(3.6, abs=0.002), 0.0)
    samples, rate = read_sound(output.path)
    assert len(samples) / rate == pytest.approx(3.6, abs=2 * 1024 / rate)


@pytest.mark.parametrize(("first", "past"), [(11, 60), (1, 47), (12, 47), (13, 60), (7, 41)])
def test_a_smart_cut_encodes_its_ends_alone(context: Context, tmp_path: Path, first: int, past: int) -> None:
    clip = index_clip(tmp_path / "a.mp4", FRAMES, bframes=3, tone=440)
    context.clips = {"a": clip}
    output = trim(context, "a", first, past)
    assert ENDS in output.notes[0] or output.notes == [WHOLE]
    assert shown(output) == [*range(first, past)]
    made, original = pictures(output.path), pictures(clip)
    same = [(made[n - first] == original[n]).all() for n in range(first, past)]
    key = next(n for n in range(first, past) if n % 12 == 0)
    assert all(same[key - first : (past - 3) - first]), "what was copied differs"
    assert np.abs(made.astype(int) - original[first:past]).mean() < 3, "what was encoded differs too much"


def test_the_header_of_a_smart_cut_holds_both_parameter_sets(context: Context, tmp_path: Path) -> None:
    context.clips = {"a": index_clip(tmp_path / "a.mp4", FRAMES)}
    output = trim(context, "a", 5, 48)
    assert ENDS in output.notes[0]
    data = output.path.read_bytes()
    header = data[data.index(b"avcC") + 4 :]
    assert header[5] & 31 == 2


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["plain", "ntsc", "sound"]), st.data())
def test_any_trim_is_exact_however_it_is_made(context: Context, name: str, data: st.DataObject) -> None:
    rate = Fraction(30000, 1001) if name == "ntsc" else Fraction(10)
    first = data.draw(st.integers(0, FRAMES - 1))
    past = data.draw(st.integers(first + 1, FRAMES))
    output = trim(context, name, first, past, rate)
    assert shown(output) == [*range(first, past)]
    info = probe(output.path)
    assert info.duration == pytest.approx(float((past - first) / rate), abs=0.003)
    assert info.has_audio == (name == "sound")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize(("first", "past"), [(12, 48), (9, 55)])
def test_sound_stays_with_the_picture(context: Context, tmp_path: Path, suffix: str, first: int, past: int) -> None:
    context.clips = {"a": clicking_clip(tmp_path / f"a{suffix}", FRAMES)}
    copied = trim(context, "a", first, past)
    encoded = edit(context, "a", Trim(start=at(first / 10), end=at(past / 10)), Resize(height=64))
    assert copied.notes
    assert not encoded.notes
    wanted = [second - first / 10 for second in range(1, 6) if first / 10 < second < past / 10]
    for output in (copied, encoded):
        samples, rate = read_sound(output.path)
        assert clicks(samples, rate) == pytest.approx(wanted, abs=1024 / rate)


def test_what_cannot_be_copied_is_encoded(context: Context, tmp_path: Path) -> None:
    context.clips = {
        **context.clips,
        "long gop": index_clip(tmp_path / "long.mp4", FRAMES, gop=250),
        "avi": index_clip(tmp_path / "old.avi", FRAMES),
        "hevc": coded(tmp_path / "a.mp4", "libx265", "yuv420p", {"x265-params": "log-level=none:pools=1:keyint=10"}),
    }
    for name in ("long gop", "avi"):
        output = trim(context, name, 5, 55)
        assert output.notes == [lossless.AGAIN]
        assert shown(output) == [*range(5, 55)]
    for first, past in ((3, 17), (0, 20)):
        output = trim(context, "hevc", first, past)
        assert output.notes == [WHOLE if first == 0 else lossless.AGAIN]
        assert probe(output.path).codec == ("hevc" if first == 0 else "h264")
        assert shown(output) == [*range(first, past)]
    assert trim(context, "turned", 0, 5).notes == [lossless.AGAIN]


def test_a_result_that_differs_from_the_original_is_thrown_away(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_hashes", lambda source, *_: [str(source.path)])
    output = trim(context, "plain", 12, 48)
    assert output.notes == [lossless.AGAIN]
    assert shown(output) == [*range(12, 48)]


@pytest.mark.parametrize("error", [RenderFailed("The disk is full.", "Free some space."), OutOfResources("Slow.", "")])
def test_faults_while_copying_leave_nothing_behind(
    context: Context, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(lossless, "run_ffmpeg", fail)
    with pytest.raises(type(error)):
        trim(context, "plain", 12, 48)
    assert not list(context.workdir.iterdir())


@st.composite
def streams(draw: st.DrawFn) -> list[Packet]:
    """Closed groups of pictures in stored order: a key frame, then runs of early frames before what they need."""
    packets: list[Packet] = []
    for length in draw(st.lists(st.integers(1, 12), min_size=1, max_size=6)):
        start = len(packets)
        packets.append(Packet(start, True))
        at = start + 1
        while at < start + length:
            run = min(draw(st.integers(0, 3)), start + length - at - 1)
            packets.append(Packet(at + run, False))
            packets += [Packet(at + n, False) for n in range(run)]
            at += run + 1
    return packets


@given(streams(), st.data())
def test_the_body_decodes_by_itself(video: list[Packet], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(video) - 1))
    past = data.draw(st.integers(first + 1, len(video)))
    body = find_body(video, first, past)
    keys = [packet.frame for packet in video if packet.key and first <= packet.frame < past]
    if body is None:
        assert not keys
        return
    assert first <= body.first == keys[0] < body.past <= past
    places = [at for at, packet in enumerate(video) if body.first <= packet.frame < body.past]
    assert places == [*range(body.first, body.past)], "a frame of the body is stored outside it"
    frames = [video[at].frame - body.first for at in places]
    assert all(at - body.delay <= frame for at, frame in enumerate(frames))
    assert body.delay == max(at - frame for at, frame in enumerate(frames))
    later = [past for past in range(body.past + 1, past + 1) if sorted(p.frame for p in video[:past]) == [*range(past)]]
    assert not later, "the body could be longer"


def test_an_open_group_or_a_gap_is_not_copied() -> None:
    opened = [Packet(0, True), Packet(3, True), Packet(1, False), Packet(2, False), Packet(4, False)]
    assert find_body(opened, 1, 5) is None
    assert find_body([Packet(0, True), Packet(2, False)], 0, 3) is None


@given(st.integers(0, 100_000))
def test_parameter_sets_are_named_by_their_numbers(number: int) -> None:
    bits = f"{number + 1:b}"
    code = "0" * (len(bits) - 1) + bits
    packed = int(code.ljust(-(-len(code) // 8) * 8, "0"), 2).to_bytes(-(-len(code) // 8), "big")
    assert _first_code(packed) == number
    stream = b"\x00\x00\x00\x01\x67\x64\x00\x1f\xac\x00\x00\x01\x68\xee\x3c\x00\x00\x01\x65\x88"
    assert numbers(stream) == {0}
    assert len(parameter_sets(stream)) == 2
