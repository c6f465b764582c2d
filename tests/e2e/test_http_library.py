"""The library over HTTP: clips, ranges, pictures, uploads in pieces, search, jobs, projects."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from PIL import Image

from .conftest import Agents
from .gated import GatedGenerator
from .http_server import Serve, ask, error_of, serve

__all__ = ["serve"]
pytestmark = pytest.mark.server


def clips(client: httpx.Client, **given: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.get("/api/v1/clips", params=given).json()
    return rows


def test_clips_are_listed_read_and_forgotten(agents: Agents, serve: Serve) -> None:
    client = serve(agents({"*": "edit c2 reverse"})).client
    ask(client, "turn it")
    listed = client.get("/api/v1/clips", params={"limit": 2})
    assert listed.headers["x-total-count"] == "3"
    newest = listed.json()[0]
    assert (newest["operation"], newest["origin"]) == ("reverse", "made")
    assert "path" not in newest
    assert [row["origin"] for row in clips(client, origin="upload")] == ["upload", "upload"]
    assert clips(client, offset=2) == clips(client, origin="upload")[1:]
    one = f"/api/v1/clips/{newest['id']}"
    assert client.get(one).json() == newest

    graph = client.get(f"{one}/lineage").json()
    assert graph["edges"] == [{"parent": newest["parents"][0], "child": newest["id"], "operation": "reverse"}]
    drawn = client.get(f"{one}/lineage.svg")
    assert drawn.headers["content-type"].startswith("image/svg+xml")
    assert {group.get("data-clip") for group in ElementTree.fromstring(drawn.text)} >= {  # noqa: S314 - our own
        newest["id"],
        newest["parents"][0],
    }
    assert client.get(f"{one}/provenance").json()["manifests"]
    moments = client.get(f"/api/v1/clips/{clips(client, origin='upload')[1]['id']}/moments").json()
    assert moments["known"]
    assert moments["moments"][0]["start"] == 0.0
    assert any(moment["labels"] for moment in moments["moments"])

    assert client.get(f"{one}/thumbnail").status_code == 200
    assert client.delete(one).status_code == 204
    for path in ("", "/file", "/thumbnail", "/lineage", "/moments", "/provenance"):
        assert error_of(client.get(one + path), 404)["code"] == "clip_unknown"


def test_files_are_served_in_ranges(agents: Agents, serve: Serve) -> None:
    agent = agents({})
    client = serve(agent).client
    clip = agent.components.library.clips()[0]
    content, path = clip.path.read_bytes(), f"/api/v1/clips/{clip.id}/file"
    whole = client.get(path)
    assert whole.content == content
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["content-disposition"].startswith("inline")
    assert whole.headers["accept-ranges"] == "bytes"
    for asked, part in (("bytes=10-19", content[10:20]), ("bytes=-7", content[-7:]), ("bytes=100-", content[100:])):
        ranged = client.get(path, headers={"range": asked})
        assert ranged.status_code == 206
        assert ranged.content == part
        assert ranged.headers["content-range"].endswith(f"/{len(content)}")
    outside = client.get(path, headers={"range": f"bytes={len(content)}-"})
    assert error_of(outside, 416)["code"] == "range_wrong"
    assert outside.headers["content-range"] == f"bytes */{len(content)}"
    tag = whole.headers["etag"]
    assert client.get(path, headers={"if-none-match": tag}).status_code == 304
    assert client.get(path, headers={"range": "bytes=0-4", "if-range": tag}).status_code == 206
    assert client.get(path, headers={"range": "bytes=0-4", "if-range": '"other"'}).status_code == 200


def test_thumbnails_are_made_once_and_show_the_moment(agents: Agents, serve: Serve, tmp_path: Path) -> None:
    agent = agents({})
    client = serve(agent).client
    clip = agent.components.library.clips()[0]
    path = f"/api/v1/clips/{clip.id}/thumbnail"
    pictures = [client.get(path, params={"at": at, "width": 320}) for at in (0, 8.0, 8.01)]
    assert {picture.headers["content-type"] for picture in pictures} == {"image/jpeg"}
    with Image.open(io.BytesIO(pictures[0].content)) as image:
        assert image.size == (320, round(clip.height * 320 / clip.width))
    assert pictures[0].content != pictures[1].content
    assert pictures[1].content == pictures[2].content
    assert len(list((tmp_path / "home" / "thumbnails").iterdir())) == 2
    tag = {"if-none-match": pictures[0].headers["etag"]}
    assert client.get(path, params={"at": 0, "width": 320}, headers=tag).status_code == 304
    assert client.get(path, params={"at": 1e5}).status_code == 200  # the last picture
    assert error_of(client.get(path, params={"width": 99999}), 422)


def test_search_by_words_clip_span_picture_and_conditions(agents: Agents, serve: Serve) -> None:
    agent = agents({})
    client = serve(agent).client
    bikes, blue = (clip.id for clip in agent.components.library.clips())

    def hits(**asked: Any) -> list[dict[str, Any]]:
        response = client.post("/api/v1/search", json=asked)
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.json()["hits"]
        assert all(set(hit) == {"clip", "start", "end", "score", "text", "reasons"} for hit in found)
        return found

    assert hits(text="a bicycle in the street", count=1)[0]["clip"] == bikes
    assert hits(clip=f"{bikes}@0-2", longer=1)
    assert {hit["clip"] for hit in hits(origin="upload")} == {bikes, blue}
    assert hits(origin="made") == []
    picture = base64.b64encode(client.get(f"/api/v1/clips/{blue}/thumbnail").content).decode()
    assert hits(image=picture)[0]["clip"] == blue
    assert hits(image=f"data:image/jpeg;base64,{picture}")[0]["clip"] == blue
    assert error_of(client.post("/api/v1/search", json={}), 400)["code"] == "request_invalid"
    assert error_of(client.post("/api/v1/search", json={"image": "???"}), 400)["code"] == "request_invalid"
    assert error_of(client.post("/api/v1/search", json={"longer": 5, "shorter": 1}), 400)["code"] == "filter_invalid"
    assert error_of(client.post("/api/v1/search", json={"clip": "0" * 16}), 404)["code"] == "clip_unknown"


def test_jobs_are_listed_and_cancelled(agents: Agents, serve: Serve) -> None:
    generator = GatedGenerator()
    client = serve(agents({"*": "gen: a red ball"}, generator=generator)).client
    ask(client, "make a ball", background=True, approve=True)
    assert generator.started.wait(120)
    (job,) = client.get("/api/v1/jobs").json()
    assert (job["tool"], job["prompt"], job["status"]) == ("generate_video", "a red ball", "running")
    assert client.delete(f"/api/v1/jobs/{job['id']}").status_code == 200
    generator.go.set()
    while (now := client.get(f"/api/v1/jobs/{job['id']}").json())["status"] == "running":
        pass
    assert now["status"] == "cancelled"
    assert 'gpt4video_jobs{status="cancelled"} 1.0' in client.get("/metrics").text
    assert error_of(client.get("/api/v1/jobs/nothing"), 404)["code"] == "job_unknown"
