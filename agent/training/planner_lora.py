"""The model that the planner's trainer works on: base weights, fresh LoRA, and the adapter's files."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .base_model import load_base

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def load_model(models: Path, device: torch.device, seed: int) -> tuple[Any, Any]:
    """The base model with fresh LoRA, and its tokenizer."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    model, tokenizer = load_base(models, device)
    lora = LoraConfig(r=16, lora_alpha=32, lora_dropout=0.0, target_modules=TARGETS, task_type="CAUSAL_LM")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by an old name
        return get_peft_model(model, lora), tokenizer


def weights_of(model: Any) -> dict[str, Tensor]:
    """The trained tensors under their peft file names."""
    from peft import get_peft_model_state_dict

    return {
        name: tensor.detach().cpu()
        for name, tensor in get_peft_model_state_dict(model, save_embedding_layers=False).items()
    }


def load_adapter(model: Any, folder: Path) -> None:
    """Put a saved adapter's tensors into the model."""
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    set_peft_model_state_dict(model, load_file(folder / "adapter_model.safetensors"))


def blend(model: Any, folder: Path, share: float) -> None:
    """Put the mean of a saved adapter and the model's own tensors into the model; ``share`` is that of its own."""
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    old = load_file(folder / "adapter_model.safetensors")
    mean = {name: torch.lerp(old[name].float(), own.float(), share) for name, own in weights_of(model).items()}
    set_peft_model_state_dict(model, mean)


def save_adapter(model: Any, out: Path) -> None:
    """Write the adapter as fp16 safetensors with its configuration."""
    from safetensors.torch import save_file

    tensors = {name: tensor.to(torch.float16).contiguous() for name, tensor in weights_of(model).items()}
    save_file(tensors, out / "adapter_model.safetensors")
    config = next(iter(model.peft_config.values())).to_dict()
    kept = {"r", "lora_alpha", "lora_dropout", "target_modules", "task_type", "peft_type", "bias"}
    plain = {name: sorted(value) if isinstance(value, set) else value for name, value in config.items() if name in kept}
    plain = {name: getattr(value, "value", value) for name, value in plain.items()}
    plain["sha256"] = hashlib.sha256((out / "adapter_model.safetensors").read_bytes()).hexdigest()
    (out / "adapter_config.json").write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")


def keep_memory() -> None:
    """Let glibc keep freed memory: at this size page faults cost a CPU more than the arithmetic."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD
        libc.mallopt(-1, (1 << 31) - 1)  # M_TRIM_THRESHOLD
