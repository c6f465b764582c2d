"""Looking over a file that comes in: one decoding for the policies and for understanding, and its sound beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..tools.media.shared import SharedFrames
from ..tools.understanding.analysis import ClipAnalysis, frames_for
from .errors import MediaBlocked
from .looking import listen, look

if TYPE_CHECKING:
    from ..tools.media.probe import MediaInfo
    from ..tools.understanding.speech import Heard
    from .components import Components
    from .state import VerdictRow


@dataclass(frozen=True)
class LookedOver:
    """What is known of a file after it was read once."""

    analysis: ClipAnalysis
    heard: Heard


def look_over(
    parts: Components,
    info: MediaInfo,
    *,
    origin: Path | None = None,
    refused: str = "It was not taken in.",
    progress: Callable[[float], None] = lambda _seconds: None,
) -> LookedOver:
    """Judge a file and understand it, from the same frames; what is refused is not looked at any further.

    Args:
        parts: the components.
        info: the file's facts.
        origin: where the file came from: subtitles are looked for beside it.
        refused: what to say of a file that a policy refuses.
        progress: told how many seconds of the clip are done.

    Raises:
        MediaBlocked: a policy refuses it.
        ToolError: it cannot be read.
    """
    parts.prepare()  # so that loading models counts against nobody's time limit
    # Left in this order: the frames end before the judge, who reads them, is waited for.
    with (
        _one_core_each(parts),
        ThreadPoolExecutor(2, "look") as pool,
        SharedFrames(iter(frames_for(info)), readers=2) as shared,
    ):
        frames = shared.reader()
        with _shared(parts, info.path, shared):
            judged = pool.submit(_judge, parts, info, shared)
            ended = threading.Event()
            heard = pool.submit(listen, parts, info, origin, lambda _seconds: _go_on(ended))

            def advance(seconds: float) -> None:
                if judged.done():
                    _refuse(judged, refused)
                progress(seconds)

            try:
                analysis = look(parts, info.path, frames=frames, progress=advance)
                _refuse(judged, refused)
                return LookedOver(analysis, heard.result())
            finally:
                ended.set()  # after a fault nobody waits for the sound to be heard to its end


@contextmanager
def _one_core_each(parts: Components) -> Iterator[None]:
    """Decoding, judging and looking run side by side: networks that want all cores would take turns burning them.

    Describing is different: it takes longer than all else, which then waits for it.
    """
    import torch

    before = torch.get_num_threads()
    if parts.viewer is None:
        torch.set_num_threads(max(1, before // 2))
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _shared(parts: Components, path: Path, shared: SharedFrames) -> Iterator[None]:
    parts.passing[path] = shared
    try:
        yield
    finally:
        parts.passing.pop(path, None)


class _Ended(Exception):
    """Nobody waits for what is heard."""


def _go_on(ended: threading.Event) -> None:
    if ended.is_set():
        raise _Ended


def _judge(parts: Components, info: MediaInfo, shared: SharedFrames) -> list[VerdictRow]:
    try:
        return parts.judge("media", media=info.path, duration=info.duration)
    finally:
        shared.drop()  # a policy file without a judge of frames: nobody else reads them


def _refuse(judged: Future[list[VerdictRow]], refused: str) -> None:
    blocks = [verdict for verdict in judged.result() if verdict["action"] == "block"]
    if blocks:
        raise MediaBlocked(blocks[0]["reason"], refused)
