"""Search from outside a conversation: by words, by picture or by clip."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import RequestInvalid
from .ingest import MemorySearcher

if TYPE_CHECKING:
    from .components import Components


def search_library(
    parts: Components, *, text: str = "", image: Path | None = None, clip: str | None = None, count: int = 5
) -> list[dict[str, Any]]:
    """``[{"clip", "path", "start", "end", "score", "text"}]``, best first.

    Raises:
        RequestInvalid: not exactly one of text, image and clip is given.
        ClipUnknown: there is no such clip.
        ToolError: the picture cannot be read.
    """
    if sum((bool(text.strip()), image is not None, clip is not None)) != 1:
        raise RequestInvalid("Search takes words, a picture or a clip.", "Give exactly one of them.")
    searcher = MemorySearcher(parts)
    user = parts.settings.user
    if image is not None:
        from ..tools.media.decode import sample

        frames = sample(image, count=8)
        hits = searcher.by_features(parts.encoder.encode(frames.images).pooled.mean(axis=0), count=count)
    elif clip is not None:
        hits = searcher.by_clip(parts.library.get(clip, user=user).id, 0.0, None, clips=[], count=count)
    else:
        hits = searcher.by_text(text, clips=[], count=count)
    return [
        {
            "clip": hit.clip,
            "path": str(parts.library.get(hit.clip, user=user).path),
            "start": hit.start,
            "end": hit.end,
            "score": hit.score,
            "text": hit.text,
        }
        for hit in hits
        if parts.knows(hit.clip, user)
    ]
