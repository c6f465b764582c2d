"""The text classifier: a MiniLM encoder, fine-tuned whole, with one sigmoid for each category.

Encoder: all-MiniLM-L6-v2 (Wang et al. 2020, "MiniLM"; Reimers and Gurevych 2019, "Sentence-BERT"). The word
embeddings stay as published and come from the pinned artifact; the shipped file holds the six layers and the heads.
Pooling is the mean and the maximum over tokens side by side: the mean knows the subject, the maximum one word.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .categories import CHANNELS

if TYPE_CHECKING:
    import torch

MAX_TOKENS = 128
"""Tokens of one window, with the two special ones."""

FORMAT = "gpt4video-guard-1"


def build(model_dir: Path) -> tuple[Any, Any]:
    """The published encoder and a fresh head.

    Args:
        model_dir: the unpacked text model (``model.safetensors``, ``tokenizer.json``).

    Returns:
        ``BertModel`` (float32) and ``Linear(2 * hidden, channels)``.
    """
    import torch
    from safetensors.torch import load_file
    from transformers import BertConfig, BertModel

    # The artifact's config.json describes the pooling, not the network, so the published shape is stated here.
    config = BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536)
    encoder = BertModel(config, add_pooling_layer=False)
    published = load_file(model_dir / "model.safetensors")
    published = {name.removeprefix("bert."): tensor for name, tensor in published.items()}
    wanted = encoder.state_dict()
    missing = [name for name in wanted if name not in published and "position_ids" not in name]
    if missing:
        raise ValueError(f"The text model in {model_dir} lacks {missing[0]}.")
    encoder.load_state_dict({k: v.float() for k, v in published.items() if k in wanted}, strict=False)
    return encoder, torch.nn.Linear(2 * config.hidden_size, len(CHANNELS))


def pooled(encoder: Any, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Token ids and mask, (N, T) each -> (N, 2 * hidden): mean and maximum over the tokens."""
    import torch

    hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    inside = mask.unsqueeze(-1).to(hidden.dtype)
    mean = (hidden * inside).sum(1) / inside.sum(1).clamp(min=1)
    peak = hidden.masked_fill(mask.unsqueeze(-1) == 0, torch.finfo(hidden.dtype).min).amax(1)
    return torch.cat([mean, peak], dim=-1)


def logits(encoder: Any, head: Any, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Token ids and mask, (N, T) each -> (N, channels) logits."""
    out: torch.Tensor = head(pooled(encoder, ids, mask))
    return out


def save(path: Path, encoder: Any, head: Any, about: dict[str, str]) -> None:
    """Write the layers and the head as float16, with what is known of them as metadata."""
    import torch
    from safetensors.torch import save_file

    tensors = {k: v for k, v in encoder.state_dict().items() if k.startswith("encoder.")}
    tensors |= {f"head.{k}": v for k, v in head.state_dict().items()}
    tensors = {k: v.detach().to("cpu", torch.float16).contiguous() for k, v in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata={"format": FORMAT, "channels": json.dumps(CHANNELS), **about})


def load(path: Path, model_dir: Path) -> tuple[Any, Any, dict[str, str]]:
    """Read what :func:`save` wrote onto the published encoder.

    Returns:
        encoder and head in float32 evaluation mode, and the metadata.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another format, other channels, missing or non-finite tensors.
    """
    import torch
    from safetensors import safe_open

    encoder, head = build(model_dir)
    with safe_open(path, framework="pt") as file:
        about = dict(file.metadata() or {})
        if about.get("format") != FORMAT or json.loads(about.get("channels", "[]")) != list(CHANNELS):
            raise ValueError(f"{path} is not a guard of format {FORMAT} with the channels {', '.join(CHANNELS)}.")
        tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 (not a dict)
    if any(not torch.isfinite(t).all() for t in tensors.values()):
        raise ValueError(f"{path} holds values that are not numbers.")
    layers = {k: v for k, v in tensors.items() if k.startswith("encoder.")}
    wanted = {k for k in encoder.state_dict() if k.startswith("encoder.")} | {f"head.{k}" for k in head.state_dict()}
    if wanted != set(tensors):
        raise ValueError(f"{path} lacks {min(wanted ^ set(tensors))}, or has more than it should.")
    encoder.load_state_dict({**encoder.state_dict(), **layers})
    head.load_state_dict({k.removeprefix("head."): v for k, v in tensors.items() if k.startswith("head.")})
    return encoder.eval(), head.eval(), about
