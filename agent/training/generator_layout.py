"""Trains the generator's first stage: captions of drawn scenes and their layouts, without drawing a pixel."""

from __future__ import annotations

import copy
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .generator_words import numbers
from .loop import Budget, cosine
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
_TOKENS = 32
_ENCODED = 384


def _tokens(tokenizer: Path, texts: list[str]) -> NDArray[np.int64]:
    """Token ids (N, 32) of captions, cut or padded with 0."""
    from tokenizers import Tokenizer

    encoder = Tokenizer.from_file(str(tokenizer))
    encoder.enable_truncation(_TOKENS)
    encoder.enable_padding(pad_id=0, length=_TOKENS)
    return np.asarray([row.ids for row in encoder.encode_batch(texts)], np.int64)


def _examples(encoder: Any, tokenizer: Path, world: World, options: Options) -> tuple[Any, Any, Any]:
    """Token states (N, 32, 384) in half precision, masks (N, 32) and layouts (N, LENGTH) of drawn scenes."""
    import torch

    first = options.seed * 1_000_003
    scenes = [draw_scene((first + index) % HELD_OUT_SEEDS, world) for index in range(options.layout_scenes)]
    texts = [caption(scene, index) for index, scene in enumerate(scenes)]
    for index in range(0, len(texts), round(1 / _DROP_TEXT)):
        texts[index] = ""
    ids = torch.from_numpy(_tokens(tokenizer, texts))
    states = torch.zeros((*ids.shape, _ENCODED), dtype=torch.bfloat16)
    order = (ids != 0).sum(1).argsort()
    for part in torch.split(order, _BATCH):  # of similar length, so that little is padding
        wide = int((ids[part[-1]] != 0).sum())
        rows = ids[part, :wide].to(options.device)
        with torch.inference_mode():
            found = encoder(input_ids=rows, attention_mask=(rows != 0).long()).last_hidden_state
        states[part, :wide] = found.to("cpu", torch.bfloat16)
    return states, ids != 0, torch.from_numpy(np.stack([numbers(scene, things(scene)) for scene in scenes]))


def train_layout(network: LayoutWriter, encoder: Any, tokenizer: Path, world: World, options: Options) -> LayoutWriter:
    """Train a writer of layouts for ``options``' layout budget; returns the average of its weights over time.

    Args:
        network: to begin with; changed in place.
        encoder: the frozen sentence encoder.
        tokenizer: its ``tokenizer.json``.
        world: what scenes are drawn from.
        options: device, seed, number of scenes and minutes count here.
    """
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    torch.manual_seed(options.seed)
    everything = _examples(encoder, tokenizer, world, options)
    average = copy.deepcopy(network).requires_grad_(False)
    optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=0.02)
    begin, budget, step, losses = time.monotonic(), Budget(options.layout_steps, options.layout_minutes), 0, []
    while (progress := budget.progress(step)) < 1:
        rows = torch.randint(options.layout_scenes, (_BATCH,))
        states, mask, layout = (part[rows].to(options.device) for part in everything)
        with sdpa_kernel(SDPBackend.MATH), torch.autocast(options.device, torch.bfloat16):  # rows are short
            loss = network.loss(layout, states, mask)
        for group in optimizer.param_groups:
            group["lr"] = _RATE * cosine(progress)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        kept = min(0.995, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(average.parameters()), [p.detach() for p in network.parameters()], 1 - kept)
        losses.append(float(loss.detach()))
        step += 1
        if step % 100 == 0:
            row = {
                "layout step": step,
                "seconds": round(time.monotonic() - begin),
                "loss": round(float(np.mean(losses[-100:])), 4),
            }
            print(row, flush=True)  # noqa: T201 - a recipe reports to the terminal
    return average
