"""The tools of projects: what a conversation asks of one, done once and as a whole.

Changes are worked out first and added to the project's log together, in one transaction with the mark that this turn
has made them; what is told, rendered or written comes after. Rendering (``render_project``) and regenerating
(``regenerate_span``) are tools of their own because they take time: they are estimated, may run as jobs, and wait for
the user's word where they take long or generate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ..memory.ledger import job_key
from ..tools.base import Cost, Effect, Tool, ToolContext, ToolModel
from ..tools.errors import BadArguments
from ..tools.timeline import edits
from ..tools.timeline.log import Edited, Entry, Redone, Rejected, Undone, Version, added, version_of
from ..tools.timeline.model import Timeline
from . import project_plan as asked
from .project_plan import ProjectArguments, ProjectResult
from .project_told import item_rows, told_difference, told_log, told_takes
from .projects import Project

if TYPE_CHECKING:
    from .components import Components

Said = tuple[list[Entry], str]
"""Entries to add, and a sentence on them."""


class EditProject(Tool[ProjectArguments, ProjectResult]):
    """Changes, shows, renders and exports a project; nothing that it did is ever lost."""

    name: ClassVar[str] = "edit_project"
    description: ClassVar[str] = "Work on a project: its items, their takes, its log; render it, export it."
    cost: ClassVar[Cost] = "free"
    effect: ClassVar[Effect] = "writes"
    arguments = ProjectArguments
    result = ProjectResult

    def __init__(self, parts: Components) -> None:
        self._parts = parts

    def run(self, arguments: ProjectArguments, context: ToolContext) -> ProjectResult:
        """Do it all. Raises ``BadArguments`` and ``ProjectUnknown`` before anything is changed."""
        user = self._parts.settings.user
        begins = any(isinstance(one, asked.Begin) for one in arguments.operations)
        begun = begins and self._parts.library.projects.create(arguments.project, user=user)
        try:
            project = Project(self._parts, arguments.project, user=user, create=False)
            done = self._changed(project, arguments, context)
        except BaseException:
            if begun:  # nothing is left of a project whose first change failed
                self._parts.library.projects.forget(arguments.project, user=user)
            raise
        if begins:
            done.insert(0, f"{'started' if begun else 'opened'} the project {project.name}")
        return self._afterwards(project, arguments, context, done)

    def _changed(self, project: Project, arguments: ProjectArguments, context: ToolContext) -> list[str]:
        """Make the changes, unless this turn has made them already."""
        changes = [one for one in arguments.operations if type(one) in _CHANGES]
        if not changes:
            return []

        def work() -> tuple[list[Entry], list[str]]:
            log, done = project.log(), []
            entries: list[Entry] = []
            for change in changes:
                new, said = _CHANGES[type(change)](change, _At(project, [*log, *entries], context, arguments.text))
                for entry in new:
                    added([*log, *entries], entry)
                    entries.append(entry)
                done.append(said)
            return entries, done

        def keep(made: tuple[list[Entry], list[str]]) -> tuple[object, list[str]]:
            project.add(made[0])
            return made[1], []

        plain = arguments.model_dump(mode="json")
        job = self._parts.library.ledger.once(job_key(self.name, plain), work, keep, user=self._parts.settings.user)
        made: list[str] = job.result  # type: ignore[assignment]  # what ``keep`` returned
        return made

    def _afterwards(
        self, project: Project, arguments: ProjectArguments, context: ToolContext, done: list[str]
    ) -> ProjectResult:
        """What is told, rendered and written once the changes stand."""
        found: dict[str, Any] = {}
        notes: list[str] = []
        for operation in arguments.operations:
            if isinstance(operation, asked.Render):
                clip = project.render(context.progress)
                found |= {"clip": clip.id, "clip_seconds": clip.duration}
                done.append(f"rendered the project {project.name} ({clip.duration:.1f} s)")
            elif isinstance(operation, asked.Export):
                path = _free(self._parts.settings.home / "exports", project.name, operation.format)
                notes += project.export(path)
                found["path"] = str(path)
                done.append(f"wrote {path}")
            elif isinstance(operation, asked.Tell | asked.Compare):
                done.append(_told(operation, project))
        version = project.version()
        notes += [f"Edit {number} does not fit any more: {why}" for number, why in version.void.items()]
        timeline = version.timeline
        return ProjectResult(
            project=project.name, done=done, items=item_rows(timeline), seconds=timeline.seconds, notes=notes, **found
        )


class RenderProject(EditProject):
    """Makes a clip of a project, after the changes that are asked for with it."""

    name: ClassVar[str] = "render_project"
    description: ClassVar[str] = "Make a clip of what a project shows."


class RegenerateSpan(EditProject):
    """Shows something newly generated instead of a part of a project."""

    name: ClassVar[str] = "regenerate_span"
    description: ClassVar[str] = "Generate takes for an item of a project, or a part of it, and show the best."
    cost: ClassVar[Cost] = "slow"


class _At:
    """A project as it is when a change is to be made."""

    def __init__(self, project: Project, log: Sequence[Entry], context: ToolContext, words: str) -> None:
        self.project, self.log, self.context, self.words = project, log, context, words
        self.version: Version = version_of(log)

    @property
    def timeline(self) -> Timeline:
        """What it shows."""
        return self.version.timeline

    def item(self, place: int) -> str:
        """The id of the item at a place. Raises ``BadArguments`` when there is none."""
        items = self.timeline.items
        index = place - 1 if place > 0 else len(items) + place
        if place == 0 or not 0 <= index < len(items):
            count = {0: "no items", 1: "one item"}.get(len(items), f"{len(items)} items")
            raise BadArguments(f"There is no such item: the project has {count}.", "Name one by its place.")
        return items[index].id

    def items(self, places: Sequence[int]) -> list[str]:
        """Ids of the items at these places; of all where none is named. Raises ``BadArguments``."""
        if places:
            return [self.item(place) for place in places]
        return [item.id for item in self.timeline.items] or [self.item(1)]

    def edited(self, edit: edits.Edit, said: str) -> Said:
        """An edit as an entry."""
        return [Edited(edit=edit, words=self.words)], said


def _put(asked_: asked.Put, at: _At) -> Said:
    takes = []
    for ref in asked_.clips:
        for source in at.context.sources(ref):
            whole = source.end is None and source.start == 0
            takes.append(
                at.project.take(source.clip if whole else f"{source.clip}@{source.start:.6f}-{_end(at, source)}")
            )
    place = None if asked_.at is None else asked_.at - 1
    where = len(at.timeline.items) + 1 if asked_.at is None else min(asked_.at, len(at.timeline.items) + 1)
    named = f"item {where}" if len(takes) == 1 else f"items {where} to {where + len(takes) - 1}"
    return at.edited(edits.Insert(takes=takes, at=place), f"put {', '.join(asked_.clips)} in as {named}")


def _end(at: _At, source: Any) -> str:
    end = at.project.take(source.clip).end if source.end is None else source.end
    return f"{end:.6f}"


def _remove(asked_: asked.Remove, at: _At) -> Said:
    return at.edited(edits.Remove(items=at.items(asked_.items)), f"took out {_places(asked_.items, at)}")


def _move(asked_: asked.Move, at: _At) -> Said:
    moved, beside = at.item(asked_.item), at.item(asked_.beside)
    others = [item.id for item in at.timeline.items if item.id != moved]
    if moved == beside:
        raise BadArguments("An item cannot be put beside itself.", "Name another item.")
    to = others.index(beside) + asked_.after
    return at.edited(edits.Move(item=moved, to=to), f"moved item {at.timeline.place(moved) + 1} to place {to + 1}")


def _change(asked_: asked.Change, at: _At) -> Said:
    from .planner.surface import render_operation

    edit = edits.Apply(items=at.items(asked_.items), operations=asked_.operations)
    done = " | ".join(map(render_operation, asked_.operations))
    return at.edited(edit, f"{_places(asked_.items, at)}: {done}")


def _split(asked_: asked.Split, at: _At) -> Said:
    item = at.item(asked_.item)
    place = at.timeline.place(item)
    moment = asked_.at.seconds(at.timeline.items[place].seconds)
    if moment <= 0:
        raise BadArguments(f"An item cannot be split at {moment:g} s.", "Name a time within it.")
    return at.edited(edits.Split(item=item, at=moment), f"split item {place + 1} at {moment:.2f} s")


def _crossfade(asked_: asked.Crossfade, at: _At) -> Said:
    names = at.items(asked_.items) if asked_.items else at.items([])[1:] or [at.item(2)]
    entries: list[Entry] = [
        Edited(edit=edits.Crossfade(item=name, seconds=asked_.seconds), words=at.words) for name in names
    ]
    places = " and ".join(f"item {at.timeline.place(name) + 1}" for name in names)
    return entries, f"{places} fades over from the one before for {asked_.seconds:g} s"


def _choose(asked_: asked.Choose, at: _At) -> Said:
    if asked_.item is not None:
        item = at.item(asked_.item)
    else:
        several = [one.id for one in at.timeline.items if len(one.takes) > 1]
        if len(several) != 1:
            why = "No item has several takes." if not several else "Several items have several takes."
            raise BadArguments(why, "Regenerate one first." if not several else "Say of which item.")
        item = several[0]
    return at.edited(
        edits.Choose(item=item, take=asked_.take), f"item {at.timeline.place(item) + 1} shows take {asked_.take}"
    )


def _regenerate(asked_: asked.Regenerate, at: _At) -> Said:
    item = at.item(asked_.item)
    edit = at.project.replacement(
        at.version, item, asked_.prompt, name=f"{at.project.name} {len(at.log)} {item}", start=asked_.start,
        end=asked_.end, takes=asked_.takes, whole=asked_.whole, progress=at.context.progress,
    )  # fmt: skip
    said = f"made {len(edit.takes)} takes for item {at.timeline.place(item) + 1} and shows the best"
    return [Edited(edit=edit, words=asked_.prompt)], said


def _undo(asked_: asked.Undo, _: _At) -> Said:
    entry: Entry = Undone() if asked_.do == "undo" else Redone()
    many = "" if asked_.times == 1 else f" {asked_.times} edits"
    return [entry] * asked_.times, ("took back" if asked_.do == "undo" else "made again") + (many or " the last edit")


def _reject(asked_: asked.Reject, at: _At) -> Said:
    rejected = {one.number for number in at.version.standing if isinstance(one := at.log[number - 1], Rejected)}
    edited = [n for n in at.version.standing if isinstance(at.log[n - 1], Edited) and n not in rejected]
    if asked_.number is None and not edited:
        raise BadArguments("The project has no edit that could be dropped.", "Make one first.")
    number = edited[-1] if asked_.number is None else asked_.number
    return [Rejected(number=number, words=at.words)], f"dropped edit {number}"


_CHANGES: dict[type[ToolModel], Callable[[Any, _At], Said]] = {
    asked.Put: _put,
    asked.Remove: _remove,
    asked.Move: _move,
    asked.Change: _change,
    asked.Split: _split,
    asked.Crossfade: _crossfade,
    asked.Choose: _choose,
    asked.Regenerate: _regenerate,
    asked.Undo: _undo,
    asked.Reject: _reject,
}


def _told(operation: asked.Tell | asked.Compare, project: Project) -> str:
    log = project.log()
    if isinstance(operation, asked.Compare):
        entries = max(0, len(log) - operation.back) if operation.entries is None else operation.entries
        return told_difference(project.compare(entries), project.version(entries).timeline, project.version().timeline)
    if operation.do == "takes":
        return told_takes(project.version().timeline)
    if operation.do == "log":
        return told_log(log, project.version())
    return f"the project {project.name} lasts {project.version().timeline.seconds:.1f} s"


def _places(places: Sequence[int], at: _At) -> str:
    if not places:
        return "all items"
    numbers = [at.timeline.place(at.item(place)) + 1 for place in places]
    return ("item " if len(numbers) == 1 else "items ") + ", ".join(map(str, numbers))


def _free(folder: Path, name: str, suffix: str) -> Path:
    """A file name that is not taken: nothing is ever overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"[^\w-]+", "-", name).strip("-") or "project"
    path = folder / f"{stem}.{suffix}"
    number = 2
    while path.exists():
        path, number = folder / f"{stem}-{number}.{suffix}", number + 1
    return path
