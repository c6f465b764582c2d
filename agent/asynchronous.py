"""The same assistant for ``async`` programs; its methods are those of :class:`~gpt4video.agent.assistant.VideoAgent`.

::

    async with AsyncVideoAgent(home="state") as agent:
        async for event in agent.stream("find the shot with the bicycle"):
            print(event.type)
        answer = await agent.last()
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial, wraps
from inspect import signature
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import anyio

from .assistant import VideoAgent
from .components import Components
from .sessions import thread_key

P = ParamSpec("P")
T = TypeVar("T")

_MOST_CALLS = 64
"""Calls that run at once; more wait for their turn. Each has a thread, made when it is first needed."""
_POLL = 0.05
"""Seconds between two looks at whether a stopped call has ended."""


def awaited(
    method: Callable[Concatenate[VideoAgent, P], T], *, turn: bool = False
) -> Callable[Concatenate[AsyncVideoAgent, P], Coroutine[Any, Any, T]]:
    """The method as a coroutine that runs it in a thread; cancelling it waits for the method to end.

    Args:
        method: of :class:`VideoAgent`.
        turn: it runs a turn of the conversation ``thread``, which cancelling stops.
    """

    @wraps(method)
    async def call(self: AsyncVideoAgent, /, *args: P.args, **kwargs: P.kwargs) -> T:
        work = self.begin(partial(method, self.agent, *args, **kwargs))
        try:
            return await asyncio.shield(work)
        finally:
            await self.ended(work, self.key_of(method, *args, **kwargs) if turn else None)

    return call


def iterated(
    method: Callable[Concatenate[VideoAgent, P], Iterator[T]],
) -> Callable[Concatenate[AsyncVideoAgent, P], AsyncGenerator[T, None]]:
    """A method that yields while a turn runs, as an asynchronous generator; leaving it early stops the turn.

    One thread runs the whole of it, its cleanup too, and does not wait for whoever reads.
    """

    @wraps(method)
    async def call(self: AsyncVideoAgent, /, *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[T, None]:
        loop, left = asyncio.get_running_loop(), Event()
        told: asyncio.Queue[list[T]] = asyncio.Queue()

        def run() -> None:
            with closing(method(self.agent, *args, **kwargs)) as items:  # type: ignore[type-var]  # a generator
                for item in items:
                    loop.call_soon_threadsafe(told.put_nowait, [item])
                    if left.is_set():
                        return

        work = self.begin(run)
        work.add_done_callback(lambda _ended: told.put_nowait([]))
        try:
            while batch := await told.get():
                for item in batch:
                    yield item
            await work
        finally:
            left.set()
            await self.ended(work, self.key_of(method, *args, **kwargs))

    return call


class AsyncVideoAgent:
    """Every call runs :attr:`agent`'s method of that name in a thread: conversations go on side by side.

    A cancelled ``ask``, ``approve`` or ``stream``, or a stream that is left early, stops its turn; the conversation
    goes on with the next request.

    Attributes:
        agent: the assistant that does the work; what is not here (``project``, ``jobs``) is there.
    """

    def __init__(
        self, home: str | Path | None = None, *, components: Components | None = None, **settings: Any
    ) -> None:
        """As :class:`VideoAgent`; ``components`` of another agent are shared with it."""
        self.agent = VideoAgent(home, components=components, **settings)
        self._threads = ThreadPoolExecutor(_MOST_CALLS, thread_name_prefix="gpt4video")

    ask = awaited(VideoAgent.ask, turn=True)
    approve = awaited(VideoAgent.approve, turn=True)
    stream = iterated(VideoAgent.stream)
    cancel = awaited(VideoAgent.cancel)
    last = awaited(VideoAgent.last)
    clips = awaited(VideoAgent.clips)
    conversations = awaited(VideoAgent.conversations)
    transcript = awaited(VideoAgent.transcript)
    forget_conversation = awaited(VideoAgent.forget_conversation)
    ingest = awaited(VideoAgent.ingest)
    forget = awaited(VideoAgent.forget)

    async def close(self) -> None:
        """Stop the turns that run, wait for them, and release what the agent holds."""
        self.agent.components.stops.stop_all()
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        await asyncio.to_thread(self.agent.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    def begin(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Run something in a thread of this agent, in the caller's context."""
        return asyncio.get_running_loop().run_in_executor(self._threads, contextvars.copy_context().run, work)

    def key_of(self, method: Callable[..., object], *args: object, **kwargs: object) -> str:
        """The conversation that a call is about."""
        given = signature(method).bind(self.agent, *args, **kwargs)
        given.apply_defaults()
        return thread_key(self.agent.settings.user, given.arguments["thread"])

    async def ended(self, work: asyncio.Future[Any], key: str | None = None) -> None:
        """Wait until a call has ended; ``key``: what it runs on that conversation is stopped, as soon as it can be."""
        with anyio.CancelScope(shield=True):  # a scope of anyio that was cancelled would cancel each wait anew
            while not work.done():
                await asyncio.wait([work], timeout=_POLL)
                if key is not None and not work.done():
                    self.agent.components.stops.stop(key)
        if not work.cancelled():
            work.exception()  # whoever was to be told has gone
