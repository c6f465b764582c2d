"""Trim without encoding again: packets are copied, and only frames beside the nearest key frames are encoded.

A clip whose wanted first frame is no key frame gets the frames up to the next one encoded ("smart cut"), and
those at its end that need a frame beyond it. Encoded and copied frames are joined under two parameter sets of
different numbers, both of them in the header. What was written is compared with the original before it counts.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from ..errors import MediaBroken, RenderFailed
from ..media.containers import CONTAINERS
from ..media.ffmpeg import AAC, PLAIN, PLAIN_AUDIO, Input, run_ffmpeg
from ..media.probe import MediaInfo
from ..media.write import frame_rate
from .packets import LOOK_AHEAD, Body, Packets, find_body, read_packets, seconds_at
from .parameters import free_number, join_parameters
from .track import SEEK_MARGIN, Track, exact_audio, nearest_rate, number, open_sound

CONTAINERS_READ: Final = ("mp4", "matroska")
COPIED: Final = ("h264", "hevc", "av1", "vp9", "mpeg4")
ENCODED: Final = ("yuv420p", "yuv422p", "yuv444p")  # eight bits, which every build of the encoder writes
WORTH: Final = 2  # a smart cut pays when at least one frame in so many is copied
AAC_FRAME: Final = 1024
CHECKED: Final = 3  # frames compared at the seam


@dataclass(frozen=True)
class Job:
    """Frames ``first`` to ``past`` (exclusive) of a probed file, to be written to ``output``."""

    info: MediaInfo
    first: int
    past: int
    output: Path
    timeout: float

    @property
    def rate(self) -> Fraction:
        """Frames a second."""
        return frame_rate(self.info.grid)

    def source(self, begin: Fraction, end: Fraction) -> Input:
        """The file, read from ``begin`` seconds on for a little longer than to ``end``."""
        length = float(end - begin) + LOOK_AHEAD
        options = ("-ss", number(max(0.0, float(begin))), "-t", number(length))
        return Input(self.info.path, CONTAINERS[self.info.container].demuxer, options)


def trim_without_encoding(job: Job) -> str | None:
    """Write the span without encoding more than its ends; returns a note that says how, None when it cannot be done.

    Then nothing is written, and encoding it all is the way. Raises ``RenderFailed`` (disk full) or ``OutOfResources``.
    """
    info = job.info
    plain = info.container in CONTAINERS_READ and info.codec in COPIED and not info.rotation and not info.partial
    if not plain or info.width % 2 or info.height % 2:
        return None
    folder = Path(tempfile.mkdtemp(prefix="lossless-", dir=job.output.parent))
    try:
        return _trim(job, folder)
    except MediaBroken:
        return None
    except RenderFailed as error:
        if "disk" in error.message:
            raise
        return None  # a stream that this program cannot copy: encoding still may
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _trim(job: Job, folder: Path) -> str | None:
    packets = read_packets(job.info, job.first, job.past, folder, job.timeout)
    body = find_body(packets.video, job.first, job.past) if packets else None
    if packets is None or body is None:
        return None
    if (body.first, body.past) == (job.first, job.past):
        source = job.source(seconds_at(job.info, job.first), seconds_at(job.info, job.past))
        _finish(job, packets, source, f"0:{job.info.stream}", _copied(job, body))
        return "Copied without loss." if _right(job, body, folder) else None
    smart = job.info.codec == "h264" and job.info.pixel_format in ENCODED
    if not smart or (body.past - body.first) * WORTH < job.past - job.first:
        return None
    _smart_cut(job, packets, body, folder)
    again = job.past - job.first - (body.past - body.first)
    return f"Copied without loss but for {again} frames at its ends." if _right(job, body, folder) else None


def _copied(job: Job, body: Body) -> str:
    """Bitstream filters that keep the body's packets and set their times exactly; the first frame is at 0.

    Input times count from the body's first frame, which the input is sought to.
    """
    frame = number(float(1 / job.rate))
    low, high = -0.5 / float(job.rate), (body.past - body.first - 0.5) / float(job.rate)
    drop = f"noise=drop='lt(pts*tb,{number(low)})+gte(pts*tb,{number(high)})'"
    times = f"pts='round(round(PTS*TB*{job.rate})*{frame}/TB)'"
    stored = f"dts='round((N-{body.delay})*{frame}/TB)'"
    return f"{drop},setts={times}:{stored}:duration='round({frame}/TB)'"


def _smart_cut(job: Job, packets: Packets, body: Body, folder: Path) -> None:
    first = folder / "first.h264"
    middle = job.source(seconds_at(job.info, body.first), seconds_at(job.info, body.past))
    stream = f"0:{job.info.stream}"
    annexb = ["-map", stream, "-c:v", "copy", "-copypriorss", "1", "-bsf:v"]
    run_ffmpeg(
        [*annexb, _copied(job, body) + ",h264_mp4toannexb", "-frames:v", "1"],
        inputs=[middle],
        output=first,
        timeout=job.timeout,
    )
    theirs = first.read_bytes()
    ours = free_number(theirs)
    parts = [_encode(job, job.first, body.first, folder / "head.mp4", ours)] if body.first > job.first else []
    scale = ["-video_track_timescale", str(_ticks(job))]
    run_ffmpeg(
        ["-map", stream, "-c:v", "copy", "-copypriorss", "1", "-bsf:v", _copied(job, body), *scale],
        inputs=[middle],
        output=folder / "body.mp4",
        timeout=job.timeout,
    )
    parts.append((folder / "body.mp4", body.past - body.first))
    if body.past < job.past:
        parts.append(_encode(job, body.past, job.past, folder / "tail.mp4", ours))
    encoded = parts[0][0] if body.first > job.first else parts[-1][0]
    sets = join_parameters(encoded, theirs, _ticks(job), job.timeout)
    listing = folder / "parts.txt"
    lines = ["ffconcat version 1.0", f"file {sets.name}", "outpoint 0", "duration 0"]
    for path, frames in parts:
        lines += [f"file {path.name}", f"duration {number(float(frames / job.rate))}"]
    listing.write_text("\n".join(lines) + "\n")
    frame = number(float(1 / job.rate))
    times = f"pts='round(round(PTS*TB*{job.rate})*{frame}/TB)':dts='round((N-{body.delay})*{frame}/TB)'"
    joined = Input(listing, "concat", ("-safe", "0"))
    _finish(job, packets, joined, "0:v:0", f"setts={times}:duration='round({frame}/TB)'")


def _encode(job: Job, first: int, past: int, output: Path, ours: int) -> tuple[Path, int]:
    """Encode frames that cannot be copied, in the original's pixel format, without frames stored early."""
    seek = seconds_at(job.info, first) - Fraction(SEEK_MARGIN) / job.rate
    source = Input(job.info.path, CONTAINERS[job.info.container].demuxer, ("-ss", number(max(0.0, float(seek)))))
    args = ["-map", f"0:{job.info.stream}", "-frames:v", str(past - first), "-fps_mode", "passthrough"]
    args += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "14", "-pix_fmt", job.info.pixel_format, "-bf", "0"]
    args += ["-threads", "4", "-x264-params", f"sps-id={ours}", "-video_track_timescale", str(_ticks(job))]
    times = f"setts=pts='round(N/({job.rate}*TB))':dts='round(N/({job.rate}*TB))'"
    run_ffmpeg([*args, "-bsf:v", times, *PLAIN], inputs=[source], output=output, timeout=job.timeout)
    return output, past - first


def _ticks(job: Job) -> int:
    """Ticks a second that hold the frame rate exactly."""
    return job.rate.numerator * max(1, -(-10_000 // job.rate.numerator))


def _finish(job: Job, packets: Packets, video: Input, stream: str, times: str) -> None:
    """Write the result: video packets under new times, and the sound that belongs to them."""
    inputs, sound = [video], list[str]()
    if packets.audio_codec == "aac":
        begin, end = seconds_at(job.info, job.first), seconds_at(job.info, job.past)
        inputs.append(job.source(begin - 1, end))
        zero = float(begin - max(begin - 1, Fraction(0)))
        # One packet more in front: AAC decodes a packet from it and the one before.
        low = zero - 2 * AAC_FRAME / max(8000, job.info.audio_rate)
        high = zero + float(end - begin)
        keep = f"noise=drop='lt(pts*tb,{number(low)})+gte(pts*tb,{number(high)})'"
        shift = f"setts=ts='PTS-round({number(zero)}/TB)'"
        sound = ["-map", f"1:{job.info.audio_stream}", "-c:a", "copy", "-bsf:a", f"{keep},{shift}"]
    elif packets.audio_codec:
        inputs, sound = _encoded_sound(job, video)
    args = ["-map", stream, "-c:v", "copy", "-copypriorss", "1", "-bsf:v", times, *sound]
    args += ["-video_track_timescale", str(_ticks(job))]
    if job.info.codec == "hevc":
        args += ["-tag:v", "hvc1"]  # the name that Apple's players know it by
    run_ffmpeg([*args, *PLAIN], inputs=inputs, output=job.output, timeout=job.timeout)


def _encoded_sound(job: Job, video: Input) -> tuple[list[Input], list[str]]:
    """Sound that mp4 does not hold everywhere is encoded; it is cut to the sample."""
    rate = nearest_rate(job.info.audio_rate)
    track = Track("", None, 0, 0, job.past - job.first, job.rate, rate)
    track.add_input(video)
    label = track.chain([open_sound(track, job.info, job.first)], exact_audio(track.seconds))
    inputs, graph = track.compile()
    return inputs, ["-filter_complex", graph, "-map", label, *AAC, "-ar", str(rate), *PLAIN_AUDIO]


def _right(job: Job, body: Body, folder: Path) -> bool:
    """Compare the result with the original: every frame in its place, and the first copied ones the same."""
    begin = body.first - job.first
    count = min(CHECKED, body.past - body.first)
    listing = folder / "result.packets"
    run_ffmpeg(["-map", "0:v", "-c", "copy"], inputs=[Input(job.output, "mov")], output=listing, timeout=job.timeout)
    lines = [line.split(",") for line in listing.read_text().splitlines() if not line.startswith("#")]
    unit = next(Fraction(line.split()[-1]) for line in listing.read_text().splitlines() if line.startswith("#tb"))
    places = sorted(round(int(line[2]) * unit * job.rate) for line in lines)
    # Rounded up: a microsecond less, and the decoder would begin a key frame earlier.
    seek = math.ceil(seconds_at(job.info, body.first) * 1_000_000) / 1e6
    source = Input(job.info.path, CONTAINERS[job.info.container].demuxer, ("-ss", f"{seek:.6f}"))
    theirs = _hashes(source, f"0:{job.info.stream}", count, folder, job.timeout)
    ours = _hashes(Input(job.output, "mov"), "0:v", begin + count, folder, job.timeout)
    right = places == list(range(job.past - job.first)) and theirs == ours[begin:]
    if not right:
        job.output.unlink()
    return right


def _hashes(source: Input, stream: str, count: int, folder: Path, timeout: float) -> list[str]:
    """Hashes of the first decoded frames of a stream."""
    listing = folder / "hashes.frames"
    args = ["-map", stream, "-frames:v", str(count), "-fps_mode", "passthrough"]
    run_ffmpeg(args, inputs=[source], output=listing, timeout=timeout)
    lines = listing.read_text().splitlines()
    return [line.rsplit(",", 1)[1].strip() for line in lines if not line.startswith("#")]
