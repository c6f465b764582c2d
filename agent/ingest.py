"""The glue between understanding and memory: taking files and results in, so that they can be found again."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..memory.errors import ClipUnknown
from ..memory.library import Clip, ClipFacts
from ..memory.lineage import Lineage
from ..tools.base import MediaOutput, Source
from ..tools.errors import MediaMissing, MediaRejected
from ..tools.media.probe import MediaInfo, probe
from .errors import Fault, fault_of
from .files import videos_in
from .findings import ANALYSIS, Findings, Shown, findings_of, records_of, shown
from .looking import listen, look
from .reports import ChangedFile, FailedFile, FileProgress, IngestReport, Report
from .taking import LookedOver, look_over

if TYPE_CHECKING:
    from .components import Components


class _Taken(NamedTuple):
    clip: Clip
    new: bool
    before: str = ""


class Intake:
    """Takes videos from outside and results of tools into the library and the memory."""

    def __init__(self, parts: Components) -> None:
        self._parts = parts
        self._caught_up: set[str] = set()

    def ingest(
        self, paths: Iterable[Path | str], *, user: str, report: Report = lambda _progress: None
    ) -> IngestReport:
        """Take files in: videos, folders of them, and patterns; a bad file is reported and stops nothing.

        While a file is decoded and looked at, the one before it is written and indexed. Interrupted or killed at any
        point, a second call goes on: files that are in are skipped, and of others nothing is half in.
        """
        files = videos_in(paths)
        ends: list[Future[_Taken] | Exception] = []
        with ThreadPoolExecutor(1, "index") as writer:
            writing: dict[str, Future[_Taken]] = {}
            for path in files:
                try:
                    ends.append(self._begin(path, user, report, writer, writing))
                except Exception as error:  # reported per file: the others must go on
                    ends.append(error)
                report(FileProgress(path, 0.0, 0.0, ended=True))
        return _report(files, ends)

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
                with ThreadPoolExecutor(1, "index") as writer:
                    return self._begin(path, user, lambda _progress: None, writer, {}).result().clip.id
            except MediaMissing:
                if path.suffix:
                    raise
                raise ClipUnknown(
                    f"There is no clip and no file {str(clip)[:80]!r}.", "Run 'gpt4video clips' to see the ids."
                ) from None

    def receive(self, path: Path, name: str, *, user: str, report: Report = lambda _progress: None) -> Clip:
        """Take in a file that was sent, under the name that its sender has for it, which is only shown.

        Raises:
            ToolError, MediaBlocked: it cannot be taken in.
        """
        with ThreadPoolExecutor(1, "index") as writer:
            return self._begin(path, user, report, writer, {}, name).result().clip

    def forget(self, clip: str, *, user: str) -> Clip:
        """Remove a clip for good: what is remembered of it, its rows, and its file.

        Clips that were made from it stay. Cut off at any point, a second call finishes it: the row goes last.

        Raises:
            ClipUnknown: this user has no such clip.
        """
        known = self._parts.library.get(clip, user=user)
        self._parts.memory.forget(known.id, user=user)
        return self._parts.library.forget(known.id, user=user)

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
                self._understand(self._parts.library.get(clip.id, user=user), user)

    def findings(self, clip_id: str, *, user: str) -> Findings:
        """What understanding found in a clip; looks now if it has not yet."""
        kept = self._parts.library.analysis(clip_id, ANALYSIS, user=user)
        if kept is None:
            return self._understand(self._parts.library.get(clip_id, user=user), user)
        return Findings.model_validate(kept)

    def shown(self, clip_id: str, start: float, end: float | None, *, user: str) -> Shown:
        """What a span shows, as a prompt may take it up."""
        return shown(self.findings(clip_id, user=user).within(start, end))

    def analysis(self, source: Source) -> Findings:
        """Findings for the understanding tool (whole clip)."""
        return self.findings(source.clip, user=self._parts.settings.user)

    def _begin(
        self,
        path: Path,
        user: str,
        report: Report,
        writer: ThreadPoolExecutor,
        writing: dict[str, Future[_Taken]],
        name: str | None = None,
    ) -> Future[_Taken]:
        """Look a file over now; what it leaves to write is done by the writer, one file behind."""
        library = self._parts.library
        info = probe(path)
        if info.still:
            raise MediaRejected(
                f"{path.name!r} is a picture, not a video.", "Use 'describe' to look at it or 'search --image' with it."
            )
        seen = _Seen.of(path, name)
        before = library.sources.get(seen.path, user=user)
        if before is not None and (before.size, before.modified) == (seen.size, seen.modified):
            known = self._known(before.clip, user)
            if known is not None and known.status == "ready":
                return _done(_Taken(known, new=False))
        digest = _digest(info.path)
        if digest in writing:  # the same content twice in one call
            return _done(writing[digest].result()._replace(new=False))
        known = self._known(digest[:16], user)
        was = before.clip if before is not None and before.clip != digest[:16] else ""
        if known is not None and known.status == "ready":
            library.sources.put(seen.path, known.id, seen.size, seen.modified, user=user)
            return _done(_Taken(known, new=False, before=was))

        def advance(seconds: float) -> None:
            report(FileProgress(path, seconds, info.duration))

        looked = look_over(self._parts, info, origin=path, progress=advance)
        for earlier in writing.values():  # one file ahead and no more: memory stays bounded
            earlier.exception()
        writing.clear()
        writing[digest] = writer.submit(self._keep, seen, info, digest, looked, was, user)
        return writing[digest]

    def _keep(self, seen: _Seen, info: MediaInfo, digest: str, looked: LookedOver, before: str, user: str) -> _Taken:
        library = self._parts.library
        clip = library.add(info.path, _facts(info), source=seen.path, title=Path(seen.path).stem, user=user)
        if clip.id != digest[:16]:  # what was judged is not what would be kept
            if clip.created:
                library.forget(clip.id, user=user)
            raise MediaRejected(f"{info.path.name!r} changed while it was read.", "Wait until it is whole, then again.")
        self._remember(clip, looked, user)
        library.sources.put(seen.path, clip.id, seen.size, seen.modified, user=user)
        return _Taken(clip, new=True, before=before)

    def _known(self, clip: str, user: str) -> Clip | None:
        try:
            return self._parts.library.get(clip, user=user)
        except ClipUnknown:
            return None

    def _understand(self, clip: Clip, user: str) -> Findings:
        info = probe(clip.path)
        source = Path(clip.source) if clip.source else None
        looked = LookedOver(look(self._parts, clip.path), listen(self._parts, info, source))
        return self._remember(clip, looked, user)

    def _remember(self, clip: Clip, looked: LookedOver, user: str) -> Findings:
        """Keep, index, and only then call the clip ready: whatever is cut off is done again."""
        found = findings_of(clip.id, looked.analysis, looked.heard)
        library = self._parts.library
        library.put_analysis(clip.id, ANALYSIS, found.model_dump(mode="json"), user=user)
        self._parts.memory.index(clip, records_of(looked.analysis, found), user=user)
        library.set_status(clip.id, "ready", user=user)
        return found


class _Seen(NamedTuple):
    """A file as it was when it was looked at: whether it has changed is told by size and time, without reading it."""

    path: str
    size: int
    modified: float

    @classmethod
    def of(cls, path: Path, name: str | None = None) -> _Seen:
        found = path.stat()
        return cls(name or _shown(path.absolute()), found.st_size, found.st_mtime)


def _done(taken: _Taken) -> Future[_Taken]:
    future: Future[_Taken] = Future()
    future.set_result(taken)
    return future


def _report(files: list[Path], ends: list[Future[_Taken] | Exception]) -> IngestReport:
    taken: list[str] = []
    skipped: list[str] = []
    failed: list[FailedFile] = []
    changed: list[ChangedFile] = []
    for path, end in zip(files, ends, strict=True):
        error = end if isinstance(end, Exception) else end.exception()
        if error is not None:
            fault: Fault = fault_of(error)
            failed.append(FailedFile(path=_shown(path), error=f"{fault.message} {fault.remedy}", code=fault.code))
        elif isinstance(end, Future):
            row = end.result()
            (taken if row.new else skipped).append(row.clip.id)
            if row.before:
                changed.append(ChangedFile(path=_shown(path), before=row.before, now=row.clip.id))
    return IngestReport(clips=taken, skipped=skipped, failed=failed, changed=changed)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
    temporary = folder / f".{name}.{os.getpid()}.{threading.get_ident()}"
    shutil.copyfile(path, temporary)
    os.replace(temporary, target)
    return target


def _shown(path: Path) -> str:
    return str(path).encode("utf-8", "backslashreplace").decode()
