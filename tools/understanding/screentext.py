"""On-screen text over time: the same line read in several frames becomes one finding with a time range."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from .ocr import TextLine

_ALIKE = 0.7
_PATIENCE = 2
# A few letters alone are often noise on a texture: they must be certain, or be read again later.
_SHORT = 4
_CERTAIN = 0.9
_TOGETHER = 0.6


@dataclass(frozen=True)
class ScreenText:
    """A text that was visible.

    Attributes:
        text: as read, lines that come and go together joined in reading order.
        start: seconds, the first frame in which it was read.
        end: seconds, the end of the last one.
        score: confidence, 0 to 1.
    """

    text: str
    start: float
    end: float
    score: float


@dataclass(eq=False)
class _Track:
    """One line, followed over looks."""

    start: float
    end: float
    top: float
    left: float
    readings: Counter[str] = field(default_factory=Counter)
    best: float = 0.0
    looks: int = 0
    missed: int = 0

    @property
    def text(self) -> str:
        return self.readings.most_common(1)[0][0]

    def resembles(self, line: TextLine) -> float:
        ours, theirs = _normal(self.text), _normal(line.text)
        if ours == theirs:
            return 1.0
        # A line half covered or half faded in still is that line, if it stands where it stood.
        near = abs(self.top - line.top) < 0.06 and abs(self.left - line.left) < 0.3
        alike = SequenceMatcher(None, ours, theirs, autojunk=False).ratio()
        return alike if near or alike > 0.85 else 0.0

    def see(self, line: TextLine, time: float) -> None:
        # Confident readings weigh more: a fading title is misread in many frames.
        self.readings[line.text] += line.score**4 * 1000  # type: ignore[assignment]  # Counter holds any number
        self.best = max(self.best, line.score)
        self.end, self.top, self.left = time, line.top, line.left
        self.looks, self.missed = self.looks + 1, 0


class TextLog:
    """Collects what was read, look by look in time order.

    A stream takes what :meth:`closed` gives as it goes, and :meth:`texts` at the end; who needs all at once asks for
    ``texts`` alone.

    Args:
        frame: seconds that one frame is shown.
    """

    def __init__(self, frame: float) -> None:
        self._frame = frame
        self._tracks: list[_Track] = []
        self._open: list[_Track] = []
        self._now = 0.0

    def add(self, time: float, lines: list[TextLine]) -> None:
        """What was read in the frame at ``time``."""
        self._now = time
        seen: list[_Track] = []
        for line in lines:
            free = [track for track in self._open if track not in seen]
            best = max(free, key=lambda track: track.resembles(line), default=None)
            if best is None or best.resembles(line) < _ALIKE:
                best = _Track(time, time, line.top, line.left)
                self._tracks.append(best)
                self._open.append(best)
            best.see(line, time)
            seen.append(best)
        for track in self._open:
            track.missed += track not in seen
        self._open = [track for track in self._open if track.missed < _PATIENCE]

    def same(self, time: float) -> None:
        """The frame at ``time`` looks like the one before: what was there still is."""
        self._now = time
        for track in self._open:
            if not track.missed:
                track.end = time

    def closed(self) -> list[ScreenText]:
        """The texts that are final and were not given before: no line that began with them can still be seen."""
        began: list[list[_Track]] = []
        for track in sorted(self._tracks, key=lambda one: one.start):
            if began and track.start - began[-1][-1].start <= _TOGETHER:
                began[-1].append(track)
            else:
                began.append([track])
        done = [
            track
            for together in began
            if self._now - together[-1].start > _TOGETHER and not any(track in self._open for track in together)
            for track in together
        ]
        self._tracks = [track for track in self._tracks if track not in done]
        return self._joined(done)

    def texts(self) -> list[ScreenText]:
        """The texts that :meth:`closed` has not given, in order of time; lines that come and go together are one."""
        return self._joined(self._tracks)

    def _joined(self, tracks: list[_Track]) -> list[ScreenText]:
        kept = [track for track in tracks if self._believable(track)]
        groups: list[list[_Track]] = []
        for track in sorted(kept, key=lambda one: (one.start, one.top, one.left)):
            for group in groups:
                if abs(group[0].start - track.start) <= _TOGETHER and abs(group[0].end - track.end) <= _TOGETHER:
                    group.append(track)
                    break
            else:
                groups.append([track])
        return [self._text(sorted(group, key=lambda one: (round(one.top, 2), one.left))) for group in groups]

    def _text(self, group: list[_Track]) -> ScreenText:
        end = max(track.end for track in group) + self._frame
        text = " ".join(track.text for track in group)
        return ScreenText(text, min(track.start for track in group), end, min(track.best for track in group))

    @staticmethod
    def _believable(track: _Track) -> bool:
        short = len(_normal(track.text)) <= _SHORT
        return not short or (track.best >= _CERTAIN and (track.looks > 1 or len(_normal(track.text)) > 2))


def _normal(text: str) -> str:
    """For comparison: letters and digits alone, case folded."""
    return "".join(filter(str.isalnum, text.casefold()))
