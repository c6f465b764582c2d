"""Chroma on a server, by its URL: one process that all others ask, so no lock of ours is needed."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from .errors import LibraryDamaged, StoreUnreachable

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

TOKEN = "CHROMA_TOKEN"  # noqa: S105 - the name of an environment variable
_CONNECT, _ANSWER = 5.0, 120.0
_HNSW: CreateHNSWConfiguration = {
    "space": "cosine",
    "max_neighbors": 16,
    "ef_construction": 100,
    "ef_search": 150,
    "sync_threshold": 2000,
}
"""The graph. ``sync_threshold`` is how many rows may lie in Chroma's log before the graph goes to disk: whoever opens
the store puts the rows of the log in again, at 1 to 2 ms each; each writing also writes the names of all rows."""


class ChromaServer:
    """A Chroma server. It puts all writers in order itself, and its client is safe for threads."""

    generation = ""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self._lock = threading.Lock()
        self._client: ClientAPI | None = None
        self._collections: dict[str, Collection] = {}

    @contextmanager
    def reading(self, collection: str) -> Iterator[Collection]:
        """A collection, made when there is none; writing is no different."""
        with self._translated():
            with self._lock:
                if self._client is None:
                    self._client = self._connect()
                if collection not in self._collections:
                    self._collections[collection] = opened(self._client, collection)
                store = self._collections[collection]
            yield store

    writing = reading

    def _connect(self) -> ClientAPI:
        import chromadb
        import httpx

        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        # Chroma's client waits for ever; a first question of our own does not, and says what is wrong.
        answer = httpx.get(f"{self._url}/api/v2/heartbeat", headers=headers, timeout=_CONNECT)
        if answer.status_code in (401, 403):
            raise StoreUnreachable(
                f"The vector server {self._url} refused the {'token' if self._token else 'request without a token'}.",
                f"Put the server's token into the environment variable {TOKEN}.",
            )
        if answer.status_code != httpx.codes.OK or b"heartbeat" not in answer.content:
            raise StoreUnreachable(
                f"What answers at {self._url} is not a Chroma server (status {answer.status_code}).",
                "Check the address; 'chroma run --path DIR --port 8000' starts a server.",
            )
        client = chromadb.HttpClient(host=self._url, headers=headers, settings=settings())
        parts: Any = client, client._admin_client  # type: ignore[attr-defined]
        for part in parts:
            session: httpx.Client = part._server._session
            session.timeout = httpx.Timeout(_ANSWER, connect=_CONNECT)
            # It leaves its connections open, too.
            weakref.finalize(client, session.close)
        return client

    @contextmanager
    def _translated(self) -> Iterator[None]:
        import httpx
        from chromadb.errors import ChromaError

        try:
            yield
        except (httpx.HTTPError, OSError) as error:
            self.close()
            raise StoreUnreachable(
                f"The vector server {self._url} cannot be reached ({type(error).__name__}).",
                "Start it ('chroma run --path DIR --port 8000') or check the address and the network.",
            ) from error
        except Exception as error:
            # What the server does not explain, its client raises as a bare Exception.
            if not isinstance(error, ChromaError | ValueError) and type(error) is not Exception:
                raise
            self.close()
            raise LibraryDamaged(
                f"The vector server {self._url} cannot do that ({error}).",
                "Check that the server holds this program's vectors; ingest the clips again if they are lost.",
            ) from error

    def close(self) -> None:
        """End the connections."""
        with self._lock:
            self._collections.clear()
            client, self._client = self._client, None
        if client is not None:
            client.close()  # type: ignore[attr-defined]

    def __del__(self) -> None:
        self.close()


def opened(client: ClientAPI, name: str) -> Collection:
    """A collection of a client, made when there is none."""
    # No embedding function: Chroma's default would download a model. What exists keeps the graph it was made with.
    return client.get_or_create_collection(name, embedding_function=None, configuration={"hnsw": _HNSW})


def settings() -> Any:
    """Chroma's settings."""
    from chromadb.config import Settings

    # Not from a .env that happens to lie in the working directory.
    return Settings(_env_file=None, anonymized_telemetry=False)  # type: ignore[call-arg]


def server_url(text: str) -> str:
    """``scheme://host[:port]`` of a server's URL; what is wrong with it is said without repeating a secret."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise _no_server("not a URL") from None
    problem = _problem(parts)
    if problem:
        raise _no_server(problem)
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else str(parts.hostname)
    # Chroma's client would take a URL without a port for one with 8000.
    return f"{parts.scheme}://{host}:{port or (443 if parts.scheme == 'https' else 80)}"


def _problem(parts: SplitResult) -> str:
    if parts.scheme not in ("http", "https"):
        return "neither http:// nor https://"
    if not parts.hostname or not all(character.isalnum() or character in ".-_:" for character in parts.hostname):
        return "without a host"
    if parts.username is not None or parts.password is not None:
        return "with a name or password in it"
    if parts.path.strip("/") or parts.query or parts.fragment:
        return "with more than a host and a port"
    return ""


def _no_server(problem: str) -> StoreUnreachable:
    return StoreUnreachable(
        f"The address of the vector server is {problem}.",
        f"Give 'http://HOST:PORT' or 'https://HOST:PORT', and a token, if there is one, in {TOKEN}.",
    )
