"""Looking at a file without taking it in: what ``gpt4video describe`` prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..tools.media.probe import probe
from ..tools.understanding.compose import compose
from .findings import findings_of
from .taking import look_over

if TYPE_CHECKING:
    from .components import Components


def describe_file(parts: Components, path: Path) -> dict[str, Any]:
    """``{"path", "caption", "labels", "evidence"}`` of a video or picture.

    Raises:
        ToolError: the file cannot be read.
        MediaBlocked: a policy refuses it.
    """
    looked = look_over(parts, probe(path), origin=path, refused="It was not described.")
    found = findings_of(path.name, looked.analysis, looked.heard)
    evidence = found.evidence
    captions = [item.text for item in evidence if item.kind == "caption"]
    labels = dict.fromkeys(item.text for item in evidence if item.kind == "label")
    caption = " ".join(dict.fromkeys(captions)) or compose("", evidence, found.sampling, {path.name: path.name})
    return {
        "path": str(path),
        "caption": caption,
        "labels": list(labels),
        "evidence": [item.model_dump(mode="json") for item in evidence],
    }
