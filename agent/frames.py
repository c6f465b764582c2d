"""Frames of clips for whoever looks at them: the policies, the generator, the models that see."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..tools.base import Source
    from ..tools.media.decode import Frames
    from ..tools.media.shared import SharedFrames

_GENERATOR_FRAMES = 16


def frames_of_file(path: Path, every: float | None, shared: SharedFrames | None = None) -> Iterable[NDArray[np.uint8]]:
    """Batches of frames (T, H, W, 3) of a video: one every ``every`` seconds and each change (None: all frames).

    With ``shared``, a pass that decodes the file just now for somebody else too.
    """
    from ..tools.media.decode import stream
    from ..tools.media.scan import scan

    frames = stream(path, size=(256, 256), batch=32) if shared is None else shared.reader()
    return (batch.images for batch in frames) if every is None else scan(frames, every=every)


def frames_of_source(source: Source) -> NDArray[np.uint8]:
    """Sixteen frames (16, H, W, 3) spread over a clip or span, for generating something like it."""
    return spread(source, _GENERATOR_FRAMES).images


def spread(source: Source, count: int, side: int | None = None) -> Frames:
    """``count`` frames in the middles of equal parts of a clip or span, no larger than ``side`` pixels a side."""
    from ..tools.media.decode import sample
    from ..tools.media.probe import probe
    from ..tools.understanding.analysis import size_within

    info = probe(source.path)
    end = source.end if source.end is not None else info.duration
    step = (end - source.start) / count
    times = [source.start + step * (number + 0.5) for number in range(count)]
    return sample(source.path, times, size=size_within(info, side) if side else None)
