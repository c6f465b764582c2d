"""Join tracks: made equal in size and rates, one after the other or faded into each other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ..errors import BadArguments
from .track import Track, even_audio, number


def concat(tracks: Sequence[Track], crossfades: float | Sequence[float] = 0.0, like: Track | None = None) -> Track:
    """Join tracks: the others are fitted into the first one's size, on black, and take over its rates.

    When any has sound, the silent ones get silence. Each track after the first fades in over the one before it for so
    many seconds, all for the same time or each for its own; 0 is a cut. With ``like`` they are fitted to that track
    instead, and have sound where it has. Raises ``BadArguments`` when a clip is shorter than its fades.
    """
    first = like or tracks[0]
    each = [crossfades] * (len(tracks) - 1) if isinstance(crossfades, int | float) else list(crossfades)
    overlaps = [0, *(round(seconds * first.rate) for seconds in each)]
    heard = [like] if like else tracks
    sound = next((track.audio_rate for track in heard if track.audio is not None), None)
    joined = Track("", None, first.width, first.height, 0, first.rate, sound or 0)
    resized = any((track.width, track.height) != (first.width, first.height) for track in tracks)
    for track in tracks:
        _fit(track, first, sound)
        joined.absorb(track)
    _check_room(tracks, overlaps)
    starts = [place for place, overlap in enumerate(overlaps) if overlap or not place]
    runs = [_in_a_row(joined, tracks[low:high]) for low, high in pairwise([*starts, len(tracks)])]
    _fade_over(joined, runs, [overlaps[place] for place in starts])
    if resized:
        joined.notes.append(f"Clips of another size were fitted into {first.width}x{first.height} pixels.")
    return joined


class _Run(NamedTuple):
    """Tracks that were cut together: labels of picture and sound, and frames."""

    video: str
    audio: str | None
    frames: int


def _in_a_row(joined: Track, tracks: Sequence[Track]) -> _Run:
    frames = sum(track.frames for track in tracks)
    if len(tracks) == 1:
        return _Run(tracks[0].video, tracks[0].audio, frames)
    count, rate = len(tracks), joined.rate
    video = joined.chain([track.video for track in tracks], f"concat=n={count}:v=1:a=0,setpts=N/({rate}*TB)")
    sounds = [track.audio for track in tracks if track.audio is not None]
    return _Run(video, joined.chain(sounds, f"concat=n={count}:v=0:a=1") if sounds else None, frames)


def _check_room(tracks: Sequence[Track], overlaps: Sequence[int]) -> None:
    """A clip in the middle fades at both ends, and the two fades must not meet."""
    for place, track in enumerate(tracks):
        fades = [overlap for overlap in (overlaps[place], *overlaps[place + 1 : place + 2]) if overlap]
        if sum(fades) > track.frames:
            raise BadArguments(
                f"A cross-fade of {float(max(fades) / track.rate):.2f} s does not fit clip {place + 1}, "
                f"which is {track.seconds:.2f} s long and fades at {'both ends' if len(fades) == 2 else 'one end'}.",
                f"Fade at most {float(track.frames // len(fades) / track.rate):.2f} s.",
            )


def _fade_over(joined: Track, runs: Sequence[_Run], overlaps: Sequence[int]) -> None:
    """Give ``joined`` the runs, each faded into the next over so many frames."""
    rate = joined.rate
    joined.video, joined.audio, joined.frames = runs[0]
    if len(runs) == 1:
        return
    # The filter wants to be told a constant rate, and one time base for both.
    same = f"fps={rate}:start_time=0,settb=1/({rate})"
    joined.video = joined.chain([joined.video], same)
    for run, overlap in zip(runs[1:], overlaps[1:], strict=True):
        seconds, offset = number(float(overlap / rate)), number(float((joined.frames - overlap) / rate))
        faded = f"xfade=transition=fade:duration={seconds}:offset={offset}"
        joined.video = joined.chain([joined.video, joined.chain([run.video], same)], faded)
        if joined.audio is not None and run.audio is not None:
            joined.audio = joined.chain([joined.audio, run.audio], f"acrossfade=d={seconds}:c1=tri:c2=tri")
        joined.frames += run.frames - overlap
    joined.hold_length(joined.frames)


def _fit(track: Track, model: Track, sound: int | None) -> None:
    width, height, rate = model.width, model.height, model.rate
    if (track.width, track.height) != (width, height):
        scale = f"scale={width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2"
        track.filter_video(f"{scale},pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,setsar=1")
    frames = track.frames
    if track.rate != rate:
        frames = max(1, round(track.frames / track.rate * rate))
        track.rate = rate
        track.filter_video(f"fps={rate}:start_time=0")
    if sound is not None:
        if track.audio is None:
            track.audio = track.chain([], f"anullsrc=channel_layout=stereo:sample_rate={sound}")
        track.filter_audio(even_audio(sound))
    track.hold_length(frames)
