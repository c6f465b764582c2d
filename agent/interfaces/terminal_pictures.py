"""Thumbnails of clips: a contact strip of a clip, and what an answer made and saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .console import err, out

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..assistant import VideoAgent
    from ..turns import Answer
    from .terminal_graphics import Protocol

_HEIGHT = 96
"""Pixels of a thumbnail's longer side; a strip of six is as wide as a common terminal."""
_FRAMES = 6
_COLUMNS = 72
_MOST = 4
"""Evidence that is shown; the answer names all of it."""


class Gallery:
    """Shows pictures of an agent's clips on standard output, in the way its terminal can; nothing where it cannot."""

    def __init__(self, opened: VideoAgent) -> None:
        from .terminal_graphics import protocol_of

        self._opened = opened
        self.protocol: Protocol = protocol_of(out())

    def strip(self, clip: str, start: float = 0.0, end: float | None = None, count: int = _FRAMES) -> None:
        """Draw ``count`` frames, evenly spread over a clip or span of it (seconds), side by side.

        Raises:
            ToolError, LibraryError: the clip cannot be read.
        """
        self._draw(self._frames(clip, start, end, count), count)

    def answer(self, answer: Answer) -> None:
        """Draw what a turn made, a strip a clip, and the middles of the spans that its evidence names."""
        from ...memory.errors import LibraryError
        from ...tools.errors import ToolError

        if self.protocol == "none":
            return
        try:
            for clip in answer.clips[:_MOST]:
                self.strip(clip["id"])
            seen = [one for span in _spans(answer.evidence)[:_MOST] for one in self._frames(*span, 1)]
            self._draw(seen, _MOST)
        except (LibraryError, ToolError) as error:  # the answer stands; only its pictures are missing
            err().print(f"No pictures: {error}", markup=False, style="dim")

    def _frames(self, clip: str, start: float, end: float | None, count: int) -> list[Image]:
        from PIL import Image

        from ...tools.base import Source
        from ..frames import spread

        path = self._opened.components.library.local(clip, user=self._opened.settings.user)
        source = Source(clip=clip, path=path, start=start, end=end)
        return [Image.fromarray(frame) for frame in spread(source, count, _HEIGHT).images]

    def _draw(self, frames: list[Image], places: int) -> None:
        """Frames side by side, as wide as their share of ``places``."""
        from .terminal_graphics import show

        if frames:
            show(out(), _joined(frames), self.protocol, columns=_COLUMNS * len(frames) // places)


def _joined(frames: list[Image]) -> Image:
    from PIL import Image

    strip = Image.new("RGB", (sum(frame.width for frame in frames), max(frame.height for frame in frames)))
    left = 0
    for frame in frames:
        strip.paste(frame, (left, 0))
        left += frame.width
    return strip


def _spans(evidence: list[dict[str, Any]]) -> list[tuple[str, float, float]]:
    """The spans that evidence names, each once, in its order."""
    return list(dict.fromkeys((row["clip"], row["start"], row["end"]) for row in evidence))
