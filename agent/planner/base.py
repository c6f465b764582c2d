"""What a planner is: it turns a request into a plan, and results into an answer."""

from __future__ import annotations

from typing import Protocol

from pydantic import BaseModel, ConfigDict

from ...tools.understanding.arguments import Evidence
from .plan import Plan


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClipEntry(_Model):
    """A clip of the conversation as the planner sees it: never a path, never text from outside.

    Attributes:
        name: ``c1``, ``c2``, ... in order of appearance; the last is the newest.
        about: what made it, from our own vocabulary: ``upload``, ``search hit``, or an operation with the clip it
            came from (``trim of c1``, ``generated like c2``).
        duration: seconds.
    """

    name: str
    about: str = "upload"
    duration: float


class Failure(_Model):
    """A step that failed with a recoverable error, handed back for a new plan."""

    step: str
    code: str
    message: str


class PlanContext(_Model):
    """All a planner gets to see when planning: the user's words and typed data, nothing that a clip says.

    Attributes:
        request: the user's message, with a clip's name in place of an "it" that is not the last clip.
        said: the same in the user's own words, if it differs.
        history: the user's earlier messages, oldest first (a few).
        clips: the conversation's clips, oldest first.
        failures: what went wrong with the last plan.
        project: the open project's name and items, for planners that can give orders.
        orders: wordings of custom tools, likewise.
    """

    request: str
    said: str = ""
    history: list[str] = []
    clips: list[ClipEntry] = []
    failures: list[Failure] = []
    project: str = ""
    orders: list[str] = []


class StepOutcome(_Model):
    """How a step ended, in plain typed values, for the answer.

    Attributes:
        summary: one sentence from the tool's typed result ("made c3 (1.0 s): trim of c1").
    """

    id: str
    tool: str
    ok: bool
    summary: str
    notes: list[str] = []


class RespondContext(_Model):
    """All a planner gets to see when answering: the request and the results."""

    request: str
    outcomes: list[StepOutcome]
    evidence: list[Evidence] = []
    sampling: str = ""
    names: dict[str, str] = {}


class Planner(Protocol):
    """Backends: ``local``, ``scripted``, and ``chat`` for chat models and servers."""

    @property
    def name(self) -> str:
        """Backend and model revision, recorded with every plan."""
        ...

    def plan(self, context: PlanContext) -> Plan:
        """Request -> plan. The plan may still be invalid; the caller validates it whole."""
        ...

    def respond(self, context: RespondContext) -> str:
        """Results -> answer, claiming nothing that the results do not hold."""
        ...
