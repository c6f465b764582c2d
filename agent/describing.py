"""Looking at a file without taking it in: what ``gpt4video describe`` prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..tools.media.probe import probe
from ..tools.understanding.compose import compose
from .errors import MediaBlocked

if TYPE_CHECKING:
    from .components import Components


def describe_file(parts: Components, path: Path) -> dict[str, Any]:
    """``{"path", "caption", "labels", "evidence"}`` of a video or picture.

    Raises:
        ToolError: the file cannot be read.
        MediaBlocked: a policy refuses it.
    """
    info = probe(path)
    verdicts = parts.judge("media", media=info.path, duration=info.duration)
    blocks = [verdict for verdict in verdicts if verdict["action"] == "block"]
    if blocks:
        raise MediaBlocked(blocks[0]["reason"], "It was not described.")
    analysis = parts.look(info.path)
    evidence = analysis.evidence(path.name)
    captions = [item.text for item in evidence if item.kind == "caption"]
    labels = dict.fromkeys(item.text for item in evidence if item.kind == "label")
    caption = " ".join(dict.fromkeys(captions)) or compose("", evidence, analysis.sampling, {path.name: path.name})
    return {
        "path": str(path),
        "caption": caption,
        "labels": list(labels),
        "evidence": [item.model_dump(mode="json") for item in evidence],
    }
