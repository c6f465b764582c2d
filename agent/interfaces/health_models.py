"""Whether the models that the settings name are there and can be used; nothing is pulled."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from ..errors import ModelUnavailable, PlannerFailed, RequestInvalid
from ..model.artifacts import ArtifactStore
from ..settings import Settings

_WAIT = 3.0
"""Seconds in which a server answers."""


class Note(Exception):
    """Nothing is broken, but the user may want to know."""


def _needed(settings: Settings) -> set[str]:
    """The artifacts that cannot be done without under these settings."""
    names = {"text", "vision", "nsfw", "ocr"}
    looks = settings.viewer == "local" or (settings.viewer == "auto" and not settings.planner.startswith("vlm:"))
    if settings.planner == "local" or looks:
        names.add("llm")
    if settings.speech is None and find_spec("faster_whisper"):
        names.add("speech")
    return names


def model(name: str, settings: Settings) -> str:
    """Whether a pinned artifact lies in the cache, checked against its hashes.

    Raises:
        Note: it does not, and need not under these settings.
        ModelUnavailable: a file is missing or another one.
    """
    store = ArtifactStore(settings.models)
    artifact = store.registry[name]
    if store.is_ready(name):
        return f"{artifact.use}: {artifact.size / 1e6:.0f} MB, checked"
    folder = store.root / name
    state = "; ".join(
        f"{file} {'is not the pinned one' if (folder / file).exists() else 'is missing'}" for file in artifact.files
    )
    if name not in _needed(settings):
        raise Note(f"{artifact.use}: not in the cache, and not needed under these settings")
    raise ModelUnavailable(
        f"{artifact.use}: {state}.", f"Run 'gpt4video models pull {name}', or put the files into {folder}."
    )


def planner(settings: Settings) -> str:
    """The planner's name, once it is made; a server is asked whether it is there. Raises what making it raises."""
    from ..backends import choose_planner
    from ..components import Components

    kind, _, rest = settings.planner.partition(":")
    if kind == "vlm" and rest:
        return _weights(settings.planner, rest)
    if kind == "local" and not ArtifactStore(settings.models).is_ready("llm"):
        raise ModelUnavailable("The model 'llm' is not in the cache.", "Run 'gpt4video models pull llm'.")
    made = choose_planner(Components(settings))
    if kind == "openai":
        _reach(rest.partition("#")[0])
    return made.name


def _reach(url: str) -> None:
    """Ask a server for anything at all; whatever it answers, it is there."""
    import httpx

    try:
        httpx.get(f"{url.rstrip('/')}/models", timeout=_WAIT)
    except httpx.HTTPError as error:
        raise PlannerFailed(f"No server answers at {url} ({error}).", "Start it, or mend the address.") from None


def generator(settings: Settings) -> str:
    """The generator's name, once it is made. Raises what making it raises."""
    from ..backends import choose_generator
    from ..components import Components

    kind, _, rest = settings.generator.partition(":")
    if kind == "embedded" and not ArtifactStore(settings.models).is_ready("text"):
        raise ModelUnavailable("The model 'text' is not in the cache.", "Run 'gpt4video models pull text'.")
    made = choose_generator(Components(settings))
    return _weights(made.name, rest.partition("?")[0]) if kind == "diffusers" else made.name


def _weights(name: str, where: str) -> str:
    """Where the weights of a backend lie; those of a hub cannot be told without pulling them."""
    folder = Path(where).expanduser()
    if folder.is_dir():
        return name
    if where.startswith(("/", ".", "~")) or where.count("/") > 1:
        raise RequestInvalid(f"There is no folder {where}.", "Name the folder that holds the model, or a hub id.")
    raise Note(f"{name}: no folder of that name, so it is pulled from the hub when it is first used")
