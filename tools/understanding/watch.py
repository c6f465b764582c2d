"""Deciding where reading text is worth its cost: skip what did not change, catch what flashes.

Frames go through in order; what is kept of them is small and grey, and no more than the last second of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .vision import Images

if TYPE_CHECKING:
    from .texthint import TextHint

Floats = NDArray[np.float32]
Grey = NDArray[np.uint8]

_BLOCKS = (64, 36)
# A block changed when its mean grey did by so much; of a flash, so large a share of the picture changes and changes
# back. Measured: a caption for one frame 69 %, people and balls in motion below 3 %, a still scene below 0.5 %.
_STEP = 20
_FLASH_SHARE = 0.008
_UNCHANGED = 8
_LAGS = (1, 2, 3, 4, 6, 8, 12)
_APART = 0.3
# A strobe must not make every frame worth reading: this many flashes at once, then one in four seconds.
_FLASHES, _FLASHES_A_SECOND = 8.0, 0.25
# What may be text is compared with what was there when it was last read, and read again after so many seconds even if
# it looks the same: a counter's last digit may be too small to tell.
_SLOWEST = 4.0
# Strokes agree (correlation) in nearly all cells where a title stands still over moving ground, and in few of them
# where it says something else.
_ALIKE, _FEW = 0.6, 0.1


@dataclass(frozen=True)
class Look:
    """A frame at which text is looked for.

    Attributes:
        time: seconds.
        changed: whether it may show another text than the look before; if not, what was there still is.
        text: whether there may be any text. A frame that changed and has none need not be read: nothing is there.
    """

    time: float
    changed: bool
    text: bool = True

    @property
    def read(self) -> bool:
        """Whether the frame is worth decoding large and reading."""
        return self.changed and self.text


@dataclass
class _Frame:
    """What is kept of a frame until it is settled whether it is a look."""

    time: float
    grid: bool
    blocks: Grey
    step: Grey
    share: float
    grey: Grey
    score: float = 0.0


class ChangeWatch:
    """Takes frames in order and says which to read: a stream in bounded memory.

    Looks are the first and the last frame, one every ``every`` seconds, and flashes: frames in which something shows up
    that is gone half a second later. They come in order of time, about half a second late, and do not depend on how
    the frames are cut into batches.

    Args:
        every: seconds between looks.
        hint: says where there may be text; without it there may be text everywhere.
    """

    def __init__(self, every: float, *, hint: TextHint | None = None) -> None:
        self._every = every
        self._frames: list[_Frame] = []
        self._scored = 1  # the first frame has none before it
        self._settled = 0
        self._start: float | None = None
        self._grid = 0
        self._flashes, self._flash_time = _FLASHES, 0.0
        self._change = _Change(hint)

    def push(self, times: NDArray[np.float32], images: Images) -> list[Look]:
        """Frames (T, H, W, 3) RGB at ``times`` (T,) seconds, later than all before -> the looks that are settled."""
        import cv2

        for time, image in zip(times.tolist(), images, strict=True):
            grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
            blocks = np.asarray(cv2.resize(grey, _BLOCKS, interpolation=cv2.INTER_AREA), np.uint8)
            step = cv2.absdiff(blocks, self._frames[-1].blocks) if self._frames else np.zeros_like(blocks)
            grid = self._on_grid(time)
            self._frames.append(_Frame(time, grid, blocks, np.asarray(step, np.uint8), _share(step), grey))
        return self._settle(last=False)

    def finish(self) -> list[Look]:
        """The looks that were not settled yet, the last frame among them."""
        if self._frames:
            self._frames[-1].grid = True
        return self._settle(last=True)

    def _on_grid(self, time: float) -> bool:
        if self._start is None:
            self._start = self._flash_time = time
        if time < self._start + self._grid * self._every - 1e-4:
            return False
        self._grid = int((time - self._start + 1e-4) / self._every) + 1
        return True

    def _settle(self, last: bool) -> list[Look]:
        """Score what has all it needs after it, and give the looks among frames whose neighbours are scored."""
        frames = self._frames
        final = len(frames) if last else len(frames) - max(_LAGS)
        while self._scored < final:
            frames[self._scored].score = self._score(self._scored)
            self._scored += 1
        looks: list[Look] = []
        while self._settled < len(frames):
            at = self._settled
            if not last and frames[self._scored - 1].time < frames[at].time + _APART:
                break
            frame = frames[at]
            if frame.grid or self._flashes_at(at):
                looks.append(self._change.look(frame.time, frame.blocks, frame.grey))
            self._settled += 1
        self._forget()
        return looks

    def _forget(self) -> None:
        """Drop frames that nothing to come is compared with."""
        gone = 0
        while gone < self._settled - 1 and self._frames[gone].time < self._frames[self._settled - 1].time - _APART:
            gone += 1
        gone = min(gone, self._scored - 1, self._settled)
        del self._frames[:gone]
        self._scored, self._settled = self._scored - gone, self._settled - gone

    def _score(self, at: int) -> float:
        """The largest share of the picture that shows up with frame ``at`` and is gone within twelve frames."""
        import cv2

        frames = self._frames
        if frames[at].share < _FLASH_SHARE:  # a flash begins and ends with a step at least as large
            return 0.0
        best = 0.0
        before = frames[at - 1].blocks
        for lag in _LAGS:
            if at + lag >= len(frames):
                break
            after = frames[at + lag]
            if after.share < _FLASH_SHARE:
                continue
            there_and_back = cv2.min(frames[at].step, after.step)
            best = max(best, _share(cv2.subtract(there_and_back, cv2.absdiff(after.blocks, before))))
        return best

    def _flashes_at(self, at: int) -> bool:
        """Whether frame ``at`` is the clearest flash nearby, and not one too many."""
        frame = self._frames[at]
        if frame.score < _FLASH_SHARE:
            return False
        for index, other in enumerate(self._frames):
            near = abs(other.time - frame.time) < _APART
            if near and (other.score > frame.score or (other.score == frame.score and index < at)):
                return False
        elapsed = frame.time - self._flash_time
        self._flashes = min(_FLASHES, self._flashes + elapsed * _FLASHES_A_SECOND)
        self._flash_time = frame.time
        if self._flashes < 1:
            return False
        self._flashes -= 1
        return True


class _Change:
    """Compares looks with those before."""

    def __init__(self, hint: TextHint | None) -> None:
        self._hint = hint
        self._blocks: Grey | None = None
        self._read: tuple[float, NDArray[np.bool_], Floats] | None = None

    def look(self, time: float, blocks: Grey, grey: Grey) -> Look:
        """What the frame at ``time`` is worth, from its blocks (36, 64) and its grey picture (H, W)."""
        import cv2

        if self._blocks is not None and int(cv2.absdiff(blocks, self._blocks).max()) <= _UNCHANGED:
            return Look(time, changed=False)
        self._blocks = blocks
        if self._hint is None:
            return Look(time, changed=True)
        cells = self._hint.cells(grey)
        if not cells.any():
            self._read = None
            return Look(time, changed=True, text=False)
        strokes = _strokes(grey, cells.shape)
        if self._read is not None and time < self._read[0] + _SLOWEST and _same_text(cells, strokes, *self._read[1:]):
            return Look(time, changed=False)
        self._read = (time, cells, strokes)
        return Look(time, changed=True)


def _share(change: NDArray[np.uint8]) -> float:
    import cv2

    return cv2.countNonZero(cv2.threshold(change, _STEP - 1, 1, cv2.THRESH_BINARY)[1]) / change.size


def _strokes(grey: Grey, cells: tuple[int, ...]) -> Floats:
    """A grey picture without its slow changes of light, in whole cells of 8 pixels."""
    import cv2

    size = (cells[1] * 8, cells[0] * 8)
    fine = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(fine - cv2.blur(fine, (9, 9)), np.float32)


def _same_text(cells: NDArray[np.bool_], strokes: Floats, old_cells: NDArray[np.bool_], old_strokes: Floats) -> bool:
    """Whether what may be text is where it was and looks as it did, whatever moves behind it."""
    import cv2

    both = cells | old_cells
    if (cells ^ old_cells).sum() > 0.15 * both.sum():
        return False

    def around(product: Floats) -> Floats:
        summed = cv2.resize(product, both.shape[::-1], interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.blur(summed, (3, 3)), np.float32)

    alike = around(strokes * old_strokes) / np.sqrt(around(strokes**2) * around(old_strokes**2) + 1.0)
    return float(np.quantile(alike[both], _FEW)) >= _ALIKE
