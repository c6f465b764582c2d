"""The only subprocess door to ffmpeg: argument lists, forced demuxers, whole files or none.

The program is the one that ``imageio-ffmpeg`` ships. It never sees a shell, a name that it could take
for an option or a protocol, or an input whose container was not told apart before.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Final

from ..errors import BackendMissing, MediaBroken, OutOfResources, RenderFailed, ToolError
from .waiting import READ, ready

MUXERS: Final = {
    ".mp4": ("mp4", "-movflags", "+faststart"),
    ".mov": ("mov",),
    ".m4a": ("ipod", "-movflags", "+faststart"),
    ".wav": ("wav",),
    ".webm": ("webm",),
    ".gif": ("gif",),
    ".png": ("image2", "-update", "1"),
    ".jpg": ("image2", "-update", "1"),
    ".h264": ("h264",),
    ".s16": ("s16le",),
    ".gray": ("rawvideo",),
    ".packets": ("framecrc",),
    ".frames": ("framemd5",),
    ".pngs": ("image2pipe",),
}
# The encoder's output depends on its threads: a fixed number gives the same bytes on every machine.
H264: Final = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-threads", "4")
LOSSLESS: Final = (*H264[:2], "-preset", "ultrafast", "-qp", "0", "-pix_fmt", "yuv420p", "-g", "48", "-bf", "0")
AAC: Final = ("-c:a", "aac", "-b:a", "192k")
# No title, comment or chapter of the source lives on, and the same edit gives the same bytes.
PLAIN: Final = ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact")
PLAIN_AUDIO: Final = ("-flags:a", "+bitexact")

MEMORY_BYTES: Final = 8 << 30
MAX_PIXELS: Final = 8192 * 8192
LOG_BYTES: Final = 64 << 10


@dataclass(frozen=True)
class Input:
    """A file that ffmpeg reads.

    Attributes:
        path: the file; made absolute, so that no name can pass for an option or a protocol.
        demuxer: the one demuxer that may open it.
        options: input options, such as ``("-ss", "1.5")``.
    """

    path: Path
    demuxer: str
    options: tuple[str, ...] = ()

    def arguments(self, threads: int) -> list[str]:
        """Command-line arguments of this input, which is decoded by so many threads."""
        allowed = ["-protocol_whitelist", "file", "-max_pixels", str(MAX_PIXELS), "-max_error_rate", "1"]
        allowed += ["-threads", str(threads)]
        return ["-f", self.demuxer, *allowed, *self.options, "-i", os.path.abspath(self.path)]


@cache
def ffmpeg_binary() -> str:
    """Path of the program. Raises ``BackendMissing`` when the wheel holds none for this platform."""
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise BackendMissing(
            f"There is no ffmpeg to edit with ({error}).",
            "Install imageio-ffmpeg, or name a program in the variable IMAGEIO_FFMPEG_EXE.",
        ) from error


def run_ffmpeg(
    args: Sequence[str],
    *,
    inputs: Sequence[Input],
    output: Path,
    timeout: float,
    duration: float | None = None,
    progress: Callable[[float], None] | None = None,
    decoders: int = 4,
) -> None:
    """Render ``inputs`` into ``output``, which appears whole or not at all.

    ``args`` are the output options; the suffix of ``output`` chooses the muxer. ``duration`` is the
    length of the result in seconds, of which ``progress`` is told the fraction done; what ``progress``
    raises stops the program. ``decoders`` are the threads that the inputs share; for a few frames one is
    fastest, since each further one begins with a frame of its own. Raises ``MediaBroken`` (an input cannot be
    read), ``RenderFailed`` (the output cannot be written) or ``OutOfResources`` (no end after ``timeout``
    seconds, or killed).
    """
    muxer = MUXERS[output.suffix]
    part = output.with_name(f".{output.stem}-{secrets.token_hex(4)}.part{output.suffix}")
    command = [ffmpeg_binary(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y"]
    command += ["-progress", "pipe:1", "-stats_period", "0.25"]
    for each in inputs:
        command += each.arguments(threads=max(1, decoders // len(inputs)))
    command += [*args, "-f", *muxer, os.path.abspath(part)]
    try:
        with tempfile.TemporaryFile() as log:
            code = _run(command, log, time.monotonic() + timeout, duration, progress)
            if code != 0:
                raise classify(code, _tail(log))
        if not part.exists() or part.stat().st_size == 0:
            raise RenderFailed("ffmpeg wrote nothing.", "Check the clip and the edit.")
        part.replace(output)
    except OSError as error:
        raise RenderFailed(
            f"The result could not be written ({error.strerror}).", "Check the disk and its free space."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _run(
    command: list[str],
    log: IO[bytes],
    deadline: float,
    duration: float | None,
    progress: Callable[[float], None] | None,
) -> int:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True
    )
    _limit_memory(process.pid)
    try:
        _follow(process, deadline, duration, progress)
        return process.wait(timeout=max(1.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise _too_slow() from None
    finally:  # also on Ctrl-C and when progress() says that the user has stopped the step
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _follow(
    process: subprocess.Popen[bytes],
    deadline: float,
    duration: float | None,
    progress: Callable[[float], None] | None,
) -> None:
    """Read the progress lines until the program closes them."""
    if process.stdout is None:
        return
    descriptor, pending = process.stdout.fileno(), b""
    while True:
        if not ready(descriptor, READ, deadline - time.monotonic()):
            raise _too_slow()
        data = os.read(descriptor, 4096)
        if not data:
            return
        *lines, pending = (pending + data).split(b"\n")
        if progress is None:
            continue
        for line in lines:
            name, _, value = line.partition(b"=")
            if name == b"out_time_us" and duration and value.strip().lstrip(b"-").isdigit():
                progress(min(1.0, max(0.0, int(value) / 1e6 / duration)))


def _limit_memory(pid: int) -> None:
    if sys.platform == "linux":
        import resource

        with suppress(OSError, ValueError):
            resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
            resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


def _tail(log: IO[bytes]) -> str:
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - LOG_BYTES))
    return log.read().decode("utf-8", "replace")


def _too_slow() -> OutOfResources:
    return OutOfResources("The edit took too long and was stopped.", "Edit a shorter span or a smaller picture.")


def classify(code: int, log: str) -> ToolError:
    """Find the typed error for a failed run, from its exit code (negative: a signal) and its log."""
    if "No space left on device" in log or "Disk quota exceeded" in log or "File too large" in log:
        return RenderFailed("The disk is full.", "Free some space and try again.")
    if code in (-signal.SIGKILL, -signal.SIGXCPU) or "Cannot allocate memory" in log:
        return OutOfResources("The edit needs more memory than there is.", "Edit a shorter span or a smaller picture.")
    if code < 0:
        return RenderFailed(f"ffmpeg crashed (signal {-code}).", "Convert the clip to an ordinary mp4 and try again.")
    last = next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "no reason given")[:200]
    if "Invalid data found when processing input" in log or "moov atom not found" in log:
        return MediaBroken(f"The clip cannot be read ({last}).", "Get a whole copy of it.")
    if "Permission denied" in log or "Read-only file system" in log:
        return RenderFailed("The work folder cannot be written to.", "Check who may write there.")
    return RenderFailed(f"ffmpeg failed ({last}).", "Try a simpler edit, or convert the clip to mp4 first.")
