"""The language model that every recipe starts from: the pinned GGUF file as plain bfloat16 weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch


def load_base(models: Path, device: torch.device) -> tuple[Any, Any]:
    """The causal language model in ``models/llm/*.gguf`` on the device, and its tokenizer."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    file = next(iter(sorted((models / "llm").glob("*.gguf"))))
    tokenizer = AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name)
    model = AutoModelForCausalLM.from_pretrained(str(file.parent), gguf_file=file.name, dtype=torch.float32)
    model = plain(model).to(device=device, dtype=torch.bfloat16)
    if device.type == "cpu":
        # For rows as short as ours the fused kernel is slower: 111 against 167 tokens/s in training.
        model.set_attn_implementation("eager")
    return model, tokenizer


def plain(model: Any) -> Any:
    """The same network without the loader's quantization marks, which some versions forbid to cast or move."""
    config, weights = model.config, model.state_dict()
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    fresh = type(model)(config)
    fresh.load_state_dict(weights)
    return fresh
