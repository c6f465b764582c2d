"""Small frames of a track, for operations that look before they cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..media.ffmpeg import run_ffmpeg
from .track import Track


def aside(track: Track) -> Track:
    """A copy of the track without its sound, whose graph can end elsewhere."""
    lines = [*track.lines] + ([f"{track.audio}anullsink"] if track.audio is not None else [])
    return replace(track, audio=None, lines=lines, inputs=dict(track.inputs), notes=[])


def grey_frames(track: Track, width: int, height: int, folder: Path, timeout: float) -> NDArray[np.uint8]:
    """Render the copy's picture as uint8 (T, height, width); the caller has scaled it down to that size.

    Raises what :func:`~gpt4video.tools.media.ffmpeg.run_ffmpeg` raises.
    """
    return _raw_frames(track, "gray", folder, timeout).reshape(-1, height, width)


def colour_frames(
    track: Track, width: int, height: int, folder: Path, timeout: float
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The same with colours: luma (T, height, width), and both chroma planes (T, 2, height / 2, width / 2)."""
    pixels = width * height
    flat = _raw_frames(track, "yuv420p", folder, timeout).reshape(-1, pixels * 3 // 2)
    chroma = flat[:, pixels:].reshape(-1, 2, height // 2, width // 2)
    return flat[:, :pixels].reshape(-1, height, width), chroma


def _raw_frames(track: Track, form: str, folder: Path, timeout: float) -> NDArray[np.uint8]:
    track.filter_video(f"format={form}")
    inputs, graph = track.compile()
    raw = folder / "glimpse.gray"
    args = ["-filter_complex", graph, "-map", track.video, "-fps_mode", "passthrough", "-c:v", "rawvideo"]
    run_ffmpeg(args, inputs=inputs, output=raw, timeout=timeout)
    try:
        # Mapped, not read: an hour of small frames is a gigabyte. The file lives on without a name while it is mapped.
        frames: NDArray[np.uint8] = np.memmap(raw, dtype=np.uint8, mode="r")
        return frames
    finally:
        raw.unlink()


def small_size(track: Track, width: int) -> tuple[int, int]:
    """The track's size scaled to at most ``width`` pixels across, even."""
    width = min(width, track.width)
    return width - width % 2, max(2, round(track.height * width / track.width / 2) * 2)
