"""What a running turn reports, as typed data: the same events for terminal, API and tests."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NodeStarted(_Event):
    """A node of the state machine began."""

    type: Literal["node"] = "node"
    node: str


class VerdictGiven(_Event):
    """A policy judged something."""

    type: Literal["verdict"] = "verdict"
    stage: str
    policy: str
    action: str
    reason: str
    score: float


class PlanMade(_Event):
    """The planner made a plan, or decided to say something instead."""

    type: Literal["plan"] = "plan"
    steps: list[dict[str, Any]]
    say: str


class StepProgress(_Event):
    """A step goes on; ``fraction`` runs from 0 to 1."""

    type: Literal["progress"] = "progress"
    step: str
    tool: str
    fraction: float
    note: str = ""


class StepEnded(_Event):
    """A step ended, well or with an error."""

    type: Literal["result"] = "result"
    step: str
    tool: str
    status: str
    summary: str
    seconds: float


class ApprovalNeeded(_Event):
    """The turn waits for the user's word on a step."""

    type: Literal["approval"] = "approval"
    step: str
    tool: str
    args: dict[str, Any]
    reason: str


class Answered(_Event):
    """The turn's answer."""

    type: Literal["answer"] = "answer"
    text: str
    blocked: bool


Event: TypeAlias = Annotated[
    NodeStarted | VerdictGiven | PlanMade | StepProgress | StepEnded | ApprovalNeeded | Answered,
    Field(discriminator="type"),
]

EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
