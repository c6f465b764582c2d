"""H.264 parameter sets: their numbers, and a header that holds those of two encoders at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from ..errors import RenderFailed
from ..media.ffmpeg import Input, run_ffmpeg

SPS: Final = 7
PPS: Final = 8
MOST_NUMBERS: Final = 32
PROFILE_BYTES: Final = 3  # profile, constraints and level stand before the number of a sequence parameter set
_START: Final = b"\x00\x00\x00\x01"


def units(stream: bytes) -> list[bytes]:
    """Split an Annex B byte stream into its NAL units."""
    return [unit.rstrip(b"\x00") for unit in re.split(b"\x00\x00\x01", stream)[1:]]


def parameter_sets(stream: bytes) -> list[bytes]:
    """Sequence and picture parameter sets of an Annex B stream, each once."""
    return list(dict.fromkeys(unit for unit in units(stream) if unit and unit[0] & 31 in (SPS, PPS)))


def numbers(stream: bytes) -> set[int]:
    """The numbers by which frames of a stream name their parameter sets."""
    skip = {SPS: 1 + PROFILE_BYTES, PPS: 1}
    return {_first_code(unit[skip[unit[0] & 31] :]) for unit in parameter_sets(stream)}


def free_number(stream: bytes) -> int:
    """A number that no parameter set of the stream has. Raises ``RenderFailed`` when it names none or all."""
    taken = numbers(stream)
    free = next((number for number in range(1, MOST_NUMBERS) if number not in taken), None)
    if free is None or not taken:
        raise RenderFailed("The clip's parameter sets cannot be told apart.", "Convert the clip to mp4 first.")
    return free


def _first_code(data: bytes) -> int:
    """Read an unsigned Exp-Golomb code at the beginning: ``zeros`` zeros, then ``zeros + 1`` bits."""
    bits = "".join(f"{byte:08b}" for byte in data[:8])
    zeros = len(bits) - len(bits.lstrip("0"))
    return int(bits[zeros : 2 * zeros + 1] or "1", 2) - 1


def header_sets(path: Path) -> bytes:
    """The parameter sets in the header of an H.264 mp4 that was written here."""
    data = path.read_bytes()
    at = data.rindex(b"avcC")
    return data[at : at - 4 + int.from_bytes(data[at - 4 : at], "big")]


def join_parameters(encoded: Path, theirs: bytes, ticks: int, timeout: float) -> Path:
    """Write, beside the mp4 ``encoded``, one whose header holds its parameter sets and those of the stream ``theirs``.

    ``ticks`` a second is the unit of its times, which files that are joined must share.
    """
    folder = encoded.parent
    raw, both, header = folder / "ours.h264", folder / "both.h264", folder / "header.mp4"
    run_ffmpeg(
        ["-map", "0:v", "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-frames:v", "1"],
        inputs=[Input(encoded, "mov")],
        output=raw,
        timeout=timeout,
    )
    ours = raw.read_bytes()
    sets = sorted({*parameter_sets(theirs), *parameter_sets(ours)}, key=lambda unit: unit[0] & 31)
    pictures = [unit for unit in units(ours) if unit and unit not in sets]
    both.write_bytes(b"".join(_START + unit for unit in [*sets, *pictures]))
    times = ["-bsf:v", "setts=pts=N:dts=N", "-video_track_timescale", str(ticks)]
    run_ffmpeg(
        ["-map", "0:v", "-c", "copy", "-frames:v", "1", *times],
        inputs=[Input(both, "h264", ("-framerate", "25"))],
        output=header,
        timeout=timeout,
    )
    return header
