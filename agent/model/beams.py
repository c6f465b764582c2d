"""Beam search with one network and one cache: the beams are branches of a tree, and each sees its own branch alone.

The prompt is computed once; a step feeds one token a beam in a single pass, and no cache is ever copied or reordered
(tree attention, as speculative decoding uses it: Miao et al. 2023, arXiv 2305.09781).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .llm import LoadedLLM


@dataclass(frozen=True)
class Search:
    """How to look for the best texts.

    Attributes:
        beams: 1 is greedy. candidates: how many texts to return, at most ``beams``. longest: tokens.
        length_penalty: the exponent of the length that a text's log-probability is divided by.
        repetition_penalty: above 1 makes words that were written less likely.
        no_repeat: n-grams of this size are never written twice; 0 allows them.
    """

    beams: int = 4
    candidates: int = 4
    longest: int = 28
    length_penalty: float = 1.0
    repetition_penalty: float = 1.0
    no_repeat: int = 3


@dataclass(frozen=True)
class Candidate:
    """A text and its log-probability divided by its (penalised) length."""

    text: str
    score: float


@dataclass(frozen=True)
class _Beam:
    tokens: tuple[int, ...]
    slots: tuple[int, ...]
    total: float


def beam_search(llm: LoadedLLM, prompt: Tensor, search: Search) -> list[Candidate]:
    """Texts that continue a prompt of input states (L, d), best first; what the network's cache held is lost."""
    network, start = llm.network, len(prompt)
    network.length = 0
    sight = torch.ones(start, start, dtype=torch.bool).tril()
    logits = network.feed_states(prompt, list(range(start)), sight)
    beams, done = [_Beam((), (), 0.0)], list[_Beam]()
    for step in range(search.longest):
        beams = _extend(beams, logits, search, llm.end, done)
        if not beams or len(done) >= search.beams or step == search.longest - 1:
            break
        slots = list(range(network.length, network.length + len(beams)))
        beams = [_Beam(beam.tokens, (*beam.slots, slot), beam.total) for beam, slot in zip(beams, slots, strict=True)]
        sight = torch.zeros(len(beams), network.length + len(beams), dtype=torch.bool)
        sight[:, :start] = True
        for row, beam in enumerate(beams):
            sight[row, list(beam.slots)] = True
        states = network.embed([beam.tokens[-1] for beam in beams])
        logits = network.feed_states(states, [start + step] * len(beams), sight, last=len(beams))
    # Texts that were cut off count only where too few came to an end.
    ended = sorted(done, key=lambda beam: -_score(beam, search))
    cut = sorted(beams, key=lambda beam: -_score(beam, search))
    chosen = [*ended, *cut][: search.candidates]
    return [Candidate(" ".join(llm.decode(list(b.tokens)).split()), _score(b, search)) for b in chosen]


def _extend(beams: list[_Beam], logits: Tensor, search: Search, end: int, done: list[_Beam]) -> list[_Beam]:
    """The best continuations; those that end are moved to ``done``."""
    chances = logits.log_softmax(-1)
    for row, beam in enumerate(beams):
        _penalise(chances[row], beam.tokens, search)
    totals = (chances + torch.tensor([[beam.total] for beam in beams])).flatten()
    best = totals.topk(2 * search.beams)
    kept: list[_Beam] = []
    for total, place in zip(best.values.tolist(), best.indices.tolist(), strict=True):
        beam, token = beams[place // logits.shape[1]], place % logits.shape[1]
        longer = _Beam((*beam.tokens, token), beam.slots, total)
        if token == end:
            done.append(longer)
        else:
            kept.append(longer)
        if len(kept) == search.beams or (search.beams == 1 and done):
            break
    return kept


def _penalise(chances: Tensor, tokens: tuple[int, ...], search: Search) -> None:
    if tokens and search.repetition_penalty != 1.0:
        chances[list(set(tokens))] *= search.repetition_penalty
    size = search.no_repeat
    if size and len(tokens) >= size:
        tail = tokens[len(tokens) - size + 1 :]
        banned = [tokens[n + size - 1] for n in range(len(tokens) - size + 1) if tokens[n : n + size - 1] == tail]
        chances[banned] = -torch.inf


def _score(beam: _Beam, search: Search) -> float:
    return float(beam.total / max(1, len(beam.tokens)) ** search.length_penalty)
