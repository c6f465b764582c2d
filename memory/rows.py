"""The rows that the clip memory keeps of a shot: its picture, its lines by meaning, and its lines by their words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from .embedder import TextEmbedder
from .library import Clip
from .moments import Line, ShotRecord, color_key
from .projection import Projection
from .text import plain
from .vectors import Row, Value
from .words import word_vectors, words_of

SHAPE: Final = "3"
"""Of the rows; another shape starts afresh, as another model does."""
EXACT: Final = ("text", "speech")
"""Kinds of lines that are searched by their very words, too."""
_LINES: Final = 32
_LONGEST: Final = 500


def picture_rows(clip: Clip, shots: Sequence[ShotRecord], projection: Projection) -> list[Row]:
    """A row a shot that has a picture; raises ``ModelUnusable`` for features that are none."""
    seen = [(shot, shot.features) for shot in shots if shot.features is not None]
    if not seen:
        return []
    vectors = projection.images(np.stack([features for _, features in seen]))
    return [
        Row(shot_name(clip.id, shot), vector, shot_metadata(clip, shot))
        for (shot, _), vector in zip(seen, vectors, strict=True)
    ]


def line_rows(clip: Clip, shots: Sequence[ShotRecord], embedder: TextEmbedder) -> tuple[list[Row], list[Row]]:
    """Rows by meaning and rows by words, one a line: one for everything would be near to nothing in particular."""
    told = [
        (f"{shot_name(clip.id, shot)}:{number}", line, _line_metadata(clip, shot, line))
        for shot in shots
        for number, line in enumerate(distinct_lines(shot.lines))
    ]
    exact = [one for one in told if one[1].kind in EXACT]
    meanings = embedder.embed_texts([line.text for _, line, _ in told])
    words = word_vectors([words_of(line.text) for _, line, _ in exact])
    return (
        [Row(name, vector, metadata) for (name, _, metadata), vector in zip(told, meanings, strict=True)],
        [Row(name, vector, metadata) for (name, _, metadata), vector in zip(exact, words, strict=True)],
    )


def _line_metadata(clip: Clip, shot: ShotRecord, line: Line) -> dict[str, Value]:
    told: dict[str, Value] = {"kind": line.kind, "line": line.text, "from": line.start, "until": line.end}
    return {**shot_metadata(clip, shot), **told}


def shot_name(clip: str, shot: ShotRecord) -> str:
    """Names a shot within its user's collections."""
    return f"{clip}:{shot.start:.3f}-{shot.end:.3f}"


def shot_metadata(clip: Clip, shot: ShotRecord) -> dict[str, Value]:
    """What is kept beside every vector of a shot: scalars alone, because filters work on nothing else."""
    lines = distinct_lines(shot.lines)
    return {
        "shot": shot_name(clip.id, shot),
        "clip": clip.id,
        "start": float(shot.start),
        "end": float(shot.end),
        "length": float(shot.end - shot.start),
        "duration": float(clip.duration),
        "added": float(clip.added),
        "operation": plain(clip.operation),
        "made": clip.operation != "upload",
        "has_speech": any(line.kind == "speech" for line in lines),
        "text": "; ".join(line.text for line in lines),
        "labels": "; ".join(line.text for line in lines if line.kind == "label"),
        **{color_key(color): True for color in shot.colors},
    }


def distinct_lines(lines: Sequence[Line]) -> list[Line]:
    """Lines that say something, each once, so many at most, as stores can hold them."""
    kept: dict[tuple[str, str], Line] = {}
    for line in lines:
        text = " ".join(plain(line.text).split())[:_LONGEST]
        if text:
            kept.setdefault((line.kind, text), Line(line.kind, text, float(line.start), float(line.end)))
    return list(kept.values())[:_LINES]
