"""Frames of a video at given times, decoded in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import BadArguments, MediaBroken
from . import sandbox
from .limits import DEFAULT_LIMITS, MediaLimits
from .probe import MediaInfo, probe
from .readers import THREADS

Backend = Literal["decord", "pyav", "still"]

SECONDS_PER_FRAME: Final = 0.5  # on top of the wall limit: a seek into a long group of pictures
DECORD_BYTES: Final = 256 << 20  # of frames in the clip: decord decodes ahead without bound, as far as the end


class Larger(NamedTuple):
    """Frames wanted in a second size from the same decoding: (width, height) in pixels, and seconds between them.

    The first frame after a cut comes besides.
    """

    size: tuple[int, int]
    spacing: float


@dataclass(frozen=True)
class Frames:
    """Frames of one video.

    Attributes:
        times: presentation times, seconds from the first frame, float32 (T,), ascending.
        images: RGB, uint8 (T, H, W, 3).
        info: what the probe found.
        partial: what could not be read, empty when everything was.
        larger: some of the frames once more, (time, (H', W', 3)), where :func:`stream` was asked for them.
    """

    times: NDArray[np.float32]
    images: NDArray[np.uint8]
    info: MediaInfo
    partial: str = ""
    larger: tuple[tuple[float, NDArray[np.uint8]], ...] = ()

    def __len__(self) -> int:
        return len(self.times)


def sample(
    path: Path | str,
    times: Sequence[float] | None = None,
    *,
    every: float | None = None,
    count: int | None = None,
    size: tuple[int, int] | None = None,
    limits: MediaLimits = DEFAULT_LIMITS,
    backends: Sequence[Backend] | None = None,
) -> Frames:
    """Decode the frames shown at some times.

    One of three says which: ``times`` (seconds, any order; one frame each, in that order, those outside
    the clip give its first or last frame), ``every`` (seconds between frames, from the first on), or
    ``count`` (that many, in the middles of equal parts). ``every`` and ``count`` never give a frame
    twice, so a short clip may give fewer. ``size`` is (width, height) in pixels, default as shown.

    Raises ``BadArguments`` for arguments that make no sense or ask for more than ``limits.frame_bytes``,
    ``MediaBroken`` when not one frame can be read, and what :func:`probe` raises. Frames that could be
    read before a damage are returned, and ``partial`` says what is missing.
    """
    info = probe(path, limits)
    wanted = _wanted(info, times, every, count)
    order = np.argsort(wanted, kind="stable")
    request = _request(info, size, limits, len(wanted), backends) | {"op": "at", "times": wanted[order].tolist()}
    found, images, partial = _ask(request, len(wanted), limits)
    if times is None:
        keep = np.flatnonzero(np.diff(found, prepend=-1.0) > 0)
        if len(keep) < len(found):
            found, images = found[keep], images[keep]
    elif len(found) == len(wanted) and not np.array_equal(order, np.arange(len(order))):
        back = np.argsort(order, kind="stable")
        found, images = found[back], images[back]
    return _frames(found, images, info, partial)


def stream(
    path: Path | str,
    *,
    every: float | None = None,
    size: tuple[int, int] | None = None,
    larger: Larger | None = None,
    batch: int = 32,
    threads: int = THREADS,
    limits: MediaLimits = DEFAULT_LIMITS,
    backends: Sequence[Backend] | None = None,
) -> Iterator[Frames]:
    """Decode a video from its first frame to its last in batches, in bounded memory.

    ``every`` is the time between frames in seconds; None gives every frame, and then ``larger`` some of them in a
    second size too, decoded once. ``threads`` is how many decode: one leaves more of the processor to others. Faults
    are as in :func:`sample`; a damaged end ends the stream, and the last batch's ``partial`` says so.
    """
    if batch < 1:
        raise BadArguments("A batch needs at least one frame.", "Ask for a batch of 1 or more.")
    info = probe(path, limits)
    if larger is not None and not info.still:
        backends = ["pyav"]  # the others give one size
    base = _request(info, size, limits, batch, backends) | {"keep": True, "threads": threads}
    if larger is not None:
        width, height = larger.size
        base["larger"] = {"width": width, "height": height, "spacing": larger.spacing}
    if every is None:
        yield from _all_frames(base, batch, info, limits)
        return
    wanted = _wanted(info, None, every, None)
    for begin in range(0, len(wanted), batch):
        part = wanted[begin : begin + batch]
        found, images, partial = _ask(base | {"op": "at", "times": part.tolist()}, len(part), limits)
        if len(found):
            yield _frames(found, images, info, partial)
        if len(found) < len(part):
            return


def _all_frames(base: dict[str, Any], batch: int, info: MediaInfo, limits: MediaLimits) -> Iterator[Frames]:
    after = -1.0
    while True:
        larger: list[tuple[float, NDArray[np.uint8]]] = []
        request = base | {"op": "after", "after": after, "count": batch}
        found, images, partial = _ask(request, batch, limits, larger)
        if len(found):
            yield replace(_frames(found, images, info, partial), larger=tuple(larger))
            after = float(found[-1])
        elif after < 0:
            raise _no_frames()
        if len(found) < batch:
            return


def _wanted(
    info: MediaInfo, times: Sequence[float] | None, every: float | None, count: int | None
) -> NDArray[np.float64]:
    if sum(value is not None for value in (times, every, count)) != 1:
        raise BadArguments("Frames are chosen in exactly one way.", "Give one of times, every and count.")
    if times is not None:
        wanted = np.asarray(times, dtype=np.float64).reshape(-1)
        if len(wanted) == 0 or not np.isfinite(wanted).all():
            raise BadArguments("The times of frames must be numbers, at least one.", "Give times in seconds.")
        return np.clip(wanted, 0.0, info.duration)
    if info.still:
        return np.zeros(1)
    if every is not None:
        if not every > 0:
            raise BadArguments("The time between frames must be above 0.", "Give it in seconds.")
        return np.arange(0.0, max(info.duration - 1e-3, 1e-6), every)
    if count is None or count < 1:
        raise BadArguments("At least one frame must be asked for.", "Ask for a count of 1 or more.")
    return (np.arange(count, dtype=np.float64) + 0.5) * (info.duration / count)


def _request(
    info: MediaInfo,
    size: tuple[int, int] | None,
    limits: MediaLimits,
    frames: int,
    backends: Sequence[Backend] | None,
) -> dict[str, Any]:
    width, height = size or (info.width, info.height)
    if not (1 <= width <= 16384 and 1 <= height <= 16384):
        raise BadArguments(f"Frames of {width}x{height} pixels are out of range.", "Ask for 1 to 16384 a side.")
    if frames * width * height * 3 > limits.frame_bytes:
        fit = max(1, limits.frame_bytes // (width * height * 3))
        raise BadArguments(
            f"{frames} frames of {width}x{height} pixels take more memory than the limit.",
            f"Ask for smaller frames or at most {fit}, or stream them.",
        )
    return {
        "path": str(info.path),
        "container": info.container,
        "width": width,
        "height": height,
        "backends": list(backends or suited(info, width, height)),
        "threads": THREADS,
    }


def suited(info: MediaInfo, width: int, height: int) -> list[Backend]:
    """Choose the decoders to try, in order, for frames of a size (pixels).

    decord is the faster one on many small frames. It has no bound on what it decodes ahead, shears turned
    pictures of some widths, and finds no times in avi; there PyAV reads alone.
    """
    if info.still:
        return ["still"]
    ahead = info.frames * width * height * 3
    if info.rotation or info.container in ("avi", "gif") or ahead > DECORD_BYTES:
        return ["pyav"]
    return ["decord", "pyav"]


def _ask(
    request: dict[str, Any],
    most: int,
    limits: MediaLimits,
    larger: list[tuple[float, NDArray[np.uint8]]] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.uint8], str]:
    """Frames of one request; the arrays are allocated here, and the worker's word on their size is checked.

    Frames in the second size, if the request wants them, are put into ``larger``.
    """
    images = np.empty((most, request["height"], request["width"], 3), dtype=np.uint8)
    times: list[float] = []

    def place(message: dict[str, Any]) -> memoryview:
        fresh = [float(time) for time in message["times"]]
        if message.get("larger"):
            wanted = request["larger"]
            if larger is None or len(fresh) != 1 or len(larger) >= most:
                raise ValueError("a larger frame that was not asked for")
            if (message["height"], message["width"]) != (wanted["height"], wanted["width"]):
                raise ValueError("a larger frame of another size than asked for")
            larger.append((fresh[0], np.empty((wanted["height"], wanted["width"], 3), np.uint8)))
            return larger[-1][1].reshape(-1).data
        begin, end = len(times), len(times) + len(fresh)
        if not fresh or end > most or (message["height"], message["width"]) != images.shape[1:3]:
            raise ValueError("frames of another size or number than asked for")
        times.extend(fresh)
        return images[begin:end].reshape(-1).data

    done = sandbox.ask(request, limits, seconds=most * SECONDS_PER_FRAME, sink=place)["done"]
    return np.asarray(times, dtype=np.float64), images[: len(times)], str(done["partial"])[:300]


def _frames(times: NDArray[np.float64], images: NDArray[np.uint8], info: MediaInfo, partial: str) -> Frames:
    if len(times) == 0:
        raise _no_frames()
    said = " ".join(text for text in (info.partial, partial) if text)
    return Frames(times.astype(np.float32), images, info, said)


def _no_frames() -> MediaBroken:
    return MediaBroken("Not one frame of the file can be read.", "Get a whole copy of the file.")
