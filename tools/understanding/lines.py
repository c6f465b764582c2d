"""Reading one line of text: PP-OCRv4's recogniser and CTC decoding.

Du et al., "SVTR: Scene Text Recognition with a Single Visual Model" (2022, arXiv 2205.00159); Graves et al.,
"Connectionist Temporal Classification" (2006).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendMissing
from .network import Network

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]

HEIGHT = 48
_LONGEST = 2400
# Lines are read one by one and padded to a multiple of this: a width that comes for the first time takes 30 ms to plan.
# Measured over 137 lines of titles: as padded to 320 pixels and six together, as in training, the same words are right.
_WIDTHS = 80
# The network was trained mostly on Chinese and seldom prefers a space to a blank; where there is one it is in doubt.
# Measured over 1,445 pairs of letters in titles, 89 of them of two words: above 0.1 are 99 % of the gaps between words
# and none within them, above 0.03 all and one. (Gaps in the ink: 56 %, and 13 within words.)
_SPACE = 0.1


class LineRecogniser:
    """Pictures of single lines -> their text."""

    def __init__(self, network: Network) -> None:
        """Take the loaded model; ``BackendMissing`` when it does not name its characters."""
        characters = network.about.get("character")
        if characters is None:
            raise BackendMissing(
                "The text model does not name its characters.", "Use the pinned PP-OCRv4 recognition model."
            )
        self._network = network
        # Class 0 is CTC's blank; the space comes last.
        self._characters = ["", *characters.splitlines(), " "]

    def read(self, crops: list[Image]) -> list[tuple[str, float]]:
        """Texts and confidences (0 to 1) of pictures (H, W, 3) RGB."""
        return [self._collapse(self._network(_prepared(crop))[0][0]) for crop in crops]

    def _collapse(self, scores: Floats) -> tuple[str, float]:
        """CTC's best path: repeats count once, blanks not at all; a likely space between letters is one."""
        best, sure = scores.argmax(axis=1), scores.max(axis=1)
        space = scores.shape[1] - 1
        at = np.flatnonzero((best != 0) & (best != space) & np.append(True, best[1:] != best[:-1]))
        if not len(at):
            return "", 0.0
        text = self._characters[best[at[0]]]
        for before, here in pairwise(at.tolist()):
            spaced = scores[before : here + 1, space].max() > _SPACE
            text += (" " if spaced else "") + self._characters[best[here]]
        return text, float(sure[at].mean())


def _prepared(crop: Image) -> Floats:
    """A line -> (1, 3, 48, W) in -1..1, BGR, padded on the right with the mean grey."""
    import cv2

    width = min(max(round(HEIGHT * crop.shape[1] / max(crop.shape[0], 1)), 8), _LONGEST)
    level = np.asarray(cv2.resize(crop, (width, HEIGHT), interpolation=cv2.INTER_LINEAR), np.uint8)
    x = np.zeros((1, 3, HEIGHT, max(2 * _WIDTHS, -(-width // _WIDTHS) * _WIDTHS)), np.float32)
    x[0, :, :, :width] = level[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
    return x
