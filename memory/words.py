"""Exact words: names, numbers and spellings that a sentence embedding does not tell apart ("flight 714").

Each line of on-screen text and speech also becomes a vector of its words, a random direction a word (as in random
indexing, Kanerva, Kristoferson and Holst 2000), in a collection of its own in the same vector store; what that brings
up is then compared word by word. A full-text index beside the store (SQLite FTS5) would find the same, but would have
to be replaced, forgotten and served together with the vectors in every place where these may lie; a filter on the
stored text ("$contains") exists in one store only, and knows no order of fit.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final

import numpy as np

from .embedder import Vectors, unit
from .text import plain

WIDTH: Final = 384
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_LITTLE = frozenset(
    """a an and are as at be but by for from has have he her his i in into is it its me my of off on or our out over she
    so that the their them there they this to under up was we were what when where which who with you your
    """.split()  # noqa: SIM905 - a list would take twenty lines
)
# What people say around the words that they mean: "the sign that says exit", "someone mentions Anna".
_FRAME = frozenset(
    """about called caption clip hear letter mention moment name part read reading say said saying scene screen shot
    sign somebody someone speak talk text title video word write written
    """.split()  # noqa: SIM905
)
_NUMBER_WEIGHT = 2.0


def words_of(text: str) -> list[str]:
    """The words and numbers of a text that tell something, small letters, without a plural's or a genitive's s."""
    found = [_bare(word) for word in _WORD.findall(plain(text).lower())]
    telling = [word for word in found if word not in _LITTLE]
    return list(dict.fromkeys(telling or found))


def sought(query: str) -> list[str]:
    """The words of a query that have to stand in a line: all but those that only say that something is said."""
    words = words_of(query)
    return [word for word in words if word not in _FRAME] or words


def coverage(wanted: list[str], line: str) -> float:
    """Which share of the wanted words (none: 0) stands in a line; numbers count double."""
    total = sum(map(_weight, wanted))
    there = set(words_of(line)) | {_bare(word) for word in _WORD.findall(plain(line).lower())}
    return sum(_weight(word) for word in wanted if word in there) / total if total else 0.0


def word_vectors(texts: list[list[str]]) -> Vectors:
    """Words of N texts -> unit vectors (N, 384); a text without words has a direction of its own."""
    rows = [np.sum([_weight(word) * _direction(word) for word in words or [""]], axis=0) for words in texts]
    return unit(np.asarray(rows, np.float32).reshape(len(texts), WIDTH))


def _weight(word: str) -> float:
    return _NUMBER_WEIGHT if any(character.isdigit() for character in word) else 1.0


@lru_cache(maxsize=4096)
def _direction(word: str) -> Vectors:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
    return np.random.default_rng(seed).standard_normal(WIDTH).astype(np.float32)


def _bare(word: str) -> str:
    word = word.replace("’", "'").removesuffix("'s")
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
