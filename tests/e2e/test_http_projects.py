"""Projects over HTTP: edited, taken back, compared, rendered, exported; spans generated anew."""

from __future__ import annotations

import json
from typing import Any

import opentimelineio
import pytest

from .conftest import Agents
from .http_server import Serve, error_of, serve, told

__all__ = ["serve"]
pytestmark = pytest.mark.server


def test_a_project_from_first_clip_to_export(agents: Agents, serve: Serve) -> None:
    agent = agents({})
    client = serve(agent).client
    bikes, blue = (clip.id for clip in agent.components.library.clips())
    assert client.post("/api/v1/projects", json={"name": "holiday"}).status_code == 201
    base = "/api/v1/projects/holiday"

    def edit(**asked: Any) -> dict[str, Any]:
        response = client.post(f"{base}/edits", json=asked)
        assert response.status_code == 200, response.text
        timeline: dict[str, Any] = response.json()
        return timeline

    first, second = (item["id"] for item in edit(edit="insert", clips=[f"{bikes}@1-3", blue])["items"])
    assert edit(edit="move", item=second, to=0)["items"][0]["id"] == second
    assert edit(edit="apply", items=[first], operations="speed 2")["seconds"] == pytest.approx(3, abs=0.1)
    assert edit(edit="crossfade", item=first, seconds=0.2)["items"][1]["crossfade"] == 0.2
    assert len(edit(edit="split", item=second, at=1)["items"]) == 3
    undone = edit(edit="undo")
    assert (len(undone["items"]), len(undone["undone"])) == (2, 1)
    assert len(edit(edit="redo")["items"]) == 3
    assert edit(edit="reject", number=3)["seconds"] == pytest.approx(3.8, abs=0.1)
    assert client.get(base).json()["entries"] == 8
    assert len(client.get(base, params={"at": 1}).json()["items"]) == 2
    log = client.get(f"{base}/log").json()
    assert log[2]["entry"]["edit"]["edit"] == "apply"
    assert [row["number"] for row in log if not row["standing"]] == [6, 7]
    changed = client.get(f"{base}/diff", params={"since": 1}).json()
    assert changed["changed"] or changed["added"]

    events = told(client, "POST", f"{base}/render")
    assert "progress" in {event.event for event in events}
    clip = events[-1].data["clip"]
    assert clip["duration"] == pytest.approx(3.8, abs=0.1)
    assert client.get(f"/api/v1/clips/{clip['id']}").json() == clip
    exported = client.get(f"{base}/export", params={"format": "otio"})
    assert "attachment" in exported.headers["content-disposition"]
    assert opentimelineio.adapters.read_from_string(exported.text, "otio_json").duration().to_seconds() > 3
    assert client.get(f"{base}/export", params={"format": "fcpxml"}).headers["content-type"] == "application/xml"

    assert error_of(client.post(f"{base}/edits", json={"edit": "remove", "items": ["i9"]}), 400)["code"] == (
        "bad_arguments"
    )
    assert error_of(client.post(f"{base}/edits", json={"edit": "explode"}), 422)["code"] == "validation"
    assert error_of(client.get("/api/v1/projects/nothing"), 404)["code"] == "project_unknown"
    assert [row["name"] for row in client.get("/api/v1/projects").json()] == ["holiday"]
    assert client.delete(base).status_code == 204
    assert client.get("/api/v1/projects").json() == []


def test_a_span_is_regenerated_and_another_take_chosen(agents: Agents, serve: Serve) -> None:
    agent = agents({})
    client = serve(agent).client
    blue = agent.components.library.clips()[1].id
    client.post("/api/v1/projects", json={"name": "film"})
    path = "/api/v1/projects/film/edits"
    (item,) = client.post(path, json={"edit": "insert", "clips": [blue]}).json()["items"]
    asked = {"edit": "regenerate", "item": item["id"], "prompt": "a green ball", "takes": 2}
    events = told(client, "POST", path, json=asked)
    assert events[0].event == "progress"
    (shown,) = events[-1].data["items"]
    assert len(shown["takes"]) == 2
    chosen = client.post(path, json={"edit": "choose", "item": shown["id"], "take": 2}).json()
    assert chosen["items"][0]["chosen"] == 1
    unsafe = {**asked, "item": shown["id"], "prompt": "a naked woman having sex on a bed"}
    assert error_of(client.post(path, json=unsafe), 422)["code"] == "media_blocked"
    assert json.loads(client.get("/api/v1/projects/film").text)["items"] == chosen["items"]
