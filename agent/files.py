"""Which files are meant: videos in folders, patterns, and files that come in while one watches."""

from __future__ import annotations

import glob
import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

SUFFIXES = frozenset(
    {".3gp", ".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".qt", ".webm"}
)  # of what the sandbox opens; a file that is named by itself is tried whatever its name
_SETTLED = 2.0
_PATTERN = frozenset("*?[")


def videos_in(paths: Iterable[Path | str]) -> list[Path]:
    """The files that are meant, in order, each once.

    A folder stands for the videos in it and in the folders below it (by their endings; hidden ones are left out, links
    to folders are not followed), a pattern (``**/*.mp4``) for the files that fit it, anything else for itself.
    """
    found: dict[Path, None] = {}
    for given in paths:
        path = Path(given)
        if path.is_dir():
            found.update(dict.fromkeys(_videos_below(path)))
        elif _PATTERN & set(str(given)) and not path.exists():
            matches = sorted(map(Path, glob.glob(str(given), recursive=True)))
            videos = [one for match in matches for one in (_videos_below(match) if match.is_dir() else [match])]
            found.update(dict.fromkeys(videos or [path]))  # nothing fits: said as of a file that is not there
        else:
            found[path] = None
    return list(found)


def _videos_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield Path(parent, name)


def arriving(folders: Iterable[Path], stop: threading.Event) -> Iterator[list[Path]]:
    """Videos that come into folders or change there, once they have stopped growing; ends when ``stop`` is set."""
    from watchfiles import Change, watch

    growing: dict[Path, tuple[int, int, float]] = {}
    changes = watch(
        *folders,
        stop_event=stop,
        step=100,
        rust_timeout=500,
        yield_on_timeout=True,
        raise_interrupt=True,
        ignore_permission_denied=True,
    )
    for batch in changes:
        for change, name in batch:
            path = Path(name)
            if change is Change.deleted:
                growing.pop(path, None)
            elif path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file():
                growing[path] = (*_state(path), time.monotonic())
        settled = [path for path in list(growing) if _has_settled(path, growing)]
        for path in settled:
            del growing[path]
        if settled:
            yield sorted(settled)


def _has_settled(path: Path, growing: dict[Path, tuple[int, int, float]]) -> bool:
    """Whether a file was the same for two seconds; one that is gone is forgotten."""
    size, modified, since = growing[path]
    try:
        now = _state(path)
    except OSError:
        del growing[path]
        return False
    if now != (size, modified):
        growing[path] = (*now, time.monotonic())
        return False
    return time.monotonic() - since >= _SETTLED


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
