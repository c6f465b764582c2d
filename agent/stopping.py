"""Which turns run in this process, and which of them the user has stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock


class Stops:
    """The turns that run here, by the key of their conversation; safe for many threads."""

    def __init__(self) -> None:
        self._running: dict[str, Event] = {}
        self._lock = Lock()

    @contextmanager
    def running(self, key: str) -> Iterator[Event]:
        """A turn of that conversation runs; whoever sets the event stops it."""
        event = Event()
        with self._lock:
            self._running[key] = event
        try:
            yield event
        finally:
            with self._lock:
                self._running.pop(key, None)

    def stop(self, key: str) -> bool:
        """Stop the turn of that conversation; whether one runs here."""
        with self._lock:
            event = self._running.get(key)
        if event is not None:
            event.set()
        return event is not None

    def stop_all(self) -> None:
        """Stop every turn that runs here."""
        with self._lock:
            events = list(self._running.values())
        for event in events:
            event.set()

    def of(self, key: str) -> Callable[[], bool]:
        """Whether the turn of that conversation was stopped; never, where nobody here can."""
        with self._lock:
            event = self._running.get(key)
        return event.is_set if event is not None else lambda: False
