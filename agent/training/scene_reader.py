"""Reads what the object of a drawn clip is and how many there are: a small network trained on the renderer's clips.

It has never seen a generated clip; blur, noise and colour shifts in its training stand for what generators get wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .scene_world import KINDS

if TYPE_CHECKING:
    from .scene_bank import SceneBank

_COUNTS = 4  # none to three
_READ = (4, 8, 12)  # frames that are read; their scores are added


@dataclass(frozen=True)
class Objects:
    """What was read.

    Attributes:
        kind: the object, or the more certain one of two; empty for none.
        two: the two most certain ones.
        count: how many there are in all.
    """

    kind: str
    two: tuple[str, str]
    count: int


def build_reader() -> Any:
    """An untrained reader: frames (N, 3, 64, 64) in -1 to 1 -> scores (N, kinds + none + counts 0 to 3)."""
    from torch import nn

    layers: list[Any] = []
    for entry, leave in ((3, 32), (32, 64), (64, 128), (128, 192)):
        layers += [
            nn.Conv2d(entry, leave, 3, padding=1), nn.BatchNorm2d(leave), nn.ReLU(),
            nn.Conv2d(leave, leave, 3, stride=2, padding=1), nn.BatchNorm2d(leave), nn.ReLU(),
        ]  # fmt: skip
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(192 * 16, len(KINDS) + 1 + _COUNTS))


def _worn(frames: Any) -> Any:
    """Frames as a generator might have drawn them: blurred, noisy, shifted in colour."""
    import torch
    from torch.nn import functional as F  # noqa: N812 - its usual name

    n = len(frames)
    blurred = F.avg_pool2d(frames, 3, 1, 1)
    share = torch.rand(n, 1, 1, 1, device=frames.device)
    frames = frames + (blurred - frames) * share
    frames = frames + torch.randn_like(frames) * 0.12 * torch.rand(n, 1, 1, 1, device=frames.device)
    return frames * (1 + 0.15 * torch.randn(n, 3, 1, 1, device=frames.device))


def train_reader(bank: SceneBank, device: str, steps: int = 1500, batch: int = 256, seed: int = 0) -> Any:
    """Train a reader on the bank's clips: about half a minute on a GPU."""
    import torch
    from torch.nn import functional as F  # noqa: N812 - its usual name

    torch.manual_seed(seed)
    reader = build_reader().to(device)
    optimizer = torch.optim.AdamW(reader.parameters(), 2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, steps)
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        rows = rng.integers(0, bank.filled, batch)
        moments = rng.integers(2, 14, batch)
        frames = torch.from_numpy(bank.clips[rows, moments]).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
        labels = torch.from_numpy(bank.labels[rows]).to(device)
        scores = reader(_worn(frames))
        second = torch.where(labels[:, 1] < len(KINDS), labels[:, 1], labels[:, 0])
        both = (F.one_hot(labels[:, 0], len(KINDS) + 1) + F.one_hot(second, len(KINDS) + 1)) / 2
        loss = F.cross_entropy(scores[:, : len(KINDS) + 1], both) + 0.5 * F.cross_entropy(
            scores[:, len(KINDS) + 1 :], labels[:, 2]
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return reader.eval()


def read_objects(reader: Any, clips: NDArray[np.uint8]) -> list[Objects]:
    """Clips (N, 16, 64, 64, 3) uint8 -> what is in each and how many."""
    import torch

    device = next(reader.parameters()).device
    scores: Any = 0.0
    with torch.inference_mode():
        for index in _READ:
            frames = torch.from_numpy(np.ascontiguousarray(clips[:, index])).to(device)
            rows = reader(frames.permute(0, 3, 1, 2).float() / 127.5 - 1)
            scores = scores + torch.cat([part.log_softmax(1) for part in rows.split([len(KINDS) + 1, _COUNTS], 1)], 1)
    kinds = scores[:, : len(KINDS) + 1].topk(2, 1).indices.tolist()
    counts = scores[:, len(KINDS) + 1 :].argmax(1).tolist()
    names = (*KINDS, "")
    return [
        Objects(names[first], (names[first], names[second]), int(count))
        for (first, second), count in zip(kinds, counts, strict=True)
    ]
