"""What can be taken out of a clip: pictures, gifs, sound, other formats; and how each is written."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from PIL import Image

from ..errors import BadArguments, RenderFailed
from ..media.ffmpeg import AAC, PLAIN_AUDIO
from ..media.write import grid
from .operations import Extract
from .spans import frame_at, frame_span
from .track import Track, needed_for, number

GIF_SECONDS: Final = 30.0
GIF_WIDTH: Final = 480
GIF_FPS: Final = 12
THUMBNAIL_WIDTH: Final = 320
CELL_WIDTH: Final = 240
SHEET_FRAMES: Final = 12
MOST_COLUMNS: Final = 4
MOST_FRAMES: Final = 900  # in a zip; half a minute
OPUS_RATE: Final = 48000  # it knows few others
PNG_MAGIC: Final = b"\x89PNG\r\n\x1a\n"
VP9: Final = ("-c:v", "libvpx-vp9", "-crf", "30", "-b:v", "0", "-deadline", "good", "-cpu-used", "5", "-row-mt", "1")

_PNG: Final = ("-c:v", "png", "-pred", "mixed")


@dataclass(frozen=True)
class Form:
    """How an extract is written.

    Attributes:
        suffix: of the result.
        kind: what the result is to the agent.
        raw: suffix of what ffmpeg writes, from which the result is put together; empty when it is the result.
    """

    suffix: str
    kind: Literal["video", "image", "gif", "audio", "archive"]
    raw: str = ""


_FORMS: Final = {
    "frame": Form(".png", "image"),
    "thumbnail": Form(".png", "image"),
    "gif": Form(".gif", "gif"),
    "webm": Form(".webm", "video"),
    "frames": Form(".zip", "archive", ".pngs"),
    "sheet": Form(".png", "image", ".pngs"),
}


def form(operation: Extract) -> Form:
    """How this extract is written."""
    return Form(f".{operation.sound}", "audio") if operation.what == "audio" else _FORMS[operation.what]


def prepare(track: Track, operation: Extract) -> None:
    """Let the track's graph end in what is taken out.

    Raises ``BadArguments`` when there is no sound, or too much of the rest.
    """
    if operation.what in ("frame", "thumbnail"):
        _silence(track)
        _one_frame(track, operation)
        return
    first, past = frame_span(operation.start, operation.end, track.frames, track.rate)
    if operation.what == "audio":
        if track.audio is None:
            raise BadArguments("The clip has no sound to take out.", "Name a clip with sound.")
        track.keep(first, past)
        track.lines = needed_for(track.lines, track.audio)
        return
    if operation.what == "webm":
        track.keep(first, past)
        return
    _silence(track)
    if operation.what == "gif":
        _gif(track, first, past)
        return
    _pictures(track, operation, first, past)


def writing(operation: Extract, track: Track) -> list[str]:
    """Arguments that choose the encoder."""
    if operation.what == "audio" and track.audio is not None:
        codec = ["-c:a", "pcm_s16le"] if operation.sound == "wav" else list(AAC)
        return ["-map", track.audio, *codec, "-ar", str(track.audio_rate), *PLAIN_AUDIO]
    args = ["-map", track.video]
    if operation.what == "webm":
        args += [*VP9, "-pix_fmt", "yuv420p", "-threads", "4", "-fps_mode", "passthrough"]
        if track.audio is not None:
            args += ["-map", track.audio, "-c:a", "libopus", "-b:a", "128k", "-ar", str(OPUS_RATE), *PLAIN_AUDIO]
    elif operation.what in ("frame", "thumbnail"):
        args += ["-frames:v", "1", *_PNG]
    elif operation.what != "gif":
        args += [*_PNG, "-fps_mode", "passthrough"]
    return args


def put_together(operation: Extract, raw: Path, path: Path, times: list[float]) -> None:
    """Write the zip or the sheet from pictures that stand one after the other in ``raw``.

    Raises ``RenderFailed`` when it cannot be written; then there is no file.
    """
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        pictures = list(_split(raw))
        if len(pictures) != len(times):
            raise RenderFailed(f"{len(pictures)} frames came out instead of {len(times)}.", "Try a shorter span.")
        if operation.what == "frames":
            _zip(part, pictures, times)
        else:
            _sheet(part, pictures, times)
        part.replace(path)
    except OSError as error:
        raise RenderFailed(
            f"The result could not be written ({error.strerror or error}).", "Check the disk and its free space."
        ) from error
    finally:
        part.unlink(missing_ok=True)
        raw.unlink(missing_ok=True)


def _silence(track: Track) -> None:
    if track.audio is not None:
        track.lines.append(f"{track.audio}anullsink")
        track.audio = None


def _one_frame(track: Track, operation: Extract) -> None:
    at = frame_at(operation.at, track.frames, track.rate)
    scale = ""
    if operation.what == "thumbnail" and track.width > THUMBNAIL_WIDTH:
        height = max(1, round(track.height * THUMBNAIL_WIDTH / track.width))
        scale = f"scale={THUMBNAIL_WIDTH}:{height}:flags=lanczos,"
        track.width, track.height = THUMBNAIL_WIDTH, height
    track.filter_video(f"trim=start_frame={at}:end_frame={at + 1},setpts=PTS-STARTPTS,{scale}format=rgb24")
    track.frames = 1


def _gif(track: Track, first: int, past: int) -> None:
    seconds = float((past - first) / track.rate)
    if seconds > GIF_SECONDS:
        raise BadArguments(
            f"A gif of {seconds:.0f} s would be huge; the limit is {GIF_SECONDS:.0f} s.", "Choose a shorter span."
        )
    fps = min(float(track.rate), GIF_FPS)
    width = min(track.width, GIF_WIDTH)
    height = max(1, round(track.height * width / track.width))
    cut = f"trim=start_frame={first}:end_frame={past},setpts=PTS-STARTPTS"
    small = track.chain([track.video], f"{cut},fps={number(fps)}:start_time=0,scale={width}:{height}:flags=lanczos")
    left, right = track.split(small, "split")
    palette = track.chain([left], "palettegen=stats_mode=diff")
    track.video = track.chain([right, palette], "paletteuse")
    track.frames, track.width, track.height = past - first, width, height


def _pictures(track: Track, operation: Extract, first: int, past: int) -> None:
    """Keep the frames of a zip or a sheet: all of the span, or evenly spaced ones from the middles of its parts."""
    span = past - first
    wanted = operation.count or (SHEET_FRAMES if operation.what == "sheet" else span)
    if wanted > MOST_FRAMES:
        raise BadArguments(
            f"{wanted} frames are too many for one file; the limit is {MOST_FRAMES}.",
            "Choose a shorter span, or say how many frames.",
        )
    count = min(wanted, span)
    chosen = [first + (2 * n + 1) * span // (2 * count) for n in range(count)]
    small = f",scale={CELL_WIDTH}:-1:flags=lanczos" if operation.what == "sheet" else ""
    test = f"between(n,{first},{past - 1})" if count == span else "+".join(f"eq(n,{frame})" for frame in chosen)
    track.filter_video(f"select='{test}'{small},format=rgb24")
    track.times = [float(frame / track.rate) for frame in chosen]


def _split(raw: Path) -> Iterator[bytes]:
    """Pictures of a file in which PNGs follow each other: each ends with the chunk IEND."""
    data = raw.read_bytes()
    begin = at = 0
    while begin < len(data) and data.startswith(PNG_MAGIC, begin):
        at = begin + len(PNG_MAGIC)
        kind = b""
        while kind != b"IEND" and at + 8 <= len(data):
            length, kind = struct.unpack(">I4s", data[at : at + 8])
            at += length + 12
        yield data[begin:at]
        begin = at


def _zip(path: Path, pictures: list[bytes], times: list[float]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:  # PNG is packed already
        for n, (picture, time) in enumerate(zip(pictures, times, strict=True)):
            entry = zipfile.ZipInfo(f"frame-{n + 1:04d}-{time:.3f}s.png", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, picture)


def _sheet(path: Path, pictures: list[bytes], times: list[float]) -> None:
    images = [Image.open(io.BytesIO(picture)) for picture in pictures]
    grid(images, times, MOST_COLUMNS).save(path, format="PNG")
