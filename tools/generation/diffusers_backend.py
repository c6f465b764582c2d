"""Any video pipeline of diffusers behind the ``Generator`` protocol, chosen by what its call takes, not by its name."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import BackendMissing, GenerationFailed, OutOfResources, ToolError
from .base import (
    Capabilities,
    Frames,
    GeneratedFrames,
    GenerationRequest,
    Progress,
    check_capabilities,
    no_progress,
)
from .diffusers_folder import (
    capabilities_of,
    check_components,
    parameters,
    pipeline_class,
    read_index,
    weight_bytes,
)

Precision = Literal["auto", "float32", "float16", "bfloat16"]
Offload = Literal["none", "model", "sequential"]

_FPS = {"Wan": 16.0, "SkyReels": 24.0, "LTX": 25.0, "Hunyuan": 24.0, "Cosmos": 30.0, "Mochi": 30.0, "Allegro": 15.0,
        "StableVideo": 7.0, "Sana": 16.0}  # fmt: skip
"""Frames a second that families were trained for, by the start of the class name; 8 for all others."""


class DiffusersGenerator:
    """A pipeline folder, or a hub id that diffusers downloads.

    Args:
        where: folder saved by ``save_pretrained``, or a hub id such as ``Wan-AI/Wan2.1-T2V-1.3B-Diffusers``.
        precision: of the weights; ``auto`` is bfloat16 on a GPU and float32 on a CPU.
        offload: ``model`` or ``sequential`` keep parts in main memory while others work on the GPU.
        revision: of a hub id.

    Only safetensors are read, and no code that comes with weights is run.
    """

    def __init__(
        self, where: str | Path, precision: Precision = "auto", offload: Offload = "none", revision: str | None = None
    ) -> None:
        self._where, self._precision, self._offload, self._revision = str(where), precision, offload, revision
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """``diffusers:`` and the folder or hub id with its revision."""
        return f"diffusers:{self._where}" + (f"@{self._revision}" if self._revision else "")

    @cached_property
    def _class(self) -> type[Any]:
        return pipeline_class(read_index(self._folder))

    @cached_property
    def capabilities(self) -> Capabilities:
        """Read from the signature of the pipeline class."""
        return capabilities_of(self._class)

    @cached_property
    def _folder(self) -> Path:
        """The pipeline's folder, downloaded when a hub id was given: configuration and safetensors only."""
        path = Path(self._where)
        if path.exists() or path.is_absolute() or self._where.count("/") != 1:
            return path
        from huggingface_hub import snapshot_download

        try:
            wanted = ["*.json", "*.txt", "*.model", "*.safetensors"]
            return Path(snapshot_download(self._where, revision=self._revision, allow_patterns=wanted))
        except Exception as error:  # whatever hub and network raise: there is no common base
            raise BackendMissing(
                f"The pipeline {self._where} is neither a folder nor to be had from the hub: {error}",
                "Check the name and the network, or download it by hand and give the folder.",
            ) from error

    @cached_property
    def _pipeline(self) -> Any:
        folder, found = self._folder, self._class
        check_components(folder, read_index(folder))
        _check_memory(weight_bytes(folder), self.name)
        import torch
        from diffusers.utils import logging
        from transformers.utils import logging as transformers_logging

        logging.disable_progress_bar()
        transformers_logging.disable_progress_bar()
        gpu = torch.cuda.is_available()
        kind = ("bfloat16" if gpu else "float32") if self._precision == "auto" else self._precision
        try:
            with _quiet():
                pipeline = found.from_pretrained(
                    folder, dtype=getattr(torch, kind), use_safetensors=True, local_files_only=True
                )
                _place(pipeline, gpu, self._offload)
        except (MemoryError, torch.OutOfMemoryError) as error:
            raise _out_of_memory(self.name) from error
        except Exception as error:  # a broken pipeline fails in as many ways as it has parts
            raise BackendMissing(
                f"The pipeline {self._where} cannot be loaded: {error}",
                "Download it again, whole, or update diffusers.",
            ) from error
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def generate(self, request: GenerationRequest, progress: Progress = no_progress) -> GeneratedFrames:
        """Run the pipeline; sizes and lengths are rounded to what it can make, which the notes say."""
        import torch

        check_capabilities(self.name, self.capabilities, request)
        with self._lock:
            progress(0.0, "loading the model")
            pipeline = self._pipeline
            fps = request.fps or _family_fps(self._class.__name__)
            arguments = self._arguments(pipeline, request, fps, progress)
            try:
                with _quiet():
                    result = pipeline(**arguments)
            except ToolError:
                raise  # from progress: the user stopped it
            except (MemoryError, torch.OutOfMemoryError) as error:
                raise _out_of_memory(self.name) from error
            except Exception as error:  # pipelines raise anything from ValueError to KeyError
                raise GenerationFailed(
                    f"{self.name} failed: {error}", "Try another size, length or prompt for this pipeline."
                ) from error
        frames = as_frames(result.frames)
        progress(1.0, "done")
        return GeneratedFrames(frames, fps, self.name, request.seed, tuple(_notes(request, frames, fps)))

    def _arguments(self, pipeline: Any, request: GenerationRequest, fps: float, progress: Progress) -> dict[str, Any]:
        import torch

        takes = parameters(self._class)
        wanted: dict[str, Any] = {
            "prompt": request.prompt,
            "negative_prompt": request.negative_prompt or None,
            "num_inference_steps": request.steps,
            "guidance_scale": request.guidance,
            "generator": torch.Generator().manual_seed(request.seed),
            "output_type": "np",
            "frame_rate": round(fps),
            "fps": round(fps),
            "target_fps": round(fps),
        }
        if request.width and request.height:
            step = _size_step(pipeline)
            wanted["width"], wanted["height"] = (
                max(step, round(s / step) * step) for s in (request.width, request.height)
            )
        if request.seconds is not None:
            count = _length(pipeline, request.seconds * fps)
            wanted |= {"num_frames": count, "video_length": count, "frames": count}
        if request.image is not None:
            wanted["image"] = _pictures(request.image[None], wanted)[0]
        if request.video is not None:
            clip = request.video
            if request.seconds is not None:  # such pipelines make as many frames as they are given
                clip = clip[np.linspace(0, len(clip) - 1, wanted["num_frames"]).round().astype(int)]
            wanted["video"] = _pictures(clip, wanted)
            wanted["strength"] = request.strength
        arguments = {name: value for name, value in wanted.items() if value is not None and name in takes}
        return arguments | _callbacks(takes, request.steps, progress)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep deprecations among diffusers, transformers and numpy from the user, who can do nothing about them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _place(pipeline: Any, gpu: bool, offload: Offload) -> None:
    if hasattr(pipeline, "vae") and hasattr(pipeline.vae, "enable_slicing"):
        with contextlib.suppress(NotImplementedError):  # every VAE has the method, not every one can
            pipeline.vae.enable_slicing()
    if gpu and offload == "model":
        pipeline.enable_model_cpu_offload()
    elif gpu and offload == "sequential":
        pipeline.enable_sequential_cpu_offload()
    else:
        pipeline.to("cuda" if gpu else "cpu")


def _callbacks(takes: set[str], steps: int | None, progress: Progress) -> dict[str, Any]:
    """Progress after every step, by the new protocol or the old one, whichever the pipeline has."""

    def report(index: int, total: int) -> None:
        progress(0.05 + 0.9 * min(1.0, (index + 1) / max(1, total)), f"step {index + 1} of {total}")

    def new_style(pipeline: Any, index: int, _: Any, kept: dict[str, Any]) -> dict[str, Any]:
        report(index, getattr(pipeline, "num_timesteps", None) or steps or 50)
        return kept

    def old_style(index: int, _: Any, __: Any) -> None:
        report(index, steps or 50)

    if "callback_on_step_end" in takes:
        return {"callback_on_step_end": new_style}
    return {"callback": old_style, "callback_steps": 1} if "callback" in takes else {}


def _family_fps(name: str) -> float:
    return next((fps for start, fps in _FPS.items() if name.startswith(start)), 8.0)


def _size_step(pipeline: Any) -> int:
    """Sizes in pixels must be multiples of what the VAE shrinks by, times what the network shrinks by."""
    spatial = next((int(getattr(pipeline, name)) for name in
                    ("vae_scale_factor_spatial", "vae_spatial_compression_ratio", "vae_scale_factor")
                    if getattr(pipeline, name, None)), 8)  # fmt: skip
    network = getattr(pipeline, "transformer", None) or getattr(pipeline, "unet", None)
    config = getattr(network, "config", {})
    patch = config.get("patch_size", 1) if hasattr(config, "get") else 1
    levels = len(config.get("block_out_channels", ()) or (0,)) if hasattr(config, "get") else 1
    smallest = int(patch[-1] if isinstance(patch, list | tuple) else patch or 1)
    return int(spatial * smallest * 2 ** (levels - 1))


def _length(pipeline: Any, frames: float) -> int:
    """Frames to ask for: one more than a multiple of what the VAE shrinks time by, where it does."""
    temporal = next((int(getattr(pipeline, name)) for name in
                     ("vae_scale_factor_temporal", "vae_temporal_compression_ratio")
                     if getattr(pipeline, name, None)), 0)  # fmt: skip
    if temporal > 1:
        return max(1, round((frames - 1) / temporal)) * temporal + 1
    return max(2, round(frames))


def _pictures(clip: Frames, wanted: dict[str, Any]) -> list[Any]:
    from PIL import Image

    pictures = [Image.fromarray(frame) for frame in clip]
    if "width" in wanted:
        pictures = [picture.resize((wanted["width"], wanted["height"])) for picture in pictures]
    return pictures


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


def _notes(request: GenerationRequest, frames: Frames, fps: float) -> list[str]:
    notes = []
    height, width = frames.shape[1:3]
    if request.width and request.height and (width, height) != (request.width, request.height):
        notes.append(f"It is {width}x{height}: this model makes only certain sizes.")
    if request.seconds is not None and abs(len(frames) / fps - request.seconds) > 0.5:
        notes.append(f"It is {len(frames) / fps:.1f} seconds long: this model makes only certain lengths.")
    return notes


def _check_memory(needed: int, name: str) -> None:
    """Weights that do not fit into main memory are refused before they are read, where that can be known."""
    info = Path("/proc/meminfo")
    if not info.is_file():
        return
    lines = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line)
    free = int(lines.get("MemAvailable", "0 kB").split()[0]) * 1024
    if free and needed > free:
        raise OutOfResources(
            f"{name} needs {needed / 1e9:.1f} GB for its weights and {free / 1e9:.1f} GB are free.",
            "Close other programs, choose a smaller model or a machine with more memory.",
        )


def _out_of_memory(name: str) -> OutOfResources:
    return OutOfResources(
        f"There is not enough memory to run {name}.", "Ask for a smaller or shorter clip, or use offloading."
    )
