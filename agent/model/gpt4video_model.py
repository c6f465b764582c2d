"""The multimodal language model: video abstractor + causal language model with LoRA (GPT4Video, arXiv 2311.16511).

The vision encoder is frozen and lives outside: this module reads its features. Soft tokens from the abstractor come
first in ``inputs_embeds``, text follows. The language model is any Llama-type model of transformers.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """Text that follows the soft tokens, padded on the right.

    Attributes:
        ids: (B, L) token ids.
        mask: (B, L) 1 where there is text.
        targets: (B, L) 1 where the assistant speaks: the only places that count in the loss.
    """

    ids: Tensor
    mask: Tensor
    targets: Tensor


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

        width = llm.get_input_embeddings().weight.shape[1]
        if width != config.abstractor.output_width:
            raise WeightsRejected(
                f"The abstractor writes tokens of width {config.abstractor.output_width}, the language model reads {width}.",
                f"Use the language model it was trained with ({config.language_model}) or retrain it.",
            )
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

    def hidden(self, soft: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Last hidden states (B, Q + L, d) over soft tokens (B, Q, d) and text (B, L)."""
        embeds = self.llm.get_input_embeddings()(ids)
        seen = mask.new_ones(soft.shape[:2])
        output = self.llm.model(
            inputs_embeds=torch.cat([soft.to(embeds.dtype), embeds], dim=1),
            attention_mask=torch.cat([seen, mask], dim=1),
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
        states = self.hidden(soft, batch.ids, batch.mask)
        place = batch.targets.bool()
        picked = states[:, soft.shape[1] - 1 : -1][place]
        wanted = batch.ids[place]
        head = self.llm.get_output_embeddings().weight
        if rows is None:
            return functional.linear(picked, head.to(picked.dtype)), wanted
        return functional.linear(picked, head[rows].to(picked.dtype)), torch.searchsorted(rows, wanted)

    def loss(self, soft: Tensor, batch: TokenBatch, rows: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """Cross-entropy over the assistant's tokens only, averaged over them."""
        logits, wanted = self.token_scores(soft, batch, rows)
        return functional.cross_entropy(logits.float(), wanted, label_smoothing=smoothing)

    def pack(self, turns: Sequence[Sequence[tuple[str, bool]]]) -> TokenBatch:
        """Tokenise conversations, each a list of (text, spoken by the assistant); pads on the right."""
        return pack([[(self.tokenizer.encode(t), spoken) for t, spoken in turn] for turn in turns], self.device)

    def prompt_embeds(self, soft: Tensor, prompts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """(B, Q + L, d) embeddings and (B, Q + L) mask of prompts that generation continues: padded on the left."""
        longest = max(len(prompt) for prompt in prompts)
        table = self.llm.get_input_embeddings()
        ids = torch.zeros(len(prompts), longest, dtype=torch.long)
        mask = torch.zeros(len(prompts), soft.shape[1] + longest, dtype=torch.long)
        for row, prompt in enumerate(prompts):
            ids[row, longest - len(prompt) :] = torch.tensor(list(prompt))
            mask[row, longest - len(prompt) :] = 1
        words = table(ids.to(self.device))
        embeds = torch.cat([words.new_zeros(len(prompts), longest + soft.shape[1], words.shape[-1])], dim=1)
        for row, prompt in enumerate(prompts):
            start = longest - len(prompt)
            embeds[row, start : start + soft.shape[1]] = soft[row].to(words.dtype)
            embeds[row, start + soft.shape[1] :] = words[row, start:]
        return embeds, mask.to(self.device)

    def save_pretrained(self, folder: Path) -> None:
        """Write ``config.json`` and the trained parts as float16 safetensors (parts below 14 MiB) with their hashes."""
        tensors = {name: parameter.detach() for name, parameter in self.trainable().items()}
        write_folder(folder, {"format": _FORMAT, **asdict(self.config)}, tensors)

    def load_weights(self, folder: Path) -> None:
        """Read the trained parts from ``folder``; raises :class:`WeightsRejected` naming what is wrong with them."""
        _, tensors = read_folder(folder)
        own = self.trainable()
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


def pack(turns: Sequence[Sequence[tuple[Sequence[int], bool]]], device: torch.device) -> TokenBatch:
    """Token ids of conversations, each a list of (ids, spoken by the assistant), as one batch padded on the right."""
    rows = [[token for ids, _ in turn for token in ids] for turn in turns]
    spoken = [[int(flag) for ids, flag in turn for _ in ids] for turn in turns]
    longest = max(len(row) for row in rows)
    ids, mask, targets = (torch.zeros(len(rows), longest, dtype=torch.long) for _ in range(3))
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row)
        mask[index, : len(row)] = 1
        targets[index, : len(row)] = torch.tensor(spoken[index])
    return TokenBatch(ids.to(device), mask.to(device), targets.to(device))
