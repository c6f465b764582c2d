"""A user's own categories: what resembles an example closely enough is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import encoder
from .config import CustomCategory
from .normalize import windows
from .text import Finding


class _Embedder:
    """Sentence embeddings of the published encoder (the classifier's has forgotten them in fine-tuning)."""

    def __init__(self, model_dir: Path) -> None:
        from tokenizers import Tokenizer

        self._encoder: Any = encoder.build(model_dir)[0].eval()
        self._tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
        self._tokenizer.enable_truncation(encoder.MAX_TOKENS)
        self._tokenizer.enable_padding()

    def __call__(self, texts: list[str]) -> NDArray[np.float32]:
        """Texts -> unit vectors (N, 384)."""
        import torch

        batch = self._tokenizer.encode_batch(texts)
        ids = torch.tensor([item.ids for item in batch])
        mask = torch.tensor([item.attention_mask for item in batch])
        with torch.inference_mode():
            hidden = self._encoder(input_ids=ids, attention_mask=mask).last_hidden_state
            mean = (hidden * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
            out: NDArray[np.float32] = torch.nn.functional.normalize(mean, dim=-1).numpy()
        return out


def own_categories(
    categories: Sequence[CustomCategory], model_dir: Callable[[], Path]
) -> Callable[[str], Finding | None] | None:
    """A judge of a normalised text by the user's categories; None where there are none.

    Args:
        categories: of the policy file.
        model_dir: gives the folder of the pinned text model, when the first text comes.
    """
    if not categories:
        return None
    lock = threading.Lock()
    made: dict[str, Any] = {}

    def judge(text: str) -> Finding | None:
        with lock:
            if not made:
                embed = _Embedder(model_dir())
                examples = [embed([example.casefold() for example in one.examples]) for one in categories]
                made.update(embed=embed, examples=examples)
        vectors = made["embed"](windows(text))
        found: Finding | None = None
        for category, examples in zip(categories, made["examples"], strict=True):
            likeness = float((vectors @ examples.T).max())
            if not np.isfinite(likeness):
                raise ValueError("the likeness to the examples is not a number")
            if likeness >= category.threshold and (found is None or likeness > found.score):
                found = Finding(True, category.name, min(1.0, likeness), f"it is like {category.description}")
        return found

    return judge
