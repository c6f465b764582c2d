"""Read what a file says of itself, inside the decode worker; see :mod:`.probe` for the caller's side.

Nothing here may import more than the standard library, numpy and a decoder: it decides how fast a
worker starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from .containers import Container

TAIL_SECONDS: Final = 3.0
FIRST_FRAME_PACKETS: Final = 600
TEXT_LIMIT: Final = 2000
GRID_LIMIT: Final = 60.0  # frames a second
GRID_FRAMES: Final = 2000

Headers = dict[str, Any]


class Unreadable(Exception):
    """The worker's own error: ``kind`` says which typed error the parent raises."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def read_headers(path: str, container: Container, *, max_pixels: int) -> Headers:
    """Metadata of the best video stream as plain JSON values.

    Frames wider than ``max_pixels`` allow are reported, not decoded.
    """
    return _read_still(path, max_pixels) if container.still else _read_video(path, container, max_pixels)


def _read_still(path: str, max_pixels: int) -> Headers:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # the limit is ours, and it is checked before a pixel is decoded
    try:
        with Image.open(path, formats=["JPEG", "PNG", "WEBP"]) as image:
            width, height = image.size
            mode, name = image.mode, (image.format or "").lower()
            turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
            if width * height <= max_pixels:
                image.load()
    except (OSError, ValueError, SyntaxError) as error:
        raise Unreadable("broken", f"the picture cannot be read ({_brief(error)})") from error
    if turned:
        width, height = height, width
    return _headers(width=width, height=height, frames=1, codec=name, pixel_format=mode)


def _read_video(path: str, container: Container, max_pixels: int) -> Headers:
    import av

    try:
        with av.open(path, format=container.demuxer, metadata_errors="replace") as media:
            return _describe(media, Path(path).stat().st_size, max_pixels)
    except av.FFmpegError as error:
        raise Unreadable("broken", f"its headers cannot be read ({_brief(error)})") from error


def _describe(media: Any, size: int, max_pixels: int) -> Headers:
    video = best_video(media)
    audio = media.streams.best("audio")
    codec = video.codec_context
    fps = float(video.average_rate or video.guessed_rate or 0)
    headers = _headers(
        width=codec.width,
        height=codec.height,
        fps=fps,
        codec=codec.name,
        pixel_format=codec.pix_fmt or "",
        streams=len(media.streams),
        stream=video.index,
        start=max(0.0, start_time(video) - (media.start_time or 0) / 1e6),
        title=_text(media.metadata, "title"),
        comment=_text(media.metadata, "comment") or _text(media.metadata, "description"),
    )
    if audio is not None and audio.codec_context is not None and audio.codec_context.sample_rate:
        headers |= {"audio_stream": audio.index, "audio_rate": audio.codec_context.sample_rate}
    if codec.width * codec.height > max_pixels or not codec.width:
        return headers
    extent = _extent(media, video, size, fps)
    if not fps and extent.seconds > 0:
        fps = extent.frames / extent.seconds
    headers |= {
        "duration": extent.seconds,
        "frames": extent.frames,
        "partial": extent.partial,
        "fps": fps,
        "grid": _grid(extent.times, fps),
    }
    headers |= _first_frame(media, video)
    return headers


def best_video(media: Any) -> Any:
    """The stream that players show; a cover picture inside a sound file is none."""
    import av

    cover = av.stream.Disposition.attached_pic
    videos = [s for s in media.streams.video if not s.disposition & cover and s.codec_context is not None]
    if not videos:
        raise Unreadable("rejected", "it holds sound but no picture" if media.streams.audio else "it holds no video")
    best = media.streams.best("video")
    return best if best in videos else videos[0]


def start_time(stream: Any) -> float:
    """When the stream's first frame is shown, in seconds of the container's clock."""
    return float(stream.start_time * stream.time_base) if stream.start_time is not None else 0.0


@dataclass(frozen=True)
class _Extent:
    """What can be read; ``times`` are of some successive frames, where they could be had for nothing."""

    seconds: float
    frames: int
    partial: str = ""
    times: Sequence[float] = ()


def _extent(media: Any, video: Any, size: int, fps: float) -> _Extent:
    """How long the readable part is: headers lie, and files end early."""
    index = video.index_entries
    if video.duration and video.frames and len(index) == video.frames:
        return _extent_by_index(video, index, size, fps)
    promised = media.duration / 1e6 - start_time(video) + (media.start_time or 0) / 1e6 if media.duration else 0.0
    end, times = _tail(media, video, max(0.0, promised - TAIL_SECONDS))
    frame = 1 / fps if fps else 0.0
    seconds = end or promised
    if times:  # the whole file was read, so the count is exact
        return _Extent(seconds, len(times), _short(promised, seconds, frame), times[:GRID_FRAMES])
    return _Extent(seconds, video.frames or max(1, round(seconds * fps)), _short(promised, seconds, frame))


def _grid(times: Sequence[float], fps: float) -> float:
    """Find a constant rate that keeps the frames of a clip whose frames come unevenly; else the mean rate."""
    steps = sorted(later - earlier for earlier, later in pairwise(sorted(times)))
    if not steps or steps[0] > 0.8 * steps[-1]:
        return fps
    short = steps[len(steps) // 10]
    return max(fps, min(GRID_LIMIT, round(1 / short, 3))) if short > 0 else fps


def _extent_by_index(video: Any, index: Any, size: int, fps: float) -> _Extent:
    promised = float(video.duration * video.time_base)
    whole = len(index) if _ends_inside(index[-1], size) else _first_beyond(index, size)
    if whole == 0:
        raise Unreadable("broken", "the file ends before its first frame")
    frame = 1 / fps if fps else 0.0
    times = [float(index[n].timestamp * video.time_base) for n in range(min(whole, GRID_FRAMES))]
    span = float((index[whole - 1].timestamp - index[0].timestamp) * video.time_base) + frame
    if whole == len(index) and abs(span - promised) <= max(3 * frame, 0.5):
        return _Extent(promised, whole, times=times)
    return _Extent(span, whole, _short(promised, span, frame) or _lies(promised, span), times)


def _ends_inside(entry: Any, size: int) -> bool:
    return bool(entry.pos + entry.size <= size)


def _first_beyond(index: Any, size: int) -> int:
    low, high = 0, len(index) - 1
    while low < high:
        middle = (low + high) // 2
        if _ends_inside(index[middle], size):
            low = middle + 1
        else:
            high = middle
    return low


def _short(promised: float, seconds: float, frame: float) -> str:
    if promised - seconds <= max(2 * frame, 0.25):
        return ""
    return f"The header promises {promised:.2f} s, but only {seconds:.2f} s can be read; the rest is missing."


def _lies(promised: float, seconds: float) -> str:
    return f"The header says {promised:.2f} s, but the frames last {seconds:.2f} s."


def _tail(media: Any, video: Any, near_end: float) -> tuple[float, list[float]]:
    """End of the last packet after ``near_end`` in seconds; also all packets' times when all were read."""
    import av

    begin = start_time(video)
    from_start = near_end == 0.0
    try:
        if not from_start:
            media.seek(int((near_end + begin) / float(video.time_base)), stream=video)
        end, times = _last_packet(media, video, begin)
        if not times and not from_start:
            from_start = True
            media.seek(0, stream=video)
            end, times = _last_packet(media, video, begin)
    except av.FFmpegError:
        return 0.0, []
    return end, times if from_start else []


def _last_packet(media: Any, video: Any, begin: float) -> tuple[float, list[float]]:
    import av

    end = 0.0
    times: list[float] = []
    packets = media.demux(video)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return end, times
        if packet.pts is not None and packet.size:
            times.append(float(packet.pts * packet.time_base) - begin)
            end = max(end, times[-1] + float((packet.duration or 0) * packet.time_base))


def _first_frame(media: Any, video: Any) -> Headers:
    """Proof that a frame can be decoded, and what only a frame knows: rotation and the real size."""
    import av

    try:
        media.seek(0)
    except av.FFmpegError as error:
        raise Unreadable("broken", "the file cannot be read from its start") from error
    packets = media.demux(video)
    for _ in range(FIRST_FRAME_PACKETS):
        try:
            frames = next(packets).decode()
        except StopIteration:
            break
        except av.FFmpegError:
            continue
        if frames:
            return _shown_size(video, frames[0])
    raise Unreadable("broken", "not one frame can be decoded")


def _shown_size(video: Any, frame: Any) -> Headers:
    """Size in square pixels after rotation (degrees clockwise, a multiple of 90)."""
    aspect = float(video.sample_aspect_ratio or 1) or 1.0
    width, height = round(frame.width * aspect), frame.height
    clockwise = round(-frame.rotation / 90) % 4 * 90
    if clockwise in (90, 270):
        width, height = height, width
    return {"width": width, "height": height, "rotation": clockwise, "pixel_format": frame.format.name}


def _headers(**known: Any) -> Headers:
    blank: Headers = {
        "duration": 0.0,
        "fps": 0.0,
        "grid": 0.0,
        "frames": 0,
        "rotation": 0,
        "streams": 1,
        "stream": 0,
        "audio_stream": None,
        "audio_rate": 0,
        "start": 0.0,
        "title": "",
        "comment": "",
        "partial": "",
    }
    return blank | known


def _text(metadata: Mapping[str, str], key: str) -> str:
    found = next((value for name, value in metadata.items() if name.lower() == key), "")
    return found[:TEXT_LIMIT]


def _brief(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0][:120]
