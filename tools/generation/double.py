"""A generator for tests: no model, instant, and every call is on record."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from .base import (
    Capabilities,
    Frames,
    GeneratedFrames,
    GenerationRequest,
    Progress,
    check_capabilities,
    no_progress,
)


class DrawnGenerator:
    """Draws stripes whose colours and drift are the hash of prompt and seed, so that equal requests give equal clips.

    Args:
        log: a file to append each call to, one JSON line ``{"prompt", "seed", "image", "video"}``, before anything is
            drawn: tests assert from it that a refused request never got here, also across processes.
        capabilities: what it claims to be able to start from.
    """

    def __init__(self, log: Path | None = None, capabilities: Capabilities | None = None) -> None:
        self._log = log
        self._capabilities = capabilities or Capabilities(text=True, image=True, video=True, max_seconds=60)
        self.calls: list[GenerationRequest] = []

    @property
    def name(self) -> str:
        """``double``: it is one of a kind."""
        return "double"

    @property
    def capabilities(self) -> Capabilities:
        """As given."""
        return self._capabilities

    def generate(self, request: GenerationRequest, progress: Progress = no_progress) -> GeneratedFrames:
        """Draw the request's hash, 8 frames a second."""
        check_capabilities(self.name, self._capabilities, request)
        self._record(request)
        fps = request.fps or 8.0
        count = max(2, round((request.seconds or 2.0) * fps))
        digest = hashlib.sha256(f"{request.seed}|{request.prompt}".encode("utf-8", "surrogatepass")).digest()
        frames = np.empty((count, request.height or 64, request.width or 96, 3), np.uint8)
        for index in range(count):
            progress(index / count, f"frame {index + 1} of {count}")
            frames[index] = self._draw(digest, index, frames.shape[1], frames.shape[2])
        if request.video is not None:
            frames[0] = request.video[0, 0, 0]
        elif request.image is not None:
            frames[0] = request.image[0, 0]
        progress(1.0, "drawn")
        return GeneratedFrames(frames, fps, self.name, request.seed, ("drawn by the test double",))

    def _record(self, request: GenerationRequest) -> None:
        self.calls.append(request)
        if self._log is not None:
            line = {"prompt": request.prompt, "seed": request.seed, "image": request.image is not None,
                    "video": request.video is not None}  # fmt: skip
            with self._log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    @staticmethod
    def _draw(digest: bytes, index: int, height: int, width: int) -> Frames:
        colours = np.frombuffer(digest[:24], np.uint8).reshape(8, 3)
        stripe = (np.arange(width) * 8 // max(width, 8) + index * (1 + digest[24] % 3)) % 8
        return np.broadcast_to(colours[stripe], (height, width, 3))
