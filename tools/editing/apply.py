"""Carry out operations on a track: each adds filters, checks its arguments, and keeps the track's invariant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from ..errors import BadArguments
from ..media.ffmpeg import Input
from ..media.limits import DEFAULT_LIMITS
from ..media.probe import MediaInfo
from .luts import Luts
from .operations import (
    Audio,
    Color,
    Crop,
    Cut,
    Fade,
    Operation,
    Resize,
    Reverse,
    Rotate,
    Speed,
    Stabilise,
    Text,
    Trim,
)
from .spans import frame_span
from .stabilise import check_size
from .titles import Style, draw_title
from .track import Track, exact_audio, number, open_sound

TEMPO_STEP: Final = 2.0  # above it atempo drops samples instead of blending them
SMALLEST_SIDE: Final = DEFAULT_LIMITS.side

Sound = Callable[[str], tuple[MediaInfo, int, int]]
"""Given a clip reference: what was probed, and the span's first frame and one past its last."""


class Workshop:
    """Applies operations; ``workdir`` takes what filters read, ``sound`` resolves other clips, ``luts`` tables."""

    def __init__(self, workdir: Path, sound: Sound, luts: Luts) -> None:
        self._workdir = workdir
        self._sound = sound
        self._luts = luts
        self._titles = 0
        self._handlers: dict[type, Callable[[Track, Any], None]] = {
            Trim: _trim,
            Cut: _cut,
            Speed: _speed,
            Reverse: _reverse,
            Crop: _crop,
            Resize: _resize,
            Rotate: _rotate,
            Fade: _fade,
            Color: self._color,
            Text: self._text,
            Audio: self._audio,
            Stabilise: _stabilise,
        }

    def apply(self, track: Track, operation: Operation) -> None:
        """Change the track. Raises ``BadArguments`` when the operation makes no sense on it."""
        self._handlers[type(operation)](track, operation)

    def _text(self, track: Track, operation: Text) -> None:
        first, past = frame_span(operation.start, operation.end, track.frames, track.rate)
        self._titles += 1
        path = self._workdir / f"title-{self._titles}.png"
        size = (track.width, track.height)
        style = Style(operation.position, operation.font, operation.size)
        track.notes += draw_title(path, operation.text, size, style)
        key = track.add_input(Input(path, "png_pipe"))
        whole = (first, past) == (0, track.frames)
        when = "" if whole else f":enable='between(n,{first},{past - 1})'"
        track.video = track.chain([track.video, f"[@{key}:v]"], f"overlay=0:0{when},format=yuv420p")

    def _color(self, track: Track, operation: Color) -> None:
        if operation.lut is None:
            filters = _color_filters(operation)
        else:
            filters = self._luts.read(operation.lut).filters(self._workdir / f"{operation.lut}.cube")
        track.filter_video(f"{filters},format=yuv420p")

    def _audio(self, track: Track, operation: Audio) -> None:
        if operation.action == "mute":
            if track.audio is None:
                track.notes.append("The clip had no sound to mute.")
                return
            track.lines.append(f"{track.audio}anullsink")
            track.audio = None
        elif operation.action == "volume":
            if track.audio is None:
                raise BadArguments("The clip has no sound whose volume could change.", "Leave the volume out.")
            track.filter_audio(f"volume={number(operation.amount)}")
        elif operation.action == "fade":
            _fade_sound(track, operation)
        elif operation.source is not None:
            self._replace(track, operation.source, operation.amount)

    def _replace(self, track: Track, reference: str, amount: float) -> None:
        info, first, past = self._sound(reference)
        if info.audio_stream is None:
            raise BadArguments("The clip whose sound was asked for has none.", "Name a clip with sound.")
        if track.audio is not None:
            track.lines.append(f"{track.audio}anullsink")
        else:
            track.audio_rate = info.audio_rate
        length = (past - first) / info.grid
        if length < track.seconds - 0.05:
            track.notes.append(f"The new sound lasts {length:.2f} s; the rest of the clip is silent.")
        volume = "" if amount == 1.0 else f",volume={number(amount)}"
        label = open_sound(track, info, first)
        limits = f"atrim=end={number(length)},{exact_audio(track.seconds)}{volume}"
        track.audio = track.chain([label], limits)


def _trim(track: Track, operation: Trim) -> None:
    track.keep(*frame_span(operation.start, operation.end, track.frames, track.rate))


def _cut(track: Track, operation: Cut) -> None:
    first, past = frame_span(operation.start, operation.end, track.frames, track.rate)
    if past - first >= track.frames:
        raise BadArguments(
            f"Cutting that span leaves nothing of the clip, which is {track.seconds:.2f} s long.", "Cut a shorter span."
        )
    track.filter_video(f"select='lt(n,{first})+gte(n,{past})',setpts=N/({track.rate}*TB)")
    if track.audio is not None:
        begin, end = number(float(first / track.rate)), number(float(past / track.rate))
        before, after = track.split(track.audio, "asplit")
        parts = []
        if first > 0:
            parts.append(track.chain([before], f"atrim=end={begin},asetpts=PTS-STARTPTS"))
        else:
            track.lines.append(f"{before}anullsink")
        if past < track.frames:
            parts.append(track.chain([after], f"atrim=start={end},asetpts=PTS-STARTPTS"))
        else:
            track.lines.append(f"{after}anullsink")
        track.audio = track.chain(parts, f"concat=n={len(parts)}:v=0:a=1")
    track.frames -= past - first


def _speed(track: Track, operation: Speed) -> None:
    frames = round(track.frames / operation.factor)
    if frames < 1:
        raise BadArguments(
            f"At {operation.factor:g} times the speed nothing is left of {track.seconds:.2f} s.", "Use a lower factor."
        )
    # Output frame n shows input frame floor(n * factor): rounded up, but not for what is off by rounding.
    stretch = f"settb=AVTB,setpts=PTS/{number(operation.factor)}-0.01/({track.rate}*TB)"
    track.filter_video(f"{stretch},fps={track.rate}:start_time=0:round=up")
    track.filter_audio(_tempo(operation.factor))
    track.hold_length(frames)


def _tempo(factor: float) -> str:
    steps = []
    while factor > TEMPO_STEP or factor < 1 / TEMPO_STEP:
        step = TEMPO_STEP if factor > 1 else 1 / TEMPO_STEP
        steps.append(step)
        factor /= step
    return ",".join(f"atempo={number(step)}" for step in (*steps, factor))


def _reverse(track: Track, _operation: Reverse) -> None:
    track.filter_video(f"reverse,setpts=N/({track.rate}*TB)")
    track.filter_audio("areverse,asetpts=PTS-STARTPTS")


def _crop(track: Track, operation: Crop) -> None:
    x, y, width, height = crop_box(track, operation)
    if x < 0 or y < 0 or x + width > track.width or y + height > track.height:
        raise BadArguments(
            f"The box of {width}x{height} at {x},{y} reaches outside the picture, "
            f"which is {track.width}x{track.height} pixels.",
            "Choose a box inside it, or an aspect such as 1:1.",
        )
    if width % 2 or height % 2:
        width, height = width - width % 2, height - height % 2
        track.notes.append(f"Video needs even sizes: cropped to {width}x{height} pixels.")
    if min(width, height) < SMALLEST_SIDE:
        raise BadArguments(
            f"The box of {width}x{height} pixels is too small.", f"Keep at least {SMALLEST_SIDE} pixels a side."
        )
    # Without chroma subsampling where it is in the way: odd corners are met exactly too.
    whole = "format=yuv444p," if x % 2 or y % 2 else ""
    track.filter_video(f"{whole}crop={width}:{height}:{x}:{y}:exact=1,setsar=1,format=yuv420p")
    track.width, track.height = width, height


def crop_box(track: Track, operation: Crop) -> tuple[int, int, int, int]:
    """Where the window lies: x, y, width, height in pixels, about the centre for an aspect."""
    if operation.aspect is None:
        return operation.x or 0, operation.y or 0, operation.width or 0, operation.height or 0
    across, down = (int(side) for side in operation.aspect.split(":"))
    width = min(track.width, track.height * across / down)
    height = min(track.height, track.width * down / across)
    wide, high = 2 * int(width / 2 + 1e-6), 2 * int(height / 2 + 1e-6)
    return (track.width - wide) // 2, (track.height - high) // 2, wide, high


def _resize(track: Track, operation: Resize) -> None:
    wanted = operation.width or track.width * operation.height / track.height
    width, height = max(2, round(wanted / 2) * 2), max(2, round(operation.height / 2) * 2)
    if width * height > DEFAULT_LIMITS.pixels or width > 8192 or width < SMALLEST_SIDE:
        raise BadArguments(
            f"The picture of {track.width}x{track.height} pixels would become {width}x{height}.",
            f"Choose a size between {SMALLEST_SIDE} and 8192 pixels a side.",
        )
    if height != operation.height or width != (operation.width or width):
        track.notes.append(f"Video needs even sizes: resized to {width}x{height} pixels.")
    track.filter_video(f"scale={width}:{height}:flags=bicubic,setsar=1")
    track.width, track.height = width, height


_TURNS: Final = {
    "90": "transpose=clock",
    "180": "hflip,vflip",
    "270": "transpose=cclock",
    "mirror": "hflip",
    "flip": "vflip",
}


def _rotate(track: Track, operation: Rotate) -> None:
    track.filter_video(f"{_TURNS[operation.turn]},setsar=1")
    if operation.turn in ("90", "270"):
        track.width, track.height = track.height, track.width


def _fade(track: Track, operation: Fade) -> None:
    sound = _sound_fades(track, operation)
    parts: list[str] = []
    if operation.fade_in:
        count = max(1, round(operation.fade_in * track.rate))
        parts.append(f"fade=t=in:start_frame=0:nb_frames={count}")
    if operation.fade_out:
        count = max(1, round(operation.fade_out * track.rate))
        begin = max(0, track.frames - 1 - count)  # so that the last frame is black, as the first of a fade in
        parts.append(f"fade=t=out:start_frame={begin}:nb_frames={track.frames - 1 - begin or 1}")
    track.filter_video(",".join(parts))
    track.filter_audio(sound)


def _fade_sound(track: Track, operation: Audio) -> None:
    if track.audio is None:
        raise BadArguments("The clip has no sound that could fade.", "Leave the fade out, or fade the picture.")
    track.filter_audio(_sound_fades(track, operation))


def _sound_fades(track: Track, operation: Fade | Audio) -> str:
    """Filters that fade a sound. Raises ``BadArguments`` when the fades are longer than the clip."""
    if operation.fade_in + operation.fade_out > track.seconds + 0.5 / float(track.rate):
        raise BadArguments(
            f"Fades of {operation.fade_in:g} s and {operation.fade_out:g} s do not fit into {track.seconds:.2f} s.",
            "Shorten the fades.",
        )
    sound = [f"afade=t=in:st=0:d={number(operation.fade_in)}"] if operation.fade_in else []
    if operation.fade_out:
        start = max(0.0, track.seconds - operation.fade_out)
        sound.append(f"afade=t=out:st={number(start)}:d={number(operation.fade_out)}")
    return ",".join(sound)


def _color_filters(operation: Color) -> str:
    amount = number(operation.amount)
    scaled = f"'clip(val*{amount},0,255)'"
    return {
        "grayscale": "hue=s=0",
        "sepia": "colorchannelmixer=.393:.769:.189:0:.349:.686:.168:0:.272:.534:.131",
        "invert": "format=gbrp,negate",
        "brightness": f"format=rgb24,lutrgb=r={scaled}:g={scaled}:b={scaled}",
        "contrast": f"eq=contrast={amount}",
        "saturation": f"hue=s={amount}",
    }[operation.effect]


def _stabilise(track: Track, _operation: Stabilise) -> None:
    check_size(track)  # the rest needs frames to look at, which :mod:`.render` has


def operation_names(operations: Sequence[Operation]) -> str:
    """Name a sequence of operations, e.g. ``trim+speed``."""
    return "+".join(operation.op for operation in operations)
