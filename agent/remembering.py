"""What earlier turns found, made and said, kept for conversations to come, and brought back when one speaks of it."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from .state import AgentState, ClipRow

if TYPE_CHECKING:
    from ..memory.episodes import Episode
    from .components import Components

_EARLIER = re.compile(
    r"\b(?:yesterday|earlier|before|last (?:time|week|month|session|night)|the other day|this morning|"
    r"again|previous(?:ly)?|"
    r"(?:we|i|you)(?:'ve| have)? (?:just )?(?:made|found|cut|edited|generated|trimmed|saw|asked))\b",
    re.IGNORECASE,
)
_KINDS: Final = (
    ("made", re.compile(r"\b(?:made|make|cut|edited|generated|trimmed|created|rendered)\b", re.IGNORECASE)),
    ("found", re.compile(r"\b(?:found|find|saw|seen|looked (?:at|for))\b", re.IGNORECASE)),
)
_DAY: Final = (("yesterday", 1, 1), ("last night", 1, 1), ("this morning", 0, 1), ("last week", 13, 14))
_NOTES = 500
_LONGEST = 400
_LIKE = 0.25
"""Cosine of request and note below which the note is not what is meant; same subject, other words: 0.4 and above."""


def remember(parts: Components, state: AgentState, thread: str) -> None:
    """Note what a turn that ended well found, made and said; a turn that is run to its end twice is noted once."""
    notes, user = parts.library.episodes, state["user"]
    if any(_turn(note) == state["turn"] for note in notes.recent(8, user=user)):
        return
    request = state["request"][:_LONGEST]
    for kind, tools in (("found", {"search_memory"}), ("made", {"edit_video", "generate_video"})):
        rows = [row for row in state["steps"] if row["tool"] in tools and row["status"] == "done"]
        clips = [clip for row in rows for clip in row["outputs"]]
        if clips:
            text = f"{request} -> " + "; ".join(row["summary"] for row in rows)[:_LONGEST]
            spans = [{"id": clip["id"], "start": clip["start"], "end": clip["end"]} for clip in clips]
            ids = [clip["id"] for clip in clips]
            notes.add(thread, kind, text, {"turn": state["turn"], "clips": spans}, clips=ids, user=user)
    said = f"{request} -> {state['answer'][:_LONGEST]}"
    notes.add(thread, "said", said, {"turn": state["turn"]}, user=user)


def recalled(parts: Components, request: str, user: str) -> list[ClipRow]:
    """The clips of the earlier turn that a request speaks of ("the clip with the dog that I made yesterday").

    Empty when it speaks of none, or of none that is known.
    """
    if not _EARLIER.search(request):
        return []
    kinds = [kind for kind, verb in _KINDS if verb.search(request)] or [kind for kind, _ in _KINDS]
    since, until = _window(request)
    notes = [
        note
        for note in parts.library.episodes.recent(_NOTES, user=user)
        if note.kind in kinds and since <= note.at < until
    ]
    if not notes:
        return []
    vectors = parts.embedder.embed_texts([request, *(note.text for note in notes)])
    likeness = vectors[1:] @ vectors[0]
    best = int(np.argmax(likeness))
    if float(likeness[best]) < _LIKE:
        return []
    return [row for clip in _clips(notes[best]) if (row := _row(parts, clip, user)) is not None]


def _clips(note: Episode) -> list[dict[str, object]]:
    data = note.data if isinstance(note.data, dict) else {}
    return [clip for clip in data.get("clips", []) if isinstance(clip, dict)]


def _turn(note: Episode) -> object:
    return note.data.get("turn") if isinstance(note.data, dict) else None


def _row(parts: Components, clip: dict[str, object], user: str) -> ClipRow | None:
    name = str(clip.get("id", ""))
    if not parts.knows(name, user):
        return None  # forgotten since
    known = parts.library.get(name, user=user)
    start, end = clip.get("start"), clip.get("end")
    first = float(start) if isinstance(start, int | float) else 0.0
    last = float(end) if isinstance(end, int | float) else None
    length = (known.duration if last is None else last) - first
    about = "search hit" if last is not None else known.operation
    return {"name": "", "id": known.id, "about": about, "duration": round(length, 3), "start": first, "end": last}


def _window(request: str) -> tuple[float, float]:
    """From when to when, in seconds since 1970, the request speaks of."""
    midnight = datetime.fromtimestamp(time.time()).replace(hour=0, minute=0, second=0, microsecond=0)
    for words, ago, days in _DAY:
        if words in request.lower():
            start = midnight - timedelta(days=ago)
            return start.timestamp(), (start + timedelta(days=days)).timestamp()
    return 0.0, float("inf")
