"""The operations of ``edit_video`` as typed data: what plans hold, what the renderer carries out."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from ..base import ClipRef, ToolModel


class TimePoint(ToolModel):
    """A moment of a clip of any length: ``fraction * duration + offset`` seconds.

    ``(0, 2)`` is the second second, ``(1, -2)`` two seconds before the end, ``(0.5, 0)`` the middle.
    """

    fraction: Annotated[float, Field(ge=0, le=1)] = 0.0
    offset: Annotated[float, Field(ge=-86400, le=86400)] = 0.0

    def seconds(self, duration: float) -> float:
        """The moment in a clip of ``duration`` seconds; may lie outside it, which the caller must reject."""
        return self.fraction * duration + self.offset


class Trim(ToolModel):
    """Keep the span from ``start`` to ``end``."""

    op: Literal["trim"] = "trim"
    start: TimePoint = TimePoint()
    end: TimePoint = TimePoint(fraction=1.0)


class Cut(ToolModel):
    """Remove the span from ``start`` to ``end`` and join what is left."""

    op: Literal["cut"] = "cut"
    start: TimePoint = TimePoint()
    end: TimePoint = TimePoint(fraction=1.0)


class Concat(ToolModel):
    """Join all clips of the step in order; size, frame rate and audio are made equal."""

    op: Literal["concat"] = "concat"


class Speed(ToolModel):
    """Play ``factor`` times as fast; below 1 is slow motion. Audio pitch is kept."""

    op: Literal["speed"] = "speed"
    factor: Annotated[float, Field(ge=0.1, le=20)]


class Reverse(ToolModel):
    """Play backwards, sound included."""

    op: Literal["reverse"] = "reverse"


class Crop(ToolModel):
    """Crop to an aspect ratio about the centre (``aspect``), or to a box in pixels (all four of the rest)."""

    op: Literal["crop"] = "crop"
    aspect: Literal["1:1", "9:16", "16:9", "4:3", "3:4", "4:5", "21:9"] | None = None
    x: Annotated[int, Field(ge=0)] | None = None
    y: Annotated[int, Field(ge=0)] | None = None
    width: Annotated[int, Field(ge=2, le=8192)] | None = None
    height: Annotated[int, Field(ge=2, le=8192)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Crop:
        box = [self.x, self.y, self.width, self.height]
        if (self.aspect is None) == all(value is None for value in box):
            raise ValueError("crop needs either an aspect or a box")
        if self.aspect is None and any(value is None for value in box):
            raise ValueError("a crop box needs x, y, width and height")
        return self


class Resize(ToolModel):
    """Scale to a height in pixels, keeping the aspect; or to an exact width and height."""

    op: Literal["resize"] = "resize"
    height: Annotated[int, Field(ge=16, le=4320)]
    width: Annotated[int, Field(ge=16, le=8192)] | None = None


class Rotate(ToolModel):
    """Turn clockwise by 90, 180 or 270 degrees, or mirror."""

    op: Literal["rotate"] = "rotate"
    turn: Literal["90", "180", "270", "mirror", "flip"]


class Fade(ToolModel):
    """Fade from black at the start and to black at the end, in seconds; sound too."""

    op: Literal["fade"] = "fade"
    fade_in: Annotated[float, Field(ge=0, le=60)] = 0.0
    fade_out: Annotated[float, Field(ge=0, le=60)] = 0.0

    @model_validator(mode="after")
    def _some(self) -> Fade:
        if self.fade_in == 0 and self.fade_out == 0:
            raise ValueError("fade needs a length at the start or the end")
        return self


class Text(ToolModel):
    """Write text over the picture, the whole clip long or from ``start`` to ``end``."""

    op: Literal["text"] = "text"
    text: Annotated[str, Field(min_length=1, max_length=200)]
    position: Literal["top", "center", "bottom"] = "bottom"
    start: TimePoint = TimePoint()
    end: TimePoint = TimePoint(fraction=1.0)


class Color(ToolModel):
    """Change the colours. ``amount`` is a factor for brightness, contrast and saturation (1 is unchanged)."""

    op: Literal["color"] = "color"
    effect: Literal["grayscale", "sepia", "invert", "brightness", "contrast", "saturation"]
    amount: Annotated[float, Field(ge=0, le=4)] = 1.0


class Audio(ToolModel):
    """Mute, set the volume (``amount``: 1 is unchanged), or replace the sound by that of clip ``source``."""

    op: Literal["audio"] = "audio"
    action: Literal["mute", "volume", "replace"]
    amount: Annotated[float, Field(ge=0, le=10)] = 1.0
    source: ClipRef | None = None

    @model_validator(mode="after")
    def _source(self) -> Audio:
        if (self.action == "replace") != (self.source is not None):
            raise ValueError("audio replace needs a source clip, the other actions take none")
        return self


class Extract(ToolModel):
    """Take a still picture (``frame`` at ``at``) or an animated gif (``start`` to ``end``)."""

    op: Literal["extract"] = "extract"
    what: Literal["frame", "gif"]
    at: TimePoint = TimePoint(fraction=0.5)
    start: TimePoint = TimePoint()
    end: TimePoint = TimePoint(fraction=1.0)


Operation: TypeAlias = Annotated[
    Trim | Cut | Concat | Speed | Reverse | Crop | Resize | Rotate | Fade | Text | Color | Audio | Extract,
    Field(discriminator="op"),
]


class EditArguments(ToolModel):
    """Arguments of ``edit_video``.

    Several clips without ``concat`` are edited one by one, each giving an output.
    """

    clips: Annotated[list[ClipRef], Field(min_length=1, max_length=32)]
    operations: Annotated[list[Operation], Field(min_length=1, max_length=8)]
