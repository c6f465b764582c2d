"""What a generator is: a request in, frames out. Which model does it, and from what, is the backend's business."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import BadArguments

Frames = NDArray[np.uint8]
Progress = Callable[[float, str], None]
"""Called with a fraction (0 to 1) and a note; raises ``Cancelled`` to stop the generation."""


def no_progress(fraction: float, note: str) -> None:
    """Report to nobody."""


@dataclass(frozen=True)
class Capabilities:
    """What a generator can start from, and how long its clips may be.

    Attributes:
        text: from a prompt alone.
        image: from a first frame (image-to-video).
        video: from a clip to resemble (video-to-video).
        max_seconds: longest clip; None when the backend sets no limit of its own.
    """

    text: bool
    image: bool
    video: bool
    max_seconds: float | None = None


@dataclass(frozen=True)
class GenerationRequest:
    """What to make; None leaves a choice to the backend's default.

    Attributes:
        prompt: what to show.
        negative_prompt: what to keep out.
        seconds: length.
        fps: frames a second of the result.
        width: pixels.
        height: pixels.
        seed: the same request with the same seed gives the same frames on the same machine.
        image: first frame, uint8 (H, W, 3) RGB.
        video: clip to resemble, uint8 (T, H, W, 3) RGB.
        strength: with ``video``, how far to move away from it: 0 keeps it, 1 ignores it.
        steps: sampling steps.
        guidance: how strictly to follow the prompt (classifier-free guidance scale).
    """

    prompt: str
    negative_prompt: str = ""
    seconds: float | None = None
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    seed: int = 0
    image: Frames | None = None
    video: Frames | None = None
    strength: float = 0.8
    steps: int | None = None
    guidance: float | None = None

    def __post_init__(self) -> None:
        _check_pixels("The first frame", self.image, 3)
        _check_pixels("The clip to resemble", self.video, 4)
        if not 0 < self.strength <= 1:
            raise BadArguments(f"A strength of {self.strength} makes no sense.", "Give more than 0, at most 1.")
        if self.seconds is not None and not 0 < self.seconds <= 600:
            raise BadArguments(f"A clip of {self.seconds} seconds cannot be made.", "Ask for a length above 0.")
        if self.fps is not None and not 0 < self.fps <= 120:
            raise BadArguments(f"{self.fps} frames a second cannot be made.", "Ask for 1 to 120.")
        if self.steps is not None and not 1 <= self.steps <= 1000:
            raise BadArguments(f"{self.steps} sampling steps make no sense.", "Ask for 1 to 1000.")
        for name, size in (("width", self.width), ("height", self.height)):
            if size is not None and not 16 <= size <= 8192:
                raise BadArguments(f"A {name} of {size} pixels cannot be made.", "Ask for 16 to 8192.")


def _check_pixels(what: str, pixels: Frames | None, dimensions: int) -> None:
    if pixels is None:
        return
    good = pixels.ndim == dimensions and pixels.shape[-1] == 3 and pixels.dtype == np.uint8 and 0 not in pixels.shape
    if not good:
        raise BadArguments(f"{what} is no picture: {pixels.dtype} {pixels.shape}.", "Give uint8 RGB with 3 channels.")


@dataclass(frozen=True)
class GeneratedFrames:
    """What was made.

    Attributes:
        frames: uint8 (T, H, W, 3) RGB.
        fps: frames a second.
        model: the generator's name and revision.
        seed: the seed it was made with.
        notes: what the user should know about it.
    """

    frames: Frames
    fps: float
    model: str
    seed: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Estimate:
    """What a request would take, told without loading anything.

    Attributes:
        weights: bytes by part, in the precision that will be used.
        activations: bytes that the work itself takes at its widest point, by the rule of the backend.
        device: where it will run: ``cpu`` or ``cuda``.
        need: bytes that must be free on the device.
        have: bytes that are free there; None where that cannot be known.
        host_need: bytes that must be free in main memory: parts that wait there for a GPU; 0 when nothing waits.
        host_have: bytes that are free in main memory; None where that cannot be known.
        seconds: how long it would take; None until a clip has been made from which the speed is known.
        width: pixels that would be made.
        height: pixels that would be made.
        frames: length that would be made.
    """

    weights: Mapping[str, int]
    activations: int
    device: str
    need: int
    have: int | None
    host_need: int
    host_have: int | None
    seconds: float | None
    width: int
    height: int
    frames: int

    @property
    def fits(self) -> bool:
        """Whether what is needed is free, as far as can be known."""
        pairs = ((self.need, self.have), (self.host_need, self.host_have))
        return all(have is None or need <= have for need, have in pairs)


class Generator(Protocol):
    """Makes clips. Backends: ``embedded``, ``diffusers`` (any video pipeline of that library) and a double."""

    @property
    def name(self) -> str:
        """Backend and model revision; part of the key under which a job runs once."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can start from; may read the model's configuration, never its weights."""
        ...

    def generate(self, request: GenerationRequest, progress: Progress = no_progress) -> GeneratedFrames:
        """Make a clip.

        Raises ``BadArguments`` when the request asks for what :attr:`capabilities` rule out, ``BackendMissing`` when
        the model is not there or not usable, ``OutOfResources`` and ``GenerationFailed`` when it breaks, and lets
        through what ``progress`` raises.
        """
        ...


def check_capabilities(name: str, capabilities: Capabilities, request: GenerationRequest) -> None:
    """Raise ``BadArguments`` when the request asks for what the generator cannot start from."""
    if request.image is not None and not capabilities.image:
        raise BadArguments(f"{name} cannot start from a picture.", "Leave the picture out or use another generator.")
    if request.video is not None and not capabilities.video:
        raise BadArguments(f"{name} cannot start from a clip.", "Leave the clip out or use another generator.")
    if request.image is None and request.video is None and not capabilities.text:
        raise BadArguments(f"{name} needs a picture or a clip to start from.", "Name a clip to make it like.")
    if capabilities.text and not request.prompt.strip():
        raise BadArguments("There is no prompt.", "Say what the clip shall show.")
