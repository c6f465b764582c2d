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


class StepEstimated(_Event):
    """A step is about to start; ``text`` says what it will take ("about 40 s")."""

    type: Literal["estimate"] = "estimate"
    step: str
    tool: str
    seconds: float
    price: float
    guess: bool
    text: str


class JobEnded(_Event):
    """A background job of this conversation has ended since the turn before."""

    type: Literal["job"] = "job"
    job: str
    status: str
    summary: str
    clips: list[str]


class StepEnded(_Event):
    """A step ended, well or with an error."""

    type: Literal["result"] = "result"
    step: str
    tool: str
    status: str
    summary: str
    seconds: float


class ApprovalNeeded(_Event):
    """The turn waits for the user's word on a step: yes, no, or another prompt than the one it would run with."""

    type: Literal["approval"] = "approval"
    step: str
    tool: str
    args: dict[str, Any]
    reason: str
    prompt: str = ""
    estimate: dict[str, Any] | None = None


class Answered(_Event):
    """The turn's answer."""

    type: Literal["answer"] = "answer"
    text: str
    blocked: bool


Event: TypeAlias = Annotated[
    NodeStarted
    | VerdictGiven
    | PlanMade
    | StepEstimated
    | StepProgress
    | StepEnded
    | JobEnded
    | ApprovalNeeded
    | Answered,
    Field(discriminator="type"),
]

EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
