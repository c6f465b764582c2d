"""One decoding pass read by several at once, each in a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Final

from ..errors import MediaBroken
from .decode import Frames

AHEAD: Final = 2
"""Batches that a reader may lag behind the fastest: memory stays bounded, and decoding goes on meanwhile."""
_POLL: Final = 0.1

_Item = Frames | BaseException | None


class SharedFrames:
    """Hands every batch of a stream to each of its readers; the slowest sets the pace.

    Decoding begins with the first reader and runs in a thread of its own. A reader that will not read on must be
    closed (:meth:`Reader.close`), or the others wait for it. Use as a context manager: leaving it ends everything, and
    a reader that is still at work gets :class:`MediaBroken` instead of an early end.
    """

    def __init__(self, source: Iterator[Frames], readers: int = 1) -> None:
        self._source = source
        self._stopped = threading.Event()
        self._readers = [Reader(self._stopped) for _ in range(readers)]
        self._free = list(self._readers)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def reader(self) -> Reader:
        """The next unused reader; each sees the stream from its first frame on."""
        with self._lock:
            if not self._free:
                raise RuntimeError("this pass has no reader left")
            if self._thread is None:
                self._thread = threading.Thread(target=self._decode, name="decode", daemon=True)
                self._thread.start()
            return self._free.pop(0)

    def drop(self) -> None:
        """Do without the readers that nobody has taken."""
        with self._lock:
            while self._free:
                self._free.pop().close()

    def __enter__(self) -> SharedFrames:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _decode(self) -> None:
        last: BaseException | None = None
        try:
            for frames in self._source:
                for reader in self._readers:
                    reader.put(frames)
                if self._stopped.is_set() or all(reader.closed for reader in self._readers):
                    return
        except BaseException as error:  # told to every reader, in whose thread it is raised
            last = error
        finally:
            for reader in self._readers:
                reader.put(last)


class Reader:
    """The batches as one of the readers sees them; an error of the decoder is raised to each."""

    def __init__(self, stopped: threading.Event) -> None:
        self._items: queue.Queue[_Item] = queue.Queue(AHEAD)
        self._stopped = stopped
        self.closed = False

    def close(self) -> None:
        """Read no further; the others go on."""
        self.closed = True

    def put(self, item: _Item) -> None:
        """Wait for room; given up when the reader or the pass has ended."""
        while not (self.closed or self._stopped.is_set()):
            try:
                self._items.put(item, timeout=_POLL)
            except queue.Full:
                continue
            return

    def __iter__(self) -> Iterator[Frames]:
        try:
            while True:
                item = self._take()
                if item is None:
                    return
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self.close()

    def _take(self) -> _Item:
        while True:
            try:
                return self._items.get(timeout=_POLL)
            except queue.Empty:
                if self._stopped.is_set():
                    raise MediaBroken("Reading was stopped before the end.", "Try again.") from None
