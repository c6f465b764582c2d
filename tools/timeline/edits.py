"""Edits of a timeline: typed, small, each from one timeline to the next. Nothing is rendered here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field

from ..base import ToolModel
from ..editing.operations import Operation, TimePoint, Trim
from ..errors import BadArguments
from .model import Item, Take, Timeline

MOST_AT_ONCE: Final = 500
"""Clips or items that one edit may name."""

ItemId = Annotated[str, Field(min_length=1, max_length=80)]


class Insert(ToolModel):
    """Put takes in as items of their own, before place ``at`` (from 0), by default at the end."""

    edit: Literal["insert"] = "insert"
    takes: Annotated[list[Take], Field(min_length=1, max_length=MOST_AT_ONCE)]
    at: Annotated[int, Field(ge=0)] | None = None


class Remove(ToolModel):
    """Take items out; what follows moves up."""

    edit: Literal["remove"] = "remove"
    items: Annotated[list[ItemId], Field(min_length=1, max_length=MOST_AT_ONCE)]


class Move(ToolModel):
    """Put an item at place ``to`` (from 0) among the others."""

    edit: Literal["move"] = "move"
    item: ItemId
    to: Annotated[int, Field(ge=0)]


class Apply(ToolModel):
    """Carry out operations on items."""

    edit: Literal["apply"] = "apply"
    items: Annotated[list[ItemId], Field(min_length=1, max_length=MOST_AT_ONCE)]
    operations: Annotated[list[Operation], Field(min_length=1, max_length=8)]


class Split(ToolModel):
    """Divide an item in two, ``at`` seconds from its start as it is shown."""

    edit: Literal["split"] = "split"
    item: ItemId
    at: Annotated[float, Field(gt=0)]


class Replace(ToolModel):
    """Show new takes instead of an item's seconds ``start`` to ``end``, as shown; the rest of it stays as it is.

    Attributes:
        takes: the best first: that one is shown.
        operations: carried out on the new takes.
        crossfade: seconds to fade over on both sides.
        keep_sound: whether the new takes have the sound of what they replace.
    """

    edit: Literal["replace"] = "replace"
    item: ItemId
    start: Annotated[float, Field(ge=0)] = 0.0
    end: Annotated[float, Field(gt=0)] | None = None
    takes: Annotated[list[Take], Field(min_length=1, max_length=16)]
    operations: Annotated[list[Operation], Field(max_length=8)] = []
    crossfade: Annotated[float, Field(ge=0, le=10)] = 0.0
    keep_sound: bool = True


class Choose(ToolModel):
    """Show another take of an item, by number from 1."""

    edit: Literal["choose"] = "choose"
    item: ItemId
    take: Annotated[int, Field(ge=1)]


class Crossfade(ToolModel):
    """Let an item overlap the one before it for so many seconds; 0 is a cut."""

    edit: Literal["crossfade"] = "crossfade"
    item: ItemId
    seconds: Annotated[float, Field(ge=0, le=60)]


class Load(ToolModel):
    """Show another timeline instead, one that was read from a file for instance."""

    edit: Literal["load"] = "load"
    timeline: Timeline


Edit: TypeAlias = Annotated[
    Insert | Remove | Move | Apply | Split | Replace | Choose | Crossfade | Load, Field(discriminator="edit")
]


def apply(timeline: Timeline, edit: Edit, name: str) -> Timeline:
    """The timeline after an edit; new items are called ``name`` and a letter or number.

    Raises:
        BadArguments: the edit does not fit this timeline, which stays as it is.
    """
    done = _HANDLERS[type(edit)](timeline, edit, name)
    for place, item in enumerate(done.items):
        _check_overlap(done, place, item)
    return done


def _insert(timeline: Timeline, edit: Insert, name: str) -> Timeline:
    at = len(timeline.items) if edit.at is None else min(edit.at, len(timeline.items))
    names = [name] if len(edit.takes) == 1 else [f"{name}.{number}" for number in range(1, len(edit.takes) + 1)]
    new = tuple(Item(id=one, takes=(take,)) for one, take in zip(names, edit.takes, strict=True))
    return Timeline(items=(*timeline.items[:at], *new, *timeline.items[at:]))


def _remove(timeline: Timeline, edit: Remove, _name: str) -> Timeline:
    gone = {timeline.place(item) for item in edit.items}
    return Timeline(items=tuple(item for place, item in enumerate(timeline.items) if place not in gone))


def _move(timeline: Timeline, edit: Move, _name: str) -> Timeline:
    place = timeline.place(edit.item)
    others = [*timeline.items[:place], *timeline.items[place + 1 :]]
    others.insert(edit.to, timeline.items[place])
    return Timeline(items=tuple(others))


def _apply(timeline: Timeline, edit: Apply, _name: str) -> Timeline:
    for item in dict.fromkeys(edit.items):
        place = timeline.place(item)
        changed = timeline.items[place]
        for operation in edit.operations:
            changed = changed.edited(operation)
        timeline = _with(timeline, place, changed)
    return timeline


def _split(timeline: Timeline, edit: Split, name: str) -> Timeline:
    place = timeline.place(edit.item)
    item = timeline.items[place]
    parts = (_part(item, 0.0, edit.at, name + "a"), _part(item, edit.at, item.seconds, name + "b", crossfade=0.0))
    return _with(timeline, place, *parts)


def _replace(timeline: Timeline, edit: Replace, name: str) -> Timeline:
    place = timeline.place(edit.item)
    item = timeline.items[place]
    end = item.seconds if edit.end is None else edit.end
    frame = float(1 / item.take.grid)
    before = [_part(item, 0.0, edit.start, name + "a")] if edit.start > frame / 2 else []
    after = [_part(item, end, item.seconds, name + "c")] if end < item.seconds - frame / 2 else []
    replaced = _part(item, edit.start, end, name + "b")
    sound = None
    if edit.keep_sound and not replaced.operations:  # with what lies under the crossfades, so that it stays in time
        low = replaced.take.start - (edit.crossfade if before else 0.0)
        high = replaced.take.end + (edit.crossfade if after else 0.0)
        inside = {"start": max(0.0, low), "end": min(high, replaced.take.length)}
        sound = replaced.take.model_copy(update=inside)
    opens = edit.crossfade if before or place else 0.0
    new = Item(id=name + "b", takes=tuple(edit.takes), crossfade=opens, sound=sound)
    for operation in edit.operations:
        new = new.edited(operation)
    tail = [one.model_copy(update={"crossfade": edit.crossfade}) for one in after]
    done = _with(timeline, place, *before, new, *tail)
    if not after and place + 1 < len(timeline.items) and edit.crossfade:
        following = place + len(before) + 1
        done = _with(done, following, done.items[following].model_copy(update={"crossfade": edit.crossfade}))
    return done


def _choose(timeline: Timeline, edit: Choose, _name: str) -> Timeline:
    place = timeline.place(edit.item)
    item = timeline.items[place]
    if edit.take > len(item.takes):
        raise BadArguments(f"Item {item.id} has {len(item.takes)} takes.", "Choose one of them, from 1.")
    return _with(timeline, place, item.model_copy(update={"chosen": edit.take - 1}))


def _crossfade(timeline: Timeline, edit: Crossfade, _name: str) -> Timeline:
    place = timeline.place(edit.item)
    if place == 0 and edit.seconds:
        raise BadArguments("The first item has none before it to fade from.", "Name a later item, or fade it in.")
    return _with(timeline, place, timeline.items[place].model_copy(update={"crossfade": edit.seconds}))


def _load(_timeline: Timeline, edit: Load, _name: str) -> Timeline:
    return edit.timeline


def _part(item: Item, start: float, end: float, name: str, crossfade: float | None = None) -> Item:
    part = item.edited(Trim(start=TimePoint(offset=start), end=TimePoint(offset=end)))
    return part.model_copy(update={"id": name, "crossfade": item.crossfade if crossfade is None else crossfade})


def _with(timeline: Timeline, place: int, *items: Item) -> Timeline:
    return Timeline(items=(*timeline.items[:place], *items, *timeline.items[place + 1 :]))


def _check_overlap(timeline: Timeline, place: int, item: Item) -> None:
    """Items between two crossfades must be longer than both together."""
    after = timeline.items[place + 1].crossfade if place + 1 < len(timeline.items) else 0.0
    before = item.crossfade if place else 0.0
    if before + after > item.seconds - float(1 / item.take.grid):
        raise BadArguments(
            f"Crossfades of {before + after:g} s do not fit item {item.id}, which lasts {item.seconds:.2f} s.",
            "Shorten them, or lengthen the item.",
        )


_HANDLERS: dict[type[ToolModel], Callable[[Timeline, Any, str], Timeline]] = {
    Insert: _insert,
    Remove: _remove,
    Move: _move,
    Apply: _apply,
    Split: _split,
    Replace: _replace,
    Choose: _choose,
    Crossfade: _crossfade,
    Load: _load,
}
