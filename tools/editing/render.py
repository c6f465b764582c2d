"""Render an edit: check everything first, then run as few ffmpeg programs as possible.

Operations fold into one filter graph. Only a long reverse, whose frames do not fit into memory, is
rendered on the way.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..base import MediaOutput, Source
from ..errors import BadArguments, RenderFailed
from ..media.ffmpeg import AAC, H264, PLAIN, PLAIN_AUDIO, run_ffmpeg
from ..media.limits import DEFAULT_LIMITS, MediaLimits
from ..media.probe import MediaInfo, probe
from ..media.write import frame_rate
from .apply import Workshop, operation_names
from .operations import Concat, Extract, Operation, Reverse, TimePoint, Trim
from .reverse import needs_pieces, reverse_in_pieces
from .spans import frame_at, frame_span, nearest_frame, resolve_span
from .track import Track, concat, number, open_track

__all__ = ["Editor", "resolve_span"]

GIF_SECONDS = 30.0
GIF_WIDTH = 480
GIF_FPS = 12
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Take:
    """A clip as an edit begins with it: frames ``first`` to ``past`` (exclusive) of a probed file."""

    clip: str
    info: MediaInfo
    first: int
    past: int


class Editor:
    """Carries out operations on sources and writes the results into ``workdir``."""

    def __init__(
        self,
        workdir: Path,
        resolve: Callable[[str], list[Source]],
        progress: Progress = lambda _done: None,
        limits: MediaLimits = DEFAULT_LIMITS,
    ) -> None:
        self._workdir = workdir
        self._resolve = resolve
        self._progress = progress
        self._limits = limits
        self._written = 0

    def edit(self, sources: Sequence[Source], operations: Sequence[Operation]) -> list[MediaOutput]:
        """Edit the sources one by one, or joined where ``concat`` is among the operations.

        Raises ``BadArguments`` before anything is rendered, ``RenderFailed``, ``OutOfResources``, and what
        :func:`~gpt4video.tools.media.probe.probe` raises.
        """
        takes = [self._take(source) for source in sources]
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

    def _share(self, done: int, total: int, fraction: float) -> None:
        self._progress((done + fraction) / total)

    def _take(self, source: Source) -> Take:
        info = probe(source.path, self._limits)
        if info.still:
            raise BadArguments("A picture cannot be edited as a video.", "Name a video clip.")
        rate = frame_rate(info.grid)
        frames = max(1, nearest_frame(info.duration, rate))
        if source.start == 0 and source.end is None:
            return Take(source.clip, info, 0, frames)
        end = TimePoint(fraction=1.0) if source.end is None else TimePoint(offset=source.end)
        first, past = frame_span(TimePoint(offset=source.start), end, frames, rate)
        return Take(source.clip, info, first, past)

    def _sound(self, reference: str) -> tuple[MediaInfo, int, int]:
        sources = self._resolve(reference)
        if len(sources) != 1:
            raise BadArguments(f"The sound must come from one clip, not {len(sources)}.", "Name one clip.")
        take = self._take(sources[0])
        return take.info, take.first, take.past

    def _build(self, takes: Sequence[Take], operations: Sequence[Operation], progress: Progress | None) -> Track:
        """Build the graph; with ``progress`` for real, which may render a long reverse on the way."""
        workshop = Workshop(self._workdir, self._sound)
        tracks = []
        before = list(operations)
        at = next((n for n, operation in enumerate(operations) if isinstance(operation, Concat)), len(before))
        for take in takes:
            shorter, rest = _lead(take, before[:at])
            notes = [f"{take.info.partial}"] if take.info.partial else []
            track = open_track(shorter.info, shorter.first, shorter.past, notes)
            tracks.append(self._apply(workshop, track, rest, progress))
        if at == len(before):
            return tracks[0]
        return self._apply(workshop, concat(tracks), before[at + 1 :], progress)

    def _apply(
        self, workshop: Workshop, track: Track, operations: Sequence[Operation], progress: Progress | None
    ) -> Track:
        for operation in operations:
            if isinstance(operation, Extract):
                return _extract(track, operation)
            if progress is not None and isinstance(operation, Reverse) and needs_pieces(track):
                folder = self._workdir / f"reverse-{self._written}-{id(track):x}"
                folder.mkdir()
                track = reverse_in_pieces(track, folder, self._timeout(track), progress)
            else:
                workshop.apply(track, operation)
        return track

    def _produce(self, takes: Sequence[Take], operations: Sequence[Operation], progress: Progress) -> MediaOutput:
        track = self._build(takes, operations, progress)
        self._written += 1
        last = operations[-1]
        extract = last if isinstance(last, Extract) else None
        suffix = {None: ".mp4", "frame": ".png", "gif": ".gif"}[extract.what if extract else None]
        names = operation_names(operations)
        path = self._workdir / f"{names}-{self._written}{suffix}"
        inputs, graph = track.compile()
        args = ["-filter_complex", graph, "-map", track.video]
        if extract is None:
            args += [*H264, "-fps_mode", "passthrough"]
            if track.audio is not None:
                args += ["-map", track.audio, *AAC, "-ar", str(track.audio_rate), *PLAIN_AUDIO]
        elif extract.what == "frame":
            args += ["-frames:v", "1", "-c:v", "png"]
        run_ffmpeg(
            [*args, *PLAIN],
            inputs=inputs,
            output=path,
            timeout=self._timeout(track),
            duration=track.seconds,
            progress=progress,
        )
        self._check(path, track, extract)
        return MediaOutput(
            path=path,
            kind="video" if extract is None else "image" if extract.what == "frame" else "gif",
            operation=names,
            parents=list(dict.fromkeys(take.clip for take in takes)),
            arguments={"operations": [operation.model_dump(mode="json") for operation in operations]},
            notes=track.notes,
        )

    def _timeout(self, track: Track) -> float:
        """Allow a tenth of real time at full HD, more for larger pictures."""
        megapixels = max(1.0, track.width * track.height / 1e6)
        return 300 + 10 * megapixels * track.seconds

    def _check(self, path: Path, track: Track, extract: Extract | None) -> None:
        """Look at what was written: the size must be right, and the length to within a frame."""
        info = probe(path, self._limits)
        frame = float(1 / track.rate)
        right = (info.width, info.height) == (track.width, track.height)
        if extract is None:
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


def _lead(take: Take, operations: Sequence[Operation]) -> tuple[Take, list[Operation]]:
    """Let leading trims choose what is read at all, so that far into a long file nothing else is decoded."""
    rate, rest = frame_rate(take.info.grid), list(operations)
    while rest and isinstance(trim := rest[0], Trim):
        del rest[0]
        first, past = frame_span(trim.start, trim.end, take.past - take.first, rate)
        take = replace(take, first=take.first + first, past=take.first + past)
    if rest and isinstance(rest[0], Extract) and rest[0].what == "frame":
        frame = frame_at(rest[0].at, take.past - take.first, rate)
        take = replace(take, first=take.first + frame, past=take.first + frame + 1)
        rest[0] = Extract(what="frame", at=TimePoint())
    return take, rest


def _extract(track: Track, operation: Extract) -> Track:
    if track.audio is not None:
        track.lines.append(f"{track.audio}anullsink")
        track.audio = None
    if operation.what == "frame":
        at = frame_at(operation.at, track.frames, track.rate)
        track.filter_video(f"trim=start_frame={at}:end_frame={at + 1},setpts=PTS-STARTPTS,format=rgb24")
        track.frames = 1
        return track
    first, past = frame_span(operation.start, operation.end, track.frames, track.rate)
    seconds = float((past - first) / track.rate)
    if seconds > GIF_SECONDS:
        raise BadArguments(
            f"A gif of {seconds:.0f} s would be huge; the limit is {GIF_SECONDS:.0f} s.", "Choose a shorter span."
        )
    fps = min(float(track.rate), GIF_FPS)
    width = min(track.width, GIF_WIDTH)
    height = max(1, round(track.height * width / track.width))
    cut = f"trim=start_frame={first}:end_frame={past},setpts=PTS-STARTPTS"
    small = track.chain([track.video], f"{cut},fps={number(fps)}:start_time=0,scale={width}:{height}:flags=lanczos")
    left, right = track.split(small, "split")
    palette = track.chain([left], "palettegen=stats_mode=diff")
    track.video = track.chain([right, palette], "paletteuse")
    track.frames, track.width, track.height = past - first, width, height
    return track
