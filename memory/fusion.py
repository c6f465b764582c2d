"""From several kinds of evidence about a shot to one probability, and to the least that counts as found.

Each similarity is read as a probability on a calibration measured on photos. What speaks for the words is joined by
noisy or: a look or a line may be enough by itself, several are surer. Reciprocal ranks (Cormack, Clarke and Buettcher
2009) put the right one of 181 photos first in 35 % of the searches, noisy or (without the least of ``_SAID``) in 45 %:
a rank does not tell that a caption fits nothing. Words and likeness together ("like this, but at night") must both be
met: their geometric mean had the wanted photo among the first five in 30 % of 400 searches, one vector between the two
in 28 %, noisy or in 21 %, reciprocal ranks in 25 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from .embedder import Vectors
from .moments import Moment, Reason, ReasonKind
from .projection import Calibration, probability
from .vectors import Value

_FITS: Final = 0.3
"""Probability from which one of ten shots counts as found. Single words score lower than the captions of the
calibration: at 0.5 "bicycle" misses a parked one."""
_CROWD: Final = 0.35
"""How much surer (log odds) the best has to be with each e-fold of shots: the more there are, the more like the words
is the one that is most like them by chance. At 0.2 and without this, of things that no photo shows 17 % were "found"
among 10 photos, but 82 % among 200. ``benchmarks/moments.py`` measures both sides."""
_SINGLE: Final = 0.4
"""Log odds that a single word gets on top: alone it is less like a picture than a sentence that holds it."""
_KNOWN: Final = 3.0
"""Log odds that a picture gets when all words are among what is known of it (a label counts double: nine in ten are
right): a label that holds "dog" confirms the dog of "a dog runs on grass", though it says nothing of grass. On stitched
photos the right one came among the first five in 91 % of the searches instead of 82 %, and absent things were found no
more often (``benchmarks/moments.py``)."""
_SAID: Final = 0.75
"""Probability from which a text counts: below lie related words ("car" for "bicycle"), not the same thing."""
_TRUST: Final[dict[str, float]] = {"caption": 0.5, "label": 0.5, "color": 0.5}
"""What was concluded from a picture is wrong too often to be believed as words on screen or speech are: of the photos
whose caption of ours holds a word, a third show the thing."""
_EXACT: Final = (12.0, -9.0)
"""At 11 of 12 words of a query in a line it fits with 0.88, at three quarters with 0.5."""
_TOLD: Final = 0.05


@dataclass
class Candidate:
    """A shot that some evidence speaks for.

    Attributes:
        name: of the shot.
        moment: its span and text.
        labels: what a classifier saw in it.
        vector: of its picture, None when it has none.
        words: what speaks for the words that were sought, the best of each kind.
        likes: how it is like each picture or clip that was given.
        spans: of the lines that matched: (reason, start, end).
    """

    name: str
    moment: Moment
    labels: str = ""
    vector: Vectors | None = None
    words: dict[ReasonKind, Reason] = field(default_factory=dict)
    likes: list[Reason] = field(default_factory=list)
    spans: list[tuple[Reason, float, float]] = field(default_factory=list)

    def tell(self, reason: Reason, start: float, end: float) -> None:
        """Take a matching line as evidence."""
        self.spans.append((reason, start, end))
        self.see(reason)

    def see(self, reason: Reason) -> None:
        """Take evidence for the words."""
        if reason.score > self.words.get(reason.kind, Reason(reason.kind, "", -1.0)).score:
            self.words[reason.kind] = reason

    def score(self, worded: bool) -> float:
        """How probably it fits; ``worded`` says whether words were sought."""
        sides = [reason.score for reason in self.likes]
        if worded:
            sides.append(1.0 - math.prod(1.0 - reason.score for reason in self.words.values()))
        return math.prod(sides) ** (1 / len(sides)) if sides else 0.0

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What speaks for it, the strongest first."""
        told = [reason for reason in [*self.words.values(), *self.likes] if reason.score >= _TOLD]
        return tuple(sorted(told, key=lambda reason: -reason.score))


class Weights:
    """Reads similarities as probabilities."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration

    def picture(self, similarity: float, words: int, known: float = 0.0) -> Reason:
        """So many words against a picture, of which findings are known that hold a share of the words, ``known``."""
        slope, offset = self._calibration.picture_slope, self._calibration.picture_offset
        odds = (_SINGLE if words == 1 else 0.0) + _KNOWN * known
        return Reason("picture", "", round(probability(similarity, slope, offset + odds), 4))

    def likeness(self, similarity: float) -> Reason:
        """Picture against picture."""
        fits = probability(similarity, self._calibration.likeness_slope, self._calibration.likeness_offset)
        return Reason("likeness", "", round(fits, 4))

    def line(self, metadata: dict[str, Value], similarity: float, covered: float) -> Reason:
        """Words against a line: what it means, or that it holds just these words (a share of them, ``covered``)."""
        meant = probability(similarity, self._calibration.text_slope, self._calibration.text_offset)
        exact = probability(covered, *_EXACT)
        kind: ReasonKind = metadata["kind"]  # type: ignore[assignment]  # as it was stored
        fits = max(meant if meant >= _SAID else 0.0, exact if exact >= 0.5 else 0.0) * _TRUST.get(kind, 1.0)
        return Reason(kind, str(metadata["line"]), round(fits, 4))


def least(shots: int, worded: bool) -> float:
    """The probability from which a shot counts as found among so many shots; words are sought, or only likeness."""
    crowd = _CROWD * math.log(max(shots, 10) / 10) if worded else 0.0
    return probability(crowd, 1.0, math.log(_FITS / (1 - _FITS)))


def cosine(one: Vectors, other: Vectors) -> float:
    """Of unit vectors."""
    return float(np.dot(one, other))
