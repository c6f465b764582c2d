"""``search_memory``: find moments in the clips that were taken in, by text, by image or by clip."""

from __future__ import annotations

from typing import Annotated, ClassVar, Protocol

from pydantic import Field, model_validator

from .base import ClipRef, Cost, Effect, Tool, ToolContext, ToolModel
from .errors import BadArguments


class SearchArguments(ToolModel):
    """What to look for: words, or a clip to resemble, within some clips or all.

    Attributes:
        query: words that describe the moment.
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


class Hit(ToolModel):
    """A found moment: a span of a clip, best first.

    Attributes:
        clip: library id.
        start: seconds.
        end: seconds.
        score: similarity, higher is nearer.
        text: what is known to be seen there.
    """

    clip: str
    start: float
    end: float
    score: float
    text: str = ""


class SearchResult(ToolModel):
    """Hits, best first; empty when nothing fits."""

    hits: list[Hit]


class Searcher(Protocol):
    """The memory as this tool needs it; the agent passes an implementation in."""

    def by_text(self, query: str, *, clips: list[str], count: int) -> list[Hit]:
        """Moments that fit the words."""
        ...

    def by_clip(self, clip: str, start: float, end: float | None, *, clips: list[str], count: int) -> list[Hit]:
        """Moments that resemble a span of a clip, which itself is left out."""
        ...


class SearchMemory(Tool[SearchArguments, SearchResult]):
    """Find moments in the library."""

    name = "search_memory"
    description = "Find moments in the library by words or by likeness to a clip. Returns spans, best first."
    cost: ClassVar[Cost] = "free"
    effect: ClassVar[Effect] = "reads"
    arguments = SearchArguments
    result = SearchResult

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher

    def run(self, arguments: SearchArguments, context: ToolContext) -> SearchResult:
        """Search; ``BadArguments`` when a clip to search in or to resemble does not exist."""
        within = [source.clip for ref in arguments.clips for source in context.sources(ref)]
        if arguments.like is None:
            return SearchResult(hits=self._searcher.by_text(arguments.query, clips=within, count=arguments.count))
        sources = context.sources(arguments.like)
        if not sources:
            raise BadArguments("The clip to resemble does not exist.", "Name one of the conversation's clips.")
        one = sources[0]
        hits = self._searcher.by_clip(one.clip, one.start, one.end, clips=within, count=arguments.count)
        return SearchResult(hits=hits)
