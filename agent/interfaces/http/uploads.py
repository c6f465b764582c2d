"""Files on their way in, piece by piece: what has arrived stays, whoever is cut off goes on from there."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import anyio.to_thread

from ....memory.errors import StorageFailed
from ...files import SUFFIXES
from .errors import DiskFull, NotHere, OffsetWrong, TooLarge, UploadBusy, status_of

_ABANDONED: Final = 86400.0
"""Seconds after which an upload that nobody went on with is removed."""
_SPARE: Final = 256 << 20
"""Bytes that are to stay free on the disk."""
_LONGEST: Final = 200
_FULL: Final = ("The disk is full.", "Make room on the server, then go on with the upload.")


@dataclass(frozen=True)
class Upload:
    """A file on its way in.

    Attributes:
        id: unguessable.
        name: what its sender calls it; data, never a path here.
        bytes: how large it will be.
        path: where what has arrived lies.
    """

    id: str
    name: str
    bytes: int
    path: Path

    @property
    def offset(self) -> int:
        """How many bytes have arrived."""
        return self.path.stat().st_size if self.path.exists() else 0


class Uploads:
    """The uploads of every user, in a folder; each call sees one user's.

    Args:
        folder: made when it is needed.
        most: the largest file that is taken, bytes.
    """

    def __init__(self, folder: Path, *, most: int) -> None:
        self._folder = folder
        self._most = most
        self._writing: set[Path] = set()

    def begin(self, user: str, name: str, size: int) -> Upload:
        """Begin an upload.

        Raises:
            TooLarge: the file is larger than is taken.
            DiskFull: there is no room for it.
        """
        if size > self._most:
            raise TooLarge(f"The file has {size} bytes; at most {self._most} are taken.", "Cut or compress it first.")
        self.sweep()
        folder = self._of(user)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(folder).free < size + _SPARE:
                raise DiskFull(*_FULL)
            upload = self._upload(folder, secrets.token_hex(16), shown_name(name), size)
            upload.path.touch()
            facts = folder / f"{upload.id}.json"
            facts.write_text(json.dumps({"name": upload.name, "bytes": size}), encoding="utf-8")
        except OSError as error:
            raise _refused(error) from error
        return upload

    def get(self, user: str, name: str) -> Upload:
        """An upload by its id. Raises ``NotHere``: this user has none of that id."""
        folder = self._of(user)
        if name.isascii() and name.isalnum():
            try:
                facts = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
                return self._upload(folder, name, facts["name"], facts["bytes"])
            except (OSError, ValueError):
                pass
        raise NotHere("There is no such upload.", "Begin it again: those that nobody goes on with are removed.")

    async def append(self, upload: Upload, offset: int, pieces: AsyncIterator[bytes]) -> int:
        """Write what comes at the end of what has arrived; how many bytes have arrived then.

        Raises:
            OffsetWrong: it does not begin there; the header ``Upload-Offset`` says where.
            UploadBusy: another request writes to it.
            TooLarge: more comes than was announced.
            DiskFull: there is no room; what has arrived stays.
        """
        if upload.path in self._writing:
            raise UploadBusy("Another request writes to this upload.", "Wait for it, then ask where it stands.")
        if offset != upload.offset:
            raise OffsetWrong(
                f"{upload.offset} bytes have arrived, not {offset}.",
                "Go on from there.",
                {"Upload-Offset": str(upload.offset)},
            )
        self._writing.add(upload.path)
        try:
            return await _write(upload, pieces)
        except OSError as error:
            raise _refused(error) from error
        finally:
            self._writing.discard(upload.path)

    def drop(self, user: str, upload: Upload) -> None:
        """Remove an upload with all that has arrived of it."""
        (self._of(user) / f"{upload.id}.json").unlink(missing_ok=True)
        upload.path.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what nobody went on with for a day."""
        until = time.time() - _ABANDONED
        for path in self._folder.glob("*/*"):
            arrived = [path, *path.parent.glob(f"{path.stem}.*")]
            if all(one.stat().st_mtime < until for one in arrived if one.exists()):
                path.unlink(missing_ok=True)

    def _of(self, user: str) -> Path:
        return self._folder / hashlib.sha256(user.encode()).hexdigest()[:16]

    def _upload(self, folder: Path, name: str, shown: str, size: int) -> Upload:
        ending = Path(shown).suffix.lower()
        return Upload(name, shown, size, folder / f"{name}{ending if ending in SUFFIXES else '.bin'}")


def shown_name(name: str) -> str:
    """The last part of a file's name as its sender gave it, without what cannot be shown."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[-_LONGEST:].strip() or "upload"


async def _write(upload: Upload, pieces: AsyncIterator[bytes]) -> int:
    at = upload.offset
    with upload.path.open("ab") as file:
        async for piece in pieces:
            if at + len(piece) > upload.bytes:
                raise TooLarge(f"More than the announced {upload.bytes} bytes came.", "Begin it again with its size.")
            await anyio.to_thread.run_sync(_write_all, file, piece)
            at += len(piece)
    return at


def _write_all(file: BinaryIO, piece: bytes) -> None:
    file.write(piece)
    file.flush()


def _refused(error: OSError) -> DiskFull | StorageFailed:
    if status_of(error) == 507:
        return DiskFull(*_FULL)
    return StorageFailed(f"The upload cannot be written ({error.strerror}).", "Check the permissions of its folder.")
