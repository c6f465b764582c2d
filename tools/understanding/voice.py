"""Where in a sound somebody speaks, and stretches of it that are cut in pauses.

The detector is silero VAD (MIT), which ships inside faster-whisper; it says how likely a voice is in each 32 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendMissing

INSTALL: Final = 'pip install "gpt4video[speech]"'
RATE: Final = 16000
WINDOW: Final = 512  # samples that the detector judges at once
CONTEXT: Final = 32 * WINDOW  # a second before: the detector remembers what it heard
BEGINS: Final = 0.5  # likelihood from which a voice begins, and below which it has ended; silero's own values
ENDS: Final = 0.35
SHORTEST: Final = 6  # windows; a click is shorter than a word
PAUSE: Final = 62  # windows (2 s) without a voice that end a stretch
LONGEST: Final = 875  # windows (28 s): with its margins a stretch fits into a speech model's 30 s
MARGIN: Final = 12  # windows (0.4 s) kept before and after: words begin and end softly

Samples = NDArray[np.float32]
Stretch = tuple[float, Samples]
Detector = Callable[[Samples], NDArray[np.float32]]
"""Likelihoods (N / WINDOW,) of a voice in samples (N,), N a multiple of ``WINDOW``."""


@cache
def silero() -> Detector:
    """The detector. Raises ``BackendMissing`` where faster-whisper is not installed."""
    try:
        from faster_whisper.vad import get_vad_model
    except ImportError as error:
        raise BackendMissing("The speech extra is not installed.", f"Install it with {INSTALL}.") from error
    model: Any = get_vad_model()

    def likelihood(samples: Samples) -> NDArray[np.float32]:
        return np.asarray(model(samples), dtype=np.float32).reshape(-1)

    return likelihood


class VoiceCutter:
    """Takes sound piece by piece and gives the stretches that hold a voice, each at most 30 s long.

    A stretch ends where nobody speaks for two seconds. Who speaks on for 28 s is cut in the longest pause of the last
    two thirds, or where a voice is least likely. Stretches never overlap, so no word is given twice.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._begin = 0  # number of the first sample held
        self._held = np.empty(0, dtype=np.float32)
        self._likely = np.empty(0, dtype=np.float32)
        self._before = np.zeros(CONTEXT, dtype=np.float32)

    def feed(self, start: float, samples: Samples) -> Iterator[Stretch]:
        """Take samples (N,) that begin at ``start`` seconds; a gap before them ends what was being said."""
        first = round(start * RATE)
        if abs(first - (self._begin + len(self._held))) > WINDOW:
            yield from self.finish()
            self._begin = first
        self._held = np.concatenate([self._held, samples])
        self._judge(len(self._held) // WINDOW)
        yield from self._stretches(final=False)

    def finish(self) -> Iterator[Stretch]:
        """The last stretch; afterwards the cutter is as new."""
        missing = -len(self._held) % WINDOW
        self._held = np.concatenate([self._held, np.zeros(missing, dtype=np.float32)])
        self._judge(len(self._held) // WINDOW)
        yield from self._stretches(final=True)
        self._drop(len(self._likely))
        self._before = np.zeros(CONTEXT, dtype=np.float32)

    def _judge(self, windows: int) -> None:
        """Likelihoods of the windows that are whole and new."""
        known = len(self._likely)
        if windows == known:
            return
        fresh = self._held[known * WINDOW : windows * WINDOW]
        heard = self._detector(np.concatenate([self._before, fresh]))[CONTEXT // WINDOW :]
        self._likely = np.concatenate([self._likely, heard])
        self._before = np.concatenate([self._before, fresh])[-CONTEXT:]

    def _stretches(self, *, final: bool) -> Iterator[Stretch]:
        while True:
            runs = _voiced(self._likely, final=final)
            if not runs:
                self._drop(len(self._likely) - (0 if final else MARGIN))
                return
            begin, end = runs[0]
            for later_begin, later_end in runs[1:]:
                if later_begin - end >= PAUSE:
                    break
                end = later_end
            if end - begin > LONGEST:
                end = cut = begin + _quietest(self._likely[begin : begin + LONGEST])
            elif final or len(self._likely) - end >= PAUSE:
                cut = min(end + MARGIN, len(self._likely))
            else:  # more may be said
                self._drop(begin - MARGIN)
                return
            first = max(0, begin - MARGIN)
            yield (self._begin + first * WINDOW) / RATE, self._held[first * WINDOW : cut * WINDOW]
            self._drop(cut)

    def _drop(self, windows: int) -> None:
        windows = max(0, windows)
        self._begin += windows * WINDOW
        self._held, self._likely = self._held[windows * WINDOW :], self._likely[windows:]


def _voiced(likely: NDArray[np.float32], *, final: bool) -> list[tuple[int, int]]:
    """Runs of windows [begin, end) with a voice; one that reaches the end counts however short, if more is to come."""
    runs: list[tuple[int, int]] = []
    begin: int | None = None
    for number, value in enumerate(likely.tolist()):
        if begin is None and value >= BEGINS:
            begin = number
        elif begin is not None and value < ENDS:
            runs.append((begin, number))
            begin = None
    open_run = [(begin, len(likely))] if begin is not None else []
    kept = [run for run in runs + open_run * final if run[1] - run[0] >= SHORTEST]
    return kept + open_run * (not final)


def _quietest(likely: NDArray[np.float32]) -> int:
    """Where to cut: the middle of the longest pause in the last two thirds, else the least likely window there."""
    after = len(likely) // 3
    best, length, begin = after + int(likely[after:].argmin()), 0, None
    for number, value in enumerate([*likely[after:].tolist(), 1.0], start=after):
        if value < ENDS:
            begin = number if begin is None else begin
        elif begin is not None:
            if number - begin > length:
                best, length = (begin + number) // 2, number - begin
            begin = None
    return max(best, 1)
