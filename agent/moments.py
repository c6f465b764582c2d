"""When something is to be seen, read or heard in a clip: every part of it is compared with the words.

The clip memory's projection compares frames, two a second, with the words; findings that hold these words (labels,
captions, text on screen, speech) make the frames of their time more probable. What stays probable is a range.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..memory.fusion import Weights, least
from ..memory.words import coverage, sought
from ..tools.media.probe import probe
from ..tools.understanding.arguments import Evidence
from .frames import spread

if TYPE_CHECKING:
    from ..tools.base import Source
    from .components import Components

_ASKS = re.compile(
    r"^\W*(?:(?:and|so|please|tell me|show me|say)\W+)*"
    r"(?:in (?:c\d+|(?:the|this) (?:clip|video)),? )?"
    r"(?:when|(?:at|from|in|during) (?:what|which) (?:times?|points?|moments?|seconds?|parts?|minutes?)|"
    r"(?:what|which) (?:points?|moments?|seconds?|parts?)|"
    r"where in (?:c\d+|(?:the|this) (?:clip|video)))\b(?: exactly)?",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\s*\b(?:in|of|from|into|during) (?:c\d+|it|(?:the|this|that)(?: \w+)? (?:clip|video|recording))\b,?",
    re.IGNORECASE,
)
_HELPS = r"(?:do|does|did|is|are|was|were|can|could|will|has|have|shows?|shown?|contains?|features?|there|you|we|i|one)"
_START = re.compile(rf"^(?:\W*(?:{_HELPS}|see|find|hear|read|first|last)\b)+\W*", re.IGNORECASE)
_END = re.compile(
    r"(?:\W*\b(?:(?:first|last) )?(?:appear(?:s|ed|ing)?|com(?:es?|ing) (?:up|in|into (?:view|sight|the picture))|"
    r"show(?:s|n|ing)?(?: up)?|visible|seen|to be seen|in (?:view|sight|the picture|frame)|on (?:the )?screen|"
    r"happen(?:s|ed)?|there|first|last))+\W*$",
    re.IGNORECASE,
)
_SAID = re.compile(r"\b(?:says?|said|saying|mention(?:s|ed)?|spoken|heard|talk(?:s|ed)? about)\b\W*", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:the|an?|some|any|this|that)\s+", re.IGNORECASE)
_NO_THING = re.compile(
    r"^(?:it|this|that|they|he|she|the|video|clip|film|recording|(?:the )?(?:first|last)? ?(?:shot|scene|cut)s?)?$|"
    r"\b(?:made|filmed|recorded|taken|uploaded|published|edited|added|created)$|"
    r"^(?:it|this|that|the (?:video|clip|film)|video|clip|film) (?:starts?|begins?|ends?|stops?)$",
    re.IGNORECASE,
)
_RATE = 2.0
_LEAST_FRAMES, _MOST_FRAMES = 8, 120
_SIDE = 256
_OF_BEST = 0.4
"""A range goes on while the smoothed probability is so large a part of the clip's best."""
_BELIEVED = {"label": 0.5, "caption": 0.5, "text": 0.95, "speech": 0.95}
_HEARD = ("text", "speech")
_HELD = 0.99
"""Share of the words that a finding has to hold."""
_MOST_RANGES = 6

Floats = NDArray[np.float64]
Range = tuple[float, float]


def thing_timed(question: str) -> tuple[str, bool] | None:
    """What a question asks the time of, and whether it is something said; None for any other question."""
    text = " ".join(question.split())
    asks = _ASKS.search(text)
    if asks is None:
        return None
    rest = _PLACE.sub("", text[asks.end() :]).strip(" ?.!,")
    said = _SAID.search(rest)
    after = rest[said.end() :].strip() if said else ""
    thing = after or _END.sub("", _START.sub("", _SAID.sub("", rest)))
    thing = _ARTICLE.sub("", thing.strip(" ?.!,'\"“”"))
    return None if _NO_THING.search(thing) else (thing, bool(said))


def smoothed(values: Floats) -> Floats:
    """Each of (T,) values with half the weight on itself and a quarter on either neighbour; ends are repeated."""
    padded = np.pad(values, 1, mode="edge")
    return 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]


def ranges(values: Floats, edges: Sequence[float], enough: float) -> list[Range]:
    """Stretches in which probabilities stay high.

    Args:
        values: (T,) probabilities of parts that follow on each other.
        edges: T + 1 seconds, where the parts begin and end.
        enough: what the best of a stretch has to reach; it goes on while two fifths of the best of all are reached.
    """
    keep = _OF_BEST * float(values.max(initial=0.0))
    high = np.flatnonzero(np.diff(np.concatenate([[False], (values >= keep) & (values > 0), [False]]).astype(np.int8)))
    stretches = zip(high[::2].tolist(), high[1::2].tolist(), strict=True)
    return [(edges[start], edges[end]) for start, end in stretches if values[start:end].max() >= enough]


def snapped(found: Sequence[Range], cuts: Sequence[float], within: float) -> list[Range]:
    """Ranges whose ends lie at the nearest cut where one is near; a range that would vanish stays as it is."""

    def near(second: float) -> float:
        best = min(cuts, key=lambda cut: abs(cut - second), default=second)
        return best if abs(best - second) <= within else second

    moved = [(near(start), near(end)) for start, end in found]
    return [new if new[0] < new[1] else old for new, old in zip(moved, found, strict=True)]


def timed(parts: Components, source: Source, question: str) -> Evidence | None:
    """The answer to a question about time as evidence, "at no time" included; None for other questions."""
    asked = thing_timed(question)
    if asked is None:
        return None
    thing, said = asked
    known = parts.knows(source.clip, parts.settings.user)
    found = parts.intake.findings(source.clip, user=parts.settings.user).evidence if known else []
    end = source.end if source.end is not None else probe(source.path).duration
    count = min(_MOST_FRAMES, max(_LEAST_FRAMES, math.ceil(_RATE * (end - source.start))))
    edges = np.linspace(source.start, end, count + 1).tolist()
    looks = np.zeros(count) if said else _looks(parts, source, thing, count)
    values = smoothed(1.0 - (1.0 - looks) * (1.0 - _told(found, edges, sought(thing), said)))
    cuts = [item.start for item in found if item.kind == "shot" and source.start < item.start < end]
    times = ranges(values, edges, least(len(cuts) + 1, worded=True))
    times = snapped(times, [source.start, *cuts, end], (end - source.start) / count)
    return _answer(source, thing, said, times, end, float(values.max()))


def _looks(parts: Components, source: Source, thing: str, count: int) -> Floats:
    """How probably each of so many frames shows a thing."""
    weights = Weights(parts.projection.calibration)
    shown = parts.projection.images(parts.encoder.encode(spread(source, count, _SIDE).images).pooled)
    told = parts.projection.texts(parts.embedder.embed_texts([_worded(thing)]))[0]
    words = len(sought(thing))
    values = np.array([weights.picture(float(similarity), words).score for similarity in shown @ told])
    # Frames at the end that cannot be decoded are missing: nothing is known of them.
    return np.pad(values, (0, max(0, count - len(values))))[:count]


def _worded(thing: str) -> str:
    """As captions speak of it: "dog" -> "a dog"; what is more than a name stays as it is."""
    return f"a {thing}" if re.fullmatch(r"[\w'-]+", thing) and not thing.endswith("s") else thing


def _told(found: Sequence[Evidence], edges: Sequence[float], wanted: list[str], said: bool) -> Floats:
    """How probable findings that hold the words make each part."""
    values = np.zeros(len(edges) - 1)
    for item in found:
        if item.kind in _BELIEVED and (not said or item.kind in _HEARD) and coverage(wanted, item.text) >= _HELD:
            inside = [start < item.end and item.start < end for start, end in itertools.pairwise(edges)]
            values = np.where(inside, 1.0 - (1.0 - values) * (1.0 - _BELIEVED[item.kind]), values)
    return values


def _answer(source: Source, thing: str, said: bool, times: list[Range], end: float, best: float) -> Evidence:
    doing = "heard or read" if said else "seen"
    if times:
        spans = [f"{start:.1f}-{stop:.1f} s" for start, stop in times[:_MOST_RANGES]]
        when = f"{', '.join(spans[:-1])} and {spans[-1]}" if len(spans) > 1 else spans[0]
        text, score = f"{_quoted(thing)} is {doing} at {when}", best
        start, stop = times[0][0], times[-1][1]
    else:
        text, score = f"{_quoted(thing)} is never {doing}", 1.0 - best
        start, stop = source.start, end
    score = round(min(max(score, 0.0), 1.0), 4)
    return Evidence(clip=source.clip, start=start, end=stop, kind="answer", text=text, score=score)


def _quoted(thing: str) -> str:
    return "'" + thing.replace("'", "’") + "'"
