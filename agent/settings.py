"""Settings: what was passed wins, then the environment, then the default."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from .errors import RequestInvalid

MAX_REQUEST = 20_000
"""Characters of a request; more is refused before anything looks at it."""


def resolve_home(home: str | Path | None = None) -> Path:
    """The state folder: the argument, else ``$GPT4VIDEO_HOME``, else ``gpt4video`` in the user's data folder."""
    chosen = home or os.environ.get("GPT4VIDEO_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    root = os.environ.get("XDG_DATA_HOME")
    return (Path(root) if root else Path.home() / ".local" / "share") / "gpt4video"


def _environment(name: str) -> str | None:
    """``$GPT4VIDEO_<NAME>``, read here alone: what holds for every command of a home."""
    return os.environ.get(f"GPT4VIDEO_{name}") or None


def _environment_path(name: str) -> Path | None:
    value = _environment(name)
    return Path(value).expanduser() if value else None


def _environment_list(name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in (_environment(name) or "").split(",") if part.strip())


def _environment_number(name: str, default: float) -> float:
    value = _environment(name)
    try:
        return default if value is None else float(value)
    except ValueError:
        raise RequestInvalid(f"$GPT4VIDEO_{name} is no number: {value!r}.", "Give a number such as 30.") from None


Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Settings(BaseModel):
    """How an assistant is set up.

    Attributes:
        home: state folder: library, memory, checkpoints, audit log.
        models: cache of pinned model files; None is the default cache.
        planner: ``local``; ``openai:BASE_URL#MODEL`` (an OpenAI-compatible server); ``chat:PROVIDER:MODEL`` (any chat
            model of LangChain); ``vlm:DIR_OR_HUB_ID`` (an image-text-to-text model of transformers); or
            ``scripted:FILE`` (a JSON file of requests and their plans). Unless given, ``$GPT4VIDEO_PLANNER``, else
            ``local``; so with the next two.
        viewer: who looks at frames: ``local``, the shipped model; ``planner``, the planner's chat model, which then
            gets pictures; ``off``; or ``auto``: ``planner`` for ``vlm:`` planners, else ``local``.
        generator: ``embedded``, ``double``, or ``diffusers:DIR_OR_HUB_ID``.
        user: owner of clips and conversations; users do not see each other's.
        policy: a policy file of the user's own; None is the shipped one. Unless given, ``$GPT4VIDEO_POLICY``.
        database: ``postgresql://USER:PASSWORD@HOST/DATABASE`` for the library's rows, jobs and conversations, shared
            by several machines (which then need ``files`` too, or one home folder that all of them see); None is
            SQLite in the home folder. Unless given, ``$GPT4VIDEO_DATABASE``.
        files: a URL such as ``s3://BUCKET/PREFIX`` for the clips' files; None is the home folder. Credentials are
            those of the store's client, never part of it. Unless given, ``$GPT4VIDEO_FILES``.
        vectors: ``http://HOST:PORT`` of a Chroma server; None is the home folder. Unless given,
            ``$GPT4VIDEO_VECTORS``.
        tools: tools of one's own, each as ``MODULE:CLASS``. Unless given, ``$GPT4VIDEO_TOOLS``, with commas between.
        speech: who hears what is said in clips without subtitles, where the extra ``speech`` is installed: a folder or
            hub id of a Whisper model in CTranslate2's format, ``off``, or None for the pinned one. Unless given,
            ``$GPT4VIDEO_SPEECH``.
        provenance: whether files that are made carry a signed manifest of what made them. Unless given, true if not
            ``$GPT4VIDEO_PROVENANCE`` is ``off``.
        certificate: a PEM chain to sign with, the signer's own certificate first; None is one that this installation
            makes for itself. Unless given, ``$GPT4VIDEO_CERTIFICATE``.
        certificate_key: the private key of that certificate, PEM. Unless given, ``$GPT4VIDEO_CERTIFICATE_KEY``.
        cache_bytes: what this machine's copies of remote files may take.
        approve_seconds: steps estimated to take longer count as slow, which waits for approval under the shipped
            policy. Unless given, ``$GPT4VIDEO_APPROVE_SECONDS``, else 30.
        approve_price: steps estimated to cost more count as paid, which waits too. Unless given,
            ``$GPT4VIDEO_APPROVE_PRICE``, else 0: whatever costs anything is asked for.
        price_per_second: what the generator costs for a second of video, in the currency of whoever is paid. Unless
            given, ``$GPT4VIDEO_PRICE_PER_SECOND``, else 0.
        price_per_clip: what it costs for each clip besides. Unless given, ``$GPT4VIDEO_PRICE_PER_CLIP``, else 0.
    """

    # A database's address holds a password: neither a printed setting nor an error about one may show it.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    home: Path
    models: Path | None = None
    planner: str = Field(default_factory=lambda: _environment("PLANNER") or "local")
    viewer: str = Field(default_factory=lambda: _environment("VIEWER") or "auto")
    generator: str = Field(default_factory=lambda: _environment("GENERATOR") or "embedded")
    tools: tuple[str, ...] = Field(default_factory=lambda: _environment_list("TOOLS"))
    user: str = "local"
    policy: Path | None = Field(default_factory=lambda: _environment_path("POLICY"))
    database: str | None = Field(default_factory=lambda: _environment("DATABASE"), repr=False)
    files: str | None = Field(default_factory=lambda: _environment("FILES"), repr=False)
    vectors: str | None = Field(default_factory=lambda: _environment("VECTORS"), repr=False)
    speech: str | None = Field(default_factory=lambda: _environment("SPEECH"))
    provenance: bool = Field(default_factory=lambda: _environment("PROVENANCE") != "off")
    certificate: Path | None = Field(default_factory=lambda: _environment_path("CERTIFICATE"))
    certificate_key: Path | None = Field(default_factory=lambda: _environment_path("CERTIFICATE_KEY"))
    cache_bytes: Annotated[int, Field(ge=0)] = 20_000_000_000
    approve_seconds: Amount = Field(default_factory=lambda: _environment_number("APPROVE_SECONDS", 30.0))
    approve_price: Amount = Field(default_factory=lambda: _environment_number("APPROVE_PRICE", 0.0))
    price_per_second: Amount = Field(default_factory=lambda: _environment_number("PRICE_PER_SECOND", 0.0))
    price_per_clip: Amount = Field(default_factory=lambda: _environment_number("PRICE_PER_CLIP", 0.0))
