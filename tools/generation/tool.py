"""``generate_video``: a new clip from a prompt, alone or like an existing one."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..base import Cost, Effect, Made, MediaOutput, Source, Tool, ToolContext
from ..errors import BadArguments
from .arguments import GenerateArguments
from .base import GenerationRequest, Generator
from .prompts import full_prompt

__all__ = ["GenerateVideo", "full_prompt"]

FrameReader = Callable[[Source], NDArray[np.uint8]]
"""Frames of a source, uint8 (T, H, W, 3) RGB, for generators that can start from a clip."""


class GenerateVideo(Tool[GenerateArguments, Made]):
    """Make a new clip.

    Args:
        generator: gives the generator when one is needed, so that none is loaded before.
        frames: reads the frames of the clip to resemble; without it, only its description is used.
    """

    name = "generate_video"
    description = (
        "Make a new clip from a prompt. With 'like', the clip resembles an existing one and the prompt says what "
        "shall differ, e.g. 'at night'."
    )
    cost: ClassVar[Cost] = "slow"
    effect: ClassVar[Effect] = "writes"
    arguments = GenerateArguments
    result = Made

    def __init__(self, generator: Callable[[], Generator], frames: FrameReader | None = None) -> None:
        self._generator = generator
        self._frames = frames

    def run(self, arguments: GenerateArguments, context: ToolContext) -> Made:
        """Generate and write the clip as mp4; :func:`full_prompt` says what a prompt with ``like`` becomes."""
        from ..media.write import write_video

        source = self._source(arguments, context)
        generator = self._generator()
        request = self._request(arguments, source, generator)
        made = generator.generate(request, lambda fraction, note: context.progress(0.95 * fraction, note))
        context.progress(0.95, "writing the clip")
        path = context.workdir / "generated.mp4"
        write_video(path, made.frames, made.fps, lambda part: context.progress(0.95 + 0.05 * part, "writing the clip"))
        context.progress(1.0, "written")
        output = MediaOutput(
            path=path,
            operation="generate",
            parents=[] if source is None else [source.clip],
            arguments=arguments.model_dump(mode="json") | {"seed": made.seed},
            model=made.model,
            seed=made.seed,
            prompt=request.prompt,
            notes=list(made.notes),
        )
        return Made(outputs=[output])

    @staticmethod
    def _source(arguments: GenerateArguments, context: ToolContext) -> Source | None:
        if arguments.like is None:
            return None
        sources = context.sources(arguments.like)
        if not sources:
            raise BadArguments("There is no clip to make it like.", "Find or name a clip first.")
        return sources[0]

    def _request(self, arguments: GenerateArguments, source: Source | None, generator: Generator) -> GenerationRequest:
        """Start from the clip's frames if the generator can, else from its first frame, else from words alone."""
        can = generator.capabilities
        frames = self._frames(source) if source is not None and self._frames and (can.video or can.image) else None
        return GenerationRequest(
            prompt=full_prompt(arguments, source),
            seconds=arguments.seconds,
            seed=secrets.randbelow(2**31) if arguments.seed is None else arguments.seed,
            video=frames if can.video else None,
            image=frames[0] if frames is not None and not can.video else None,
        )
