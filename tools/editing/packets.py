"""The packets of a file as they are stored: which frames can be copied without decoding them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from ..media.ffmpeg import Input, run_ffmpeg
from ..media.probe import MediaInfo
from ..media.write import frame_rate

OFF_GRID: Final = 0.1  # of a frame; Matroska rounds times to a millisecond
LOOK_AHEAD: Final = 1.0  # seconds: packets are stored ahead of when they are shown
KEY: Final = 1
UNUSABLE: Final = 2 | 4  # damaged, or hidden by an edit list
_LINE: Final = re.compile(r"\s*(\d+),\s*(-?\d+),\s*(-?\d+),\s*(\d+),\s*(\d+), 0x[0-9a-f]+(?:, F=0x([0-9A-Fa-f]+))?.*")


@dataclass(frozen=True)
class Packet:
    """A stored frame: its number on the clip's grid, and whether decoding can begin with it."""

    frame: int
    key: bool


@dataclass(frozen=True)
class Body:
    """Packets that can be copied whole: frames ``first`` to ``past`` (exclusive), stored ``delay`` frames early."""

    first: int
    past: int
    delay: int


@dataclass(frozen=True)
class Packets:
    """Packets in the order they are stored in.

    Attributes:
        video: the packets.
        audio_codec: codec of the sound, "" without one.
        header: names the parameters that decoding the picture begins with: the same for the same.
    """

    video: list[Packet]
    audio_codec: str
    header: str


def seconds_at(info: MediaInfo, frame: int) -> Fraction:
    """When a frame is shown, counted from the file's beginning in seconds."""
    return Fraction(info.start).limit_denominator(1_000_000) + frame / frame_rate(info.grid)


def read_packets(info: MediaInfo, first: int, past: int, folder: Path, timeout: float) -> Packets | None:
    """List the packets around frames ``first`` to ``past`` of a probed file, without decoding any.

    None when the file's times do not lie on its grid, or a packet is marked as damaged or hidden: then
    frames cannot be told apart by counting.
    """
    seek = max(0.0, float(seconds_at(info, first)))
    length = float((past - first) / frame_rate(info.grid)) + LOOK_AHEAD
    listing = folder / "listing.packets"
    source = Input(info.path, info.demuxer, ("-ss", f"{seek:.6f}", "-t", f"{length:.6f}"))
    maps = ["-map", f"0:{info.stream}"] + (["-map", f"0:{info.audio_stream}"] if info.audio_stream is not None else [])
    run_ffmpeg([*maps, "-c", "copy", "-copypriorss", "1"], inputs=[source], output=listing, timeout=timeout)
    try:
        return _parse(listing.read_text(), info, seek)
    finally:
        listing.unlink()


def _parse(text: str, info: MediaInfo, seek: float) -> Packets | None:
    units: dict[str, Fraction] = {}
    codecs: dict[str, str] = {}
    headers: dict[str, str] = {}
    video: list[Packet] = []
    rate = frame_rate(info.grid)
    for line in text.splitlines():
        if header := re.fullmatch(r"#tb (\d): (\S+)", line):
            units[header[1]] = Fraction(header[2])
        elif header := re.fullmatch(r"#codec_id (\d): (\S+)", line):
            codecs[header[1]] = header[2]
        elif header := re.fullmatch(r"#extradata (\d): +(.*)", line):
            headers[header[1]] = header[2]
        elif (packet := _LINE.fullmatch(line)) and packet[1] == "0":
            flags = KEY if packet[6] is None else int(packet[6], 16)
            place = (int(packet[3]) * float(units["0"]) + seek - info.start) * float(rate)
            if flags & UNUSABLE or abs(place - round(place)) > OFF_GRID:
                return None
            video.append(Packet(round(place), bool(flags & KEY)))
    return Packets(video, codecs.get("1", ""), headers.get("0", ""))


def find_body(video: Sequence[Packet], first: int, past: int) -> Body | None:
    """Find the longest run of whole packets inside frames ``first`` to ``past``.

    It begins with a key frame that no later packet is shown before, and ends where all that was stored
    so far has been shown, so that no frame in it needs one outside.
    """
    inside = sorted(packet.frame for packet in video if first <= packet.frame < past)
    if inside != list(range(first, past)):
        return None
    begin = next((at for at, packet in enumerate(video) if packet.frame >= first and _opens(video, at)), None)
    if begin is None or video[begin].frame >= past:
        return None
    start = video[begin].frame
    end, highest, delay = start, start, 0
    for count, packet in enumerate(video[begin:], 1):
        highest = max(highest, packet.frame)
        if highest >= past:
            break
        delay = max(delay, count - 1 - (packet.frame - start))
        if highest - start + 1 == count:
            end = highest + 1
    return Body(start, end, delay)


def _opens(video: Sequence[Packet], at: int) -> bool:
    frame = video[at].frame
    return (
        video[at].key
        and all(before.frame < frame for before in video[:at])
        and all(after.frame > frame for after in video[at + 1 :])
    )
