"""Conditions among the words of a search: "a dog, in clips longer than ten seconds, from yesterday". Pure functions.

Only phrases that cannot mean anything else are taken out; the rest stays what is looked for. "A red car" keeps its
colour, because a filter knows the colours of whole pictures only; "something red" asks for the colour itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from ..memory.filters import Filters

_COUNTING = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty
    """.split()  # noqa: SIM905 - a list would take twenty lines
_NUMBERS: Final = {
    **{word: float(value) for value, word in enumerate(_COUNTING)},
    "a": 1.0, "an": 1.0, "half a": 0.5, "thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0,
}  # fmt: skip
_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}
_AMOUNT = rf"(\d+(?:\.\d+)?|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_LENGTH = rf"{_AMOUNT}[ -]?(seconds?|secs?|s|minutes?|mins?|m|hours?|h)\b"
_OTHER_LENGTH = _LENGTH.replace("(\\d", "(?P<other>\\d").replace("(seconds", "(?P<unit>seconds")
_CLIP = r"(?:clips?|videos?|recordings?|files?|ones?)"
_SHOT = r"(?:shots?|scenes?)"
_LEAD = r"(?:,? ?\b(?:in|from|of|among) )?(?:\b(?:all |the |my |any |only )*)?"
_THAT = r" ?,? ?(?:that (?:are|is|run|last)s? |which (?:are|is|run|last)s? |lasting |of )?"
_MORE = r"(?:longer than|more than|over|at least)"
_LESS = r"(?:shorter than|less than|under|at most|up to)"
_COLORS = "black|grey|gray|white|red|orange|yellow|green|blue|purple|pink|brown"
_DAYS: Final = {"today": 0, "yesterday": 1}
_AGO: Final = {"day": 1, "week": 7, "month": 30, "year": 365}
_UPLOADED = r"uploaded|imported|original|ingested"
_EDITS: Final = {
    "generated": "generate", "trimmed": "trim", "reversed": "reverse", "cropped": "crop", "joined": "concat",
}  # fmt: skip

Taken = Callable[[re.Match[str], float], dict[str, Any]]


def _seconds(match: re.Match[str], amount: str | int = 1, unit: str | int = 2) -> float:
    amount, unit = match[amount].lower(), match[unit].lower()
    return (_NUMBERS[amount] if amount in _NUMBERS else float(amount)) * _UNITS[unit[0]]


def _between(match: re.Match[str], now: float) -> dict[str, Any]:
    del now
    return {"shortest": _seconds(match), "longest": _seconds(match, "other", "unit")}


def _days(match: re.Match[str], now: float) -> dict[str, Any]:
    start = _midnight(now, _DAYS[match[1].lower()])
    end = _midnight(now, _DAYS[match[1].lower()] - 1)
    return {"added_after": start, "added_before": end}


def _midnight(now: float, days_before: int) -> float:
    """Local time: what a person calls a day."""
    moment = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return (moment - timedelta(days=days_before)).timestamp()


def _date(match: re.Match[str], now: float) -> dict[str, Any]:
    del now
    try:
        start = datetime.fromisoformat(match[2])
    except ValueError:  # "2024-13-45" is no date: the words stay what is looked for
        return {}
    end = start + timedelta(days=1)
    word = match[1].lower()
    bounds = {"since": (start, None), "after": (end, None), "before": (None, start)}.get(word, (start, end))
    return {
        key: day.timestamp()
        for key, day in zip(("added_after", "added_before"), bounds, strict=True)
        if day is not None
    }


_FORMS: Final[list[tuple[re.Pattern[str], Taken]]] = [
    (re.compile(form, re.IGNORECASE), taken)
    for form, taken in (
        (rf"{_LEAD}{_CLIP}{_THAT}{_MORE} {_LENGTH},? (?:and|but) {_LESS} {_OTHER_LENGTH}", _between),
        (rf"{_LEAD}{_CLIP}{_THAT}{_MORE} {_LENGTH}", lambda m, _: {"shortest": _seconds(m)}),
        (rf"{_LEAD}{_CLIP}{_THAT}{_LESS} {_LENGTH}", lambda m, _: {"longest": _seconds(m)}),
        (rf"{_LEAD}{_SHOT}{_THAT}{_MORE} {_LENGTH}", lambda m, _: {"shot_shortest": _seconds(m)}),
        (rf"{_LEAD}{_SHOT}{_THAT}{_LESS} {_LENGTH}", lambda m, _: {"shot_longest": _seconds(m)}),
        (rf"{_LEAD}(?:{_CLIP} )?(?:that (?:was|were|i) |i )?(?:\badded|\buploaded|\btaken in|\bfrom) "
         rf"(today|yesterday)\b(?!['’]s)", _days),
        (rf"{_LEAD}(?:{_CLIP} )?(?:that (?:was|were) )?(?:\badded|\buploaded|\btaken in|\bfrom) "
         r"(?:in )?(?:the )?(?:last|past) (day|week|month|year)\b",
         lambda m, now: {"added_after": _midnight(now, _AGO[m[1].lower()])}),
        (rf"{_LEAD}(?:{_CLIP} )?(?:that (?:was|were) )?(?:added|uploaded|taken in) (since|after|before|on) "
         r"(\d{4}-\d\d-\d\d)\b", _date),
        (rf"{_LEAD}(?:{_UPLOADED}) {_CLIP}\b|{_CLIP} (?:that )?(?:i|we) (?:uploaded|imported)\b",
         lambda *_: {"made_by": "upload"}),
        (rf"{_LEAD}({'|'.join(_EDITS)}) {_CLIP}\b", lambda m, _: {"made_by": _EDITS[m[1].lower()]}),
        (rf"(?:{_LEAD}(?:{_CLIP}|{_SHOT}) )?\bwithout (?:any )?(?:speech|talking|a voice|voices)\b",
         lambda *_: {"has_speech": False}),
        (rf"(?:{_LEAD}(?:{_CLIP}|{_SHOT}) )?\bwith (?:some )?(?:speech|talking|a voice|voices)\b",
         lambda *_: {"has_speech": True}),
        (rf"\bsomething (?:that is |mostly )?({_COLORS})$|^(?:mostly )?({_COLORS})(?: {_CLIP}| {_SHOT})?$",
         lambda m, _: {"color": (m[1] or m[2]).lower().replace("gray", "grey")}),
    )
]  # fmt: skip
_EMPTY = re.compile(
    rf"(?:find|show|me|all|any|every|the|my|a|an|of|in|with|and|from|where|that|which|{_CLIP}|{_SHOT}|moments?|[\s,.;:!?])*",
    re.IGNORECASE,
)
_LOOSE = re.compile(
    r"^[\s,;:.]*(?:(?:and|with|of|in|where|showing)\b[\s,;:.]*)*|[\s,;:.]*(?:\b(?:and|with|in)[\s,;:.]*)*$", re.I
)


def read_filters(query: str, now: float) -> tuple[str, Filters]:
    """The words to look for, and the conditions that were among them.

    Args:
        query: of a search; what stands in quotation marks is never a condition.
        now: seconds since 1970, for "yesterday".
    """
    if '"' in query:
        return query, Filters()
    rest, given = query, dict[str, Any]()
    for form, taken in _FORMS:
        match = form.search(rest)
        values = taken(match, now) if match else {}
        if match and values and not set(values) & set(given):
            given |= values
            rest = f"{rest[: match.start()]} {rest[match.end() :]}"
    if not given or not _possible(given):
        return query, Filters()
    rest = " ".join(rest.split())
    return "" if _EMPTY.fullmatch(rest) else _LOOSE.sub("", rest), Filters(**given)


def _possible(given: dict[str, Any]) -> bool:
    pairs = (("shortest", "longest"), ("shot_shortest", "shot_longest"), ("added_after", "added_before"))
    return all(low not in given or high not in given or given[low] <= given[high] for low, high in pairs)
