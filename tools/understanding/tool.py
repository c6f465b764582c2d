"""``understand_video``: what is known about clips, fitted to a question."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Protocol

from ..base import Cost, Effect, Source, Tool, ToolContext
from ..errors import BadArguments
from .arguments import Evidence, UnderstandArguments, UnderstandResult
from .wording import asked, stem, stems, topics

_MOST = 200


class Found(Protocol):
    """Findings of a whole clip, fresh or kept."""

    @property
    def evidence(self) -> list[Evidence]:
        """Every finding."""
        ...

    @property
    def sampling(self) -> str:
        """How densely it was looked."""
        ...

    @property
    def listening(self) -> str:
        """Where what is said comes from, or why nothing was heard."""
        ...

    @property
    def partial(self) -> str:
        """What could not be read."""
        ...


class UnderstandVideo(Tool[UnderstandArguments, UnderstandResult]):
    """Look at clips and gather evidence for a question."""

    name = "understand_video"
    description = (
        "Look at clips: shots, what is seen, on-screen text, colours, motion, duration and size, each with its time "
        "range. With a question, the findings that bear on it come first."
    )
    cost: ClassVar[Cost] = "free"
    effect: ClassVar[Effect] = "reads"
    arguments = UnderstandArguments
    result = UnderstandResult

    def __init__(
        self,
        analyser: Callable[[Source], Found],
        viewer: Callable[[Source, str], Evidence | None] = lambda _source, _question: None,
    ) -> None:
        """Take the parts.

        Args:
            analyser: analyses the whole clip of a source; it may serve kept findings.
            viewer: looks at a source once more and answers a question, None where it has no answer.
        """
        self._analyser, self._viewer = analyser, viewer

    def run(self, arguments: UnderstandArguments, context: ToolContext) -> UnderstandResult:
        """Gather; ``BadArguments`` when a clip or span does not exist, media errors as analysing raises them."""
        sources = [source for ref in arguments.clips for source in context.sources(ref)]
        if not sources:
            raise BadArguments("There is no clip to look at.", "Name one of the conversation's clips.")
        evidence: list[Evidence] = []
        samplings: list[str] = []
        partials: list[str] = []
        for number, source in enumerate(sources):
            context.progress(number / len(sources), f"looking at {source.title or source.clip}")
            found = self._analyser(source)
            answer = self._viewer(source, arguments.question) if arguments.question.strip() else None
            evidence += [*([answer] if answer else []), *within(found.evidence, source.start, source.end)]
            # Who asks for words wants to know where they are from; for all else it would be noise.
            samplings.append(found.listening if topics(arguments.question)[:1] == ["speech"] else found.sampling)
            partials += [f"{source.clip}: {found.partial}"] if found.partial else []
        context.progress(1.0)
        return UnderstandResult(
            evidence=relevant(distinct(evidence), arguments.question)[:_MOST],
            sampling=" ".join(dict.fromkeys(filter(None, samplings))),
            partial=" ".join(dict.fromkeys(partials)),
        )


def within(evidence: list[Evidence], start: float, end: float | None) -> list[Evidence]:
    """Findings that touch a span, cut to it; the file's facts are kept as they are."""
    last = float("inf") if end is None else end
    if last <= start:
        raise BadArguments(f"The span from {start:g} s to {last:g} s is empty.", "Give an end after the start.")
    kept: list[Evidence] = []
    for item in evidence:
        instant = item.start == item.end and start <= item.start <= last
        if item.kind == "media":
            kept.append(item)
        elif instant or (item.start < last and item.end > start):
            kept.append(item.model_copy(update={"start": max(item.start, start), "end": min(item.end, last)}))
    return kept


def distinct(evidence: list[Evidence]) -> list[Evidence]:
    """Each finding once: equal ones that meet or overlap are joined, with the higher score."""
    joined: list[Evidence] = []
    for item in evidence:
        for index, other in enumerate(joined):
            same = (other.clip, other.kind, other.text) == (item.clip, item.kind, item.text)
            if same and item.start <= other.end + 0.05 and other.start <= item.end + 0.05:
                joined[index] = other.model_copy(
                    update={
                        "start": min(other.start, item.start),
                        "end": max(other.end, item.end),
                        "score": max(other.score, item.score),
                    }
                )
                break
        else:
            joined.append(item)
    return joined


def relevant(evidence: list[Evidence], question: str) -> list[Evidence]:
    """Findings ordered by what they tell about a question; the order is kept where they tell the same.

    What the question names counts most, then its topic (text, shots, colour, motion, the file's facts).
    """
    kinds = topics(question)
    wanted = {stem(word) for word in asked(question)}

    def weight(item: Evidence) -> float:
        named = len(wanted & stems(item.text))
        topic = len(kinds) - kinds.index(item.kind) if item.kind in kinds else 0
        return -(named * (2.0 if item.kind != "media" else 0.5) + 1.5 * topic)

    return sorted(evidence, key=weight)
