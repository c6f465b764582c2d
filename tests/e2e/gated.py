"""A generator that waits at its first frame until it is let go: what happens meanwhile needs no clock."""

from __future__ import annotations

import threading
from pathlib import Path

from gpt4video.tools.generation.base import GeneratedFrames, GenerationRequest, Progress, no_progress
from gpt4video.tools.generation.double import DrawnGenerator


class GatedGenerator(DrawnGenerator):
    """The double; ``started`` is set when a clip was begun, and ``go`` lets it be drawn."""

    def __init__(self, log: Path | None = None) -> None:
        super().__init__(log)
        self.started, self.go = threading.Event(), threading.Event()

    def generate(self, request: GenerationRequest, progress: Progress = no_progress) -> GeneratedFrames:
        """Wait, then draw."""
        progress(0.0, "waiting")
        self.started.set()
        assert self.go.wait(120)
        return super().generate(request, progress)
