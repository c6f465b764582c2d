"""Shot boundaries: cuts, dissolves and fades, found while frames come in that were decoded elsewhere.

No file is opened here: media is decoded in the sandbox alone. What tells a boundary is in :mod:`.transitions`; here is
what a stream needs: a few seconds of tiny frames, and the decision which of overlapping transitions counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .strip import Strip
from .transitions import BACK, LONGEST, LONGEST_FLAT, PEAK, Transition, find
from .vision import Images

Opening = Literal["start", "cut", "dissolve", "fade"]

# Boundaries nearer to each other than this (seconds) are one, and none is half as near to the ends of the video.
_SHORTEST = 0.3
# Seconds and frames after a transition, and seconds before it, that :func:`.transitions.find` looks at.
_AHEAD = LONGEST_FLAT + 0.35
_FRAMES_AHEAD = 4
_BEHIND = LONGEST + LONGEST_FLAT + BACK + 2 * PEAK
# Black or white as long as this (seconds) at the start or the end of the video is no shot of its own.
_LEAD = 2.0
# Frames are looked at in runs: the more at once, the faster.
_RUN = 0.6
# Frames closer than this are left out, so that a high frame rate costs no more memory.
_APART = 0.0145


@dataclass(frozen=True)
class Shot:
    """A run of frames without a boundary.

    Attributes:
        start: seconds; the middle of the transition where it begins with one.
        end: seconds.
        opens: how it begins.
    """

    start: float
    end: float
    opens: Opening = "start"


class ShotFinder:
    """Takes frames in order, batch by batch, and finds where one shot ends and the next begins.

    Memory is bounded: a few seconds of frames of 64x36 pixels are kept, however long the video is. How the frames are
    split into batches makes no difference to what is found, and times may lie unevenly.
    """

    def __init__(self) -> None:
        self._strip: Strip | None = None
        self._last = -np.inf
        self._done = -np.inf  # transitions that end at or before this are known
        self._settled = -np.inf  # and of those that end before this, it is known which count
        self._pending: list[Transition] = []
        self._first = self._start = self._end = 0.0
        self._lit = (np.inf, -np.inf)  # times of the first and the last frame with a picture
        self._opens: Opening = "start"

    @property
    def held(self) -> int:
        """Bytes of frames that are kept."""
        return 0 if self._strip is None else sum(part.nbytes for part in vars(self._strip).values())

    def push(self, times: NDArray[np.float32], images: Images) -> list[Shot]:
        """Frames (T, H, W, 3) RGB at ``times`` (T,) seconds, later than all before -> shots that are now final.

        A shot is final about four seconds after its end.
        """
        keep = self._thinned(times)
        if len(times):
            self._end = float(times[-1])
        if not keep:
            return []
        fresh = Strip.of(times[keep], images[keep] if len(keep) < len(images) else images)
        if self._strip is None:
            self._first = float(fresh.times[0])
            self._start = 0.0 if self._first < 1 else self._first
        self._strip = fresh if self._strip is None else self._strip + fresh
        for time in fresh.times[~fresh.flat].tolist():
            self._lit = (min(self._lit[0], time), time)
        seen = self._strip.times
        until = min(self._last - _AHEAD, float(seen[-_FRAMES_AHEAD]) if len(seen) >= _FRAMES_AHEAD else -np.inf)
        if until < max(self._done, float(seen[0])) + _RUN:
            return []
        self._advance(self._strip, until)
        return self._settle(until - LONGEST - _SHORTEST)

    def finish(self, duration: float) -> list[Shot]:
        """The remaining shots; the last ends at ``duration``, or with its last frame where that is later."""
        if self._strip is None:
            return []
        self._advance(self._strip, self._last)
        leads_out = [one.end > self._lit[1] and one.middle > self._last - _LEAD for one in self._pending]
        self._pending = [
            one
            for one, black in zip(self._pending, leads_out, strict=True)
            if not black and one.middle <= self._last - _SHORTEST / 2
        ]
        shots = self._settle(np.inf)
        return [*shots, Shot(self._start, max(duration, self._end), self._opens)]

    def _thinned(self, times: NDArray[np.float32]) -> list[int]:
        """The frames to keep: all of them at up to sixty a second."""
        keep = []
        for index, time in enumerate(times.tolist()):
            if time - self._last >= _APART:
                keep.append(index)
                self._last = time
        return keep

    def _advance(self, strip: Strip, until: float) -> None:
        """Find what ends by ``until``, and forget the frames that are not needed any more."""
        self._pending = sorted(self._pending + find(strip, self._done, until), key=lambda one: one.middle)
        self._done = until
        keep = int(strip.at(np.array([until - _BEHIND]))[0]) - 3
        self._strip = strip[max(0, keep) :]

    def _settle(self, sure: float) -> list[Shot]:
        """The shots that end before ``sure``: of transitions that clash the strongest counts."""
        shots = []
        for one in self._pending:
            if not self._settled <= one.end < sure or any(_beats(other, one) for other in self._pending):
                continue
            leads_in = one.start < self._lit[0] and one.middle < self._first + _LEAD
            if one.middle >= self._start + _SHORTEST / 2 and not leads_in:
                middle = float(one.middle)
                shots.append(Shot(self._start, middle, self._opens))
                self._start, self._opens = middle, one.kind
        self._settled = sure
        self._pending = [one for one in self._pending if one.end >= sure - _BEHIND]
        return shots


def _beats(one: Transition, other: Transition) -> bool:
    """Whether two transitions are one and the same, better told by the first."""
    same = abs(one.middle - other.middle) < _SHORTEST or (one.start < other.end and other.start < one.end)
    return same and (one.strength, other.end) > (other.strength, one.end)


def detect_shots(batches: Iterable[tuple[NDArray[np.float32], Images]], duration: float) -> list[Shot]:
    """Shots of a stream of (times, frames) batches.

    Args:
        batches: frames in order, as :class:`ShotFinder` takes them.
        duration: seconds.
    """
    finder = ShotFinder()
    shots = [shot for times, images in batches for shot in finder.push(times, images)]
    return shots + finder.finish(duration)
