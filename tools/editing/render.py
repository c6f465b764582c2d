"""Render an edit: check everything first, then run as few ffmpeg programs as possible.

Operations fold into one filter graph. Only a long reverse, whose frames do not fit into memory, is
rendered on the way.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ..base import MediaOutput, Source
from ..errors import BadArguments, RenderFailed
from ..media.ffmpeg import AAC, H264, PLAIN, PLAIN_AUDIO, run_ffmpeg
from ..media.limits import DEFAULT_LIMITS, MediaLimits
from ..media.probe import MediaInfo, probe
from .apply import Workshop, operation_names
from .extracts import form, prepare, put_together, writing
from .film import SOUND, join_reels, reels
from .follow import follow
from .join import concat
from .lossless import AGAIN, Job, join_without_encoding, trim_without_encoding
from .luts import Luts
from .operations import Concat, Crop, Extract, Operation, Reverse, Stabilise, Trim
from .pieces import Piece, ticks
from .reverse import needs_pieces, reverse_in_pieces
from .spans import resolve_span
from .stabilise import stabilise
from .takes import Take, lead, left, take_of
from .track import Track, open_track

__all__ = ["Editor", "Part", "resolve_span"]

Progress = Callable[[float], None]


class Part(NamedTuple):
    """A piece of a film: a source, what is done to it, and for how many seconds it fades in over the piece before."""

    source: Source
    operations: Sequence[Operation]
    crossfade: float


class Editor:
    """Carries out operations on sources and writes the results into ``workdir``."""

    def __init__(
        self,
        workdir: Path,
        resolve: Callable[[str], list[Source]],
        progress: Progress = lambda _done: None,
        limits: MediaLimits = DEFAULT_LIMITS,
        luts: Path | None = None,
    ) -> None:
        self._workdir = workdir
        self._resolve = resolve
        self._progress = progress
        self._limits = limits
        self._written = 0
        # One for all, so that no title is drawn over another's file.
        self._workshop = Workshop(workdir, self._sound, Luts(luts))

    def edit(self, sources: Sequence[Source], operations: Sequence[Operation]) -> list[MediaOutput]:
        """Edit the sources one by one, or joined where ``concat`` is among the operations.

        Raises ``BadArguments`` before anything is rendered, ``RenderFailed``, ``OutOfResources``, and what
        :func:`~gpt4video.tools.media.probe.probe` raises.
        """
        takes = [take_of(source, self._limits) for source in sources]
        joins = any(isinstance(operation, Concat) for operation in operations)
        _check_order(operations, len(takes), joins)
        groups = [takes] if joins else [[take] for take in takes]
        for group in groups:  # a trial: every argument is checked before the first frame is rendered
            self._build(group, operations, None)
        outputs = []
        for done, group in enumerate(groups):
            share = functools.partial(self._share, done, len(groups))
            outputs.append(self._produce(group, operations, share))
        return outputs

    def assemble(self, parts: Sequence[Part]) -> MediaOutput:
        """Join pieces, each edited in its own way, from their sources in one go; raises what :meth:`edit` does."""
        if len(parts) == 1:
            return self.edit([parts[0].source], parts[0].operations or [Trim()])[0]
        takes = [take_of(part.source, self._limits) for part in parts]
        for part in parts:
            _check_order(part.operations, 1, joins=any(isinstance(one, Concat | Extract) for one in part.operations))
        whole = self._assembled(takes, parts, None)
        self._written += 1
        path = self._workdir / f"film-{self._written}.mp4"
        notes = self._film(takes, parts, whole, path)
        parents = list(dict.fromkeys(take.clip for take in takes))
        return MediaOutput(path=path, operation="assemble", parents=parents, notes=notes)

    def _film(self, takes: Sequence[Take], parts: Sequence[Part], whole: Track, path: Path) -> list[str]:
        """Write the film, by copying where it can be, else in as many reels as it needs; its notes."""
        groups = reels([part.crossfade for part in parts])
        if len(groups) > 1:
            self._in_reels(takes, parts, groups, (whole, path))
            return whole.notes
        kept = [left([take], part.operations) for take, part in zip(takes, parts, strict=True)]
        tried: list[str] = []
        if all(kept) and not any(part.crossfade for part in parts):
            tried = self._copy([take for each in kept for take in each or ()], whole, path, self._progress)
        if tried and tried != [AGAIN]:
            return tried
        self._render(self._assembled(takes, parts, self._progress), path, None, self._progress)
        return [*whole.notes, *tried]

    def _in_reels(
        self, takes: Sequence[Take], parts: Sequence[Part], groups: Sequence[range], film: tuple[Track, Path]
    ) -> None:
        whole, path = film
        written: list[tuple[Path, int]] = []
        try:
            for done, places in enumerate(groups):
                share = functools.partial(self._share, done, len(groups))
                some = slice(places.start, places.stop)
                track = self._assembled(takes[some], parts[some], share, whole)
                reel = path.with_name(f"{path.stem}-{done}.mov")
                self._render(track, reel, None, share, SOUND)
                written.append((reel, track.frames))
            join_reels(written, whole, path, self._timeout(whole))
            self._check(path, whole, None)
        finally:
            for reel, _frames in written:
                reel.unlink()

    def _assembled(
        self, takes: Sequence[Take], parts: Sequence[Part], progress: Progress | None, like: Track | None = None
    ) -> Track:
        tracks = [self._build([take], part.operations, progress) for take, part in zip(takes, parts, strict=True)]
        return concat(tracks, [part.crossfade for part in parts[1:]], like)

    def _share(self, done: int, total: int, fraction: float) -> None:
        self._progress((done + fraction) / total)

    def _sound(self, reference: str) -> tuple[MediaInfo, int, int]:
        sources = self._resolve(reference)
        if len(sources) != 1:
            raise BadArguments(f"The sound must come from one clip, not {len(sources)}.", "Name one clip.")
        take = take_of(sources[0], self._limits)
        return take.info, take.first, take.past

    def _build(self, takes: Sequence[Take], operations: Sequence[Operation], progress: Progress | None) -> Track:
        """Build the graph; with ``progress`` for real, which may render a long reverse on the way."""
        tracks = []
        before = list(operations)
        at = next((n for n, operation in enumerate(operations) if isinstance(operation, Concat)), len(before))
        for take in takes:
            shorter, rest = lead(take, before[:at])
            notes = [f"{take.info.partial}"] if take.info.partial else []
            track = open_track(shorter.info, shorter.first, shorter.past, notes)
            tracks.append(self._apply(track, rest, progress))
        if at == len(before):
            return tracks[0]
        return self._apply(concat(tracks, _crossfade(before[at])), before[at + 1 :], progress)

    def _apply(self, track: Track, operations: Sequence[Operation], progress: Progress | None) -> Track:
        for operation in operations:
            if isinstance(operation, Extract):
                prepare(track, operation)
                return track
            if isinstance(operation, Stabilise) and progress is not None:
                stabilise(track, operation, self._workdir, self._timeout(track))
            elif isinstance(operation, Crop) and operation.follow and progress is not None:
                follow(track, operation, self._workdir, self._timeout(track))
            elif progress is not None and isinstance(operation, Reverse) and needs_pieces(track):
                folder = self._workdir / f"reverse-{self._written}-{id(track):x}"
                folder.mkdir()
                track = reverse_in_pieces(track, folder, self._timeout(track), progress)
            else:
                self._workshop.apply(track, operation)
        return track

    def _produce(self, takes: Sequence[Take], operations: Sequence[Operation], progress: Progress) -> MediaOutput:
        self._written += 1
        last = operations[-1]
        extract = last if isinstance(last, Extract) else None
        names = operation_names(operations)
        stem = self._workdir / f"{names}-{self._written}"
        path = stem.with_name(stem.name + (form(extract).suffix if extract else ".mp4"))
        notes = self._copied(takes, operations, path, progress)
        if notes is None or notes == [AGAIN]:
            track = self._build(takes, operations, progress)
            self._render(track, path, extract, progress)
            notes = [*track.notes, *(notes or [])]
        return MediaOutput(
            path=path,
            kind=form(extract).kind if extract else "video",
            operation=names,
            parents=list(dict.fromkeys(take.clip for take in takes)),
            arguments={"operations": [operation.model_dump(mode="json") for operation in operations]},
            notes=notes,
        )

    def _copied(
        self, takes: Sequence[Take], operations: Sequence[Operation], path: Path, progress: Progress
    ) -> list[str] | None:
        """Leave frames out, join or change the sound without encoding the picture; the notes.

        None when the edit is another one; when it might have been copied and could not be, the only note is that.
        """
        kept = left(takes, operations)
        if not kept:
            return None
        if len(takes) == 1 and not lead(takes[0], operations)[1]:
            track = open_track(kept[0].info, kept[0].first, kept[0].past)
            return self._copy(kept, track, path, progress, alone=True)
        return self._copy(kept, self._build(takes, operations, None), path, progress)

    def _copy(
        self, kept: Sequence[Take], track: Track, path: Path, progress: Progress, *, alone: bool = False
    ) -> list[str]:
        progress(0.0)
        job = Job(path, self._timeout(track))
        pieces = [Piece(take.info, take.first, take.past) for take in kept]
        note = trim_without_encoding(pieces[0], job) if alone else join_without_encoding(pieces, track, job)
        if note is None:
            return [AGAIN]
        try:
            self._check(path, track, None)
        except RenderFailed:
            return [AGAIN]
        progress(1.0)
        return [*track.notes, note]

    def _render(
        self, track: Track, path: Path, extract: Extract | None, progress: Progress, sound: Sequence[str] = AAC
    ) -> None:
        inputs, graph = track.compile()
        if extract is None:
            args = ["-map", track.video, *H264, "-fps_mode", "passthrough"]
            args += ["-video_track_timescale", str(ticks(track.rate))]
            if track.audio is not None:
                args += ["-map", track.audio, *sound, "-ar", str(track.audio_rate), *PLAIN_AUDIO]
        else:
            args = writing(extract, track)
        raw = form(extract).raw if extract is not None else ""
        written = path.with_suffix(raw) if raw else path
        run_ffmpeg(
            ["-filter_complex", graph, *args, *PLAIN],
            inputs=inputs,
            output=written,
            timeout=self._timeout(track),
            duration=track.seconds,
            progress=progress,
            decoders=1 if track.frames == 1 else 4,
        )
        if extract is not None and raw:
            put_together(extract, written, path, track.times)
        elif extract is None or extract.what != "audio":
            self._check(path, track, extract)

    def _timeout(self, track: Track) -> float:
        """Allow a tenth of real time at full HD, more for larger pictures."""
        megapixels = max(1.0, track.width * track.height / 1e6)
        return 300 + 10 * megapixels * track.seconds

    def _check(self, path: Path, track: Track, extract: Extract | None) -> None:
        """Look at what was written: the size must be right, and the length to within a frame."""
        info = probe(path, self._limits)
        frame = float(1 / track.rate)
        right = (info.width, info.height) == (track.width, track.height)
        if extract is None or extract.what == "webm":
            right = right and abs(info.duration - track.seconds) <= frame + 1e-3
            right = right and info.has_audio == (track.audio is not None)
        if not right:
            path.unlink()
            raise RenderFailed(
                f"The result came out wrong: {info.width}x{info.height} pixels, {info.duration:.2f} s "
                f"instead of {track.width}x{track.height}, {track.seconds:.2f} s.",
                "Convert the clip to an ordinary mp4 and try again.",
            )


def _check_order(operations: Sequence[Operation], clips: int, joins: bool) -> None:
    if any(isinstance(operation, Extract) for operation in operations[:-1]):
        raise BadArguments("After extract there is no video left to edit.", "Put extract last.")
    if sum(isinstance(operation, Concat) for operation in operations) > 1:
        raise BadArguments("Clips can be joined only once in a step.", "Give concat once.")
    if joins and clips < 2:
        raise BadArguments("Joining needs two clips or more, and there is one.", "Name the clips to join.")


def _crossfade(operation: Operation) -> float:
    return operation.crossfade if isinstance(operation, Concat) else 0.0
