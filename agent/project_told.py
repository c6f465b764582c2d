"""A project in words: the timeline as a short table, takes, log and differences as sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..tools.timeline.log import Difference, Edited, Entry, Rejected, Version
from ..tools.timeline.model import Item, Timeline
from .planner.surface import render_operation
from .project_plan import ItemRow, ProjectResult


def item_rows(timeline: Timeline) -> list[ItemRow]:
    """The items as they are told."""
    return [
        ItemRow(
            clip=item.take.clip,
            start=item.take.start,
            end=item.take.end,
            at=round(start, 3),
            seconds=round(item.seconds, 3),
            operations=[render_operation(operation) for operation in item.operations],
            take=item.chosen + 1,
            takes=[take.scores for take in item.takes],
            crossfade=item.crossfade,
        )
        for start, item in zip(timeline.starts(), timeline.items, strict=True)
    ]


def told(result: Mapping[str, Any], clips: Sequence[str] = ()) -> str:
    """One sentence on what was done, with the names that the conversation has for what was rendered."""
    done = "; ".join(ProjectResult.model_validate(result).done)
    return f"{done}: {', '.join(clips)}" if clips else done


def table(result: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The timeline: a line an item, its clips by the names that the conversation has for them."""
    shown = ProjectResult.model_validate(result)
    if not shown.items:
        return f"{shown.project}: empty"
    rows = [("", "at", "length", "clip", "")]
    for number, item in enumerate(shown.items, 1):
        span = f"{names.get(item.clip, item.clip[:8])} {item.start:g}-{item.end:g} s"
        notes = list(item.operations)
        notes += [f"take {item.take} of {len(item.takes)}"] if len(item.takes) > 1 else []
        notes += [f"cross-fade {item.crossfade:g} s"] if item.crossfade and number > 1 else []
        rows.append((str(number), f"{item.at:.2f} s", f"{item.seconds:.2f} s", span, ", ".join(notes)))
    wide = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, [*wide, 0], strict=True)).rstrip() for row in rows
    ]
    return "\n".join([f"{shown.project}, {shown.seconds:.2f} s:", *lines])


def told_takes(timeline: Timeline) -> str:
    """Every take of every item that has several, with its scores."""
    told_ = []
    for number, item in enumerate(timeline.items, 1):
        if len(item.takes) < 2:
            continue
        takes = []
        for place, take in enumerate(item.takes):
            scores = "".join(f", {name} {score:.2f}" for name, score in take.scores.items())
            takes.append(f"take {place + 1} ({take.about or 'as it was'}{scores}{', shown' * (place == item.chosen)})")
        told_.append(f"item {number} has {', '.join(takes)}")
    return "; ".join(told_) or "no item has more than one take"


def told_log(log: Sequence[Entry], version: Version) -> str:
    """The edits that stand, with the numbers by which they can be dropped or compared."""
    lines = []
    for number in version.standing:
        entry = log[number - 1]
        if isinstance(entry, Edited):
            lines.append(f"{number} {entry.edit.edit}" + (f" ({entry.words})" if entry.words else ""))
        elif isinstance(entry, Rejected):
            lines.append(f"{number} dropped edit {entry.number}")
    return f"edits: {', '.join(lines)}" if lines else "nothing was done yet"


def told_difference(found: Difference, before: Timeline, after: Timeline) -> str:
    """What a version has that another has not."""
    parts = [f"item {before.place(item.id) + 1} of before is gone" for item in found.removed]
    parts += [f"item {after.place(item.id) + 1} is new" for item in found.added]
    parts += [f"item {after.place(new.id) + 1} was {_brief(old)} and is {_brief(new)}" for old, new in found.changed]
    parts += [f"item {after.place(name) + 1} stood elsewhere" for name in found.moved]
    return "compared with the version before: " + (", ".join(parts) or "nothing changed")


def _brief(item: Item) -> str:
    done = " | ".join(render_operation(operation) for operation in item.operations)
    notes = [done, f"take {item.chosen + 1}" if len(item.takes) > 1 else ""]
    notes += [f"cross-fade {item.crossfade:g} s" if item.crossfade else ""]
    extra = "".join(f", {note}" for note in notes if note)
    return f"{item.take.start:g}-{item.take.end:g} s{extra}"
