"""The multimodal language model: video abstractor + causal language model with LoRA (GPT4Video, arXiv 2311.16511).

The vision encoder is frozen and lives outside: this module reads its features. Soft tokens from the abstractor come
first in ``inputs_embeds``, text follows. The language model is any Llama-type model of transformers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .abstractor import AbstractorConfig, VideoAbstractor
from .weight_files import WeightsRejected, read_folder, write_folder

_FORMAT = 1


@dataclass(frozen=True)
class LoraShape:
    """Low-rank adaptation of the language model (arXiv 2106.09685)."""

    rank: int = 16
    alpha: int = 16
    dropout: float = 0.0
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class GPT4VideoConfig:
    """All that is needed to rebuild the trained parts around a language model.

    Attributes:
        vision: the encoder whose features it was trained on.
        language_model: the language model it was trained with.
    """

    abstractor: AbstractorConfig = field(default_factory=AbstractorConfig)
    lora: LoraShape = field(default_factory=LoraShape)
    vision: str = "efficientnet-lite0"
    language_model: str = "SmolLM2-135M-Instruct"


class TokenBatch(NamedTuple):
    """Text that follows the soft tokens: one shared prefix a row, then branches that see the prefix and themselves.

    A photo with five captions costs its soft tokens and labels once instead of five times. Padded on the right.

    Attributes:
        ids: (B, L) token ids.
        targets: (B, L) true where the assistant speaks: the only places that count in the loss.
        places: (B, L) position in the text as its branch sees it.
        sources: (B, L) index of the token before, -1 for the last soft token.
        blocks: (B, L) 0 in the prefix, 1, 2, ... in the branches, -1 where there is no text.
    """

    ids: Tensor
    targets: Tensor
    places: Tensor
    sources: Tensor
    blocks: Tensor


class GPT4VideoModel(nn.Module):
    """Frozen language model with LoRA, and the abstractor that gives it eyes.

    Args:
        llm: a ``*ForCausalLM`` of transformers, its parameters are frozen and LoRA layers injected.
        tokenizer: its tokenizer.
        config: sizes; the abstractor's output width must be the language model's.
    """

    def __init__(self, llm: Any, tokenizer: Any, config: GPT4VideoConfig) -> None:
        super().__init__()
        from peft import LoraConfig, inject_adapter_in_model

        check_width(config, llm.get_input_embeddings().weight.shape[1])
        self.config = config
        self.tokenizer = tokenizer
        llm.requires_grad_(False)
        shape = config.lora
        self.llm = inject_adapter_in_model(
            LoraConfig(
                r=shape.rank,
                lora_alpha=shape.alpha,
                lora_dropout=shape.dropout,
                target_modules=list(shape.targets),
                task_type="CAUSAL_LM",
            ),
            llm,
        )
        self.abstractor = VideoAbstractor(config.abstractor)
        for name, parameter in self.llm.named_parameters():
            if "lora_" in name:
                parameter.data = parameter.data.float()

    @property
    def device(self) -> torch.device:
        """Where the trained parts live."""
        return self.abstractor.space.device

    def trainable(self) -> dict[str, nn.Parameter]:
        """The parameters that training changes, by name: the abstractor's and the adapters'."""
        return {name: parameter for name, parameter in self.named_parameters() if parameter.requires_grad}

    def hidden(self, soft: Tensor, batch: TokenBatch) -> Tensor:
        """Last hidden states (B, Q + L, d) over soft tokens (B, Q, d) and text (B, L)."""
        embeds = self.llm.get_input_embeddings()(batch.ids)
        count, queries = soft.shape[:2]
        lead = torch.arange(queries, device=soft.device).expand(count, -1)
        output = self.llm.model(
            inputs_embeds=torch.cat([soft.to(embeds.dtype), embeds], dim=1),
            attention_mask=additive(sight(batch.blocks, queries), embeds.dtype),
            position_ids=torch.cat([lead, batch.places + queries], dim=1),
            use_cache=False,
        )
        states: Tensor = output.last_hidden_state
        return states

    def token_scores(self, soft: Tensor, batch: TokenBatch, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Logits (N, V) at the N target places, and the target ids (N,).

        Args:
            soft: (B, Q, d).
            batch: the text.
            rows: token ids the head is restricted to (sorted; every target must be among them); the returned ids
                are then places in ``rows``. On small machines the whole head costs more than all layers.
        """
        states = self.hidden(soft, batch)
        row, column = batch.targets.nonzero(as_tuple=True)
        picked = states[row, batch.sources[row, column] + soft.shape[1]]
        wanted = batch.ids[row, column]
        head = self.llm.get_output_embeddings().weight
        if rows is None:
            return functional.linear(picked, head.to(picked.dtype)), wanted
        return functional.linear(picked, head[rows].to(picked.dtype)), torch.searchsorted(rows, wanted)

    def loss(self, soft: Tensor, batch: TokenBatch, rows: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """Cross-entropy over the assistant's tokens only, averaged over them."""
        logits, wanted = self.token_scores(soft, batch, rows)
        return functional.cross_entropy(logits.float(), wanted, label_smoothing=smoothing)

    def save_pretrained(self, folder: Path) -> None:
        """Write ``config.json`` and the trained parts as float16 safetensors (parts below 14 MiB) with their hashes."""
        tensors = {name: parameter.detach() for name, parameter in self.trainable().items()}
        write_folder(folder, {"format": _FORMAT, **asdict(self.config)}, tensors)

    def load_weights(self, folder: Path) -> None:
        """Read the trained parts from ``folder``; raises :class:`WeightsRejected` naming what is wrong with them."""
        _, tensors = read_folder(folder)
        _fill(self.trainable(), tensors, folder)

    @classmethod
    def from_pretrained(cls, folder: Path, llm: Any, tokenizer: Any) -> GPT4VideoModel:
        """Rebuild a saved model around its language model.

        Args:
            folder: written by :meth:`save_pretrained`.
            llm: the causal language model; LoRA layers are injected into it.
            tokenizer: its tokenizer.
        """
        config, _ = read_folder(folder, tensors=False)
        model = cls(llm, tokenizer, config_from(config, folder))
        model.load_weights(folder)
        return model.eval()


def load_abstractor(folder: Path) -> tuple[VideoAbstractor, GPT4VideoConfig]:
    """The abstractor of a saved model, alone, and its configuration; raises :class:`WeightsRejected`."""
    values, tensors = read_folder(folder)
    config = config_from(values, folder)
    abstractor = VideoAbstractor(config.abstractor)
    _fill({f"abstractor.{name}": p for name, p in abstractor.named_parameters()}, tensors, folder)
    return abstractor.requires_grad_(False).eval(), config


def check_width(config: GPT4VideoConfig, width: int) -> None:
    """Raise :class:`WeightsRejected` when the language model reads another width than the abstractor writes."""
    if width != config.abstractor.output_width:
        raise WeightsRejected(
            f"The abstractor writes width {config.abstractor.output_width}, the language model reads {width}.",
            f"Use the language model it was trained with ({config.language_model}) or retrain it.",
        )


def _fill(own: Mapping[str, nn.Parameter], tensors: Mapping[str, Tensor], folder: Path) -> None:
    """Copy tensors into parameters of the same names; raises :class:`WeightsRejected` naming what does not fit."""
    for name, parameter in own.items():
        if name not in tensors:
            raise WeightsRejected(f"{folder}: the tensor {name} is missing.", "Fetch the weights again.")
        if tensors[name].shape != parameter.shape:
            raise WeightsRejected(
                f"{folder}: {name} has shape {tuple(tensors[name].shape)}, expected {tuple(parameter.shape)}.",
                "Use the weights that belong to this configuration and language model.",
            )
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(tensors[name].to(parameter.dtype))


def config_from(values: dict[str, Any], folder: Path) -> GPT4VideoConfig:
    """The configuration in a ``config.json``; raises :class:`WeightsRejected` for one that is not ours."""
    try:
        if values["format"] != _FORMAT:
            raise WeightsRejected(f"{folder}: format {values['format']} is not {_FORMAT}.", "Update GPT4Video.")
        lora = LoraShape(**values["lora"])
        return GPT4VideoConfig(
            abstractor=AbstractorConfig(**values["abstractor"]),
            lora=replace(lora, targets=tuple(lora.targets)),
            vision=str(values["vision"]),
            language_model=str(values["language_model"]),
        )
    except (KeyError, TypeError) as error:
        raise WeightsRejected(f"{folder}: config.json is not ours ({error}).", "Fetch the weights again.") from error


Speech = tuple[Sequence[int], bool]
"""Token ids, and whether the assistant speaks them."""


def pack(rows: Sequence[tuple[Sequence[int], Sequence[Sequence[Speech]]]]) -> TokenBatch:
    """Rows of (prefix ids, branches) as one batch on the CPU; a branch is a list of (ids, spoken by the assistant)."""
    listed = [_flat(prefix, branches) for prefix, branches in rows]
    longest = max(len(row[0]) for row in listed)
    fields = [torch.zeros(len(rows), longest, dtype=torch.long) for _ in range(5)]
    fields[4].fill_(-1)
    for index, row in enumerate(listed):
        for tensor, values in zip(fields, row, strict=True):
            tensor[index, : len(values)] = torch.tensor(values)
    ids, targets, places, sources, blocks = fields
    return TokenBatch(ids, targets.bool(), places, sources, blocks)


def _flat(prefix: Sequence[int], branches: Sequence[Sequence[Speech]]) -> tuple[list[int], ...]:
    count = len(prefix)
    ids, targets, places = list(prefix), [0] * count, list(range(count))
    sources, blocks = list(range(-1, count - 1)), [0] * count
    for block, branch in enumerate(branches, start=1):
        first = len(ids)
        for tokens, spoken in branch:
            ids += tokens
            targets += [int(spoken)] * len(tokens)
        length = len(ids) - first
        places += range(count, count + length)
        sources += [count - 1, *range(first, first + length - 1)][:length]
        blocks += [block] * length
    return ids, targets, places, sources, blocks


def sight(blocks: Tensor, queries: int) -> Tensor:
    """Who sees whom, (B, 1, S, S): everyone the soft tokens and the prefix before, branches themselves besides."""
    count, length = blocks.shape
    owner = torch.cat([blocks.new_zeros(count, queries), blocks], dim=1)
    total = queries + length
    causal = torch.ones(total, total, dtype=torch.bool, device=blocks.device).tril()
    allowed = causal & ((owner[:, None, :] == 0) | (owner[:, None, :] == owner[:, :, None]))
    # A padded place sees itself: a row that sees nothing would be no number.
    return (allowed | torch.eye(total, dtype=torch.bool, device=blocks.device))[:, None]


def additive(allowed: Tensor, dtype: torch.dtype) -> Tensor:
    """A mask to add to the scores, which every attention kernel of transformers takes: 0, or the lowest number."""
    return torch.zeros_like(allowed, dtype=dtype).masked_fill(~allowed, torch.finfo(dtype).min)


def on_device(batch: TokenBatch, device: torch.device) -> TokenBatch:
    """The batch on another device."""
    return TokenBatch(*(field.to(device, non_blocking=True) for field in batch))
