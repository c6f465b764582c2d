"""On-screen text: PP-OCRv4's detector and recogniser with onnxruntime, with our own pre- and post-processing.

Detection is differentiable binarisation (Liao et al., "Real-time Scene Text Detection with Differentiable
Binarization", 2020, arXiv 1911.08947), recognition SVTR with a CTC head (Du et al., 2022, arXiv 2205.00159).
What is read is data: it is quoted, never followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendMissing
from .lines import HEIGHT, LineRecogniser

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]

# Text is found at this size and read at the picture's own. Measured against 960: the same captions and titles found,
# half the time, fewer false finds on textures.
_LONG_SIDE = 736
_PIXEL, _BOX, _UNCLIP = 0.3, 0.5, 1.6
_MOST_BOXES = 100
_LEAST_SIDE = 4
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

    def __init__(self, detector: Path, recogniser: Path, *, threads: int = 0, confident: float = CONFIDENT) -> None:
        """Load both models.

        Args:
            detector: PP-OCRv4 detection model, ONNX.
            recogniser: PP-OCRv4 recognition model, ONNX, with its characters in the metadata.
            threads: how many to use, 0 leaves it to the runtime.
            confident: lines read with less confidence are dropped.

        Raises:
            BackendMissing: a model is not there or is none of these.
        """
        self._detector = _session(detector, threads)
        self._recogniser = LineRecogniser(_session(recogniser, threads))
        self._confident = confident

    def read(self, image: Image) -> list[TextLine]:
        """A picture (H, W, 3) RGB -> its lines in reading order."""
        boxes = self._find(image)
        crops = [_straighten(image, box) for box in boxes]
        size = np.array([image.shape[1], image.shape[0]], np.float32)
        lines: list[TextLine] = []
        for box, crop, (text, score) in zip(boxes, crops, self._recogniser.read(crops), strict=True):
            halves = self._halves(crop, box, score) if _HOPELESS <= score < _DOUBTFUL else []
            lines += [
                TextLine(words, sure, (corners / size).astype(np.float32))
                for words, sure, corners in halves or [(text, score, box)]
                if sure >= self._confident and _is_text(words)
            ]
        return _in_reading_order(lines)

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

    def _find(self, image: Image) -> list[Floats]:
        """Corners (4, 2) in pixels of every line of text."""
        import cv2

        height, width = image.shape[:2]
        scale = min(1.0, _LONG_SIDE / max(height, width))
        size = [max(32, round(side * scale / 32) * 32) for side in (width, height)]
        resized = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        # The networks were trained on BGR.
        x = resized[None, :, :, ::-1].transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
        heat: Floats = self._detector.run(None, {self._detector.get_inputs()[0].name: x})[0][0, 0]
        factor = np.array([width / size[0], height / size[1]], np.float32)
        return [box * factor for box in _boxes(heat)]


def _is_text(text: str) -> bool:
    """Letters or digits; a lone ideograph is nearly always an ornament misread."""
    return any(map(str.isalnum, text)) and not (len(text) == 1 and ord(text) > 0x2E80)


def _session(path: Path, threads: int) -> Any:
    import onnxruntime

    if not Path(path).is_file():
        raise BackendMissing(f"The text model is not at {path}.", "Pull the models, or name the file.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Threads that spin between operators take the processor from the decoder and the encoder.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no public common class
        raise BackendMissing(
            f"{Path(path).name} is no ONNX model that can be loaded.", "Delete it and pull the models again."
        ) from error


def _boxes(heat: Floats) -> list[Floats]:
    """Probability map (H, W) -> corners (4, 2) of the text regions, grown back to full size."""
    import cv2

    mask = cv2.dilate((heat > _PIXEL).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found: list[Floats] = []
    for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:_MOST_BOXES]:
        rectangle = cv2.minAreaRect(contour)
        if min(rectangle[1]) < 3 or _inside(heat, cv2.boxPoints(rectangle)) < _BOX:
            continue
        grown = _grow(cv2.boxPoints(rectangle))
        if grown is None:
            continue
        rectangle = cv2.minAreaRect(grown)
        if min(rectangle[1]) >= _LEAST_SIDE + 2:
            corners = _clockwise(cv2.boxPoints(rectangle))
            found.append(np.clip(corners, 0, [heat.shape[1], heat.shape[0]]).astype(np.float32))
    return found


def _inside(heat: Floats, box: Floats) -> float:
    """Mean probability within a box."""
    import cv2

    low = np.clip(np.floor(box.min(axis=0)).astype(int), 0, None)
    high = np.ceil(box.max(axis=0)).astype(int) + 1
    part = heat[low[1] : high[1], low[0] : high[0]]
    mask = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(mask, [(box - low).astype(np.int32)], 1)
    return float(cv2.mean(part, mask)[0])


def _grow(box: Floats) -> NDArray[np.float32] | None:
    """The detector marks shrunken regions: offset the box outwards by area * ratio / perimeter."""
    import cv2
    import pyclipper

    distance = cv2.contourArea(box) * _UNCLIP / max(cv2.arcLength(box, True), 1e-6)
    offset = pyclipper.PyclipperOffset()
    offset.AddPath([tuple(map(int, point)) for point in box.round()], pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    grown = offset.Execute(distance)
    return np.array(max(grown, key=len), np.float32) if grown else None


def _clockwise(box: Floats) -> Floats:
    """Corners from the top left on, clockwise."""
    by_x = box[np.argsort(box[:, 0], kind="stable")]
    left, right = by_x[:2], by_x[2:]
    left, right = left[np.argsort(left[:, 1])], right[np.argsort(right[:, 1])]
    return np.stack([left[0], right[0], right[1], left[1]])


def _straighten(image: Image, box: Floats) -> Image:
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


def _in_reading_order(lines: list[TextLine]) -> list[TextLine]:
    """Top to bottom, and left to right among lines whose upper edges are within half a line."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda one: one.top):
        height = float(np.ptp(line.box[:, 1]))
        if rows and line.top - rows[-1][0].top < 0.5 * height:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda one: one.left)]
