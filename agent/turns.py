"""A turn as its caller sees it: its outcome, the question it may ask, and how that is answered."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Literal

from langgraph.types import Command
from pydantic import BaseModel, ConfigDict

from .answers import turn_result
from .consent import Word, with_prompt
from .errors import RequestInvalid
from .nodes import pending_step
from .settings import MAX_REQUEST

if TYPE_CHECKING:
    from .components import Components

Status = Literal["answered", "failed", "blocked", "waiting", "cancelled"]


class Answer(BaseModel):
    """A turn's outcome; ``model_dump()`` without ``status`` and ``approval`` is the documented JSON.

    Attributes:
        status: ``answered``; ``failed`` when nothing that was asked could be done; ``blocked`` by a policy;
            ``cancelled`` by the user; or ``waiting`` for approval of the step in ``approval``.
        approval: the step that waits: ``step``, ``tool``, ``args``, ``reason``, the whole ``prompt`` it would run with,
            and its ``estimate`` (``seconds``, ``price``, ``guess``, ``text``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    thread: str
    answer: str
    blocked: bool
    verdicts: list[dict[str, Any]]
    plan: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    clips: list[dict[str, Any]]
    evidence: list[dict[str, Any]]
    status: Status = "answered"
    approval: dict[str, Any] | None = None


def waiting_of(state: Any) -> dict[str, Any] | None:
    """The first question that a turn asks, if it asks one."""
    return dict(state.interrupts[0].value) if state.interrupts else None


def answer_of(state: Any, thread: str, components: Components) -> Answer:
    """The outcome of a turn from the state that it ended, or waits, in."""
    waiting = waiting_of(state)
    result = turn_result(state.values, thread, components)
    return Answer(**result, status=status_of(state.values, waiting), approval=waiting)


def resumed(waiting: dict[str, Any], word: Word, state: Any) -> Command[Any]:
    """Answer a question that a turn asks; others keep waiting.

    Raises:
        RequestInvalid: the step has no prompt to edit, or this is none.
    """
    answer: dict[str, Any] = {"key": waiting["key"], "approved": word.approved}
    if word.prompt is not None:
        asked = pending_step({"id": waiting["step"], "tool": waiting["tool"], "args": waiting["args"]})
        answer["prompt"] = with_prompt(asked, word.prompt)["prompt"]
    return Command(resume={one.id: answer for one in state.interrupts if one.value["key"] == waiting["key"]})


def status_of(values: dict[str, Any], waiting: object) -> Status:
    """How a turn ended, from its state and the question it asks, if any."""
    if waiting is not None:
        return "waiting"
    if values.get("blocked"):
        return "blocked"
    steps = values.get("steps", [])
    if any(row["status"] == "cancelled" for row in steps):
        return "cancelled"
    unplanned = not steps and bool(values.get("failures"))
    return "failed" if unplanned or any(row["status"] in ("failed", "pending") for row in steps) else "answered"


def ended(turn: Generator[object, None, Answer]) -> Answer:
    """Run a turn to its end, and give what came of it."""
    while True:
        try:
            next(turn)
        except StopIteration as end:
            answer: Answer = end.value
            return answer


def check_request(request: str) -> None:
    """Refuse what is no request at all: empty, too long or not text (``RequestInvalid``)."""
    try:
        request.encode()
    except UnicodeEncodeError:
        raise RequestInvalid(
            "The request holds characters that are not valid text (lone surrogates).", "Type it again as plain text."
        ) from None
    if not request.strip():
        raise RequestInvalid("The request is empty.", "Say what to find, edit, make or explain.")
    if len(request) > MAX_REQUEST:
        raise RequestInvalid(
            f"The request has {len(request)} characters; at most {MAX_REQUEST} are taken.", "Shorten it."
        )
