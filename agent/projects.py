"""Projects of the library: timelines that are edited, taken back, compared, rendered and exchanged.

::

    project = agent.project("holiday")
    project.insert(["3f2a...@1-4", "77aa..."])
    project.apply(["i1.1"], "speed 0.5 | color grayscale")
    project.undo()
    clip = project.render()
    project.export(Path("holiday.otio"))
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from ..memory.ledger import job_key
from ..tools.base import MediaOutput
from ..tools.editing.operations import TimePoint, Trim
from ..tools.errors import BadArguments
from ..tools.media.probe import probe
from ..tools.timeline.edits import MOST_AT_ONCE, Apply, Edit, Insert, Load, Replace
from ..tools.timeline.log import Difference, Edited, Entry, Redone, Rejected, Undone, Version, added, difference
from ..tools.timeline.log import version_of as _version_of
from ..tools.timeline.model import Take
from .errors import MediaBlocked
from .execution import StepContext, work_folder
from .provenance import prepare, signed
from .references import Resolver

if TYPE_CHECKING:
    from ..memory.clips import Clip
    from ..tools.base import Source
    from .components import Components

_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)
Progress = Callable[[float, str], None]


class Project:
    """One user's timeline of a name, begun when it is first asked for.

    Every change is kept at once, and only added: several processes may work on a project, and who has not seen the
    other's change gets ``ProjectChanged`` instead of overwriting it.
    """

    def __init__(self, parts: Components, name: str, *, user: str, create: bool = True) -> None:
        """Open it.

        Raises:
            ProjectInvalid: the name is empty or too long.
            ProjectUnknown: there is none of that name, and ``create`` is False.
        """
        self._parts, self._user = parts, user
        self.name = name.strip()
        if create:
            parts.library.projects.create(name, user=user)
        self.log()

    def log(self) -> list[Entry]:
        """Every entry, oldest first; the number of an entry is its place, from 1."""
        texts = self._parts.library.projects.entries(self.name, user=self._user)
        return [_ENTRY.validate_json(text) for text in texts]

    def version(self, entries: int | None = None) -> Version:
        """What the project shows, or showed after so many entries.

        Raises:
            BadArguments: it does not have so many.
        """
        log = self.log()
        if entries is not None and not 0 <= entries <= len(log):
            raise BadArguments(f"The project has {len(log)} entries, not {entries}.", f"Choose 0 to {len(log)}.")
        return _version_of(log[:entries])

    def edit(self, edit: Edit, words: str = "") -> Version:
        """Make an edit; ``words`` is how it was asked for. Raises ``BadArguments`` when it does not fit."""
        return self.add([Edited(edit=edit, words=words)])

    def insert(self, clips: Sequence[str], at: int | None = None, words: str = "") -> Version:
        """Put clips, or spans of them (``ID@2-4.5``), in as items; raises also when one is not in the library."""
        if not 1 <= len(clips) <= MOST_AT_ONCE:
            raise BadArguments(f"{len(clips)} clips cannot be put in at once.", f"Name 1 to {MOST_AT_ONCE} at a time.")
        takes = [self.take(clip) for clip in clips]
        return self.edit(Insert(takes=takes, at=at), words)

    def apply(self, items: Sequence[str], operations: str, words: str = "") -> Version:
        """Carry out operations in the planner's words (``trim 0 2 | speed 0.5``) on items."""
        from .planner.surface import parse_operation, split

        try:
            parsed = [parse_operation(part.strip()) for part in split(operations, "|")]
        except ValueError as error:  # of the syntax, or of pydantic for a value out of range
            why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
            raise BadArguments(f"{operations!r} cannot be carried out: {why}", "Write it as 'speed 2'.") from error
        return self.edit(Apply(items=list(items), operations=parsed), words or operations)

    def regenerate(
        self,
        item: str,
        prompt: str,
        *,
        start: float = 0.0,
        end: float | None = None,
        takes: int = 2,
        whole: bool = False,
        crossfade: float = 0.0,
        progress: Progress = lambda _fraction, _note: None,
    ) -> Version:
        """Show something newly generated instead of an item's seconds ``start`` to ``end``; the rest stays as it is.

        The new takes resemble what they replace, as far as the generator can, and differ as the prompt says, unless the
        prompt is the ``whole`` of what shall be seen. They keep its sound and are scored, the best is shown, the others
        can be chosen. They are longer by the crossfades, so that what comes after begins when it did.

        Raises:
            BadArguments: no such item, or a span outside it.
            MediaBlocked, GenerationFailed: nothing was made, and the timeline is as it was.
        """
        log = self.log()
        edit = self.replacement(
            _version_of(log), item, prompt, name=f"{self.name} {len(log)} {item}", start=start, end=end, takes=takes,
            whole=whole, crossfade=crossfade, progress=progress,
        )  # fmt: skip
        return self.edit(edit, prompt)

    def replacement(
        self,
        version: Version,
        item: str,
        prompt: str,
        *,
        name: str,
        start: float = 0.0,
        end: float | None = None,
        takes: int = 2,
        whole: bool = False,
        crossfade: float = 0.0,
        progress: Progress = lambda _fraction, _note: None,
    ) -> Replace:
        """Make the takes of :meth:`regenerate` for a version, and give the edit that shows them; nothing is changed.

        The same ``name`` draws the same takes again.
        """
        from .takes import filling, make_takes

        timeline = version.timeline
        place = timeline.place(item)
        shown = timeline.items[place]
        until = shown.seconds if end is None else end
        part = shown.edited(Trim(start=TimePoint(offset=start), end=TimePoint(offset=until)))
        like = None if whole or part.operations else f"{part.take.clip}@{part.take.start:.6f}-{part.take.end:.6f}"
        sides = (start > 0 or place > 0) + (until < shown.seconds or place + 1 < len(timeline.items))
        made = make_takes(
            self._parts,
            prompt,
            like=like,
            seconds=part.seconds + sides * crossfade,
            count=takes,
            name=name,
            user=self._user,
            progress=progress,
        )
        fill = filling(self._file(made[0].clip), self._file(part.take.clip))
        return Replace(item=item, start=start, end=until, takes=made, operations=fill, crossfade=crossfade)

    def undo(self) -> Version:
        """Take the latest change back."""
        return self.add([Undone()])

    def redo(self) -> Version:
        """Make what was undone last again."""
        return self.add([Redone()])

    def reject(self, number: int, words: str = "") -> Version:
        """Take one edit out, by its number in the log, and keep those after it; undo puts it back."""
        return self.add([Rejected(number=number, words=words)])

    def compare(self, one: int, other: int | None = None) -> Difference:
        """What changed between two versions, by how many entries they had; the second is by default the present one."""
        return difference(self.version(one).timeline, self.version(other).timeline)

    def take(self, ref: str, about: str = "") -> Take:
        """A clip of the library, or a span of it, as a take."""
        source = self._source(ref)
        clip = self._parts.library.known(source.clip, user=self._user)
        rate = probe(source.path).grid
        end = clip.duration if source.end is None else source.end
        return Take(clip=clip.id, start=source.start, end=end, length=clip.duration, rate=rate, about=about)

    def render(self, progress: Progress = lambda _fraction, _note: None) -> Clip:
        """The timeline as a clip of the library; one that shows the same was rendered before is that clip.

        Raises:
            BadArguments: the timeline is empty, or an item cannot be made.
            ClipUnknown: a clip it needs was forgotten.
            MediaBlocked: a policy refuses what it shows.
            ToolError: it cannot be rendered; nothing is left of it.
        """
        from ..tools.editing.luts import Luts
        from ..tools.timeline.render import essence, render

        timeline = self.version().timeline
        library = self._parts.library
        plain = essence(timeline)
        tables = Luts(self._parts.luts).revision(one for item in timeline.items for one in item.operations)

        def work() -> list[MediaOutput]:
            prepare(self._parts)
            began, estimates = time.monotonic(), self._parts.estimates
            output = render(timeline, context, self.name, self._parts.luts)
            estimates.learn(estimates.rendering(timeline, self._user), time.monotonic() - began, timeline.seconds)
            verdicts = self._parts.judge("media", media=output.path, duration=probe(output.path).duration)
            blocks = [verdict["reason"] for verdict in verdicts if verdict["action"] == "block"]
            if blocks:
                raise MediaBlocked(blocks[0], "The timeline stays as it is.")
            return [signed(self._parts, output, context, user=self._user)]

        def keep(made: list[MediaOutput]) -> tuple[object, list[str]]:
            rows = [self._parts.intake.adopt(output, user=self._user) for output in made]
            return rows, [row["id"] for row in rows]

        with work_folder(self._parts.settings.home) as folder:
            context = StepContext(folder, self._resolver(), progress, threading.Event().is_set)
            key = job_key("render_timeline", plain, revision=tables)
            job = library.ledger.once(key, work, keep, user=self._user)
        self._parts.intake.index_new(job.clips, user=self._user)
        return library.get(job.clips[0], user=self._user)

    def export(self, path: Path) -> list[str]:
        """Write the timeline for other programs (.otio, .edl, .fcpxml); gives what the format does not hold."""
        from ..tools.timeline.interchange import write_timeline

        return write_timeline(self.version().timeline, path, self.name, self._file)

    def bring_in(self, path: Path) -> tuple[Version, list[str]]:
        """Show a timeline from a file; the videos it names are taken in. Gives also what of it was left out."""
        from ..tools.timeline.interchange import read_timeline

        timeline, notes = read_timeline(path, lambda name: self._found(name, path.parent))
        return self.edit(Load(timeline=timeline), f"import {path.name}"), notes

    def add(self, entries: Sequence[Entry]) -> Version:
        """Add entries to the log, all or none; raises ``BadArguments`` when one does not fit what those before make."""
        log = self.log()
        version, grown = _version_of(log), list(log)
        for entry in entries:
            version = added(grown, entry)
            grown.append(entry)
        bodies = [entry.model_dump(mode="json") for entry in entries]
        self._parts.library.projects.append(self.name, bodies, after=len(log), user=self._user)
        return version

    def _resolver(self) -> Resolver:
        return Resolver(self._parts, [], [], self._user)

    def _source(self, ref: str) -> Source:
        (source,) = self._resolver().sources(ref)
        return source

    def _file(self, clip: str) -> Path:
        return self._parts.library.local(clip, user=self._user)

    def _found(self, name: str, folder: Path) -> Take:
        """The clip that a timeline's file names: by id, or a file, also beside it, that is taken in."""
        beside = folder / name
        return self.take(self._parts.intake.resolve(str(beside) if beside.is_file() else name, user=self._user))
