"""A vector server that went, that refuses, that is none, and addresses that are none."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gpt4video.memory.chroma_server import TOKEN
from gpt4video.memory.errors import StoreUnreachable
from gpt4video.memory.vectors import Row, VectorStore

from .vector_server import ChromaServer

NAME = "pictures-of-one"
_ONE = np.eye(1, 8, dtype=np.float32)[0]


@pytest.mark.server
def test_a_server_that_went_is_named_and_used_again_when_it_is_back(tmp_path: Path) -> None:
    running = ChromaServer(tmp_path / "data")
    store = VectorStore(running.url)
    try:
        store.replace(NAME, {"clip": "a"}, [Row("a:0", _ONE, {"clip": "a"})])
        running.stop()
        with pytest.raises(StoreUnreachable, match=running.url) as caught:
            store.query(NAME, _ONE, 1)
        assert "chroma run" in caught.value.remedy
        running.start()
        assert store.query(NAME, _ONE, 1)[0].id == "a:0"
    finally:
        running.stop()


class Doorkeeper(http.server.BaseHTTPRequestHandler):
    """A server that is none of Chroma's; it notes the token and answers with a status."""

    status = 403
    seen: list[str | None] = []

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("Authorization"))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def doorkeeper() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Doorkeeper) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()
        thread.join()


def test_the_token_is_sent_and_never_told(doorkeeper: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "s3cret")
    monkeypatch.setattr(Doorkeeper, "status", 403)
    with pytest.raises(StoreUnreachable, match="refused the token") as caught:
        VectorStore(doorkeeper).count(NAME)
    assert "s3cret" not in str(caught.value)
    assert Doorkeeper.seen[-1] == "Bearer s3cret"
    monkeypatch.delenv(TOKEN)
    with pytest.raises(StoreUnreachable, match="without a token") as caught:
        VectorStore(doorkeeper).count(NAME)
    assert TOKEN in caught.value.remedy
    assert Doorkeeper.seen[-1] is None


def test_another_kind_of_server_is_not_taken_for_chroma(doorkeeper: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Doorkeeper, "status", 200)
    with pytest.raises(StoreUnreachable, match="not a Chroma server"):
        VectorStore(doorkeeper).count(NAME)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host:8000",
        "http://",
        "http://user:s3cret@host:8000",
        "http://host:8000/api?key=s3cret",
        "http://host:99999",
        "http://[::1",
        "http://ho st:80",
        "https://host/#s3cret",
    ],
)
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(StoreUnreachable) as caught:
        VectorStore(url)
    assert "s3cret" not in str(caught.value)
    assert "http://HOST:PORT" in caught.value.remedy
