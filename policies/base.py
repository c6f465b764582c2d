"""What a policy is: it judges a subject and returns a verdict. A guardrail returns data; it never raises."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

Stage = Literal["input", "plan", "prompt", "media", "output"]
Action = Literal["allow", "rewrite", "block"]


class PolicyModel(BaseModel):
    """Base of subjects and verdicts: unknown fields are an error, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StepSummary(PolicyModel):
    """A plan step as policies see it: plain values, no agent types."""

    id: str
    tool: str
    cost: str
    effect: str
    arguments: dict[str, object] = {}


class Subject(PolicyModel):
    """What is judged.

    Attributes:
        stage: where in the turn: the user's input, the plan, a prompt for a generator, media, or the answer.
        text: the words to judge (input, prompt, output), references resolved.
        history: the user's recent turns, oldest first, for harm that is split over turns.
        steps: the plan (stage ``plan``).
        media: a video or image file to judge (stage ``media``).
        generated: whether the media comes from a generator (scanned frame by frame).
        duration: of the media, seconds; long media may take long to judge.
    """

    stage: Stage
    text: str = ""
    history: list[str] = []
    steps: list[StepSummary] = []
    media: Path | None = None
    generated: bool = False
    duration: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class Verdict(PolicyModel):
    """The judgement: allow, rewrite (to ``text``) or block, by which policy, why and how sure.

    Attributes:
        score: 0 (harmless) to 1 (certainly not); 1 when a policy failed and so blocked.
    """

    stage: Stage
    policy: str
    action: Action
    reason: str
    score: Annotated[float, Field(ge=0, le=1)] = 0.0
    category: str = ""
    text: str = ""


class Policy(Protocol):
    """Judges the stages it names. May raise or hang: the chain turns both into a block (fail closed)."""

    name: ClassVar[str]
    stages: ClassVar[frozenset[Stage]]

    def judge(self, subject: Subject) -> Verdict:
        """Judge one subject."""
        ...
