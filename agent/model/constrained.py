"""Greedy decoding under a grammar, several tokens a step.

Tokens are drafted from what the sequence holds already (prompt lookup: Saxena 2023; plans copy the request's words) and
from typical phrases of the language to be written, and are checked by one forward pass (speculative decoding: Leviathan
et al. 2023, arXiv 2211.17192). Under greedy choice the text is the one that step by step decoding gives. Masks come
from xgrammar (Dong et al. 2024, arXiv 2411.15100).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .llm import LoadedLLM

_DRAFT = 5
"""Tokens drafted at most: a pass over so many costs little more than over one."""


@dataclass(frozen=True)
class Written:
    """What was decoded: the text, its token count, and how many forward passes it took, the prompt's included."""

    text: str
    tokens: int
    passes: int


class Decoder:
    """Decodes with one network; keeps the cache of the last prompt and reuses the part that the next one shares."""

    def __init__(self, llm: LoadedLLM, phrases: Sequence[str] = ()) -> None:
        """``phrases`` are typical outputs, from which drafts are taken where the prompt has none."""
        self._llm = llm
        self._phrases = [[*llm.encode(phrase), llm.end] for phrase in phrases]
        self._held: list[int] = []
        self._info: Any = None

    def compile(self, grammar: str) -> Any:
        """Compile an EBNF grammar for this tokenizer."""
        import xgrammar

        if self._info is None:
            vocabulary = [""] * self._llm.vocabulary
            for token, place in self._llm.tokenizer.get_vocab(with_added_tokens=True).items():
                if place < len(vocabulary):
                    vocabulary[place] = token
            self._info = xgrammar.TokenizerInfo(
                vocabulary,
                vocab_type=xgrammar.VocabType.BYTE_LEVEL,
                vocab_size=self._llm.vocabulary,
                stop_token_ids=[self._llm.end],
                add_prefix_space=False,
            )
        return xgrammar.GrammarCompiler(self._info, max_threads=2).compile_grammar(grammar)

    def write(self, prompt: str, grammar: Any = None, *, longest: int = 128) -> Written:
        """Decode after a prompt. When ``longest`` tokens are written, the text ends where the grammar first lets it."""
        ids = [self._llm.begin, *self._llm.encode(prompt)]
        logits = self._prefill(ids)
        made: list[int] = []
        passes = 1
        judge = _Judge(grammar, self._llm)
        token = judge.choose(logits[-1], over=False)
        while token != self._llm.end and len(made) < 4 * longest:
            made.append(token)
            judge.accept(token)
            draft = self._draft(ids, made) if len(made) < longest else []
            rows = self._feed([token, *draft])
            passes += 1
            token, taken = self._check(judge, rows, draft, made, longest)
            made += draft[:taken]
            self._cut(len(ids) + len(made))
        return Written(self._llm.decode(made), len(made), passes)

    def _check(self, judge: _Judge, rows: Tensor, draft: list[int], made: list[int], longest: int) -> tuple[int, int]:
        """How many drafted tokens the network would have chosen, and the token it chooses next."""
        for place, drafted in enumerate(draft):
            token = judge.choose(rows[place], over=False)
            if token != drafted:
                return token, place
            if token == self._llm.end:
                return token, place
            judge.accept(token)
        return judge.choose(rows[len(draft)], over=len(made) + len(draft) >= longest), len(draft)

    # --- cache ---

    def _prefill(self, ids: list[int]) -> Tensor:
        """Feed a prompt, but for the beginning that the cache still holds."""
        shared = 0
        for held, new in zip(self._held, ids[:-1], strict=False):
            if held != new:
                break
            shared += 1
        self._cut(shared)
        return self._feed(ids[shared:], last=1)

    def _feed(self, ids: list[int], last: int | None = None) -> Tensor:
        rows = self._llm.network.feed(ids, last=last or len(ids))
        self._held += ids
        return rows

    def _cut(self, length: int) -> None:
        del self._held[length:]
        self._llm.network.length = length

    # --- drafts ---

    def _draft(self, ids: list[int], made: list[int]) -> list[int]:
        """Guess what follows: after the longest run of last tokens that occurs in the prompt or in a phrase."""
        sequence = ids + made
        for size in (4, 3, 2, 1):
            if size > len(made):
                continue
            tail = sequence[-size:]
            for source in (sequence[:-1], *self._phrases):
                found = _follows(source, tail)
                if found:
                    return found[:_DRAFT]
        return []


def _follows(source: list[int], tail: list[int]) -> list[int]:
    """What follows on the last place where ``tail`` stands in ``source``."""
    size = len(tail)
    for place in range(len(source) - size - 1, -1, -1):
        if source[place] == tail[0] and source[place : place + size] == tail:
            return source[place + size :]
    return []


class _Judge:
    """Chooses the likeliest token that the grammar allows."""

    def __init__(self, grammar: Any, llm: LoadedLLM) -> None:
        self._end = llm.end
        self._matcher: Any = None
        if grammar is not None:
            import xgrammar

            self._matcher = xgrammar.GrammarMatcher(grammar)
            self._mask = xgrammar.allocate_token_bitmask(1, llm.vocabulary)

    def accept(self, token: int) -> None:
        """Go on after a token."""
        if self._matcher is not None and not self._matcher.accept_token(token):
            raise ValueError(f"token {token} breaks the grammar")

    def choose(self, logits: Tensor, *, over: bool) -> int:
        """Choose from logits (vocabulary,); ``over`` ends the text as soon as that is allowed."""
        if self._matcher is None:
            return self._end if over else int(logits.argmax())
        import xgrammar

        if not self._matcher.fill_next_token_bitmask(self._mask):
            return self._end if over else int(logits.argmax())
        if over and self._mask[0, self._end // 32] >> (self._end % 32) & 1:
            return self._end
        row = logits.unsqueeze(0)
        xgrammar.apply_token_bitmask_inplace(row, self._mask)
        return int(torch.argmax(row))
