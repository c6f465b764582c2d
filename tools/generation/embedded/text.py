"""Prompts -> token states of the pinned MiniLM sentence encoder (6 layers, 384 wide)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

MAX_TOKENS = 48


def load_encoder(folder: Path) -> Any:
    """The encoder as a transformers ``BertModel`` in float32, from ``model.safetensors`` in ``folder``.

    The pinned package carries the weights without BERT's own configuration; these are all-MiniLM-L6-v2's figures.
    """
    from safetensors.torch import load_file
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536
    )
    model = BertModel(config, add_pooling_layer=False)
    weights = {name: value for name, value in load_file(folder / "model.safetensors").items()
               if not name.startswith("pooler.") and not name.endswith("position_ids")}  # fmt: skip
    model.load_state_dict(weights)
    return model.eval().requires_grad_(False)


def load_tokenizer(folder: Path) -> Any:
    """The encoder's ``tokenizers.Tokenizer``, cutting at :data:`MAX_TOKENS`, padding batches with 0."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding(pad_id=0)
    return tokenizer


def encode(encoder: Any, tokenizer: Any, prompts: list[str]) -> tuple[Any, Any]:
    """N prompts -> token states (N, M, 384) in the encoder's precision and mask (N, M), true for words."""
    import torch

    rows = tokenizer.encode_batch(prompts)
    ids = torch.tensor([row.ids for row in rows], device=encoder.device)
    mask = torch.tensor([row.attention_mask for row in rows], device=encoder.device)
    with torch.inference_mode():
        states = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    return states, mask.bool()
