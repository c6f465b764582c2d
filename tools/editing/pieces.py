"""Pieces of clips written one after the other: packets are copied, and only frames beside key frames are encoded.

A piece whose first frame is no key frame gets the frames up to the next one encoded ("smart cut"), and those at its
end that need a frame beyond it. Encoded and copied frames are joined under two parameter sets of different numbers,
both of them in the header. What was written can be compared with the originals.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from ..errors import RenderFailed
from ..media.ffmpeg import PLAIN, Input, run_ffmpeg
from .packets import LOOK_AHEAD, Body, seconds_at
from .parameters import free_number, header_sets, join_parameters
from .takes import Stretch
from .track import SEEK_MARGIN, number

CHECKED: Final = 3  # frames compared at each seam


@dataclass(frozen=True)
class Piece(Stretch):
    """A stretch of which the frames of ``body`` are copied."""

    body: Body | None = None

    @property
    def copied(self) -> int:
        """How many of them are copied."""
        return self.body.past - self.body.first if self.body else 0

    def source(self, begin: Fraction, end: Fraction) -> Input:
        """The file, read from ``begin`` seconds on for a little longer than to ``end``."""
        length = float(end - begin) + LOOK_AHEAD
        options = ("-ss", number(max(0.0, float(begin))), "-t", number(length))
        return Input(self.info.path, self.info.demuxer, options)

    def bounds(self) -> tuple[Fraction, Fraction]:
        """When the piece begins and ends in its file, seconds."""
        return seconds_at(self.info, self.first), seconds_at(self.info, self.past)


def ticks(rate: Fraction) -> int:
    """Ticks a second that hold a frame rate exactly."""
    return rate.numerator * max(1, -(-10_000 // rate.numerator))


def as_stored(piece: Piece, body: Body) -> tuple[Input, str]:
    """The body's packets: what to read, and bitstream filters that keep them and set their times from 0 on.

    Input times count from the body's first frame, which the input is sought to.
    """
    source = piece.source(seconds_at(piece.info, body.first), seconds_at(piece.info, body.past))
    frame = 1 / piece.rate
    low, high = number(float(-frame / 2)), number(float((body.past - body.first - Fraction(1, 2)) * frame))
    return source, f"noise=drop='lt(pts*tb,{low})+gte(pts*tb,{high})',{_times(piece.rate, body.delay)}"


def _times(rate: Fraction, delay: int) -> str:
    """A bitstream filter that sets times to the grid, and stores each frame ``delay`` frames early."""
    frame = number(float(1 / rate))
    times = f"pts='round(round(PTS*TB*{rate})*{frame}/TB)':dts='round((N-{delay})*{frame}/TB)'"
    return f"setts={times}:duration='round({frame}/TB)'"


def write_pieces(pieces: Sequence[Piece], folder: Path, timeout: float) -> tuple[Input, str]:
    """Write the pieces' parts into ``folder``; what to read to get them in a row, and bitstream filters for it.

    The pieces are of one codec and one set of parameters, and at least one of them has a body. Raises what
    :func:`~gpt4video.tools.media.ffmpeg.run_ffmpeg` raises, ``RenderFailed`` when they cannot be joined.
    """
    model = next(piece for piece in pieces if piece.body)
    smart = any(piece.copied < piece.frames for piece in pieces)
    theirs = _parameters(model, folder, timeout) if smart else b""
    ours = free_number(theirs) if smart else 0
    parts: list[tuple[Path, int]] = []
    encoded: list[Path] = []
    for piece in pieces:
        begin, end = (piece.body.first, piece.body.past) if piece.body else (piece.past, piece.past)
        for first, past in ((piece.first, begin), (begin, end), (end, piece.past)):
            path = folder / f"part-{len(parts)}.mp4"
            if past > first and piece.body and first == begin:
                _copy(piece, piece.body, path, timeout)
            elif past > first:
                _encode(piece, (first, past), path, ours, timeout)
                encoded.append(path)
            if past > first:
                parts.append((path, past - first))
    heads = []
    if encoded:
        if len({header_sets(path) for path in encoded}) > 1:
            raise RenderFailed("The cuts were encoded in different ways.", "Encode it all.")
        heads = [join_parameters(encoded[0], theirs, ticks(model.rate), timeout)]
    delay = max(piece.body.delay for piece in pieces if piece.body)
    return listing(folder, heads, parts, model.rate), _times(model.rate, delay)


def listing(folder: Path, heads: Sequence[Path], parts: Sequence[tuple[Path, int]], rate: Fraction) -> Input:
    """Files of ``folder`` in a row, each with its number of frames, under the header of ``heads``."""
    lines = ["ffconcat version 1.0"]
    for path in heads:  # whose header holds all parameters; of its picture nothing is shown
        lines += [f"file {path.name}", "outpoint 0", "duration 0"]
    for path, frames in parts:
        lines += [f"file {path.name}", f"duration {number(float(frames / rate))}"]
    script = folder / "parts.txt"
    script.write_text("\n".join(lines) + "\n")
    return Input(script, "concat", ("-safe", "0"))


def _parameters(piece: Piece, folder: Path, timeout: float) -> bytes:
    """The beginning of a body as an Annex B stream, which holds its parameter sets."""
    if piece.body is None:
        return b""
    first = folder / "first.h264"
    source, times = as_stored(piece, piece.body)
    args = ["-map", f"0:{piece.info.stream}", "-c:v", "copy", "-copypriorss", "1", "-bsf:v"]
    run_ffmpeg([*args, f"{times},h264_mp4toannexb", "-frames:v", "1"], inputs=[source], output=first, timeout=timeout)
    return first.read_bytes()


def _copy(piece: Piece, body: Body, output: Path, timeout: float) -> None:
    source, times = as_stored(piece, body)
    args = ["-map", f"0:{piece.info.stream}", "-c:v", "copy", "-copypriorss", "1", "-bsf:v", times]
    scale = ["-video_track_timescale", str(ticks(piece.rate))]
    run_ffmpeg([*args, *scale], inputs=[source], output=output, timeout=timeout)


def _encode(piece: Piece, frames: tuple[int, int], output: Path, ours: int, timeout: float) -> None:
    """Encode frames that cannot be copied, in the original's pixel format, without frames stored early."""
    first, past = frames
    seek = seconds_at(piece.info, first) - Fraction(SEEK_MARGIN) / piece.rate
    source = Input(piece.info.path, piece.info.demuxer, ("-ss", number(max(0.0, float(seek)))))
    args = ["-map", f"0:{piece.info.stream}", "-frames:v", str(past - first), "-fps_mode", "passthrough"]
    args += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "14", "-pix_fmt", piece.info.pixel_format, "-bf", "0"]
    args += ["-threads", "4", "-x264-params", f"sps-id={ours}", "-video_track_timescale", str(ticks(piece.rate))]
    times = f"setts=pts='round(N/({piece.rate}*TB))':dts='round(N/({piece.rate}*TB))'"
    run_ffmpeg([*args, "-bsf:v", times, *PLAIN], inputs=[source], output=output, timeout=timeout)


def right(pieces: Sequence[Piece], output: Path, folder: Path, timeout: float) -> bool:
    """Compare what was written with the originals: every frame in its place, and the first copied ones the same."""
    packets = folder / "result.packets"
    run_ffmpeg(["-map", "0:v", "-c", "copy"], inputs=[Input(output, "mov")], output=packets, timeout=timeout)
    lines = packets.read_text().splitlines()
    unit = next(Fraction(line.split()[-1]) for line in lines if line.startswith("#tb"))
    rate = pieces[0].rate
    places = sorted(round(int(line.split(",")[2]) * unit * rate) for line in lines if not line.startswith("#"))
    if places != list(range(sum(piece.frames for piece in pieces))):
        return False
    place = 0
    for piece in pieces:
        if piece.body and not _same(piece, piece.body, place + piece.body.first - piece.first, output, folder, timeout):
            return False
        place += piece.frames
    return True


def _same(piece: Piece, body: Body, place: int, output: Path, folder: Path, timeout: float) -> bool:
    """Whether the body's first frames are shown from ``place`` on, also when what comes before is decoded first."""
    count = min(CHECKED, body.past - body.first)
    # Rounded up: a microsecond less, and the decoder would begin a key frame earlier.
    seek = math.ceil(seconds_at(piece.info, body.first) * 1_000_000) / 1e6
    source = Input(piece.info.path, piece.info.demuxer, ("-ss", f"{seek:.6f}"))
    before = min(1, place)
    seek = max(0.0, float((place - before - Fraction(SEEK_MARGIN)) / piece.rate))
    made = Input(output, "mov", ("-ss", number(seek)))
    # One program each: in one, the stream that has its frames first would end the other.
    theirs = _hashes(source, f"0:{piece.info.stream}", count, folder, timeout)
    ours = _hashes(made, "0:v", before + count, folder, timeout)
    return theirs == ours[before:]


def _hashes(source: Input, stream: str, count: int, folder: Path, timeout: float) -> list[str]:
    """Hashes of the first decoded frames of a stream."""
    hashes = folder / "hashes.frames"
    args = ["-map", stream, "-frames:v", str(count), "-fps_mode", "passthrough"]
    run_ffmpeg(args, inputs=[source], output=hashes, timeout=timeout, decoders=1)
    lines = hashes.read_text().splitlines()
    return [line.rsplit(",", 1)[1].strip() for line in lines if not line.startswith("#")]
