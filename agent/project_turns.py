"""A turn that speaks to a project: which project, what it asks, and the plan of one step that does it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..memory.errors import LibraryError
from ..tools.editing.operations import Concat, Extract, Operation, TimePoint, Trim
from ..tools.errors import ToolError
from . import project_plan as asked
from .naming import visible
from .planner.base import ClipEntry, PlanContext
from .planner.plan import EditStep, GenerateStep, Plan
from .planner.surface import render_operation
from .planner.validate import validate
from .pointing import pointed
from .project_plan import ProjectArguments, ProjectOperation
from .project_table import Reach
from .project_words import Spoken, over_items, read
from .projects import Project
from .state import AgentState, PlanRow

if TYPE_CHECKING:
    from .components import Components

_TOOLS = {asked.Regenerate: "regenerate_span", asked.Render: "render_project"}
_NONE = "No project is open. Start one: start a project called holiday."


def described(parts: Components, state: AgentState) -> str:
    """The open project for a planner: its name and items, with the names that the conversation has for their clips."""
    open_ = state.get("project")
    if open_ is None:
        return ""
    try:
        items = Project(parts, open_["name"], user=state["user"], create=False).version().timeline.items
    except (LibraryError, ToolError):
        return ""
    names = {row["id"]: row["name"] for row in visible(state)}
    told = [f"{n} {names.get(item.take.clip, 'a clip')} {item.seconds:g}s" for n, item in enumerate(items, 1)]
    return f"{open_['name']}, {len(items)} items: {', '.join(told[:40]) or 'none yet'}"


def planned(parts: Components, state: AgentState) -> PlanRow | None:
    """The plan of a request to a project, or what to say instead; None when the request is not for one."""
    latest = state.get("project")
    reach = Reach.NONE if latest is None else Reach.LATEST if latest["latest"] else Reach.OPEN
    known = {row["name"]: row["duration"] for row in visible(state)}
    spoken = read(pointed(state, few=sys.maxsize), known, reach)  # "it" may be the project
    if spoken is None:
        return None
    name = spoken.project or (latest["name"] if latest is not None else _only(parts, state["user"]))
    if not name:
        return {"steps": [], "say": _several(parts, state["user"]) or _NONE}
    operations = list(spoken.operations)
    if spoken.rest:
        made = _edited(parts, name, spoken, state["user"])
        if made is None or isinstance(made, str):
            return None if made is None else {"steps": [], "say": made}
        operations = made
    arguments = ProjectArguments(project=name, operations=operations, turn=state["turn"], text=state["request"][:400])
    kinds = {type(operation) for operation in operations}
    tool = next((name for kind, name in _TOOLS.items() if kind in kinds), "edit_project")
    return {"steps": [{"id": "1", "tool": tool, "args": arguments.model_dump(mode="json")}], "say": ""}


def _only(parts: Components, user: str) -> str:
    rows = parts.library.projects.all(user=user)
    return rows[0].name if len(rows) == 1 else ""


def _several(parts: Components, user: str) -> str:
    names = ", ".join(row.name for row in parts.library.projects.all(user=user)[:8])
    return f"Which project? There are {names}. Say: open the project NAME." if names else ""


def _edited(parts: Components, name: str, spoken: Spoken, user: str) -> list[ProjectOperation] | str | None:
    """An edit in free wording, planned over the items as if they were clips; words where it cannot be carried out."""
    try:
        items = Project(parts, name, user=user, create=False).version().timeline.items
        entries = [ClipEntry(name=f"c{n}", duration=item.seconds) for n, item in enumerate(items, 1)]
    except (LibraryError, ToolError) as error:
        return str(error)
    plan = parts.planner.plan(PlanContext(request=over_items(spoken.rest), clips=entries))
    if plan.order:  # of one item, seen as a clip, there is nothing left to order
        return None
    problems = validate(plan, entries)
    if problems:
        return " ".join(f"{problem.message} {problem.remedy}" for problem in problems)
    return as_operations(plan, len(items))


def as_operations(plan: Plan, count: int) -> list[ProjectOperation] | str | None:
    """A plan over clips that stand for ``count`` items, as operations on these; None when it is no edit at all."""
    if not plan.steps:
        return plan.say or None
    outputs: dict[str, list[int]] = {}
    operations: list[ProjectOperation] = []
    for step in plan.steps:
        if isinstance(step, GenerateStep) and step.args.like is not None:
            places = _places([step.args.like], outputs)
            operations += [asked.Regenerate(item=place, prompt=step.args.prompt) for place, _ in places]
            outputs[step.id] = [place for place, _ in places]
            continue
        if not isinstance(step, EditStep):
            return None
        places = _places(step.args.clips, outputs)
        outputs[step.id] = [place for place, _ in places]
        made = _on_items(step, places, count)
        if isinstance(made, str):
            return made
        operations += made
    return operations or "The items of a project follow each other as they are; there is nothing to do."


def _on_items(step: EditStep, places: Sequence[tuple[int, Trim | None]], count: int) -> list[ProjectOperation] | str:
    """One step of edits; joins are what a timeline is, so that only their cross-fades remain."""
    taken = [one for one in step.args.operations if isinstance(one, Extract)]
    if taken:
        return f"Of a project, {render_operation(taken[0]).split()[0]} is taken from its clip: render it first."
    fades = [one.crossfade for one in step.args.operations if isinstance(one, Concat) and one.crossfade]
    rest: list[Operation] = [one for one in step.args.operations if not isinstance(one, Concat)]
    places_alike = [place for place, span in places if span is None]
    made: list[ProjectOperation] = [
        asked.Change(items=[place], operations=[span, *rest]) for place, span in places if span is not None
    ]
    if places_alike and rest:
        everywhere = set(places_alike) == set(range(1, count + 1))
        made.append(asked.Change(items=[] if everywhere else places_alike, operations=rest))
    later = [place for place, _ in places if place > min(place for place, _ in places)]
    if fades and later:
        made.append(asked.Crossfade(items=later, seconds=fades[0]))
    return made


def _places(refs: Sequence[str], outputs: dict[str, list[int]]) -> list[tuple[int, Trim | None]]:
    """Places of items behind references, with the span of one where the reference has it."""
    found: list[tuple[int, Trim | None]] = []
    for ref in refs:
        if ref.startswith("$"):
            number, _, index = ref[1:].partition("[")
            made = outputs.get(number, [])
            found += [(place, None) for place in ([made[int(index[:-1])]] if index else made)]
            continue
        name, _, span = ref.partition("@")
        start, _, end = span.partition("-")
        trim = Trim(start=TimePoint(offset=float(start)), end=TimePoint(offset=float(end))) if span else None
        found.append((int(name[1:]), trim))
    return found
