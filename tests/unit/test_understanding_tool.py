"""The tool: spans, order of relevance, several clips, and its errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from gpt4video.tools.base import Source
from gpt4video.tools.errors import BadArguments, MediaBroken
from gpt4video.tools.understanding.arguments import Evidence, EvidenceKind, UnderstandArguments, UnderstandResult
from gpt4video.tools.understanding.tool import UnderstandVideo


@dataclass
class Findings:
    evidence: list[Evidence]
    sampling: str = "Looked at every frame."
    partial: str = ""


@dataclass
class World:
    """A context with two clips and a span."""

    workdir: Path = Path()
    reports: list[float] = field(default_factory=list)

    def sources(self, ref: str) -> list[Source]:
        known = {
            "c1": [Source(clip="one", path=Path("1.mp4"))],
            "c2": [Source(clip="two", path=Path("2.mp4"))],
            "c1@2-4": [Source(clip="one", path=Path("1.mp4"), start=2, end=4)],
            "c1@4-2": [Source(clip="one", path=Path("1.mp4"), start=4, end=2)],
            "$1": [Source(clip="one", path=Path("1.mp4")), Source(clip="two", path=Path("2.mp4"))],
            "$2": [],
        }
        if ref not in known:
            raise BadArguments(f"There is no clip {ref}.", "Name one of the conversation's clips.")
        return known[ref]

    def progress(self, fraction: float, note: str = "") -> None:
        self.reports.append(fraction)


def found(kind: EvidenceKind, text: str, start: float, end: float, score: float = 1.0, clip: str = "one") -> Evidence:
    return Evidence(clip=clip, start=start, end=end, kind=kind, text=text, score=score)


ONE = [
    found("media", "10.0 s long", 0, 10),
    found("shot", "shot 1 of 2", 0, 3),
    found("label", "dog", 0, 3, 0.7),
    found("color", "mostly green (60%)", 0, 3),
    found("shot", "shot 2 of 2", 3, 10),
    found("label", "dog", 3, 6, 0.9),
    found("color", "mostly grey (60%)", 3, 10),
    found("text", "TAXI", 5, 6),
]


def look(source: Source) -> Findings:
    if source.clip == "one":
        return Findings(ONE)
    return Findings([found("label", "cat", 0, 2, clip="two")], "Looked at 1 frame every 2 s.", "The end is damaged.")


def run(*clips: str, question: str = "") -> UnderstandResult:
    return UnderstandVideo(look).run(UnderstandArguments(clips=list(clips), question=question), World())


def test_without_a_question_findings_stay_in_time_order_each_once() -> None:
    result = run("c1")

    assert [(item.kind, item.start, item.end) for item in result.evidence] == [
        ("media", 0, 10),
        ("shot", 0, 3),
        ("label", 0, 6),
        ("color", 0, 3),
        ("shot", 3, 10),
        ("color", 3, 10),
        ("text", 5, 6),
    ]
    assert result.evidence[2].score == 0.9
    assert result.sampling == "Looked at every frame."


def test_a_span_cuts_the_findings_and_keeps_the_facts() -> None:
    result = run("c1@2-4")

    assert [(item.kind, item.start, item.end) for item in result.evidence] == [
        ("media", 0, 10), ("shot", 2, 3), ("label", 2, 4), ("color", 2, 3), ("shot", 3, 4), ("color", 3, 4)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "kind", "text"),
    [
        ("What does it say?", "text", "TAXI"),
        ("how many shots?", "shot", "shot 1 of 2"),
        ("what colours are there", "color", "mostly green (60%)"),
        ("how long is it?", "media", "10.0 s long"),
        ("is there a dog", "label", "dog"),
        ("when is something grey", "color", "mostly grey (60%)"),
    ],
)
def test_what_bears_on_the_question_comes_first(question: str, kind: str, text: str) -> None:
    result = run("c1", question=question)

    assert (result.evidence[0].kind, result.evidence[0].text) == (kind, text)
    assert len(result.evidence) == 7


def test_several_clips_keep_their_own_sampling_and_damage() -> None:
    result = run("$1")

    assert {item.clip for item in result.evidence} == {"one", "two"}
    assert result.sampling == "Looked at every frame. Looked at 1 frame every 2 s."
    assert result.partial == "two: The end is damaged."


def test_the_same_clip_named_twice_is_told_once() -> None:
    assert run("c1", "c1").evidence == run("c1").evidence


@pytest.mark.parametrize("ref", ["c9", "$2", "c1@4-2"])
def test_clips_and_spans_that_are_none_are_bad_arguments(ref: str) -> None:
    with pytest.raises(BadArguments):
        run(ref)


def test_media_errors_pass_through_and_progress_is_reported() -> None:
    def broken(source: Source) -> Findings:
        raise MediaBroken("The file is damaged.", "Get a whole copy.")

    with pytest.raises(MediaBroken):
        UnderstandVideo(broken).run(UnderstandArguments(clips=["c1"]), World())
    world = World()
    UnderstandVideo(look).run(UnderstandArguments(clips=["c1", "c2"]), world)
    assert world.reports == [0.0, 0.5, 1.0]


def test_a_viewer_is_asked_once_a_clip_and_only_questions() -> None:
    asked: list[tuple[str, str]] = []

    def viewer(source: Source, question: str) -> Evidence | None:
        asked.append((source.clip, question))
        return found("answer", "brown", 0, 10, 0.6) if source.clip == "one" else None

    tool = UnderstandVideo(lambda _source: Findings(ONE), viewer)
    tool.run(UnderstandArguments(clips=["c1"]), World())
    assert asked == []
    result = tool.run(UnderstandArguments(clips=["c1", "c2"], question="What color is it?"), World())
    assert asked == [("one", "What color is it?"), ("two", "What color is it?")]
    assert [item.text for item in result.evidence if item.kind == "answer"] == ["brown"]
