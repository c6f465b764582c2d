"""From picture features and text embeddings into one space, where a picture lies near the words that fit it.

Both sides are small: the encoders before them (EfficientNet-Lite0, MiniLM) stay as they are. Trained contrastively
on captioned photos by ``gpt4video train retrieval`` (Radford et al. 2021, arXiv 2103.00020, on frozen encoders).
Several heads that were trained apart are used side by side: the mean of their similarities finds more than any one.
NumPy alone: a search must not wait for a deep-learning library to load.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .embedder import Vectors, unit
from .errors import ModelUnusable

FEATURES = 1280
TEXT = 384
_EPSILON = 1e-5


@dataclass(frozen=True)
class Calibration:
    """How similarities read as probabilities that two things belong together (logistic, on unseen photos).

    A pair counts as fitting from 0.5 on. The slopes work on cosines.

    Attributes:
        picture_slope, picture_offset: text query against a picture.
        text_slope, text_offset: text query against a text that was written or read about a picture.
        likeness_slope, likeness_offset: picture against picture.
    """

    picture_slope: float
    picture_offset: float
    text_slope: float
    text_offset: float
    likeness_slope: float
    likeness_offset: float


@dataclass(frozen=True)
class _Head:
    skip: tuple[NDArray[np.float32], NDArray[np.float32]]
    up: tuple[NDArray[np.float32], NDArray[np.float32]]
    down: tuple[NDArray[np.float32], NDArray[np.float32]]
    text: tuple[NDArray[np.float32], NDArray[np.float32]]


class Projection:
    """The trained projection.

    Args:
        path: the safetensors file; None takes the one that ships with the package.

    Raises:
        ModelUnusable: the file is missing, or is not a projection.
    """

    def __init__(self, path: Path | None = None) -> None:
        tensors, metadata = _load(path)
        try:
            self.name = metadata["name"]
            self.text_encoder = metadata["text_encoder"]
            self.image_encoder = metadata["image_encoder"]
            self.calibration = Calibration(**json.loads(metadata["calibration"]))
            self._heads = [_head(tensors, number) for number in range(int(metadata["heads"]))]
        except (KeyError, TypeError, ValueError) as error:
            raise ModelUnusable(
                f"The projection weights lack a part ({error}).", "Reinstall, or train them again."
            ) from error
        self.dimension = sum(len(head.text[1]) for head in self._heads)

    def images(self, features: Vectors) -> Vectors:
        """Pooled EfficientNet-Lite0 features (N, 1280) -> unit vectors (N, dimension).

        Raises:
            ModelUnusable: the features are of another shape, or not finite.
        """
        if features.ndim != 2 or features.shape[1] != FEATURES or not np.isfinite(features).all():
            raise ModelUnusable(
                f"Picture features of shape {features.shape} do not fit, or are not finite.",
                f"Compute them with {self.image_encoder}.",
            )
        centred = features - features.mean(1, keepdims=True)
        normed = centred / np.sqrt((centred * centred).mean(1, keepdims=True) + _EPSILON)
        rows = [
            unit(_linear(normed, head.skip) + _linear(_gelu(_linear(normed, head.up)), head.down))
            for head in self._heads
        ]
        return _side_by_side(rows)

    def texts(self, embeddings: Vectors) -> Vectors:
        """MiniLM embeddings (N, 384) -> unit vectors (N, dimension)."""
        return _side_by_side([unit(_linear(embeddings, head.text)) for head in self._heads])


def probability(score: float, slope: float, offset: float) -> float:
    """Logistic of ``slope * score + offset``."""
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, slope * score + offset))))


def pack(
    heads: list[dict[str, NDArray[np.float32]]],
    calibration: Calibration,
    *,
    name: str,
    image_encoder: str,
    text_encoder: str,
) -> tuple[dict[str, NDArray[np.float16]], dict[str, str]]:
    """Tensors and metadata of a projection file.

    Args:
        heads: per head ``skip.weight``, ``skip.bias`` and likewise ``up``, ``down``, ``text``.
        calibration: measured with these heads.
        name: of the training run.
        image_encoder: what the features come from.
        text_encoder: what the embeddings come from.
    """
    tensors = {f"{number}.{key}": value for number, head in enumerate(heads) for key, value in head.items()}
    metadata = {
        "name": name,
        "image_encoder": image_encoder,
        "text_encoder": text_encoder,
        "heads": str(len(heads)),
        "calibration": json.dumps(asdict(calibration)),
    }
    return {key: value.astype(np.float16) for key, value in tensors.items()}, metadata


def _load(path: Path | None) -> tuple[dict[str, NDArray[np.float32]], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    place = path if path is not None else Path(str(files("gpt4video.memory") / "weights" / "projection.safetensors"))
    try:
        with safe_open(place, framework="np") as opened:
            metadata = opened.metadata() or {}
            tensors = {key: opened.get_tensor(key).astype(np.float32) for key in opened.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise ModelUnusable(
            f"The projection weights {str(place)!r} cannot be read ({error}).", "Reinstall, or train them again."
        ) from error
    return tensors, metadata


def _head(tensors: dict[str, NDArray[np.float32]], number: int) -> _Head:
    parts = {
        part: (tensors[f"{number}.{part}.weight"], tensors[f"{number}.{part}.bias"])
        for part in ("skip", "up", "down", "text")
    }
    width = len(parts["text"][1])
    shapes = {"skip": (width, FEATURES), "down": (width, len(parts["up"][1])), "text": (width, TEXT)}
    wrong = [part for part, shape in shapes.items() if parts[part][0].shape != shape]
    if wrong or parts["up"][0].shape[1] != FEATURES:
        raise ValueError(f"head {number} has parts of the wrong shape: {wrong or ['up']}")
    return _Head(**parts)


def _linear(rows: Vectors, part: tuple[NDArray[np.float32], NDArray[np.float32]]) -> Vectors:
    return rows @ part[0].T + part[1]


def _gelu(rows: Vectors) -> Vectors:
    # The tanh form, in training as well: NumPy has no error function.
    inner = math.sqrt(2 / math.pi) * (rows + 0.044715 * rows**3)
    result: Vectors = (0.5 * rows * (1 + np.tanh(inner))).astype(np.float32)
    return result


def _side_by_side(rows: list[Vectors]) -> Vectors:
    joined: Vectors = (np.concatenate(rows, axis=1) / math.sqrt(len(rows))).astype(np.float32)
    return joined
