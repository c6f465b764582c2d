"""Trains the generator's first stage: captions of drawn scenes and where their things are, without drawing a pixel."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .loop import cosine
from .scene_bank import HELD_OUT_SEEDS, caption_tokenizer, token_row
from .scene_captions import caption
from .scene_world import World, draw_scene
from .scenes import layout

if TYPE_CHECKING:
    from .generator import Options

_BATCH = 192
_DROP_TEXT = 0.1
_RATE = 1.5e-3
LAYOUT_TEXT = 384


def _examples(encoder: Any, tokenizer: Path, world: World, options: Options) -> tuple[Any, Any, Any]:
    """Token states (N, 32, 384) in half precision, masks (N, 32) and layouts in units (N, 3, 7) of drawn scenes."""
    import torch

    from ...tools.generation.embedded.layout import to_units

    words = caption_tokenizer(tokenizer)
    first = options.seed * 1_000_003
    scenes = [draw_scene((first + index) % HELD_OUT_SEEDS, world) for index in range(options.layout_scenes)]
    texts = [caption(scene, index) for index, scene in enumerate(scenes)]
    for index in range(0, len(texts), round(1 / _DROP_TEXT)):
        texts[index] = ""
    ids = torch.from_numpy(np.stack([token_row(words, text) for text in texts]).astype(np.int64))
    states = torch.zeros((*ids.shape, LAYOUT_TEXT), dtype=torch.float16)
    order = (ids != 0).sum(1).argsort()
    for part in torch.split(order, _BATCH):  # of similar length, so that little is padding
        wide = int((ids[part[-1]] != 0).sum())
        rows = ids[part, :wide].to(options.device)
        with torch.inference_mode():
            found = encoder(input_ids=rows, attention_mask=(rows != 0).long()).last_hidden_state
        states[part, :wide] = found.to("cpu", torch.float16)
    return states, ids != 0, to_units(torch.from_numpy(np.stack([layout(scene) for scene in scenes])))


def train_layout(encoder: Any, tokenizer: Path, world: World, options: Options) -> Any:
    """Train a :class:`LayoutNetwork` for ``options.layout_minutes``; returns the average of its weights over time.

    Args:
        encoder: the frozen sentence encoder.
        tokenizer: its ``tokenizer.json``.
        world: what scenes are drawn from.
        options: device, seed, number of scenes and minutes count here.
    """
    import torch

    from ...tools.generation.embedded.layout import LayoutNetwork

    torch.manual_seed(options.seed)
    everything = _examples(encoder, tokenizer, world, options)
    network, average = LayoutNetwork().to(options.device), LayoutNetwork().to(options.device).requires_grad_(False)
    average.load_state_dict(network.state_dict())
    optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=0.01)
    begin, budget, step, losses = time.monotonic(), options.layout_minutes * 60, 0, []
    while (elapsed := time.monotonic() - begin) < budget:
        rows = torch.randint(options.layout_scenes, (_BATCH,))
        states, mask, clean = (part[rows].to(options.device) for part in everything)
        share = torch.sigmoid(torch.randn(_BATCH, device=options.device) + 0.3)
        noisy = torch.lerp(clean, torch.randn_like(clean), share[:, None, None])
        error = (network(noisy, share, states.float(), mask) - clean).square().mean((1, 2))
        loss = (error / share.clamp(min=0.15).square()).mean()
        for group in optimizer.param_groups:
            group["lr"] = _RATE * cosine(elapsed / budget)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        share_kept = min(0.995, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - share_kept)
        losses.append(float(loss.detach()))
        step += 1
        if step % 200 == 0:
            row = {"layout step": step, "seconds": round(elapsed), "loss": round(float(np.mean(losses[-200:])), 4)}
            print(row, flush=True)  # noqa: T201 - a recipe reports to the terminal
    return average
