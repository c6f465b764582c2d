"""Surface of the plan syntax below the level of steps: numbers, times, free text, references and edit operations."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final, get_args

from ...tools.editing.operations import (
    Audio,
    Color,
    Concat,
    Crop,
    Cut,
    Extract,
    Fade,
    FontName,
    Operation,
    Resize,
    Reverse,
    Rotate,
    Speed,
    Stabilise,
    Text,
    TimePoint,
    Trim,
)

REF: Final = re.compile(
    r"(?:c[1-9]\d{0,2}|[0-9a-f]{8,64})(?:@\d+(?:\.\d+)?-\d+(?:\.\d+)?)?|\$[1-9]\d?(?:\[-?\d{1,2}\])?"
)
_TIME: Final = re.compile(r"(?:(\d+(?:\.\d+)?)%|(end))?([+-]?\d+(?:\.\d+)?)?")
_END: Final = TimePoint(fraction=1.0)
_COUNTED: Final = frozenset({"frames", "sheet"})
_SPANNED: Final = frozenset({"trim", "cut", "gif", "webm", "m4a", "wav"})
_PLAIN: Final = frozenset({"grayscale", "sepia", "invert"})


class PlanSyntaxError(ValueError):
    """A plan's text does not parse. Carries ``code``, ``message`` and ``remedy`` as the tools' errors do."""

    code = "plan_syntax"

    def __init__(self, message: str, remedy: str = "Write it as in: find: red car ; edit $1[0] trim 0 2") -> None:
        super().__init__(f"{message} {remedy}")
        self.message = message
        self.remedy = remedy


# --- numbers, times and text ---------------------------------------------------------------------------------------


def number(value: float) -> str:
    """Write a number without exponent or trailing zeros: 2, 0.5, 1280."""
    text = format(Decimal(repr(float(value) + 0.0)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def render_time(point: TimePoint) -> str:
    """``TimePoint`` -> its surface."""
    if point.fraction == 0 and point.offset >= 0:
        return number(point.offset)
    if point.fraction == 1 and point.offset <= 0:
        return number(point.offset) if point.offset else "end"
    sign = "+" if point.offset > 0 else ""
    return f"{number_of_percent(point.fraction)}%" + (f"{sign}{number(point.offset)}" if point.offset else "")


def number_of_percent(fraction: float) -> str:
    """0.5 -> 50, without the rounding of binary fractions."""
    text = format(Decimal(repr(fraction)) * 100, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse_time(text: str) -> TimePoint:
    """Surface -> ``TimePoint``."""
    match = _TIME.fullmatch(text)
    if not text or match is None:
        raise PlanSyntaxError(f"{text!r} is not a time.", "Times are 2, -2, end, 50% or 50%+2.")
    percent, end, offset = match.groups()
    if percent is not None:
        return TimePoint(fraction=float(Decimal(percent) / 100), offset=float(offset or 0))
    if end or offset.startswith("-"):
        return TimePoint(fraction=1.0, offset=float(offset or 0))
    return TimePoint(offset=float(offset))


def escape(text: str) -> str:
    """Free text as it stands in a plan: marks, newlines and outer spaces escaped."""
    text = re.sub(r"[;|\\]", lambda match: "\\" + match[0], text).replace("\n", "\\n")
    text = "\\s" + text[1:] if text.startswith(" ") else text
    return text[:-1] + "\\s" if text.endswith(" ") else text


def unescape(text: str) -> str:
    """Undo :func:`escape`."""
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "s": " "}.get(match[1], match[1]), text)


def split(text: str, mark: str) -> list[str]:
    """Split at every mark that no backslash escapes, and trim the parts."""
    parts, start, escaped = [], 0, False
    for place, character in enumerate(text):
        if character == mark and not escaped:
            parts.append(text[start:place].strip(" "))
            start = place + 1
        escaped = character == "\\" and not escaped
    return [*parts, text[start:].strip(" ")]


# --- render --------------------------------------------------------------------------------------------------------


def _span(start: TimePoint, end: TimePoint) -> str:
    return f"{render_time(start)} {render_time(end)}"


def _render_crop(op: Crop) -> str:
    return f"crop {op.aspect or f'{op.x} {op.y} {op.width} {op.height}'}" + (" follow" if op.follow else "")


def _render_text(op: Text) -> str:
    style = ("" if op.font == "sans" else f" {op.font}") + ("" if op.size is None else f" size {number(op.size)}")
    times = "" if (op.start, op.end) == (TimePoint(), _END) else f" {_span(op.start, op.end)}"
    return f"text {op.position}{style}{times}: {escape(op.text)}"


def _render_audio(op: Audio) -> str:
    if op.action == "volume":
        return f"audio volume {number(op.amount)}"
    if op.action == "fade":
        return f"audio fade {number(op.fade_in)} {number(op.fade_out)}"
    return "audio mute" if op.action == "mute" else f"audio replace {render_ref(op.source or '')}"


def _render_extract(op: Extract) -> str:
    if op.what in {"frame", "thumbnail"}:
        return f"{op.what} {render_time(op.at)}"
    name = op.sound if op.what == "audio" else op.what
    count = f" {op.count}" if op.what in _COUNTED and op.count is not None else ""
    return f"{name}{count} {_span(op.start, op.end)}"


_RENDER: Final[dict[str, Callable[..., str]]] = {
    "trim": lambda op: f"trim {_span(op.start, op.end)}",
    "cut": lambda op: f"cut {_span(op.start, op.end)}",
    "concat": lambda op: f"concat {number(op.crossfade)}" if op.crossfade else "concat",
    "speed": lambda op: f"speed {number(op.factor)}",
    "reverse": lambda _: "reverse",
    "crop": _render_crop,
    "resize": lambda op: f"resize {op.height}" if op.width is None else f"resize {op.width}x{op.height}",
    "rotate": lambda op: f"rotate {op.turn}",
    "fade": lambda op: f"fade {number(op.fade_in)} {number(op.fade_out)}",
    "text": _render_text,
    "color": lambda op: f"color {op.effect}" + ("" if op.effect in _PLAIN else f" {op.lut or number(op.amount)}"),
    "audio": _render_audio,
    "stabilise": lambda op: "stabilise" if op.strength == "medium" else f"stabilise {op.strength}",
    "extract": _render_extract,
}


def render_ref(ref: str) -> str:
    """A clip reference, checked. Raises :class:`PlanSyntaxError`."""
    if not REF.fullmatch(ref):
        raise PlanSyntaxError(f"{ref!r} is not a clip reference.", "References are c1, c1@2-4, $1 or $1[0].")
    return ref


# --- parse ---------------------------------------------------------------------------------------------------------


def _need(words: list[str], count: int, form: str) -> None:
    if len(words) != count:
        raise PlanSyntaxError(f"{' '.join(words)!r} does not fit the form {form!r}.", f"Write {form}.")


def parse_operation(part: str) -> Operation:
    """Surface -> ``Operation``. Raises :class:`PlanSyntaxError`, ``ValueError`` or ``IndexError``."""
    head, _, text = part.partition(": ")
    name, *words = head.split(" ")
    span = {"start": parse_time(words[-2]), "end": parse_time(words[-1])} if _has_span(name, words) else {}
    if name == "text":
        return _parse_text(words, unescape(text))
    if name not in _PARSE or text:
        raise PlanSyntaxError(f"{part!r} is no operation.", f"Operations are {', '.join(_PARSE)} and text.")
    form, count, build = _PARSE[name]
    if count is not None:
        _need(words, count, form)
    return build(words, span)


def _has_span(name: str, words: list[str]) -> bool:
    return (name in _SPANNED and len(words) == 2) or (name in _COUNTED and len(words) in (2, 3))


def _parse_text(words: list[str], text: str) -> Operation:
    style: dict[str, object] = {"position": words.pop(0) if words else "bottom"}
    if words and words[0] in get_args(FontName):
        style["font"] = words.pop(0)
    if words[:1] == ["size"]:
        style["size"] = float(words[1])
        del words[:2]
    if words:
        _need(words, 2, "text bottom serif size 8 0 2: words")
        style |= {"start": parse_time(words[0]), "end": parse_time(words[1])}
    return Text.model_validate({"text": text, **style})


def _parse_crop(words: list[str], _: object) -> Operation:
    if len(words) == 1 or words[1:] == ["follow"]:
        return Crop(aspect=words[0], follow=len(words) == 2)  # type: ignore[arg-type]
    _need(words, 4, "crop x y width height")
    x, y, width, height = map(int, words)
    return Crop(x=x, y=y, width=width, height=height)


def _parse_concat(words: list[str], _: object) -> Operation:
    _need(words, min(1, len(words)), "concat 1")
    return Concat(crossfade=float(words[0]) if words else 0.0)


def _parse_stabilise(words: list[str], _: object) -> Operation:
    _need(words, min(1, len(words)), "stabilise high")
    return Stabilise(strength=words[0] if words else "medium")  # type: ignore[arg-type]


def _parse_counted(what: str, words: list[str], span: dict[str, TimePoint]) -> Operation:
    _need(words, 3 if len(words) == 3 else 2, f"{what} 12 0 end")
    return Extract.model_validate({"what": what, "count": int(words[0]) if len(words) == 3 else None, **span})


def _parse_resize(words: list[str], _: object) -> Operation:
    width, _x, height = words[0].rpartition("x")
    return Resize(height=int(height), width=int(width) if width else None)


def _parse_color(words: list[str], _: object) -> Operation:
    plain = words[0] in _PLAIN
    _need(words, 1 if plain else 2, "color brightness 1.5")
    if words[0] == "lut":
        return Color(effect="lut", lut=words[1])
    return Color(effect=words[0], amount=1.0 if plain else float(words[1]))  # type: ignore[arg-type]


def _parse_audio(words: list[str], _: object) -> Operation:
    if words[:1] == ["fade"]:
        _need(words, 3, "audio fade 1 2")
        return Audio(action="fade", fade_in=float(words[1]), fade_out=float(words[2]))
    _need(words, 1 if words[:1] == ["mute"] else 2, "audio mute, audio volume 0.5 or audio replace c2")
    if words[0] == "replace":
        return Audio(action="replace", source=words[1])
    return Audio(action=words[0], amount=float(words[1]) if words[1:] else 1.0)  # type: ignore[arg-type]


_PARSE: Final[dict[str, tuple[str, int | None, Callable[[list[str], dict[str, TimePoint]], Operation]]]] = {
    "trim": ("trim 0 2", 2, lambda _, span: Trim(start=span["start"], end=span["end"])),
    "cut": ("cut 0 2", 2, lambda _, span: Cut(start=span["start"], end=span["end"])),
    "gif": ("gif 0 2", 2, lambda _, span: Extract(what="gif", start=span["start"], end=span["end"])),
    "frame": ("frame 50%", 1, lambda words, _: Extract(what="frame", at=parse_time(words[0]))),
    "webm": ("webm 0 2", 2, lambda _, span: Extract(what="webm", start=span["start"], end=span["end"])),
    "m4a": ("m4a 0 2", 2, lambda _, span: Extract(what="audio", start=span["start"], end=span["end"])),
    "wav": ("wav 0 2", 2, lambda _, span: Extract(what="audio", sound="wav", start=span["start"], end=span["end"])),
    "frames": ("frames 12 0 end", None, lambda words, span: _parse_counted("frames", words, span)),
    "sheet": ("sheet 12 0 end", None, lambda words, span: _parse_counted("sheet", words, span)),
    "thumbnail": ("thumbnail 50%", 1, lambda words, _: Extract(what="thumbnail", at=parse_time(words[0]))),
    "concat": ("concat 1", None, _parse_concat),
    "stabilise": ("stabilise", None, _parse_stabilise),
    "speed": ("speed 2", 1, lambda words, _: Speed(factor=float(words[0]))),
    "reverse": ("reverse", 0, lambda *_: Reverse()),
    "crop": ("crop 9:16", None, _parse_crop),
    "resize": ("resize 720", 1, _parse_resize),
    "rotate": ("rotate 90", 1, lambda words, _: Rotate(turn=words[0])),  # type: ignore[arg-type]
    "fade": ("fade 1 1", 2, lambda words, _: Fade(fade_in=float(words[0]), fade_out=float(words[1]))),
    "color": ("color sepia", None, _parse_color),
    "audio": ("audio mute", None, _parse_audio),
}


def render_operation(operation: Operation) -> str:
    """``Operation`` -> its surface."""
    return _RENDER[operation.op](operation)
