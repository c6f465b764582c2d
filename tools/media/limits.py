"""How large a media file may be, and what decoding it may cost."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from ..base import ToolModel

Positive = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]


class MediaLimits(ToolModel):
    """Limits on untrusted media; a file beyond them is rejected before its pixels are decoded.

    Attributes:
        seconds: longest clip.
        pixels: most pixels in a frame.
        side: fewest pixels along a side.
        fps: most frames a second.
        bytes: largest file.
        streams: most tracks.
        frame_bytes: most memory one call may ask for, as RGB frames.
        memory_bytes: address space of the decode worker.
        cpu_seconds: processor time of the worker for one request.
        wall_seconds: time to wait for an answer of the worker; frames asked for by number add to it.
    """

    seconds: Seconds = 6 * 3600.0
    pixels: Positive = 8192 * 4320
    side: Positive = 16
    fps: Seconds = 240.0
    bytes: Positive = 16 << 30
    streams: Positive = 32
    frame_bytes: Positive = 2 << 30
    memory_bytes: Positive = 4 << 30
    cpu_seconds: Seconds = 180.0
    wall_seconds: Seconds = 60.0


DEFAULT_LIMITS: Final = MediaLimits()
