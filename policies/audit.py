"""The audit log: one JSON line for every verdict, appended, never rewritten; without the words that were judged."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .base import Subject, Verdict

MAX_LINE = 4000
"""Bytes of a line at most: one write of this size to a file in append mode is not mixed with another process's."""


def subject_hash(subject: Subject) -> str:
    """SHA-256 over everything that was judged; equal subjects have equal hashes."""
    data = subject.model_dump(mode="python", exclude={"media"})
    words = json.dumps(data, sort_keys=True, default=str).encode("utf-8", "backslashreplace")
    path = str(subject.media or "").encode("utf-8", "surrogateescape")
    return hashlib.sha256(words + b"\0" + path).hexdigest()


class AuditLog:
    """Appends verdicts to a file. Safe for several threads and processes: each line is one ``write`` under a lock.

    Args:
        path: the log; made, readable by its owner alone, with its folder.
        version: of the policy, recorded with every verdict.
        keep_text: record the words too; they may be private.
    """

    def __init__(self, path: Path, version: str, keep_text: bool = False) -> None:
        self.path = path
        self._version = version
        self._keep_text = keep_text

    def record(self, subject: Subject, verdicts: list[Verdict], seconds: float = 0.0) -> None:
        """Append the verdicts on one subject.

        Raises:
            OSError: the log cannot be written (the chain blocks then).
        """
        digest, now = subject_hash(subject), time.time()
        lines = b""
        for verdict in verdicts:
            row: dict[str, Any] = {
                "time": round(now, 3), "subject": digest, "stage": verdict.stage, "policy": verdict.policy,
                "version": self._version, "action": verdict.action, "category": verdict.category,
                "score": round(verdict.score, 4), "reason": verdict.reason[:400], "seconds": round(seconds, 4),
            }  # fmt: skip
            if self._keep_text:
                row["text"] = subject.text[:1000]
            line = json.dumps(row, ensure_ascii=True).encode("ascii")
            if len(line) > MAX_LINE:
                row.pop("text", None)
                line = json.dumps({**row, "reason": verdict.reason[:100]}, ensure_ascii=True).encode("ascii")
            lines += line + b"\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            with _locked(handle):
                written = os.write(handle, lines)
        finally:
            os.close(handle)
        if written != len(lines):
            raise OSError(f"The audit log {self.path} took only {written} of {len(lines)} bytes; is the disk full?")

    def rows(
        self, *, action: str | None = None, policy: str | None = None, stage: str | None = None,
        category: str | None = None, since: float = 0.0, limit: int | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Rows that match all that is given, oldest first; ``limit`` keeps the newest.

        ``since`` is in seconds since the epoch.
        """
        wanted = {"action": action, "policy": policy, "stage": stage, "category": category}
        found = [
            row
            for row in self._read()
            if row.get("time", 0) >= since and all(v is None or row.get(k) == v for k, v in wanted.items())
        ]
        return found if limit is None else found[max(0, len(found) - limit) :]

    def _read(self) -> Iterator[dict[str, Any]]:
        """Rows of the file; a line that a crash cut short is passed over."""
        try:
            file = self.path.open(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        with file:
            for line in file:
                with contextlib.suppress(ValueError):
                    row = json.loads(line)
                    if isinstance(row, dict):
                        yield row


@contextlib.contextmanager
def _locked(handle: int) -> Iterator[None]:
    """An exclusive lock where the system has one; appending alone is atomic enough elsewhere."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(handle, fcntl.LOCK_UN)
