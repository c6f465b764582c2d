"""Pictures by one pixel of each cell of sixteen by sixteen: enough to tell, for next to nothing, whether two differ."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_CELL: Final = 16

Tiny = NDArray[np.int16]


def tiny(images: NDArray[np.uint8]) -> Tiny:
    """Pictures (..., H, W, 3) -> (..., h, w, 3), a pixel from the middle of each cell."""
    down, across = (min(_CELL // 2, side - 1) for side in images.shape[-3:-1])
    small: Tiny = images[..., down::_CELL, across::_CELL, :].astype(np.int16)
    return small


def change(one: Tiny, other: Tiny) -> float:
    """Mean difference of two of them, 0 to 255; across a cut it is 40 and more."""
    return float(np.abs(one - other).mean())
