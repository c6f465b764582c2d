"""What a timeline is: items one after another, each a span of a clip with operations on it. Values, never changed."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from pydantic import Field, model_validator

from ..base import ToolModel
from ..editing.operations import Concat, Cut, Extract, Operation, Speed, Trim
from ..editing.spans import frame_span, nearest_frame
from ..errors import BadArguments
from ..media.write import frame_rate


class Take(ToolModel):
    """One candidate for an item: a span of a clip of the library.

    Attributes:
        clip: library id.
        start: seconds.
        end: seconds, later than the start.
        length: the whole clip, seconds.
        rate: its frames a second.
        about: what it is, a few words ("like it, at night").
        scores: how good it is by name, 0 to 1, where something judged it.
    """

    clip: Annotated[str, Field(min_length=1, max_length=80)]
    start: Annotated[float, Field(ge=0)] = 0.0
    end: Annotated[float, Field(gt=0)]
    length: Annotated[float, Field(gt=0)]
    rate: Annotated[float, Field(gt=0, le=1000)]
    about: str = ""
    scores: dict[str, float] = {}

    @model_validator(mode="after")
    def _inside(self) -> Take:
        if not self.start < self.end <= self.length + 1 / self.rate:
            raise ValueError(f"{self.start:g}-{self.end:g} s is no span of a clip of {self.length:g} s")
        return self

    @property
    def grid(self) -> Fraction:
        """Frames a second as the editor counts them."""
        return frame_rate(self.rate)

    @property
    def frames(self) -> int:
        """How many frames the span has."""
        return max(1, nearest_frame(self.end, self.grid) - nearest_frame(self.start, self.grid))


class Item(ToolModel):
    """A place in the timeline.

    Attributes:
        id: stays the same whatever is done to the item; pieces of a split get new ones.
        takes: candidates, at least one.
        chosen: which of them is shown.
        operations: carried out on the chosen take, in order.
        crossfade: seconds for which it overlaps the item before it; 0 is a cut.
        sound: whose sound it has instead of its own.
    """

    id: str
    takes: Annotated[tuple[Take, ...], Field(min_length=1)]
    chosen: Annotated[int, Field(ge=0)] = 0
    operations: tuple[Operation, ...] = ()
    crossfade: Annotated[float, Field(ge=0, le=60)] = 0.0
    sound: Take | None = None

    @model_validator(mode="after")
    def _known_take(self) -> Item:
        if self.chosen >= len(self.takes):
            raise ValueError(f"there is no take {self.chosen + 1} of {len(self.takes)}")
        return self

    @property
    def take(self) -> Take:
        """The take that is shown."""
        return self.takes[self.chosen]

    @property
    def frames(self) -> int:
        """How many frames are shown. Raises ``BadArguments`` when an operation does not fit the chosen take."""
        frames = self.take.frames
        for operation in self.operations:
            frames = frames_after(operation, frames, self.take.grid)
        return frames

    @property
    def seconds(self) -> float:
        """How long it is shown."""
        return float(self.frames / self.take.grid)

    def edited(self, operation: Operation) -> Item:
        """The item with one more operation. Raises ``BadArguments`` when it makes no sense here."""
        if isinstance(operation, Concat | Extract):
            raise BadArguments(
                f"{operation.op} is no edit of an item.",
                "Items of a timeline are joined as they stand; render it to extract something.",
            )
        frames_after(operation, self.frames, self.take.grid)
        if isinstance(operation, Trim) and not self.operations:
            first, past = frame_span(operation.start, operation.end, self.take.frames, self.take.grid)
            begin = nearest_frame(self.take.start, self.take.grid)
            inner = {"start": float((begin + first) / self.take.grid), "end": float((begin + past) / self.take.grid)}
            if len(self.takes) == 1:  # the other takes keep their own spans
                return self.model_copy(update={"takes": (self.take.model_copy(update=inner),)})
        return self.model_copy(update={"operations": (*self.operations, operation)})


class Timeline(ToolModel):
    """Items in the order in which they are shown."""

    items: tuple[Item, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it lasts: crossfades overlap."""
        return sum(item.seconds for item in self.items) - sum(item.crossfade for item in self.items[1:])

    def place(self, item: str) -> int:
        """Where an item stands, from 0. Raises ``BadArguments`` when there is none of that id."""
        for place, one in enumerate(self.items):
            if one.id == item:
                return place
        known = ", ".join(one.id for one in self.items) or "none"
        raise BadArguments(f"The timeline has no item {item!r}.", f"Its items: {known}.")

    def starts(self) -> list[float]:
        """When each item begins, seconds."""
        starts, at = [], 0.0
        for place, item in enumerate(self.items):
            at -= item.crossfade if place else 0.0
            starts.append(at)
            at += item.seconds
        return starts


def frames_after(operation: Operation, frames: int, rate: Fraction) -> int:
    """How many of ``frames`` frames an operation leaves. Raises ``BadArguments`` when it does not fit them."""
    if isinstance(operation, Trim | Cut):
        first, past = frame_span(operation.start, operation.end, frames, rate)
        left = past - first if isinstance(operation, Trim) else frames - (past - first)
    elif isinstance(operation, Speed):
        left = round(frames / operation.factor)
    else:
        return frames
    if left < 1:
        raise BadArguments(
            f"After {operation.op} nothing is left of {float(frames / rate):.2f} s.", "Leave more of it."
        )
    return left
