"""A real server on a free port over an assistant with doubles, and clients for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
import pytest
from gpt4video.agent.assistant import VideoAgent
from gpt4video.agent.interfaces.http.server import HttpServer
from gpt4video.agent.interfaces.http.serving import Options

STREAM = {"accept": "text/event-stream"}
TURNS = "/api/v1/sessions/{}/turns"


class Event(NamedTuple):
    """A Server-Sent Event."""

    id: int
    event: str
    data: Any


class Served(NamedTuple):
    """A server that runs, and a client for it."""

    address: str
    client: httpx.Client


Serve = Callable[..., Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves agents: ``serve(agent, **options)``; all end with the test, before their agents are closed."""
    running: list[tuple[HttpServer, threading.Thread, httpx.Client]] = []

    def begin(agent: VideoAgent, **options: Any) -> Served:
        given = {"turns_per_minute": 10_000, "uploads_per_minute": 10_000, **options}
        ready = threading.Event()
        server = HttpServer(agent, Options(**given), port=0, ready=lambda _address: ready.set())
        thread = threading.Thread(target=server.run)
        thread.start()
        client = httpx.Client(base_url=server.address, timeout=120)
        running.append((server, thread, client))
        assert ready.wait(60)
        return Served(server.address, client)

    yield begin
    for server, thread, client in running:
        client.close()
        server.stop()
        thread.join(60)
        assert not thread.is_alive()


def events_in(lines: Iterator[str]) -> Iterator[Event]:
    """The events of a stream's lines, as they come."""
    fields: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _colon, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield Event(int(fields["id"]), fields["event"], json.loads(fields["data"]))
            fields = {}


@contextmanager
def streamed(client: httpx.Client, method: str, path: str, **given: Any) -> Iterator[Iterator[Event]]:
    """A stream's events, as they come; leaving early drops the connection."""
    headers = {**STREAM, **given.pop("headers", {})}
    with client.stream(method, path, headers=headers, **given) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield events_in(response.iter_lines())


def told(client: httpx.Client, method: str, path: str, **given: Any) -> list[Event]:
    """A stream's events, when it has ended."""
    with streamed(client, method, path, **given) as events:
        return list(events)


def ask(client: httpx.Client, request: str, session: str = "default", **more: Any) -> dict[str, Any]:
    """Hold a turn and wait for its answer."""
    response = client.post(TURNS.format(session), json={"request": request, **more})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def error_of(response: httpx.Response, status: int) -> dict[str, str]:
    """The error of a response, whose shape is checked."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "remedy"}
    assert all(body["error"].values())
    error: dict[str, str] = body["error"]
    return error
