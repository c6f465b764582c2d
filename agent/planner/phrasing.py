"""A request in plainer terms before the planner reads it: arithmetic and counting that code does without error.

"the first half a minute of the longest clip" becomes "the first 30 seconds of c2", "three seconds starting at 5 s"
becomes "from 5 to 8 seconds". A small language model copies numbers and names well and computes them badly. What stands
in quotes is kept as it is, and nothing changes that is not one of these forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, Protocol


class _Clip(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def duration(self) -> float: ...


QUOTED: Final = re.compile(r"(\"[^\"]*\"|“[^”]*”|«[^»]*»|`[^`]*`|(?<!\w)'[^']*'(?!\w)|‘[^’]*’)")
# Clock times of a minute and more; 9:16 is a shape, 3:15 pm a time of day.
_CLOCK = re.compile(r"(?<![\d:.])(?!9:16)0?([1-9]\d?):([0-5]\d)(?![\d:])(?! ?[ap]m)")
_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_TENS = {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90}
_VALUES = {**{word: value for value, word in enumerate(_WORDS)}, **_TENS, "a": 1, "an": 1}
_COUNT = rf"(?:\d+(?:\.\d+)?|{'|'.join(sorted(set(_VALUES) - {'a', 'an'}, key=len, reverse=True))})"
_SECOND, _MINUTE = r"s(?:ec(?:ond)?s?)?\b\.?", r"min(?:ute)?s?\b\.?"
_DURATIONS: list[tuple[re.Pattern[str], Callable[[re.Match[str]], float]]] = [
    (
        re.compile(rf"\b({_COUNT}) ?(?:m|{_MINUTE}) ?(?:and )?({_COUNT}) ?{_SECOND}", re.IGNORECASE),
        lambda m: 60 * value_of(m[1]) + value_of(m[2]),
    ),
    (re.compile(rf"\b({_COUNT}|an?) ?{_MINUTE} and a half\b", re.IGNORECASE), lambda m: 60 * (value_of(m[1]) + 0.5)),
    (re.compile(rf"\b({_COUNT}) and a half {_MINUTE}", re.IGNORECASE), lambda m: 60 * (value_of(m[1]) + 0.5)),
    (re.compile(rf"\b(?:a )?half (?:of )?an? {_MINUTE}|\bhalf[ -]{_MINUTE}", re.IGNORECASE), lambda _: 30.0),
    (re.compile(rf"\b(?:a )?quarter (?:of )?an? {_MINUTE}", re.IGNORECASE), lambda _: 15.0),
    (re.compile(rf"\b({_COUNT}|a) {_MINUTE}", re.IGNORECASE), lambda m: 60 * value_of(m[1])),
    (re.compile(rf"\b({_COUNT}|an?) ?{_SECOND} and a half\b", re.IGNORECASE), lambda m: value_of(m[1]) + 0.5),
    (re.compile(rf"\b({_COUNT}) and a half {_SECOND}", re.IGNORECASE), lambda m: value_of(m[1]) + 0.5),
    (re.compile(rf"\b(?:a )?half (?:of )?a {_SECOND}|\bhalf[ -]{_SECOND}", re.IGNORECASE), lambda _: 0.5),
]
_FROM_ON = re.compile(
    rf"\b(?:the )?({_COUNT}) ?{_SECOND} (?:that )?(?:(?:start|begin|count)(?:s|n?ing)? (?:at|from|with)|from) (?:the )?"
    rf"({_COUNT})(?: ?{_SECOND}(?: mark)?| mark|(?= on(?:wards?)?\b| *(?:$|[,.;!?])| (?:and|then)\b))"
    r"(?: on(?:wards?)?\b)?(?! ?(?:to|until|till|-|–) ?\d)",
    re.IGNORECASE,
)
_DASH = re.compile(
    rf"\b(?:to|from) ({_COUNT}) ?(?:{_SECOND} ?)?[-–—] ?({_COUNT}) ?{_SECOND}(?! (?:clip|video|cross|fade|long))",
    re.IGNORECASE,
)
_THING = r"(?:one|clip|video|recording|movie|film)\b(?! and a half| ?(?:s|sec|second|m|min|minute)s?\b)"
_LONGEST = re.compile(rf"\bthe (longe(?:r|st)|shorte(?:r|st)) {_THING}", re.IGNORECASE)
_NEW = r"last|newest|latest|final|most recent"
_NEWEST = re.compile(
    rf"\bthe (?:(?:{_NEW}) (two|three|2|3)|(two|three|2|3) (?:{_NEW})) (?:ones|clips|videos|recordings|of them)\b"
    rf"|(?<=\b(?:join|make) )the (?:{_NEW}) (two|three)(?! ?(?:\w+s|of|men|women|people|children|percent|%)\b)",
    re.IGNORECASE,
)
_LAST = re.compile(rf"\bthe (?:{_NEW}) (?:one|clip|video|recording)\b", re.IGNORECASE)
_MANY = 4
"""In a longer table of clips the planner loses count of "the last one"; in a shorter one it is right by itself."""
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_NTH = re.compile(rf"\bthe (?:(first) (?:clip|video|recording)\b|({'|'.join(_ORDINALS[1:])}) {_THING})", re.IGNORECASE)
_PLACE = rf"(?:\d{{1,2}}|{'|'.join(_WORDS[1:13])})"
_NOT_A_LENGTH = (
    r"(?!\d|[.:]\d|%|x\b| ?(?:to|till|until|-|–) ?\d"
    r"| ?(?:times|seconds?|secs?|s|minutes?|mins?|m|and a half|percent|degrees?|st|nd|rd|th)\b)"
)
_NUMBERED = re.compile(
    rf"\b(?:the )?(?:(?:clip|video) (?:(?:number|no|nr)\b\.? ?|#)?|(?:number|no\.|nr\.) ?)({_PLACE})\b{_NOT_A_LENGTH}"
    rf"|(?<!\w)#({_PLACE})\b{_NOT_A_LENGTH}",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    rf"\b(?:the )?(?:clips|videos|numbers) "
    rf"({_PLACE}(?:(?:, ?| ?\+ ?){_PLACE})*,?(?: and | ?& ?| ?\+ ?|, ?){_PLACE})\b{_NOT_A_LENGTH}",
    re.IGNORECASE,
)
_MIDDLE = re.compile(rf"\bthe middle {_THING}", re.IGNORECASE)
_ONE = r"(c\d{1,2}|the (?:first|second|third|last|other)(?: one)?(?! ?(?:sec|s\b|min|half|part|shot|scene|frame|\d)))"
_PUT = re.compile(
    rf"\b(?:put|stick|place|set|move|glue|attach|add|play|show) {_ONE} (?:right |directly |straight )?"
    rf"(before|in front of|ahead of|after|behind|(?:at|to|onto) the end of) {_ONE}(?! (?:sec|s\b|min))",
    re.IGNORECASE,
)
_JOINS = re.compile(
    r"\b(?:join|merge|combine|concat\w*|together|(?:one|a single) (?:long )?(?:clip|video|film|movie) (?:out )?of)\b",
    re.I,
)
_WHICH_FIRST = re.compile(
    r"(?:,| but| and| with)* (?:the )?(c[12]|first|second)(?: one| clip| video)? "
    r"(?:(?:is|goes|comes|should (?:be|go|come)|to (?:be|go|come)) )?"
    r"(first|leading|in front|at the (?:start|beginning|front)|last|at the (?:end|back))"
    r"(?= *(?:$|[.,;!?]))",
    re.IGNORECASE,
)
_STYLED = re.compile(
    r"\b(make|create|generate|produce|render|draw|want|need|give me) (?:me )?(?:an? )?"
    r"(?:(slow[ -]motion|black[ -]and[ -]white|time[ -]?lapse|hyperlapse|anime|cartoon|animated|stop[ -]motion|"
    r"watercolou?r|pixel art|vintage|cinematic|aerial|drone|night[ -]vision) "
    r"(?:video|clip|movie|film|footage|shot|animation)|"
    r"(cartoon|anime|animation|time[ -]?lapse)) of "
    r"(an?\b|two|three|some)? ?(?!(?:c\d|the|it|that|this|my|our|your|them|these|those|both)\b)(?=\w)",
    re.IGNORECASE,
)
_BEFORE_LAST = re.compile(rf"\bthe (?:(?:second|next)[ -]to[ -]last|second[ -]last|penultimate) {_THING}", re.I)
_THEM = re.compile(
    r"^((?:please |now |ok(?:ay)?,? |then )?(?:join|merge|combine|concatenate|stitch|glue|splice|put|connect)) "
    r"(?:them|these)(?=(?: together)?[ .!]*$)",
    re.IGNORECASE,
)
_LEFT_OUT = re.compile(r"edit (c\d+(?: c\d+)+) ((?!c\d|concat|audio replace)[^;|]+)")

_THEN_JOIN = re.compile(
    r"(?:,? and then|,? and|,? then|,) "
    r"((?:(?:join|merge|combine|concatenate|stitch|glue|put) (?:them|both|the two|all of them)\b"
    r"|cross-?fade (?:between )?(?:them|both|the two)\b).*)$",
    re.IGNORECASE,
)


def plainly(text: str, clips: Sequence[_Clip] = ()) -> str:
    """The request with times in seconds, spans as from-to, clips by name, joins in order, styles with their things."""
    parts = QUOTED.split(text)
    parts[::2] = [_styled(_named(_timed(part), clips)) for part in parts[::2]]
    return "".join(parts)


def joined(request: str, plan: str) -> str:
    """A plan with the join that its request begins with, where the planner wrote only what comes after it.

    "join c2 and c1 and fade out" is one clip that fades out; "edit c2 c1 fade 0 1" would be two.
    """
    join = _JOINS.search(request)
    only = _LEFT_OUT.fullmatch(plan)
    if join is None or only is None or re.search(r"\b(?:then|each|both|every)\b", request[: join.start()]):
        return plan
    return f"edit {only[1]} concat | {only[2]}"


def edits_then_join(request: str) -> tuple[str, str] | None:
    """("slow both down", "join them and fade out"), when a request asks for an edit and then for a join."""
    join = _THEN_JOIN.search(request)
    return (request[: join.start()], join[1]) if join is not None and join.start() else None


def _styled(text: str) -> str:
    """How a new clip is to look beside what it is to show, where a prompt is copied from."""
    return _STYLED.sub(lambda m: f"{m[1]} a video of {m[4] + ' ' if m[4] else ''}{(m[2] or m[3]).lower()} ", text)


def _timed(text: str) -> str:
    text = _CLOCK.sub(lambda match: f"{int(match[1]) * 60 + int(match[2])}s", text)
    for form, seconds in _DURATIONS:
        text = form.sub(_told(seconds), text)
    return _DASH.sub(_dashed, _FROM_ON.sub(_span, text))


def _told(seconds: Callable[[re.Match[str]], float]) -> Callable[[re.Match[str]], str]:
    return lambda match: f"{seconds(match):g} seconds"


def _span(match: re.Match[str]) -> str:
    length, start = value_of(match[1]), value_of(match[2])
    return f"from {start:g} to {start + length:g} seconds"


def _dashed(match: re.Match[str]) -> str:
    """A span with its words: trimmed "to 1-5 s", a clip is not five seconds long."""
    return f"from {value_of(match[1]):g} to {value_of(match[2]):g} seconds"


def _named(text: str, clips: Sequence[_Clip]) -> str:
    if len(clips) < 2:
        return text
    names = [clip.name for clip in clips]

    def by_length(match: re.Match[str]) -> str:
        best = max if match[1].lower().startswith("long") else min
        wanted = best(clip.duration for clip in clips)
        fitting = [clip.name for clip in clips if clip.duration == wanted]
        return fitting[0] if len(fitting) == 1 else match[0]

    def newest(match: re.Match[str]) -> str:
        count = int(value_of(match[1] or match[2] or match[3]))
        return " and ".join(names[-count:]) if count <= len(names) else match[0]

    def nth(match: re.Match[str]) -> str:
        place = _ORDINALS.index((match[1] or match[2]).lower())
        return names[place] if place < len(names) else match[0]

    def numbered(match: re.Match[str]) -> str:
        place = int(value_of(match[1] or match[2]))
        return names[place - 1] if 0 < place <= len(names) else match[0]

    def several(match: re.Match[str]) -> str:
        places = [int(value_of(word)) for word in re.findall(_PLACE, match[1], re.IGNORECASE)]
        if not all(0 < place <= len(names) for place in places):
            return match[0]
        return re.sub(_PLACE, lambda word: names[int(value_of(word[0])) - 1], match[1], flags=re.IGNORECASE)

    text = _THEM.sub(r"\1 all of them", text)
    text = _NUMBERED.sub(numbered, _SEVERAL.sub(several, _BEFORE_LAST.sub(names[-2], text)))
    if len(names) == 3:
        text = _MIDDLE.sub(names[1], text)
    if len(names) > _MANY:
        text = _LAST.sub(names[-1], text)
    return _ordered(_NTH.sub(nth, _NEWEST.sub(newest, _LONGEST.sub(by_length, text))), names)


def _ordered(text: str, names: Sequence[str]) -> str:
    """Joins with their clips in the order in which they are to play."""

    def put(match: re.Match[str]) -> str:
        one, other = _by_place(match[1], names), _by_place(match[3], names)
        forward = match[2].lower() in {"before", "in front of", "ahead of"}
        return f"join {one} and {other}" if forward else f"join {other} and {one}"

    def first(match: re.Match[str]) -> str:
        told = names[1] if match[1].lower() in {"c2", "second"} else names[0]
        rest = next(name for name in names if name != told)
        leads = match[2].lower() not in {"last", "at the end", "at the back"}
        return f": {told} and then {rest}" if leads else f": {rest} and then {told}"

    text = _PUT.sub(put, text)
    return _WHICH_FIRST.sub(first, text, count=1) if len(names) == 2 and _JOINS.search(text) else text


def _by_place(word: str, names: Sequence[str]) -> str:
    """The name of a clip told as "the first" or "the last one"; other words as they are."""
    places = {"the first": 0, "the second": 1, "the third": 2, "the last": len(names) - 1}
    place = places.get(word.lower().removesuffix(" one"))
    return names[place] if place is not None and place < len(names) else word


def value_of(word: str) -> float:
    """A number in digits or words: "3", "three", "a"."""
    return float(_VALUES[word.lower()]) if word.lower() in _VALUES else float(word)
