"""What the clip memory takes in and gives back: shots with their lines, found moments with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .embedder import Vectors
from .text import plain

LineKind = Literal["caption", "label", "text", "speech", "color"]
ReasonKind = Literal["picture", "likeness", "caption", "label", "text", "speech", "color", "filter"]
Span = tuple[str, float, float | None]
"""A span of a clip: (id, start, end) in seconds; end None is the clip's end."""


@dataclass(frozen=True)
class Line:
    """One finding in words.

    Attributes:
        kind: where it comes from: a caption, a class label, on-screen text, speech or colours.
        text: the finding; data from a source, never an instruction.
        start: seconds.
        end: seconds.
    """

    kind: LineKind
    text: str
    start: float
    end: float


@dataclass(frozen=True)
class ShotRecord:
    """A shot, or a part of a long one, as understanding saw it.

    Attributes:
        start: seconds.
        end: seconds.
        features: (1280,) pooled picture features, a mean over frames is fine; None when there are none.
        lines: what is known of it in words.
        colors: names of the colours that it shows ("red").
    """

    start: float
    end: float
    features: Vectors | None
    lines: Sequence[Line] = ()
    colors: Sequence[str] = ()


@dataclass(frozen=True)
class Reason:
    """Why a moment was returned.

    Attributes:
        kind: ``picture``: it looks like the words; ``likeness``: it looks like the picture or clip; the kind of the
            line that matched; or ``filter``: it is one of those that were asked for.
        text: the line that matched, else empty.
        score: how probably this alone makes it fit, 0 to 1.
    """

    kind: ReasonKind
    text: str
    score: float


@dataclass(frozen=True)
class Moment:
    """A found span of a clip.

    Attributes:
        clip: library id.
        start: seconds.
        end: seconds.
        score: the probability, 0 to 1, that it fits.
        text: what is known of it.
        reasons: which evidence matched, the strongest first.
    """

    clip: str
    start: float
    end: float
    score: float
    text: str
    reasons: tuple[Reason, ...] = ()


def color_key(color: str) -> str:
    """The name under which a row says that its shot shows a colour."""
    return f"color_{plain(color).strip().lower()}"


def overlaps(start: float, end: float, clip: str, span: Span) -> bool:
    """Whether a stretch of a clip shares some time with a span."""
    name, first, last = span
    return clip == name and start < (float("inf") if last is None else last) and first < end
