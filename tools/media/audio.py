"""The sound of a video, decoded in the sandbox, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadArguments, MediaBroken
from . import sandbox
from .limits import DEFAULT_LIMITS, MediaLimits
from .probe import MediaInfo, probe


class Pieces(Iterator[tuple[float, NDArray[np.float32]]]):
    """Pieces of sound; what :func:`audio` returns.

    Attributes:
        info: what the probe found.
        partial: what could not be read so far, empty when everything was; whole after the last piece.
    """

    def __init__(self, info: MediaInfo, rate: int, seconds: float, limits: MediaLimits) -> None:
        self.info, self.partial = info, ""
        self._rate, self._count, self._limits = rate, round(seconds * rate), limits
        self._next, self._ended = 0, not info.has_audio

    def __next__(self) -> tuple[float, NDArray[np.float32]]:
        if self._ended:
            raise StopIteration
        try:
            first, samples = self._ask()
        except MediaBroken as error:
            if not self._next:
                raise
            first, samples = self._next, np.empty(0, dtype=np.float32)
            self.partial = f"The sound breaks off at {self._next / self._rate:.1f} s: {error.message}"
        if not len(samples) or first / self._rate > self._limits.seconds:
            self._ended = True
            raise StopIteration
        self._next = first + len(samples)
        return first / self._rate, samples

    def _ask(self) -> tuple[int, NDArray[np.float32]]:
        """The next piece and the number of its first sample; the worker's word on its size is checked."""
        samples = np.empty(self._count, dtype=np.float32)
        placed: list[tuple[int, int]] = []

        def place(message: dict[str, Any]) -> memoryview:
            first, fresh = int(message["first"]), int(message["samples"])
            if placed or first < self._next or not 0 < fresh <= self._count:
                raise ValueError("another piece of sound than asked for")
            placed.append((first, fresh))
            return samples[:fresh].view(np.uint8).data

        request = {
            "op": "sound",
            "path": str(self.info.path),
            "container": self.info.container,
            "rate": self._rate,
            "begin": self._next,
            "count": self._count,
        }
        done = sandbox.ask(request, self._limits, sink=place)["done"]
        self.partial = str(done["partial"])[:300]
        first, fresh = placed[0] if placed else (self._next, 0)
        return first, samples[:fresh]


def audio(
    path: Path | str, *, rate: int = 16000, seconds: float = 30.0, limits: MediaLimits = DEFAULT_LIMITS
) -> Pieces:
    """Read the sound of a video from its start to its end, in bounded memory.

    Gives pairs of a start time and samples (N,), float32 in -1 to 1, one channel, ``rate`` a second, at most
    ``seconds`` long. Times are seconds from the picture's first frame: where the sound begins later the first piece
    does, and what lies before the picture is left out. Pauses in the track of a second or less are filled with
    silence; after a longer one a new piece begins. A file without sound gives no piece. Damaged sound gives what can
    be read, and ``partial`` of what is returned says what is missing.

    Raises ``BadArguments``, ``MediaBroken`` when not one sample of a sound track can be read, ``OutOfResources``, and
    what :func:`~.probe.probe` raises.
    """
    if not 1000 <= rate <= 192_000:
        raise BadArguments(f"{rate} samples a second are out of range.", "Ask for 1,000 to 192,000.")
    if not 0.1 <= seconds <= 120:
        raise BadArguments(f"Pieces of {seconds} s are out of range.", "Ask for 0.1 to 120 seconds.")
    return Pieces(probe(path, limits), rate, seconds, limits)
