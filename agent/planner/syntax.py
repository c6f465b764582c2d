r"""The compact plan syntax, the only one there is: training targets, constrained decoding and the CLI share it.

::

    look c1: what happens ; find 5 in c1 c2: red bicycle ; edit $2[0] trim 0 1 | reverse ; gen 4s like $3: at night
    say greet

Steps are joined by `` ; ``, an edit's operations by `` | ``. Free text comes last in its segment, after ``: ``; in it
``;``, ``|``, ``\``, newline and outer spaces are escaped (``\;``, ``\|``, ``\\``, ``\n``, ``\s``), so that text that
is copied from a request tokenizes as it does there. Times: ``2`` (second 2), ``-2`` (2 s before the end), ``end``,
``50%``, ``50%+2``. ``parse(render(plan)) == plan`` but for arguments that an operation ignores (``canonical``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from pydantic import ValidationError

from ...tools.editing.operations import (
    Audio,
    Color,
    Concat,
    Crop,
    Cut,
    EditArguments,
    Extract,
    Fade,
    Operation,
    Resize,
    Reverse,
    Rotate,
    Speed,
    Text,
    TimePoint,
    Trim,
)
from ...tools.generation.arguments import GenerateArguments
from ...tools.search import SearchArguments
from ...tools.understanding.arguments import UnderstandArguments
from .base import ClipEntry, PlanContext
from .plan import EditStep, GenerateStep, Plan, SearchStep, Step, UnderstandStep
from .replies import REPLIES, kind_of, reply

REF: Final = re.compile(
    r"(?:c[1-9]\d{0,2}|[0-9a-f]{8,64})(?:@\d+(?:\.\d+)?-\d+(?:\.\d+)?)?|\$[1-9]\d?(?:\[-?\d{1,2}\])?"
)
_TIME: Final = re.compile(r"(?:(\d+(?:\.\d+)?)%|(end))?([+-]?\d+(?:\.\d+)?)?")
_END: Final = TimePoint(fraction=1.0)
_PLAIN: Final = frozenset({"grayscale", "sepia", "invert"})
_COUNT: Final[int] = SearchArguments.model_fields["count"].default

GRAMMAR: Final = r"""
root ::= " " plan
plan ::= "say " kind | step (" ; " step){0,5}
step ::= look | find | gen | edit
look ::= "look " refs (": " text)?
find ::= "find" (" " count)? (" like " ref within (": " text)? | within ": " text)
within ::= (" in " refs)?
gen ::= "gen" (" " seconds "s")? (" seed " int)? (" like " ref)? ": " text
edit ::= "edit " refs " " op (" | " op){0,7}
refs ::= ref (" " ref){0,15}
ref ::= clip ("@" time "-" time)? | "$" [1-9] ("[" "-"? [0-9] "]")?
clip ::= "c" [1-9] [0-9]{0,1}
op ::= ("trim " | "cut " | "gif ") point " " point | "frame " point | "concat" | "reverse" | "speed " factor
    | "crop " (aspect | int " " int " " pixels " " pixels) | "resize " (pixels "x")? pixels
    | "rotate " ("90" | "180" | "270" | "mirror" | "flip") | "fade " (some " " level | "0 " some)
    | "text " ("top" | "center" | "bottom") (" " point " " point)? ": " text
    | "color " ("grayscale" | "sepia" | "invert" | ("brightness" | "contrast" | "saturation") " " gain)
    | "audio " ("mute" | "volume " level | "replace " ref)
aspect ::= "1:1" | "9:16" | "16:9" | "4:3" | "3:4" | "4:5" | "21:9"
point ::= time | "-" time | "end" | [1-9] [0-9]? "%" ([+-] time)?
time ::= [0-9]{1,4} ("." [0-9]{1,2})?
level ::= [0-9] ("." [0-9]{1,2})?
gain ::= [0-3] ("." [0-9]{1,2})?
some ::= [1-9] ("." [0-9])? | "0." [1-9]
factor ::= "0." [1-9] [0-9]? | [1-9] ("." [0-9]{1,2})? | "1" [0-9]
seconds ::= [1-5] [0-9] | [1-9] ("." [0-9])?
count ::= [1-4] [0-9] | [1-9]
pixels ::= [1-9] [0-9]{2} | [1-3] [0-9]{3}
int ::= [0-9]{1,5}
kind ::= KINDS
text ::= [^ ;|\\\n\r\t\x00-\x1f] ([^;|\\\n\r\t\x00-\x1f] | "\\" [;|\\n])*
""".replace("KINDS", " | ".join(f'"{kind}"' for kind in REPLIES))
"""EBNF (xgrammar's dialect) of what a model may write: every sentence of it parses, sizes stay within bounds."""


class PlanSyntaxError(ValueError):
    """A plan's text does not parse. Carries ``code``, ``message`` and ``remedy`` as the tools' errors do."""

    code = "plan_syntax"

    def __init__(self, message: str, remedy: str = "Write it as in: find: red car ; edit $1[0] trim 0 2") -> None:
        super().__init__(f"{message} {remedy}")
        self.message = message
        self.remedy = remedy


# --- numbers, times and text ---------------------------------------------------------------------------------------


def number(value: float) -> str:
    """A number without exponent or trailing zeros: 2, 0.5, 1280."""
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


def _escape(text: str) -> str:
    text = re.sub(r"[;|\\]", lambda match: "\\" + match[0], text).replace("\n", "\\n")
    text = "\\s" + text[1:] if text.startswith(" ") else text
    return text[:-1] + "\\s" if text.endswith(" ") else text


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "s": " "}.get(match[1], match[1]), text)


def _split(text: str, mark: str) -> list[str]:
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
    return f"crop {op.aspect or f'{op.x} {op.y} {op.width} {op.height}'}"


def _render_text(op: Text) -> str:
    times = "" if (op.start, op.end) == (TimePoint(), _END) else f" {_span(op.start, op.end)}"
    return f"text {op.position}{times}: {_escape(op.text)}"


def _render_audio(op: Audio) -> str:
    if op.action == "volume":
        return f"audio volume {number(op.amount)}"
    return "audio mute" if op.action == "mute" else f"audio replace {_ref(op.source or '')}"


def _render_extract(op: Extract) -> str:
    return f"frame {render_time(op.at)}" if op.what == "frame" else f"gif {_span(op.start, op.end)}"


_RENDER: Final[dict[str, Callable[..., str]]] = {
    "trim": lambda op: f"trim {_span(op.start, op.end)}",
    "cut": lambda op: f"cut {_span(op.start, op.end)}",
    "concat": lambda _: "concat",
    "speed": lambda op: f"speed {number(op.factor)}",
    "reverse": lambda _: "reverse",
    "crop": _render_crop,
    "resize": lambda op: f"resize {op.height}" if op.width is None else f"resize {op.width}x{op.height}",
    "rotate": lambda op: f"rotate {op.turn}",
    "fade": lambda op: f"fade {number(op.fade_in)} {number(op.fade_out)}",
    "text": _render_text,
    "color": lambda op: f"color {op.effect}" + ("" if op.effect in _PLAIN else f" {number(op.amount)}"),
    "audio": _render_audio,
    "extract": _render_extract,
}


def _ref(ref: str) -> str:
    if not REF.fullmatch(ref):
        raise PlanSyntaxError(f"{ref!r} is not a clip reference.", "References are c1, c1@2-4, $1 or $1[0].")
    return ref


def _refs(refs: Sequence[str]) -> str:
    return " ".join(_ref(ref) for ref in refs)


def _render_step(step: Step) -> str:
    if isinstance(step, UnderstandStep):
        return f"look {_refs(step.args.clips)}" + (f": {_escape(step.args.question)}" if step.args.question else "")
    if isinstance(step, EditStep):
        return f"edit {_refs(step.args.clips)} " + " | ".join(_RENDER[op.op](op) for op in step.args.operations)
    like = f" like {_ref(step.args.like)}" if step.args.like else ""
    if isinstance(step, SearchStep):
        count = "" if step.args.count == _COUNT else f" {step.args.count}"
        within = f" in {_refs(step.args.clips)}" if step.args.clips else ""
        return f"find{count}{like}{within}" + (f": {_escape(step.args.query)}" if step.args.query else "")
    seconds = "" if step.args.seconds is None else f" {number(step.args.seconds)}s"
    seed = "" if step.args.seed is None else f" seed {step.args.seed}"
    return f"gen{seconds}{seed}{like}: {_escape(step.args.prompt)}"


def render(plan: Plan) -> str:
    """Plan -> text. Raises :class:`PlanSyntaxError` for a reference or step number that the syntax cannot hold."""
    if [step.id for step in plan.steps] != [str(n) for n in range(1, len(plan.steps) + 1)]:
        raise PlanSyntaxError("Steps must be numbered 1, 2, ... in order.", "Number them in order.")
    kind = kind_of(plan.say)
    said = [f"say {kind}" if kind else f"say: {_escape(plan.say)}"] if plan.say else []
    return " ; ".join([*map(_render_step, plan.steps), *said])


# --- parse ---------------------------------------------------------------------------------------------------------


def _need(words: list[str], count: int, form: str) -> None:
    if len(words) != count:
        raise PlanSyntaxError(f"{' '.join(words)!r} does not fit the form {form!r}.", f"Write {form}.")


def _parse_operation(part: str) -> Operation:
    head, _, text = part.partition(": ")
    name, *words = head.split(" ")
    span = {"start": parse_time(words[-2]), "end": parse_time(words[-1])} if _has_span(name, words) else {}
    if name == "text":
        _need(words, 3 if span else 1, "text bottom 0 2: words")
        return Text(text=_unescape(text), position=words[0], **span)  # type: ignore[arg-type]
    if name not in _PARSE or text:
        raise PlanSyntaxError(f"{part!r} is no operation.", f"Operations are {', '.join(_PARSE)} and text.")
    form, count, build = _PARSE[name]
    if count is not None:
        _need(words, count, form)
    return build(words, span)


def _has_span(name: str, words: list[str]) -> bool:
    return (name in {"trim", "cut", "gif"} and len(words) == 2) or (name == "text" and len(words) == 3)


def _parse_crop(words: list[str], _: object) -> Operation:
    if len(words) == 1:
        return Crop(aspect=words[0])  # type: ignore[arg-type]
    _need(words, 4, "crop x y width height")
    x, y, width, height = map(int, words)
    return Crop(x=x, y=y, width=width, height=height)


def _parse_resize(words: list[str], _: object) -> Operation:
    width, _x, height = words[0].rpartition("x")
    return Resize(height=int(height), width=int(width) if width else None)


def _parse_color(words: list[str], _: object) -> Operation:
    plain = words[0] in _PLAIN
    _need(words, 1 if plain else 2, "color brightness 1.5")
    return Color(effect=words[0], amount=1.0 if plain else float(words[1]))  # type: ignore[arg-type]


def _parse_audio(words: list[str], _: object) -> Operation:
    _need(words, 1 if words[:1] == ["mute"] else 2, "audio mute, audio volume 0.5 or audio replace c2")
    if words[0] == "replace":
        return Audio(action="replace", source=words[1])
    return Audio(action=words[0], amount=float(words[1]) if words[1:] else 1.0)  # type: ignore[arg-type]


_PARSE: Final[dict[str, tuple[str, int | None, Callable[[list[str], dict[str, TimePoint]], Operation]]]] = {
    "trim": ("trim 0 2", 2, lambda _, span: Trim(**span)),
    "cut": ("cut 0 2", 2, lambda _, span: Cut(**span)),
    "gif": ("gif 0 2", 2, lambda _, span: Extract(what="gif", **span)),
    "frame": ("frame 50%", 1, lambda words, _: Extract(what="frame", at=parse_time(words[0]))),
    "concat": ("concat", 0, lambda *_: Concat()),
    "speed": ("speed 2", 1, lambda words, _: Speed(factor=float(words[0]))),
    "reverse": ("reverse", 0, lambda *_: Reverse()),
    "crop": ("crop 9:16", None, _parse_crop),
    "resize": ("resize 720", 1, _parse_resize),
    "rotate": ("rotate 90", 1, lambda words, _: Rotate(turn=words[0])),  # type: ignore[arg-type]
    "fade": ("fade 1 1", 2, lambda words, _: Fade(fade_in=float(words[0]), fade_out=float(words[1]))),
    "color": ("color sepia", None, _parse_color),
    "audio": ("audio mute", None, _parse_audio),
}


def _take_refs(words: list[str]) -> list[str]:
    """Remove the references at the head of ``words`` and return them."""
    taken = []
    while words and REF.fullmatch(words[0]):
        taken.append(words.pop(0))
    return taken


def _option(words: list[str], name: str) -> list[str]:
    if words[:1] != [name]:
        return []
    del words[0]
    return _take_refs(words) or _fail(f"{name!r} needs a clip.")


def _fail(message: str) -> list[str]:
    raise PlanSyntaxError(message)


def _parse_step(part: str, number_: str) -> Step:
    if part.startswith("edit "):
        first, *rest = _split(part[5:], "|")
        words = first.split(" ")
        clips = _take_refs(words)
        operations = [_parse_operation(one) for one in [" ".join(words), *rest]]
        return EditStep(id=number_, args=EditArguments(clips=clips, operations=operations))
    head, _, surface = part.partition(": ")
    tool, *words = head.split(" ")
    text = _unescape(surface)
    if tool == "look":
        step: Step = UnderstandStep(id=number_, args=UnderstandArguments(clips=_take_refs(words), question=text))
    elif tool == "find":
        count = int(words.pop(0)) if words and words[0].isdecimal() else _COUNT
        like = _option(words, "like")
        step = SearchStep(
            id=number_,
            args=SearchArguments(query=text, like=like[0] if like else None, clips=_option(words, "in"), count=count),
        )
    elif tool == "gen":
        seconds = float(words.pop(0)[:-1]) if words and re.fullmatch(r"[\d.]+s", words[0]) else None
        seed = int(words[1]) if words[:1] == ["seed"] else None
        del words[: 2 if seed is not None else 0]
        like = _option(words, "like")
        step = GenerateStep(
            id=number_, args=GenerateArguments(prompt=text, like=like[0] if like else None, seconds=seconds, seed=seed)
        )
    else:
        raise PlanSyntaxError(f"{tool!r} is no step.", "Steps begin with look, find, edit, gen or say.")
    if words:
        raise PlanSyntaxError(f"{' '.join(words)!r} does not belong in {head!r}.")
    return step


def parse(text: str, clips: Sequence[ClipEntry] = ()) -> Plan:
    """Text -> plan; ``clips`` are what a reply may list. Raises :class:`PlanSyntaxError`."""
    steps: list[Step] = []
    say = ""
    for part in _split(text, ";"):
        if say or not part:
            raise PlanSyntaxError("A step is missing, or follows on what is said.")
        try:
            if part.startswith("say"):
                say = _parse_say(part, clips)
            else:
                steps.append(_parse_step(part, str(len(steps) + 1)))
        except PlanSyntaxError:
            raise
        except (ValidationError, ValueError, IndexError) as error:
            raise PlanSyntaxError(f"{part!r} does not hold: {_reason(error)}.") from error
    return _checked(steps, say)


def _checked(steps: list[Step], say: str) -> Plan:
    try:
        return Plan(steps=steps, say=say)
    except ValidationError as error:
        raise PlanSyntaxError(f"The plan does not hold: {_reason(error)}.", "Use at most 12 steps.") from error


def _parse_say(part: str, clips: Sequence[ClipEntry]) -> str:
    if part.startswith("say: "):
        return _unescape(part[5:])
    kind = part[4:]
    if kind not in REPLIES:
        raise PlanSyntaxError(f"{kind!r} is nothing to say.", f"Say one of {', '.join(REPLIES)}.")
    return reply(kind, clips)


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))} {first['msg']}".strip()
    return str(error)


# --- the prompt ----------------------------------------------------------------------------------------------------


def _line(text: str, limit: int) -> str:
    """One line without the tokenizer's control words; the middle of what is too long is left out."""
    flat = " ".join(text.replace("<|", "< |").split())
    return flat if len(flat) <= limit else f"{flat[: limit * 3 // 4]} ... {flat[-limit // 4 :]}"


def render_prompt(context: PlanContext) -> str:
    """What the model reads before it writes `` `` + ``render(plan)``: oldest first, so that turns share a prefix."""
    table = ", ".join(f"{entry.name} {entry.about} {number(round(entry.duration))}s" for entry in context.clips[-12:])
    lines = [f"Clips: {table or 'none'}"]
    lines += [f"Before: {_line(message, 240)}" for message in context.history[-3:]]
    lines += [f"User: {_line(context.request, 1200)}"]
    lines += [f"Failed: {failure.code}: {_line(failure.message, 240)}" for failure in context.failures[-2:]]
    return "\n".join([*lines, "Plan:"])
