"""Writing text after soft tokens in large batches, sampled or greedy, as training needs it (in use: :mod:`.beams`)."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .gpt4video_model import GPT4VideoModel


def plain_copy(llm: Any) -> Any:
    """The language model without adapters, to decode with: call before LoRA layers are injected."""
    return copy.deepcopy(llm).requires_grad_(False).eval()


@torch.no_grad()
def merge_into(decoder: Any, model: GPT4VideoModel) -> Any:
    """Write base weights plus adapters into ``decoder`` (a :func:`plain_copy`): three times faster to decode with."""
    for name, module in model.llm.named_modules():
        if isinstance(module, nn.Module) and hasattr(module, "lora_A") and hasattr(module, "base_layer"):
            weight = decoder.get_submodule(name).weight
            layer: Any = module  # peft adds these attributes
            merged = layer.base_layer.weight.float() + layer.get_delta_weight("default").float()
            weight.copy_(merged.to(weight.dtype))
    return decoder


def prompt_embeds(llm: Any, soft: Tensor, prompts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """(B, Q + L, d) embeddings and (B, Q + L) mask of soft tokens (B, Q, d) and prompts (token ids), padded left."""
    longest = max(len(prompt) for prompt in prompts)
    queries, device = soft.shape[1], soft.device
    ids = torch.zeros(len(prompts), longest, dtype=torch.long)
    mask = torch.zeros(len(prompts), queries + longest, dtype=torch.long)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(list(prompt))
        mask[row, longest - len(prompt) :] = 1
    words = llm.get_input_embeddings()(ids.to(device))
    embeds = words.new_zeros(len(prompts), longest + queries, words.shape[-1])
    for row, prompt in enumerate(prompts):
        start = longest - len(prompt)
        embeds[row, start : start + queries] = soft[row].to(words.dtype)
        embeds[row, start + queries :] = words[row, start:]
    return embeds, mask.to(device)


@torch.no_grad()
def sample(
    llm: Any, embeds: Tensor, mask: Tensor, *, longest: int, end: int, temperature: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Continue every prompt once.

    Args:
        llm: a causal language model.
        embeds: (B, L, d) prompts padded on the left.
        mask: (B, L), 1 where there is a prompt.
        longest: tokens to write at most.
        end: the token that ends a text.
        temperature: 0 is greedy.

    Returns:
        Token ids (B, N) with the end token, and which of them count (B, N).
    """
    table, head = llm.get_input_embeddings(), llm.get_output_embeddings()
    embeds = embeds.to(table.weight.dtype)
    places = (mask.cumsum(-1) - 1).clamp(min=0)
    output = llm.model(inputs_embeds=embeds, attention_mask=mask, position_ids=places, use_cache=True)
    done = torch.zeros(len(embeds), dtype=torch.bool, device=embeds.device)
    written, counted = [], []
    for step in range(longest):
        logits = head(output.last_hidden_state[:, -1]).float()
        chosen = torch.multinomial((logits / temperature).softmax(-1), 1)[:, 0] if temperature else logits.argmax(-1)
        counted.append(~done)
        chosen = torch.where(done, end, chosen)
        written.append(chosen)
        done = done | (chosen == end)
        if step == longest - 1 or (step % 4 == 3 and bool(done.all())):
            break
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
        places = mask.sum(-1, keepdim=True) - 1
        output = llm.model(
            inputs_embeds=table(chosen)[:, None],
            attention_mask=mask,
            position_ids=places,
            past_key_values=output.past_key_values,
            use_cache=True,
        )
    return torch.stack(written, 1), torch.stack(counted, 1)


def greedy_texts(llm: Any, tokenizer: Any, embeds: Tensor, mask: Tensor, longest: int = 24) -> list[str]:
    """One text for each prompt, greedily, in one batch."""
    ids, counted = sample(llm, embeds, mask, longest=longest, end=tokenizer.eos_token_id, temperature=0.0)
    return decode(tokenizer, ids, counted)


def decode(tokenizer: Any, ids: Tensor, counted: Tensor) -> list[str]:
    """Texts of :func:`sample`'s ids."""
    rows: list[Sequence[int]] = [
        [token for token, flag in zip(row, flags, strict=True) if flag]
        for row, flags in zip(ids.tolist(), counted.tolist(), strict=True)
    ]
    return [" ".join(text.split()) for text in tokenizer.batch_decode(rows, skip_special_tokens=True)]
