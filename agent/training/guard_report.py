"""Figures of the text guard on texts that it has not learned from."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

THRESHOLDS = (0.3, 0.5, 0.7, 0.9)


def report(
    texts: list[str], sources: list[str], unsafe: NDArray[np.bool_], scores: NDArray[np.float32]
) -> dict[str, Any]:
    """Share flagged by source and threshold (detection of the harmful, false alarms on the harmless).

    Args:
        texts: what was scored, N.
        sources: where each is from.
        unsafe: whether each is harmful, (N,).
        scores: the overall channel, (N,).

    Returns:
        ``flagged``: the table; ``misses`` and ``alarms``: the worst texts with their scores.
    """
    by_source: dict[str, list[int]] = defaultdict(list)
    for row, source in enumerate(sources):
        by_source[f"{source}:{'unsafe' if unsafe[row] else 'safe'}"].append(row)
    table = {
        source: {"n": len(rows), **{str(t): round(float((scores[rows] >= t).mean()), 4) for t in THRESHOLDS}}
        for source, rows in sorted(by_source.items())
    }
    order = np.argsort(scores)

    def worst(row: int) -> tuple[str, float]:
        return texts[row][:160], round(float(scores[row]), 3)

    return {
        "flagged": table,
        "misses": [worst(i) for i in order if unsafe[i]][:120],
        "alarms": [worst(i) for i in order[::-1] if not unsafe[i]][:120],
    }
