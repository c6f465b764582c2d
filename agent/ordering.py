"""Which of two things comes first in a clip: told by how like every frame is to the words for each of them.

The clip memory's projection compares frames with words. The cut that best parts frames which are more like the one
thing from frames which are more like the other says which of them comes first; how well it parts them, how surely.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..memory.projection import probability
from ..tools.understanding.arguments import Evidence
from .frames import spread

if TYPE_CHECKING:
    from ..tools.base import Source
    from .components import Components

_WHEN = r"(?:first|last|earlier|later|sooner|before|after)"
_THING = r"(?:the |an? |some )?([\w' -]{2,40}?)"
_COMES = r"(?:comes?|came|appears?|appeared|happens?|shows? up|is|was|are|were)(?: seen| shown)?"
_FORMS = [
    re.compile(rf"\b{_WHEN}\b[^,:;]*[,:;]\s*{_THING} or {_THING}\s*[?.!]*$", re.IGNORECASE),
    re.compile(
        rf"\b(?:(?:is it|does|do|did|is|are|was|were)\s+)?{_THING} or {_THING},? (?:that |which )?{_COMES} {_WHEN}"
        r"\s*[?.!]*$",
        re.IGNORECASE,
    ),
    re.compile(
        rf"^\W*(?:does|do|did|is|are|was|were) {_THING} (?:(?:come|appear|seen|shown|show up|happen) )?"
        rf"(?:before|after) {_THING}\s*[?.!]*$",
        re.IGNORECASE,
    ),
]
_PLACE = re.compile(r"\s*\b(?:in|of) (?:c\d+|the (?:clip|video))\b,?", re.IGNORECASE)
_FRAMES = 24
_SIDE = 256
# On 300 pairs of unseen photos, 95 % right: a difference of 0.1 was right four times in five, 0.25 nearly always.
_SLOPE = 12.0
_LEAST = 0.62


def things_ordered(question: str) -> tuple[str, str] | None:
    """The two things whose order a question asks for; None for any other question."""
    text = _PLACE.sub("", " ".join(question.split()))
    found = next(filter(None, (form.search(text) for form in _FORMS)), None)
    return (found[1].strip(), found[2].strip()) if found else None


def parted(likeness: NDArray[np.float32]) -> tuple[int, float]:
    """The best cut through likeness (T, 2) to a and b, T of 2 or more.

    Returns:
        The first frame after the cut, and by how much more (of the cosine) the frames before it are like a than b,
        compared with the frames after it: above 0 when a comes first.
    """
    lead = likeness[:, 0] - likeness[:, 1]
    count = len(lead)
    gaps = [float(lead[:k].mean() - lead[k:].mean()) for k in range(1, count)]
    weights = [math.sqrt(k * (count - k)) for k in range(1, count)]
    best = max(range(count - 1), key=lambda k: abs(gaps[k]) * weights[k])
    return best + 1, gaps[best]


def ordered(parts: Components, source: Source, question: str) -> Evidence | None:
    """The answer to a question about order as evidence; None for other questions, or when frames do not tell."""
    things = things_ordered(question)
    if things is None:
        return None
    frames = spread(source, _FRAMES, _SIDE)
    if len(frames.images) < 2:
        return None
    shown = parts.projection.images(parts.encoder.encode(frames.images).pooled)
    told = parts.projection.texts(parts.embedder.embed_texts([f"a {thing}" for thing in things]))
    likeness: NDArray[np.float32] = shown @ told.T
    cut, gap = parted(likeness)
    sure = probability(abs(gap), _SLOPE, 0.0)
    if sure < _LEAST:
        return None
    early, late = (0, 1) if gap > 0 else (1, 0)
    seen = float(frames.times[int(likeness[:cut, early].argmax())])
    then = float(frames.times[cut + int(likeness[cut:, late].argmax())])
    end = source.end if source.end is not None else frames.info.duration
    text = f"the {things[early]} comes first and the {things[late]} later (best seen at {seen:.1f} s and {then:.1f} s)"
    return Evidence(clip=source.clip, start=source.start, end=end, kind="answer", text=text, score=round(sure, 4))
