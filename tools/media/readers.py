"""The decoders behind one protocol, inside the decode worker: decord first, PyAV second.

Both show the frame that is on screen at a time: the last one whose presentation time is not later.
Presentation times count from the first frame. Rotation and pixel aspect are applied, pixels are RGB.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from .containers import CONTAINERS
from .headers import Unreadable, best_video, start_time
from .tiny import Tiny, change, tiny

TOLERANCE: Final = 1e-3  # seconds; Matroska rounds presentation times to milliseconds
THREADS: Final = 2  # one takes a fourth longer, and a fourth less of the processor
CHUNK_BYTES: Final = 32 << 20
_ANOTHER: Final = 24.0  # change from which a frame is another picture
_CUTS_APART: Final = 0.25  # seconds: a strobe must not make every frame large

Shot = tuple[float, NDArray[np.uint8]]
Picture = tuple[float, Any]


@dataclass(frozen=True)
class Request:
    """What to open: a file that was probed, and the size (pixels) its frames are wanted in.

    With ``larger`` (width, height), one frame every ``spacing`` seconds is wanted in that size as well, and the first
    of each new picture. ``threads`` decode.
    """

    path: str
    container: str
    width: int
    height: int
    larger: tuple[int, int] | None = None
    spacing: float = 1.0
    threads: int = THREADS


class Reader(Protocol):
    """An open file.

    Attributes:
        problems: what could not be read.
        reads_ahead: goes on decoding after a request, so that it is closed when no other is to follow.
        larger: frames in the request's larger size, of those that :meth:`after` gave; whoever takes them empties it.
    """

    problems: list[str]
    reads_ahead: bool
    larger: list[Shot]

    def at(self, times: Sequence[float]) -> Iterator[Shot]:
        """The frame shown at each time (seconds, ascending); stops early where the file breaks off."""
        ...

    def after(self, time: float, count: int) -> Iterator[Shot]:
        """The next ``count`` frames that begin later than ``time`` seconds."""
        ...


class DecordReader:
    """Frames by decord: fast seeking and resizing, no tolerance for damage."""

    def __init__(self, request: Request) -> None:
        import decord

        decord.logging.set_level(decord.logging.QUIET)
        self.problems: list[str] = []
        self.larger: list[Shot] = []
        self.reads_ahead = True
        try:
            self._reader = decord.VideoReader(
                request.path, width=request.width, height=request.height, num_threads=request.threads
            )
            stamps = self._reader.get_frame_timestamp(range(len(self._reader)))
        except Exception as error:  # decord raises RuntimeError, DECORDError and others for the same fault
            raise Unreadable("broken", "decord cannot open it") from error
        self._starts = np.asarray(stamps, dtype=np.float64)[:, 0]
        if len(self._starts) == 0 or bool((np.diff(self._starts) <= 0).any()):
            raise Unreadable("broken", "decord finds no ordered frames")
        self._chunk = max(1, CHUNK_BYTES // (request.width * request.height * 3))

    def at(self, times: Sequence[float]) -> Iterator[Shot]:
        """See :class:`Reader`."""
        found = np.searchsorted(self._starts, np.asarray(times) + TOLERANCE, side="right") - 1
        yield from self._frames(np.maximum(found, 0))

    def after(self, time: float, count: int) -> Iterator[Shot]:
        """See :class:`Reader`."""
        first = int(np.searchsorted(self._starts, time + TOLERANCE, side="right"))
        yield from self._frames(np.arange(first, min(first + count, len(self._starts))))

    def _frames(self, indices: NDArray[np.int64]) -> Iterator[Shot]:
        for begin in range(0, len(indices), self._chunk):
            part = indices[begin : begin + self._chunk]
            try:
                images = self._reader.get_batch(part.tolist()).asnumpy()
            except Exception as error:
                raise Unreadable("broken", "decord cannot decode it") from error
            yield from zip(self._starts[part].tolist(), images, strict=True)


class PyavReader:
    """Frames by PyAV: reads what is readable of damaged files and says what is not."""

    def __init__(self, request: Request) -> None:
        import av
        from av.video.reformatter import VideoReformatter

        self._errors = av.FFmpegError
        self._request = request
        # One for each size: they keep the tables of the scaler, which cost more than scaling a frame does.
        self._scalers: dict[tuple[int, int], Any] = defaultdict(VideoReformatter)
        self.larger: list[Shot] = []
        self._due = self._after_cut = 0.0
        self._tiny: Tiny | None = None
        self.problems: list[str] = []
        self.reads_ahead = False
        try:
            self._media = av.open(request.path, format=CONTAINERS[request.container].demuxer, metadata_errors="replace")
        except av.FFmpegError as error:
            raise Unreadable("broken", "it cannot be opened") from error
        self._stream = best_video(self._media)
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = request.threads
        self._begin = start_time(self._stream)
        self._step = 1 / float(self._stream.average_rate or 25)
        self._counting = request.container == "avi"  # it knows no presentation times, only a constant rate
        self._bad_packets = 0
        self._ended = False
        self._frames: Iterator[Picture] = iter(())
        self._current: Picture | None = None
        self._next: Picture | None = None
        self._passed: float | None = None
        self._rewind(None)

    def at(self, times: Sequence[float]) -> Iterator[Shot]:
        """See :class:`Reader`."""
        shown: tuple[float, NDArray[np.uint8]] | None = None
        for time in times:
            self._go_to(time)
            if self._current is None:
                return
            if shown is None or shown[0] != self._current[0]:
                shown = (
                    self._current[0],
                    self._pixels(self._current[1], self._request.width, self._request.height),
                )
            yield shown

    def after(self, time: float, count: int) -> Iterator[Shot]:
        """See :class:`Reader`."""
        if time < 0:
            self._due, self._after_cut, self._tiny = 0.0, 0.0, None
        if self._passed is None or abs(self._passed - time) > TOLERANCE:  # else it stands where the last call ended
            self._go_to(max(time, 0.0))
            if self._current is not None and self._current[0] <= time + TOLERANCE:
                self._advance()
        for _ in range(count):
            if self._current is None:
                return
            shown, frame = self._current
            image = self._pixels(frame, self._request.width, self._request.height)
            if self._request.larger is not None and self._is_due(shown, image):
                self.larger.append((shown, self._pixels(frame, *self._request.larger)))
            yield shown, image
            self._advance()

    def _is_due(self, time: float, image: NDArray[np.uint8]) -> bool:
        """Whether a frame is wanted larger as well: it is its turn, or the first of another picture."""
        before, self._tiny = self._tiny, tiny(image)
        new = time >= self._after_cut and before is not None and change(self._tiny, before) >= _ANOTHER
        if new:
            self._after_cut = time + _CUTS_APART
        if time >= self._due - TOLERANCE:
            self._due = (int((time + TOLERANCE) / self._request.spacing) + 1) * self._request.spacing
            return True
        return new

    def _go_to(self, time: float) -> None:
        """Make the frame shown at ``time`` the current one."""
        behind = self._ended or (self._current is not None and time < self._current[0] - TOLERANCE)
        if behind or (self._next is not None and self._keyframe_before(time) > self._next[0]):
            self._rewind(time)
        if self._current is not None and self._current[0] > time + TOLERANCE and time > 0:
            self._rewind(None)  # the seek landed too late: read from the start instead
        self._passed = None
        while self._next is not None and self._next[0] <= time + TOLERANCE:
            self._current, self._next = self._next, self._pull()

    def _advance(self) -> None:
        self._passed = None if self._current is None else self._current[0]
        self._current, self._next = self._next, self._pull()
        self._ended = self._current is None

    def _keyframe_before(self, time: float) -> float:
        """Where a seek to ``time`` would land, as far as the file has an index; -1 when it has none."""
        entries = self._stream.index_entries
        if len(entries) < 2:
            return -1.0
        found = entries.search_timestamp(self._ticks(time), backward=True)
        if found < 0:
            return -1.0
        return float(entries[found].timestamp * self._stream.time_base) - self._begin

    def _ticks(self, time: float) -> int:
        return int((time + self._begin) / float(self._stream.time_base))

    def _rewind(self, time: float | None) -> None:
        """Seek to the keyframe before ``time``, or to the start of the file."""
        try:
            if time is None:
                self._media.seek(0)
            else:
                self._media.seek(self._ticks(time), stream=self._stream)
        except self._errors:
            with suppress(self._errors):
                self._media.seek(0)
        self._frames = self._decode()
        self._ended = False
        self._current = self._pull()
        self._next = self._pull()

    def _pull(self) -> Picture | None:
        return next(self._frames, None)

    def _decode(self) -> Iterator[Picture]:
        """Decode on from where the demuxer stands, over damaged packets, never back in time."""
        packets = self._media.demux(self._stream)
        last, counting = -1.0, False
        while True:
            try:
                packet = next(packets)
                if self._counting and not counting and packet.dts is not None:
                    last, counting = self._seconds(packet.dts) - self._step, True
                frames = packet.decode()
            except StopIteration:
                return
            except self._errors as error:
                if getattr(error, "errno", 0) == 12:
                    raise Unreadable("resources", "decoding needs more memory than allowed") from error
                self._count_bad()
                if self._bad_packets > 1000:
                    return
                continue
            for frame in frames:
                time = self._time_of(frame, last)
                if time > last:
                    last = time
                    yield max(0.0, time), frame

    def _time_of(self, frame: Any, last: float) -> float:
        ticks = frame.pts if frame.pts is not None else frame.dts
        return last + self._step if ticks is None or self._counting else self._seconds(ticks)

    def _seconds(self, ticks: int) -> float:
        return float(ticks * self._stream.time_base) - self._begin

    def _count_bad(self) -> None:
        self._bad_packets += 1
        text = f"{self._bad_packets} damaged piece{'s' if self._bad_packets > 1 else ''} could not be decoded."
        self.problems[:] = [text]

    def _pixels(self, frame: Any, width: int, height: int) -> NDArray[np.uint8]:
        turns = round(frame.rotation / 90) % 4
        if turns % 2:
            width, height = height, width
        # Shrinking averages over what is left out; a thread a frame costs more than it gains at these sizes.
        method = "AREA" if width * height < frame.width * frame.height else "BICUBIC"
        scaled = self._scalers[width, height].reformat(frame, width, height, "rgb24", interpolation=method, threads=1)
        image = scaled.to_ndarray()
        return np.ascontiguousarray(np.rot90(image, turns)) if turns else np.asarray(image)


class StillReader:
    """A picture as a video of one frame at time 0, by Pillow."""

    def __init__(self, request: Request) -> None:
        from PIL import Image, ImageOps

        self.problems: list[str] = []
        self.larger: list[Shot] = []
        self.reads_ahead = False
        Image.MAX_IMAGE_PIXELS = None  # the probe has checked the size
        try:
            with Image.open(request.path, formats=["JPEG", "PNG", "WEBP"]) as image:
                upright = ImageOps.exif_transpose(image).convert("RGBA" if image.has_transparency_data else "RGB")
        except (OSError, ValueError, SyntaxError) as error:
            raise Unreadable("broken", "the picture cannot be decoded") from error
        if upright.mode == "RGBA":  # a transparent picture is shown on white
            upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert("RGB")
        if upright.size != (request.width, request.height):
            upright = upright.resize((request.width, request.height), Image.Resampling.BICUBIC)
        self._image = np.asarray(upright)

    def at(self, times: Sequence[float]) -> Iterator[Shot]:
        """See :class:`Reader`."""
        for _ in times:
            yield 0.0, self._image

    def after(self, time: float, count: int) -> Iterator[Shot]:
        """See :class:`Reader`."""
        if time < 0 and count > 0:
            yield 0.0, self._image


BACKENDS: Final[dict[str, type[DecordReader] | type[PyavReader] | type[StillReader]]] = {
    "decord": DecordReader,
    "pyav": PyavReader,
    "still": StillReader,
}


def open_reader(backend: str, request: Request) -> Reader:
    """Open a file with a named backend. Raises :class:`Unreadable`, also where the library is absent."""
    try:
        return BACKENDS[backend](request)
    except ImportError as error:
        raise Unreadable("missing", f"{backend} is not installed") from error
