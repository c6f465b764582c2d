"""The embedded generator: the small shipped model behind the ``Generator`` protocol."""

from __future__ import annotations

import hashlib
import threading
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import BackendMissing, GenerationFailed, OutOfResources
from ..base import (
    Capabilities,
    Frames,
    GeneratedFrames,
    GenerationRequest,
    Progress,
    check_capabilities,
    no_progress,
)

_SECONDS = 4.0
_LONGEST = 8.0
_FPS = 8.0
_SIZE = 256
_STEPS = 16
_GUIDANCE = 1.5

DRAFT_NOTE = (
    "This is a rough draft from the small embedded model, which knows a world of simple drawn scenes. "
    "For a better clip choose a bigger model with --generator diffusers:DIR_OR_HUB_ID."
)


class EmbeddedGenerator:
    """Text-, image- and video-to-video by the project's own model: 16 frames of 64x64, interpolated and upscaled.

    Args:
        weights: the pipeline's folder.
        text: folder of the pinned MiniLM.
        device: where to run; in bfloat16 where the processor computes in it, else float32.
    """

    def __init__(self, weights: Path, text: Path, device: str = "cpu") -> None:
        self._weights, self._text, self._device = weights, text, device
        self._lock = threading.Lock()

    @classmethod
    def shipped(cls, text: Path) -> EmbeddedGenerator:
        """With the weights that come with the package."""
        return cls(Path(__file__).parent / "weights", text)

    @cached_property
    def name(self) -> str:
        """``embedded@`` and the first digits of the weights' hash."""
        digest = hashlib.sha256()
        for file in self._files():
            digest.update(file.read_bytes())
        return f"embedded@{digest.hexdigest()[:10]}"

    @property
    def capabilities(self) -> Capabilities:
        """From words, a first frame or a clip; up to eight seconds."""
        return Capabilities(text=True, image=True, video=True, max_seconds=_LONGEST)

    def _files(self) -> list[Path]:
        parts = [sorted((self._weights / part).glob("*.safetensors")) for part in ("layout", "transformer")]
        if not all(parts) or not (self._weights / "model_index.json").is_file():
            raise BackendMissing(
                "The embedded generator's weights are not there.",
                "Train them with 'gpt4video train generator' or choose --generator diffusers:DIR_OR_HUB_ID.",
            )
        return [file for part in parts for file in part]

    @cached_property
    def _pipeline(self) -> Any:
        self._files()
        import torch
        from diffusers.utils import logging

        from .pipeline import GPT4VideoPipeline
        from .text import load_encoder, load_tokenizer

        logging.disable_progress_bar()
        kind = torch.bfloat16 if self._device != "cpu" or _computes_bfloat16() else torch.float32
        try:
            encoder, tokenizer = load_encoder(self._text), load_tokenizer(self._text)
            pipeline = GPT4VideoPipeline.from_pretrained(
                self._weights,
                text_encoder=encoder,
                tokenizer=tokenizer,
                dtype=kind,
                use_safetensors=True,
                local_files_only=True,
            )
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise BackendMissing(
                f"The embedded generator cannot be loaded: {error}", "Install the package anew or train it again."
            ) from error
        pipeline.to(self._device)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def generate(self, request: GenerationRequest, progress: Progress = no_progress) -> GeneratedFrames:
        """Make a clip of up to eight seconds, 256x256 and 8 frames a second unless asked otherwise."""
        check_capabilities(self.name, self.capabilities, request)
        with self._lock:  # the scheduler keeps its place between steps
            small = self._sample(request, progress)
        notes = [DRAFT_NOTE]
        seconds = request.seconds or _SECONDS
        if seconds > _LONGEST:
            notes.append(f"It is {_LONGEST:g} seconds long, the most that the embedded model makes.")
            seconds = _LONGEST
        return self._finish(small, request, seconds, progress, notes)

    def _sample(self, request: GenerationRequest, progress: Progress) -> Frames:
        import torch

        progress(0.0, "loading the model")
        pipeline = self._pipeline
        side, length = pipeline.transformer.config.side, pipeline.transformer.config.frames
        start = (request.strength if request.video is not None else 1.0) * (request.steps or _STEPS)

        def step(_: Any, index: int, __: Any, kept: dict[str, Any]) -> dict[str, Any]:
            progress(0.05 + 0.85 * (index + 1) / max(1, round(start)), "drawing")
            return kept

        try:
            result = pipeline(
                request.prompt,
                negative_prompt=request.negative_prompt,
                image=None if request.image is None else _as_tensor(request.image[None], side)[0],
                video=None if request.video is None else _as_tensor(_spread(request.video, length), side),
                strength=request.strength,
                num_inference_steps=request.steps or _STEPS,
                guidance_scale=_GUIDANCE if request.guidance is None else request.guidance,
                generator=torch.Generator().manual_seed(request.seed),
                callback_on_step_end=step,
            )
        except (MemoryError, torch.OutOfMemoryError) as error:
            raise OutOfResources("There is not enough memory to generate.", "Close other programs.") from error
        pixels = result.frames[0]
        if not np.isfinite(pixels).all():
            raise GenerationFailed("The model produced no picture.", "Try another prompt or seed.")
        small: Frames = (pixels * 255).round().clip(0, 255).astype(np.uint8)
        return small

    def _finish(
        self, small: Frames, request: GenerationRequest, seconds: float, progress: Progress, notes: list[str]
    ) -> GeneratedFrames:
        from .finish import interpolate, resize_clip, upscale

        progress(0.92, "enlarging")
        fps = request.fps or _FPS
        big = upscale(small, _SIZE, _SIZE)
        frames = interpolate(big, max(2, round(seconds * fps)))
        if request.width or request.height:
            width, height = request.width or request.height or _SIZE, request.height or request.width or _SIZE
            frames = resize_clip(frames, width, height)
        progress(1.0, "done")
        return GeneratedFrames(frames, fps, self.name, request.seed, tuple(notes))


def _spread(clip: Frames, count: int) -> Frames:
    from .finish import spread

    return spread(clip, count)


def _as_tensor(clip: Frames, side: int) -> Any:
    """(T, H, W, 3) uint8 -> (T, 3, side, side) in -1 to 1."""
    import torch

    from .finish import fit_square

    square = fit_square(clip, side)
    return torch.from_numpy(np.ascontiguousarray(square)).permute(0, 3, 1, 2).float() / 127.5 - 1


def _computes_bfloat16() -> bool:
    """Whether the processor has bfloat16 instructions: without them it is slower than float32."""
    import torch

    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(probe and probe())
