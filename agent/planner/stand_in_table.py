"""The table of stand-ins: what is said, what the planner reads instead, and what its operation is made into.

A row goes when the weights have learned its wording.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

from ...tools.editing.operations import Audio, Color, Concat, Crop, Extract, Fade, Operation, Speed, Stabilise, Text
from .forms import KINDS, form, seconds_of
from .phrasing import value_of

Match = re.Match[str]


class StandIn(NamedTuple):
    """A wording and what it means.

    Attributes:
        said: the wording, found anywhere outside of quotes.
        instead: what the planner reads in its place.
        known: the operation that the planner writes for that.
        meant: what it is made into.
        alone: words which, elsewhere in the request, ask for that very operation; the row is then left out.
    """

    said: re.Pattern[str]
    instead: Callable[[Match], str]
    known: Callable[[Any], bool]
    meant: Callable[[Match, Any], Operation]
    alone: re.Pattern[str] | None = None


_LITTLE = r"(?:a (?:bit|little|touch|tad)|slightly)"
_KINDS = {
    **KINDS,
    "clip": (
        r"(?:c ?\d{1,2}|(?:clip|video) (?:number )?\d{1,2}|the (?:first|second|third|fourth|last|next|other)"
        r"(?: one| clip| video)?|(?:the|my|this|that) (?:[\w-]+ ){0,2}(?:one|clip|video|recording|film|footage|result)"
        r"|(?:the )?(?:last|first) (?:two|three)(?: clips| ones)?|both(?: (?:clips|videos|of them))?"
        r"|all(?: (?:clips|three|of (?:them|the clips)))?|the clips|them|these(?: two)?|it|that|this)\b"
    ),
    "sound": r"(?:its |the )(?:sound(?: ?track)?|audio(?: track)?|music|volume)",
    "way": r"(?:in and out|out and in|out|in|down|away)",
    "pictures": r"(?:frames|pictures|images|stills|shots|thumbnails)",
    "fades": r"(?:cross[- ]?fades?|cross[- ]?dissolves?|dissolves?)",
    "shake": r"(?:camera[- ])?(?:shak(?:e|es|ing|iness)|jitter(?:ing)?|wobbl(?:e|es|ing))",
    "who": r"(?:the|my|our|her|his|that|whatever|whoever)(?: (?!(?:and|first|last|to)\b)[\w-]+){0,4}?",
    "any": r".+?",
    "whom": r"(?:the|my|our|her|his|that|whatever|whoever)(?: (?!(?:and|to|at|in|with|for|then)\b)[\w-]+){0,3}",
    "table": r"(?!(?:of|from|that|to|on|in|for|called|named)\b)[A-Za-z0-9][\w.-]{0,63}(?<!\.)",
    "slower": r"(?:{little} slower|slow(?=.*{little}\b))".replace("{little}", _LITTLE),
    "faster": r"(?:{little} faster|speed(?=.*{little}\b))".replace("{little}", _LITTLE),
    "joined": r"\b(?:join|merge|combine|put|stitch|glue|splice|connect|concat\w*)\b[^;.]*?",
    "strength": r"(?:strongly|heavily|a lot|slightly|gently)",
    "sounds": r"(?:wav|m4a|aac|sound|audio)",
    "webm": r"web-?m(?: (?:file|video|clip|version|format))?",
    "edge": r"(?:top|upper|bottom|lower)",
    "gap": r"[- ]",
    "side": r"(?:left|right)",
    "font": r"(?:bold|serif|mono(?:space)?d?)",
    "size": r"(?:huge|big|large|small|tiny)",
    "percent": r"(?:[2-9]|[1-5]\d|60)",
    "tail": r"(?:(?:,|,? and)(?: then)?(?= (?:make|crop|reframe|cut|then)\b))?",
    "and": r"(?:,|,? and)(?: then)?",
}
_LASTING = "[(for|of|over|lasting|in|taking) {long:length} [each]]"
_OF = "[(of|on|in|from|for) {x:clip}]"
_END = "((at|towards|toward|near|to) the [very] end|(over|in|during|for) the (last|final) {last:length})"
_TAKE = "(extract|export|save|rip|pull out|grab|download|get|get me|give me|write out)"
_STRENGTHS: Final[dict[str, Literal["low", "high"]]] = {
    "strongly": "high", "heavily": "high", "a lot": "high", "slightly": "low", "gently": "low",
}  # fmt: skip
_SIZES = {"huge": 20.0, "big": 14.0, "large": 14.0, "small": 5.0, "tiny": 4.0}
_FONTS = {"bold": "bold", "serif": "serif", "mono": "mono", "monospace": "mono", "monospaced": "mono"}
_NO_GIF, _NO_FADE = re.compile(r"\bgifs?\b", re.I), re.compile(r"\bfad(?:e|ing)|\bblack\b", re.I)
_NO_SEPIA = re.compile(r"\bsepia\b", re.I)


def _part(match: Match, name: str, otherwise: str = "") -> str:
    return match.groupdict().get(name) or otherwise


def _is(kind: type[Any]) -> Callable[[Any], bool]:
    return lambda operation: isinstance(operation, kind)


def _takes_out(what: str) -> Callable[[Any], bool]:
    return lambda operation: isinstance(operation, Extract) and operation.what == what


def _say(text: str) -> Callable[[Match], str]:
    """The same words for every match, with the clip that it names for {x}: "it" where it names none."""
    return lambda match: text.replace("{x}", _part(match, "x", "it"))


def _changed(**update: Any) -> Callable[[Match, Any], Operation]:
    return lambda _, operation: operation.model_copy(update=update)


# --- what several rows share ----------------------------------------------------------------------------------------


def _join(match: Match) -> str:
    return f"join {_part(match, 'x')}" if not _part(match, "y") else f"join {match['x']} and {match['y']}"


def _crossfade(match: Match, _: Concat) -> Operation:
    return Concat(crossfade=seconds_of(_part(match, "long") or _part(match, "short")))


def _fade(match: Match) -> str:
    way = _part(match, "way", "out").lower()
    way = "in" if way == "in" else "in and out" if " " in way else "out"
    return f"fade {_part(match, 'x', 'it')} {way}" + (f" over {match['last']}" if _part(match, "last") else "")


def _of_sound(_: Match, fade: Fade) -> Operation:
    return Audio(action="fade", fade_in=fade.fade_in, fade_out=fade.fade_out)


def _steady(match: Match, _: Color) -> Operation:
    strength = _part(match, "how") or _part(match, "much")
    return Stabilise(strength=_STRENGTHS.get(strength.lower(), "medium"))


def _taken(what: str) -> Callable[[Match, Extract], Operation]:
    def meant(match: Match, gif: Extract) -> Operation:
        count = _part(match, "count")
        return gif.model_copy(update={"what": what, "count": int(value_of(count)) if count else None})

    return meant


def _sound_file(match: Match, gif: Extract) -> Operation:
    return gif.model_copy(update={"what": "audio", "sound": "wav" if _part(match, "kind").lower() == "wav" else "m4a"})


def _edge(match: Match) -> str:
    return "top" if match["v"].lower() in {"top", "upper"} else "bottom"


def _sized(match: Match, text: Text) -> Operation:
    number = _part(match, "percent")
    return text.model_copy(update={"size": float(number) if number else _SIZES[match["size"].lower()]})


def _row(
    said: str,
    instead: Callable[[Match], str] | str,
    known: Callable[[Any], bool],
    meant: Callable[[Match, Any], Operation],
    alone: re.Pattern[str] | None = None,
) -> StandIn:
    return StandIn(form(said, _KINDS), _say(instead) if isinstance(instead, str) else instead, known, meant, alone)


def _sound_fade(said: str, instead: Callable[[Match], str] | str = _fade) -> StandIn:
    return _row(said, instead, _is(Fade), _of_sound, _NO_FADE)


def _steadied(said: str) -> StandIn:
    return _row(
        said, "turn {x} into sepia", lambda one: isinstance(one, Color) and one.effect == "sepia", _steady, _NO_SEPIA
    )


def _followed(said: str) -> StandIn:
    return _row(said, "", lambda one: isinstance(one, Crop) and one.aspect is not None, _changed(follow=True))


def _out_of(said: str, instead: str, what: str) -> StandIn:
    return _row(said, instead, _takes_out("gif"), _sound_file if what == "audio" else _taken(what), _NO_GIF)


_MIDDLE = "[a|an] [{short:length}] [long|short|soft] {fades} [transition]"

STAND_INS: Final[tuple[StandIn, ...]] = (
    # joins that fade over
    _row(
        "{before:joined}{and} [add|put in|use|make|with] " + _MIDDLE + " [(between|in between) [{clip}]] " + _LASTING,
        lambda match: match["before"],
        _is(Concat),
        _crossfade,
    ),
    _row(
        "(with|using|by|through) " + _MIDDLE + " [between {clip}|in between] " + _LASTING, "", _is(Concat), _crossfade
    ),
    _row(
        "[add|put|make|insert|use] "
        + _MIDDLE
        + " [between|from] {x:clip} [(and|into|to|with|over to) {y:clip}] "
        + _LASTING,
        _join,
        _is(Concat),
        _crossfade,
    ),
    _row("(let|have|make) {x:clip} {fades} into {y:clip} " + _LASTING, _join, _is(Concat), _crossfade),
    # sound that fades, the picture staying as it is
    _sound_fade("fade {way:way} {sound} " + _OF),
    _sound_fade("fade {sound} " + _OF + " {way:way}"),
    _sound_fade("(let|have|make) {sound} " + _OF + " fade [{way:way}]"),
    _sound_fade(
        "(turn|bring|take|fade|lower|reduce) [down] {sound} [slowly|gradually] [down] [slowly|gradually] "
        + _END
        + " of {x:clip}"
    ),
    _sound_fade("(turn|bring|take|fade|lower|reduce) [down] {sound} " + _OF + " [slowly|gradually] [down] " + _END),
    _sound_fade("(make|let) {x:clip} [get|grow|become] [slowly|gradually] quieter " + _END),
    _sound_fade(
        "[a|an] (audio|sound|music|volume) (fade-|fade |fade){way:way}", lambda match: f"a fade {match['way'].lower()}"
    ),
    # a window that follows what moves
    _followed(
        "[,|and|but|while] [always] (keep|keeps|keeping) {who} (in [the] (picture|frame|view|shot|middle|center|centre)"
        "|centered|centred|visible){tail}"
    ),
    _followed("[,|and|but|while|that] (follow|follows|following|track|tracks|tracking) {whom}{tail}"),
    # less shake
    _steadied("[{how:strength}] (stabilise|stabilize|deshake|de-shake) [{x:clip}] [{much:strength}]"),
    _steadied(
        "(take|get|remove|reduce|fix|smooth|correct) [out] [the|all|any] {shake} [(out of|from|of|in|out) {x:clip}]"
    ),
    _steadied("steady {x:clip}"),
    _steadied("make {x:clip} [much|a bit|a lot|a little] (less (shaky|jittery|wobbly)|steadier|more stable)"),
    # a colour table by its name
    _row(
        "(apply|use|put|set) [the] (lut|colour table|color table) [called|named] {table:table} [(to|on|for) {x:clip}]",
        "turn {x} into sepia",
        lambda one: isinstance(one, Color) and one.effect == "sepia",
        lambda match, _: Color(effect="lut", lut=match["table"]),
        _NO_SEPIA,
    ),
    # a little slower or faster
    _row(
        "{words:slower}",
        lambda match: match["words"],
        lambda one: isinstance(one, Speed) and one.factor < 1,
        _changed(factor=0.8),
    ),
    _row(
        "{words:faster}",
        lambda match: match["words"],
        lambda one: isinstance(one, Speed) and one.factor > 1,
        _changed(factor=1.25),
    ),
    # what is taken out of a clip
    _out_of(
        "((contact|thumbnail|overview|preview) (sheet|grid)|storyboard) [(with|of) {count:number} {pictures}]",
        "gif",
        "sheet",
    ),
    _row("(with|using) {count:number} {pictures}", "", _takes_out("sheet"), _taken("sheet")),
    _out_of(
        _TAKE + " ((all|every one of) [the]|every|each|{count:number}) [single|evenly spaced] (frames|frame|stills)"
        " [(of|from|out of|in) {x:clip}] [(as|to|into) [a|an|separate|single] (png|pngs|image|images|pictures|zip)]",
        "make a gif of {x}",
        "frames",
    ),
    _out_of(
        _TAKE + " [just|only] {sound} [(of|from|out of|in) {x:any}] (as|to|into|in) [a|an] {kind:sounds} [file|format]",
        "make a gif of {x}",
        "audio",
    ),
    _out_of(
        "(extract|export|rip|save|download) [just|only] {sound} [(of|from|out of|in) {x:clip}](?= *(?:$|[.;!?]))",
        "make a gif of {x}",
        "audio",
    ),
    _out_of("(to|into) [a|an] {webm}", "to a gif", "webm"),
    _out_of("(in|as) [a|an] {webm}", "as a gif", "webm"),
    _out_of("[a|an] {webm}(?= (of|from|out of))", "a gif", "webm"),
    _row(
        "thumbnail [image|picture]",
        "still",
        _takes_out("frame"),
        _changed(what="thumbnail"),
        re.compile(r"\b(?:stills?|screenshot|snapshot|frames?)\b", re.I),
    ),
    # how a title looks
    _row(
        "(in|at|into|to|on) [the|its] {v:edge}{gap}{h:side} [hand] [corner|side|edge]"
        " [of [the] (picture|frame|screen|video)]",
        lambda match: f"at the {_edge(match)}",
        _is(Text),
        lambda match, text: text.model_copy(update={"position": f"{_edge(match)}-{match['h'].lower()}"}),
    ),
    _row(
        "in [a|an] {font:font} [font|letters|type|text|face]",
        "",
        _is(Text),
        lambda match, text: text.model_copy(update={"font": _FONTS[match["font"].lower()]}),
    ),
    _row(
        "((in|with) {size:size} (letters|type|font|text|print)|(in|at|with) [font] size {percent:percent})",
        "",
        _is(Text),
        _sized,
    ),
)
