"""The wordings of a project: one table, from whole sentences to the operations that they ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, Final, NamedTuple

from ..tools.editing.operations import TimePoint
from . import project_plan as asked
from .planner.forms import form, seconds_of
from .planner.phrasing import value_of
from .project_places import PROJECT_KINDS, clips_of, place_of, places_of
from .project_plan import ProjectOperation

Match = re.Match[str]


class Reach(IntEnum):
    """How near the project must be for a wording to be meant for it."""

    NONE = 0
    OPEN = 1
    """A project is open in the conversation."""
    LATEST = 2
    """What was done last was done with it."""
    NAMED = 3
    """The sentence itself speaks of it."""


class Row(NamedTuple):
    """A wording: how near the project must be for it, and what it asks for."""

    reach: Reach
    said: re.Pattern[str]
    asks: Callable[[Match, Mapping[str, float]], list[ProjectOperation]]


_FORMATS: Final[dict[str, asked.Format]] = {
    "opentimelineio": "otio", "otio": "otio", "edl": "edl", "fcpxml": "fcpxml", "final cut": "fcpxml",
}  # fmt: skip

# --- what they ask for -----------------------------------------------------------------------------------------------


def _put(match: Match, known: Mapping[str, float]) -> list[ProjectOperation]:
    clips = clips_of(match["clips"], known)
    if match["from"]:
        clips = [f"{clip}@{seconds_of(match['from']):g}-{seconds_of(match['to']):g}" for clip in clips]
    place = _place(match)
    if place is None or place == (-1, True):
        return [asked.Put(clips=clips)]
    beside, after = place
    if beside < 0:  # before the last: there, and moved when it is known where that is
        return [asked.Put(clips=clips), *([asked.Move(item=-1, beside=-2)] if len(clips) == 1 else [])]
    return [asked.Put(clips=clips, at=beside + after)]


def _place(match: Match) -> tuple[int, bool] | None:
    """Beside which item, and whether after it."""
    told = match.groupdict()
    if told.get("beside"):
        return place_of(told["beside"]), told["side"].lower() in {"after", "behind"}
    if told.get("end"):
        return (-1, True) if told["end"].lower().endswith(("end", "back")) else (1, False)
    if told.get("as") or told.get("at"):
        return place_of(told.get("as") or told["at"]), False
    return None


def _remove(match: Match, _: Mapping[str, float]) -> list[ProjectOperation]:
    return [asked.Remove(items=places_of(match["what"]))]


def _reject(match: Match, _: Mapping[str, float]) -> list[ProjectOperation]:
    return [asked.Reject(number=int(value_of(match["number"])))]


def _move(match: Match, _: Mapping[str, float]) -> list[ProjectOperation]:
    item, place = place_of(match["what"]), _place(match)
    if place is None:
        return []
    beside, after = place
    told = match.groupdict()
    # "to place 3" is where it is to stand in the end: after the item that stands there now, if it comes from before it
    after = item < beside if (told.get("as") or told.get("at")) and item > 0 else after
    return [] if item == beside else [asked.Move(item=item, beside=beside, after=after)]


def _split(match: Match, _: Mapping[str, float]) -> list[ProjectOperation]:
    at = TimePoint(offset=seconds_of(match["at"])) if match["at"] else TimePoint(fraction=0.5)
    return [asked.Split(item=place_of(match["what"]), at=at)]


def _crossfade(match: Match, _: Mapping[str, float]) -> list[ProjectOperation]:
    told = match.groupdict()
    seconds = seconds_of(told.get("long") or told.get("length"))
    if told.get("other"):
        later = max(place_of(told["what"]), place_of(told["other"]), key=lambda place: place if place > 0 else 1000)
        return [asked.Crossfade(items=[later], seconds=seconds)]
    return [asked.Crossfade(items=places_of(told["what"]) if told.get("what") else [], seconds=seconds)]


def _regenerate(match: Match, _: Mapping[str, float]) -> list[ProjectOperation]:
    start = match["from"] or match["begin"]
    end = match["to"] or match["until"]
    given: dict[str, Any] = {"start": seconds_of(start), "end": seconds_of(end)} if start else {}
    if match["takes"]:
        given["takes"] = min(8, max(1, int(value_of(match["takes"]))))
    whole = (match["how"] or "").lower() in {"as", "to show"}
    return [asked.Regenerate(item=place_of(match["what"]), prompt=match["prompt"], whole=whole, **given)]


def _compare(match: Match, _: Mapping[str, float]) -> list[ProjectOperation]:
    told = match.groupdict()
    if told.get("start"):
        return [asked.Compare(entries=0)]
    if told.get("number"):
        return [asked.Compare(entries=int(value_of(told["number"])))]
    return [asked.Compare(back=int(value_of(told["back"])) if told.get("back") else 1)]


def _export(match: Match, _: Mapping[str, float]) -> list[ProjectOperation]:
    found = [_FORMATS[name] for name in re.findall("|".join(_FORMATS), match["formats"].lower())]
    return [asked.Export(format=name) for name in dict.fromkeys(found)]


def _choose(match: Match, _: Mapping[str, float]) -> list[ProjectOperation]:
    item = place_of(match["what"]) if match["what"] else None
    return [asked.Choose(take=int(value_of(match["take"])) if match["take"] else place_of(match["nth"]), item=item)]


def _one(operation: ProjectOperation) -> Callable[[Match, Mapping[str, float]], list[ProjectOperation]]:
    return lambda _match, _known: [operation]


# --- the table ------------------------------------------------------------------------------------------------------

_TAKE_OUT = "remove|delete|drop|take out|throw out|cut out|kick out|leave out"
_DROP = f"({_TAKE_OUT}|reject|discard|throw away)"
_FADE = "(cross-fade|cross fade|crossfade|dissolve)"
_FADES = f"[add|put|make|use] [a|an] [{{length:length}}] ({_FADE}|cross-fades|dissolves)"
_LONG = "[(for|of|over|lasting) {long:time}{s}]"
_NOW = "[now|out] [(to|as) a (clip|video|film|file)]"
_VERSION = (
    "[the] ((version|state) before [that|(the last (edit|change))]|previous version|last version"
    "|{start:origin}|(version|entry|edit) {number:number}"
    "|version {back:number} (edits|changes|steps) (ago|before|back))"
)
_KINDS = {
    **PROJECT_KINDS,
    "origin": r"(?:beginning|start|first version|original)",
    "how": r"(?:as|with|to show)",
}


def _row(
    reach: Reach, said: str, asks: Callable[[Match, Mapping[str, float]], list[ProjectOperation]] | ProjectOperation
) -> Row:
    return Row(reach, form(said, _KINDS), asks if callable(asks) else _one(asks))


ROWS: Final[tuple[Row, ...]] = (
    _row(Reach.NAMED, "(put|add|insert|place|append|drop|bring|take) [{span}] {clips:clips} [in] [{place}]", _put),
    _row(Reach.NAMED, f"({_TAKE_OUT}) {{what:items}} [again|out]", _remove),
    _row(Reach.NAMED, "(move|put|shift|bring) {what:item} {place}", _move),
    _row(
        Reach.NAMED,
        "(split|divide|cut) {what:item} [in two] ((at|after) {at:time}{s}|in the middle|in half)",
        _split,
    ),
    _row(Reach.NAMED, f"{_FADES} (between|from) {{what:item}} (and|to|into) {{other:item}} {_LONG}", _crossfade),
    _row(
        Reach.NAMED,
        f"{_FADES} (between ((all|the) items|them)|everywhere) {_LONG}",
        _crossfade,
    ),
    _row(Reach.NAMED, f"{_FADE} [in|over] (to|into) {{what:item}} {_LONG}", _crossfade),
    _row(
        Reach.OPEN,
        "(use|choose|take|pick|show|switch to|go to|go with|go back to) [the]"
        " (take [number] {take:number}|{nth:nth} take) [(of|for|in) {what:item}] [instead]",
        _choose,
    ),
    _row(
        Reach.NAMED,
        "(regenerate|re-generate|remake|generate again) [{span}] {what:item} [{inside}]"
        " [{how:how}] {prompt:any} [(in|with) {takes:number} takes]",
        _regenerate,
    ),
    _row(Reach.LATEST, f"{_DROP} [the] (last|latest|previous|newest) (edit|change|step)", asked.Reject()),
    _row(Reach.LATEST, f"{_DROP} [the] (edit|change|entry) [number] {{number:number}}", _reject),
    _row(
        Reach.OPEN,
        "(show|list|compare|what are) [me] [all] [the] takes [(of|for) {item}]",
        asked.Tell(do="takes"),
    ),
    _row(Reach.LATEST, "(show|list|print) [me] [the|its] [edit] (log|history|edits|changes)", asked.Tell(do="log")),
    _row(
        Reach.OPEN,
        "(show|list|print|what's|what is|what does) [me] [in] ({project}|the items|all items) [look like|now|as it is]",
        asked.Tell(),
    ),
    _row(Reach.NAMED, "(show|list|print) [me] [it|what's in it|what is in it]", asked.Tell()),
    _row(Reach.LATEST, f"compare [it|this|that|{{project}}] (with|to|against) {_VERSION}", _compare),
    _row(
        Reach.LATEST,
        f"[show me] (what|what's|what has|what is) (changed|different|new) [(since|from) {_VERSION}]",
        _compare,
    ),
    _row(Reach.LATEST, f"render [it|that|this|everything|the (film|movie|video|whole thing)] {_NOW}", asked.Render()),
    _row(
        Reach.OPEN,
        f"(render|make a (clip|video|film|movie) (of|from|out of)) {{project}} {_NOW}",
        asked.Render(),
    ),
    _row(
        Reach.OPEN,
        "(export|save|write) [it|this|that|{project}] [out] (as|to|in|for) [a|an]"
        " {formats:formats} [file|files|format|formats]",
        _export,
    ),
)
