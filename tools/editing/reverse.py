"""Play a long clip backwards piece by piece: ffmpeg's own filter holds every raw frame in memory."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from ..media.ffmpeg import LOSSLESS, Input, run_ffmpeg
from .track import SEEK_MARGIN, Track, even_audio, number

BUDGET_BYTES: Final = 256 << 20
SAMPLE_BYTES: Final = 4  # stereo, 16 bit


def needs_pieces(track: Track, budget: int = BUDGET_BYTES) -> bool:
    """Tell whether the raw frames (4:2:0, 1.5 bytes a pixel) exceed the budget."""
    return _frame_bytes(track) * track.frames > budget


def reverse_in_pieces(
    track: Track,
    workdir: Path,
    timeout: float,
    progress: Callable[[float], None],
    budget: int = BUDGET_BYTES,
) -> Track:
    """Render ``track`` to a lossless file, turn it round in pieces and give a track that reads the result."""
    forward, backward, sound = workdir / "forward.mov", workdir / "backward.h264", workdir / "forward.s16"
    inputs, graph = track.compile()
    args = ["-filter_complex", graph, "-map", track.video, *LOSSLESS, "-fps_mode", "passthrough"]
    if track.audio is not None:
        args += ["-map", track.audio, "-c:a", "pcm_s16le"]
    run_ffmpeg(
        args,
        inputs=inputs,
        output=forward,
        timeout=timeout,
        duration=track.seconds,
        progress=lambda done: progress(done * 0.5),
    )
    _turn_pictures(track, forward, backward, timeout, progress, budget)
    turned = Track("", None, track.width, track.height, track.frames, track.rate, track.audio_rate, track.notes)
    key = turned.add_input(Input(backward, "h264", ("-framerate", str(track.rate))))
    turned.video = turned.chain([f"[@{key}:v]"], f"setpts=N/({track.rate}*TB),fps={track.rate},setsar=1")
    if track.audio is not None:
        raw = ("-ar", str(track.audio_rate), "-ac", "2")
        run_ffmpeg(["-map", "0:a", *raw], inputs=[Input(forward, "mov")], output=sound, timeout=timeout)
        mirrored = _turn_sound(sound, workdir / "backward.s16")
        options = ("-sample_rate", str(track.audio_rate), "-ch_layout", "stereo")
        key = turned.add_input(Input(mirrored, "s16le", options))
        turned.audio = turned.chain([f"[@{key}:a]"], even_audio(track.audio_rate))
    forward.unlink()
    turned.hold_length(track.frames)
    return turned


def _turn_pictures(
    track: Track, forward: Path, backward: Path, timeout: float, progress: Callable[[float], None], budget: int
) -> None:
    """Append reversed pieces, last first. Raw H.264 streams of one encoder can simply be joined."""
    step = max(1, budget // _frame_bytes(track))
    piece = forward.with_name("piece.h264")
    starts = list(range(0, track.frames, step))
    with backward.open("wb") as joined:
        for done, first in enumerate(reversed(starts)):
            count = min(step, track.frames - first)
            turn = f"trim=end_frame={count},setpts=PTS-STARTPTS,reverse"
            run_ffmpeg(
                ["-map", "0:v", "-vf", turn, *LOSSLESS, "-fps_mode", "passthrough"],
                inputs=[Input(forward, "mov", _seek(first, track.rate))],
                output=piece,
                timeout=timeout,
            )
            with piece.open("rb") as file:
                while block := file.read(1 << 20):
                    joined.write(block)
            piece.unlink()
            progress(0.5 + 0.5 * (done + 1) / len(starts))


def _turn_sound(sound: Path, mirrored: Path) -> Path:
    samples = np.memmap(sound, dtype=np.uint32, mode="r")  # one stereo sample each
    with mirrored.open("wb") as file:
        for end in range(len(samples), 0, -(1 << 20)):
            file.write(np.ascontiguousarray(samples[max(0, end - (1 << 20)) : end][::-1]).data)
    del samples
    sound.unlink()
    return mirrored


def _seek(first: int, rate: Fraction) -> tuple[str, ...]:
    return ("-ss", number(float((first - SEEK_MARGIN) / rate))) if first else ()


def _frame_bytes(track: Track) -> int:
    return track.width * track.height * 3 // 2
