"""What a manifest says: actions and ingredients as the C2PA specification (2.x) has them, model, prompt hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

AGENT: Final = "GPT4Video"
PREFIX: Final = "org.gpt4video."
"""Begins the names of parameters that are not the standard's."""
_SOURCE_TYPES: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"

_ACTIONS: Final = {
    "trim": "c2pa.trimmed",
    "crop": "c2pa.cropped",
    "resize": "c2pa.resized",
    "rotate": "c2pa.orientation",
    "speed": "c2pa.changedSpeed",
    "text": "c2pa.addedText",
    "color": "c2pa.adjustedColor",
}
"""What the standard has a name for; anything else is ``c2pa.edited`` with its operation as a parameter."""

_WORDS: Final = {"op", "aspect", "turn", "effect", "action", "what", "position"}
"""Arguments whose text is one of a few words. Other text may be a person's and stays out of the manifest."""


@dataclass(frozen=True)
class Ingredient:
    """A file that a new one was made from.

    Attributes:
        path: the file; a manifest of its own is carried along.
        title: how the manifest names it, such as the library id: never a person's file name.
    """

    path: Path
    title: str


def software() -> dict[str, str]:
    """Name and version of this program."""
    try:
        return {"name": AGENT, "version": version("gpt4video")}
    except PackageNotFoundError:  # run from a tree that is not installed
        return {"name": AGENT, "version": "unknown"}


def prompt_hash(prompt: str) -> str:
    """SHA-256 of the prompt as UTF-8, in hex."""
    return hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()


def relationships(action: str, count: int) -> list[str]:
    """What each of ``count`` ingredients is to the file: input of a model, the edited parent, or a part put in."""
    if action == "generate":
        return ["inputTo"] * count
    return ["parentOf", *["componentOf"] * (count - 1)][:count]


def actions(
    action: str, count: int, *, model: str = "", prompt: str = "", arguments: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The actions of a file made from ``count`` ingredients; they are referred to as ``0``, ``1``, ..."""
    arguments = arguments or {}
    common = {"softwareAgent": software(), "when": datetime.now(UTC).isoformat(timespec="seconds")}
    if action == "generate" or not count:
        own = {"operation": action, "model": model, "prompt.sha256": prompt_hash(prompt) if prompt else ""}
        parameters = _named({**own, "arguments": _without_text(arguments)})
        if count:
            parameters["ingredientIds"] = [str(index) for index in range(count)]
        source = _SOURCE_TYPES + ("trainedAlgorithmicMedia" if action == "generate" else "digitalCreation")
        created = {"action": "c2pa.created", "digitalSourceType": source, "parameters": parameters}
        return [{**created, **common}]
    begun = ["c2pa.opened", *["c2pa.placed"] * (count - 1)]
    made = [{"action": name, "parameters": {"ingredientIds": [str(at)]}, **common} for at, name in enumerate(begun)]
    operations = [each for each in arguments.get("operations") or () if isinstance(each, Mapping)]
    return made + [{**_edit(operation), **common} for operation in operations or [{"op": action}]]


def _edit(operation: Mapping[str, Any]) -> dict[str, Any]:
    name = str(operation.get("op", "edit"))
    known = {key: value for key, value in _without_text(operation).items() if key != "op"}
    parameters = _named({"operation": name, "arguments": known})
    return {"action": _ACTIONS.get(name, "c2pa.edited"), "parameters": parameters}


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    return {PREFIX + key: value for key, value in values.items() if value}


def _without_text(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers, and words of a fixed vocabulary: no prompt, no title, no text that a person wrote."""
    kept: dict[str, Any] = {}
    for key, value in arguments.items():
        if isinstance(value, bool | int | float) or (isinstance(value, str) and key in _WORDS):
            kept[key] = value
        elif isinstance(value, Mapping):
            kept[key] = _without_text(value)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            kept[key] = [_without_text(item) for item in value if isinstance(item, Mapping)]
    return {key: value for key, value in kept.items() if value not in ({}, [])}
