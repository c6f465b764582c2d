"""The embedded text-to-video model as a diffusers pipeline: text-, image- and video-to-video at 64x64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler
from diffusers.utils import BaseOutput
from numpy.typing import NDArray
from torch import Tensor

from .layout import without_places
from .model import LayoutWriterModel, VideoTransformerModel
from .sampling import guided, velocity
from .text import encode


@dataclass
class VideoOutput(BaseOutput):  # type: ignore[misc]  # diffusers ships no types
    """Clips as float32 (B, T, H, W, 3) in 0 to 1."""

    frames: NDArray[np.float32]


class GPT4VideoPipeline(DiffusionPipeline):  # type: ignore[misc]  # diffusers ships no types
    """Words -> layout -> pixels; from a first frame, or from a clip (SDEdit, arXiv 2108.01073), too.

    The text encoder is not part of the saved pipeline: pass ``text_encoder`` and ``tokenizer`` to ``from_pretrained``
    (see :mod:`.text`).
    """

    _optional_components = ["text_encoder", "tokenizer"]
    model_cpu_offload_seq = "text_encoder->layout->transformer"
    _callback_tensor_inputs = ["latents"]

    def __init__(
        self,
        transformer: VideoTransformerModel,
        layout: LayoutWriterModel,
        scheduler: FlowMatchEulerDiscreteScheduler,
        text_encoder: Any = None,
        tokenizer: Any = None,
    ) -> None:
        super().__init__()
        self.register_modules(
            transformer=transformer, layout=layout, scheduler=scheduler, text_encoder=text_encoder, tokenizer=tokenizer
        )

    def _layouts(self, prompts: list[str], generator: torch.Generator | None) -> Tensor:
        if self.text_encoder is None or self.tokenizer is None:
            raise ValueError(
                "Pass text_encoder and tokenizer to from_pretrained: they are not stored with the weights."
            )
        states, mask = encode(self.text_encoder, self.tokenizer, prompts)
        device = self._execution_device
        written: Tensor = self.layout.write(states.to(device), mask.to(device), generator)
        return written

    def _pixels(self, value: Tensor | None) -> Tensor | None:
        return None if value is None else value.to(self._execution_device, torch.float32)

    @torch.inference_mode()
    def __call__(
        self,
        prompt: str | list[str],
        negative_prompt: str = "",
        image: Tensor | None = None,
        video: Tensor | None = None,
        strength: float = 0.8,
        num_inference_steps: int = 16,
        guidance_scale: float = 1.5,
        generator: torch.Generator | None = None,
        callback_on_step_end: Callable[[Any, int, Any, dict[str, Any]], dict[str, Any]] | None = None,
    ) -> VideoOutput:
        """Sample clips.

        Args:
            prompt: one or several.
            negative_prompt: what to keep out.
            image: first frame for every clip, (3, H, W) in -1 to 1 at the model's size.
            video: clip to start from, (T, 3, H, W) in -1 to 1 at the model's size and length.
            strength: with ``video``, the noise share to start at.
            num_inference_steps: Euler steps; one pass of the network each, two with guidance.
            guidance_scale: 1 switches guidance off.
            generator: source of the noise.
            callback_on_step_end: called as ``callback(pipeline, step, timestep, {"latents": x})`` after each step.
        """
        prompts = [prompt] if isinstance(prompt, str) else prompt
        shape = self.transformer.network.config
        layout = self._layouts(prompts, generator)
        away = self._layouts([negative_prompt] * len(prompts), generator) if negative_prompt else layout * 0
        first, given = self._pixels(image), self._pixels(video)
        if first is not None:
            first = torch.cat([first, torch.ones_like(first[:1])])[None].expand(len(prompts), -1, -1, -1)
        start = 1.0 if given is None else strength
        steps = max(1, round(num_inference_steps * start))
        self.scheduler.set_timesteps(sigmas=[start * (1 - i / steps) for i in range(steps)], device="cpu")
        size = (len(prompts), shape.frames, 3, shape.side, shape.side)
        if first is not None:  # a picture says itself where things are; of a clip little is left but its colours
            layout, away = without_places(layout), without_places(away)
        x = torch.randn(size, generator=generator).to(self._execution_device)
        if given is not None:
            level = float(self.scheduler.sigmas[0])
            x = (1 - level) * given[None] + level * x
        with self.progress_bar(total=steps) as bar:
            for index, timestep in enumerate(self.scheduler.timesteps):
                level = float(self.scheduler.sigmas[index])
                clean = guided(self.transformer, x, level, layout, away, guidance_scale, first).float()
                x = self.scheduler.step(velocity(x, clean, level), timestep, x).prev_sample
                if callback_on_step_end is not None:
                    x = callback_on_step_end(self, index, timestep, {"latents": x}).get("latents", x)
                bar.update()
        frames = (x.clamp(-1, 1) * 0.5 + 0.5).permute(0, 1, 3, 4, 2).float().cpu().numpy()
        return VideoOutput(frames=frames)
