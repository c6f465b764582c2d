"""Words for items, clips, places and times in what is said to a project, and what they stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from .planner.forms import KINDS
from .planner.phrasing import value_of

ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NTH = rf"(?:{'|'.join(ORDINALS)}|last)"
_NUMBER = KINDS["number"]
_ITEM = (
    rf"(?:the )?(?:{_NTH}(?: (?:item|one|clip|shot|piece|part|video))?"
    rf"|(?:item|shot|piece|number) (?:number )?{_NUMBER})"
)
_CLIP = (
    rf"(?:c\d{{1,2}}|(?:the )?(?:{_NTH}|newest|latest)(?: (?:clip|video|one))?|(?:clip|video) (?:number )?{_NUMBER}"
    r"|it|that|this|(?:the|this|that) (?:clip|video|result)|them|both(?: clips)?|all(?: of them| (?:the )?clips)?"
    r"|the (?:first|last) (?:two|three)(?: clips)?)"
)
_SEPARATED = r"(?:, and |, then |, | and )"
_FORMAT = r"(?:\.?otio|opentimelineio|\.?edl|\.?fcpxml|final cut(?: pro)?(?: x)?(?: xml)?)"
_S = r"(?: ?s(?:ec(?:ond)?s?)?)?"

PROJECT_KINDS: Final[Mapping[str, str]] = {
    **KINDS,
    "nth": _NTH,
    "item": _ITEM,
    "items": (
        rf"(?:all (?:of )?(?:the )?items|every item|(?:the )?items {_NUMBER}(?:(?:, and |, | and |-| to ){_NUMBER})+"
        rf"|the (?:first|last) (?:two|three) items|{_ITEM}(?:{_SEPARATED}{_ITEM})*)"
    ),
    "clips": rf"{_CLIP}(?:{_SEPARATED}{_CLIP})*",
    "span": rf"(?:seconds? )?(?P<from>{KINDS['time']}){_S} ?(?:-|–|to|until) ?(?P<to>{KINDS['time']}){_S} (?:of|from)",
    "inside": rf"from (?P<begin>{KINDS['time']}){_S} ?(?:-|–|to|until) ?(?P<until>{KINDS['time']}){_S}",
    "project": r"(?:the |my |this |our )?(?:project|timeline)",
    "name": r"[^\"'“”‘’,;:]{1,80}?",
    "word": r"[\w-]{1,80}",
    "any": r".+?",
    "quote": r"[\"'“”‘’]?",
    "open": r"(?:[\"'“‘]|(?<=: ))",
    "close": r"[\"'”’]",
    "colon": r"[,:] ?",
    "ordered": (  # what an order begins with, where no comma follows on the project
        r"(?:put|add|insert|trim|cut|make|move|split|remove|delete|drop|undo|redo|show|cross|fade|mute|reverse|play|slow"
        r"|speed|crop|rotate|use|render|export|compare|stabili|write|turn|keep|regenerate)\b.+"
    ),
    "formats": rf"{_FORMAT}(?:(?: and (?:as )?| / |/|, )(?:an? )?{_FORMAT})*",
    "place": (
        rf"(?:(?:right )?(?P<side>after|before|behind|in front of) (?P<beside>{_ITEM})"
        r"|(?:at|to) (?P<end>the (?:very )?(?:start|beginning|front|end|back))"
        rf"|(?:as|at|to|in) (?:the )?(?P<as>{_NTH}) (?:item|place|position)"
        rf"|(?:as|at|to|in) (?:item|place|position) (?P<at>{_NUMBER}))"
    ),
}
"""Kinds of words in the wordings of a project."""


def place_of(words: str) -> int:
    """Where an item or clip stands: 2 for "the second item", 4 for "item four", -1 for "the last one"."""
    lower = words.lower()
    if found := re.search(rf"\b({'|'.join(ORDINALS)})\b", lower):
        return ORDINALS.index(found[1]) + 1
    if found := re.search(rf"\b({_NUMBER})$", lower):
        return int(value_of(found[1]))
    return -1


def places_of(words: str) -> list[int]:
    """Where several items stand; an empty list for all of them."""
    lower = words.lower()
    if lower.startswith(("all", "every")):
        return []
    if found := re.fullmatch(r"the (first|last) (two|three) items", lower):
        count = int(value_of(found[2]))
        return list(range(1, count + 1)) if found[1] == "first" else list(range(-count, 0))
    if lower.removeprefix("the ").startswith("items"):
        numbers = [int(value_of(number)) for number in re.findall(rf"\b{_NUMBER}\b", lower)]
        spans = len(numbers) == 2 and re.search(r" to |-", lower)
        return list(range(numbers[0], numbers[1] + 1)) if spans else numbers
    return [place_of(part) for part in re.split(_SEPARATED, words)]


def clips_of(words: str, known: Mapping[str, float]) -> list[str]:
    """The conversation's clips that are meant, in the order in which they are told; ``known`` are oldest first."""
    names = list(known)
    refs: list[str] = []
    for part in re.split(_SEPARATED, words.lower()):
        if re.fullmatch(r"c\d{1,2}", part):
            refs.append(part)
        elif part.startswith(("them", "all")):
            refs += names
        elif part.startswith("both"):
            refs += names[-2:]
        elif found := re.fullmatch(r"the (first|last) (two|three)(?: clips)?", part):
            count = int(value_of(found[2]))
            refs += names[:count] if found[1] == "first" else names[-count:]
        else:
            number = place_of(part)
            known_ = 0 < number <= len(names) or (number < 0 and bool(names))
            refs.append(names[number - (number > 0)] if known_ else f"c{max(number, 1)}")
    return refs
