"""Caption metrics that give the numbers of pycocoevalcap: BLEU (corpus level, closest reference) and CIDEr-D.

BLEU: Papineni et al. 2002. CIDEr: Vedantam et al. 2015 (arXiv 1411.5726), in the "D" variant with sigma 6 that
``pycocoevalcap.cider`` computes, its document frequencies taken from the references at hand. The tokeniser follows
``PTBTokenizer -lowerCase`` and drops the punctuation that pycocoevalcap drops; it needs no Java.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Ngrams = Counter[tuple[str, ...]]

_LONGEST = 4
_SIGMA = 6.0
_PUNCTUATION = frozenset(
    ("''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--", "...", ";")
)
_SIGNS = frozenset("$%&#@*+=")
_CLITIC = re.compile(r"(?<=[a-z])(n't|'(?:s|re|ve|ll|d|m))\b")
_TOKEN = re.compile(r"n't\b|'(?:s|re|ve|ll|d|m)\b|\.\.\.|--|(?:[a-z]\.){2,}|\d+(?:[.,:/]\d+)*|\w+(?:[-/]\w+)*|[^\w\s]")
_CONTRACTED = {"cannot": "can not", "gonna": "gon na", "gotta": "got ta", "wanna": "wan na"}


def tokenize(caption: str) -> list[str]:
    """Lower-case tokens without punctuation, as pycocoevalcap counts them."""
    text = " ".join(caption.lower().replace("\u2019", "'").split())
    text = _CLITIC.sub(r" \1", text)
    tokens = [part for token in _TOKEN.findall(text) for part in _CONTRACTED.get(token, token).split()]
    return [word for word in tokens if word not in _PUNCTUATION and (word in _SIGNS or any(c.isalnum() for c in word))]


def bleu(candidates: Sequence[str], references: Sequence[Sequence[str]], longest: int = 4) -> list[float]:
    """Corpus BLEU-1 to BLEU-``longest``.

    Args:
        candidates: one caption an image.
        references: the captions of each image, in the same order.
        longest: the longest n-gram.
    """
    correct, guessed = [0] * longest, [0] * longest
    length, reference_length = 0, 0
    for candidate, refs in zip(candidates, references, strict=True):
        words = tokenize(candidate)
        listed = [tokenize(ref) for ref in refs]
        length += len(words)
        reference_length += min((abs(len(ref) - len(words)), len(ref)) for ref in listed)[1]
        most: Ngrams = Counter()
        for ref in listed:
            most |= ngrams(ref, longest)
        for gram, count in ngrams(words, longest).items():
            correct[len(gram) - 1] += min(count, most[gram])
        for size in range(longest):
            guessed[size] += max(0, len(words) - size)
    scores, product = [], 1.0
    ratio = (length + 1e-15) / (reference_length + 1e-9)
    brevity = math.exp(1 - 1 / ratio) if ratio < 1 else 1.0
    for size in range(longest):
        product *= (correct[size] + 1e-15) / (guessed[size] + 1e-9)
        scores.append(brevity * product ** (1 / (size + 1)))
    return scores


def ngrams(words: Sequence[str], longest: int = _LONGEST) -> Ngrams:
    """How often each n-gram of 1 to ``longest`` words occurs."""
    return Counter(tuple(words[i : i + n]) for n in range(1, longest + 1) for i in range(len(words) - n + 1))


@dataclass(frozen=True)
class _Vector:
    weights: dict[tuple[str, ...], float]
    norms: tuple[float, ...]
    length: int


class Cider:
    """CIDEr-D against fixed references, prepared once: scoring a candidate then takes well under a millisecond.

    Args:
        references: the tokenised captions of each image, by key.
        frequencies: document frequencies and number of documents to use in place of the references' own.
    """

    def __init__(
        self,
        references: Mapping[str, Sequence[Sequence[str]]],
        frequencies: tuple[Mapping[tuple[str, ...], int], int] | None = None,
    ) -> None:
        counted = {key: [ngrams(ref) for ref in refs] for key, refs in references.items()}
        if frequencies is None:
            seen: Ngrams = Counter()
            for refs in counted.values():
                seen.update({gram for ref in refs for gram in ref})
            frequencies = (seen, len(counted))
        self.frequencies = frequencies
        self._documents = math.log(max(1.0, float(frequencies[1])))
        self._references = {key: [self._vector(ref) for ref in refs] for key, refs in counted.items()}

    def score(self, key: str, words: Sequence[str]) -> float:
        """CIDEr-D of one tokenised candidate for the image ``key``; 0 to 10."""
        candidate = self._vector(ngrams(words))
        refs = self._references[key]
        return 10.0 * sum(_similarity(candidate, ref) for ref in refs) / len(refs)

    def _vector(self, counts: Ngrams) -> _Vector:
        table = self.frequencies[0]
        weights: dict[tuple[str, ...], float] = {}
        norms = [0.0] * _LONGEST
        length = 0
        for gram, count in counts.items():
            weight = count * (self._documents - math.log(max(1.0, table.get(gram, 0))))
            weights[gram] = weight
            norms[len(gram) - 1] += weight * weight
            if len(gram) == 2:
                length += count
        return _Vector(weights, tuple(math.sqrt(norm) for norm in norms), length)


def cider(candidates: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Mean CIDEr-D over images, on the usual scale where 1.0 is about human on COCO."""
    keyed = {str(i): [tokenize(ref) for ref in refs] for i, refs in enumerate(references)}
    scorer = Cider(keyed)
    return sum(scorer.score(str(i), tokenize(text)) for i, text in enumerate(candidates)) / max(1, len(candidates))


def _similarity(candidate: _Vector, reference: _Vector) -> float:
    parts = [0.0] * _LONGEST
    for gram, weight in candidate.weights.items():
        other = reference.weights.get(gram)
        if other is not None:
            parts[len(gram) - 1] += min(weight, other) * other
    penalty = math.exp(-((candidate.length - reference.length) ** 2) / (2 * _SIGMA**2))
    total = 0.0
    for size in range(_LONGEST):
        norm = candidate.norms[size] * reference.norms[size]
        total += parts[size] / norm if norm else parts[size]
    return penalty * total / _LONGEST


def rouge_l(candidates: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Mean ROUGE-L (Lin 2004) with pycocoevalcap's beta of 1.2."""
    scores = [
        _rouge(tokenize(text), [tokenize(r) for r in refs]) for text, refs in zip(candidates, references, strict=True)
    ]
    return sum(scores) / max(1, len(scores))


def _rouge(words: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    common = [_common_length(words, ref) for ref in references]
    precision = max(c / max(1, len(words)) for c in common)
    recall = max(c / max(1, len(ref)) for c, ref in zip(common, references, strict=True))
    if not precision or not recall:
        return 0.0
    return (1 + 1.2**2) * precision * recall / (recall + 1.2**2 * precision)


def _common_length(first: Sequence[str], second: Sequence[str]) -> int:
    row = [0] * (len(second) + 1)
    for a in first:
        before = 0
        for j, b in enumerate(second, start=1):
            before, row[j] = row[j], before + 1 if a == b else max(row[j], row[j - 1])
    return row[-1]
