"""The parent's side of the C2PA library: one child process a request, ended when it takes too long."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from ..errors import OutOfResources

MEMORY_BYTES: Final = 4 << 30
SPARE_BYTES: Final = 64 << 20
"""What manifests may add to a signed file."""
_KEPT_VARIABLES: Final = ("PATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "TMPDIR")


class LibraryFailed(Exception):
    """The library refused the request.

    Attributes:
        kind: the library's name of the fault, such as ``ManifestNotFound`` or ``Signature``; ``Crash`` if it died.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def ask(do: str, source: Path, *, extra_bytes: int = 0, **request: Any) -> dict[str, Any]:
    """Have ``sign`` or ``read`` of :mod:`.worker` done to a file; ``extra_bytes`` is the size of others it reads.

    Raises:
        LibraryFailed: the library cannot.
        OutOfResources: it took more time than a file of this size may, or no process could be started.
    """
    size = source.stat().st_size
    file_bytes = size + SPARE_BYTES if do == "sign" else 0
    command = [sys.executable, "-P", "-m", f"{__package__}.worker", str(MEMORY_BYTES), str(file_bytes)]
    text = json.dumps({"do": do, "source": str(source), **request})
    try:
        # Hashing runs at hundreds of megabytes a second; a slow disk may take a hundred times as long.
        run = subprocess.run(
            command,
            input=text.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60 + (size + extra_bytes) / 2e6,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OutOfResources("Provenance took too long and was stopped.", "Try a smaller file.") from error
    except OSError as error:
        raise OutOfResources(
            f"The process for provenance could not be started ({error}).", "Free some memory and try again."
        ) from error
    try:
        answer: dict[str, Any] = json.loads(run.stdout)
    except ValueError:
        raise LibraryFailed("Crash", f"the C2PA library ended without an answer ({run.returncode})") from None
    if "error" in answer:
        raise LibraryFailed(str(answer["error"]), str(answer.get("message", "")))
    return answer


def _environment() -> dict[str, str]:
    """What Python needs to find its packages, and nothing else: no tokens, no proxies."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
