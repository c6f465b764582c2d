"""Arguments of ``generate_video``: what plans hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..base import ClipRef, ToolModel


class GenerateArguments(ToolModel):
    """Make a new clip from a prompt, alone or "like" an existing clip.

    Attributes:
        prompt: what to show. With ``like``: what shall differ ("at night"); the agent joins it with the
            description of that clip into the full prompt, which policies judge before anything runs.
        like: the clip to resemble, if any.
        seconds: length; None is the backend's default.
        seed: None draws one, which is recorded.
        exact: the prompt is whole, as its user wrote it: nothing is joined with it or taken from it.
    """

    prompt: Annotated[str, Field(min_length=1, max_length=500)]
    like: ClipRef | None = None
    seconds: Annotated[float, Field(gt=0, le=60)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    exact: Literal[True] | None = None
