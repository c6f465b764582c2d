"""Understanding a clip: one pass over its frames for cuts, motion, content and colours, and a closer look at a few.

The pass decodes every frame once, small (256 pixels wide). Reading text and telling small things apart need larger
pictures, but only of frames that the pass has chosen: decoding all frames large takes three to four times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arguments import Evidence
from .closer import Closer
from .colors import ColorSummary, name_colors
from .labels import Label, top_labels
from .motion import MotionMeter, MotionSummary, summarise
from .screentext import ScreenText
from .shots import Shot, ShotFinder
from .vision import FrameEncoder, FrameFeatures, Images, resize
from .watch import ChangeWatch

if TYPE_CHECKING:
    from ..media.decode import Frames
    from ..media.probe import MediaInfo
    from .ocr import TextReader

Floats = NDArray[np.float32]


class Caption(NamedTuple):
    """What somebody says about frames, and how sure they are, 0 to 1."""

    text: str
    score: float


Captioner = Callable[[Images, FrameFeatures], Caption | None]
"""Frames (T, H, W, 3) of a shot and their features -> one sentence, None when there is nothing to say."""

_SMALL = 256
_LARGE = 960
_THUMB = 48
_BATCH = 64
_MOST_FRAMES = 5400
_MOST_SAMPLES = 600
_MOST_LOOKS = 120
_READ_EVERY = 1.0
_CLOSER = 3
_MOST_CLOSER = 60
_CAPTION_FRAMES = 8


@dataclass(frozen=True)
class ShotAnalysis:
    """What was found in one shot.

    Attributes:
        start: seconds.
        end: seconds.
        features: (D',) float32, mean of the pooled features of its frames.
        keyframe_time: seconds, of the frame nearest to that mean.
        labels: what is probably seen, most probable first; ``first`` and ``last`` index ``frame_times``.
        colors: its colours.
        motion: its motion, None for a picture or a shot of a frame or two.
        texts: the texts that are visible in it.
        caption: one sentence, None without a captioner or when it has nothing to say.
    """

    start: float
    end: float
    features: Floats
    keyframe_time: float
    labels: tuple[Label, ...]
    colors: ColorSummary
    motion: MotionSummary | None
    texts: tuple[ScreenText, ...]
    caption: Caption | None = None


@dataclass(frozen=True)
class ClipAnalysis:
    """What was found in a clip or picture.

    Attributes:
        info: the file's facts.
        shots: in order, without gaps.
        texts: on-screen texts of the whole clip.
        frame_times: (T,) float32 seconds of the frames whose content was looked at.
        sampling: how densely it looked, one sentence.
        partial: what could not be read, empty if all could.
    """

    info: MediaInfo
    shots: tuple[ShotAnalysis, ...]
    texts: tuple[ScreenText, ...]
    frame_times: Floats
    sampling: str
    partial: str = ""

    def evidence(self, clip_id: str) -> list[Evidence]:
        """Every finding with its time range: the file's facts, then in order of time."""
        from .findings import evidence_of

        return evidence_of(self, clip_id)


@dataclass
class _Pass:
    """What the pass over all frames collects; small per frame, whatever the picture's size."""

    info: MediaInfo
    every: float
    shots: ShotFinder
    motion: MotionMeter
    watch: ChangeWatch
    times: list[float]
    pooled: list[Floats]
    logits: list[Floats]
    thumbs: list[Images]
    kept: list[Images]
    partial: str = ""

    def push(self, frames: Frames, encoder: FrameEncoder, keep: bool) -> None:
        self.shots.push(frames.times, frames.images)
        self.motion.push(frames.times, frames.images)
        self.watch.push(frames.times, frames.images)
        self.partial = frames.partial or self.partial
        chosen: list[int] = []
        for index, time in enumerate(frames.times.tolist()):
            if not self.times or time >= self.times[-1] + self.every - 1e-3:
                self.times.append(time)
                chosen.append(index)
        if not chosen:
            return
        images = frames.images[chosen]
        features = encoder.encode(images)
        self.pooled.append(features.pooled)
        self.logits.append(features.logits)
        self.thumbs.append(resize(images, _THUMB, _THUMB))
        if keep:
            self.kept.append(images)


def analyse(
    path: Path,
    encoder: FrameEncoder,
    *,
    ocr: TextReader | None = None,
    every: float = 0.5,
    captioner: Captioner | None = None,
) -> ClipAnalysis:
    """Look at a video or a picture.

    Args:
        path: the file; untrusted, decoded in the sandbox alone.
        encoder: gives features and class scores.
        ocr: reads on-screen text; None leaves it out.
        every: seconds between the frames whose content is looked at; more apart in clips over five minutes.
        captioner: describes a shot in a sentence.

    Raises:
        MediaMissing, MediaRejected, MediaBroken, OutOfResources: as decoding does. A clip that is damaged midway is
        analysed as far as it can be read, and ``partial`` says so.
    """
    from ..media.probe import probe

    info = probe(path)
    state, stride = _start(info, every)
    for frames in _frames(path, info, stride):
        state.push(frames, encoder, captioner is not None)
    times = np.array(state.times, np.float32)
    shots = state.shots.shots(info.duration)
    looks = state.watch.looks(_READ_EVERY, _MOST_LOOKS) if ocr is not None else []
    closer = _closer_frames(shots, times) if encoder.classes else []
    large = Closer(path, size_within(info, _LARGE), encoder, ocr)
    large.look(looks, [float(times[index]) for index in closer])
    texts = large.texts(1 / info.fps if info.fps else 0.0)
    parts = {index: large.parts[float(times[index])] for index in closer if float(times[index]) in large.parts}
    found = tuple(_shot(shot, last, state, times, parts, texts, encoder, captioner) for shot, last in _marked(shots))
    partial = " ".join(dict.fromkeys(filter(None, (state.partial, large.lost))))
    return ClipAnalysis(info, found, tuple(texts), times, _sampling(info, state.every, stride, len(looks)), partial)


def _start(info: MediaInfo, every: float) -> tuple[_Pass, float | None]:
    """The empty pass, and the seconds between its frames (None: all of them)."""
    frames = info.duration * info.fps
    stride = info.duration / _MOST_FRAMES if frames > _MOST_FRAMES else None
    every = max(every, info.duration / _MOST_SAMPLES, stride or 0.0)
    fps = 1 / stride if stride else info.fps or 1.0
    return _Pass(info, every, ShotFinder(fps), MotionMeter(), ChangeWatch(), [], [], [], [], []), stride


def _frames(path: Path, info: MediaInfo, stride: float | None) -> Iterator[Frames]:
    from ..media.decode import stream

    return stream(path, every=stride, size=size_within(info, _SMALL), batch=_BATCH)


def size_within(info: MediaInfo, side: int) -> tuple[int, int]:
    """(width, height) with the long side at most ``side``."""
    scale = min(1.0, side / max(info.width, info.height))
    return max(16, round(info.width * scale)), max(16, round(info.height * scale))


def _closer_frames(shots: list[Shot], times: Floats) -> list[int]:
    """Up to three frames a shot, spread over it, for a closer look at parts of the picture."""
    each = max(1, min(_CLOSER, _MOST_CLOSER // max(1, len(shots))))
    chosen: list[int] = []
    for shot, last in _marked(shots):
        inside = _inside(shot, times, last)
        chosen += [int(inside[int((k + 0.5) / each * len(inside))]) for k in range(each) if len(inside)]
    return sorted(set(chosen))[:_MOST_CLOSER]


def _marked(shots: list[Shot]) -> list[tuple[Shot, bool]]:
    """Shots, and whether each is the last (whose end is inclusive)."""
    return [(shot, index == len(shots) - 1) for index, shot in enumerate(shots)]


def _inside(shot: Shot, times: Floats, last: bool) -> NDArray[np.intp]:
    return np.flatnonzero((times >= shot.start - 1e-4) & ((times < shot.end - 1e-4) | last))


def _shot(
    shot: Shot,
    last: bool,
    state: _Pass,
    times: Floats,
    parts: dict[int, Floats],
    texts: list[ScreenText],
    encoder: FrameEncoder,
    captioner: Captioner | None,
) -> ShotAnalysis:
    inside = _inside(shot, times, last)
    if not len(inside):  # shorter than the sampling: the nearest frame stands for it
        inside = np.array([int(np.abs(times - (shot.start + shot.end) / 2).argmin())])
    pooled = np.concatenate(state.pooled)[inside]
    mean: Floats = pooled.mean(axis=0)
    key = inside[int(((pooled - mean) ** 2).sum(axis=1).argmin())]
    closer = [parts[index] for index in inside.tolist() if index in parts]
    labels = top_labels(np.concatenate(state.logits)[inside], encoder.classes, closer=closer)
    caption = None
    if captioner is not None:
        spread = inside[np.unique(np.linspace(0, len(inside) - 1, _CAPTION_FRAMES).round().astype(int))]
        frames = np.concatenate(state.kept)[spread]
        caption = captioner(frames, encoder.encode(frames))
    return ShotAnalysis(
        start=shot.start,
        end=shot.end,
        features=mean,
        keyframe_time=float(times[key]),
        labels=tuple(Label(one.name, one.p, int(inside[one.first]), int(inside[one.last])) for one in labels),
        colors=name_colors(np.concatenate(state.thumbs)[inside]),
        motion=summarise(state.motion.between(shot.start, shot.end)),
        texts=tuple(text for text in texts if text.start < shot.end and text.end > shot.start),
        caption=caption,
    )


def _sampling(info: MediaInfo, every: float, stride: float | None, looks: int) -> str:
    if info.still:
        return "Looked at the whole picture."
    first = "every frame" if stride is None else f"1 frame every {stride:.2g} s"
    read = f", read text in {looks} frames" if looks else ""
    return (
        f"Looked at 1 frame every {every:.2g} s for what is seen{read}, and at {first} for cuts and motion; "
        "events shorter than that may be missed."
    )
