"""Draw tiny media for tests: clips whose frames name themselves, odd clips, and hostile files.

Frame ``i`` of an *index clip* is filled with a colour that encodes ``i``, so that a test can tell which
frames an edit kept; :func:`read_indices` reads the code back from decoded frames.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

SHADES = (24, 64, 104, 144, 184, 224)
MOST = len(SHADES) ** 3

Pixels = NDArray[np.uint8]


def index_frames(count: int, size: tuple[int, int] = (64, 48), first: int = 0) -> Pixels:
    """Frames (T, H, W, 3) of one colour each, which encodes the frame's number modulo ``MOST``."""
    width, height = size
    numbers = np.arange(first, first + count)
    digits = np.stack([numbers % 6, numbers // 6 % 6, numbers // 36 % 6], axis=1)
    colours = np.asarray(SHADES, dtype=np.uint8)[digits]
    return np.broadcast_to(colours[:, None, None, :], (count, height, width, 3)).copy()


def read_indices(images: Pixels) -> list[int]:
    """The numbers that frames encode, read at their middles."""
    height, width = images.shape[1:3]
    middle = images[:, height // 4 : -(height // 4), width // 4 : -(width // 4)].astype(float).mean(axis=(1, 2))
    digits = np.abs(middle[:, :, None] - np.asarray(SHADES)).argmin(axis=2)
    return [int(a + 6 * b + 36 * c) for a, b, c in digits]


def index_clip(
    path: Path, frames: int = 30, size: tuple[int, int] = (64, 48), fps: float | Fraction = 10, **options: Any
) -> Path:
    """Write an index clip; the suffix chooses the container, the options are those of :func:`write_clip`."""
    return write_clip(path, index_frames(frames, size), fps, **options)


def quarters(count: int = 10, size: tuple[int, int] = (64, 48)) -> Pixels:
    """Frames with red, green, blue and white quarters, clockwise from the top left."""
    width, height = size
    frame = np.zeros((height, width, 3), dtype=np.uint8)
    frame[: height // 2, : width // 2] = (220, 20, 20)
    frame[: height // 2, width // 2 :] = (20, 200, 20)
    frame[height // 2 :, width // 2 :] = (20, 20, 220)
    frame[height // 2 :, : width // 2] = (235, 235, 235)
    return np.repeat(frame[None], count, axis=0)


def write_clip(
    path: Path,
    frames: Pixels,
    fps: float | Fraction = 10,
    *,
    tone: float | None = None,
    audio_rate: int = 44100,
    gop: int = 12,
    bframes: int = 0,
    metadata: dict[str, str] | None = None,
    start: int = 0,
    aspect: Fraction | None = None,
    ticks: list[int] | None = None,
) -> Path:
    """Write frames (T, H, W, 3) with PyAV.

    ``tone`` adds a sine of that many hertz. ``start`` shifts the picture by that many frames; ``ticks`` are
    the frames' times in units of ``1 / fps``.
    """
    import av

    rate = Fraction(fps).limit_denominator(100_000)
    codec, pixel_format = {".gif": ("gif", "rgb8")}.get(path.suffix, ("libx264", "yuv444p"))
    with av.open(str(path), "w") as media:
        for name, value in (metadata or {}).items():
            media.metadata[name] = value
        video = media.add_stream(codec, rate=rate)
        video.height, video.width, video.pix_fmt = frames.shape[1], frames.shape[2], pixel_format
        if codec == "libx264":
            video.options = {"crf": "10", "preset": "ultrafast", "bf": str(bframes), "g": str(gop)}
        if aspect is not None:
            video.codec_context.sample_aspect_ratio = aspect
        sound = media.add_stream("aac", rate=audio_rate) if tone is not None else None
        for n, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = start + (ticks[n] if ticks else n), 1 / rate
            media.mux(video.encode(frame))
        media.mux(video.encode())
        if sound is not None:
            _write_tone(media, sound, float(len(frames) / rate), tone or 0.0, audio_rate)
    return path


def uneven_clip(path: Path) -> Path:
    """An index clip of 30 frames: 15 at 10 a second, then 15 at 5 a second, 4.5 s in all."""
    return write_clip(path, index_frames(30), 10, ticks=[*range(15), *range(15, 45, 2)])


def _write_tone(media: object, stream: object, seconds: float, hertz: float, rate: int) -> None:
    samples = np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate).astype(np.float32)[None] * 0.5
    _write_samples(media, stream, samples, rate)


def _write_samples(media: object, stream: object, samples: NDArray[np.float32], rate: int) -> None:
    import av

    for begin in range(0, samples.shape[1], 1024):
        part = np.ascontiguousarray(samples[:, begin : begin + 1024])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, begin, Fraction(1, rate)
        media.mux(stream.encode(frame))  # type: ignore[attr-defined]
    media.mux(stream.encode())  # type: ignore[attr-defined]


def read_sound(path: Path) -> tuple[NDArray[np.float32], int]:
    """Samples (N,) of the sound track mixed to mono, and how many there are a second."""
    import av

    with av.open(str(path)) as media:
        stream = media.streams.audio[0]
        parts = [frame.to_ndarray().mean(axis=0) for frame in media.decode(stream)]
        return np.concatenate(parts).astype(np.float32), stream.rate


def pitch(samples: NDArray[np.float32], rate: int) -> float:
    """The loudest frequency, hertz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * rate / len(samples))


def rotated_clip(path: Path, degrees: int = 90) -> Path:
    """Quarters in a file that asks to be turned clockwise by ``degrees`` when shown."""
    write_clip(path, quarters())
    turned = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees]
    plain, matrix = (_display_matrix(*values) for values in ((1, 0, 0, 1), turned))
    data = path.read_bytes()
    at = data.rindex(plain)  # the last one is the track's, the first the movie's
    path.write_bytes(data[:at] + matrix + data[at + len(matrix) :])
    return path


def _display_matrix(a: int, b: int, c: int, d: int) -> bytes:
    return struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)


def audio_only(path: Path) -> Path:
    """A second of sound and no picture."""
    import av

    with av.open(str(path), "w") as media:
        _write_tone(media, media.add_stream("aac", rate=44100), 1.0, 440.0, 44100)
    return path


def truncated(path: Path, keep: float = 0.5) -> Path:
    """An index clip with its header in front, cut off in its data."""
    import av

    whole = index_clip(path.with_name(f"whole-{path.name}"), 60, (320, 240))
    with av.open(str(whole)) as source, av.open(str(path), "w", options={"movflags": "faststart"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    data = path.read_bytes()
    body = data.index(b"mdat")
    path.write_bytes(data[: body + int((len(data) - body) * keep)])
    return path


def no_moov(path: Path) -> Path:
    """A clip whose header came last and is cut off."""
    index_clip(path)
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"moov") - 8])
    return path


def no_duration(path: Path) -> Path:
    """A Matroska file as a live source writes it: without length and without an index."""
    import av

    with path.open("wb") as sink, av.open(_Unseekable(sink), "w", format="matroska", options={"live": "1"}) as media:
        video = media.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv444p"
        video.options = {"crf": "10", "preset": "ultrafast", "bf": "0", "g": "12"}
        for n, image in enumerate(index_frames(30)):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = n, Fraction(1, 10)
            media.mux(video.encode(frame))
        media.mux(video.encode())
    return path


class _Unseekable:
    def __init__(self, sink: object) -> None:
        self.write = sink.write  # type: ignore[attr-defined]


def twelve_hours(path: Path) -> Path:
    """Twelve black hours in a few kilobytes: a frame every ten seconds would be 4,320, here 12 do."""
    return write_clip(path, np.zeros((12, 64, 64, 3), dtype=np.uint8), Fraction(1, 3600))


def giant_frames(path: Path) -> Path:
    """A file of a few kilobytes whose header announces 15000x15000 pixels."""
    import av

    with av.open(str(path), "w", format="mov") as media:
        video = media.add_stream("png", rate=25)
        video.width, video.height, video.pix_fmt = 15000, 15000, "monob"
        frame = av.VideoFrame(15000, 15000, "monob")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        media.mux(video.encode(frame))
        media.mux(video.encode())
    return path


def thousand_fps(path: Path) -> Path:
    """A thousand frames a second."""
    return write_clip(path, np.zeros((50, 48, 64, 3), dtype=np.uint8), 1000)


def one_pixel(path: Path) -> Path:
    """A picture of one pixel."""
    return write_clip(path, np.zeros((5, 1, 1, 3), dtype=np.uint8))


def damaged_middle(path: Path) -> Path:
    """An index clip, decodable but for one packet in its middle."""
    import av

    index_clip(path, 60, (160, 120))
    with av.open(str(path)) as media:
        entry = media.streams.video[0].index_entries[30]
        begin, size = entry.pos, entry.size
    data = bytearray(path.read_bytes())
    data[begin : begin + size] = b"\xff" * size
    path.write_bytes(data)
    return path


def captioned(frames: Pixels, text: str, only: int | None = None) -> Pixels:
    """Copies of frames with white words on a black bar at the bottom: on all of them, or on one alone."""
    shown = frames.copy()
    font = ImageFont.load_default(size=frames.shape[1] // 12)
    for index in range(len(frames)) if only is None else [only]:
        image = Image.fromarray(shown[index])
        draw = ImageDraw.Draw(image)
        top = image.height * 3 // 4
        draw.rectangle((0, top, image.width, image.height), fill="black")
        draw.text((8, top + image.height // 16), text, font=font, fill="white")
        shown[index] = np.asarray(image)
    return shown


def subtitled(path: Path, words: str) -> Path:
    """A Matroska index clip of 3 s with a subtitle track; the same subtitles lie beside it as ``.srt``."""
    import av

    script = path.with_suffix(".srt")
    script.write_text(f"1\n00:00:00,500 --> 00:00:02,500\n{words}\n\n", encoding="utf-8")
    plain = index_clip(path.with_name(f"plain-{path.name}"))
    with av.open(str(plain)) as clip, av.open(str(script)) as said, av.open(str(path), "w") as media:
        tracks = [(source, media.add_stream_from_template(source.streams[0])) for source in (clip, said)]
        for source, track in tracks:
            for packet in source.demux(source.streams[0]):
                if packet.dts is not None:
                    packet.stream = track
                    media.mux(packet)
    plain.unlink()
    return path


def coded(path: Path, codec: str, pixel_format: str, options: dict[str, str]) -> Path:
    """An index clip of 20 frames by another encoder."""
    import av

    with av.open(str(path), "w") as media:
        video = media.add_stream(codec, rate=10)
        video.width, video.height, video.pix_fmt, video.options = 128, 96, pixel_format, options
        for image in index_frames(20, (128, 96)):
            media.mux(video.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        media.mux(video.encode())
    return path


def av1(path: Path) -> Path:
    """AV1."""
    return coded(path, "libsvtav1", "yuv420p", {"preset": "12", "svtav1-params": "lp=1"})


def hevc_10bit(path: Path) -> Path:
    """HEVC with ten bits a colour."""
    return coded(path, "libx265", "yuv420p10le", {"preset": "ultrafast", "x265-params": "log-level=none:pools=1"})


def unordered_times(path: Path) -> Path:
    """Thirty frames, each a picture of its own, stored in another order than they are shown in."""
    import av

    with av.open(str(path), "w") as media:
        video = media.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv444p"
        video.options = {"crf": "10", "preset": "ultrafast", "tune": "zerolatency", "g": "1"}
        packets = []
        for image in index_frames(30):
            packets += video.encode(av.VideoFrame.from_ndarray(image, format="rgb24"))
        packets += video.encode()
        for stored, packet in enumerate(packets):
            packet.dts, packet.pts = stored, (stored ^ 1) + 2
            media.mux(packet)
    return path


def two_tracks(path: Path) -> Path:
    """Two picture tracks in one file, the second larger than the first."""
    import av

    with av.open(str(path), "w") as media:
        tracks = []
        for size in ((64, 48), (96, 64)):
            video = media.add_stream("libx264", rate=10)
            video.width, video.height, video.pix_fmt = *size, "yuv420p"
            tracks.append((video, index_frames(20, size)))
        for video, images in tracks:
            for image in images:
                media.mux(video.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            media.mux(video.encode())
    return path


def lying_duration(path: Path) -> Path:
    """Three seconds whose header says 300."""
    index_clip(path)
    data = bytearray(path.read_bytes())
    for name in (b"mvhd", b"mdhd"):
        at = data.rindex(name) + 4 + 16  # version and flags, two dates, time scale
        length = struct.unpack(">I", data[at : at + 4])[0]
        data[at : at + 4] = struct.pack(">I", length * 100)
    path.write_bytes(data)
    return path


def single_frame(path: Path) -> Path:
    """A video of one frame."""
    return index_clip(path, 1)


ODD: dict[str, Callable[[Path], Path]] = {
    "truncated.mp4": truncated,
    "damaged.mp4": damaged_middle,
    "no_duration.mkv": no_duration,
    "lying_duration.mp4": lying_duration,
    "rotated.mp4": rotated_clip,
    "unordered.mov": unordered_times,
    "uneven.mp4": uneven_clip,
    "two_tracks.mp4": two_tracks,
    "single_frame.mp4": single_frame,
    "av1.mkv": av1,
    "hevc_10bit.mp4": hevc_10bit,
}
"""Unusual files that can be taken in, by their names: how to make each."""


def picture(path: Path, size: tuple[int, int] = (64, 48), colour: str = "orange") -> Path:
    """A picture of one colour; the suffix chooses the format."""
    Image.new("RGB", size, colour).save(path)
    return path


def _text(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def ffconcat(path: Path) -> Path:
    """An ffconcat script that names a video beside it."""
    index_clip(path.with_name("sibling.mp4"))
    return _text(path, b"ffconcat version 1.0\nfile sibling.mp4\n")


def playlist(path: Path) -> Path:
    """An HLS playlist that names a file of the system."""
    lines = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n"
    return _text(path, lines)


HOSTILE: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "empty": ("media_rejected", lambda path: _text(path, b"")),
    "text": ("media_rejected", lambda path: _text(path, b"just some notes\n")),
    "random bytes": ("media_rejected", lambda path: _text(path, bytes(range(7, 255)) * 9)),
    "zero bytes": ("media_rejected", lambda path: _text(path, bytes(4096))),
    "playlist": ("media_rejected", playlist),
    "ffconcat": ("media_rejected", ffconcat),
    "audio only": ("media_rejected", audio_only),
    "one pixel": ("media_rejected", one_pixel),
    "twelve hours": ("media_rejected", twelve_hours),
    "giant frames": ("media_rejected", giant_frames),
    "thousand fps": ("media_rejected", thousand_fps),
    "no moov": ("media_broken", no_moov),
    "magic bytes only": ("media_broken", lambda path: _text(path, b"\x00\x00\x00\x18ftypisom" + bytes(64))),
}
"""Files named ``.mp4`` that must not be opened: the code of the typed error, and how to make one."""


def clicking_clip(path: Path, frames: int, fps: int = 10, rate: int = 44100) -> Path:
    """An index clip whose sound is silent but for a click of 10 ms at every full second."""
    import av

    plain = index_clip(path.with_name(f"plain-{path.name}"), frames, fps=fps)
    samples = np.zeros((1, frames * rate // fps), dtype=np.float32)
    for second in range(1, -(-frames // fps)):
        length = rate // 100
        samples[:, second * rate : second * rate + length] = 0.8 * np.sin(np.arange(length) * 2 * np.pi * 2000 / rate)
    with av.open(str(plain)) as clip, av.open(str(path), "w") as media:
        video = media.add_stream_from_template(clip.streams.video[0])
        sound = media.add_stream("aac", rate=rate)
        for packet in clip.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                media.mux(packet)
        _write_samples(media, sound, samples, rate)
    plain.unlink()
    return path


def clicks(samples: NDArray[np.float32], rate: int) -> list[float]:
    """When clicks begin, seconds."""
    loud = np.flatnonzero(np.abs(samples) > 0.2) / rate
    return [float(time) for n, time in enumerate(loud) if n == 0 or time - loud[n - 1] > 0.1]
