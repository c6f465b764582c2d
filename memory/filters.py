"""Which clips and shots a search looks at, whatever it looks for."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from .errors import FilterInvalid
from .library import Clip
from .moments import color_key
from .text import plain

Condition = dict[str, Any]

ANYTHING: Final = "any"
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@dataclass(frozen=True)
class Filters:
    """Conditions that all have to hold; what is left as it is asks for nothing.

    Attributes:
        clips: only clips of these ids; None is all of the user's, an empty sequence is none.
        shortest, longest: length of the clip in seconds.
        shot_shortest, shot_longest: length of the shot in seconds (of long shots: of the part that was taken in).
        added_after, added_before: when the clip was taken in, seconds since 1970.
        has_speech: whether something is said in the shot.
        color: a colour that the shot shows ("red").
        made_by: the operation that made the clip ("trim"); ``upload`` for what came from outside, ``any`` for
            everything that was made here.
        source: part of the name that the clip's file had, capitals or not.
        made_from: id of a clip; only what was made from it, directly or not.

    ``source`` and ``made_from`` ask the library, not the vectors: :meth:`within` turns them into ids.

    Raises:
        FilterInvalid: a value that nothing can fulfil, or that is no number.
    """

    clips: Sequence[str] | None = None
    shortest: float | None = None
    longest: float | None = None
    shot_shortest: float | None = None
    shot_longest: float | None = None
    added_after: float | None = None
    added_before: float | None = None
    has_speech: bool | None = None
    color: str | None = None
    made_by: str | None = None
    source: str | None = None
    made_from: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for low, high, what in (
            ("shortest", "longest", "length of the clip"),
            ("shot_shortest", "shot_longest", "length of the shot"),
            ("added_after", "added_before", "time"),
        ):
            _check_range(getattr(self, low), getattr(self, high), what, least=-math.inf if what == "time" else 0.0)
        for name, what in ((self.color, "colour"), (self.made_by, "operation")):
            if name is not None and not _NAME.fullmatch(name.strip().lower()):
                raise FilterInvalid(f"{plain(name)[:40]!r} is no {what}.", "Give one word, such as 'red' or 'trim'.")

    @property
    def narrow(self) -> bool:
        """Whether anything is asked for at all."""
        return any(getattr(self, field.name) is not None for field in fields(self))

    def within(self, clips: Iterable[Clip]) -> Filters:
        """The same filters with ``source`` and ``made_from`` turned into ids of these clips (all of a user's)."""
        if self.source is None and self.made_from is None:
            return self
        held = list(clips)
        chosen = {clip.id for clip in held} if self.clips is None else set(self.clips)
        if self.source is not None:
            part = plain(self.source).strip().lower()
            chosen &= {clip.id for clip in held if part in _file_name(clip)}
        if self.made_from is not None:
            chosen &= _descendants(held, self.made_from)
        return replace(self, clips=sorted(chosen), source=None, made_from=None)

    def condition(self) -> Condition | None:
        """As the vector store's filter; None where there is none.

        Raises:
            FilterInvalid: ``source`` or ``made_from`` was not turned into ids.
        """
        if self.source is not None or self.made_from is not None:
            raise FilterInvalid("Names of files and origins are not kept with the vectors.", "Call 'within' first.")
        parts: list[Condition] = []
        if self.clips is not None:
            # A store may refuse an empty list; no clip has an empty id.
            parts.append({"clip": {"$in": [plain(clip) for clip in self.clips] or [""]}})
        for key, operator, value in (
            ("duration", "$gte", self.shortest),
            ("duration", "$lte", self.longest),
            ("length", "$gte", self.shot_shortest),
            ("length", "$lte", self.shot_longest),
            ("added", "$gte", self.added_after),
            ("added", "$lte", self.added_before),
        ):
            if value is not None:
                parts.append({key: {operator: float(value)}})
        if self.has_speech is not None:
            parts.append({"has_speech": self.has_speech})
        if self.color is not None:
            parts.append({color_key(self.color): True})
        if self.made_by is not None:
            name = self.made_by.strip().lower()
            parts.append({"made": True} if name == ANYTHING else {"operation": name})
        if len(parts) > 1:
            return {"$and": parts}
        return parts[0] if parts else None


def both(one: Filters, other: Filters) -> Filters:
    """What both ask for; where both give a value for the same thing, ``one`` wins, ids are those of both."""
    given = {field.name: getattr(one, field.name) for field in fields(one) if getattr(one, field.name) is not None}
    if one.clips is not None and other.clips is not None:
        given["clips"] = [clip for clip in one.clips if clip in set(other.clips)]
    return replace(other, **given)


def _check_range(low: float | None, high: float | None, what: str, least: float) -> None:
    for value in (low, high):
        if value is not None and not (math.isfinite(value) and value >= least):
            raise FilterInvalid(f"{value} is no {what}.", "Give a number of seconds that is not negative.")
    if low is not None and high is not None and low > high:
        raise FilterInvalid(
            f"No {what} is {low:g} or more and {high:g} or less.", "Exchange the two, or leave one out."
        )


def _file_name(clip: Clip) -> str:
    return (clip.source or "").replace("\\", "/").rpartition("/")[2].lower()


def _descendants(clips: Sequence[Clip], origin: str) -> set[str]:
    """Ids of all that was made from a clip, not the clip itself; a lineage may meet itself again."""
    children: dict[str, list[str]] = {}
    for clip in clips:
        for parent in clip.parents:
            children.setdefault(parent, []).append(clip.id)
    found: set[str] = set()
    todo = [origin]
    while todo:
        new = [child for child in children.get(todo.pop(), ()) if child not in found]
        found.update(new)
        todo += new
    return found - {origin}
