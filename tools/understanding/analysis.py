"""Understanding a clip: one decoding pass feeds everything that is found in it.

Every frame is decoded once, small (256 pixels wide), for cuts and motion; where the picture changes some of them are
looked at for what they show, and one a second comes large as well, for reading and for small things. A shot is finished
as soon as it has ended, so that memory does not grow with the length of the clip.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arguments import Evidence
from .colors import ColorSummary
from .motion import MotionSummary
from .screentext import ScreenText
from .vision import FrameEncoder, FrameFeatures, Images

if TYPE_CHECKING:
    from ..media.decode import Frames
    from ..media.probe import MediaInfo
    from .ocr import TextReader
    from .scenes import Scene
    from .texthint import TextHint

Floats = NDArray[np.float32]


class Caption(NamedTuple):
    """What somebody says about frames, and how sure they are, 0 to 1."""

    text: str
    score: float


Captioner = Callable[[Images, FrameFeatures], Caption | None]
"""Frames (T, H, W, 3) of a shot and their features -> one sentence, None when there is nothing to say."""

_SMALL = 256
LARGE = 960
"""Pixels of the long side of the frames that are read and looked at closely."""
_BATCH = 100


class Seen(NamedTuple):
    """A label of a shot: a word, its probability, and from when to when in seconds it is in view."""

    name: str
    p: float
    start: float
    end: float


@dataclass(frozen=True)
class ShotAnalysis:
    """What was found in one shot, or in one part of a long one.

    Attributes:
        start: seconds.
        end: seconds.
        number: which shot, from 1.
        part: which part of it, from 0; only shots of more than 40 s have several.
        opens: how it begins: ``start``, ``cut``, ``dissolve`` or ``fade``; a later part has ``part``.
        features: (D',) float32, mean of the pooled features of its frames.
        keyframe_time: seconds, of the frame nearest to that mean.
        labels: what is probably seen, most probable first.
        colors: its colours.
        motion: its motion, None for a picture or a shot of a frame or two.
        caption: one sentence, None without a captioner or when it has nothing to say.
    """

    start: float
    end: float
    number: int
    part: int
    opens: str
    features: Floats
    keyframe_time: float
    labels: tuple[Seen, ...]
    colors: ColorSummary
    motion: MotionSummary | None
    caption: Caption | None = None


@dataclass(frozen=True)
class ClipAnalysis:
    """What was found in a clip or picture.

    Attributes:
        info: the file's facts.
        shots: shots or parts of them, in order, without gaps.
        scenes: runs of shots that belong together; empty where there are few shots.
        texts: on-screen texts.
        samples: how many frames were looked at for what they show.
        sampling: how densely it looked, one sentence.
        partial: what could not be read, empty if all could.
    """

    info: MediaInfo
    shots: tuple[ShotAnalysis, ...]
    scenes: tuple[Scene, ...]
    texts: tuple[ScreenText, ...]
    samples: int
    sampling: str
    partial: str = ""

    @property
    def shot_count(self) -> int:
        """Shots, not counting the parts of long ones."""
        return self.shots[-1].number if self.shots else 0

    def evidence(self, clip_id: str) -> list[Evidence]:
        """Every finding with its time range: the file's facts, then in order of time."""
        from .findings import evidence_of

        return evidence_of(self, clip_id)


def analyse(
    path: Path,
    encoder: FrameEncoder,
    *,
    ocr: TextReader | None = None,
    hint: TextHint | None = None,
    every: float = 0.5,
    captioner: Captioner | None = None,
    frames: Iterable[Frames] | None = None,
    progress: Callable[[float], None] = lambda _seconds: None,
) -> ClipAnalysis:
    """Look at a video or a picture.

    Args:
        path: the file; untrusted, decoded in the sandbox alone.
        encoder: gives features and class scores.
        ocr: reads on-screen text; None leaves it out.
        hint: spares the reader frames that hold no text; None lets it look everywhere.
        every: seconds at least between the frames whose content is looked at, cuts apart; four times that at most.
        captioner: describes a shot in a sentence.
        frames: all frames of the file as :func:`frames_for` gives them, when somebody else reads them too.
        progress: told how many seconds of the clip are done.

    Raises:
        MediaMissing, MediaRejected, MediaBroken, OutOfResources: as decoding does. A clip that is damaged midway is
        analysed as far as it can be read, and ``partial`` says so.
    """
    from ..media.probe import probe
    from .passes import ClipPass

    info = probe(path)
    with ThreadPoolExecutor(1, "read") as aside:
        state = ClipPass(info, encoder, ocr=ocr, hint=hint, captioner=captioner, every=every, aside=aside)
        for batch in frames_for(info) if frames is None else frames:
            state.push(batch)
            progress(float(batch.times[-1]))
        return state.finish()


def frames_for(info: MediaInfo, *, threads: int | None = None) -> Iterable[Frames]:
    """All frames of a file as an analysis wants them: every one small, one a second large as well, in one decoding.

    ``threads`` decode, by default one on two cores: networks run beside it and want the other.
    """
    from ..media.decode import Larger, stream
    from ..media.readers import THREADS
    from .reading import EVERY

    larger = Larger(size_within(info, LARGE), EVERY)
    threads = threads or (THREADS if (os.cpu_count() or 1) > 2 else 1)
    return stream(info.path, size=size_within(info, _SMALL), larger=larger, batch=_BATCH, threads=threads)


def size_within(info: MediaInfo, side: int) -> tuple[int, int]:
    """(width, height) with the long side at most ``side``."""
    scale = min(1.0, side / max(info.width, info.height))
    return max(16, round(info.width * scale)), max(16, round(info.height * scale))
