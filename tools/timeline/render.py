"""A timeline as a video: every item from the originals, all in one graph, so that nothing is encoded twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..base import MediaOutput, Source, ToolContext
from ..editing.operations import Audio, Operation
from ..editing.render import Editor, Part
from ..errors import BadArguments
from ..media.probe import probe
from .model import Item, Timeline


def essence(timeline: Timeline) -> dict[str, Any]:
    """What decides how a timeline looks and sounds, as plain JSON: neither names nor takes that are not shown."""
    return {
        "items": [
            {
                "clip": item.take.clip,
                "start": item.take.start,
                "end": item.take.end,
                "operations": [operation.model_dump(mode="json") for operation in item.operations],
                "crossfade": item.crossfade if place else 0.0,
                "sound": None if item.sound is None else _reference(item.sound.clip, item.sound.start, item.sound.end),
            }
            for place, item in enumerate(timeline.items)
        ]
    }


def render(timeline: Timeline, context: ToolContext, name: str, luts: Path | None = None) -> MediaOutput:
    """Write the timeline into the work folder; ``luts`` is the folder of colour tables.

    Raises:
        BadArguments: it is empty, or an item's operations do not fit what it shows.
        ToolError: as editing does; no file is left then.
    """
    if not timeline.items:
        raise BadArguments("The timeline is empty.", "Insert a clip first.")
    parts = [
        Part(_source(item, context), _operations(item, context), item.crossfade if place else 0.0)
        for place, item in enumerate(timeline.items)
    ]
    editor = Editor(context.workdir, context.sources, lambda done: context.progress(done, "rendering"), luts=luts)
    output = editor.assemble(parts)
    return output.model_copy(update={"operation": "render", "arguments": {"project": name, **essence(timeline)}})


def _source(item: Item, context: ToolContext) -> Source:
    (whole,) = context.sources(item.take.clip)
    return whole.model_copy(update={"start": item.take.start, "end": item.take.end})


def _operations(item: Item, context: ToolContext) -> list[Operation]:
    """The item's operations, and its borrowed sound where the clip it comes from has any."""
    if item.sound is None:
        return list(item.operations)
    (lender,) = context.sources(item.sound.clip)
    if not probe(lender.path).has_audio:
        return list(item.operations)
    source = _reference(item.sound.clip, item.sound.start, item.sound.end)
    return [*item.operations, Audio(action="replace", source=source)]


def _reference(clip: str, start: float, end: float) -> str:
    return f"{clip}@{start:.6f}-{end:.6f}"
