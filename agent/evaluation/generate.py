"""Whether generated clips show what their prompts say, measured from pixels.

``gpt4video eval generate`` asks the shipped generator for clips in wordings that its training captions do not use and
reads them back: colour, motion, place, time, weather by the analyser of the drawn world
(:mod:`..training.scene_analysis`), what the things are and how many by a small reader that is trained on drawn clips
for each exam (:mod:`..training.scene_reader`). Neither has ever seen a generated clip.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from ...tools.generation.base import Frames, GenerationRequest, Generator

if TYPE_CHECKING:
    from ...tools.understanding.vision import FrameEncoder
    from ..training.scene_reader import Objects
    from .drawn_prompts import Case

_SIDE, _FRAMES, _FPS = 64, 16, 8
_SHOWN = (0, 5, 10, 15)

Read = Callable[[Frames], "Objects"]


def evaluate(
    generator: Generator,
    asked: Sequence[Case],
    read: Read,
    done: Callable[[float], None] = lambda _share: None,
) -> dict[str, Any]:
    """Right and asked by attribute, the median time of a clip, every prompt whose clip shows something else, the clips.

    Args:
        generator: what is examined.
        asked: prompts with what their clips must show.
        read: tells what the things in a clip are and how many (``Reader.read`` of :mod:`..training.scene_reader`).
        done: told the share that is done.
    """
    from ..training.scene_analysis import analyse
    from .drawn_prompts import judge

    right: dict[str, list[bool]] = defaultdict(list)
    spent, misses, clips = [], [], []
    for seed, case in enumerate(asked):
        begin = time.perf_counter()
        frames = generator.generate(_request(case.prompt, seed)).frames
        spent.append(time.perf_counter() - begin)
        clips.append(frames)
        wrong = judge(case, analyse(frames), read(frames))
        for attribute, wanted in case.expect.items():
            right[attribute].append(attribute not in wrong)
            if attribute in wrong:
                misses.append({"prompt": case.prompt, "wanted": wanted, "made": wrong[attribute], "kind": attribute})
        done((seed + 1) / len(asked))
    everything = [holds for row in right.values() for holds in row]
    return {
        "cases": len(asked),
        "right": round(sum(everything) / max(1, len(everything)), 4),
        "median_seconds": round(median(spent), 3) if spent else 0.0,
        "by_kind": {name: [sum(row), len(row)] for name, row in sorted(right.items())},
        "misses": misses,
        "clips": clips,
    }


def distances(
    generator: Generator, encoder: FrameEncoder, count: int, done: Callable[[float], None] = lambda _share: None
) -> dict[str, float]:
    """Fréchet distances (:mod:`.frechet`) from drawn clips: of those generated for their captions, and of others drawn.

    The latter is what the measure itself amounts to with so few clips; of scenes that nothing was trained on.
    """
    from ..training.scene_bank import HELD_OUT_SEEDS
    from ..training.scene_captions import caption
    from ..training.scenes import render_seed
    from .frechet import axes, clip_features, distance

    drawn = [render_seed(HELD_OUT_SEEDS + index) for index in range(2 * count)]
    made = []
    for seed, (scene, _) in enumerate(drawn[:count]):
        made.append(generator.generate(_request(caption(scene, seed), seed)).frames)
        done((seed + 1) / count)
    shown = [clip for _, clip in drawn]
    features = [clip_features(encoder, clips) for clips in (made, shown[:count], shown[count:])]
    scale = axes(np.concatenate(features[1:]))
    generated, reference, others = (part @ scale for part in features)
    return {
        "generated": round(distance(generated, reference), 2),
        "other drawn": round(distance(others, reference), 2),
    }


def _request(prompt: str, seed: int) -> GenerationRequest:
    return GenerationRequest(prompt=prompt, seconds=_FRAMES / _FPS, fps=_FPS, width=_SIDE, height=_SIDE, seed=seed)


def contact_sheet(clips: Sequence[Frames], path: Path, columns: int = 4) -> None:
    """Write four frames of each clip (16, H, W, 3), clip by clip in rows, as a PNG."""
    from PIL import Image

    strips = [np.concatenate([np.pad(frame, ((1, 1), (1, 1), (0, 0))) for frame in clip[list(_SHOWN)]], 1)
              for clip in clips]  # fmt: skip
    strips += [np.zeros_like(strips[0])] * (-len(strips) % columns)
    rows = [np.concatenate(strips[i : i + columns], 1) for i in range(0, len(strips), columns)]
    Image.fromarray(np.concatenate(rows, 0)).save(path)
