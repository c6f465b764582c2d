"""Prompts longer than a text encoder reads: cut at a word, and said."""

from __future__ import annotations

import inspect
from typing import Any

_UNLIMITED = 100_000  # tokenizers without a limit state an absurd one


def fit_prompt(pipeline: Any, text: str, what: str) -> tuple[str, list[str]]:
    """The words that the pipeline's text encoder reads, and a note that quotes the others.

    Pipelines cut what is over the limit of their text encoder (77 tokens in CLIP's case) with no more than a line in
    the log, in the middle of a word if need be; here it is cut between words.
    """
    tokenizer, limit = getattr(pipeline, "tokenizer", None), token_limit(pipeline)
    words = text.split()
    if tokenizer is None or limit is None or _tokens(tokenizer, text) <= limit:
        return text, []
    kept, over = 0, len(words)  # the most words that fit lie between these
    while over - kept > 1:
        middle = (kept + over) // 2
        kept, over = (middle, over) if _tokens(tokenizer, " ".join(words[:middle])) <= limit else (kept, middle)
    kept = max(kept, 1)  # a single word over the limit is left to the tokenizer
    left_out = " ".join(words[kept:])
    if not left_out:
        return text, [f"The end of the {what} was not read: the model reads {limit} tokens."]
    return " ".join(words[:kept]), [
        f'The model reads {limit} tokens; these words of the {what} were cut: "{left_out}".'
    ]


def token_limit(pipeline: Any) -> int | None:
    """Tokens that the pipeline's call reads of a prompt, its marks included; None where it sets no limit."""
    tokenizer = getattr(pipeline, "tokenizer", None)
    call = inspect.signature(type(pipeline).__call__).parameters
    if "max_sequence_length" in call and isinstance(call["max_sequence_length"].default, int):
        network = getattr(getattr(pipeline, "transformer", None), "config", None)
        return int(getattr(network, "max_text_seq_length", None) or call["max_sequence_length"].default)
    encoder = getattr(getattr(pipeline, "text_encoder", None), "config", None)
    for limit in (getattr(tokenizer, "model_max_length", None), getattr(encoder, "max_position_embeddings", None)):
        if isinstance(limit, int) and limit < _UNLIMITED:
            return limit
    return None


def _tokens(tokenizer: Any, text: str) -> int:
    return len(tokenizer(text, truncation=False, verbose=False).input_ids)
