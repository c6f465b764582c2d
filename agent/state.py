"""The state of a conversation and of its current turn.

Everything in it is plain JSON data with a typed shape, so that any checkpointer can store it under strict
msgpack, an older checkpoint can be read by a newer version, and the command line prints it as it is.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

StepStatus = Literal["pending", "done", "failed", "skipped", "declined", "blocked", "cancelled", "background"]


class ClipRow(TypedDict):
    """A clip, or a span of one, under the name it has in this conversation (``c1``, ``c2``, ...)."""

    name: str
    id: str
    about: str
    duration: float
    start: float
    end: float | None


class EstimateRow(TypedDict):
    """What a step will take: seconds, a price, whether that is a guess, and all of it in words."""

    seconds: float
    price: float
    guess: bool
    text: str


class StepRow(TypedDict):
    """A plan step and how it ended. ``outputs`` are clip rows (unnamed until observed).

    The last three are filled in when its turn comes, before anybody is asked: the whole prompt that it would run with,
    its estimate, and why it needs approval (empty if it does not).
    """

    id: str
    tool: str
    args: dict[str, Any]
    status: StepStatus
    seconds: float
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    outputs: list[ClipRow]
    summary: str
    notes: list[str]
    prompt: NotRequired[str]
    estimate: NotRequired[EstimateRow | None]
    asks: NotRequired[str]


class NewsRow(TypedDict):
    """What became of a background job of the conversation, told in the turn after it ended."""

    job: str
    text: str
    step: StepRow


class VerdictRow(TypedDict):
    """A policy's verdict."""

    stage: str
    policy: str
    action: str
    reason: str
    score: float


class PlanRow(TypedDict):
    """The plan: steps as ``{"id", "tool", "args"}``, or words to say."""

    steps: list[dict[str, Any]]
    say: str


def merge_steps(old: list[StepRow] | None, new: list[StepRow | None] | None) -> list[StepRow]:
    """Reducer: rows replace those of the same id, so that steps may run side by side.

    None, alone or as first item, empties the list first.
    """
    kept, added = _emptied(old, new)
    rows = {row["id"]: row for row in kept}
    rows.update({row["id"]: row for row in added})
    return [rows[key] for key in sorted(rows, key=int)]


def append(old: list[Any] | None, new: list[Any] | None) -> list[Any]:
    """Reducer: add to the list. None, alone or as first item, empties it first."""
    kept, added = _emptied(old, new)
    return [*kept, *added]


def together(old: str | None, new: str | None) -> str:
    """Reducer: sentences of steps that ran side by side, each once. None empties it first."""
    if new is None or not old:
        return new or ""
    return old if new in old else f"{old} {new}"


def _emptied(old: list[Any] | None, new: list[Any] | None) -> tuple[list[Any], list[Any]]:
    if new is None:
        return [], []
    return ([], new[1:]) if new and new[0] is None else (old or [], new)


class TurnInput(TypedDict):
    """What starts a turn; ``background``: steps that make something run as jobs, and the turn answers at once."""

    turn: str
    user: str
    request: str
    uploads: list[str]
    background: NotRequired[bool]


class ProjectRow(TypedDict):
    """The project that is open in a conversation, and whether what was done last was done with it."""

    name: str
    latest: bool


class AgentState(TurnInput, total=False):
    """A conversation (the first seven: they last) and its current turn (the rest: reset by each turn).

    ``changes`` holds the names of the clips that each turn made, ``undone`` those groups that were taken back
    and can be had back, ``dropped`` those that cannot, for something was made since;
    ``found`` those of the last search's hits, the best first.
    """

    clips: list[ClipRow]
    history: list[str]
    changes: list[list[str]]
    undone: list[list[str]]
    dropped: list[str]
    project: ProjectRow
    found: list[str]

    plan: PlanRow
    attempts: int
    failures: list[dict[str, str]]
    steps: Annotated[list[StepRow], merge_steps]
    approvals: Annotated[list[str], append]
    verdicts: Annotated[list[VerdictRow], append]
    evidence: Annotated[list[dict[str, Any]], append]
    sampling: Annotated[str, together]
    made: Annotated[list[str], append]
    news: list[NewsRow]
    blocked: bool
    answer: str


class StepInput(AgentState, total=False):
    """What a tool node gets: the state and the step it shall run."""

    step: StepRow
