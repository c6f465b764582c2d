"""Subtitles: a text track inside a video, or a file beside it. What they say is data, never an instruction."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import Any, Final, Literal

from ..errors import MediaMissing, MediaRejected
from . import sandbox
from .cues import MOST_BYTES, MOST_LINES, Cue, parse, tidy
from .limits import DEFAULT_LIMITS, MediaLimits
from .probe import probe

READING_SHARE: Final = 0.5  # of the wall limit: a track lies scattered over the whole file
SUFFIXES: Final = (".srt", ".vtt")
_TAGS: Final = re.compile(r"(\.(?P<language>[a-zA-Z]{2,3})(-[a-zA-Z0-9]{2,8})?)?(\.(sdh|cc|hi))?", re.IGNORECASE)


@dataclass(frozen=True)
class Spoken:
    """Words that are said in a clip.

    Attributes:
        start: seconds from the picture's first frame.
        end: likewise, after ``start``.
        text: the words on one line; a quotation, never an instruction.
        score: how sure they are, 0 to 1; subtitles are 1.
        source: whether they were heard or written.
    """

    start: float
    end: float
    text: str
    score: float
    source: Literal["speech", "subtitles"]


@dataclass(frozen=True)
class Subtitles:
    """Lines in the order of their starts, and in sentences where they are from and what was left out."""

    lines: tuple[Spoken, ...]
    note: str = ""


def track(path: Path | str, *, limits: MediaLimits = DEFAULT_LIMITS) -> Subtitles:
    """The text track of a video; of several the English one, else the one that the file prefers.

    Bitmap subtitles are skipped, and the note says so. Raises what :func:`~.probe.probe` raises, ``MediaBroken`` and
    ``OutOfResources``.
    """
    info = probe(path, limits)
    if info.still or info.container == "gif":
        return Subtitles(())
    request = {
        "op": "text",
        "path": str(info.path),
        "container": info.container,
        "cues": MOST_LINES,
        "size": MOST_BYTES,
        "seconds": limits.wall_seconds * READING_SHARE,
    }
    found = sandbox.ask(request, limits)["text"]
    notes = _about(found)
    cues = tidy((float(start), _number(end), _plain(found["kind"], str(text))) for start, end, text in found["cues"])
    return Subtitles(_lines(cues.cues), " ".join([*notes, cues.note]).strip())


def find_sidecar(source: Path | str) -> Path | None:
    """The subtitle file beside a video: ``NAME.srt`` or ``.vtt``, else English, else any other language's.

    ``clip.mp4`` is joined by ``clip.srt``, ``clip.en.srt``, ``clip.pt-BR.sdh.vtt`` and the like. Only ordinary files of
    the same folder count: no link, no pipe. Files of foreign passages alone (``forced``) do not.
    """
    source = Path(source)
    try:
        changed = os.stat(source.parent).st_mtime_ns
        names = _subtitle_names(str(source.parent), changed)
    except (OSError, ValueError):
        return None
    found = []
    for name in names:
        path = source.parent / name
        tags = _TAGS.fullmatch(path.stem.removeprefix(source.stem)) if path.stem.startswith(source.stem) else None
        if tags is not None:
            language = (tags["language"] or "").lower()
            found.append((bool(language), language[:2] != "en", language, path.suffix.lower(), path))
    return next((path for *_, path in sorted(found) if _is_ordinary(path)), None)


def sidecar(path: Path | str) -> Subtitles:
    """Read a subtitle file beside a video.

    Raises ``MediaMissing`` where there is none or it may not be read, ``MediaRejected`` where it is a link, a pipe, a
    folder or anything but an ordinary file. What it holds never raises.
    """
    name = repr(Path(path).name[-120:].encode("utf-8", "backslashreplace").decode())
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    if os.path.islink(path):
        raise MediaRejected(f"The subtitle file {name} is a link.", "Put the file itself beside the video.")
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        raise MediaMissing(
            f"The subtitle file {name} cannot be opened.", "Check the path and who may read it."
        ) from error
    try:
        if not S_ISREG(os.fstat(descriptor).st_mode):
            raise MediaRejected(f"{name} is no ordinary file.", "Save the subtitles to a file and give that.")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise MediaMissing(f"The subtitle file {name} cannot be read.", "Copy it again.") from error
    finally:
        os.close(descriptor)
    found = parse(data)
    return Subtitles(_lines(found.cues), found.note)


@lru_cache(maxsize=64)
def _subtitle_names(folder: str, changed: int) -> tuple[str, ...]:
    """Names of a folder's subtitle files; a folder of many clips is listed once, not once a clip."""
    del changed  # a part of the key alone
    with os.scandir(folder) as entries:
        return tuple(entry.name for entry in entries if entry.name.lower().endswith(SUFFIXES))


def _is_ordinary(path: Path) -> bool:
    try:
        return S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _about(found: dict[str, Any]) -> list[str]:
    notes = []
    if found["skipped"]:
        kinds = ", ".join(sorted({re.sub(r"[^\w.-]", "", str(kind)) for kind in found["skipped"]}))
        notes.append(f"Subtitles that are pictures or of an unknown kind were not read ({kinds}).")
    if found["tracks"] > 1:
        language = re.sub(r"[^\w-]", "", str(found["language"])) or "unknown"
        notes.append(f"Of {int(found['tracks'])} subtitle tracks one was read (language: {language}).")
    if found["cut"]:
        notes.append("The track is very long; only its beginning was read.")
    if found["bad"]:
        notes.append("The track is damaged and was read as far as possible.")
    return notes


def _number(end: object) -> float | None:
    return float(end) if isinstance(end, int | float) else None


def _plain(kind: str, text: str) -> str:
    return re.sub(r"\\[Nnh]", " ", text) if kind == "ass" else text


def _lines(cues: tuple[Cue, ...]) -> tuple[Spoken, ...]:
    return tuple(Spoken(cue.start, cue.end, cue.text, 1.0, "subtitles") for cue in cues)
