"""A served turn in the log and at a collector of traces."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

from .http_server import TURNS

pytestmark = pytest.mark.server


class Collector(TraceServiceServicer):
    """Keeps the spans that it is sent."""

    def __init__(self) -> None:
        self.spans: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Take spans."""
        for resource in request.resource_spans:
            (service,) = [one.value.string_value for one in resource.resource.attributes if one.key == "service.name"]
            for scope in resource.scope_spans:
                if scope.scope.name != "gpt4video":  # FastAPI tells its requests as well
                    continue
                for span in scope.spans:
                    self.spans.put((service, span))
        return ExportTraceServiceResponse()


@contextmanager
def collecting() -> Iterator[tuple[Collector, str]]:
    """A collector, and where it is."""
    server, collector = grpc.server(ThreadPoolExecutor(2)), Collector()
    add_TraceServiceServicer_to_server(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield collector, f"http://127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def test_a_turn_is_logged_and_traced_without_its_words(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text(json.dumps({"*": "gen 1s: a silver submarine"}))
    command = [
        str(Path(sys.executable).parent / "gpt4video"), "serve", "--port", "0", "--log-json",
        "--home", str(tmp_path / "home"), "--planner", f"scripted:{tmp_path / 'script.json'}",
        "--generator", "double", "--viewer", "off",
    ]  # fmt: skip
    with collecting() as (collector, endpoint):
        environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_SERVICE_NAME": "films"}
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stderr is not None
            address = process.stderr.readline().split()[-1]
            with httpx.Client(base_url=address, timeout=120) as client:
                body = {"request": "make a silver submarine", "approve": True}
                answer = client.post(TURNS.format("dives"), json=body).json()
            assert answer["status"] == "answered", answer
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=60)
        sent = [collector.spans.get_nowait() for _ in range(collector.spans.qsize())]

    assert "submarine" not in told
    lines = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert [line["message"] for line in lines] == ["turn begun", "planned", "step ended", "turn ended"]
    assert len({line["turn"] for line in lines}) == 1
    assert {line["conversation"] for line in lines} == {"dives"}
    assert (lines[2]["tool"], lines[2]["status"], lines[3]["status"]) == ("generate_video", "done", "answered")

    assert {service for service, _ in sent} == {"films"}
    assert "submarine" not in str(sent)
    spans = {span.name: span for _, span in sent}
    nodes = {"guard_input", "recall", "plan", "guard_plan", "respond", "guard_output"}
    assert set(spans) == {"turn", "generate_video", *nodes}
    whole = spans.pop("turn")
    attributes = {one.key: one.value.string_value for one in whole.attributes}
    assert (attributes["gpt4video.turn"], attributes["gpt4video.status"]) == (lines[0]["turn"], "answered")
    for span in spans.values():
        assert span.parent_span_id == whole.span_id
        assert whole.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
        assert span.end_time_unix_nano <= whole.end_time_unix_nano
    step = spans["generate_video"]
    assert step.end_time_unix_nano - step.start_time_unix_nano == pytest.approx(lines[2]["seconds"] * 1e9, abs=1e6)
