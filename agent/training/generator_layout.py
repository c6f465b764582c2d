"""Trains the generator's first stage: captions of drawn scenes and their layouts, without drawing a pixel."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from .generator_words import numbers
from .loop import Budget, cosine, descend, follow, tell_stage
from .scene_bank import HELD_OUT_SEEDS
from .scene_captions import caption
from .scene_world import World, draw_scene
from .scenes import things

if TYPE_CHECKING:
    from ...tools.generation.embedded.writer import LayoutWriter
    from .generator import Options

_BATCH = 160
_DROP_TEXT = 0.06
_RATE = 1.5e-3
_MEMORY = 0.995


def _examples(world: World, options: Options) -> tuple[Any, Any, Any]:
    """Token states (N, M, 384) in half precision, masks (N, M) and layouts (N, LENGTH) of drawn scenes."""
    import torch

    from ...tools.generation.embedded.text import encode, load_encoder, load_tokenizer

    first = options.seed * 1_000_003
    scenes = [draw_scene((first + index) % HELD_OUT_SEEDS, world) for index in range(options.layout_scenes)]
    texts = [caption(scene, index) for index, scene in enumerate(scenes)]
    for index in range(0, len(texts), round(1 / _DROP_TEXT)):
        texts[index] = ""
    encoder = load_encoder(options.models / "text").to(options.device)
    tokenizer = load_tokenizer(options.models / "text")
    order = np.argsort([len(text) for text in texts], kind="stable")  # of similar length, so that little is padding
    parts = [order[begin : begin + _BATCH] for begin in range(0, len(order), _BATCH)]
    encoded = [encode(encoder, tokenizer, [texts[index] for index in part]) for part in parts]
    wide = max(mask.shape[1] for _, mask in encoded)
    states = torch.zeros((len(texts), wide, encoded[0][0].shape[2]), dtype=torch.bfloat16)
    masks = torch.zeros((len(texts), wide), dtype=torch.bool)
    while encoded:
        part, (found, mask) = parts.pop(), encoded.pop()
        states[part, : mask.shape[1]], masks[part, : mask.shape[1]] = found.to("cpu", torch.bfloat16), mask.cpu()
    return states, masks, torch.from_numpy(np.stack([numbers(scene, things(scene)) for scene in scenes]))


def train_layout(network: LayoutWriter, world: World, options: Options) -> LayoutWriter:
    """Train a writer of layouts for ``options``' layout budget; returns the average of its weights over time.

    Args:
        network: to begin with; changed in place.
        world: what scenes are drawn from.
        options: models (the frozen sentence encoder), device, seed, number of scenes and the layout budget count here.
    """
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    torch.manual_seed(options.seed)
    everything = _examples(world, options)
    average = copy.deepcopy(network).requires_grad_(False)
    optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=0.02)
    begin, budget, step, losses = time.monotonic(), Budget(options.layout_steps, options.layout_minutes), 0, []
    while (progress := budget.progress(step)) < 1:
        rows = torch.randint(options.layout_scenes, (_BATCH,))
        states, mask, layout = (part[rows].to(options.device) for part in everything)
        with sdpa_kernel(SDPBackend.MATH), torch.autocast(options.device, torch.bfloat16):  # rows are short
            loss = network.loss(layout, states, mask)
        descend(loss, optimizer, rate=_RATE * cosine(progress))
        follow(average, network, step, _MEMORY)
        losses.append(float(loss.detach()))
        step += 1
        tell_stage("layouts", step, begin, losses)
    return average
