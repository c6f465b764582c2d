"""Where a server's log and traces go."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_SERVICE = "OTEL_SERVICE_NAME"
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class JsonLines(logging.Formatter):
    """A log record as a line of JSON: ``time``, ``level``, ``logger``, ``message``, and what ``told`` holds."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "told", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


@contextmanager
def telemetry(*, log: bool) -> Iterator[None]:
    """While it lasts, turns are traced where the environment says so, and logged to standard error if ``log``.

    Traces go to the OTLP collector (gRPC) of ``OTEL_EXPORTER_OTLP_ENDPOINT``; other variables of OpenTelemetry count
    as well. What is left is sent at the end.
    """
    from ..watching import LOG

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    provider = _traced() if any(os.environ.get(name) for name in _ENDPOINTS) else None
    if log:
        LOG.addHandler(handler)
        LOG.setLevel(logging.INFO)
        LOG.propagate = False
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        if provider is not None:
            provider.shutdown()


def _traced() -> TracerProvider:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": os.environ.get(_SERVICE) or "gpt4video"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider
