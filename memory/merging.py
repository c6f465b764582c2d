"""From shots that fit to the moments that are returned: narrowed to what was said, joined where they go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from .fusion import Candidate
from .moments import Moment, Reason

_ALIKE: Final = 0.8
"""Cosine of pictures from which two shots show the same."""
_GAP: Final = 0.3
_SURE: Final = 0.8
_SHORTEST: Final = 1.0
_NEARLY: Final = 0.8


@dataclass
class _Stretch:
    """Shots of a clip, one after another, that are one moment; the last is what a next one has to go on from."""

    moment: Moment
    last: Candidate


def ranked(candidates: Iterable[Candidate], worded: bool) -> list[Moment]:
    """Moments, the most probable first: neighbours that belong together are one, with the better's score and words."""
    clips: dict[str, list[Candidate]] = {}
    for one in candidates:
        clips.setdefault(one.moment.clip, []).append(_scored(one, worded))
    stretches = [stretch for shots in clips.values() for stretch in _stretches(shots)]
    return sorted((one.moment for one in stretches), key=lambda one: (-one.score, one.clip, one.start))


def _scored(one: Candidate, worded: bool) -> Candidate:
    moment = replace(one.moment, score=round(one.score(worded), 4), reasons=one.reasons)
    return replace(one, moment=_narrowed(one, moment))


def _stretches(shots: Sequence[Candidate]) -> list[_Stretch]:
    joined: list[_Stretch] = []
    for one in sorted(shots, key=lambda shot: (shot.moment.start, shot.moment.end)):
        if joined and _go_on(joined[-1], one):
            joined[-1] = _Stretch(_union(joined[-1].moment, one.moment), one)
        else:
            joined.append(_Stretch(one.moment, one))
    return joined


def _go_on(stretch: _Stretch, one: Candidate) -> bool:
    """Whether a shot goes on from a stretch: without a gap, and it shows the same or fits as surely."""
    if one.moment.start > stretch.moment.end + _GAP:
        return False
    last = stretch.last
    if last.vector is not None and one.vector is not None and float(last.vector @ one.vector) >= _ALIKE:
        return True
    if min(last.moment.score, one.moment.score) >= _SURE:
        return True
    told = {(reason.kind, reason.text) for reason in last.moment.reasons if reason.text}
    return any((reason.kind, reason.text) in told for reason in one.moment.reasons)


def _union(one: Moment, other: Moment) -> Moment:
    better, worse = (one, other) if one.score >= other.score else (other, one)
    known: dict[tuple[str, str], Reason] = {}
    for reason in [*better.reasons, *worse.reasons]:
        known.setdefault((reason.kind, reason.text), reason)
    return replace(
        better,
        start=min(one.start, other.start),
        end=max(one.end, other.end),
        reasons=tuple(sorted(known.values(), key=lambda reason: -reason.score)),
    )


def _narrowed(one: Candidate, moment: Moment) -> Moment:
    """Where only words on screen or speech fit, the time of these words, not of all the shot."""
    best = max((reason.score for reason in moment.reasons), default=0.0)
    strong = [reason for reason in moment.reasons if reason.score >= _NEARLY * best]
    if not strong or any(reason.kind not in ("text", "speech") for reason in strong):
        return moment
    spans = [(start, end) for reason, start, end in one.spans if reason.score >= _NEARLY * best]
    start = max(moment.start, min(start for start, _ in spans))
    end = min(moment.end, max(end for _, end in spans))
    room = (_SHORTEST - (end - start)) / 2
    if room > 0:
        start, end = max(moment.start, start - room), min(moment.end, end + room)
    return replace(moment, start=round(start, 3), end=round(end, 3)) if end > start else moment
