"""How a diffusers pipeline is loaded."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import parse_qsl

from pydantic import ConfigDict, TypeAdapter

from ..errors import BadArguments

Precision = Literal["auto", "float32", "float16", "bfloat16"]
Offload = Literal["none", "model", "sequential"]
Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class LoadOptions:
    """What a user may choose about a pipeline; the defaults are those of a machine that has room for it.

    Attributes:
        precision: of the weights; ``auto`` is bfloat16 on a GPU and float32 on a CPU.
        offload: ``model`` keeps each part in main memory until it works, ``sequential`` each layer (slow, smallest);
            both do nothing without a GPU.
        tiling: decode in tiles where the VAE can, and few frames at a time where it takes all: less memory, more time.
        scheduler: a name of ``SCHEDULERS``; None keeps the pipeline's own.
        lora: a safetensors file of LoRA weights.
        lora_scale: how strongly the LoRA acts; 1 is as trained.
        motion_adapter: folder of an AnimateDiff motion adapter; the pipeline folder may then be a Stable Diffusion.
        revision: of a hub id.
        device: ``auto`` is the first GPU where there is one.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    precision: Precision = "auto"
    offload: Offload = "none"
    tiling: bool = False
    scheduler: str | None = None
    lora: Path | None = None
    lora_scale: float = 1.0
    motion_adapter: Path | None = None
    revision: str | None = None
    device: Device = "auto"

    def __post_init__(self) -> None:
        if not -4 <= self.lora_scale <= 4:
            raise BadArguments(f"A LoRA scale of {self.lora_scale} makes no sense.", "Give about 0 to 1.")

    @classmethod
    def parse(cls, query: str) -> LoadOptions:
        """From ``precision=float16&offload=model&...``; ``BadArguments`` for what is no option or no value of one."""
        try:
            return TypeAdapter(cls).validate_python(dict(parse_qsl(query, strict_parsing=bool(query))))
        except (ValueError, TypeError) as error:  # pydantic's faults are ValueErrors
            raise BadArguments(
                f"The generator's options {query!r} cannot be read: {error}",
                f"Give {', '.join(each.name for each in fields(cls))} as name=value, joined by '&'.",
            ) from error

    @property
    def label(self) -> str:
        """What of the options changes the pixels, for the generator's name: equal names make equal clips."""
        parts: list[str] = [] if self.precision == "auto" else [self.precision]
        parts += ["tiling"] if self.tiling else []
        parts += [self.scheduler] if self.scheduler else []
        if self.lora is not None:
            stamp = self.lora.stat().st_mtime_ns if self.lora.is_file() else 0
            parts.append(f"{self.lora.name}-{stamp:x}*{self.lora_scale:g}")
        parts += [str(self.motion_adapter)] if self.motion_adapter else []
        return "+".join(parts)


def on_gpu(options: LoadOptions) -> bool:
    """Whether the pipeline will run on a GPU."""
    import torch

    return options.device != "cpu" and torch.cuda.is_available()


def precision_of(options: LoadOptions) -> str:
    """The weights' data type by torch's name."""
    if options.precision != "auto":
        return options.precision
    return "bfloat16" if on_gpu(options) else "float32"
