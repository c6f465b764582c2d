"""What is said to a project, read by rule: one table of wordings, from whole sentences to typed operations.

A sentence is the project's when it names it ("in the project, ...", "put c2 into the timeline"), when it speaks of what
only projects have (items, takes, an export as otio), or, as "undo" and "render it" do, right after something was done
with it. Everything else is left alone. An edit of an item may be worded in any way that an edit of a clip may: what
follows "in the project" and is not in the table is for the planner, to whom the items are shown as clips.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from .planner.forms import form
from .planner.phrasing import plainly
from .project_places import PROJECT_KINDS
from .project_plan import Begin, ProjectOperation, Undo
from .project_table import ROWS, Reach
from .undoing import command_of

Match = re.Match[str]


class Spoken(NamedTuple):
    """What is asked of a project.

    Attributes:
        project: its name; empty for the one that is open.
        operations: what to do.
        rest: what the planner is to read over the items, in place of operations.
    """

    project: str = ""
    operations: tuple[ProjectOperation, ...] = ()
    rest: str = ""


_form = partial(form, kinds=PROJECT_KINDS)


_POLITE = re.compile(
    r"^(?:(?:please|ok(?:ay)?|now|and|then|so|hey|alright)[, ]+|(?:can|could|would|will) you (?:please )?|"
    r"(?:i(?:'d| would) like(?: you)? to|i want(?: you)? to|let's|let us) )+",
    re.IGNORECASE,
)
_THANKS = re.compile(r"(?:,? (?:please|for me|thanks|thank you|now))*[ .!?]*$", re.IGNORECASE)
_BEGIN = tuple(
    _form(said)
    for said in (
        "(start|begin|create|make|open|set up) [me] [a|an|the] [new] (project|timeline) (called|named)"
        " {quote}{name:name}{quote}",
        "[start|begin|create] [a] new (project|timeline) {open}{name:name}{close}",
        "(open|switch to|go to|go back to|work on|continue with|load) [the|my] (project|timeline)"
        " {quote}{name:name}{quote}",
        "(open|switch to|go back to|work on|continue with) the {name:name} (project|timeline)",
    )
)
_SCOPED = (
    _form("(in|on|for|within|inside|to) {project} [[called|named] {quote}{name:word}{quote}]{colon}{rest:any}"),
    _form("(in|on|within|inside) {project} {rest:ordered}"),
    _form(
        "{rest:any} (in|into|to|onto|of|from|on|within|inside) {project} [(called|named) {quote}{name:word}{quote}]"
        " [{more:place}]"
    ),
)
_IN_PROJECT = re.compile(rf" (?:in|into|to|onto|of|from) {PROJECT_KINDS['project']}\b", re.IGNORECASE)
_AN_ITEM = _form("({nth} (item|items)|(item|items) [number] {number}|(all|every|the) (item|items))")
_CLAUSES = re.compile(r",? and then |, then |; | and |, ", re.IGNORECASE)


def bare(request: str) -> str:
    """A request without its "could you please" and "thank you"."""
    return _THANKS.sub("", _POLITE.sub("", " ".join(request.split())))


def read(request: str, known: Mapping[str, float], reach: Reach) -> Spoken | None:
    """What a request asks of a project; None when it asks nothing of one.

    Args:
        request: the user's words.
        known: the conversation's clips by name, oldest first, with their seconds.
        reach: how near the project is: ``NONE`` when none is open.
    """
    text = bare(request)
    for begins in _BEGIN:
        if found := begins.fullmatch(text):
            return Spoken(found["name"].strip(), (Begin(),))
    for scope in _SCOPED:
        if (found := scope.fullmatch(text)) and (spoken := _scoped(found, known)):
            return spoken
    inner = _IN_PROJECT.sub("", text)
    if inner != text and (operations := _operations(inner, known, Reach.NAMED)):
        return Spoken(operations=tuple(operations))
    if reach is Reach.NONE:
        return None
    near = Reach.NAMED if _AN_ITEM.search(text) else reach
    if operations := _operations(text, known, near):
        return Spoken(operations=tuple(operations))
    return Spoken(rest=text) if near is Reach.NAMED else None


def _scoped(found: Match, known: Mapping[str, float]) -> Spoken | None:
    told = found.groupdict()
    rest = f"{told['rest'].strip(' ,')} {told.get('more') or ''}".strip()
    name = (told.get("name") or "").strip()
    if operations := _operations(_IN_PROJECT.sub("", rest), known, Reach.NAMED):
        return Spoken(name, tuple(operations))
    # "trim the second item of the project" is for the planner; "a man at work on the project" is nothing to do.
    begins = found.re in _SCOPED[:2]
    return Spoken(name, rest=rest) if begins or _AN_ITEM.search(rest) else None


def _operations(text: str, known: Mapping[str, float], reach: Reach) -> list[ProjectOperation]:
    """Operations of a sentence, or of its clauses when each of them is one."""
    if whole := _read(text, known, reach):
        return whole
    clauses = [_POLITE.sub("", clause) for clause in _CLAUSES.split(text)]
    if len(clauses) < 2:
        return []
    read_ = [_read(clause, known, reach) for clause in clauses]
    return [operation for operations in read_ for operation in operations] if all(read_) else []


def _read(text: str, known: Mapping[str, float], reach: Reach) -> list[ProjectOperation]:
    if reach >= Reach.LATEST and (command := command_of(text)):
        return [Undo(do=command.kind, times=command.times)]
    for row in ROWS:
        if row.reach <= reach and (found := row.said.fullmatch(text)):
            return row.asks(found, known)
    return []


def over_items(rest: str) -> str:
    """A sentence on items as one on clips, which is what the planner knows."""
    return plainly(re.sub(r"\bitem(s?)\b", r"clip\1", rest, flags=re.IGNORECASE))
