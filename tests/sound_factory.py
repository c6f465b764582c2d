"""Sounds for tests and benchmarks: three spoken recordings, drawn noises, and clips that hold them or subtitles.

``sounds/*.ogg`` were spoken by a synthesiser (espeak-ng) for this project: what they say is :data:`SAID`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from media_factory import index_clip, index_frames
from numpy.typing import NDArray

RATE = 16000
SAID = {
    "fox": "The quick brown fox jumps over the lazy dog near the river.",
    "window": "Please open the window, because the room is too warm today. "
    "We will have dinner at seven o'clock, and then we walk home.",
    "story": "In the morning the farmer walked down to the old bridge, where his brother was waiting with two "
    "horses and a wooden cart. They loaded apples, potatoes and eleven sacks of flour, and followed the "
    "road along the water until they came to the market. A woman in a green coat asked for bread, but "
    "they had none to sell, so she bought a basket of apples instead. Later it began to rain, and the "
    "children ran under the roof of the school to wait for the bus. When the sky was clear again, the "
    "musicians played in front of the church, and everybody danced until the lamps were lit.",
}

Samples = NDArray[np.float32]
Words = Sequence[tuple[float, float, str]]


@cache
def spoken(name: str) -> Samples:
    """A recording as samples (N,), 16,000 a second."""
    import av

    with av.open(str(Path(__file__).parent / "sounds" / f"{name}.ogg")) as media:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        frames = [part for frame in [*media.decode(audio=0), None] for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.float32)


def words(text: str) -> list[str]:
    """Words in small letters, as they are compared; the one number of the recordings is spelt out."""
    return re.findall(r"[a-z]+", text.lower().replace("7 ", "seven "))


def misheard(said: list[str], heard: list[str]) -> int:
    """Words to put in, take out or change, to make one of the other (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for number, one in enumerate(said, start=1):
        previous, row[0] = row[0], number
        for place, other in enumerate(heard, start=1):
            previous, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, previous + (one != other))
    return row[-1]


def silence(seconds: float) -> Samples:
    """Nothing."""
    return np.zeros(round(seconds * RATE), dtype=np.float32)


def noise(seconds: float, colour: float = 0.0, level: float = 0.1) -> Samples:
    """Noise whose power falls with the frequency to the power ``colour``: 0 white, 1 pink, 2 brown."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(0).normal(size=count))
    spectrum[1:] /= np.arange(1, len(spectrum)) ** (colour / 2)
    spectrum[0] = 0
    drawn = np.fft.irfft(spectrum, count)
    return (drawn * level / np.sqrt((drawn**2).mean())).astype(np.float32)


def hum(seconds: float, hertz: float = 50.0) -> Samples:
    """A mains hum with its overtones."""
    time = np.arange(round(seconds * RATE)) / RATE
    return (sum(np.sin(2 * np.pi * hertz * n * time) / n for n in (1, 2, 3, 5)) * 0.1).astype(np.float32)


def chords(seconds: float) -> Samples:
    """Music of a kind: two chords a second, of three struck notes with overtones each."""
    time = np.arange(RATE // 2) / RATE
    roots = [261.6, 220.0, 174.6, 196.0]
    parts = []
    for number in range(round(seconds * 2)):
        root = roots[number // 4 % 4] * (1 + number % 2)
        tones = [root * ratio * overtone for ratio in (1, 1.26, 1.5) for overtone in (1, 2, 3)]
        parts.append(sum(np.sin(2 * np.pi * tone * time) for tone in tones) * np.exp(-4 * time) * 0.05)
    return np.concatenate(parts).astype(np.float32)


def clicks(seconds: float) -> Samples:
    """Four clicks a second."""
    drawn = silence(seconds)
    drawn[:: RATE // 4] = 0.9
    return drawn


def sounding_clip(
    path: Path,
    sound: Samples,
    *,
    rate: int = RATE,
    delay: float = 0.0,
    seconds: float | None = None,
    codec: str = "aac",
    channels: int = 1,
) -> Path:
    """An index clip of 10 frames a second with sound that begins ``delay`` seconds after the picture.

    ``seconds`` is the picture's length, the sound's by default.
    """
    import av

    length = len(sound) / rate + delay if seconds is None else seconds
    with av.open(str(path), "w") as media:
        video = media.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv444p"
        video.options = {"crf": "30", "preset": "ultrafast"}
        track = media.add_stream(codec, rate=rate, layout="mono" if channels == 1 else "stereo")
        for image in index_frames(max(1, round(length * 10))):
            media.mux(video.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        media.mux(video.encode())
        _mux_sound(media, track, sound, rate, delay, channels)
    return path


def _mux_sound(media: Any, track: Any, sound: Samples, rate: int, delay: float, channels: int) -> None:
    import av

    for begin in range(0, len(sound), 1024):
        part = np.ascontiguousarray(np.repeat(sound[None, begin : begin + 1024], channels, axis=0))
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono" if channels == 1 else "stereo")
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        frame.pts = begin + round(delay * rate)
        media.mux(track.encode(frame))
    media.mux(track.encode())


def titled_clip(path: Path, words: Words, kind: str, *, seconds: float = 3.0, language: str = "eng") -> Path:
    """An index clip with a subtitle track: ``mov_text`` in mp4, or ``srt``, ``ass``, ``webvtt``, ``dvdsub`` in mkv."""
    return tracked_clip(path, [(kind, language, words)], seconds=seconds)


def tracked_clip(path: Path, tracks: Sequence[tuple[str, str, Words]], *, seconds: float = 3.0) -> Path:
    """An index clip with subtitle tracks: kind, language and words (start, end, text) of each."""
    import av

    plain = index_clip(path.with_name(f"plain-{path.name}"), round(seconds * 10))
    with av.open(str(plain)) as clip, av.open(str(path), "w") as media:
        picture = media.add_stream_from_template(clip.streams.video[0])
        streams = []
        for kind, language, _ in tracks:
            stream = media.add_stream(kind)
            stream.metadata["language"] = language
            stream.time_base = Fraction(1, 1000)
            if kind != "dvdsub":
                stream.codec_context.subtitle_header = _STYLES
            streams.append(stream)
        media.start_encoding()
        for packet in clip.demux(video=0):
            if packet.dts is not None:
                packet.stream = picture
                media.mux(packet)
        for stream, (kind, _, words) in zip(streams, tracks, strict=True):
            for number, (start, end, text) in enumerate(words):
                packet = av.Packet(_payload(kind, number, text))
                packet.stream, packet.time_base = stream, Fraction(1, 1000)
                packet.pts = packet.dts = round(start * 1000)
                packet.duration = round((end - start) * 1000)
                media.mux(packet)
    plain.unlink()
    return path


_STYLES = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,16

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
"""The encoders of text subtitles want a script's head before they open."""


def _payload(kind: str, number: int, text: str) -> bytes:
    raw = text.encode()
    if kind == "mov_text":
        return len(raw).to_bytes(2, "big") + raw
    if kind == "ass":
        return f"{number},0,Default,,0,0,0,,".encode() + raw
    return raw
