"""The BERT encoder of all-MiniLM-L6-v2 in plain PyTorch.

The same network as ``transformers.BertModel`` (Devlin et al. 2019, arXiv 1810.04805; a contract test compares the
two), written out because importing transformers takes longer than everything else that a search does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import ModelUnusable

if TYPE_CHECKING:
    import torch

WIDTH = 384
_LAYERS, _HEADS, _EPSILON = 6, 12, 1e-12


class MiniLmEncoder:
    """Token ids -> token states. Weights as in the published file; computes in their dtype."""

    def __init__(self, weights: dict[str, torch.Tensor], dtype: torch.dtype) -> None:
        needed = ["embeddings.word_embeddings.weight"] + [
            f"encoder.layer.{n}.{part}.weight"
            for n in range(_LAYERS)
            for part in ("intermediate.dense", "output.dense")
        ]
        missing = [name for name in needed if name not in weights]
        if missing or weights[needed[0]].shape[1] != WIDTH:
            raise ModelUnusable(
                f"The text embedding weights are not those of all-MiniLM-L6-v2 ({missing[:1] or 'wrong width'}).",
                "Delete the cached model and pull it again.",
            )
        self._weights = {name: tensor.to(dtype) for name, tensor in weights.items() if tensor.is_floating_point()}

    def __call__(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Encode.

        Args:
            ids: (N, L) int64 token ids.
            mask: (N, L) bool, False for padding.

        Returns:
            (N, L, 384) states of the last layer; those of padding mean nothing.
        """
        get = self._weights
        states = get["embeddings.word_embeddings.weight"][ids]
        states = states + get["embeddings.position_embeddings.weight"][: ids.shape[1]]
        states = states + get["embeddings.token_type_embeddings.weight"][0]
        states = self._norm("embeddings.LayerNorm", states)
        for number in range(_LAYERS):
            states = self._layer(f"encoder.layer.{number}", states, mask)
        return states

    def _layer(self, name: str, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        count, length, width = states.shape
        query, key, value = (
            self._linear(f"{name}.attention.self.{part}", states).view(count, length, _HEADS, -1).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None, :])
        mixed = mixed.transpose(1, 2).reshape(count, length, width)
        states = self._norm(
            f"{name}.attention.output.LayerNorm", states + self._linear(f"{name}.attention.output.dense", mixed)
        )
        inner = functional.gelu(self._linear(f"{name}.intermediate.dense", states))
        return self._norm(f"{name}.output.LayerNorm", states + self._linear(f"{name}.output.dense", inner))

    def _linear(self, name: str, states: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        return functional.linear(states, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, name: str, states: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return functional.layer_norm(states, (WIDTH,), weight, bias, _EPSILON)
