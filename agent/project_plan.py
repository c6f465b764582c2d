"""What can be done with a project in a conversation, as typed data: the arguments and the result of its tools.

Items are told by their place as people see it: 1 is the first, -1 the last; an empty list means all of them. What a
place stands for is found out when the step runs, in the project as it is then.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from ..tools.base import ClipRef, ToolModel
from ..tools.editing.operations import Operation, TimePoint
from .state import ClipRow, ProjectRow

Place: TypeAlias = Annotated[int, Field(ge=-500, le=500)]
Format: TypeAlias = Literal["otio", "edl", "fcpxml"]


class Begin(ToolModel):
    """Begin the project, or go on with the one of that name."""

    do: Literal["begin"] = "begin"


class Put(ToolModel):
    """Put clips in as items, the first of them at place ``at``, by default at the end."""

    do: Literal["put"] = "put"
    clips: Annotated[list[ClipRef], Field(min_length=1, max_length=32)]
    at: Annotated[int, Field(ge=1)] | None = None


class Remove(ToolModel):
    """Take items out."""

    do: Literal["remove"] = "remove"
    items: list[Place]


class Move(ToolModel):
    """Put an item where another stands now: before it, or after it."""

    do: Literal["move"] = "move"
    item: Place
    beside: Place
    after: bool = False


class Change(ToolModel):
    """Carry out operations on items."""

    do: Literal["change"] = "change"
    items: list[Place]
    operations: Annotated[list[Operation], Field(min_length=1, max_length=8)]


class Split(ToolModel):
    """Divide an item in two."""

    do: Literal["split"] = "split"
    item: Place
    at: TimePoint


class Crossfade(ToolModel):
    """Let items overlap those before them; 0 is a cut. All items: all but the first."""

    do: Literal["crossfade"] = "crossfade"
    items: list[Place]
    seconds: Annotated[float, Field(ge=0, le=60)] = 1.0


class Choose(ToolModel):
    """Show another take; of the item that has several, unless one is named."""

    do: Literal["choose"] = "choose"
    take: Annotated[int, Field(ge=1)]
    item: Place | None = None


class Regenerate(ToolModel):
    """Show something newly made instead of an item's seconds ``start`` to ``end``.

    ``whole``: the prompt is all that shall be seen ("as a boat on the sea"), not what shall differ ("at night").
    """

    do: Literal["regenerate"] = "regenerate"
    item: Place
    prompt: Annotated[str, Field(min_length=1, max_length=1000)]
    start: Annotated[float, Field(ge=0)] = 0.0
    end: Annotated[float, Field(gt=0)] | None = None
    takes: Annotated[int, Field(ge=1, le=8)] = 2
    whole: bool = False


class Undo(ToolModel):
    """Take the latest changes back, or make those that were taken back again."""

    do: Literal["undo", "redo"] = "undo"
    times: Annotated[int, Field(ge=1, le=99)] = 1


class Reject(ToolModel):
    """Take one edit out by its number in the log, by default the latest that stands."""

    do: Literal["reject"] = "reject"
    number: Annotated[int, Field(ge=1)] | None = None


class Tell(ToolModel):
    """Show the timeline, the takes of its items, or the log."""

    do: Literal["show", "takes", "log"] = "show"


class Compare(ToolModel):
    """Say what changed since a version: ``entries`` of the log, or so many edits ``back``."""

    do: Literal["compare"] = "compare"
    entries: Annotated[int, Field(ge=0)] | None = None
    back: Annotated[int, Field(ge=1)] = 1


class Render(ToolModel):
    """Make a clip of the timeline."""

    do: Literal["render"] = "render"


class Export(ToolModel):
    """Write the timeline for another program."""

    do: Literal["export"] = "export"
    format: Format


ProjectOperation: TypeAlias = Annotated[
    Begin | Put | Remove | Move | Change | Split | Crossfade | Choose | Regenerate | Undo | Reject | Tell | Compare
    | Render | Export,
    Field(discriminator="do"),
]  # fmt: skip


class ProjectArguments(ToolModel):
    """Arguments of ``edit_project``, ``render_project`` and ``regenerate_span``.

    Attributes:
        project: its name.
        operations: carried out in order; changes first, all or none.
        turn: what asks for it, so that it is done once, however often the step runs.
        text: how it was asked for; kept in the log.
    """

    project: Annotated[str, Field(min_length=1, max_length=80)]
    operations: Annotated[list[ProjectOperation], Field(min_length=1, max_length=12)]
    turn: str = ""
    text: str = ""


class ItemRow(ToolModel):
    """An item as it is told: its clip and span, how long it is shown from when, and what is done to it."""

    clip: str
    start: float
    end: float
    at: float
    seconds: float
    operations: list[str] = []
    take: int = 1
    takes: list[dict[str, float]] = []
    crossfade: float = 0.0


class ProjectResult(ToolModel):
    """What was done, and the timeline after it.

    Attributes:
        done: a sentence each.
        items: the timeline.
        seconds: how long it lasts.
        clip: library id of what was rendered.
        clip_seconds: its length.
        path: of what was written.
        notes: what the user should know.
    """

    project: str
    done: list[str]
    items: list[ItemRow]
    seconds: float
    clip: str = ""
    clip_seconds: float = 0.0
    path: str = ""
    notes: list[str] = []


def project_ended(result: ProjectResult) -> tuple[list[ClipRow], dict[str, Any]]:
    """What a step on a project leaves in the conversation: the clip that was rendered, and which project is open."""
    project: ProjectRow = {"name": result.project, "latest": True}
    if not result.clip:
        return [], {"project": project}
    row: ClipRow = {
        "name": "", "id": result.clip, "about": "render", "duration": round(result.clip_seconds, 3), "start": 0.0,
        "end": None,
    }  # fmt: skip
    return [row], {"project": project, "made": [result.clip]}
