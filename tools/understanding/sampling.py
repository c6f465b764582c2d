"""Which frames to look at: where the picture has changed, and one now and then where it has not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..media.tiny import Tiny, change, tiny
from .vision import Images

_CHANGED = 7.0
_ANOTHER = 24.0
_SHARP = 0.1
_OFTEN = 4


class Sampler:
    """Chooses frames of a stream by what they show; keeps one tiny grey picture.

    A frame is chosen at once when it is another picture altogether (a cut), when the picture has changed since the last
    choice and that is ``least`` seconds ago (twice that where the shot has been looked at four times), and when it is
    ``most`` seconds ago.

    Args:
        least: seconds between choices while the picture moves.
        most: seconds between choices while it stands still: the floor.
    """

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, max(least, most)
        self._last: tuple[float, Tiny] | None = None
        self._of_shot = 0
        self.chosen = 0

    def choose(self, times: NDArray[np.float32], images: Images) -> list[int]:
        """Frames (T, H, W, 3) at ``times`` (T,) seconds, later than all before -> the indices of those chosen."""
        small = tiny(images)
        found: list[int] = []
        for index, time in enumerate(times.tolist()):
            if self._last is None or self._wanted(time - self._last[0], small[index], self._last[1]):
                self._last = (time, small[index])
                found.append(index)
        self.chosen += len(found)
        return found

    def _wanted(self, apart: float, now: Tiny, before: Tiny) -> bool:
        if apart < min(_SHARP, self._least) - 1e-3:
            return False
        changed = change(now, before)
        if changed >= _ANOTHER:
            self._of_shot = 0
            return True
        least = self._least if self._of_shot < _OFTEN else 2 * self._least
        wanted = apart >= self._most - 1e-3 or (changed >= _CHANGED and apart >= least - 1e-3)
        self._of_shot += wanted
        return wanted
