"""Search in and out of conversations: by words, by picture, by clip, by conditions, and by any of them together."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..memory.filters import Filters, both
from ..tools.base import Source
from ..tools.search import Hit, HitReason
from .errors import RequestInvalid
from .query_words import read_filters
from .references import Resolver

if TYPE_CHECKING:
    from ..memory.embedder import Vectors
    from ..memory.moments import Moment, Span
    from .components import Components

_FLASH = 0.5
"""Seconds below which a shot is a flash."""


class MemorySearcher:
    """The memory as the search tool sees it (``tools.search.Searcher``), for the settings' user."""

    def __init__(self, parts: Components) -> None:
        self._parts = parts

    def find(self, words: str, like: Source | None, *, clips: list[str] | None, count: int) -> list[Hit]:
        """Moments that fit the words and the conditions among them, and resemble a span; None searches all clips."""
        rest, asked = read_filters(words, time.time())
        span = None if like is None else (like.clip, like.start, like.end)
        return self.search(rest, clip=span, filters=both(Filters(clips=clips), asked), count=count)

    def search(
        self,
        words: str,
        *,
        features: Vectors | None = None,
        clip: Span | None = None,
        filters: Filters,
        count: int,
    ) -> list[Hit]:
        """Moments that meet all that is given; with conditions alone, what they choose, newest first.

        Raises:
            FilterInvalid, ModelUnusable: as :meth:`~gpt4video.memory.search.ClipMemory.search` does.
        """
        user, memory = self._parts.settings.user, self._parts.memory
        self._parts.intake.catch_up(user=user)
        named = filters.source is not None or filters.made_from is not None
        chosen = filters.within(self._parts.library.clips(user=user)) if named else filters
        if not words.strip() and features is None and clip is None:
            return [_hit(one) for one in memory.listed(chosen, count=count, user=user)]
        moments = memory.search(words, features=features, clip=clip, filters=chosen, count=count, user=user)
        # The flash of a shot is rarely the moment that is meant; it comes after the longer ones that fit as well.
        return [_hit(one) for one in sorted(moments, key=lambda one: (one.end - one.start < _FLASH, -one.score))]


def search_library(
    parts: Components,
    *,
    text: str = "",
    image: Path | None = None,
    clip: str | None = None,
    filters: Filters | None = None,
    count: int = 5,
) -> list[dict[str, Any]]:
    """``[{"clip", "path", "start", "end", "score", "text", "reasons"}]``, best first.

    Raises:
        RequestInvalid: nothing is asked for.
        ClipUnknown: there is no such clip.
        BadArguments: it has no such span.
        FilterInvalid: a condition that nothing can fulfil.
        ToolError: the picture cannot be read.
    """
    filters = filters or Filters()
    user = parts.settings.user
    if not (text.strip() or image is not None or clip is not None or filters.narrow):
        raise RequestInvalid("Search takes words, a picture, a clip or conditions.", "Give one of them, or several.")
    if filters.made_from is not None:
        filters = both(Filters(made_from=parts.library.get(filters.made_from, user=user).id), filters)
    span = None if clip is None else _span(parts, clip)
    features = None if image is None else _features(parts, image)
    found = MemorySearcher(parts).search(text, features=features, clip=span, filters=filters, count=count)
    return [
        {"clip": hit.clip, "path": str(parts.library.get(hit.clip, user=user).path), **hit.model_dump(exclude={"clip"})}
        for hit in found
        if parts.knows(hit.clip, user)
    ]


def iso_time(text: str | None) -> float | None:
    """A date or time as people write it to programs (``2026-11-23``, ``2026-11-23T18:00``), in seconds since 1970.

    Without a zone it is local time. Raises ``RequestInvalid`` for anything else; None stays None.
    """
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        raise RequestInvalid(f"{text[:40]!r} is no date.", "Write it as 2026-11-23 or 2026-11-23T18:00.") from None


def _span(parts: Components, ref: str) -> Span:
    """A clip, or a span of it (``ID@2-4.5``)."""
    user = parts.settings.user
    if "@" not in ref:
        return (parts.library.get(ref, user=user).id, 0.0, None)
    (source,) = Resolver(parts, [], [], user).sources(ref)
    return (source.clip, source.start, source.end)


def _features(parts: Components, image: Path) -> Vectors:
    """What a picture looks like, (1280,)."""
    from ..tools.media.decode import sample

    mean: Vectors = parts.encoder.encode(sample(image, count=8).images).pooled.mean(axis=0)
    return mean


def _hit(one: Moment) -> Hit:
    return Hit(
        clip=one.clip,
        start=round(one.start, 3),
        end=round(one.end, 3),
        score=round(one.score, 4),
        text=one.text,
        reasons=[HitReason(kind=reason.kind, text=reason.text, score=reason.score) for reason in one.reasons],
    )
