"""All edits in words: clauses that ask for an operation, with the operation in the plan syntax."""

# fmt: off
from __future__ import annotations

from collections.abc import Callable

from .edit_exports import exported, pictures, thumbnail
from .edit_finish import followed_crop, sound_fade, steady, styled_title
from .edit_pictures import audio, color, crop, resize, rotate, text
from .edit_times import cut, fade, frame, gif, reverse, speed, trim
from .words import Clause, Words

CHAINABLE: list[tuple[float, Callable[[Words], Clause]]] = [
    (6, trim), (3.5, cut), (3, speed), (2.5, reverse), (2, crop), (1.3, resize), (1.8, rotate), (1.8, fade), (3, text),
    (2.5, color), (2.5, audio), (1.6, sound_fade), (1.4, followed_crop), (1.4, steady), (1.8, styled_title),
]
OPERATIONS = [*CHAINABLE, (1.8, frame), (2, gif), (1.2, thumbnail), (1.8, exported), (1.4, pictures)]
ENDS = ("frame", "gif", "thumbnail", "webm", "m4a", "wav", "sheet")
"""How operations begin that yield no clip to go on with; "frame" stands for "frames" too."""


def any_clause(words: Words, *, chain: bool = False) -> Clause:
    """Any operation; in a chain one that yields a video."""
    return words.weighted(CHAINABLE if chain else OPERATIONS)(words)


CONCAT = ["join {x}", "merge {x}", "combine {x}", "put {x} together", "concatenate {x}", "stitch {x} together",
    "glue {x} together", "make one video of {x}", "splice {x}", "append {x} into one", "concat {x}",
    "make a single clip out of {x}", "chain {x} together", "turn {x} into one clip",
    "play {x} one after the other in one video", "edit {x} together", "attach {x} to each other",
    "fuse {x} into one video", "string {x} together", "connect {x}", "assemble {x} into a single video",
    "merge {x} into one"]
