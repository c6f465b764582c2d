"""Settings: what was passed wins, then the environment, then the default."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict

MAX_REQUEST = 20_000
"""Characters of a request; more is refused before anything looks at it."""


def resolve_home(home: str | Path | None = None) -> Path:
    """The state folder: the argument, else ``$GPT4VIDEO_HOME``, else ``gpt4video`` in the user's data folder."""
    chosen = home or os.environ.get("GPT4VIDEO_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    root = os.environ.get("XDG_DATA_HOME")
    return (Path(root) if root else Path.home() / ".local" / "share") / "gpt4video"


class Settings(BaseModel):
    """How an assistant is set up.

    Attributes:
        home: state folder: library, memory, checkpoints, audit log.
        models: cache of pinned model files; None is the default cache.
        planner: ``local``; ``openai:BASE_URL#MODEL`` (an OpenAI-compatible server); ``chat:PROVIDER:MODEL`` (any chat
            model of LangChain); ``vlm:DIR_OR_HUB_ID`` (an image-text-to-text model of transformers); or
            ``scripted:FILE`` (a JSON file of requests and their plans).
        viewer: who looks at frames: ``local``, the shipped model; ``planner``, the planner's chat model, which then
            gets pictures; ``off``; or ``auto``: ``planner`` for ``vlm:`` planners, else ``local``.
        generator: ``embedded``, ``double``, or ``diffusers:DIR_OR_HUB_ID``.
        user: owner of clips and conversations; users do not see each other's.
        policy: a policy file of the user's own; None is the shipped one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: Path
    models: Path | None = None
    planner: str = "local"
    viewer: str = "auto"
    generator: str = "embedded"
    user: str = "local"
    policy: Path | None = None
