"""From an analysis to evidence: each finding in words, with its clip, time range and score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import Evidence, EvidenceKind

if TYPE_CHECKING:
    from ..media.probe import MediaInfo
    from .analysis import ClipAnalysis, ShotAnalysis

_ORDER: dict[str, int] = {
    "media": 0,
    "shot": 1,
    "caption": 2,
    "label": 3,
    "text": 4,
    "color": 5,
    "motion": 6,
    "speech": 7,
}
_LONGEST = 500


def evidence_of(analysis: ClipAnalysis, clip: str) -> list[Evidence]:
    """Every finding of an analysis: facts of the file first, then in order of time."""
    info = analysis.info
    end = max(info.duration, analysis.shots[-1].end if analysis.shots else 0.0)

    def found(kind: EvidenceKind, text: str, start: float, stop: float, score: float = 1.0) -> Evidence:
        begin = min(max(start, 0.0), end)
        return Evidence(
            clip=clip,
            start=round(begin, 3),
            end=round(min(max(stop, begin), end), 3),
            kind=kind,
            text=text[:_LONGEST],
            score=round(min(max(score, 0.0), 1.0), 4),
        )

    facts = [found("media", text, 0.0, end) for text in _facts(info, len(analysis.shots))]
    findings: list[Evidence] = []
    for number, shot in enumerate(analysis.shots, 1):
        if not info.still:
            findings.append(found("shot", f"shot {number} of {len(analysis.shots)}", shot.start, shot.end))
        if shot.caption is not None:
            findings.append(found("caption", shot.caption.text, shot.start, shot.end, shot.caption.score))
        findings += [
            found("label", label.name, *_span(analysis, shot, label.first, label.last), label.p)
            for label in shot.labels
        ]
        findings.append(found("color", shot.colors.describe(), shot.start, shot.end))
        if shot.motion is not None:
            findings.append(found("motion", shot.motion.describe(), shot.start, shot.end))
    findings += [found("text", text.text, text.start, text.end, text.score) for text in analysis.texts]
    return facts + sorted(findings, key=lambda one: (one.start, _ORDER[one.kind]))


def _span(analysis: ClipAnalysis, shot: ShotAnalysis, first: int, last: int) -> tuple[float, float]:
    """From the first frame that shows something to the frame after the last that does, inside the shot."""
    times = analysis.frame_times
    end = float(times[last + 1]) if last + 1 < len(times) else shot.end
    inside = [time for time in times.tolist() if shot.start - 1e-4 <= time < shot.end]
    start = shot.start if not inside or float(times[first]) <= inside[0] else float(times[first])
    return max(start, shot.start), min(end, shot.end)


def _facts(info: MediaInfo, shots: int) -> list[str]:
    """What the file says of itself. Title and comment come from outside: quoted, never followed."""
    size = f"{info.width}x{info.height} pixels"
    if info.still:
        facts = [f"a picture, {size}"]
    else:
        sound = "with sound" if info.has_audio else "without sound"
        cuts = "1 shot" if shots == 1 else f"{shots} shots"
        facts = [f"{info.duration:.1f} s long, {size}, {info.fps:.4g} frames a second, {sound}, {cuts}"]
    for name, value in (("title", info.title), ("comment", info.comment)):
        if value.strip():
            quoted = " ".join(value.split())[:300].replace('"', "'")
            facts.append(f'{name} (from the file): "{quoted}"')
    return facts
