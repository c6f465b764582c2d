"""Writing text after soft tokens: sampling and greedy search in large batches, beam search with several candidates."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .gpt4video_model import GPT4VideoModel


@dataclass(frozen=True)
class Search:
    """How to look for the best text.

    Attributes:
        beams: 1 is greedy. longest: tokens. length_penalty: above 1 prefers longer texts.
        repetition_penalty: above 1 makes words that were written less likely.
        no_repeat: n-grams of this size are never written twice; 0 allows them.
        candidates: how many texts to return for each prompt, at most ``beams``.
    """

    beams: int = 4
    longest: int = 28
    length_penalty: float = 1.0
    repetition_penalty: float = 1.0
    no_repeat: int = 3
    candidates: int = 1


@dataclass(frozen=True)
class Candidate:
    """A text and its mean log-probability a token (length-penalised)."""

    text: str
    score: float


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


@torch.no_grad()
def beam_search(llm: Any, tokenizer: Any, embeds: Tensor, mask: Tensor, search: Search) -> list[list[Candidate]]:
    """Several texts for each prompt, best first; prompts as in :func:`sample`."""
    with warnings.catch_warnings():
        # It says that penalties count new tokens alone, not the prompt: that is what is wanted here.
        warnings.filterwarnings("ignore", message="Passing `", category=UserWarning)
        output = llm.generate(
            inputs_embeds=embeds.to(llm.get_input_embeddings().weight.dtype),
            attention_mask=mask,
            num_beams=search.beams,
            num_return_sequences=search.candidates,
            max_new_tokens=search.longest,
            do_sample=False,
            early_stopping=True,
            **_penalties(search),
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.eos_token_id,
            return_dict_in_generate=True,
            output_scores=search.beams > 1,
        )
    texts = tokenizer.batch_decode(output.sequences, skip_special_tokens=True)
    scores = output.sequences_scores.float().tolist() if search.beams > 1 else [0.0] * len(texts)
    listed = [Candidate(" ".join(text.split()), score) for text, score in zip(texts, scores, strict=True)]
    return [listed[i : i + search.candidates] for i in range(0, len(listed), search.candidates)]


def _penalties(search: Search) -> dict[str, Any]:
    options: dict[str, Any] = {"no_repeat_ngram_size": search.no_repeat}
    if search.beams > 1:
        options["length_penalty"] = search.length_penalty
    if search.repetition_penalty != 1.0:
        options["repetition_penalty"] = search.repetition_penalty
    return options


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
