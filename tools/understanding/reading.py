"""Reading text off the screen while a clip's frames come in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import MediaBroken
from .screentext import ScreenText, TextLog
from .watch import ChangeWatch, Look

if TYPE_CHECKING:
    from ..media.decode import Frames
    from ..media.probe import MediaInfo
    from .ocr import TextReader
    from .texthint import TextHint

EVERY = 1.0
"""Seconds between looks for text."""


class ScreenReading:
    """Takes all frames in order, some of them large as well, and reads where there may be something new to read.

    Args:
        info: the file's facts.
        ocr: reads.
        size: (width, height) in which a frame is read.
        hint: says whether there may be any text; None reads wherever something changed.

    Attributes:
        looks: how many frames were looked at for text.
        lost: what could not be read, empty if all could.
    """

    def __init__(self, info: MediaInfo, ocr: TextReader, size: tuple[int, int], hint: TextHint | None = None) -> None:
        self._info, self._ocr, self._size = info, ocr, size
        self._watch = ChangeWatch(EVERY, hint=hint)
        self._log = TextLog(1 / info.fps if info.fps else 0.0)
        self._large: dict[float, NDArray[np.uint8]] = {}
        self._texts: list[ScreenText] = []
        self.looks = 0
        self.lost = ""

    def push(self, frames: Frames) -> None:
        """The next frames."""
        self._large |= {_key(time): image for time, image in frames.larger}
        self._take(self._watch.push(frames.times, frames.images))
        self._texts += self._log.closed()

    def finish(self) -> list[ScreenText]:
        """All texts, in order of time."""
        self._take(self._watch.finish())
        return sorted([*self._texts, *self._log.texts()], key=lambda text: text.start)

    def _take(self, looks: Iterable[Look]) -> None:
        for look in looks:
            self.looks += 1
            if not look.changed:
                self._log.same(look.time)
            elif not look.text:
                self._log.add(look.time, [])
            elif (image := self._picture(_key(look.time))) is not None:
                self._log.add(look.time, self._ocr.read(image))
            self._large = {time: image for time, image in self._large.items() if time > look.time}

    def _picture(self, time: float) -> NDArray[np.uint8] | None:
        """The frame at a time, large; one that was not sent along is decoded once more."""
        from ..media.decode import sample

        if time in self._large:
            return self._large[time]
        if self.lost:
            return None
        try:
            image: NDArray[np.uint8] = sample(self._info.path, [time], size=self._size).images[0]
            return image
        except MediaBroken as error:
            self.lost = f"From {time:.1f} s on, single frames could not be looked at closely: {error.message}"
            return None


def _key(time: float) -> float:
    return float(np.float32(time))
