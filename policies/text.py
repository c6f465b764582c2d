"""The judge of words: rules that explain themselves, and the classifier, each checking the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .base import Stage, Subject, Verdict
from .categories import CATEGORIES, CHANNELS, OVERALL
from .classifier import ClassifierBroken, Scorer
from .config import TextConfig
from .normalize import readings, unreadable, windows
from .refusals import refusal
from .rules import Rule, harmless_context, violations

Rules = Callable[[str], list[Rule]]

_CONTINUES = re.compile(
    r"^(?:(?:please|ok|okay|yes|sure|then|and|but|just|now|well|so)\b[ ,]*)*"
    r"(?:do (?:it|that|so)|go (?:on|ahead)|continue|try again|anyway|again|tell me|answer|i mean it|pretend|why not|"
    r"same|never ?mind the rules|ignore (?:the|that|your)|it'?s (?:only|just|for)|the same|what i (?:said|asked)|"
    r"(?:make|show|give|write|generate|create) (?:it|that|them|me that|the same))\b"
)


class TooLong(ValueError):
    """The text is longer than the policy lets a text be; it was not judged."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with a text: its gravest category, how sure, and why; ``blocks`` when it must be refused."""

    blocks: bool
    category: str = ""
    score: float = 0.0
    because: str = ""

    def verdict(self, stage: Stage, policy: str) -> Verdict:
        """As a policy's verdict, with the refusal in words."""
        return Verdict(
            stage=stage,
            policy=policy,
            action="block" if self.blocks else "allow",
            reason=refusal(self.category, self.because) if self.blocks else "",
            score=round(min(1.0, max(0.0, self.score)), 4),
            category=self.category if self.blocks else "",
        )


class TextPolicy:
    """Judges requests, prompts and answers.

    Every reading of the text (:mod:`.normalize`) is cut into windows; each window meets the rules and the classifier,
    and the worst decides. Earlier turns are judged together with the last one, so that harm split over turns is seen.

    Args:
        config: thresholds.
        classifier: scores windows; None means that it is missing, and then nothing passes.
        rules: the rules a normalised text breaks.
        custom: judges a text by the user's own categories.
    """

    name: ClassVar[str] = "text"
    stages: ClassVar[frozenset[Stage]] = frozenset({"input", "prompt", "output"})

    def __init__(
        self,
        config: TextConfig,
        classifier: Scorer | None,
        rules: Rules = violations,
        custom: Callable[[str], Finding | None] | None = None,
    ) -> None:
        self._config = config
        self._classifier = classifier
        self._rules = rules
        self._custom = custom
        # Earlier turns come again with every turn of a conversation; failures are not remembered.
        self._remembered = lru_cache(maxsize=256)(self.examine)
        self._thresholds = np.array([config.thresholds.get(channel, 1.0) for channel in CHANNELS], dtype=np.float32)

    def judge(self, subject: Subject) -> Verdict:
        """Judge the text of a subject.

        Raises:
            TooLong: the text was not judged.
            ClassifierBroken: there is no classifier, or its scores are unusable.
        """
        finding = self.examine(subject.text, subject.stage)
        if not finding.blocks and subject.history and subject.stage in {"input", "prompt"}:
            finding = self._with_history(subject, finding)
        return finding.verdict(subject.stage, self.name)

    def examine(self, text: str, stage: Stage = "input", *, together: bool = False) -> Finding:
        """Judge one text on its own; ``together``: it is several turns, each of them harmless alone."""
        if len(text) > self._config.max_characters:
            raise TooLong(f"the text is longer than {self._config.max_characters} characters; please shorten it")
        views = readings(text)
        if stage != "output" and unreadable(text) > self._config.unreadable and len(views) <= 3 and len(views[0]) > 3:
            found = self._worst(views, stage, together)
            because = "it is written in an alphabet that my safety check cannot read; English works"
            return found if found.blocks else Finding(True, "", 1.0, because)
        return self._worst(views, stage, together)

    def _worst(self, views: list[str], stage: Stage, together: bool) -> Finding:
        pieces = list(dict.fromkeys(piece for view in views for piece in windows(view)))
        scores = self._scores(pieces)
        limits = np.maximum(self._thresholds, self._config.together) if together else self._thresholds
        found = [self._piece(text, row, stage, limits) for text, row in zip(pieces, scores, strict=True)]
        if self._custom is not None:
            found += [finding for view in views if (finding := self._custom(view)) is not None]
        return max(found, key=lambda finding: (finding.blocks, finding.score))

    def _piece(self, text: str, scores: NDArray[np.float32], stage: Stage, limits: NDArray[np.float32]) -> Finding:
        """One window: hard rules first, then the classifier, then suspicions it does not dispel."""
        if harmless_context(text):
            limits = np.maximum(limits, self._config.harmless_context)
        if stage == "output":
            limits = np.maximum(limits, self._config.output)
        broken = self._rules(text) if stage != "output" else []
        best = int(np.argmax(scores[1:])) + 1
        category = CHANNELS[best] if scores[best] >= 0.25 else ""
        sure = float(scores.max())
        for rule in broken:
            if rule.hard or scores[0] >= self._config.soft_rule_floor:
                return Finding(True, rule.category, max(sure, 0.9 if rule.hard else 0.7), rule.because)
        if bool((scores >= limits).any()):
            return Finding(True, category, sure)
        return Finding(False, category, float(scores[CHANNELS.index(OVERALL)]))

    def _with_history(self, subject: Subject, alone: Finding) -> Finding:
        """The last turn in the light of those before it.

        A turn that only says "do it anyway" after a refused one is that request again. Otherwise the harmless turns
        before are read together with it: parts that are harmless alone may not be so as a whole.
        """
        past = [turn for turn in subject.history if turn.strip()][-self._config.turns :] if self._config.turns else []
        if not past:
            return alone
        judged = [self._remembered(turn[: self._config.max_characters]) for turn in past]
        if judged[-1].blocks and _CONTINUES.match(readings(subject.text)[0]):
            return judged[-1]
        harmless = [turn for turn, finding in zip(past, judged, strict=True) if not finding.blocks]
        if not harmless:
            return alone
        joined = " ".join([*harmless, subject.text])
        whole = self.examine(joined[-self._config.max_characters :], subject.stage, together=True)
        return whole if whole.blocks else alone

    def _scores(self, pieces: list[str]) -> NDArray[np.float32]:
        if self._classifier is None:
            raise ClassifierBroken("the text classifier is missing")
        scores = np.asarray(self._classifier.scores(pieces), dtype=np.float32)
        if scores.shape != (len(pieces), 1 + len(CATEGORIES)) or not np.isfinite(scores).all():
            raise ClassifierBroken("the text classifier's scores are unusable")
        return scores
