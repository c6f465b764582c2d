"""A clip on its way through the operations: a lazy ffmpeg filter graph that counts its frames.

Invariant: picture and sound of a track start together and last exactly ``frames / rate`` seconds, and
frame ``k`` is shown at ``k / rate``. Every operation keeps it, so lengths are known before rendering.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from ..media.ffmpeg import Input
from ..media.probe import MediaInfo
from ..media.write import frame_rate

SILENCE_RATE: Final = 48000
AUDIO_RATES: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
SEEK_MARGIN: Final = 0.25  # of a frame: timestamps are rounded, a millisecond in Matroska

_ids = itertools.count(1)


def number(value: float) -> str:
    """Write a number the way filters read it, without an exponent."""
    return f"{value:.9f}"


@dataclass
class Track:
    """A clip being edited.

    Attributes:
        video: label of the picture in the graph.
        audio: label of the sound, None without one.
        width: pixels, even.
        height: pixels, even.
        frames: how many.
        rate: frames a second.
        audio_rate: samples a second.
        notes: what the user should know.
        times: when the frames taken out for a grid or a zip are shown, seconds.
        inputs: files by the number that the graph's lines name them by.
        lines: the graph.
    """

    video: str
    audio: str | None
    width: int
    height: int
    frames: int
    rate: Fraction
    audio_rate: int
    notes: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    inputs: dict[int, Input] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Length of picture and sound."""
        return float(self.frames / self.rate)

    def add_input(self, source: Input) -> int:
        """Add a file to read; returns its number."""
        key = next(_ids)
        self.inputs[key] = source
        return key

    def chain(self, sources: Sequence[str], filters: str) -> str:
        """Add a filter chain over labels; returns the label of its output."""
        label = f"[n{next(_ids)}]"
        self.lines.append("".join(sources) + filters + label)
        return label

    def split(self, source: str, name: str) -> tuple[str, str]:
        """Double a stream with ``split`` or ``asplit``."""
        left, right = f"[n{next(_ids)}]", f"[n{next(_ids)}]"
        self.lines.append(f"{source}{name}{left}{right}")
        return left, right

    def filter_video(self, filters: str) -> None:
        """Send the picture through filters that keep its timing."""
        self.video = self.chain([self.video], filters)

    def filter_audio(self, filters: str) -> None:
        """Send the sound, if there is one, through filters that keep its timing."""
        if self.audio is not None:
            self.audio = self.chain([self.audio], filters)

    def hold_length(self, frames: int) -> None:
        """Cut or fill picture (last frame) and sound (silence) to exactly ``frames`` frames."""
        self.frames = frames
        self.filter_video(f"tpad=stop=-1:stop_mode=clone,trim=end_frame={frames},setpts=N/({self.rate}*TB)")
        self.filter_audio(exact_audio(self.seconds))

    def keep(self, first: int, past: int) -> None:
        """Cut picture and sound to frames ``first`` to ``past`` (exclusive)."""
        if (first, past) == (0, self.frames):
            return
        self.filter_video(f"trim=start_frame={first}:end_frame={past},setpts=N/({self.rate}*TB)")
        begin, end = number(float(first / self.rate)), number(float(past / self.rate))
        self.filter_audio(f"atrim=start={begin}:end={end},asetpts=PTS-STARTPTS")
        self.frames = past - first

    def absorb(self, other: Track) -> None:
        """Take over another track's inputs, lines and notes; its labels can then be used here."""
        self.inputs |= other.inputs
        self.lines += other.lines
        self.notes += [note for note in other.notes if note not in self.notes]

    def sound_alone(self, video: Input) -> Track:
        """A track whose graph makes this one's sound alone, and whose first input is ``video``."""
        alone = Track("", self.audio, 0, 0, self.frames, self.rate, self.audio_rate)
        alone.add_input(video)
        alone.lines = needed_for(self.lines, self.audio or "")
        used = set(re.findall(r"@(\d+)", ";".join(alone.lines)))
        alone.inputs |= {key: source for key, source in self.inputs.items() if str(key) in used}
        return alone

    def compile(self) -> tuple[list[Input], str]:
        """Give the inputs in order and the graph that refers to them by that order."""
        order = {key: index for index, key in enumerate(self.inputs)}
        graph = re.sub(r"@(\d+)", lambda found: str(order[int(found[1])]), ";".join(self.lines))
        return list(self.inputs.values()), graph


def needed_for(lines: list[str], label: str) -> list[str]:
    """The lines of a graph that lead to a label; without the others no picture is decoded for a sound."""
    kept, needed = list[str](), {label}
    for line in reversed(lines):
        parts = re.fullmatch(r"((?:\[[^\]]*\])*)(.*?)((?:\[[^\]]*\])*)", line, re.DOTALL)
        if parts is not None and needed & set(re.findall(r"\[[^\]]*\]", parts[3])):
            needed |= set(re.findall(r"\[[^\]]*\]", parts[1]))
            kept.insert(0, line)
    made = set(re.findall(r"\[n\d+\]", ";".join(kept)))
    sinks = [line for line in lines if line.endswith("anullsink") and line.removesuffix("anullsink") in made]
    return kept + sinks  # halves that a split leaves over


def exact_audio(seconds: float) -> str:
    """Filters that make a sound exactly ``seconds`` long."""
    return f"apad,atrim=end={number(seconds)},asetpts=PTS-STARTPTS"


def even(value: int) -> int:
    """Round up to an even number: H.264 with yuv420p knows no other sizes."""
    return value + value % 2


def open_track(info: MediaInfo, first: int, past: int, notes: Sequence[str] = ()) -> Track:
    """Begin with frames ``first`` to ``past`` (exclusive) of a probed video."""
    rate = frame_rate(info.grid)
    track = Track("", None, even(info.width), even(info.height), past - first, rate, info.audio_rate, list(notes))
    opened = _open(info, first)
    key = track.add_input(opened.source)
    pad = f",pad={track.width}:{track.height},fillborders=right={info.width % 2}:bottom={info.height % 2}:mode=smear"
    odd = pad if (track.width, track.height) != (info.width, info.height) else ""
    conform = f"fps={rate}:start_time=0,scale={info.width}:{info.height},setsar=1,format=yuv420p{odd}"
    skip = f",trim=start_frame={opened.skip},setpts=PTS-STARTPTS" if opened.skip else ""
    track.video = track.chain([f"[@{key}:{info.stream}]"], f"setpts=PTS-{number(opened.shift)}/TB,{conform}{skip}")
    if info.audio_stream is not None:
        track.audio_rate = nearest_rate(info.audio_rate)
        track.audio = _sound(track, key, info, opened)
    track.hold_length(past - first)
    return track


def open_sound(track: Track, info: MediaInfo, first: int) -> str:
    """Add the sound of another clip from its frame ``first`` on; returns its label."""
    opened = _open(info, first)
    return _sound(track, track.add_input(opened.source), info, opened)


@dataclass(frozen=True)
class _Opened:
    """How to read a file from a frame on: ``shift`` seconds to take off, then ``skip`` frames to drop."""

    source: Input
    shift: float
    skip: int


def _open(info: MediaInfo, first: int) -> _Opened:
    rate, demuxer = frame_rate(info.grid), info.demuxer
    if info.container == "avi":  # it knows no presentation times: they are counted from its first frame
        return _Opened(Input(info.path, demuxer, ("-r", str(rate))), 0.0, first)
    if first == 0:
        return _Opened(Input(info.path, demuxer), info.start, 0)
    seek = info.start + float((first - SEEK_MARGIN) / rate)
    return _Opened(Input(info.path, demuxer, ("-ss", number(seek))), float(SEEK_MARGIN / rate), 0)


def _sound(track: Track, key: int, info: MediaInfo, opened: _Opened) -> str:
    begin = opened.skip / info.grid
    skip = f",atrim=start={number(begin)},asetpts=PTS-STARTPTS" if begin else ""
    shift = f"asetpts=PTS-{number(opened.shift)}/TB," if opened.shift else ""
    return track.chain([f"[@{key}:{info.audio_stream}]"], f"{shift}{even_audio(track.audio_rate)}{skip}")


def even_audio(rate: int) -> str:
    """Filters that make any sound continuous stereo from time 0."""
    return f"aresample={rate}:async=1:first_pts=0,aformat=sample_fmts=fltp:channel_layouts=stereo"


def nearest_rate(rate: int) -> int:
    """Find the sampling rate to write: the same where AAC knows it."""
    return rate if rate in AUDIO_RATES else SILENCE_RATE
