"""Serving the application on a port until a signal ends it."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

from ...assistant import VideoAgent
from ...errors import RequestInvalid
from .app import create_app
from .security import is_loopback
from .serving import Options, Serving

_PATIENCE: Final = 30
"""Seconds that connections may take to end once nothing runs any more."""


class _Server(uvicorn.Server):
    """Stops what runs before it waits for connections, for those wait for what runs."""

    def __init__(self, config: uvicorn.Config, serving: Serving, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._serving, self._ready = serving, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new turns, stop those that run, then let the connections end; a second Ctrl-C waits for nothing."""
        closing = asyncio.ensure_future(self._serving.close())
        while not (closing.done() or self.force_exit):
            await asyncio.wait([closing], timeout=0.1)
        if closing.done():
            closing.result()
        await super().shutdown(sockets)


class HttpServer:
    """An assistant on a port.

    Args:
        agent: the assistant; stays the caller's to close.
        options: how it is served.
        host: where to listen.
        port: 0 takes a free one.
        ready: is told the address once it is served.

    Raises:
        RequestInvalid: others could reach it and nobody needs a token, or the address cannot be had.
    """

    def __init__(
        self,
        agent: VideoAgent,
        options: Options,
        host: str = "127.0.0.1",
        port: int = 8040,
        *,
        ready: Callable[[str], None] = lambda _address: None,
    ) -> None:
        if options.tokens is None and not is_loopback(host):
            raise RequestInvalid(
                f"Whoever reaches {host} could use the assistant without a token.",
                "Give --tokens FILE, or listen on 127.0.0.1.",
            )
        self._socket = _listening(host, port)
        bound = self._socket.getsockname()[1]
        self.address = f"http://{f'[{host}]' if ':' in host else host}:{bound}"
        self.app = create_app(agent, options)
        config = uvicorn.Config(
            self.app, log_level="warning", timeout_graceful_shutdown=_PATIENCE, server_header=False, lifespan="on"
        )
        self._server = _Server(config, self.app.state.serving, lambda: ready(self.address))

    def run(self) -> None:
        """Serve until SIGINT, SIGTERM or :meth:`stop`."""
        with _signals_end_here():
            self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """End :meth:`run`, from another thread."""
        self._server.should_exit = True


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        raise RequestInvalid(f"Nothing can listen on {host}:{port}: {error}.", "Choose another --port.") from None


@contextmanager
def _signals_end_here() -> Iterator[None]:
    """The server ends on a signal, and raises it again afterwards; then it must not end the program half-way."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
