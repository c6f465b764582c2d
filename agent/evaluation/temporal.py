"""Questions about order and direction, put to real video files and answered as a user would get the answer.

``gpt4video eval temporal --data DIR``: dev photos (layout of :mod:`gpt4video.agent.training.see_data`) are stitched,
or a camera moves over them; shapes are drawn that move. Each becomes an mp4 of two seconds, is looked at by
``understand_video``, and the words of the composed answer are judged.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...tools.base import Source
from ...tools.understanding.arguments import UnderstandArguments
from ...tools.understanding.compose import compose
from ...tools.understanding.tool import UnderstandVideo
from ..training.drawn_clips import draw_clip
from ..training.see_data import CAMERA_QUESTION, SHAPE_QUESTION, read_captions, read_split
from ..training.see_features import CAMERA, camera_boxes, crop, load_photos
from .see import scene_pairs

if TYPE_CHECKING:
    from ..components import Components

_SEED = 77
_FPS = 24.0
_FRAMES = 48
_SIDE = 224
_CAMERA_SAID = {
    "left": r"camera pans left", "right": r"camera pans right", "up": r"camera tilts up", "down": r"camera tilts down",
    "in": r"camera zooms in", "out": r"camera zooms out", "still": r"camera is (still|shaky)",
}  # fmt: skip
_SHAPE_SAID = {
    "left": r"to the left", "right": r"to the right", "up": r"upwards", "down": r"downwards", "still": r"nothing moves",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A clip (T, H, W, 3), a question about it, and what a right answer says (a pattern)."""

    kind: str
    frames: NDArray[np.uint8]
    question: str
    said: str


def cases(data: Path, each: int) -> Iterator[Case]:
    """``each`` clips of every kind, the same on every run: two scenes, a moving camera, a moving shape."""
    photos = read_split(data, "dev", read_captions(data))
    images = load_photos(data / "images", [photo.name for photo in photos])
    rng, dice = random.Random(_SEED), np.random.default_rng(_SEED)
    place = {photo.name: number for number, photo in enumerate(photos)}
    for first, second, asked in scene_pairs(photos, each, rng):
        cut = rng.randint(_FRAMES // 4, _FRAMES - _FRAMES // 4)
        shown = images[[place[first.name]] * cut + [place[second.name]] * (_FRAMES - cut)]
        yield Case(
            "order", shown.permute(0, 2, 3, 1).numpy(), asked.question, rf"{re.escape(asked.answer)} comes first"
        )
    for number in range(each):
        kind = list(CAMERA)[number % len(CAMERA)]
        picture = images[rng.randrange(len(images))].float()
        windows = crop(picture.expand(_FRAMES, -1, -1, -1), camera_boxes(kind, _FRAMES, dice))
        frames = windows.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
        yield Case("camera", frames, rng.choice(CAMERA_QUESTION), _CAMERA_SAID[kind])
    for number in range(each):
        back = images[rng.randrange(len(images))].permute(1, 2, 0).numpy() if number % 3 == 0 else None
        clip = draw_clip(dice, _FRAMES, _SIDE, back)
        yield Case("shape", clip.frames, rng.choice(SHAPE_QUESTION).format(s=clip.shape), _SHAPE_SAID[clip.direction])


def evaluate(
    parts: Components, cases: Iterator[Case], done: Callable[[int], None] = lambda _count: None
) -> dict[str, Any]:
    """Share of right answers in all and by kind; ``misses`` hold question, pattern and answer."""
    from ...tools.understanding.analysis import analyse
    from ..findings import Findings
    from ..seeing import answered

    def look(source: Source) -> Findings:
        found = analyse(source.path, parts.encoder)
        return Findings(evidence=found.evidence(source.clip), sampling="", partial=found.partial)

    tool = UnderstandVideo(look, lambda source, question: answered(parts, source, question))
    counts: dict[str, tuple[int, int]] = {}
    misses = []
    for number, case in enumerate(cases, 1):
        answer = _asked(tool, case)
        right = bool(re.search(case.said, answer))
        good, of = counts.get(case.kind, (0, 0))
        counts[case.kind] = (good + right, of + 1)
        if not right:
            misses.append({"kind": case.kind, "question": case.question, "accepted": case.said, "said": answer})
        done(number)
    good, of = (sum(column) for column in zip(*counts.values(), strict=True))
    return {"accuracy": round(good / of, 4), "asked": of, "by_kind": counts, "misses": misses}


@dataclass(frozen=True)
class _OneClip:
    """Implements :class:`~gpt4video.tools.base.ToolContext` for one clip."""

    workdir: Path
    source: Source

    def sources(self, ref: str) -> list[Source]:
        del ref
        return [self.source]

    def progress(self, fraction: float, note: str = "") -> None:
        del fraction, note


def _asked(tool: UnderstandVideo, case: Case) -> str:
    from ...tools.media.write import write_video

    with TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        write_video(path, case.frames, _FPS)
        source = Source(clip="c1", path=path)
        result = tool.run(UnderstandArguments(clips=["c1"], question=case.question), _OneClip(Path(folder), source))
    return compose(case.question, result.evidence, result.sampling, {})
