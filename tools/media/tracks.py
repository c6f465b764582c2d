"""Sound and text tracks, inside the decode worker: mono samples piece by piece, and raw subtitle packets.

Times are the picture's: 0 is when the first frame is shown, wherever the tracks themselves begin. Nothing
here may import more than the standard library, numpy and PyAV.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .containers import CONTAINERS
from .headers import Unreadable, best_video, start_time

DRIFT: Final = 0.05  # seconds between a frame's time and the end of the one before that mean nothing
SILENCE: Final = 1.0  # seconds without sound that are filled with zeros; after more, a piece of its own begins
PREROLL: Final = 1.0  # seconds decoded before a point that was seeked: the first frames after a seek are not whole
BAD_PACKETS: Final = 1000
MIXING: Final = {"rematrix_maxval": "1.0"}  # loud channels mixed to one must not be cut off
TEXT_KINDS: Final = {
    "mov_text": "mov_text",
    "srt": "subrip",
    "subrip": "subrip",
    "webvtt": "webvtt",
    "ass": "ass",
    "ssa": "ass",
    "text": "text",
}
"""The decoders' names of text subtitles: which of our kinds they are. Every other subtitle is a bitmap to us."""
CUE_BYTES: Final = 4096

Samples = NDArray[np.float32]
Run = tuple[int, Samples]


@dataclass(frozen=True)
class SoundRequest:
    """Which sound: a file that was probed, and how many samples a second are wanted."""

    path: str
    container: str
    rate: int


class SoundReader:
    """The sound of a file, mixed to one channel and resampled, read from the front on.

    Attributes:
        problems: what could not be read.
        position: the sample that comes next, counted from the picture's first frame.
    """

    def __init__(self, request: SoundRequest, begin: int = 0) -> None:
        import av

        self._errors = av.FFmpegError
        self._resampler = av.AudioResampler
        self._media = _open(request.path, request.container)
        self._stream = self._media.streams.best("audio")
        if self._stream is None or self._stream.codec_context is None:
            raise Unreadable("broken", "it has no sound that can be decoded")
        self._origin = start_time(best_video(self._media))
        self._rate = request.rate
        self._bad, self._unordered, self._heard = 0, 0, False
        self._left: Run | None = None
        self.position = begin
        if begin:
            with suppress(self._errors):  # without an index it is read from its start
                target = begin / self._rate - PREROLL + self._origin
                self._media.seek(int(target / float(self._stream.time_base)), stream=self._stream)
        self._runs = self._decode()

    @property
    def problems(self) -> list[str]:
        """What could not be read, in sentences."""
        said = []
        if self._bad:
            said.append(f"{self._bad} damaged piece{'s' if self._bad > 1 else ''} of sound could not be decoded.")
        if self._unordered > DRIFT * self._rate:
            said.append(f"{self._unordered / self._rate:.1f} s of sound with times out of order were left out.")
        return said

    def piece(self, count: int) -> Run | None:
        """The next ``count`` samples or fewer, and the number of their first; None after the last.

        Raises :class:`Unreadable` where the track has packets and not one of them can be decoded.
        """
        first = at = self.position
        end, parts = at + count, list[Samples]()
        while at < end:
            run = self._left or next(self._runs, None)
            self._left = None
            if run is None:
                break
            index, samples = run
            samples, index = samples[max(0, at - index) :], max(index, at)
            if index - at > SILENCE * self._rate:
                if parts:
                    self._left = (index, samples)
                    break
                first = at = index
                end = index + count
            silent = min(index, end) - at
            taken = samples[: end - at - silent]
            parts += [np.zeros(silent, dtype=np.float32), taken]
            at += silent + len(taken)
            if len(taken) < len(samples):
                self._left = (index + len(taken), samples[len(taken) :])
        if at == first:
            if self._bad and not self._heard:
                raise Unreadable("broken", "not one piece of its sound can be decoded")
            return None
        self.position = at
        return first, np.concatenate(parts)

    def _decode(self) -> Iterator[Run]:
        """Samples with the number of their first, ascending; times that go back are left out."""
        placer = _Placer(self._resampler, self._rate, self._origin)
        reached: int | None = None
        for frame in self._frames():
            self._heard = True
            try:
                runs = placer.place(frame)
            except (self._errors, ValueError):
                self._bad += 1
                continue
            for index, samples in runs:
                late = 0 if reached is None else max(0, reached - index)
                self._unordered += min(late, len(samples))
                if late < len(samples):
                    yield index + late, samples[late:]
                    reached = index + len(samples)
        yield from placer.rest(reached)

    def _frames(self) -> Iterator[Any]:
        packets = self._media.demux(self._stream)
        while self._bad <= BAD_PACKETS:
            try:
                yield from next(packets).decode()
            except StopIteration:
                return
            except self._errors as error:
                if getattr(error, "errno", 0) == 12:
                    raise Unreadable("resources", "decoding its sound needs more memory than allowed") from error
                self._bad += 1


class _Placer:
    """Resamples frames and says which sample each begins with, by the frames' own times."""

    def __init__(self, resampler: Any, rate: int, origin: float) -> None:
        self._make, self._rate, self._origin = resampler, rate, origin
        self._shape: tuple[str, str, int] | None = None
        self._current: Any = None
        self._anchor, self._taken, self._given = 0.0, 0, 0

    def place(self, frame: Any) -> list[Run]:
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        expected = self._anchor + self._taken / frame.sample_rate
        at = expected if frame.pts is None else float(frame.pts * frame.time_base) - self._origin
        runs: list[Run] = []
        if shape != self._shape or abs(at - expected) > DRIFT:
            runs = self.rest(None)
            self._shape, self._anchor, self._taken, self._given = shape, at, 0, 0
            self._current = self._make(format="flt", layout="mono", rate=self._rate, options=MIXING)
        frame.pts, frame.time_base = self._taken, _one_over(frame.sample_rate)
        self._taken += frame.samples
        return runs + self._numbered(self._current.resample(frame))

    def rest(self, reached: int | None) -> list[Run]:
        """What the resampler still holds, from ``reached`` on."""
        if self._current is None:
            return []
        runs = self._numbered(self._current.resample(None))
        if reached is None:
            return runs
        return [(max(index, reached), samples[max(0, reached - index) :]) for index, samples in runs]

    def _numbered(self, frames: list[Any]) -> list[Run]:
        runs = []
        for frame in frames:
            if frame is None:  # what was at the right rate all along has nothing to flush
                continue
            samples = np.nan_to_num(frame.to_ndarray().reshape(-1).astype(np.float32), posinf=1.0, neginf=-1.0)
            runs.append((round(self._anchor * self._rate) + self._given, np.clip(samples, -1.0, 1.0)))
            self._given += len(samples)
        return runs


def _one_over(rate: int) -> Any:
    from fractions import Fraction

    return Fraction(1, rate)


def read_text(path: str, container: str, *, cues: int, size: int, seconds: float) -> dict[str, Any]:
    """The packets of the text track that suits an English reader best, undecoded but for their characters.

    Returns ``kind`` (empty where there is no text track), ``language``, ``cues`` as [start, end or None, text],
    ``tracks`` (how many text tracks there are), ``skipped`` (codecs of other subtitle tracks) and ``cut`` (whether
    more than ``cues``, ``size`` bytes or ``seconds`` of reading would have been needed).
    """
    import av

    media = _open(path, container)
    origin = start_time(best_video(media))
    streams = [(one, _codec(one)) for one in media.streams.subtitles]
    texts = [(one, TEXT_KINDS[codec]) for one, codec in streams if _is_text(codec, container)]
    found: dict[str, Any] = {"kind": "", "language": "", "cues": [], "tracks": len(texts), "cut": False, "bad": 0}
    found["skipped"] = [codec[:20] for _, codec in streams if not _is_text(codec, container)]
    if not texts:
        return found
    stream, kind = min(texts, key=lambda one: _rank(one[0]))
    found |= {"kind": kind, "language": (stream.language or "")[:20]}
    for other in media.streams:
        if other is not stream:
            other.discard = av.stream.Discard.all
    deadline = time.monotonic() + seconds
    packets = media.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return found
        except av.FFmpegError:
            found["bad"] += 1
            return found
        cue = _cue(packet, kind, origin)
        if cue is not None:
            size -= len(cue[2])
            found["cues"].append(cue)
        if size < 0 or len(found["cues"]) >= cues or time.monotonic() > deadline:
            return found | {"cut": True}


def _cue(packet: Any, kind: str, origin: float) -> tuple[float, float | None, str] | None:
    raw = bytes(packet)
    if kind == "mov_text":  # a length, the words, and boxes about their style
        raw = raw[2 : 2 + int.from_bytes(raw[:2], "big")]
    if packet.pts is None or not raw:
        return None
    text = raw[:CUE_BYTES].decode("utf-16" if raw[:2] in (b"\xfe\xff", b"\xff\xfe") else "utf-8", "replace")
    if kind == "ass":  # number, layer, style, name, three margins, effect, text
        text = text.split(",", 8)[-1]
    start = float(packet.pts * packet.time_base) - origin
    return start, start + float(packet.duration * packet.time_base) if packet.duration else None, text


def _codec(stream: Any) -> str:
    return str(stream.codec_context.name) if stream.codec_context is not None else "unknown"


def _is_text(codec: str, container: str) -> bool:
    return codec in TEXT_KINDS and (container != "mp4" or codec == "mov_text")


def _rank(stream: Any) -> tuple[bool, bool, bool, int]:
    """English first, then what the file prefers; tracks of foreign passages alone come last."""
    import av

    kinds = av.stream.Disposition
    english = (stream.language or "").lower()[:2] == "en"
    return bool(stream.disposition & kinds.forced), not english, not stream.disposition & kinds.default, stream.index


def _open(path: str, container: str) -> Any:
    import av

    try:
        return av.open(path, format=CONTAINERS[container].demuxer, metadata_errors="replace")
    except av.FFmpegError as error:
        raise Unreadable("broken", "it cannot be opened") from error
