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
    """Join all clips of the step in order; size, frame rate and audio are made equal.

    ``crossfade`` seconds of each clip fade into the next, picture and sound; the result is shorter by as much a join.
    """

    op: Literal["concat"] = "concat"
    crossfade: Annotated[float, Field(ge=0, le=30)] = 0.0


class Speed(ToolModel):
    """Play ``factor`` times as fast; below 1 is slow motion. Audio pitch is kept."""

    op: Literal["speed"] = "speed"
    factor: Annotated[float, Field(ge=0.1, le=20)]


class Reverse(ToolModel):
    """Play backwards, sound included."""

    op: Literal["reverse"] = "reverse"


class Crop(ToolModel):
    """Crop to an aspect ratio (``aspect``), or to a box in pixels (all four of the rest).

    An aspect is taken about the centre; with ``follow`` the window follows what moves.
    """

    op: Literal["crop"] = "crop"
    aspect: Literal["1:1", "9:16", "16:9", "4:3", "3:4", "4:5", "21:9"] | None = None
    x: Annotated[int, Field(ge=0)] | None = None
    y: Annotated[int, Field(ge=0)] | None = None
    width: Annotated[int, Field(ge=2, le=8192)] | None = None
    height: Annotated[int, Field(ge=2, le=8192)] | None = None
    follow: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Crop:
        box = [self.x, self.y, self.width, self.height]
        if (self.aspect is None) == all(value is None for value in box):
            raise ValueError("crop needs either an aspect or a box")
        if self.aspect is None and any(value is None for value in box):
            raise ValueError("a crop box needs x, y, width and height")
        if self.follow and self.aspect is None:
            raise ValueError("only a crop to an aspect can follow what moves")
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


Position: TypeAlias = Literal["top", "center", "bottom", "top-left", "top-right", "bottom-left", "bottom-right"]
FontName: TypeAlias = Literal["sans", "serif", "mono", "bold"]


class Text(ToolModel):
    """Write text over the picture, the whole clip long or from ``start`` to ``end``.

    It stays inside the title-safe area: 5 % of the picture at each side are kept free. ``size`` is the height of a
    line in percent of the picture's height; None is 8, or less where the text is long.
    """

    op: Literal["text"] = "text"
    text: Annotated[str, Field(min_length=1, max_length=200)]
    position: Position = "bottom"
    start: TimePoint = TimePoint()
    end: TimePoint = TimePoint(fraction=1.0)
    font: FontName = "sans"
    size: Annotated[float, Field(ge=2, le=60)] | None = None


class Color(ToolModel):
    """Change the colours. ``amount`` is a factor for brightness, contrast and saturation (1 is unchanged).

    The effect ``lut`` applies the colour table ``lut``: the name of a ``.cube`` file in the folder of tables, without
    the suffix.
    """

    op: Literal["color"] = "color"
    effect: Literal["grayscale", "sepia", "invert", "brightness", "contrast", "saturation", "lut"]
    amount: Annotated[float, Field(ge=0, le=4)] = 1.0
    lut: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")] | None = None

    @model_validator(mode="after")
    def _table(self) -> Color:
        if (self.effect == "lut") != (self.lut is not None):
            raise ValueError("color lut needs the name of a colour table, the other effects take none")
        return self


class Audio(ToolModel):
    """Mute, set the volume (``amount``: 1 is unchanged), fade in and out, or replace the sound by clip ``source``'s.

    ``fade_in`` and ``fade_out`` are seconds of the action ``fade``, which leaves the picture as it is.
    """

    op: Literal["audio"] = "audio"
    action: Literal["mute", "volume", "replace", "fade"]
    amount: Annotated[float, Field(ge=0, le=10)] = 1.0
    source: ClipRef | None = None
    fade_in: Annotated[float, Field(ge=0, le=60)] = 0.0
    fade_out: Annotated[float, Field(ge=0, le=60)] = 0.0

    @model_validator(mode="after")
    def _source(self) -> Audio:
        if (self.action == "replace") != (self.source is not None):
            raise ValueError("audio replace needs a source clip, the other actions take none")
        if (self.action == "fade") != (self.fade_in + self.fade_out > 0):
            raise ValueError("audio fade needs a length at the start or the end, the other actions take none")
        return self


class Stabilise(ToolModel):
    """Take the shake out of a hand-held picture; ``strength`` is how slowly the picture may move afterwards."""

    op: Literal["stabilise"] = "stabilise"
    strength: Literal["low", "medium", "high"] = "medium"


class Extract(ToolModel):
    """Take something out of a clip; what is taken is handed over as a file.

    ``frame`` and ``thumbnail`` (at most 320 pixels wide) are the picture at ``at``. The rest are taken from ``start``
    to ``end``: an animated ``gif``, the sound as ``audio`` (``sound``: m4a or wav), a ``webm`` video, ``frames`` (a
    zip of PNGs: all of them, or ``count`` evenly spaced) and a ``sheet`` (``count`` frames in a grid, with times).
    """

    op: Literal["extract"] = "extract"
    what: Literal["frame", "gif", "audio", "webm", "frames", "thumbnail", "sheet"]
    at: TimePoint = TimePoint(fraction=0.5)
    start: TimePoint = TimePoint()
    end: TimePoint = TimePoint(fraction=1.0)
    sound: Literal["m4a", "wav"] = "m4a"
    count: Annotated[int, Field(ge=1, le=100)] | None = None


Operation: TypeAlias = Annotated[
    Trim | Cut | Concat | Speed | Reverse | Crop | Resize | Rotate | Fade | Text | Color | Audio | Stabilise | Extract,
    Field(discriminator="op"),
]


class EditArguments(ToolModel):
    """Arguments of ``edit_video``.

    Several clips without ``concat`` are edited one by one, each giving an output.
    """

    clips: Annotated[list[ClipRef], Field(min_length=1, max_length=32)]
    operations: Annotated[list[Operation], Field(min_length=1, max_length=8)]
