"""What understanding found in a clip, as it is kept in the library, and as the memory is to find it again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict

from ..policies.injection import screen
from ..tools.understanding.arguments import Evidence

if TYPE_CHECKING:
    from ..memory.moments import ShotRecord
    from ..tools.understanding.analysis import ClipAnalysis
    from ..tools.understanding.speech import Heard

ANALYSIS = "understanding-4"
"""Version of what :func:`~gpt4video.tools.understanding.analysis.analyse` finds; a new one analyses again."""

_ROUNDING = 0.02
"""Seconds by which the ends of neighbouring findings may overlap without meaning it."""
_COLORED = 0.15
"""Share of the picture from which a shot shows a colour."""
_SHOTS = 3
"""Shots whose descriptions stand for a clip."""
_READ = 0.5
"""Confidence from which words on screen count as read."""


class Findings(BaseModel):
    """What understanding found in a whole clip.

    Attributes:
        evidence: every finding.
        sampling: how densely it looked.
        listening: where what is said comes from, or why nothing was heard.
        partial: what could not be read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    evidence: list[Evidence]
    sampling: str
    listening: str = ""
    partial: str = ""

    def within(self, start: float, end: float | None) -> list[Evidence]:
        """The findings that overlap a span by more than rounding, cut to it."""
        last = float("inf") if end is None else end
        cut = [(item, max(item.start, start), min(item.end, last)) for item in self.evidence]
        return [
            item.model_copy(update={"start": begin, "end": until})
            for item, begin, until in cut
            if until - begin > _ROUNDING or begin == until == item.start
        ]


class Shown(NamedTuple):
    """What a span shows, as a prompt may take it up: descriptions, colours and words on screen."""

    description: str
    colors: list[str]
    written: list[str]


def shown(found: list[Evidence]) -> Shown:
    """The captions of a span's first shots (else its labels), its colours and what is written in it.

    What is written and reads like an instruction is left out.
    """
    captions = [item.text.rstrip(" .") for item in found if item.kind == "caption"]
    labels = [item.text for item in sorted(found, key=lambda item: -item.score) if item.kind == "label"]
    description = ", then ".join(list(dict.fromkeys(captions))[:_SHOTS]) or ", ".join(dict.fromkeys(labels[:3]))
    longest = max(
        (item for item in found if item.kind == "color"), key=lambda item: item.end - item.start, default=None
    )
    screens = [screen(item.text) for item in found if item.kind == "text" and item.score >= _READ]
    written = list(dict.fromkeys(one.text for one in screens if not one.suspicious))
    return Shown(description, _colors(longest.text) if longest is not None else [], written)


def _colors(told: str) -> list[str]:
    if told.startswith("black and white"):
        return ["black and white"]
    return [word for word, share in re.findall(r"([a-z]+) \((\d+)%\)", told) if int(share) >= 100 * _COLORED]


def findings_of(clip: str, analysis: ClipAnalysis, heard: Heard) -> Findings:
    """Everything that was seen, read and heard in a clip, in order of time after the file's facts."""
    seen = analysis.evidence(clip)
    said = [
        Evidence(clip=clip, start=line.start, end=line.end, kind="speech", text=line.text, score=line.score)
        for line in heard.lines
    ]
    facts = [item for item in seen if item.kind == "media"]
    timed = sorted([item for item in seen if item.kind != "media"] + said, key=lambda item: item.start)
    return Findings(evidence=facts + timed, sampling=analysis.sampling, listening=heard.note, partial=analysis.partial)


def records_of(analysis: ClipAnalysis, found: Findings) -> list[ShotRecord]:
    """A record for the memory of each shot, or part of a long one."""
    from ..memory.moments import Line
    from ..memory.search import ShotRecord

    return [
        ShotRecord(
            start=shot.start,
            end=shot.end,
            features=shot.features,
            lines=[
                Line(item.kind, item.text, item.start, item.end)
                for item in found.within(shot.start, shot.end)
                if item.kind in ("caption", "label", "text", "speech", "color")
            ],
            colors=[word for word, share in shot.colors.shares if share >= _COLORED and not shot.colors.colorless],
        )
        for shot in analysis.shots
    ]
