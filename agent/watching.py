"""What turns do, for whoever runs the assistant: a structured log, and OpenTelemetry spans.

Both come from a turn's events and hold ids, kinds, counts and times; never words of a user, of a clip or of an answer.
The spans go wherever the process has OpenTelemetry send them, and nowhere by default.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from . import events

if TYPE_CHECKING:
    from opentelemetry.trace import Span

LOG = logging.getLogger("gpt4video.turns")
"""Each record's ``told`` is a dictionary: ``turn``, ``conversation``, ``user``, and what the line is about."""


class Watch:
    """Follows one turn, or one part of it between two questions to the user, while it lasts as a context.

    Attributes:
        status: how it ended; ``error`` until that is known.

    Args:
        turn: its id; the parts of one turn have the same.
        conversation: the name of its conversation.
        user: whose it is.
        tools: nodes that run steps; a step tells its own length.
    """

    def __init__(self, turn: str, conversation: str, user: str, tools: Collection[str]) -> None:
        from opentelemetry import trace

        self._ids = {"turn": turn, "conversation": conversation, "user": user}
        self._tools = tools
        self.status = "error"
        self._begun = time.monotonic()
        self._tracer = trace.get_tracer("gpt4video")
        self._whole = self._tracer.start_span("turn", attributes={f"gpt4video.{k}": v for k, v in self._ids.items()})
        self._inside = trace.set_span_in_context(self._whole)
        self._node: Span | None = None
        self._tell("turn begun")

    def __enter__(self) -> Self:
        return self

    def saw(self, event: events.Event) -> events.Event:
        """Note an event of the turn, and give it back."""
        match event:
            case events.NodeStarted() if event.node not in self._tools:
                self._leave_node()
                self._node = self._tracer.start_span(event.node, self._inside)
            case events.VerdictGiven():
                about: dict[str, str | float] = {
                    "stage": event.stage,
                    "policy": event.policy,
                    "action": event.action,
                    "score": event.score,
                }
                (self._node or self._whole).add_event("verdict", about)
                if event.action != "allow":
                    self._tell("verdict", **about)
            case events.PlanMade():
                self._tell("planned", tools=[step["tool"] for step in event.steps])
            case events.StepEnded():
                self._step(event)
            case events.JobEnded():
                self._tell("job ended", job=event.job, status=event.status)
        return event

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._leave_node()
        self._whole.set_attribute("gpt4video.status", self.status)
        if self.status in ("failed", "error"):
            self._fail(self._whole, self.status)
        self._whole.end()
        self._tell("turn ended", status=self.status, seconds=round(time.monotonic() - self._begun, 4))

    def _step(self, event: events.StepEnded) -> None:
        end = time.time_ns()
        span = self._tracer.start_span(
            event.tool,
            self._inside,
            start_time=end - int(event.seconds * 1e9),
            attributes={"gpt4video.step": event.step, "gpt4video.status": event.status},
        )
        if event.status == "failed":
            self._fail(span, event.status)
        span.end(end)
        self._tell("step ended", step=event.step, tool=event.tool, status=event.status, seconds=round(event.seconds, 4))

    def _leave_node(self) -> None:
        if self._node is not None:
            self._node.end()
            self._node = None

    @staticmethod
    def _fail(span: Span, why: str) -> None:
        from opentelemetry.trace import StatusCode

        span.set_status(StatusCode.ERROR, why)

    def _tell(self, what: str, **about: Any) -> None:
        LOG.info(what, extra={"told": {**self._ids, **about}})
