"""Whether generated clips show what their prompts say, measured from pixels.

``gpt4video eval generate`` asks the shipped generator for clips in wordings that its training captions do not use and
reads them back with the analyser of the drawn world (:mod:`..training.scene_analysis`), which has never seen a
generated clip. What the object is and how many there are needs a trained reader: that is in the recipe's own report.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from ...tools.generation.base import GenerationRequest, Generator

if TYPE_CHECKING:
    from ..training.generator_evaluation import Case

_SIDE, _FRAMES, _FPS = 64, 16, 8


def cases(each: int) -> list[Case]:
    """``each`` prompts for every attribute that is read from pixels."""
    from ..training.generator_evaluation import prompts

    return [case for case in prompts(each) if not {"kind", "count"} & set(case.expect)]


def evaluate(
    generator: Generator, asked: Sequence[Case], done: Callable[[float], None] = lambda _share: None
) -> dict[str, Any]:
    """Right and asked by attribute, the median time of a clip, and every prompt whose clip shows something else."""
    from ..training.generator_evaluation import judge
    from ..training.scene_analysis import analyse

    right: dict[str, list[bool]] = defaultdict(list)
    spent, misses = [], []
    for seed, case in enumerate(asked):
        request = GenerationRequest(
            prompt=case.prompt, seconds=_FRAMES / _FPS, fps=_FPS, width=_SIDE, height=_SIDE, seed=seed
        )
        begin = time.perf_counter()
        frames = generator.generate(request).frames
        spent.append(time.perf_counter() - begin)
        found = analyse(frames)
        for attribute, holds in judge(case, found, "", 0).items():
            right[attribute].append(holds)
            if not holds:
                seen = getattr(found, attribute)
                misses.append(
                    {"prompt": case.prompt, "wanted": case.expect[attribute], "made": seen, "kind": attribute}
                )
        done((seed + 1) / len(asked))
    everything = [holds for row in right.values() for holds in row]
    return {
        "cases": len(asked),
        "right": round(sum(everything) / max(1, len(everything)), 4),
        "median_seconds": round(median(spent), 3) if spent else 0.0,
        "by_kind": {name: [sum(row), len(row)] for name, row in sorted(right.items())},
        "misses": misses,
    }
