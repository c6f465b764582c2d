"""Write frames as video, and pictures of videos: contact sheets and thumbnails."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..errors import BadArguments, RenderFailed
from .decode import sample
from .ffmpeg import H264, PLAIN, Input, run_ffmpeg
from .limits import DEFAULT_LIMITS, MediaLimits
from .probe import probe

MARGIN: Final = 8
LABEL_HEIGHT: Final = 22
BACKGROUND: Final = (24, 24, 28)
INK: Final = (230, 230, 230)


def frame_rate(fps: float) -> Fraction:
    """Give the rate as the fraction it stands for, so that 29.97 becomes 30000/1001."""
    for rate in (Fraction(round(fps)), Fraction(round(fps) * 1000, 1001)):
        if rate and abs(float(rate) - fps) < 1e-3 * min(1.0, fps):
            return rate
    return Fraction(fps).limit_denominator(100_000)


def write_video(
    path: Path, frames: NDArray[np.uint8], fps: float, progress: Callable[[float], None] | None = None
) -> None:
    """Write RGB frames, uint8 (T, H, W, 3), as H.264 in mp4 (yuv420p, playable while it downloads).

    Odd sizes are padded by repeating the last row or column, since the format knows even ones only.
    ``progress`` is told the fraction that is encoded; what it raises ends the encoder and leaves no file.
    Raises ``BadArguments`` for another shape or rate, ``RenderFailed`` when it cannot be written.
    """
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or 0 in frames.shape:
        raise BadArguments(f"These are no frames: {frames.dtype} {frames.shape}.", "Give uint8 (T, H, W, 3).")
    if not 0 < fps <= DEFAULT_LIMITS.fps:
        raise BadArguments(f"{fps} frames a second is out of range.", f"Give more than 0, up to {DEFAULT_LIMITS.fps}.")
    odd_height, odd_width = frames.shape[1] % 2, frames.shape[2] % 2
    if odd_height or odd_width:
        frames = np.pad(frames, ((0, 0), (0, odd_height), (0, odd_width), (0, 0)), mode="edge")
    raw = path.with_name(f".{path.stem}-{secrets.token_hex(4)}.rgb")
    rate = frame_rate(fps)
    options = ("-pixel_format", "rgb24", "-video_size", f"{frames.shape[2]}x{frames.shape[1]}", "-framerate", f"{rate}")
    try:
        with raw.open("wb") as file:
            for frame in frames:
                file.write(np.ascontiguousarray(frame).data)
        seconds = len(frames) / float(rate)
        run_ffmpeg(
            [*H264, *PLAIN],
            inputs=[Input(raw, "rawvideo", options)],
            output=path,
            timeout=120 + frames.nbytes / 1e6,
            duration=seconds,
            progress=progress,
        )
    except OSError as error:
        raise RenderFailed(
            f"The video could not be written ({error.strerror}).", "Check the disk and its free space."
        ) from error
    finally:
        raw.unlink(missing_ok=True)


def contact_sheet(
    path: Path,
    video: Path,
    columns: int = 4,
    count: int = 8,
    *,
    width: int = 240,
    limits: MediaLimits = DEFAULT_LIMITS,
) -> None:
    """Write a PNG with ``count`` frames of a video, each ``width`` pixels wide over its time in seconds.

    Raises what :func:`~gpt4video.tools.media.decode.sample` raises, ``RenderFailed`` when it cannot be written.
    """
    info = probe(video, limits)
    height = max(1, round(width * info.height / info.width))
    frames = sample(video, count=count, size=(width, height), limits=limits)
    save_picture(grid([Image.fromarray(image) for image in frames.images], frames.times.tolist(), columns), path)


def grid(pictures: Sequence[Image.Image], times: Sequence[float], columns: int) -> Image.Image:
    """Pictures of one size in rows of at most ``columns``, each over its time in seconds."""
    width, height = pictures[0].size
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    cell_width, cell_height = width + MARGIN, height + LABEL_HEIGHT + MARGIN
    sheet = Image.new("RGB", (columns * cell_width + MARGIN, rows * cell_height + MARGIN), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=14)
    for n, (picture, time) in enumerate(zip(pictures, times, strict=True)):
        left, top = MARGIN + n % columns * cell_width, MARGIN + n // columns * cell_height
        sheet.paste(picture, (left, top))
        draw.text((left + width / 2, top + height + 3), f"{time:.2f} s", font=font, fill=INK, anchor="ma")
    return sheet


def thumbnail(
    path: Path,
    video: Path,
    *,
    time: float | None = None,
    width: int = 320,
    limits: MediaLimits = DEFAULT_LIMITS,
) -> None:
    """Write one frame of a video as PNG, ``width`` pixels wide: that at ``time`` seconds, else the middle one."""
    info = probe(video, limits)
    size = (width, max(1, round(width * info.height / info.width)))
    frames = sample(video, [info.duration / 2 if time is None else time], size=size, limits=limits)
    save_picture(Image.fromarray(frames.images[0]), path)


def save_picture(image: Image.Image, path: Path) -> None:
    """Write a picture as PNG, whole or not at all; raises ``RenderFailed``."""
    part = path.with_name(f".{path.stem}-{secrets.token_hex(4)}.part.png")
    try:
        image.save(part, format="PNG")
        part.replace(path)
    except OSError as error:
        raise RenderFailed(
            f"The picture could not be written ({error.strerror or error}).", "Check the disk and its free space."
        ) from error
    finally:
        part.unlink(missing_ok=True)
