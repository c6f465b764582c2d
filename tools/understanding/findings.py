"""From an analysis to evidence: each finding in words, with its clip, time range and score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import Evidence, EvidenceKind

if TYPE_CHECKING:
    from ..media.probe import MediaInfo
    from .analysis import ClipAnalysis
    from .scenes import Scene

_ORDER: dict[str, int] = {
    "media": 0,
    "scene": 1,
    "shot": 2,
    "caption": 3,
    "label": 4,
    "text": 5,
    "color": 6,
    "motion": 7,
    "speech": 8,
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

    count = analysis.shot_count
    facts = [found("media", text, 0.0, end) for text in _facts(info, count)]
    findings = [found("scene", _scene(number, scene), scene.start, scene.end) for number, scene in _scenes(analysis)]
    whole = {shot.number: shot.end for shot in analysis.shots}  # the end of a shot's last part
    for shot in analysis.shots:
        if not info.still and shot.part == 0:
            opens = f" ({shot.opens})" if shot.opens in ("dissolve", "fade") else ""
            findings.append(found("shot", f"shot {shot.number} of {count}{opens}", shot.start, whole[shot.number]))
        if shot.caption is not None:
            findings.append(found("caption", shot.caption.text, shot.start, shot.end, shot.caption.score))
        findings += [found("label", label.name, label.start, label.end, label.p) for label in shot.labels]
        findings.append(found("color", shot.colors.describe(), shot.start, shot.end))
        if shot.motion is not None:
            findings.append(found("motion", shot.motion.describe(), shot.start, shot.end))
    findings += [found("text", text.text, text.start, text.end, text.score) for text in analysis.texts]
    return facts + sorted(findings, key=lambda one: (one.start, _ORDER[one.kind]))


def _scenes(analysis: ClipAnalysis) -> list[tuple[int, Scene]]:
    return list(enumerate(analysis.scenes, 1))


def _scene(number: int, scene: Scene) -> str:
    shots = f"{scene.shots} shots" if scene.shots > 1 else "1 shot"
    return f"scene {number} ({shots})" + (f": {scene.text}" if scene.text else "")


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
