"""Wordings of edits that the shipped planner was not taught: said in words that it knows, then put right in its plan.

"make a contact sheet of c2 with nine pictures" is planned as "make a gif of c2", and the gif becomes a sheet of nine.
Which clips, which part of them and in which order is the planner's affair, as with all it knows. A stand-in counts only
where the plan has the operation that it stands for; else the request is planned as it was worded, so that "find the
video with the shaky camera" stays a search. What stands in quotes is never touched.

The wordings are one table, :data:`~gpt4video.agent.planner.stand_in_table.STAND_INS`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ...tools.editing.operations import Concat, Extract
from .phrasing import QUOTED, plainly
from .plan import EditStep, Plan, Step
from .stand_in_table import STAND_INS, StandIn
from .surface import PlanSyntaxError
from .syntax import parse, render


class Said(NamedTuple):
    """A row of the table and the words that it was found in."""

    row: StandIn
    words: re.Match[str]


def reworded(request: str) -> tuple[str, list[Said]]:
    """The request in words that the planner knows, and what is to be put right in its plan; nothing where it is so."""
    parts = QUOTED.split(plainly(request))
    rows: list[Said] = []
    for row in STAND_INS:
        for place in range(0, len(parts), 2):
            found = row.said.search(parts[place])
            if found is None:
                continue
            before, after = parts[place][: found.start()], parts[place][found.end() :]
            others = [before, after, *parts[:place:2], *parts[place + 2 :: 2]]
            if row.alone is not None and any(row.alone.search(other) for other in others):
                continue
            parts[place] = before + row.instead(found) + after
            rows.append(Said(row, found))
            break
    text = re.sub(r" {2,}", " ", "".join(parts)).strip(" ,")
    return (text, rows) if rows else (request, [])


def put_right(plan: str, rows: list[Said]) -> str | None:
    """The plan with what was meant; None where an operation is missing that a stand-in was said for."""
    try:
        steps = parse(plan).steps
        for row, words in rows:
            if not any(row.known(one) for step in steps if isinstance(step, EditStep) for one in step.args.operations):
                return None
            steps = [_put_right(step, row, words) for step in steps]
        return render(Plan(steps=steps))
    except (PlanSyntaxError, ValueError):  # a plan of words, or a number that the operation does not take
        return None


def joined_after(edits: str, join: str) -> str | None:
    """One plan of two: several clips edited alike, then joined; None where the plans are none of that kind."""
    try:
        first, second = parse(edits).steps, parse(join).steps
    except PlanSyntaxError:
        return None
    if len(first) != 1 or len(second) != 1:
        return None
    one, other = first[0], second[0]
    if not (isinstance(one, EditStep) and isinstance(other, EditStep)) or len(one.args.clips) < 2:
        return None
    if any(isinstance(done, Concat | Extract) for done in one.args.operations):
        return None
    if not isinstance(other.args.operations[0], Concat):
        return None
    after = other.model_copy(update={"id": "2", "args": other.args.model_copy(update={"clips": ["$1"]})})
    return render(Plan(steps=[one, after]))


def _put_right(step: Step, row: StandIn, words: re.Match[str]) -> Step:
    if not isinstance(step, EditStep):
        return step
    done = [row.meant(words, one) if row.known(one) else one for one in step.args.operations]
    return step.model_copy(update={"args": step.args.model_copy(update={"operations": done})})
