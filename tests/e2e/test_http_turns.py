"""Turns over HTTP: streams, resuming, one at a time, approval, cancelling, many at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from gpt4video.agent.components import Components
from gpt4video.agent.planner.base import PlanContext
from gpt4video.policies.chain import PolicyChain
from gpt4video.tools.generation.base import GeneratedFrames, GenerationRequest, Progress, no_progress

from .conftest import Agents
from .gated import GatedGenerator
from .http_server import STREAM, TURNS, Serve, ask, error_of, serve, streamed, told

__all__ = ["serve"]
pytestmark = pytest.mark.server
UNSAFE = "a man is stabbed to death, blood everywhere"


def test_a_turn_is_streamed_as_it_runs_and_kept(agents: Agents, serve: Serve) -> None:
    client = serve(agents({"*": "find: bicycle ; edit $1 trim 0 1"})).client
    events = told(client, "POST", TURNS.format("film"), json={"request": "find the bicycle and keep a second"})
    kinds = [event.event for event in events]
    assert kinds[0] == "turn"
    assert kinds[-1] == "done"
    assert {"node", "verdict", "plan", "result", "answer"} <= set(kinds)
    numbers = [event.id for event in events]
    assert numbers == sorted(set(numbers))
    answer = events[-1].data
    assert answer["status"] == "answered"
    assert all("path" not in clip for clip in answer["clips"])

    kept = client.get("/api/v1/sessions/film").json()
    (turn,) = kept["turns"]
    assert events[0].data == {"turn": turn["id"], "request": turn["request"]}
    assert turn["outcome"] == answer
    assert kept["running"] is False
    assert kept["approval"] is None
    assert answer["clips"][0]["id"] in {clip["id"] for clip in kept["clips"]}
    (row,) = client.get("/api/v1/sessions").json()
    assert (row["name"], row["turns"], row["status"], row["running"]) == ("film", 1, "answered", False)
    assert client.delete("/api/v1/sessions/film").status_code == 204
    assert error_of(client.get("/api/v1/sessions/film"), 404)["code"] == "session_unknown"


def test_a_client_that_goes_away_stops_nothing_and_resumes(agents: Agents, serve: Serve) -> None:
    generator = GatedGenerator()
    agent = agents({"*": "gen: a red ball"}, generator=generator)
    client = serve(agent).client
    with streamed(client, "POST", TURNS.format("s"), json={"request": "make a ball", "approve": True}) as events:
        first = [next(events) for _ in range(3)]
    assert generator.started.wait(120)
    state = client.get("/api/v1/sessions/s").json()
    assert state["running"] is True
    assert state["turns"][0]["status"] == "running"

    path = "/api/v1/sessions/s/events"
    with (
        streamed(client, "GET", path, headers={"last-event-id": str(first[-1].id)}) as rest,
        streamed(client, "GET", f"{path}?after={first[0].id}") as second_tab,
        streamed(client, "GET", path) as from_the_start,
    ):
        resumed = [next(rest)]
        assert resumed[0].id > first[-1].id
        generator.go.set()
        resumed += rest
        everything = list(from_the_start)
        assert everything == first + resumed
        assert list(second_tab) == everything[1:]
    assert resumed[-1].event == "done"
    assert resumed[-1].data["status"] == "answered"
    assert len(agent.transcript("s")) == 1

    late = told(client, "GET", f"{path}?after={resumed[-2].id}")
    assert late == resumed[-1:]  # cut off just before the end
    assert [event.event for event in told(client, "GET", f"{path}?after={resumed[-1].id}")] == ["idle"]
    assert [event.event for event in told(client, "GET", path)] == ["idle"]


def test_a_second_turn_is_told_to_wait_and_the_first_can_be_cancelled(agents: Agents, serve: Serve) -> None:
    generator = GatedGenerator()
    agent = agents({"*": "gen: a red ball"}, generator=generator)
    client = serve(agent).client
    body = {"request": "make a ball", "approve": True}
    with streamed(client, "POST", TURNS.format("s"), json=body) as events:
        assert next(events).event == "turn"
        assert generator.started.wait(120)
        for headers in ({}, STREAM):
            again = client.post(TURNS.format("s"), json=body, headers=headers)
            assert error_of(again, 409)["code"] == "session_busy"
        assert client.post("/api/v1/sessions/s/cancel").status_code == 202
        while not next(iter(agent.components.stops._running.values())).is_set():
            pass
        generator.go.set()
        done = list(events)[-1]
    assert done.event == "done"
    assert done.data["status"] == "cancelled"
    assert error_of(client.post("/api/v1/sessions/s/cancel"), 404)["code"] == "session_unknown"


def test_a_turn_that_waits_in_the_queue_can_be_cancelled_too(agents: Agents, serve: Serve) -> None:
    generator = GatedGenerator()
    client = serve(agents({"*": "gen: a red ball"}, generator=generator), workers=1, waiting=1).client
    body = {"request": "make a ball", "approve": True}
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(client.post, TURNS.format("one"), json=body)
        assert generator.started.wait(120)
        second = pool.submit(client.post, TURNS.format("two"), json=body)
        while client.get("/metrics").text.find("gpt4video_queue 1.0") < 0:
            pass
        full = client.post(TURNS.format("three"), json=body)
        assert error_of(full, 503)["code"] == "server_full"
        assert full.headers["retry-after"]
        assert client.post("/api/v1/sessions/two/cancel").status_code == 202
        assert error_of(second.result(), 409)["code"] == "cancelled"
        generator.go.set()
        assert first.result().json()["status"] == "answered"


@pytest.mark.parametrize("stream", [True, False])
def test_approval_with_another_prompt(agents: Agents, serve: Serve, stream: bool) -> None:
    client = serve(agents({"*": "gen: a red ball"})).client
    events = told(client, "POST", TURNS.format("s"), json={"request": "make a ball"})
    assert "approval" in [event.event for event in events]
    assert events[-1].data["status"] == "waiting"
    asked = client.get("/api/v1/sessions/s").json()["approval"]
    assert asked["prompt"] == "a red ball"
    word = {"approved": True, "prompt": 'a "green" ball'}
    if stream:
        approved = told(client, "POST", "/api/v1/sessions/s/approval", json=word)
        assert approved[0].data["request"] == "make a ball"
        answer = approved[-1].data
    else:
        answer = client.post("/api/v1/sessions/s/approval", json=word).json()
    assert answer["status"] == "answered"
    assert 'a "green" ball' in answer["answer"]
    again = client.post("/api/v1/sessions/s/approval", json=word)
    assert error_of(again, 404)["code"] == "session_unknown"


def test_declining_and_cancelling_what_waits(agents: Agents, serve: Serve) -> None:
    client = serve(agents({"*": "gen: a red ball"})).client
    ask(client, "make a ball", "one")
    assert client.post("/api/v1/sessions/one/approval", json={"approved": False}).json()["steps"][0]["status"] == (
        "declined"
    )
    ask(client, "make a ball", "two")
    assert client.post("/api/v1/sessions/two/cancel").status_code == 202
    told(client, "GET", "/api/v1/sessions/two/events")
    assert client.get("/api/v1/sessions/two").json()["approval"] is None


def test_a_refusal_says_why_and_faults_have_their_status(agents: Agents, serve: Serve) -> None:
    client = serve(agents({"*": "say greet"})).client
    blocked = ask(client, f"make a clip of how {UNSAFE}")
    assert blocked["status"] == "blocked"
    assert blocked["answer"]
    path = TURNS.format("s")
    assert error_of(client.post(path, json={"request": " "}), 422)["code"] == "validation"
    assert error_of(client.post(path, json={"request": "x" * 20_001}), 422)["code"] == "validation"
    unknown = client.post(path, json={"request": "hello", "clips": ["/etc/passwd"]}, headers=STREAM)
    assert error_of(unknown, 404)["code"] == "clip_unknown"
    assert error_of(client.post(path, content="{", headers={"content-type": "application/json"}), 422)
    assert error_of(client.post(path, content="request=hi", headers={"content-type": "text/plain"}), 415)
    assert error_of(client.get("/api/v1/nothing"), 404)["code"] == "not_here"
    assert error_of(client.put("/api/v1/sessions"), 405)["code"] == "method_wrong"
    assert client.get("/api/v1/sessions/s").status_code == 404  # none of these began a session


class Meeting(GatedGenerator):
    """Draws only once two generations are under way, which no queue of one could bring about."""

    def __init__(self) -> None:
        super().__init__()
        self.barrier = threading.Barrier(2)

    def generate(self, request: GenerationRequest, progress: Progress = no_progress) -> GeneratedFrames:
        self.barrier.wait(60)
        self.go.set()
        return super().generate(request, progress)


def test_turns_of_two_sessions_run_side_by_side(agents: Agents, serve: Serve) -> None:
    agent = agents(lambda context: f"gen 1s: a {context.request.split()[-1]} ball", generator=Meeting())
    client = serve(agent).client
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask, client, f"make it {one}", one, approve=True) for one in ("red", "blue")]
        for one, answer in zip(("red", "blue"), asked, strict=True):
            assert f"a {one} ball" in answer.result()["answer"]


def fifty(context: PlanContext) -> str:
    number = int(context.request)
    return f"find: the number {number}" if number % 5 else f"edit c1 trim 0 {1 + number / 100:.2f}"


def test_fifty_sessions_at_once_lose_and_cross_nothing(agents: Agents, serve: Serve, models: Components) -> None:
    patient = PolicyChain(models.policies.policies, seconds=600)  # however slow this machine is at that moment
    agent = agents(fifty, policies=patient)
    served = serve(agent)
    (clip, *_others) = [one.id for one in agent.components.library.clips()]
    start = threading.Barrier(50)

    def talk(number: int) -> dict[str, Any]:
        with httpx.Client(base_url=served.address, timeout=300) as client:
            start.wait()
            body = {"request": str(number), "clips": [clip]}
            events = told(client, "POST", TURNS.format(f"n{number}"), json=body)
        assert events[0].data["request"] == str(number)
        assert events[-1].event == "done", events[-1]
        answer: dict[str, Any] = events[-1].data
        assert (answer["thread"], answer["status"]) == (f"n{number}", "answered"), answer
        assert [event.data["steps"] for event in events if event.event == "plan"] == [answer["plan"]], answer
        (step,) = answer["plan"]
        if number % 5:
            assert step["args"]["query"] == f"the number {number}"
        else:
            assert step["args"]["operations"][0]["end"]["offset"] == pytest.approx(1 + number / 100)
            assert answer["clips"][0]["duration"] == pytest.approx(1 + number / 100, abs=0.05)
        return answer

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(talk, range(50)))
    sessions = served.client.get("/api/v1/sessions").json()
    assert {row["name"]: row["status"] for row in sessions} == {f"n{n}": "answered" for n in range(50)}
    for number, answer in enumerate(answers):
        (turn,) = served.client.get(f"/api/v1/sessions/n{number}").json()["turns"]
        assert (turn["request"], turn["outcome"]) == (str(number), answer)
    counted = served.client.get("/metrics").text
    assert 'gpt4video_turns_total{status="answered"} 50.0' in counted
    assert 'gpt4video_step_seconds_count{tool="edit_video"} 10.0' in counted
    assert "gpt4video_running 0.0" in counted
