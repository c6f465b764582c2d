"""Bodies of requests and responses that several routes share."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from ....memory.clips import Clip
from ....memory.conversations import Turn
from ...settings import MAX_REQUEST

SessionName: TypeAlias = Annotated[
    str, Path(min_length=1, max_length=200, pattern=r"\S", description="The conversation.", examples=["default"])
]
ClipId: TypeAlias = Annotated[
    str, Path(max_length=64, description="Id of a clip, or what only one begins with.", examples=["91028f9d6c72cc81"])
]
Many: TypeAlias = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
From: TypeAlias = Annotated[int, Query(ge=0, le=1_000_000_000, description="How many to leave out first.")]


class Strict(BaseModel):
    """A body; what is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class Asked(Strict):
    """A request to the assistant."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"request": "find the shot with the bicycle"}}
    )

    request: Annotated[str, Field(min_length=1, max_length=MAX_REQUEST, pattern=r"\S")]
    clips: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=32)] = []
    background: bool = False
    approve: bool = False


class Approval(Strict):
    """The user's word on a step that waits."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"approved": True}})

    approved: bool
    prompt: Annotated[str | None, Field(min_length=1, max_length=500)] = None


class SessionRow(Strict):
    """A conversation in the list of them; times in seconds since 1970."""

    name: str
    title: str
    begun: float
    last: float
    turns: int
    status: str
    running: bool


class SessionClip(Strict):
    """A clip as a conversation calls it; seconds."""

    name: str
    id: str
    about: str
    duration: float
    start: float
    end: float | None


class SessionBody(Strict):
    """A conversation: its turns (``outcome`` as what a turn answers), its clips, what runs and what it asks."""

    name: str
    turns: list[Turn]
    clips: list[SessionClip]
    running: bool
    approval: dict[str, Any] | None


class ClipBody(Strict):
    """A clip of the library; seconds, pixels, frames a second, bytes; added in seconds since 1970."""

    id: str
    title: str
    duration: float
    width: int
    height: int
    fps: float
    has_audio: bool
    bytes: int
    added: float
    operation: str
    parents: list[str]
    origin: Literal["upload", "made"]
    status: Literal["stored", "ready"]


class JobBody(Strict):
    """A background job; times in seconds since 1970."""

    id: str
    status: str
    alive: bool
    fraction: float
    note: str
    created: float
    beat: float
    tool: str
    request: str
    prompt: str
    estimate: dict[str, Any] | None
    clips: list[str]
    error: dict[str, Any] | None


def clip_body(clip: Clip) -> ClipBody:
    """A clip as clients see it: without its place on this machine."""
    origin: Literal["upload", "made"] = "upload" if clip.operation == "upload" else "made"
    return ClipBody(origin=origin, **clip.model_dump(include=set(ClipBody.model_fields) - {"origin"}))


def public(value: Any) -> Any:
    """JSON data without places on this machine (``path``)."""
    if isinstance(value, dict):
        return {key: public(inner) for key, inner in value.items() if key != "path"}
    return [public(inner) for inner in value] if isinstance(value, list) else value
