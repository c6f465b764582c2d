"""Long films: rendered reel by reel, so that neither open files nor memory grow with the number of pieces.

A reel is encoded as the film is to be; reels begin with a cut and are joined by copying, so nothing is encoded twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from ..errors import BadArguments, RenderFailed
from ..media.ffmpeg import AAC, PLAIN, PLAIN_AUDIO, run_ffmpeg
from .parameters import header_sets
from .pieces import listing, ticks
from .track import Track, even_audio, exact_audio, number

REEL: Final = 24  # pieces; each is a decoder with its frames in memory
MOST_FADED: Final = 64  # pieces in a row that only fade into each other, and so can only be made together
SOUND: Final = ("-c:a", "pcm_f32le")  # of a reel


def reels(crossfades: Sequence[float]) -> list[range]:
    """Divide pieces into reels, each of which begins with a cut; a piece's number is how long it fades in.

    Raises ``BadArguments`` when too many in a row fade into each other.
    """
    cuts = [place for place, seconds in enumerate(crossfades) if not place or not seconds]
    found: list[range] = []
    for first, past in pairwise([*cuts, len(crossfades)]):
        if past - first > MOST_FADED:
            raise BadArguments(
                f"{past - first} pieces in a row fade into each other, and {MOST_FADED} are the limit.",
                "Make one of the joins between them a cut.",
            )
        if found and past - found[-1].start <= REEL:
            found[-1] = range(found[-1].start, past)
        else:
            found.append(range(first, past))
    return found


def join_reels(parts: Sequence[tuple[Path, int]], film: Track, output: Path, timeout: float) -> None:
    """Write reels (files and their numbers of frames) one after the other; ``film`` says rate and sound.

    Raises what :func:`~gpt4video.tools.media.ffmpeg.run_ffmpeg` raises.
    """
    if len({header_sets(path) for path, _frames in parts}) > 1:
        raise RenderFailed("Parts of the film came out in different ways.", "Render fewer items at once.")
    frame = number(float(1 / film.rate))
    # Snapped to the grid: joined files begin at a rounded microsecond.
    snapped = [f"{name}='round(round({name.upper()}*TB*{film.rate})*{frame}/TB)'" for name in ("pts", "dts")]
    args = ["-map", "0:v", "-c:v", "copy", "-copypriorss", "1", "-bsf:v", f"setts={':'.join(snapped)}"]
    args += ["-video_track_timescale", str(ticks(film.rate))]
    if film.audio is not None:
        graph = f"[0:a]{even_audio(film.audio_rate)},{exact_audio(film.seconds)}[sound]"
        args += ["-filter_complex", graph, "-map", "[sound]", *AAC, "-ar", str(film.audio_rate), *PLAIN_AUDIO]
    source = listing(output.parent, (), parts, film.rate)
    try:
        run_ffmpeg([*args, *PLAIN], inputs=[source], output=output, timeout=timeout)
    finally:
        source.path.unlink()
