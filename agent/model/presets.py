"""Named sizes of the network."""

from __future__ import annotations

from .abstractor import AbstractorConfig
from .gpt4video_model import GPT4VideoConfig, LoraShape

PRESETS: dict[str, GPT4VideoConfig] = {
    "default": GPT4VideoConfig(),
    # What a machine of two cores can train: LoRA on the attention alone.
    "small": GPT4VideoConfig(lora=LoraShape(targets=("q_proj", "k_proj", "v_proj", "o_proj"))),
    # GPT4Video (arXiv 2311.16511): CLIP ViT-L/14 (grid 16 x 16 x 1024) and Llama 7B, LoRA on queries and values.
    "paper": GPT4VideoConfig(
        abstractor=AbstractorConfig(
            feature_width=1024,
            output_width=4096,
            width=1024,
            layers=3,
            heads=16,
            expansion=4,
            spatial_queries=24,
            temporal_queries=8,
            output_scale=0.02,
        ),
        lora=LoraShape(rank=16, alpha=16, dropout=0.1, targets=("q_proj", "v_proj")),
        vision="openai/clip-vit-large-patch14",
        language_model="meta-llama/Llama-2-7b-hf",
    ),
}


def preset(name: str) -> GPT4VideoConfig:
    """A preset by name; raises ``KeyError`` that lists the names."""
    if name not in PRESETS:
        raise KeyError(f"no preset {name!r}; there are {', '.join(sorted(PRESETS))}")
    return PRESETS[name]
