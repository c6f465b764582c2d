"""Reading one line of text: PP-OCRv4's recogniser and CTC decoding.

Du et al., "SVTR: Scene Text Recognition with a Single Visual Model" (2022, arXiv 2205.00159); Graves et al.,
"Connectionist Temporal Classification" (2006).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendMissing

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]

HEIGHT = 48
_LONGEST = 2400
_SHORTEST = 320
_AT_ONCE = 6
_STRIDE = 8  # pixels a step of the recogniser's output
_LEAST_GAPS = 4
_LEAST_LETTERS = 8  # a word or two, far apart, is as often one word set wide


class LineRecogniser:
    """Pictures of single lines -> their text."""

    def __init__(self, session: Any) -> None:
        """Take the loaded model; ``BackendMissing`` when it does not name its characters."""
        characters = session.get_modelmeta().custom_metadata_map.get("character")
        if characters is None:
            raise BackendMissing(
                "The text model does not name its characters.", "Use the pinned PP-OCRv4 recognition model."
            )
        self._session = session
        # Class 0 is CTC's blank; the space comes last.
        self._characters = ["", *characters.splitlines(), " "]

    def read(self, crops: list[Image]) -> list[tuple[str, float]]:
        """Texts and confidences (0 to 1) of pictures (H, W, 3) RGB; similar widths share a batch: less padding."""
        order = sorted(range(len(crops)), key=lambda index: crops[index].shape[1] / crops[index].shape[0])
        results: list[tuple[str, float]] = [("", 0.0)] * len(crops)
        for first in range(0, len(order), _AT_ONCE):
            part = order[first : first + _AT_ONCE]
            lines = [_level(crops[index]) for index in part]
            scores: Floats = self._session.run(None, {self._session.get_inputs()[0].name: _batch(lines)})[0]
            for index, line, row in zip(part, lines, scores, strict=True):
                results[index] = self._collapse(row, line)
        return results

    def _collapse(self, scores: Floats, line: Image) -> tuple[str, float]:
        """CTC's best path: repeats count once, blanks not at all; wide gaps between letters become spaces."""
        best, sure = scores.argmax(axis=1), scores.max(axis=1)
        at = np.flatnonzero((best != 0) & np.append(True, best[1:] != best[:-1]))
        if not len(at):
            return "", 0.0
        centres = (at + 0.5) * _STRIDE
        gaps = word_gaps(line) if len(at) >= _LEAST_LETTERS else []
        text = self._characters[best[at[0]]]
        for before, here, index in zip(centres, centres[1:], at[1:], strict=False):
            spaced = any(before < gap < here for gap in gaps)
            text += (" " if spaced else "") + self._characters[best[index]]
        return " ".join(text.split()), float(sure[at].mean())


def word_gaps(line: Image) -> list[float]:
    """Middles (pixels) of the gaps between words of a line (48, W, 3).

    The recogniser was trained mostly on Chinese and drops most spaces. A gap counts when no ink crosses it and it is
    wide for the line; on a busy background there are no empty columns, and nothing is split.
    """
    import cv2

    grey = cv2.cvtColor(line, cv2.COLOR_RGB2GRAY)
    _, mask = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    ink = mask if mask.mean() < 0.5 else 1 - mask
    filled = np.flatnonzero(ink[HEIGHT // 8 : -HEIGHT // 8].sum(axis=0) > 0)
    if len(filled) < 2:
        return []
    widths = np.diff(filled) - 1
    breaks = widths[widths > 0]
    if len(breaks) < _LEAST_GAPS:  # too few to tell what is wide
        return []
    # Between letters 1 to 4 pixels at this height, between words a third of the letters' height or so.
    least = max(0.13 * HEIGHT, 1.8 * float(np.median(breaks)))
    return [float(filled[i] + 1 + widths[i] / 2) for i in np.flatnonzero(widths >= least)]


def _level(crop: Image) -> Image:
    """A line picture at the network's height."""
    import cv2

    width = min(max(round(HEIGHT * crop.shape[1] / max(crop.shape[0], 1)), 8), _LONGEST)
    return np.asarray(cv2.resize(crop, (width, HEIGHT), interpolation=cv2.INTER_LINEAR), np.uint8)


def _batch(lines: list[Image]) -> Floats:
    """Lines -> (N, 3, 48, W) in -1..1, BGR, padded on the right with the mean grey."""
    batch = np.zeros((len(lines), 3, HEIGHT, max(_SHORTEST, *(line.shape[1] for line in lines))), np.float32)
    for row, line in zip(batch, lines, strict=True):
        row[:, :, : line.shape[1]] = line[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
    return batch
