"""The tool ``edit_video``."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from ..base import Cost, Effect, Made, Tool, ToolContext
from ..errors import BadArguments
from ..media.limits import DEFAULT_LIMITS, MediaLimits
from .luts import Luts
from .operations import EditArguments
from .render import Editor

MOST_CLIPS = 32


class EditVideo(Tool[EditArguments, Made]):
    """Edits clips exactly to the frame; the originals stay as they are."""

    name: ClassVar[str] = "edit_video"
    description: ClassVar[str] = (
        "Edit clips: trim, cut, concat, speed, reverse, crop, resize, rotate, fade, text, color, audio, "
        "stabilise, extract. "
        "Operations are carried out in order; several clips are edited one by one unless concat joins them."
    )
    cost: ClassVar[Cost] = "free"
    effect: ClassVar[Effect] = "writes"
    arguments = EditArguments
    result = Made

    def __init__(self, limits: MediaLimits = DEFAULT_LIMITS, luts: Path | None = None) -> None:
        """``luts`` is the folder of colour tables."""
        self._limits = limits
        self._luts = luts

    def revision(self, arguments: EditArguments) -> str:
        """Which contents the named colour tables have. Raises ``BadArguments`` or ``LutUnusable``."""
        return Luts(self._luts).revision(arguments.operations)

    def run(self, arguments: EditArguments, context: ToolContext) -> Made:
        """Carry out the operations. Raises ``BadArguments`` before anything is written."""
        sources = [source for reference in arguments.clips for source in context.sources(reference)]
        if not sources:
            raise BadArguments("There is no clip to edit.", "Name at least one clip.")
        if len(sources) > MOST_CLIPS:
            raise BadArguments(f"{len(sources)} clips are too many for one step.", f"Name at most {MOST_CLIPS}.")
        editor = Editor(
            context.workdir,
            context.sources,
            lambda done: context.progress(done, "rendering"),
            self._limits,
            self._luts,
        )
        return Made(outputs=editor.edit(sources, arguments.operations))
