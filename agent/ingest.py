"""The glue between understanding and memory: taking files and results in, so that they can be found again."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from ..memory.errors import ClipUnknown
from ..memory.library import Clip, ClipFacts
from ..memory.lineage import Lineage
from ..tools.base import MediaOutput, Source
from ..tools.errors import MediaMissing, MediaRejected
from ..tools.media.probe import MediaInfo, probe
from ..tools.search import Hit
from ..tools.understanding.arguments import Evidence
from .errors import Fault, MediaBlocked, fault_of

if TYPE_CHECKING:
    from .components import Components

ANALYSIS = "understanding-3"
"""Version of what :func:`~gpt4video.tools.understanding.analysis.analyse` finds; a new one analyses again."""


_ROUNDING = 0.02
"""Seconds by which the ends of neighbouring findings may overlap without meaning it."""


_FLASH = 0.5
"""Seconds below which a shot is a flash."""


class FailedFile(BaseModel):
    """A file that could not be taken in, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    error: str
    code: str


class IngestReport(BaseModel):
    """What became of the files: ids taken in, ids that were there already, and failures."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clips: list[str]
    skipped: list[str]
    failed: list[FailedFile]


class Findings(BaseModel):
    """What understanding found in a whole clip, as it is kept in the library."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    evidence: list[Evidence]
    sampling: str
    partial: str = ""

    def within(self, start: float, end: float | None) -> list[Evidence]:
        """The findings that overlap a span by more than rounding, cut to it."""
        last = float("inf") if end is None else end
        cut = [(item, max(item.start, start), min(item.end, last)) for item in self.evidence]
        return [
            item.model_copy(update={"start": begin, "end": until})
            for item, begin, until in cut
            if until - begin > _ROUNDING or begin == until == item.start
        ]


class Intake:
    """Takes videos from outside and results of tools into the library and the memory."""

    def __init__(self, parts: Components) -> None:
        self._parts = parts
        self._caught_up: set[str] = set()

    def ingest(self, paths: Iterable[Path], *, user: str, done: Callable[[Path], None] | None = None) -> IngestReport:
        """Take files in, one after another; a bad one is reported and stops nothing.

        Interrupted at any point, a second call goes on: files that are in are skipped.
        """
        taken: list[str] = []
        skipped: list[str] = []
        failed: list[FailedFile] = []
        for path in paths:
            try:
                clip, new = self._take(path, user)
                (taken if new else skipped).append(clip.id)
            except Exception as error:  # reported per file: the others must go on
                fault: Fault = fault_of(error)
                failed.append(FailedFile(path=_shown(path), error=f"{fault.message} {fault.remedy}", code=fault.code))
            if done is not None:
                done(path)
        return IngestReport(clips=taken, skipped=skipped, failed=failed)

    def resolve(self, clip: str | Path, *, user: str) -> str:
        """The library id of a clip given by id or by file; a file is taken in.

        Raises:
            ClipUnknown: neither a clip of this user nor a file.
            ToolError, MediaBlocked: the file cannot be taken in.
        """
        try:
            return self._parts.library.get(str(clip), user=user).id
        except ClipUnknown:
            path = Path(clip)
            try:
                return self._take(path, user)[0].id
            except MediaMissing:
                if path.suffix:
                    raise
                raise ClipUnknown(
                    f"There is no clip and no file {str(clip)[:80]!r}.", "Run 'gpt4video clips' to see the ids."
                ) from None

    def adopt(self, output: MediaOutput, *, user: str) -> dict[str, Any]:
        """Keep what a tool made: a video becomes a clip with its lineage, a picture or gif an export."""
        row: dict[str, Any] = {
            "kind": output.kind,
            "operation": output.operation,
            "parents": output.parents,
            "prompt": output.prompt,
            "model": output.model,
            "seed": output.seed,
            "notes": output.notes,
        }
        if output.kind != "video":
            path = _export(output.path, self._parts.settings.home / "exports")
            return {**row, "id": path.stem, "path": str(path), "duration": 0.0}
        lineage = Lineage(
            operation=output.operation,
            parents=output.parents,
            arguments=output.arguments,
            model=output.model,
            seed=output.seed,
            prompt=output.prompt,
        )
        facts = _facts(probe(output.path))
        clip = self._parts.library.add(output.path, facts, title=output.operation, lineage=lineage, user=user)
        return {**row, "id": clip.id, "path": str(clip.path), "duration": clip.duration}

    def index_new(self, clips: Iterable[str], *, user: str) -> None:
        """Understand and index clips that are stored but not yet searchable."""
        for clip_id in clips:
            clip = self._parts.library.get(clip_id, user=user)
            if clip.status != "ready":
                self._understand(clip, user)

    def catch_up(self, *, user: str) -> None:
        """Index again what the memory does not hold because its models have changed; looks once a process."""
        if user in self._caught_up:
            return
        self._caught_up.add(user)
        for clip in self._parts.library.clips(user=user):
            if clip.status == "ready" and not self._parts.memory.holds(clip.id, user=user):
                self._understand(clip, user)

    def findings(self, clip_id: str, *, user: str) -> Findings:
        """What understanding found in a clip; looks now if it has not yet."""
        kept = self._parts.library.analysis(clip_id, ANALYSIS, user=user)
        if kept is None:
            return self._understand(self._parts.library.get(clip_id, user=user), user)
        return Findings.model_validate(kept)

    def description(self, clip_id: str, start: float, end: float | None, *, user: str) -> str:
        """What is seen in a span, in a few words: its captions, else its labels."""
        found = self.findings(clip_id, user=user).within(start, end)
        captions = [item.text for item in found if item.kind == "caption"]
        labels = [item.text for item in sorted(found, key=lambda item: -item.score) if item.kind == "label"]
        return captions[0] if captions else ", ".join(dict.fromkeys(labels[:3]))

    def analysis(self, source: Source) -> Findings:
        """Findings for the understanding tool (whole clip)."""
        return self.findings(source.clip, user=self._parts.settings.user)

    def _take(self, path: Path, user: str) -> tuple[Clip, bool]:
        info = probe(path)
        if info.still:
            raise MediaRejected(
                f"{path.name!r} is a picture, not a video.", "Use 'describe' to look at it or 'search --image' with it."
            )
        known = self._known(info.path, user)
        if known is not None and known.status == "ready":
            return known, False
        if known is None:
            verdicts = self._parts.judge("media", media=info.path, duration=info.duration)
            blocks = [verdict for verdict in verdicts if verdict["action"] == "block"]
            if blocks:
                raise MediaBlocked(blocks[0]["reason"], "It was not taken in.")
            known = self._parts.library.add(info.path, _facts(info), source=str(path), title=path.stem, user=user)
        self._understand(known, user)
        return known, True

    def _known(self, path: Path, user: str) -> Clip | None:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        try:
            return self._parts.library.get(digest[:16], user=user)
        except ClipUnknown:
            return None

    def _understand(self, clip: Clip, user: str) -> Findings:
        """Analyse, keep, index, and only then call the clip ready: whatever is cut off is done again."""
        from ..memory.search import ShotRecord

        analysis = self._parts.look(clip.path)
        evidence = analysis.evidence(clip.id)
        found = Findings(evidence=evidence, sampling=analysis.sampling, partial=analysis.partial)
        library = self._parts.library
        library.put_analysis(clip.id, ANALYSIS, found.model_dump(mode="json"), user=user)
        shots = [
            ShotRecord(
                start=shot.start,
                end=shot.end,
                features=shot.features,
                text="\n".join(_words(found.within(shot.start, shot.end))),
            )
            for shot in analysis.shots
        ]
        self._parts.memory.index(clip, shots, user=user)
        library.set_status(clip.id, "ready", user=user)
        return found


class MemorySearcher:
    """The memory as the search tool sees it (``tools.search.Searcher``), for the settings' user."""

    def __init__(self, parts: Components) -> None:
        self._parts = parts

    def by_text(self, query: str, *, clips: list[str], count: int) -> list[Hit]:
        """Moments that fit the words."""
        return self._hits(text=query, within=clips, count=count)

    def by_clip(self, clip: str, start: float, end: float | None, *, clips: list[str], count: int) -> list[Hit]:
        """Moments that resemble a span of a clip."""
        return self._hits(clip=(clip, start, end), within=clips, count=count)

    def by_features(self, features: Any, *, count: int) -> list[Hit]:
        """Moments that look like a picture of the given features (1280,)."""
        return self._hits(features=features, within=[], count=count)

    def _hits(self, *, within: list[str], count: int, **what: Any) -> list[Hit]:
        from ..memory.search import Filters

        user = self._parts.settings.user
        self._parts.intake.catch_up(user=user)
        moments = self._parts.memory.search(**what, filters=Filters(clips=within), count=count, user=user)
        # The flash of a shot is rarely the moment that is meant; it comes after the longer ones that fit as well.
        ranked = sorted(moments, key=lambda one: (one.end - one.start < _FLASH, -one.score))
        return [
            Hit(
                clip=one.clip,
                start=round(one.start, 3),
                end=round(one.end, 3),
                score=round(one.score, 4),
                text=one.text,
            )
            for one in ranked
        ]


def _words(evidence: list[Evidence]) -> list[str]:
    """What of the evidence is worth searching by: what is seen, read and heard, not the file's facts."""
    kinds = ("caption", "label", "text", "speech", "color")
    return list(dict.fromkeys(item.text for item in evidence if item.kind in kinds))


def _facts(info: MediaInfo) -> ClipFacts:
    return ClipFacts(
        duration=info.duration, width=info.width, height=info.height, fps=info.fps, has_audio=info.has_audio
    )


def _export(path: Path, folder: Path) -> Path:
    """Put a picture or gif under the hash of its content into the folder of exports."""
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("rb") as file:
        name = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    target = folder / f"{name}{path.suffix}"
    temporary = folder / f".{name}.{os.getpid()}"
    shutil.copyfile(path, temporary)
    os.replace(temporary, target)
    return target


def _shown(path: Path) -> str:
    return str(path).encode("utf-8", "backslashreplace").decode()
