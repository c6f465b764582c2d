"""The pass over a clip's frames: what it collects of the shot that runs, and what it makes of it when it ends."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .analysis import LARGE, Caption, Captioner, ClipAnalysis, Floats, Seen, ShotAnalysis, size_within
from .closer import CloserLooks
from .colors import name_colors
from .labels import top_labels
from .motion import MotionMeter, summarise
from .reading import ScreenReading
from .sampling import Sampler
from .scenes import scenes_of
from .shots import Shot, ShotFinder
from .vision import FrameEncoder, FrameFeatures, Images, resize

if TYPE_CHECKING:
    from ..media.decode import Frames
    from ..media.probe import MediaInfo
    from .ocr import TextReader
    from .texthint import TextHint

_THUMB = 48
_FLOOR = 4
_CAPTION_FRAMES = 8
_PART = 30.0
_LONG = 40.0
_LAG = 6.0


@dataclass
class _Sample:
    """A frame that was looked at; picture and grid only where somebody will describe the shot."""

    time: float
    pooled: Floats
    logits: Floats
    thumb: Images
    image: Images | None = None
    grid: NDArray[np.float16] | None = None


@dataclass
class _Open:
    """Where the shot that runs, or its part, began."""

    start: float = 0.0
    opens: str = "start"
    number: int = 1
    part: int = 0


@dataclass
class _Found:
    shots: list[ShotAnalysis] = field(default_factory=list)
    partial: str = ""
    until: float = 0.0


def _done() -> Future[None]:
    nothing: Future[None] = Future()
    nothing.set_result(None)
    return nothing


class ClipPass:
    """Takes all frames of a clip in order, batch by batch; memory does not grow with its length but by its findings.

    Args:
        info: the file's facts.
        encoder: gives features and class scores.
        ocr: reads on-screen text; None leaves it out.
        hint: says where there may be text; None looks for it everywhere.
        captioner: describes a shot in a sentence.
        every: seconds at least between the frames whose content is looked at, cuts apart.
        aside: a thread that reads while the rest goes on, one batch behind.
    """

    def __init__(
        self,
        info: MediaInfo,
        encoder: FrameEncoder,
        *,
        ocr: TextReader | None,
        hint: TextHint | None,
        captioner: Captioner | None,
        every: float,
        aside: Executor,
    ) -> None:
        self._info, self._encoder, self._captioner = info, encoder, captioner
        self._finder = ShotFinder()
        self._motion = MotionMeter()
        self._sampler = Sampler(every, _FLOOR * every)
        self._reading = None if ocr is None else ScreenReading(info, ocr, size_within(info, LARGE), hint)
        self._closer = CloserLooks(encoder)
        self._samples: list[_Sample] = []
        self._previous: list[_Sample] = []
        self._open = _Open()
        self._found = _Found()
        self._every = every
        self._aside, self._read = aside, _done()

    def push(self, frames: Frames) -> None:
        """The next frames, with those that were decoded large as well."""
        self._found.partial = frames.partial or self._found.partial
        self._found.until = float(frames.times[-1])
        self._read.result()
        if self._reading is not None:
            self._read = self._aside.submit(self._reading.push, frames)
        self._look(frames)
        self._motion.push(frames.times, frames.images)
        self._closer.push(frames.larger)
        for shot in self._finder.push(frames.times, frames.images):
            self._close(shot, ends=False)
        while self._found.until - self._open.start > _LONG + _LAG:
            self._part(self._open.start + _PART, ends=False)

    def finish(self) -> ClipAnalysis:
        """What was found in all."""
        from ..errors import MediaBroken

        if not self._sampler.chosen:
            raise MediaBroken("Not one frame of the file can be read.", "Get a whole copy of the file.")
        rest = self._finder.finish(self._info.duration)
        for index, shot in enumerate(rest):
            self._close(shot, ends=index == len(rest) - 1)
        self._read.result()
        texts = self._reading.finish() if self._reading is not None else []
        lost = self._reading.lost if self._reading is not None else ""
        return ClipAnalysis(
            info=self._info,
            shots=tuple(self._found.shots),
            scenes=tuple(scenes_of(self._found.shots)),
            texts=tuple(texts),
            samples=self._sampler.chosen,
            sampling=self._sampling(),
            partial=" ".join(dict.fromkeys(filter(None, (self._found.partial, lost)))),
        )

    def _look(self, frames: Frames) -> None:
        chosen = self._sampler.choose(frames.times, frames.images)
        if not chosen:
            return
        images = frames.images[chosen]
        features = self._encoder.encode(images)
        thumbs = resize(images, _THUMB, _THUMB)
        kept = self._captioner is not None
        for row, index in enumerate(chosen):
            sample = _Sample(float(frames.times[index]), features.pooled[row], features.logits[row], thumbs[row])
            if kept:
                sample.image, sample.grid = images[row].copy(), features.grid[row].astype(np.float16)
            self._samples.append(sample)
        if kept:
            self._thin()

    def _thin(self) -> None:
        """Pictures of every second frame of a long shot: enough for a description, and bounded."""
        pictured = [one for one in self._samples if one.image is not None]
        if len(pictured) > 16 * _CAPTION_FRAMES:
            for one in pictured[1::2]:
                one.image = one.grid = None

    def _close(self, shot: Shot, *, ends: bool) -> None:
        """A shot has ended: what is left of it is its last part."""
        while shot.end - self._open.start > _LONG:
            self._part(self._open.start + _PART, ends=False)
        if self._open.part == 0:
            self._open.start, self._open.opens = shot.start, shot.opens
        self._part(shot.end, ends=ends)
        self._open = _Open(shot.end, "cut", self._open.number + 1)

    def _part(self, end: float, *, ends: bool) -> None:
        now = self._open
        inside = [one for one in self._samples if one.time < end - 1e-4 or ends]
        later = self._samples[len(inside) :]
        if not inside:  # shorter than the sampling: the nearest frame stands for it
            middle = (now.start + end) / 2
            inside = [min([*self._previous, *self._samples[:1]], key=lambda one: abs(one.time - middle))]
        following = later[0].time if later else end
        self._found.shots.append(self._analysed(end, inside, following))
        self._previous, self._samples = inside[-1:], later
        self._motion.forget(end)
        self._closer.forget(end)
        self._open = _Open(end, "part", now.number, now.part + 1)

    def _analysed(self, end: float, inside: list[_Sample], following: float) -> ShotAnalysis:
        start = self._open.start
        pooled = np.stack([one.pooled for one in inside])
        mean: Floats = pooled.mean(axis=0)
        key = inside[int(((pooled - mean) ** 2).sum(axis=1).argmin())]
        logits = np.stack([one.logits for one in inside])
        times = [start, *(one.time for one in inside[1:]), min(following, end)]
        labels = tuple(
            Seen(one.name, one.p, times[one.first], max(times[one.last + 1], times[one.first]))
            for one in top_labels(logits, self._encoder.classes, closer=self._closer.between(start, end))
        )
        return ShotAnalysis(
            start=start,
            end=end,
            number=self._open.number,
            part=self._open.part,
            opens=self._open.opens,
            features=mean,
            keyframe_time=min(max(key.time, start), end),
            labels=labels,
            colors=name_colors(np.stack([one.thumb for one in inside])),
            motion=summarise(self._motion.between(start, end)),
            caption=self._caption(inside),
        )

    def _caption(self, inside: list[_Sample]) -> Caption | None:
        if self._captioner is None:
            return None
        pictured = [one for one in inside if one.image is not None]
        if not pictured:
            return None
        spread = np.unique(np.linspace(0, len(pictured) - 1, _CAPTION_FRAMES).round().astype(int))
        chosen = [pictured[index] for index in spread.tolist()]
        images = np.stack([one.image for one in chosen if one.image is not None])
        features = FrameFeatures(
            np.stack([one.grid for one in chosen if one.grid is not None]).astype(np.float32),
            np.stack([one.pooled for one in chosen]),
            np.stack([one.logits for one in chosen]),
        )
        return self._captioner(images, features)

    def _sampling(self) -> str:
        if self._info.still:
            return "Looked at the whole picture."
        seconds = max(self._found.until, 1e-3)
        read = f", looked for text in {self._reading.looks}" if self._reading is not None else ""
        return (
            f"Looked at {self._sampler.chosen} frames for what is seen, 1 every {seconds / self._sampler.chosen:.2g} s "
            f"(where the picture changes, else 1 every {_FLOOR * self._every:.2g} s){read}, and at every frame for "
            "cuts and motion; events shorter than that may be missed."
        )
