"""On-screen text: PP-OCRv4's detector and recogniser, with our own pre- and post-processing.

What is read is data: it is quoted, never followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendMissing
from .lines import HEIGHT, LineRecogniser
from .network import Network
from .textboxes import LONG_SIDE, TextFinder

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]

# Below the first a line may be two that touch; below the second it is no text, which costs as much to read twice.
_DOUBTFUL, _HOPELESS = 0.85, 0.4
_CUTS = (0.45, 0.5, 0.55, 0.6)
CONFIDENT = 0.6


@dataclass(frozen=True)
class TextLine:
    """A line of text in one frame.

    Attributes:
        text: as read.
        score: mean confidence of its characters, 0 to 1.
        box: four corners (4, 2), clockwise from the top left, as shares of width and height.
    """

    text: str
    score: float
    box: Floats

    @property
    def top(self) -> float:
        """Upper edge, share of the height."""
        return float(self.box[:, 1].min())

    @property
    def left(self) -> float:
        """Left edge, share of the width."""
        return float(self.box[:, 0].min())


class TextReader:
    """Finds and reads text in pictures. Latin and Chinese script, digits, punctuation."""

    def __init__(
        self,
        detector: Path,
        recogniser: Path,
        *,
        threads: int = 0,
        confident: float = CONFIDENT,
        side: int = LONG_SIDE,
    ) -> None:
        """Load both models.

        Args:
            detector: PP-OCRv4 detection model, ONNX.
            recogniser: PP-OCRv4 recognition model, ONNX, with its characters in the metadata.
            threads: how many to use, 0 for half of the cores.
            confident: lines read with less confidence are dropped.
            side: the long side of a picture in which text is searched, pixels.

        Raises:
            BackendMissing: a model is not there or is none of these.
        """
        self._finder = TextFinder(_network(detector, threads), side=side)
        # In bfloat16 it is half a millisecond faster a letter and sees gaps within words.
        self._recogniser = LineRecogniser(_network(recogniser, threads, exact=True))
        self._confident = confident

    def read(self, image: Image) -> list[TextLine]:
        """A picture (H, W, 3) RGB -> its lines in reading order."""
        return in_reading_order(self.lines(image, self.find(image)))

    def find(self, image: Image) -> list[Floats]:
        """Corners (4, 2) in pixels of the lines in a picture."""
        return self._finder.find(image)

    def lines(self, image: Image, boxes: list[Floats]) -> list[TextLine]:
        """What is read in these boxes of a picture; a box without text gives none, one of two lines two."""
        crops = [straighten(image, box) for box in boxes]
        size = np.array([image.shape[1], image.shape[0]], np.float32)
        lines: list[TextLine] = []
        for box, crop, (text, score) in zip(boxes, crops, self._recogniser.read(crops), strict=True):
            halves = self._halves(crop, box, score) if _HOPELESS <= score < _DOUBTFUL else []
            lines += [
                TextLine(words, sure, (corners / size).astype(np.float32))
                for words, sure, corners in halves or [(text, score, box)]
                if sure >= self._confident and _is_text(words)
            ]
        return lines

    def _halves(self, crop: Image, box: Floats, score: float) -> list[tuple[str, float, Floats]]:
        """Two lines that touch are found as one and read as nonsense: try to read them apart.

        Returns the upper and the lower line when both are read better than the whole, else nothing.
        """
        height, width = crop.shape[:2]
        if height < HEIGHT or width > 5 * height:
            return []
        parts = [part for cut in _CUTS for part in (crop[: int(height * cut)], crop[int(height * cut) :])]
        read = self._recogniser.read(parts)
        pairs = [(read[i], read[i + 1], cut) for i, cut in zip(range(0, len(read), 2), _CUTS, strict=True)]
        upper, lower, cut = max(pairs, key=lambda pair: min(pair[0][1], pair[1][1]))
        if min(upper[1], lower[1]) <= max(score, self._confident) or not (_is_text(upper[0]) and _is_text(lower[0])):
            return []
        left, right = box[0] + (box[3] - box[0]) * cut, box[1] + (box[2] - box[1]) * cut
        return [
            (*upper, np.stack([box[0], box[1], right, left])),
            (*lower, np.stack([left, right, box[2], box[3]])),
        ]


def _is_text(text: str) -> bool:
    """Letters or digits; a lone ideograph is nearly always an ornament misread."""
    return any(map(str.isalnum, text)) and not (len(text) == 1 and ord(text) > 0x2E80)


def _network(path: Path, threads: int, *, exact: bool = False) -> Network:
    if not Path(path).is_file():
        raise BackendMissing(f"The text model is not at {path}.", "Pull the models, or name the file.")
    try:
        return Network(Path(path), threads, exact=exact)
    except RuntimeError as error:
        raise BackendMissing(
            f"{Path(path).name} is no ONNX model that can be loaded.", "Delete it and pull the models again."
        ) from error


def straighten(image: Image, box: Floats) -> Image:
    """Cut a line out of the picture and lay it level."""
    import cv2

    width = max(int(np.linalg.norm(box[0] - box[1])), int(np.linalg.norm(box[3] - box[2])), 1)
    height = max(int(np.linalg.norm(box[0] - box[3])), int(np.linalg.norm(box[1] - box[2])), 1)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    transform = cv2.getPerspectiveTransform(box.astype(np.float32), target)
    crop = cv2.warpPerspective(
        image, transform, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.ascontiguousarray(np.rot90(crop)) if height >= 1.5 * width else np.asarray(crop, np.uint8)


def in_reading_order(lines: list[TextLine]) -> list[TextLine]:
    """Top to bottom, and left to right among lines whose upper edges are within half a line."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda one: one.top):
        height = float(np.ptp(line.box[:, 1]))
        if rows and line.top - rows[-1][0].top < 0.5 * height:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda one: one.left)]
