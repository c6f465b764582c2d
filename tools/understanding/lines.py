"""Reading one line of text: PP-OCRv4's recogniser and CTC decoding.

Du et al., "SVTR: Scene Text Recognition with a Single Visual Model" (2022, arXiv 2205.00159); Graves et al.,
"Connectionist Temporal Classification" (2006).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendMissing

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]

HEIGHT = 48
_LONGEST = 2400
# Measured over 137 lines of titles: six together and padded to 320 pixels, as the network was trained, 63 ms a line;
# one by one 44; padded to 160 only, 27. The same words are read right.
AT_ONCE, SHORTEST = 1, 160
# The network was trained mostly on Chinese and seldom prefers a space to a blank; where there is one it is in doubt.
# Measured over 1,445 pairs of letters in titles, 89 of them of two words: above 0.1 are 99 % of the gaps between words
# and none within them, above 0.03 all and one. (Gaps in the ink: 56 %, and 13 within words.)
_SPACE = 0.06


class LineRecogniser:
    """Pictures of single lines -> their text."""

    def __init__(self, session: Any, *, at_once: int = AT_ONCE, shortest: int = SHORTEST) -> None:
        """Take the loaded model; ``BackendMissing`` when it does not name its characters."""
        characters = session.get_modelmeta().custom_metadata_map.get("character")
        if characters is None:
            raise BackendMissing(
                "The text model does not name its characters.", "Use the pinned PP-OCRv4 recognition model."
            )
        self._session, self._at_once, self._shortest = session, at_once, shortest
        # Class 0 is CTC's blank; the space comes last.
        self._characters = ["", *characters.splitlines(), " "]

    def read(self, crops: list[Image]) -> list[tuple[str, float]]:
        """Texts and confidences (0 to 1) of pictures (H, W, 3) RGB; similar widths share a batch: less padding."""
        order = sorted(range(len(crops)), key=lambda index: crops[index].shape[1] / crops[index].shape[0])
        results: list[tuple[str, float]] = [("", 0.0)] * len(crops)
        for first in range(0, len(order), self._at_once):
            part = order[first : first + self._at_once]
            lines = [_level(crops[index]) for index in part]
            scores: Floats = self._session.run(
                None, {self._session.get_inputs()[0].name: _batch(lines, self._shortest)}
            )[0]
            for index, row in zip(part, scores, strict=True):
                results[index] = self._collapse(row)
        return results

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


def _level(crop: Image) -> Image:
    """A line picture at the network's height."""
    import cv2

    width = min(max(round(HEIGHT * crop.shape[1] / max(crop.shape[0], 1)), 8), _LONGEST)
    return np.asarray(cv2.resize(crop, (width, HEIGHT), interpolation=cv2.INTER_LINEAR), np.uint8)


def _batch(lines: list[Image], shortest: int) -> Floats:
    """Lines -> (N, 3, 48, W) in -1..1, BGR, padded on the right with the mean grey."""
    batch = np.zeros((len(lines), 3, HEIGHT, max(shortest, *(line.shape[1] for line in lines))), np.float32)
    for row, line in zip(batch, lines, strict=True):
        row[:, :, : line.shape[1]] = line[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
    return batch
