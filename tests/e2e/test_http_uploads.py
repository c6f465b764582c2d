"""Uploads over HTTP: in pieces, interrupted and gone on with, refused, on a full disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .conftest import Agents
from .http_server import Serve, error_of, serve, told

__all__ = ["serve"]
pytestmark = pytest.mark.server
BYTES = {"content-type": "application/octet-stream"}


def begun(client: httpx.Client, name: str, size: int) -> dict[str, Any]:
    response = client.post("/api/v1/uploads", json={"name": name, "bytes": size})
    assert response.status_code == 201, response.text
    upload: dict[str, Any] = response.json()
    return upload


def send(client: httpx.Client, upload: dict[str, Any], content: Any, at: int) -> httpx.Response:
    path = f"/api/v1/uploads/{upload['id']}"
    return client.patch(path, content=content, headers={**BYTES, "upload-offset": str(at)})


def arrived(client: httpx.Client, upload: dict[str, Any]) -> int:
    return int(client.head(f"/api/v1/uploads/{upload['id']}").headers["upload-offset"])


def cut_off(client: httpx.Client, upload: dict[str, Any], content: bytes) -> Iterator[bytes]:
    """A body that breaks off once the server has written so much of it."""
    yield content
    while arrived(client, upload) < len(content):
        pass
    raise ConnectionError("the cable")


def test_an_upload_goes_on_after_an_interruption(agents: Agents, serve: Serve, stocked: Path, tmp_path: Path) -> None:
    agent = agents({})
    client = serve(agent, chunk_bytes=100_000).client
    known = {clip.id for clip in agent.components.library.clips()}
    content = changed_copy(stocked / "blue.mp4")
    upload = begun(client, "../../holiday at the sea.mp4", len(content))
    assert (upload["name"], upload["offset"], upload["chunk"]) == ("holiday at the sea.mp4", 0, 100_000)
    path, half = f"/api/v1/uploads/{upload['id']}", len(content) // 2
    with pytest.raises(ConnectionError):
        send(client, upload, cut_off(client, upload, content[:half]), 0)
    assert arrived(client, upload) == half
    while error_of(wrong := send(client, upload, content[:10], 0), 409)["code"] == "upload_busy":
        pass  # the server has yet to see that nothing more comes
    assert error_of(wrong, 409)["code"] == "offset"
    assert wrong.headers["upload-offset"] == str(half)
    assert error_of(client.post(f"{path}/finish"), 409)["code"] == "offset"
    assert send(client, upload, content[half:], half).json() == {"offset": len(content)}

    events = told(client, "POST", f"{path}/finish")
    assert {event.event for event in events[:-1]} == {"progress"}
    clip = events[-1].data["clip"]
    assert clip["title"] == "holiday at the sea"
    assert clip["id"] not in known
    assert client.get(f"/api/v1/clips/{clip['id']}/file").content == content
    assert client.post(f"{path}/finish").json() == {"clip": clip}  # whoever lost the answer asks again
    found = client.post("/api/v1/search", json={"source": "HOLIDAY"}).json()["hits"]
    assert {hit["clip"] for hit in found} == {clip["id"]}
    assert client.head(path).status_code == 404
    assert not [one for one in (tmp_path / "home" / "uploads").rglob("*") if one.is_file()]


def changed_copy(path: Path) -> bytes:
    """The same video as another content: an mp4 may end with a box that nobody reads."""
    return path.read_bytes() + (16).to_bytes(4, "big") + b"freecopyings"


def test_what_is_no_video_or_too_large_is_refused(agents: Agents, serve: Serve, tmp_path: Path) -> None:
    client = serve(agents({}), chunk_bytes=100_000, upload_bytes=200_000).client
    for name in ("script.mp4", "noise"):
        upload = begun(client, name, 11)
        assert send(client, upload, b"ffconcat 1\n", 0).status_code == 200
        error = error_of(client.post(f"/api/v1/uploads/{upload['id']}/finish"), 422)
        assert error["code"] == "media_rejected"
        assert str(tmp_path) not in error["message"]
        assert name in error["message"]
        assert client.head(f"/api/v1/uploads/{upload['id']}").status_code == 404
    new = {"name": "film.mp4", "bytes": 200_001}
    assert error_of(client.post("/api/v1/uploads", json=new), 413)["code"] == "too_large"
    upload = begun(client, "film.mp4", 150_000)
    for body in (b"x" * 100_001, iter([b"x" * 60_000, b"x" * 60_000])):
        assert error_of(send(client, upload, body, 0), 413)["code"] == "too_large"
    at = arrived(client, upload)
    assert send(client, upload, b"x" * 80_000, at).status_code == 200
    assert error_of(send(client, upload, b"x" * 99_000, at + 80_000), 413)["code"] == "too_large"
    typed = client.patch(f"/api/v1/uploads/{upload['id']}", json={}, headers={"upload-offset": "0"})
    assert error_of(typed, 415)["code"] == "type_wrong"
    assert client.delete(f"/api/v1/uploads/{upload['id']}").status_code == 204
    assert error_of(send(client, upload, b"x", 0), 404)["code"] == "not_here"
    assert error_of(client.get("/api/v1/clips/%2e%2e%2fconfig"), 404)


def test_a_blocked_video_says_why(agents: Agents, serve: Serve, stocked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = agents({})
    why = "It shows what it may not."
    verdict = {"stage": "media", "policy": "frames", "action": "block", "reason": why, "score": 1.0}
    monkeypatch.setattr(agent.components, "judge", lambda *_args, **_named: [verdict])
    client = serve(agent).client
    content = changed_copy(stocked / "blue.mp4")
    upload = begun(client, "film.mp4", len(content))
    send(client, upload, content, 0)
    error = error_of(client.post(f"/api/v1/uploads/{upload['id']}/finish"), 422)
    assert (error["code"], error["message"]) == ("media_blocked", why)


def test_a_full_disk_says_so(agents: Agents, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve(agents({})).client
    upload = begun(client, "film.mp4", 1000)

    def full(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gpt4video.agent.interfaces.http.uploads._write_all", full)
    assert error_of(send(client, upload, b"x" * 1000, 0), 507)["code"] == "disk_full"
    monkeypatch.undo()
    assert send(client, upload, b"x" * 1000, 0).json() == {"offset": 1000}
