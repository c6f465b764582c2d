"""Frame encoders: pictures in, features and class scores out.

:class:`VisionEncoder` is the default (EfficientNet-Lite0); :class:`TransformersEncoder` loads any CLIP or SigLIP
vision model of transformers from a folder. Both resize the whole picture to the network's square ("squash"): on
photos a centre crop recognises no more (dogs found in 300 photos of dogs: 83.7 % against 84.0 %), and what lies at
the edge of a wide frame stays visible.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendMissing, BadArguments

if TYPE_CHECKING:
    import torch

    from .efficientnet import EfficientNetLite0

Images = NDArray[np.uint8]
Floats = NDArray[np.float32]
_Outputs = tuple[Floats, Floats, Floats]
_Run = Callable[[Images], _Outputs]

# What the checkpoint was trained with (TensorFlow's EfficientNet-Lite): (x - 127) / 128. Measured: ImageNet's usual
# mean and deviation find 77 % of 300 dogs, these 84 %.
_MEAN, _DEVIATION = 127.0, 128.0
_BATCH = 8


@dataclass(frozen=True)
class FrameFeatures:
    """Features of T pictures.

    Attributes:
        grid: (T, P, D) float32, one row per patch, row-major from the top left.
        pooled: (T, D') float32, one vector a picture.
        logits: (T, C) float32, unnormalised class scores; C is 0 for encoders without a classifier.
    """

    grid: Floats
    pooled: Floats
    logits: Floats

    def __len__(self) -> int:
        return len(self.pooled)


class FrameEncoder(Protocol):
    """Turns pictures into features. Implementations are interchangeable; vectors of different names are not."""

    @property
    def name(self) -> str:
        """Model name and revision."""
        ...

    @property
    def width(self) -> int:
        """D' of ``pooled``."""
        ...

    @property
    def grid_shape(self) -> tuple[int, int]:
        """(P, D) of ``grid``."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Readable names of the C classes, empty without a classifier."""
        ...

    def encode(self, images: Images) -> FrameFeatures:
        """Pictures (T, H, W, 3) uint8 RGB of any size, T >= 0 -> features."""
        ...


@cache
def class_names() -> tuple[str, ...]:
    """The 1000 ImageNet classes in the order of the logits."""
    text = files(__package__).joinpath("imagenet_classes.txt").read_text("utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


class VisionEncoder:
    """EfficientNet-Lite0: grid (T, 49, 1280), pooled (T, 1280), logits over the 1000 ImageNet classes."""

    name = "efficientnet-lite0@57934424"
    width = 1280
    grid_shape = (49, 1280)

    def __init__(self, weights: Path, *, device: str = "cpu") -> None:
        """Load the pinned checkpoint.

        Args:
            weights: the ``efficientnet-lite0-57934424.pth`` file; read as tensors alone, never as a pickle.
            device: a torch device.

        Raises:
            BackendMissing: the file is not there, or is not this network.
        """
        import torch

        from .efficientnet import EfficientNetLite0

        self._device = torch.device(device)
        network = EfficientNetLite0().eval()
        try:
            network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        except FileNotFoundError as error:
            raise BackendMissing(
                f"The vision weights are not at {weights}.", "Pull the models, or name the file."
            ) from error
        except Exception as error:  # a broken zip, a pickle, other tensors: torch has no common class for these
            raise BackendMissing(
                f"{Path(weights).name} is not the EfficientNet-Lite0 checkpoint.",
                "Delete it and pull the models again.",
            ) from error
        network = network.fused().requires_grad_(False)
        self._run = _on_processor(network) if self._device.type == "cpu" else _on_device(network, self._device)

    @property
    def classes(self) -> tuple[str, ...]:
        """The ImageNet class names."""
        return class_names()

    def encode(self, images: Images) -> FrameFeatures:
        """Pictures (T, H, W, 3) uint8 RGB -> features; the whole picture is resized to 224x224."""
        from .efficientnet import SIDE

        _check(images)
        parts = [self._run(batch) for batch in _squares(images, SIDE)]
        return _join(parts, self.grid_shape, self.width, len(self.classes))


class TransformersEncoder:
    """The vision half of a CLIP or SigLIP type model in a local folder (safetensors; no code from the folder runs).

    ``pooled`` is the image embedding in the space shared with text where the model has one, else the pooler's output.
    The paper's own encoder is CLIP ViT-L/14 (Li et al., "GPT4Video", 2023, arXiv 2311.16511).
    """

    classes: tuple[str, ...] = ()

    def __init__(self, folder: Path, *, device: str = "cpu") -> None:
        """Load a folder written by ``save_pretrained``; ``BackendMissing`` when it holds no such model."""
        import torch
        from transformers import AutoModel

        folder = Path(folder)
        try:
            model: Any = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        except (OSError, ValueError, KeyError) as error:
            raise BackendMissing(
                f"{folder} holds no vision model that transformers can load: {error}",
                "Name a folder with config.json and model.safetensors of a CLIP or SigLIP model.",
            ) from error
        vision = getattr(model, "vision_model", model)
        config = getattr(model.config, "vision_config", model.config)
        if not hasattr(config, "patch_size") or not hasattr(config, "image_size"):
            raise BackendMissing(f"{folder} is no vision transformer.", "Name a CLIP or SigLIP model's folder.")
        self._device = torch.device(device)
        self._model, self._vision = model.eval().requires_grad_(False).to(self._device), vision
        self._side = int(config.image_size)
        patches = (self._side // int(config.patch_size)) ** 2
        self.grid_shape = (patches, int(config.hidden_size))
        self._mean, self._deviation = _statistics(folder)
        self.name = f"{model.config.model_type}:{folder.name}"
        self.width = self.encode(np.zeros((1, 8, 8, 3), np.uint8)).pooled.shape[1]

    def encode(self, images: Images) -> FrameFeatures:
        """Pictures (T, H, W, 3) uint8 RGB -> features without logits."""
        import torch

        _check(images)
        parts: list[_Outputs] = []
        with torch.inference_mode():
            for batch in _squares(images, self._side):
                x = (batch.astype(np.float32) / 255 - self._mean) / self._deviation
                output = self._vision(pixel_values=torch.from_numpy(x).permute(0, 3, 1, 2).to(self._device))
                grid = _array(output.last_hidden_state)[:, -self.grid_shape[0] :]  # a class token comes first, if any
                pooled = output.pooler_output if output.pooler_output is not None else output.last_hidden_state.mean(1)
                projection = getattr(self._model, "visual_projection", None)
                pooled = projection(pooled) if projection is not None else pooled
                parts.append((grid, _array(pooled), np.zeros((len(batch), 0), np.float32)))
        return _join(parts, self.grid_shape, getattr(self, "width", 0), 0)


def _on_processor(network: EfficientNetLite0) -> _Run:
    from .network import Network

    compiled = Network(network.graph(_MEAN, _DEVIATION))

    def run(batch: Images) -> _Outputs:
        grid, pooled, logits = compiled(batch)
        return grid, pooled, logits

    return run


def _on_device(network: EfficientNetLite0, device: torch.device) -> _Run:
    import torch

    # Channels-last lets one-by-one convolutions run as plain matrix products.
    network = network.to(device, torch.bfloat16).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # untyped in torch

    def run(batch: Images) -> _Outputs:
        with torch.inference_mode():
            x = torch.from_numpy(batch).to(device).permute(0, 3, 1, 2).to(torch.float32)
            x = x.sub_(_MEAN).div_(_DEVIATION).to(torch.bfloat16)
            grid, pooled, logits = network(x.contiguous(memory_format=torch.channels_last))
            return _array(grid), _array(pooled), _array(logits)

    return run


def _check(images: Images) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3 or 0 in images.shape[1:]:
        raise BadArguments(
            f"Pictures of shape {images.shape} and type {images.dtype} cannot be encoded.",
            "Pass uint8 RGB pictures as (T, H, W, 3).",
        )


def _squares(images: Images, side: int) -> Iterator[Images]:
    """Batches of pictures resized to side x side, averaging over what is left out (no aliasing)."""
    for first in range(0, len(images), _BATCH):
        batch = images[first : first + _BATCH]
        yield batch if batch.shape[1:3] == (side, side) else resize(batch, side, side)


def resize(images: Images, width: int, height: int) -> Images:
    """Pictures (T, H, W, 3) -> (T, height, width, 3), by area when shrinking."""
    import cv2

    shrinks = images.shape[1] * images.shape[2] > width * height
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    output = np.empty((len(images), height, width, 3), np.uint8)
    for index, image in enumerate(images):
        cv2.resize(image, (width, height), dst=output[index], interpolation=method)
    return output


def _array(tensor: torch.Tensor) -> Floats:
    array: Floats = tensor.float().cpu().numpy()
    return array


def _join(parts: list[_Outputs], grid: tuple[int, int], width: int, classes: int) -> FrameFeatures:
    if not parts:
        empty = [np.zeros(shape, np.float32) for shape in ((0, *grid), (0, width), (0, classes))]
        return FrameFeatures(*empty)
    return FrameFeatures(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _statistics(folder: Path) -> tuple[Floats, Floats]:
    """Mean and deviation from the folder's preprocessor file; CLIP's own when there is none."""
    mean, deviation = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
    path = folder / "preprocessor_config.json"
    if path.is_file():
        config = json.loads(path.read_text("utf-8"))
        mean, deviation = config.get("image_mean", mean), config.get("image_std", deviation)
    return np.asarray(mean, np.float32), np.asarray(deviation, np.float32)
