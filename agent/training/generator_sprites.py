"""Trains what the generator's objects look like, from drawings of each alone: cheap, where whole clips are dear.

In whole clips an object is a few pixels in a picture full of noise, and its form is learned last; alone it is all there
is to learn. The words' tables are those of the painter, which goes on from here.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ...tools.generation.embedded.layout import FIELDS, OBJECT_FIELDS, SCENE_FIELDS
from ...tools.generation.embedded.sprites import MARGIN, SPRITE
from .generator_words import VOCABULARY
from .loop import Budget, cosine, descend, tell_stage
from .scenes import VEIL, Thing, Track, draw_object

if TYPE_CHECKING:
    from ...tools.generation.embedded.network import VideoTransformer
    from .generator import Options

_BATCH = 96
_RATE = 2e-3
_SCALE = 3
_CANVAS = SPRITE * _SCALE

Floats = NDArray[np.float32]


def draw_sprite(words: dict[str, str], share: float) -> Floats:
    """An object alone as the painter knows it: (4, 32, 32), colours in -1 to 1 times cover, and cover.

    Args:
        words: a word for each of the layout's fields.
        share: how far into the clip the moment is, 0 to 1.
    """
    middle = (0.5, 0.5, 0.5 / MARGIN)
    thing = Thing(words["kind"], words["colour"], words["motion"], Track(middle, middle))
    shown = []
    for ground in (0, 255):  # what differs between a black and a white ground is not covered
        image = Image.new("RGB", (_CANVAS, _CANVAS), (ground,) * 3)
        draw_object(ImageDraw.Draw(image), thing, words["time"], share, _CANVAS)
        shown.append(np.asarray(image.reduce(_SCALE), np.float32))
    cover = 1 - (shown[1] - shown[0]).mean(2) / 255
    pixels = shown[0]
    if words["weather"] == "fog":
        pixels = 0.5 * pixels + 0.5 * cover[..., None] * np.asarray(VEIL[words["time"]], np.float32)
    colours = pixels / 127.5 - cover[..., None]
    sprite: Floats = np.concatenate([colours, cover[..., None]], 2).transpose(2, 0, 1).astype(np.float32)
    return sprite


def _example(rng: random.Random) -> tuple[list[int], float, Floats]:
    """Numbers of a random object's words, a moment, and its sprite."""
    numbers = {field: rng.randint(1, len(VOCABULARY[field])) for field in FIELDS}
    numbers["kind"], numbers["colour"] = max(2, numbers["kind"]), max(2, numbers["colour"])
    words = {field: VOCABULARY[field][number - 1] for field, number in numbers.items()}
    share = rng.randint(0, 15) / 15
    return [numbers[field] for field in FIELDS], share, draw_sprite(words, share)


def train_sprites(network: VideoTransformer, options: Options) -> None:
    """Train ``network.sprites`` and the tables of words they read, for ``options``' sprite budget.

    Args:
        network: changed in place.
        options: device, seed, sprite minutes and steps count here.
    """
    import torch

    rng, begin, step = random.Random(options.seed), time.monotonic(), 0
    budget = Budget(options.sprite_steps, options.sprite_minutes)
    tables: list[Any] = [network.sprites, network.light, *([] if options.resume else [network.thing])]
    values = [value for table in tables for value in table.parameters()]
    optimizer, losses = torch.optim.AdamW(values, _RATE, weight_decay=0.01), []
    while (progress := budget.progress(step)) < 1:
        rows, shares, sprites = zip(*(_example(rng) for _ in range(_BATCH)), strict=True)
        numbers = torch.tensor(rows, device=options.device)
        scene, words = numbers[:, : len(SCENE_FIELDS)], numbers[:, -len(OBJECT_FIELDS) :]
        wanted = torch.from_numpy(np.stack(sprites)).to(options.device)
        share = torch.tensor(shares, device=options.device)
        with torch.autocast(options.device, torch.bfloat16):
            made = network.sprites.alone(network.codes(scene, network.things(words)), share)
        loss = (made.float() - wanted).square().mean()
        descend(loss, optimizer, rate=_RATE * cosine(progress))
        losses.append(float(loss.detach()))
        step += 1
        tell_stage("sprites", step, begin, losses)
