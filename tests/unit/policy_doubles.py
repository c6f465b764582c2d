"""Doubles for policy tests: a scorer that knows a few words, configurations, subjects."""

from __future__ import annotations

import numpy as np
from gpt4video.policies.base import Stage, Subject, Verdict
from gpt4video.policies.categories import CHANNELS
from gpt4video.policies.config import load_policy
from numpy.typing import NDArray

CONFIG = load_policy()


class WordScorer:
    """Scores 0.97 on the channel of a word that occurs, and on the overall channel; 0.02 elsewhere."""

    def __init__(self, words: dict[str, str] | None = None) -> None:
        self.words = words if words is not None else {"zorgle": "violence", "flimsh": "sexual", "wumble": "self_harm"}
        self.seen: list[str] = []

    def scores(self, texts: list[str]) -> NDArray[np.float32]:
        self.seen += texts
        out = np.full((len(texts), len(CHANNELS)), 0.02, dtype=np.float32)
        for row, text in zip(out, texts, strict=True):
            for word, category in self.words.items():
                if word in text:
                    row[0] = row[CHANNELS.index(category)] = 0.97
        return out


class ConstantScorer:
    """The same score on every channel."""

    def __init__(self, score: float) -> None:
        self.score = score

    def scores(self, texts: list[str]) -> NDArray[np.float32]:
        return np.full((len(texts), len(CHANNELS)), self.score, dtype=np.float32)


def asked(text: str, stage: Stage = "input", history: list[str] | None = None) -> Subject:
    return Subject(stage=stage, text=text, history=history or [])


class Fixed:
    """A policy with a given answer, which may be an exception to raise or a function to call."""

    def __init__(self, answer: object, name: str = "fixed", stages: frozenset[Stage] = frozenset({"input"})) -> None:
        self.answer = answer
        self.name = name  # type: ignore[misc]
        self.stages = stages  # type: ignore[misc]
        self.subjects: list[Subject] = []

    def judge(self, subject: Subject) -> Verdict:
        self.subjects.append(subject)
        if isinstance(self.answer, BaseException):
            raise self.answer
        if callable(self.answer):
            return self.answer()  # type: ignore[no-any-return]
        return self.answer  # type: ignore[return-value]


def verdict(action: str = "allow", **more: object) -> Verdict:
    values = {"stage": "input", "policy": "fixed", "action": action, "reason": "because", **more}
    return Verdict.model_validate(values)
