"""Work that runs on the server whoever listens to it: turns, uploads that are taken in, renderings.

Threads do the work; everything here but :meth:`Hub._run` runs in the server's event loop, so nothing needs a lock.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ...errors import SessionBusy
from .errors import ServerClosing, ServerFull, TurnDropped, told

Key: TypeAlias = tuple[str, str, str]
"""Whose, what kind, and which: ``("mara", "turn", "default")``."""
Emit: TypeAlias = Callable[[str, dict[str, Any]], None]
Run: TypeAlias = Callable[[Emit], dict[str, Any]]
"""Does the work, tells its events, and gives what comes of it."""

QUIET: Final = 15.0
"""Seconds of silence after which a listener is told that the work still runs."""
_POLL: Final = 0.05
_REMEMBERED: Final = 256
"""Pieces of work that are over and can still be listened to by who was cut off just before their end."""


@dataclass(frozen=True)
class Told:
    """An event of some work. Ids grow from event to event, from work to work and from start to start."""

    id: int
    event: str
    data: dict[str, Any]


class Work:
    """A piece of work.

    Attributes:
        key: what it is.
        stop: tells it to end; asked again until it has.
        outcome: what came of it, once it is over.
        error: what went wrong instead.
    """

    def __init__(self, key: Key, stop: Callable[[], object]) -> None:
        self.key, self.stop = key, stop
        self.outcome: dict[str, Any] = {}
        self.error: Exception | None = None
        self.thread: Future[None] | None = None
        self._told: list[Told] = []
        self._news = asyncio.Event()

    @property
    def over(self) -> bool:
        """Whether it has ended, well or not."""
        return bool(self._told) and self._told[-1].event in ("done", "error")

    def tell(self, event: Told) -> None:
        """Pass an event to all who listen."""
        self._told.append(event)
        news, self._news = self._news, asyncio.Event()
        news.set()

    def has_after(self, number: int) -> bool:
        """Whether it has told anything after the event of that id."""
        return bool(self._told) and self._told[-1].id > number

    async def follow(self, after: int = 0) -> AsyncIterator[Told | None]:
        """Its events after the one of that id, to the last; None whenever nothing was told for :data:`QUIET`."""
        at = bisect_right([event.id for event in self._told], after)
        while True:
            while at < len(self._told):
                yield self._told[at]
                at += 1
            if self.over:
                return
            try:
                await asyncio.wait_for(self._news.wait(), QUIET)
            except TimeoutError:
                yield None

    async def begun(self, patience: float) -> None:
        """Wait until it tells something, so long at most. Raises what went wrong if that was the first thing."""
        if not self._told:
            try:
                await asyncio.wait_for(self._news.wait(), patience)
            except TimeoutError:
                return
        if self.error is not None and len(self._told) == 1:
            raise self.error

    async def ended(self) -> dict[str, Any]:
        """Wait for its end: what came of it. Raises what went wrong."""
        async for _event in self.follow():
            pass
        if self.error is not None:
            raise self.error
        return self.outcome


class Hub:
    """What runs now; one piece of work for a key at a time.

    Args:
        workers: how many run at once.
        waiting: how many more may wait for their turn.
    """

    def __init__(self, workers: int, waiting: int) -> None:
        self._most = workers + waiting
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="work")
        self._works: dict[Key, Work] = {}
        self._over: OrderedDict[Key, Work] = OrderedDict()
        self._number = 0
        self._stopping: set[asyncio.Task[None]] = set()
        self._closing = False

    def start(self, key: Key, run: Run, stop: Callable[[], object] = lambda: None) -> Work:
        """Begin some work, or let it wait for its turn.

        Raises:
            SessionBusy: work of that key runs.
            ServerFull, ServerClosing: nothing more is taken.
        """
        if self._closing:
            raise ServerClosing("The server is ending.", "Ask again when it is back.", {"Retry-After": "5"})
        if key in self._works:
            raise SessionBusy("Another turn is running on this conversation.", "Wait for it to end, or cancel it.")
        if len(self._works) >= self._most:
            raise ServerFull(f"{self._most} turns run or wait.", "Ask again in a while.", {"Retry-After": "5"})
        work = self._works[key] = Work(key, stop)
        self._over.pop(key, None)
        work.thread = self._threads.submit(self._run, work, run, asyncio.get_running_loop())
        return work

    def running(self, key: Key) -> Work | None:
        """What runs, or waits for its turn, under a key."""
        return self._works.get(key)

    def recent(self, key: Key) -> Work | None:
        """The same, or what ended last."""
        return self._works.get(key) or self._over.get(key)

    def counts(self) -> tuple[int, int]:
        """How many run, and how many wait for their turn."""
        running = sum(work.thread is not None and work.thread.running() for work in self._works.values())
        return running, len(self._works) - running

    def cancel(self, work: Work) -> None:
        """Stop some work, as soon as it can be."""
        task = asyncio.get_running_loop().create_task(self._stop(work))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def close(self) -> None:
        """Take nothing more, stop all that runs, and wait for it."""
        self._closing = True
        await asyncio.gather(*(self._stop(work) for work in list(self._works.values())))
        await asyncio.to_thread(self._threads.shutdown, wait=True)

    async def _stop(self, work: Work) -> None:
        if work.thread is not None and work.thread.cancel():
            self._end(work, TurnDropped("It was stopped before it began.", "Ask again."))
        while not work.over:
            work.stop()  # again and again, for a turn can be stopped only once it has begun
            await asyncio.sleep(_POLL)

    def _run(self, work: Work, run: Run, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread: do the work, and pass on what it tells."""

        def emit(event: str, data: dict[str, Any]) -> None:
            loop.call_soon_threadsafe(self._tell, work, event, data)

        try:
            outcome = run(emit)
        except Exception as error:  # told to whoever listens, and there may be several
            loop.call_soon_threadsafe(self._end, work, error)
        else:
            loop.call_soon_threadsafe(self._end, work, outcome)

    def _tell(self, work: Work, event: str, data: dict[str, Any]) -> None:
        self._number = max(self._number + 1, int(time.time() * 1000))
        work.tell(Told(self._number, event, data))

    def _end(self, work: Work, end: dict[str, Any] | Exception) -> None:
        if work.over:
            return
        del self._works[work.key]
        self._over[work.key] = work
        if len(self._over) > _REMEMBERED:
            self._over.popitem(last=False)
        if isinstance(end, Exception):
            work.error = end
            self._tell(work, "error", told(end))
        else:
            work.outcome = end
            self._tell(work, "done", end)
