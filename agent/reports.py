"""What is told of taking files in: how far it is, and what became of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict


class FailedFile(BaseModel):
    """A file that could not be taken in, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    error: str
    code: str


class ChangedFile(BaseModel):
    """A file that is another than when it was taken in: the clip it was stays, the one it is now is new."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    before: str
    now: str


class IngestReport(BaseModel):
    """What became of the files: ids taken in, ids that were there already, failures, and what had changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clips: list[str]
    skipped: list[str]
    failed: list[FailedFile]
    changed: list[ChangedFile] = []


class FileProgress(NamedTuple):
    """How far the taking in of a file is: seconds of it that are done, and how long it is; the last has ``ended``."""

    path: Path
    seconds: float
    duration: float
    ended: bool = False


Report = Callable[[FileProgress], None]
