"""A check of answers that somebody else wrote: what in them no finding backs. Pure functions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from .arguments import Evidence
from .labels import groups
from .vision import class_names
from .wording import asked, content, number, stem, stems, tokens

PEOPLE = frozenset(["man", "woman", "person", "child", "boy", "girl", "baby", "lady", "guy", "somebody"])
"""ImageNet has no class for people: their absence from the labels says nothing."""
_CLIP_NAME = re.compile(r"\bc\d+\b")


def unsupported(answer: str, question: str, evidence: Sequence[Evidence], sampling: str = "") -> list[str]:
    """Words of an answer that nothing backs: content words and numbers in no finding and not in the question.

    A number is backed by an equal one (also as a word or a time), or by a range's bound to its tenth or second. An
    answer that says yes needs findings for what was asked: the question's own words do not prove themselves.

    Returns:
        The words as written, in order, each once; empty when the answer may stand.
    """
    for name in {item.clip for item in evidence}:
        answer = answer.replace(name, " ")
    answer = _CLIP_NAME.sub(" ", answer)
    proof: set[str] = set().union(*map(backing, evidence))
    backed = proof | stems(question) | stems(sampling)
    values = _values(question, sampling, evidence)
    missing: list[str] = []
    for word in content(answer):
        value = number(word)
        known = stem(word) in backed if value is None else any(abs(value - other) < 0.051 for other in values)
        if not known:
            missing.append(word)
    if _affirms(answer):
        missing += [word for word in asked(question) if stem(word) not in proof]
    return list(dict.fromkeys(missing))


def _affirms(answer: str) -> bool:
    return bool(
        re.match(r"\W*(yes|yeah|yep|correct|indeed|true|right|there (is|are))\b(?! no\b)", answer, re.IGNORECASE)
    )


def backing(item: Evidence) -> set[str]:
    """Stems that a finding backs: its words, and for a class the everyday word over it ("collie" backs "dog")."""
    words = stems(item.text) | {stem(item.kind)}
    if words & PEOPLE:
        words.add("person")
    if item.kind == "label" and item.text in class_names():
        index = class_names().index(item.text)
        words |= {stem(token) for word, members in groups().items() if index in members for token in tokens(word)}
    return words


def _values(question: str, sampling: str, evidence: Sequence[Evidence]) -> set[float]:
    """Numbers that may be named."""
    texts = [question, sampling, *(item.text for item in evidence)]
    values = {value for text in texts for token in tokens(text) if (value := number(token)) is not None}
    bounds = {bound for item in evidence for bound in (item.start, item.end)}
    values |= bounds | {float(round(value)) for value in bounds | values}
    values |= {item.end - item.start for item in evidence} | {round(100 * item.score) for item in evidence}
    counted = Counter((item.clip, item.kind) for item in evidence) + Counter((None, item.kind) for item in evidence)
    return values | {float(count) for (_, kind), count in counted.items() if kind in {"shot", "text", "label"}}
