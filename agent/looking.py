"""Looking at files and listening to them, with every model that the settings give."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ModelUnavailable

if TYPE_CHECKING:
    from ..tools.media.decode import Frames
    from ..tools.media.probe import MediaInfo
    from ..tools.understanding.analysis import ClipAnalysis
    from ..tools.understanding.speech import Heard
    from .components import Components


def look(
    parts: Components,
    path: Path,
    *,
    frames: Iterable[Frames] | None = None,
    progress: Callable[[float], None] = lambda _seconds: None,
) -> ClipAnalysis:
    """Analyse a video or picture with every model that understanding uses (see ``analyse``)."""
    from ..tools.understanding.analysis import analyse
    from ..tools.understanding.texthint import text_hint

    return analyse(
        path,
        parts.encoder,
        ocr=parts.reader,
        hint=text_hint(),
        captioner=parts.viewer.caption if parts.viewer is not None else None,
        frames=frames,
        progress=progress,
    )


def listen(
    parts: Components,
    info: MediaInfo,
    origin: Path | None = None,
    tick: Callable[[float], None] = lambda _seconds: None,
) -> Heard:
    """What is said in a file, from the subtitles beside where it came from, its own, or its sound."""
    from ..tools.media.subtitles import find_sidecar
    from ..tools.understanding.speech import listen as heard_in

    sidecar = None if origin is None else find_sidecar(origin)
    lost, transcriber = "", None
    try:
        transcriber = parts.transcriber if info.has_audio else None
    except ModelUnavailable as error:  # the rest goes on, and says so
        lost = f"The speech model is not at hand: {error.message} {error.remedy} "
    heard = heard_in(info.path, info, transcriber, sidecar=sidecar, tick=tick)
    return replace(heard, note=lost + heard.note)
