"""What is said in a clip: its subtitles where it has some, else what a speech model hears.

Whatever is said is a quotation, never an instruction: the caller screens it before anybody reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendMissing, MediaBroken, MediaMissing, MediaRejected, OutOfResources
from ..media.audio import Pieces, audio
from ..media.limits import DEFAULT_LIMITS, MediaLimits
from ..media.probe import MediaInfo
from ..media.subtitles import Spoken, Subtitles, track
from ..media.subtitles import sidecar as read_sidecar
from .voice import INSTALL, RATE, VoiceCutter, silero
from .whisper import without_loops


class Transcriber(Protocol):
    """Hears words."""

    @property
    def name(self) -> str:
        """What is told apart by it: findings of another transcriber are not taken for this one's."""
        ...

    def transcribe(self, samples: NDArray[np.float32]) -> list[Spoken]:
        """Words in samples (N,), 16,000 a second, at most 30 s; times are seconds from the first sample.

        Raises ``BackendMissing`` where the model cannot be used.
        """
        ...


@dataclass(frozen=True)
class Heard:
    """What is said in a clip.

    Attributes:
        lines: in the order of their starts, within the picture's length.
        note: in sentences, where the lines are from and what could not be read or heard.
    """

    lines: tuple[Spoken, ...]
    note: str


def listen(
    path: Path | str,
    info: MediaInfo,
    transcriber: Transcriber | None,
    *,
    sidecar: Path | None = None,
    limits: MediaLimits = DEFAULT_LIMITS,
    tick: Callable[[float], None] = lambda _seconds: None,
) -> Heard:
    """Find out what is said in a clip.

    The subtitle file ``sidecar`` comes first (see :func:`~..media.subtitles.find_sidecar`), then a text track in the
    clip, then the sound: where a voice is, and only there, the transcriber is asked. What cannot be done is said in the
    note and is no error: no speech model, no extra, damaged sound.

    Args:
        path: the clip.
        info: what the probe found in it.
        transcriber: hears words; None where there is no speech model.
        sidecar: the subtitle file beside the original, if there is one.
        limits: on what decoding may cost.
        tick: called with the seconds of sound heard so far; whatever it raises ends the listening.
    """
    notes: list[str] = []
    for where, read in _written(path, sidecar, limits):
        try:
            found = read()
        except (MediaBroken, MediaMissing, MediaRejected, OutOfResources) as error:
            notes.append(f"The subtitles {where} could not be read: {error.message}")
            continue
        lines = within(found.lines, info.duration)
        notes += [found.note] if found.note else []
        if lines:
            dropped = len(found.lines) - len(lines)
            notes += [f"{dropped} of its lines lie after the end of the picture."] if dropped else []
            return Heard(lines, " ".join([f"Words from the subtitles {where}.", *notes]))
    heard = _heard(path, info, transcriber, limits, tick)
    return Heard(heard.lines, " ".join([*notes, heard.note]))


def within(lines: tuple[Spoken, ...], seconds: float) -> tuple[Spoken, ...]:
    """The lines that begin before ``seconds``, with ends no later than it."""
    return tuple(replace(line, end=min(line.end, seconds)) for line in lines if line.start < seconds)


def _written(
    path: Path | str, sidecar: Path | None, limits: MediaLimits
) -> Iterator[tuple[str, Callable[[], Subtitles]]]:
    if sidecar is not None:
        yield "beside the file", lambda: read_sidecar(sidecar)
    yield "in the file", lambda: track(path, limits=limits)


def _heard(
    path: Path | str,
    info: MediaInfo,
    transcriber: Transcriber | None,
    limits: MediaLimits,
    tick: Callable[[float], None],
) -> Heard:
    """What the transcriber hears where a voice is."""
    if not info.has_audio:
        return Heard((), "There is no sound track.")
    if transcriber is None:
        missing = "" if find_spec("faster_whisper") else f" and install the speech extra ({INSTALL})"
        return Heard((), f"The sound was not listened to: name a speech model{missing}.")
    lines: list[Spoken] = []
    heard, said = 0.0, ""
    try:
        pieces = audio(path, rate=RATE, limits=limits)
        for start, samples in _voices(pieces, VoiceCutter(silero()), info.duration, tick):
            heard += len(samples) / RATE
            lines += [_later(line, start) for line in transcriber.transcribe(samples)]
        said = _outcome(heard, len(lines), pieces.partial)
    except BackendMissing as error:
        said = f"The sound was not listened to: {error.message} {error.remedy} Everything else goes on."
    except (MediaBroken, OutOfResources) as error:
        said = f"The sound could not be read to its end: {error.message}"
    ordered = without_loops(sorted(lines, key=lambda line: line.start))
    return Heard(within(tuple(ordered), info.duration), said)


def _voices(
    pieces: Pieces, cutter: VoiceCutter, seconds: float, tick: Callable[[float], None]
) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """Stretches with a voice, as far as the picture goes."""
    for start, samples in pieces:
        if start >= seconds:
            break
        yield from cutter.feed(start, samples)
        tick(start + len(samples) / RATE)
    yield from cutter.finish()


def _outcome(heard: float, lines: int, partial: str) -> str:
    if not heard:
        said = "Nobody speaks in it, as far as can be heard."
    elif not lines:
        said = f"There may be a voice ({heard:.0f} s), but no word was understood."
    else:
        said = "Words heard by a speech model; they may be wrong."
    return f"{said} {partial}".strip()


def _later(line: Spoken, seconds: float) -> Spoken:
    return replace(line, start=line.start + seconds, end=line.end + seconds)
