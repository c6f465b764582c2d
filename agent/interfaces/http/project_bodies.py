"""What is sent to and told of projects: edits as they are asked for, timelines as they are shown."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, TypeAdapter

from ....tools.timeline.edits import MOST_AT_ONCE, Choose, Crossfade, Edit, ItemId, Move, Remove, Split
from ....tools.timeline.log import Difference, Entry, Version
from ....tools.timeline.model import Item
from ...projects import Progress, Project
from .models import ClipBody, Strict

_EDIT: TypeAdapter[Edit] = TypeAdapter(Edit)
Items: TypeAlias = Annotated[list[ItemId], Field(min_length=1, max_length=MOST_AT_ONCE)]


class NewProject(Strict):
    """A project to begin."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"name": "holiday"}})

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"\S")]


class InsertClips(Strict):
    """Put clips, or spans of them (``ID@1-2.5``), in before place ``at`` (from 0), by default at the end."""

    edit: Literal["insert"]
    clips: Annotated[list[Annotated[str, Field(max_length=80)]], Field(min_length=1, max_length=MOST_AT_ONCE)]
    at: Annotated[int | None, Field(ge=0, le=100_000)] = None


class RemoveItems(Remove):
    """Take items out; what follows moves up."""

    edit: Literal["remove"]


class MoveItem(Move):
    """Put an item at place ``to`` (from 0) among the others."""

    edit: Literal["move"]


class SplitItem(Split):
    """Divide an item in two, ``at`` seconds from its start as it is shown."""

    edit: Literal["split"]


class CrossfadeItem(Crossfade):
    """Let an item overlap the one before it for so many seconds; 0 is a cut."""

    edit: Literal["crossfade"]


class ChooseTake(Choose):
    """Show another take of an item, by number from 1."""

    edit: Literal["choose"]


class ApplyOperations(Strict):
    """Carry out operations on items: ``trim 0 2 | speed 0.5 | color grayscale``."""

    edit: Literal["apply"]
    items: Items
    operations: Annotated[str, Field(min_length=1, max_length=1000)]


class RegenerateItem(Strict):
    """Show something newly generated instead of an item's seconds ``start`` to ``end``."""

    edit: Literal["regenerate"]
    item: ItemId
    prompt: Annotated[str, Field(min_length=1, max_length=500)]
    start: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    end: Annotated[float | None, Field(gt=0, le=1e6)] = None
    takes: Annotated[int, Field(ge=1, le=8)] = 2
    whole: bool = False
    crossfade: Annotated[float, Field(ge=0, le=10)] = 0.0


class UndoLatest(Strict):
    """Take the latest change back."""

    edit: Literal["undo"]


class RedoLatest(Strict):
    """Make what was undone last again."""

    edit: Literal["redo"]


class RejectEdit(Strict):
    """Take one edit out, by its number in the log, and keep those after it."""

    edit: Literal["reject"]
    number: Annotated[int, Field(ge=1, le=1_000_000)]


Asked: TypeAlias = Annotated[
    InsertClips
    | RemoveItems
    | MoveItem
    | SplitItem
    | ApplyOperations
    | CrossfadeItem
    | ChooseTake
    | RegenerateItem
    | UndoLatest
    | RedoLatest
    | RejectEdit,
    Field(discriminator="edit"),
]


class TimelineBody(Strict):
    """A timeline: its items, when each begins (seconds), how long it lasts, and what can be undone and redone.

    ``entries`` counts the log; ``void`` says by number which edits no longer fit, and why.
    """

    name: str
    items: list[Item]
    starts: list[float]
    seconds: float
    entries: int
    standing: list[int]
    undone: list[int]
    void: dict[int, str]


class EntryBody(Strict):
    """An entry of the log: its number, whether it counts at present, and what was done."""

    number: int
    standing: bool
    entry: Entry


class ChangeBody(Strict):
    """An item before and after."""

    before: Item
    after: Item


class DifferenceBody(Strict):
    """What changed between two versions; ``moved`` names the items that stand elsewhere."""

    added: list[Item]
    removed: list[Item]
    changed: list[ChangeBody]
    moved: list[str]


class Rendered(Strict):
    """What a timeline became."""

    clip: ClipBody


def timeline_body(project: Project, version: Version) -> TimelineBody:
    """A version of a project as it is shown."""
    return TimelineBody(
        name=project.name,
        items=list(version.timeline.items),
        starts=version.timeline.starts(),
        seconds=version.timeline.seconds,
        entries=len(project.log()),
        standing=list(version.standing),
        undone=list(version.undone),
        void=version.void,
    )


def difference_body(found: Difference) -> DifferenceBody:
    """What changed, as it is shown."""
    return DifferenceBody(
        added=list(found.added),
        removed=list(found.removed),
        changed=[ChangeBody(before=before, after=after) for before, after in found.changed],
        moved=list(found.moved),
    )


def edited(project: Project, asked: Asked, progress: Progress) -> Version:
    """Carry an edit out; raises what :class:`~gpt4video.agent.projects.Project` raises."""
    match asked:
        case InsertClips():
            return project.insert(asked.clips, asked.at)
        case ApplyOperations():
            return project.apply(asked.items, asked.operations)
        case RegenerateItem():
            given = asked.model_dump(exclude={"edit", "item", "prompt"})
            return project.regenerate(asked.item, asked.prompt, **given, progress=progress)
        case UndoLatest():
            return project.undo()
        case RedoLatest():
            return project.redo()
        case RejectEdit():
            return project.reject(asked.number)
    # The log holds edits as the timeline knows them.
    return project.edit(_EDIT.validate_python(asked.model_dump()))
