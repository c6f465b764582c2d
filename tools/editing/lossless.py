"""Trim, cut and join without encoding the picture again, where the key frames allow it.

A trim copies its AAC sound too. Where several pieces meet, or the sound itself is changed, the sound is encoded, so
that it is cut to the sample and stays with the picture. Every result is compared with the originals before it counts.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from ..errors import MediaBroken, RenderFailed
from ..media.ffmpeg import AAC, PLAIN, PLAIN_AUDIO, Input, run_ffmpeg
from ..media.probe import MediaInfo
from .packets import Packets, find_body, read_packets
from .pieces import Piece, as_stored, right, ticks, write_pieces
from .track import Track, exact_audio, nearest_rate, number, open_sound

CONTAINERS_READ: Final = ("mp4", "matroska")
COPIED: Final = ("h264", "hevc", "av1", "vp9", "mpeg4")
ENCODED: Final = ("yuv420p", "yuv422p", "yuv444p")  # eight bits, which every build of the encoder writes
WORTH: Final = 2  # a smart cut pays when at least one frame in so many is copied
AAC_FRAME: Final = 1024
AGAIN: Final = "Encoded again: it could not be copied as it is stored."

Written = tuple[list[Input], list[str]]
"""Inputs and output arguments of a stream beside the picture."""


@dataclass(frozen=True)
class Job:
    """Where a result is to be written, and how many seconds a program may take for it."""

    output: Path
    timeout: float


def trim_without_encoding(piece: Piece, job: Job) -> str | None:
    """Write one piece without encoding more than its ends; a note that says how, None when it cannot be done.

    Then nothing is written, and encoding it all is the way. Raises ``RenderFailed`` (disk full) or ``OutOfResources``.
    """
    return _attempt([piece], job, lambda packets, video: _kept_sound(piece, packets[0], video))


def join_without_encoding(pieces: Sequence[Piece], sound: Track, job: Job) -> str | None:
    """Write pieces in a row, with the sound that ends ``sound``'s graph; gives and raises as the other does."""
    note = _attempt(pieces, job, lambda _packets, video: _graph_sound(sound, video))
    return note and note + (" Its sound was encoded." if sound.audio is not None else "")


def _attempt(pieces: Sequence[Piece], job: Job, sound: Callable[[list[Packets], Input], Written]) -> str | None:
    if not all(_copyable(piece.info) and _alike(piece.info, pieces[0].info) for piece in pieces):
        return None
    folder = Path(tempfile.mkdtemp(prefix="lossless-", dir=job.output.parent))
    try:
        return _write(pieces, job, folder, sound)
    except MediaBroken:
        return None
    except RenderFailed as error:
        if "disk" in error.message:
            raise
        return None  # a stream that this program cannot copy: encoding still may
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copyable(info: MediaInfo) -> bool:
    plain = info.container in CONTAINERS_READ and info.codec in COPIED and not info.rotation and not info.partial
    return plain and not info.width % 2 and not info.height % 2


def _alike(one: MediaInfo, other: MediaInfo) -> bool:
    return all(
        getattr(one, name) == getattr(other, name) for name in ("codec", "width", "height", "grid", "pixel_format")
    )


def _write(
    pieces: Sequence[Piece], job: Job, folder: Path, sound: Callable[[list[Packets], Input], Written]
) -> str | None:
    listed = [read_packets(piece.info, piece.first, piece.past, folder, job.timeout) for piece in pieces]
    packets = [each for each in listed if each is not None]
    if len(packets) < len(pieces) or len({each.header for each in packets}) > 1:
        return None
    pieces = [
        replace(piece, body=find_body(each.video, piece.first, piece.past))
        for piece, each in zip(pieces, packets, strict=True)
    ]
    frames, copied = sum(piece.frames for piece in pieces), sum(piece.copied for piece in pieces)
    smart = pieces[0].info.codec == "h264" and pieces[0].info.pixel_format in ENCODED
    if copied * WORTH < frames or (copied < frames and not smart):
        return None
    body = pieces[0].body
    if len(pieces) == 1 and copied == frames and body:
        (video, times), stream = as_stored(pieces[0], body), f"0:{pieces[0].info.stream}"
    else:
        (video, times), stream = write_pieces(pieces, folder, job.timeout), "0:v:0"
    _finish(pieces[0], job, (["-map", stream, "-bsf:v", times], sound(packets, video)))
    if not right(pieces, job.output, folder, job.timeout):
        job.output.unlink()
        return None
    ends = "" if copied == frames else f" but for {frames - copied} frames at its ends"
    return f"Copied without loss{ends}."


def _finish(model: Piece, job: Job, streams: tuple[list[str], Written]) -> None:
    """Write the result: video packets under new times, and the sound that belongs to them."""
    video, (inputs, sound) = streams
    args = [*video, "-c:v", "copy", "-copypriorss", "1", *sound, "-video_track_timescale", str(ticks(model.rate))]
    if model.info.codec == "hevc":
        args += ["-tag:v", "hvc1"]  # the name that Apple's players know it by
    run_ffmpeg([*args, *PLAIN], inputs=inputs, output=job.output, timeout=job.timeout)


def _kept_sound(piece: Piece, packets: Packets, video: Input) -> Written:
    """The sound of one piece: AAC is copied, what mp4 does not hold everywhere is encoded."""
    if not packets.audio_codec:
        return [video], []
    if packets.audio_codec != "aac":
        track = Track("", None, 0, 0, piece.frames, piece.rate, nearest_rate(piece.info.audio_rate))
        label = open_sound(track, piece.info, piece.first)
        track.audio = track.chain([label], exact_audio(track.seconds))
        return _graph_sound(track, video)
    begin, end = piece.bounds()
    zero = float(begin - max(begin - 1, Fraction(0)))
    # One packet more in front: AAC decodes a packet from it and the one before.
    low = zero - 2 * AAC_FRAME / max(8000, piece.info.audio_rate)
    high = zero + float(end - begin)
    keep = f"noise=drop='lt(pts*tb,{number(low)})+gte(pts*tb,{number(high)})'"
    args = ["-map", f"1:{piece.info.audio_stream}", "-c:a", "copy"]
    return [video, piece.source(begin - 1, end)], [*args, "-bsf:a", f"{keep},setts=ts='PTS-round({number(zero)}/TB)'"]


def _graph_sound(track: Track, video: Input) -> Written:
    """The sound at the end of a track's graph, encoded; of the graph only what leads there is run."""
    if track.audio is None:
        return [video], []
    alone = track.sound_alone(video)
    inputs, graph = alone.compile()
    args = ["-filter_complex", graph, "-map", track.audio, *AAC, "-ar", str(track.audio_rate), *PLAIN_AUDIO]
    return inputs, args
