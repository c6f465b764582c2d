"""The sound of a clip comes in pieces, by the picture's clock, as far as it can be read."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from gpt4video.tools.errors import BadArguments, MediaBroken, MediaMissing, MediaRejected, OutOfResources
from gpt4video.tools.media import sandbox
from gpt4video.tools.media.audio import audio
from gpt4video.tools.media.limits import MediaLimits
from media_factory import HOSTILE, index_clip, picture, pitch
from sound_factory import RATE, Samples, clicks, noise, sounding_clip


def whole(path: Path, **options: float) -> Samples:
    """All sound of a clip from second 0 on, with zeros where there is none."""
    pieces = list(audio(path, **options))  # type: ignore[arg-type]
    end = pieces[-1][0] + len(pieces[-1][1]) / RATE
    sound = np.zeros(round(end * RATE), dtype=np.float32)
    for start, samples in pieces:
        sound[round(start * RATE) : round(start * RATE) + len(samples)] = samples
    return sound


def tone(seconds: float, hertz: float = 440.0, rate: int = RATE) -> Samples:
    return (np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate) * 0.5).astype(np.float32)


def first_click(sound: Samples) -> float:
    return int(np.flatnonzero(np.abs(sound) > 0.3)[0]) / RATE


@pytest.mark.parametrize(
    ("suffix", "codec", "rate", "channels"),
    [(".mp4", "aac", 44100, 2), (".mov", "aac", 16000, 1), (".mkv", "pcm_s16le", 8000, 1), (".avi", "mp3", 22050, 1)],
)
def test_sound_of_any_rate_becomes_one_channel_at_sixteen_thousand(
    tmp_path: Path, suffix: str, codec: str, rate: int, channels: int
) -> None:
    path = sounding_clip(tmp_path / f"clip{suffix}", tone(3, rate=rate), rate=rate, codec=codec, channels=channels)
    sound = whole(path)
    assert len(sound) / RATE == pytest.approx(3, abs=0.15)
    assert pitch(sound, RATE) == pytest.approx(440, abs=2)
    assert sound.dtype == np.float32
    assert np.abs(sound).max() == pytest.approx(0.5, abs=0.1)


def test_pieces_follow_each_other_without_gap_or_overlap(tmp_path: Path) -> None:
    path = sounding_clip(tmp_path / "clip.mkv", noise(5), codec="pcm_s16le")
    pieces = list(audio(path, seconds=0.7))
    assert [round(start, 6) for start, _ in pieces] == [round(0.7 * n, 6) for n in range(8)]
    assert np.allclose(np.concatenate([samples for _, samples in pieces]), noise(5), atol=1e-3)


@pytest.mark.parametrize("delay", [0.3, 2.5])
def test_sound_that_begins_later_than_the_picture_keeps_its_time(tmp_path: Path, delay: float) -> None:
    path = sounding_clip(tmp_path / "clip.mkv", clicks(2)[1000:], delay=delay, codec="pcm_s16le")
    assert first_click(whole(path)) == pytest.approx(delay + (4000 - 1000) / RATE, abs=0.005)


def test_sound_before_the_picture_is_left_out(tmp_path: Path) -> None:
    import av

    path = tmp_path / "late.mkv"
    plain = sounding_clip(tmp_path / "plain.mkv", clicks(3), codec="pcm_s16le")
    with av.open(str(plain)) as source, av.open(str(path), "w") as target:
        tracks = {one.index: target.add_stream_from_template(one) for one in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                shown_later = round(0.6 / packet.time_base) if packet.stream.type == "video" else 0
                packet.pts, packet.dts = packet.pts + shown_later, packet.dts + shown_later
                packet.stream = tracks[packet.stream.index]
                target.mux(packet)
    assert first_click(whole(path)) == pytest.approx(0.75 - 0.6, abs=0.005)


def test_a_long_pause_in_the_track_begins_a_new_piece(tmp_path: Path) -> None:
    import av

    path = tmp_path / "gap.mkv"
    plain = sounding_clip(tmp_path / "plain.mkv", noise(8), codec="pcm_s16le")
    with av.open(str(plain)) as source, av.open(str(path), "w") as target:
        tracks = {one.index: target.add_stream_from_template(one) for one in source.streams}
        for packet in source.demux():
            kept = packet.stream.type == "video" or not 2 <= float((packet.pts or 0) * packet.time_base) < 6
            if packet.dts is not None and kept:
                packet.stream = tracks[packet.stream.index]
                target.mux(packet)
    (first, before), (second, after) = list(audio(path))
    assert (first, second) == (0, pytest.approx(6, abs=0.1))
    assert len(before) / RATE == pytest.approx(2, abs=0.1)
    assert np.allclose(after, noise(8)[round(second * RATE) :], atol=1e-3)


@pytest.mark.parametrize("make", [index_clip, picture])
def test_a_file_without_sound_gives_no_piece(tmp_path: Path, make: object) -> None:
    path = tmp_path / ("clip.mp4" if make is index_clip else "still.png")
    make(path)  # type: ignore[operator]
    pieces = audio(path)
    assert list(pieces) == []
    assert pieces.partial == ""


def test_another_file_read_in_between_does_not_disturb(tmp_path: Path) -> None:
    path = sounding_clip(tmp_path / "clip.mkv", noise(5), codec="pcm_s16le")
    other = sounding_clip(tmp_path / "other.mkv", noise(2, 2), codec="pcm_s16le")
    got = []
    for _, samples in audio(path, seconds=1):
        got.append(samples)
        next(audio(other))
    assert np.allclose(np.concatenate(got), noise(5), atol=1e-3)


def test_a_worker_that_dies_between_two_pieces_is_replaced_and_reads_on(tmp_path: Path) -> None:
    path = sounding_clip(tmp_path / "clip.mp4", tone(6))
    pieces = audio(path, seconds=2)
    got = [next(pieces)]
    sandbox.shut_down()
    got += pieces
    assert [start for start, _ in got] == [0, 2, 4, 6][: len(got)]
    joined = np.concatenate([samples for _, samples in got])
    assert pitch(joined, RATE) == pytest.approx(440, abs=1)
    middle = joined[2 * RATE - 400 : 2 * RATE + 400]
    assert np.abs(np.diff(middle)).max() < 0.15, "a click where the second worker took over"


def test_damaged_sound_gives_the_rest_and_says_so(tmp_path: Path) -> None:
    path = sounding_clip(tmp_path / "clip.mp4", tone(10))
    import av

    with av.open(str(path)) as media:
        entries = media.streams.audio[0].index_entries
        spans = [(entries[n].pos, entries[n].size) for n in range(40, 52)]
    data = bytearray(path.read_bytes())
    for begin, size in spans:
        data[begin : begin + size] = b"\xff" * size
    path.write_bytes(data)
    pieces = audio(path)
    samples = np.concatenate([samples for _, samples in pieces])
    assert "damaged pieces of sound" in pieces.partial
    assert len(samples) / RATE == pytest.approx(10, abs=0.3)
    assert pitch(samples[: 2 * RATE], RATE) == pytest.approx(440, abs=1)
    assert pitch(samples[-4 * RATE :], RATE) == pytest.approx(440, abs=1)


def test_sound_of_which_nothing_can_be_read_is_a_typed_error(tmp_path: Path) -> None:
    path = sounding_clip(tmp_path / "clip.mp4", tone(3))
    import av

    with av.open(str(path)) as media:
        entries = media.streams.audio[0].index_entries
        spans = [(entries[n].pos, entries[n].size) for n in range(len(entries))]
    data = bytearray(path.read_bytes())
    for begin, size in spans:
        data[begin : begin + size] = b"\xff" * size
    path.write_bytes(data)
    with pytest.raises(MediaBroken, match="not one piece of its sound"):
        list(audio(path))


def test_damage_of_any_kind_gives_sound_or_a_typed_error(tmp_path: Path) -> None:
    whole_file = sounding_clip(tmp_path / "whole.mkv", noise(2), codec="libopus", rate=48000).read_bytes()
    dice = random.Random("sound")
    outcomes = set()
    for number in range(40):
        data = bytearray(whole_file)
        for _ in range(dice.choice([1, 10, 100])):
            data[dice.randrange(len(data))] = dice.randrange(256)
        path = tmp_path / f"{number}.mkv"
        path.write_bytes(data)
        try:
            for start, samples in audio(path, seconds=1):
                assert start >= 0
                assert np.isfinite(samples).all()
                assert np.abs(samples).max() <= 1
            outcomes.add("sound")
        except (MediaBroken, MediaRejected, OutOfResources) as error:
            outcomes.add(error.code)
    assert len(outcomes) > 1, "the damage was all of one kind"


@pytest.mark.parametrize("name", ["audio only", "playlist", "ffconcat", "no moov"])
def test_hostile_files_are_typed_errors_here_too(tmp_path: Path, name: str) -> None:
    code, make = HOSTILE[name]
    with pytest.raises((MediaRejected, MediaBroken)) as caught:
        audio(make(tmp_path / "hostile.mp4"))
    assert caught.value.code == code


def test_bad_arguments_and_no_file_are_typed_errors(tmp_path: Path) -> None:
    path = index_clip(tmp_path / "clip.mp4")
    with pytest.raises(BadArguments):
        audio(path, rate=0)
    with pytest.raises(BadArguments):
        audio(path, seconds=float("nan"))
    with pytest.raises(MediaMissing):
        audio(tmp_path / "nothing.mp4")


def test_sound_far_longer_than_any_clip_may_be_ends_at_the_limit(tmp_path: Path) -> None:
    path = sounding_clip(tmp_path / "clip.mkv", noise(20), seconds=1, codec="pcm_s16le")
    pieces = list(audio(path, seconds=2, limits=MediaLimits(seconds=8)))
    assert len(pieces) == 5
