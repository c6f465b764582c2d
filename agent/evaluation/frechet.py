"""How far generated clips are from drawn ones as wholes: a Fréchet distance, in the manner of FVD (arXiv 1812.01717).

FVD's own network is not among the pinned models; here a clip is what the frame encoder sees in four of its frames, on
average and as a change from the first to the last. Numbers compare only with others of this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...tools.generation.base import Frames

if TYPE_CHECKING:
    from ...tools.understanding.vision import FrameEncoder

_LOOKS = 4
_AXES = 32  # fewer than there are clips, so that covariances have full rank

Floats = NDArray[np.float64]


def clip_features(encoder: FrameEncoder, clips: Sequence[Frames]) -> Floats:
    """Clips (T, H, W, 3) uint8 RGB -> (N, 2 * width): what is seen, and how it changes."""
    rows = []
    for clip in clips:
        looks = clip[np.linspace(0, len(clip) - 1, _LOOKS).round().astype(int)]
        seen = encoder.encode(looks).pooled.astype(np.float64)
        rows.append(np.concatenate([seen.mean(0), seen[-1] - seen[0]]))
    return np.stack(rows)


def axes(reference: Floats) -> Floats:
    """The directions (D, 32) in which the reference's features (N, D) vary most, scaled to unit variance."""
    centred = reference - reference.mean(0)
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    count = min(_AXES, int((spread > 1e-9).sum()))
    scale: Floats = directions[:count].T / (spread[:count] / np.sqrt(len(reference) - 1))
    return scale


def distance(one: Floats, other: Floats) -> float:
    """Fréchet distance of two sets of features (N, D), (M, D) taken as normal distributions."""
    first, second = np.cov(one.T), np.cov(other.T)
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(0)).sum()
    apart = np.square(one.mean(0) - other.mean(0)).sum()
    return float(apart + np.trace(first) + np.trace(second) - 2 * shared)
