"""The agent's own errors, and one way to report any fault of the four packages.

::

    AgentError
    |-- RequestInvalid     the user must act: empty, too long or unreadable request
    |-- SessionUnknown     the user must act: no such conversation
    |-- SessionBusy        the user must act: another turn runs on this conversation
    |-- JobUnknown         the user must act: no such background job
    |-- SessionUnsaved     the user must act: the conversation cannot be written or read (disk full, file damaged)
    |-- PlannerFailed      the user must act: the planner backend gave nothing usable
    |-- MediaBlocked       the user must act: a policy refuses the video
    `-- ModelUnavailable   the user must act: pinned model files cannot be had
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

Audience = Literal["model", "user", "developer"]


class AgentError(Exception):
    """A fault with a stable code, a message that states it and a remedy."""

    code: ClassVar[str] = "agent_error"
    audience: ClassVar[Audience] = "user"

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message} {remedy}")
        self.message = message
        self.remedy = remedy


class RequestInvalid(AgentError):
    """The request cannot be taken: empty, too long, or not text."""

    code = "request_invalid"


class SessionUnknown(AgentError):
    """There is no such conversation."""

    code = "session_unknown"


class SessionBusy(AgentError):
    """Another turn runs on this conversation."""

    code = "session_busy"


class JobUnknown(AgentError):
    """There is no such background job."""

    code = "job_unknown"


class SessionUnsaved(AgentError):
    """The conversation cannot be written or read."""

    code = "session_unsaved"


class PlannerFailed(AgentError):
    """The planner backend gave nothing usable."""

    code = "planner_failed"


class MediaBlocked(AgentError):
    """A policy refuses to take the video in."""

    code = "media_blocked"


class ModelUnavailable(AgentError):
    """Pinned model files cannot be had."""

    code = "model_unavailable"


class Fault(BaseModel):
    """An error as data: what states, streams and JSON outputs hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    message: str
    remedy: str
    audience: Audience


def fault_of(error: BaseException, culprit: str = "GPT4Video") -> Fault:
    """Any exception as a :class:`Fault`; one without a code is a mistake of the program, and says of which."""
    code = getattr(error, "code", None)
    message = getattr(error, "message", None)
    if isinstance(code, str) and isinstance(message, str):
        return Fault(
            code=code,
            message=message,
            remedy=str(getattr(error, "remedy", "")),
            audience=getattr(error, "audience", "developer"),
        )
    if isinstance(error, MemoryError):
        return Fault(
            code="out_of_memory",
            message="The machine ran out of memory.",
            remedy="Close other programs or use a smaller clip.",
            audience="user",
        )
    return Fault(
        code="internal",
        message=f"{type(error).__name__}: {error}",
        remedy=f"This is a mistake in {culprit}; please report it with the command that led to it.",
        audience="developer",
    )
