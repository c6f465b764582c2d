"""What the judge of words refuses, rightly and wrongly: ``gpt4video eval safety [--data DIR] [--weights FOLDER]``.

Without ``--data``: texts written by hand that no training saw. With it: the public sets and the templates that the
guard's training reads (:mod:`..training.guard_data`). ``--weights`` names the folder of the cross-validation, where
``fold-N.safetensors`` never saw fold N (a whole source or a whole family of templates); with the shipped weights these
are figures of texts learned from, and the report says so (``held_out`` is false).

Each text is judged three ways: rules alone, classifier alone, and both as shipped.
"""

from __future__ import annotations

import json
import math
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...policies.base import Stage, Subject
from ...policies.categories import CATEGORIES, CHANNELS, OVERALL
from ...policies.classifier import WEIGHTS, Scorer, TextClassifier
from ...policies.config import TextConfig
from ...policies.rules import violations
from ...policies.text import TextPolicy
from ..training.guard_data import FOLDS, Row, base, fold_of
from ..training.guard_requests import requests
from .shares import roc

_SUSPECT = 0.2
"""What the classifier says in the trial of rules alone: not enough to refuse, enough to let a suspicion stand."""
_NAMES = {
    "advbench": "AdvBench", "harmbench": "HarmBench", "malicious-instruct": "MaliciousInstruct",
    "strongreject-own": "StrongREJECT", "strongreject-collected": "StrongREJECT", "do-not-answer": "Do-Not-Answer",
    "vbench": "VBench prompts", "nextqa": "video questions", "activitynetqa": "video questions",
    "coco": "captions", "bfcl": "tool requests", "i2p": "I2P (labels by pictures drawn)",
    "openai-moderation": "OpenAI moderation (web text)",
}  # fmt: skip
_NOISY = {_NAMES["i2p"], _NAMES["openai-moderation"]}
"""Their labels are not of the words alone: counted as groups, left out of the sums and the categories."""
_SURE = 0.5
"""Rows that training gives less weight have no certain ground truth."""


@dataclass(frozen=True)
class Case:
    """A text, whether it is to be refused, its source, and the fold whose model has not seen it (-1: none has).

    ``form`` tells requests, video prompts and hard cases apart; ``history`` is what was said before.
    """

    text: str
    harmful: bool
    group: str
    category: str = ""
    stage: Stage = "input"
    fold: int = -1
    form: str = ""
    history: tuple[str, ...] = ()


def by_hand() -> list[Case]:
    """The texts written for this exam."""
    path = Path(__file__).parent / "data" / "safety.jsonl"
    return [Case(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def held_out(data: Path, most: int = 300, seed: int = 7) -> list[Case]:
    """At most ``most`` texts of each group and category from the sets of the guard's training, by a stable draw."""
    groups: dict[tuple[str, str, bool], list[Case]] = defaultdict(list)
    for row in base(data, seed):
        case = _case(row)
        if case is not None:
            groups[case.group, case.category, case.harmful].append(case)
    rng = random.Random(seed)
    drawn = (rng.sample(found, min(most, len(found))) for _, found in sorted(groups.items()))
    return [*(case for part in drawn for case in part), *conversations(data, most, seed)]


def conversations(data: Path, count: int, seed: int = 7) -> list[Case]:
    """``count`` harmless requests to the assistant, in wordings that no training has, and as many with three before."""
    rng, asked = random.Random(seed), requests(data, count, seed, test=True)
    alone = [Case(text, False, "requests to the assistant", fold=fold_of(text)) for text in asked]
    after = "the fourth turn of a conversation"
    return alone + [replace(case, group=after, history=tuple(rng.sample(asked, 3))) for case in alone]


def _case(row: Row) -> Case | None:
    harmful, name = row.labels != (), _NAMES.get(row.source)
    if (
        row.kind == "conversation"
        or row.source in {"email", "do-not-answer-advice"}
        or (row.source == "do-not-answer" and row.weight < _SURE)
    ):
        return None
    form = {"scene": "video prompts", "hard": "hard cases"}.get(row.kind, "requests")
    group = name or f"own {'unsafe' if harmful else 'harmless'} {form}"
    category = row.labels[0] if row.labels and group not in _NOISY else ""
    return Case(row.text, harmful, group, category, "prompt" if row.kind == "scene" else "input", row.fold, form)


class _Remembered:
    """A scorer that scores each text once, and knows the highest overall score since it was last asked."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer, self._known, self.highest = scorer, dict[str, NDArray[np.float32]](), 0.0

    def scores(self, texts: list[str]) -> NDArray[np.float32]:
        new = [text for text in texts if text not in self._known]
        if new:
            self._known.update(zip(new, self._scorer.scores(new), strict=True))
        found = np.stack([self._known[text] for text in texts])
        self.highest = float(found[:, CHANNELS.index(OVERALL)].max())
        return found


class _Suspicious:
    """Stands for the classifier where rules are tried alone."""

    def scores(self, texts: list[str]) -> NDArray[np.float32]:
        return np.full((len(texts), len(CHANNELS)), _SUSPECT, dtype=np.float32)


def evaluate(
    config: TextConfig,
    scorers: Sequence[Scorer],
    cases: Sequence[Case],
    done: Callable[[float], None] = lambda _share: None,
) -> dict[str, Any]:
    """Judge every case.

    Args:
        config: the thresholds of the policy.
        scorers: one classifier for all texts, or one for each fold, which never saw it.
        cases: what to judge.
        done: told the share that is judged.

    Returns:
        ``by_kind``: right and of, for each group and category; ``ablation``: detection and false refusals of no guard,
        rules, classifier and both; ``roc``: (false refusals, detection) of the classifier at falling thresholds;
        ``misses``: what was judged wrongly.
    """
    if len(scorers) not in {1, FOLDS}:
        raise ValueError(f"one classifier, or {FOLDS}, not {len(scorers)}")
    known = [_Remembered(scorer) for scorer in scorers]
    judges: list[Mapping[str, TextPolicy]] = [
        {
            "rules": TextPolicy(config, _Suspicious(), violations),
            "classifier": TextPolicy(config, one, lambda _text: []),
            "both": TextPolicy(config, one),
        }
        for one in known
    ]
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    refused: dict[str, list[bool]] = defaultdict(list)
    scores: list[float] = []
    misses: list[dict[str, Any]] = []
    for at, case in enumerate(cases):
        fold = max(case.fold, 0) % len(known)
        subject = Subject(stage=case.stage, text=case.text, history=list(case.history))
        verdicts = {name: policy.judge(subject) for name, policy in judges[fold].items()}
        scores.append(known[fold].highest)
        for name, verdict in verdicts.items():
            refused[name].append(verdict.action == "block")
        right = (verdicts["both"].action == "block") == case.harmful
        for kind in _kinds(case):
            counts[kind][0] += right
            counts[kind][1] += 1
        if not right:
            found = verdicts["both"]
            misses.append({"harmful": case.harmful, "group": case.group, "category": found.category or case.category,
                           "score": found.score, "text": case.text[:200]})  # fmt: skip
        done((at + 1) / len(cases))
    harmful = np.array([case.harmful for case in cases])
    sure = np.array([case.group not in _NOISY for case in cases])
    return {
        "cases": len(cases),
        "held_out": len(scorers) == FOLDS or all(case.fold < 0 for case in cases),
        "ablation": {"no guard": {"detected": 0.0, "refused_wrongly": 0.0}}
        | {name: _shares(np.array(column)[sure], harmful[sure]) for name, column in refused.items()},
        "roc": roc(np.array(scores)[sure], harmful[sure]),
        "by_kind": {kind: tuple(count) for kind, count in sorted(counts.items())},
        "misses": misses,
    }


def _kinds(case: Case) -> list[str]:
    what = "refused" if case.harmful else "served"
    kinds = [f"{what}: {case.group}"]
    if case.category in CATEGORIES:
        form = case.form or ("video prompts" if case.stage == "prompt" else "requests")
        kinds.append(f"refused, {form}: {case.category}")
    return kinds


def _shares(refused: NDArray[np.bool_], harmful: NDArray[np.bool_]) -> dict[str, float]:
    def share(of: NDArray[np.bool_]) -> float:
        return round(float(refused[of].mean()), 4) if of.any() else math.nan

    return {"detected": share(harmful), "refused_wrongly": share(~harmful)}


def classifiers(model_dir: Path, weights: Path | None = None) -> list[Scorer]:
    """The shipped classifier, that of a file, or those of a cross-validation's folder.

    Raises:
        OSError, ValueError: missing or broken weights.
    """
    if weights is None or weights.is_file():
        return [TextClassifier(model_dir, weights or WEIGHTS)]
    return [TextClassifier(model_dir, weights / f"fold-{fold}.safetensors") for fold in range(FOLDS)]
