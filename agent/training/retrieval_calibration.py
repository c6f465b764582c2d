"""From similarities to probabilities: logistic fits on photos that were not trained on."""

from __future__ import annotations

import numpy as np

from ...memory.projection import Calibration, Projection
from .retrieval_data import Floats, Split

# How often a random pair may pass as fitting. A stricter floor finds less, a laxer one answers what nothing fits.
_PASSING_PICTURES = 0.01
_PASSING_TEXTS = 0.005
_PASSING_LIKENESS = 0.01


def calibrate(projection: Projection, dev: Split) -> Calibration:
    """Fit each kind of evidence, with captions and single words as queries in equal shares."""
    pictures = projection.images(dev.features[:, 0])
    captions = projection.texts(dev.texts[:, 0]) @ pictures.T
    words = projection.texts(dev.words.vectors[:, 0]) @ pictures.T
    own = np.eye(len(pictures), dtype=bool)
    right = _both(captions[own], words[dev.words.shown.T == 1])
    wrong = _both(captions[~own], words[dev.words.shown.T == 0])
    picture = _fit(right, wrong, _PASSING_PICTURES)

    texts = dev.texts[:, 0] @ dev.texts[:, 1].T
    worded = dev.words.vectors[:, 0] @ dev.texts[:, 1].T
    text = _fit(
        _both(texts[own], worded[dev.words.shown.T == 1]),
        _both(texts[~own], worded[dev.words.shown.T == 0]),
        _PASSING_TEXTS,
    )

    # Photos are alike when their captions agree.
    meaning = dev.texts.mean(1)
    meaning /= np.linalg.norm(meaning, axis=1, keepdims=True)
    agreement, alike = meaning @ meaning.T, pictures @ pictures.T
    above = np.triu(np.ones_like(own), 1)
    likeness = _fit(alike[above & (agreement > 0.6)], alike[above & (agreement < 0.4)], _PASSING_LIKENESS)
    return Calibration(*picture, *text, *likeness)


def _both(first: Floats, second: Floats) -> Floats:
    """Both samples in equal shares."""
    rng = np.random.default_rng(0)
    count = 20_000
    return np.concatenate([rng.choice(first, count), rng.choice(second, count)])


def _fit(right: Floats, wrong: Floats, passing: float) -> tuple[float, float]:
    """Slope from the two samples' logistic regression; offset so that ``passing`` of the wrong ones reach 0.5."""
    x = np.concatenate([right, wrong]).astype(np.float64)
    y = np.concatenate([np.ones(len(right)), np.zeros(len(wrong))])
    weight = np.concatenate([np.full(len(right), 0.5 / len(right)), np.full(len(wrong), 0.5 / len(wrong))])
    slope, offset = 1.0, 0.0
    for _ in range(50):  # Newton's method on two unknowns
        p = 1 / (1 + np.exp(-(slope * x + offset)))
        error, curve = weight * (p - y), weight * p * (1 - p) + 1e-12
        gradient = np.array([error @ x, error.sum()])
        hessian = np.array([[curve @ (x * x), curve @ x], [curve @ x, curve.sum()]]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        slope, offset = slope - step[0], offset - step[1]
    threshold = float(np.quantile(wrong, 1 - passing))
    return round(float(slope), 4), round(-float(slope) * threshold, 4)
