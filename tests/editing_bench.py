"""A small double of the agent's context for edits, and clips whose frames name themselves."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from gpt4video.tools.base import MediaOutput, Source
from gpt4video.tools.editing.operations import EditArguments, Operation, TimePoint
from gpt4video.tools.editing.tool import EditVideo
from gpt4video.tools.errors import Cancelled
from gpt4video.tools.media.decode import sample
from media_factory import index_clip, index_frames, quarters, read_indices, rotated_clip, write_clip

END = TimePoint(fraction=1.0)
FRAMES = 60


def at(seconds: float) -> TimePoint:
    return TimePoint(offset=seconds)


class Context:
    """A small double of the agent's context: clips by name, spans as ``name@start-end``."""

    def __init__(self, workdir: Path, clips: dict[str, Path]) -> None:
        self._workdir = workdir
        self.clips = clips
        self.reported: list[float] = []
        self.cancel_at: float | None = None

    @property
    def workdir(self) -> Path:
        return self._workdir

    def sources(self, ref: str) -> list[Source]:
        name, _, span = ref.partition("@")
        if name == "$all":
            return [source for each in sorted(self.clips) for source in self.sources(each)]
        start, _, end = span.partition("-")
        return [Source(clip=name, path=self.clips[name], start=float(start or 0), end=float(end) if end else None)]

    def progress(self, fraction: float, note: str = "") -> None:
        self.reported.append(fraction)
        if self.cancel_at is not None and fraction >= self.cancel_at:
            raise Cancelled("The step was stopped.", "Ask again.")


def edit_all(context: Context, clip: str | list[str], *operations: Operation) -> list[MediaOutput]:
    arguments = EditArguments(clips=[clip] if isinstance(clip, str) else clip, operations=list(operations))
    return EditVideo().run(arguments, context).outputs


def edit(context: Context, clip: str | list[str], *operations: Operation) -> MediaOutput:
    (output,) = edit_all(context, clip, *operations)
    return output


def shown(output: MediaOutput) -> list[int]:
    return read_indices(sample(output.path, count=500).images)


def draw_clips(folder: Path) -> dict[str, Path]:
    """Clips by name: silent and with sound, of several rates and sizes."""
    return {
        "plain": index_clip(folder / "plain.mp4", FRAMES, bframes=2),
        "sound": index_clip(folder / "sound.mp4", FRAMES, tone=440),
        "high": index_clip(folder / "high.mp4", 20, tone=1000, audio_rate=22050),
        "wide": index_clip(folder / "wide.mkv", 30, (96, 32), fps=20, tone=440, audio_rate=48000),
        "ntsc": index_clip(folder / "ntsc.mp4", FRAMES, fps=Fraction(30000, 1001), bframes=2),
        "odd": write_clip(folder / "odd.mp4", index_frames(10, (63, 47))),
        "quarters": write_clip(folder / "quarters.mp4", quarters()),
        "turned": rotated_clip(folder / "turned.mp4"),
    }
