"""What a pipeline is called with: the request in the words of its signature, and the hooks that report and stop."""

from __future__ import annotations

import contextlib
import inspect
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import GenerationFailed
from .base import Frames, GenerationRequest, Progress
from .diffusers_folder import parameters
from .diffusers_options import LoadOptions
from .diffusers_prompt import fit_prompt, token_limit
from .diffusers_shape import Shape

_BEAT = 0.2  # seconds between looks at whether the user has stopped it
_CHUNK = 4


def call_arguments(
    pipeline: Any, request: GenerationRequest, shape: Shape, options: LoadOptions
) -> tuple[dict[str, Any], list[str]]:
    """The call's arguments and notes on what could not be passed on."""
    import torch

    takes = parameters(type(pipeline))
    wanted: dict[str, Any] = {
        "num_inference_steps": request.steps,
        "guidance_scale": request.guidance,
        "max_guidance_scale": request.guidance,
        "generator": torch.Generator().manual_seed(request.seed),  # on the CPU: the same noise on every device
        "output_type": "np",
        "width": shape.width,
        "height": shape.height,
        "max_sequence_length": token_limit(pipeline),
        "decode_chunk_size": _CHUNK if options.tiling else None,
    }
    wanted |= dict.fromkeys(("frame_rate", "fps", "target_fps"), round(shape.fps))
    wanted |= dict.fromkeys(("num_frames", "video_length", "frames"), shape.frames)
    words, notes = _words(pipeline, request, takes)
    wanted |= words
    if request.guidance is not None and "min_guidance_scale" in takes:
        wanted["min_guidance_scale"] = min(1.0, request.guidance)
    if request.image is not None and request.video is None:
        wanted["image"] = _pictures(request.image[None], shape)[0]
    if request.video is not None:
        clip = request.video[np.linspace(0, len(request.video) - 1, shape.frames).round().astype(int)]
        wanted["video"] = _pictures(clip, shape)
        steps = request.steps or _default(pipeline, "num_inference_steps", 50)
        far = max(request.strength, 1 / steps)  # less than one step of change is none, and pipelines fail at it
        # A condition's strength is how firmly it holds, the opposite of how far to move away.
        wanted["strength"] = 1 - far if "frame_index" in takes else far
    return {name: value for name, value in wanted.items() if value is not None and name in takes}, notes


def _words(pipeline: Any, request: GenerationRequest, takes: set[str]) -> tuple[dict[str, str], list[str]]:
    words, notes = {}, []
    for name, text, what in (
        ("prompt", request.prompt, "prompt"),
        ("negative_prompt", request.negative_prompt, "negative prompt"),
    ):
        if name in takes and (text or name == "prompt"):
            words[name], cut = fit_prompt(pipeline, text, what)
            notes += cut
        elif text.strip() and name not in takes:
            notes.append(f"This model takes no {what}: the words had no effect.")
    return words, notes


def _default(pipeline: Any, name: str, otherwise: int) -> int:
    found = inspect.signature(type(pipeline).__call__).parameters.get(name)
    return found.default if found is not None and isinstance(found.default, int) else otherwise


def step_callbacks(pipeline: Any, steps: int | None, progress: Progress) -> dict[str, Any]:
    """Progress after every step, by the new protocol or the old one, whichever the pipeline has."""
    takes = parameters(type(pipeline))
    planned = steps or _default(pipeline, "num_inference_steps", 50)

    def report(index: int, total: int) -> None:
        progress(0.05 + 0.9 * min(1.0, (index + 1) / max(1, total)), f"step {index + 1} of {total}")

    def new_style(used: Any, index: int, _: Any, kept: dict[str, Any]) -> dict[str, Any]:
        report(index, getattr(used, "num_timesteps", None) or planned)
        return kept

    def old_style(index: int, _: Any, __: Any) -> None:
        report(index, planned)

    if "callback_on_step_end" in takes:
        return {"callback_on_step_end": new_style}
    return {"callback": old_style, "callback_steps": 1} if "callback" in takes else {}


class Pulse:
    """Passes progress on, and repeats the last of it between the layers of a network.

    One step of a large model takes minutes; a user who stops it should not wait for its end, nor for a VAE's.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress, self._last, self._at = progress, (0.0, ""), time.monotonic()

    def __call__(self, fraction: float, note: str) -> None:
        """Report; raises what the progress function raises."""
        self._last, self._at = (fraction, note), time.monotonic()
        self._progress(fraction, note)

    def _beat(self, *_: Any) -> None:
        if time.monotonic() - self._at >= _BEAT:
            self(*self._last)

    @contextlib.contextmanager
    def between_layers(self, pipeline: Any) -> Iterator[None]:
        """While open, look before every layer of every network of the pipeline."""
        import torch

        networks = [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]
        lists = [each for part in networks for each in part.modules() if isinstance(each, torch.nn.ModuleList)]
        hooks = [layer.register_forward_pre_hook(self._beat) for layers in lists for layer in layers]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def _pictures(clip: Frames, shape: Shape) -> list[Any]:
    """Pictures of the size to make; what differs in proportions is cropped about its middle, not stretched."""
    from PIL import Image, ImageOps

    return [ImageOps.fit(Image.fromarray(frame), (shape.width, shape.height)) for frame in clip]


def as_frames(result: Any) -> Frames:
    """A pipeline's ``frames`` output (arrays, tensors or lists of pictures, a batch of one) -> uint8 (T, H, W, 3)."""
    clip = result[0]
    if isinstance(clip, list | tuple):
        clip = np.stack([np.asarray(frame) for frame in clip])
    pixels = np.asarray(clip.detach().float().cpu() if hasattr(clip, "detach") else clip)
    if pixels.ndim == 4 and pixels.shape[-1] != 3 and pixels.shape[1] == 3:
        pixels = pixels.transpose(0, 2, 3, 1)
    if pixels.ndim != 4 or pixels.shape[-1] != 3 or 0 in pixels.shape:
        raise GenerationFailed(f"The pipeline returned no clip but {pixels.shape}.", "Choose another pipeline.")
    if pixels.dtype == np.uint8:
        return pixels
    if not np.isfinite(pixels).all():
        raise GenerationFailed("The pipeline's pixels are no numbers.", "Try float32, another seed or fewer steps.")
    frames: Frames = (pixels * 255).round().clip(0, 255).astype(np.uint8)
    return frames
