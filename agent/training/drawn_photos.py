"""A tiny data folder of drawn pictures with captions, in the documented layout: what the smoke recipe trains on."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from .drawn_clips import draw_clip

_FORMS = (
    "A {c} {s} on a plain background .",
    "A {s} painted in {c} .",
    "The {s} is {c} .",
    "There is one {c} {s} .",
    "A picture of a {c} {s} .",
)


def write_drawn_photos(folder: Path, train: int = 24, dev: int = 6, seed: int = 0) -> None:
    """Write ``captions.csv``, ``images/``, ``train.txt`` and ``dev.txt`` with ``train + dev`` drawings."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    names = [f"drawn-{number:03d}.png" for number in range(train + dev)]
    with (folder / "captions.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("image", "caption"))
        for number, name in enumerate(names):
            clip = draw_clip(np.random.default_rng([seed, number]), frames=1, side=224)
            Image.fromarray(clip.frames[0]).save(folder / "images" / name)
            writer.writerows((name, form.format(c=clip.colour, s=clip.shape)) for form in _FORMS)
    (folder / "train.txt").write_text("\n".join(names[:train]) + "\n", encoding="utf-8")
    (folder / "dev.txt").write_text("\n".join(names[train:]) + "\n", encoding="utf-8")
