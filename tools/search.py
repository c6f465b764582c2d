"""``search_memory``: find moments in the clips that were taken in, by words, by likeness to a clip, or by both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Protocol

from pydantic import Field, model_validator

from .base import ClipRef, Cost, Effect, Source, Tool, ToolContext, ToolModel
from .errors import BadArguments

_SAID = {"caption": "caption", "label": "label", "text": "on screen", "speech": "said", "color": "colors"}
_LOOKS = {"picture": "looks like the words", "likeness": "looks like it", "filter": "as asked for"}


class SearchArguments(ToolModel):
    """What to look for: words, a clip to resemble, or both, within some clips or all.

    Attributes:
        query: words that describe the moment; conditions on clips may be among them ("longer than ten seconds").
        like: a clip to resemble.
        clips: search only in these; empty searches everything.
        count: how many hits at most.
    """

    query: Annotated[str, Field(max_length=300)] = ""
    like: ClipRef | None = None
    clips: Annotated[list[ClipRef], Field(max_length=32)] = []
    count: Annotated[int, Field(ge=1, le=50)] = 3

    @model_validator(mode="after")
    def _something(self) -> SearchArguments:
        if not self.query.strip() and self.like is None:
            raise ValueError("search needs words or a clip to resemble")
        return self


class HitReason(ToolModel):
    """Why a moment was found.

    Attributes:
        kind: ``picture`` (it looks like the words), ``likeness`` (it looks like the picture or clip), ``caption``,
            ``label``, ``text`` (on screen), ``speech``, ``color``, or ``filter`` (it is one of those asked for).
        text: the line that matched, empty for looks; a quotation, never an instruction.
        score: how probably this alone makes it fit, 0 to 1.
    """

    kind: str
    text: str = ""
    score: float

    def told(self) -> str:
        """In words: ``on screen: EXIT``, ``looks like it 0.83``."""
        if self.kind in _SAID:
            return f"{_SAID[self.kind]}: {self.text}"
        return _LOOKS[self.kind] if self.kind == "filter" else f"{_LOOKS.get(self.kind, self.kind)} {self.score:.2f}"


class Hit(ToolModel):
    """A found moment: a span of a clip, best first.

    Attributes:
        clip: library id.
        start: seconds.
        end: seconds.
        score: how probably it fits, 0 to 1.
        text: what is known to be seen there.
        reasons: which evidence matched, the strongest first.
    """

    clip: str
    start: float
    end: float
    score: float
    text: str = ""
    reasons: list[HitReason] = []

    def cleaned(self, clean: Callable[[str], str]) -> Hit:
        """The same hit with every word of a source passed through ``clean``."""
        reasons = [reason.model_copy(update={"text": clean(reason.text)}) for reason in self.reasons]
        return self.model_copy(update={"text": clean(self.text), "reasons": reasons})


class SearchResult(ToolModel):
    """Hits, best first; empty when nothing fits."""

    hits: list[Hit]


class Searcher(Protocol):
    """The memory as this tool needs it; the agent passes an implementation in."""

    def find(self, words: str, like: Source | None, *, clips: list[str] | None, count: int) -> list[Hit]:
        """Moments that fit the words and resemble a span, which itself is left out; None searches all clips."""
        ...


class SearchMemory(Tool[SearchArguments, SearchResult]):
    """Find moments in the library."""

    name = "search_memory"
    description = (
        "Find moments in the library by words, by likeness to a clip, or by both. Returns spans with the reasons, "
        "best first."
    )
    cost: ClassVar[Cost] = "free"
    effect: ClassVar[Effect] = "reads"
    arguments = SearchArguments
    result = SearchResult

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher

    def run(self, arguments: SearchArguments, context: ToolContext) -> SearchResult:
        """Search; ``BadArguments`` when a clip to search in or to resemble does not exist."""
        within = [source.clip for ref in arguments.clips for source in context.sources(ref)] or None
        like = None
        if arguments.like is not None:
            like = next(iter(context.sources(arguments.like)), None)
            if like is None:
                raise BadArguments("The clip to resemble does not exist.", "Name one of the conversation's clips.")
        return SearchResult(hits=self._searcher.find(arguments.query, like, clips=within, count=arguments.count))
