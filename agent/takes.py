"""Several takes of a span, made through the same judges, ledger and signature as a step of a plan, the best first."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..tools.base import Source
from ..tools.editing.operations import Crop, Operation
from ..tools.errors import BadArguments, Cancelled, GenerationFailed
from ..tools.media.probe import probe
from ..tools.timeline.model import Take
from .errors import MediaBlocked
from .execution import StepRunner
from .frames import spread
from .nodes import pending_step
from .state import AgentState, StepRow, VerdictRow

if TYPE_CHECKING:
    from .components import Components

MOST = 8
_FRAMES, _SIDE = 8, 256
_FIT, _STEADY = (0.0, 0.35), (0.7, 1.0)
"""Cosines that count as 0 and as 1: of a prompt and what fits it; of one frame and the next."""


def make_takes(
    parts: Components,
    prompt: str,
    *,
    like: str | None,
    seconds: float,
    count: int,
    name: str,
    user: str,
    progress: Callable[[float, str], None],
) -> list[Take]:
    """Generate ``count`` takes of ``seconds``, the best first.

    Args:
        parts: the components.
        prompt: what shall be seen; with ``like``, what shall differ.
        like: a clip of the library, or a span of it.
        seconds: how long.
        count: 1 to 8.
        name: decides the seeds: the same name draws the same takes again.
        user: whose.
        progress: told a fraction and a note.

    Raises:
        BadArguments: a count that makes no sense, or a prompt that the tool does not take.
        MediaBlocked: a policy refuses the prompt, or every take.
        GenerationFailed: not one could be made.
        Cancelled: the user stopped it; takes that were made by then stay in the library.
    """
    if not 1 <= count <= MOST:
        raise BadArguments(f"{count} takes cannot be made at once.", f"Ask for 1 to {MOST}.")
    takes: list[Take] = []
    lost: list[tuple[str, str]] = []
    for number in range(count):
        row = pending_step(
            {"id": "1", "tool": "generate_video", "args": _arguments(prompt, like, seconds, f"{name} {number}")}
        )
        state: AgentState = {
            "turn": name, "user": user, "request": prompt, "uploads": [], "clips": [], "steps": [row], "history": [],
        }  # fmt: skip
        update = StepRunner(parts).run(row, state, partial(_share, progress, number, count))
        (ended,) = update["steps"]
        if ended["status"] == "cancelled":
            raise Cancelled("The takes were stopped.", "Ask again to make them.")
        if ended["status"] == "done":
            takes.append(_take(parts, ended, prompt, update.get("verdicts", []), user))
        else:
            lost.append((ended["status"], _why(ended, update.get("verdicts", []))))
    if not takes and all(status == "blocked" for status, _ in lost):
        raise MediaBlocked(lost[0][1], "The timeline stays as it is.")
    if not takes:
        raise GenerationFailed(f"Not one take could be made: {lost[-1][1]}", "Try another prompt or length.")
    return sorted(takes, key=lambda take: -sum(take.scores.values()))


def _share(progress: Callable[[float, str], None], number: int, count: int, done: float, note: str) -> None:
    progress((number + done) / count, f"take {number + 1} of {count}: {note}")


def _arguments(prompt: str, like: str | None, seconds: float, name: str) -> dict[str, Any]:
    seed = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:4]) >> 1
    given: dict[str, Any] = {"prompt": prompt, "seconds": round(seconds, 6), "seed": seed}
    return given if like is None else {**given, "like": like}


def _take(parts: Components, row: StepRow, prompt: str, verdicts: Sequence[VerdictRow], user: str) -> Take:
    (made,) = row["outputs"]
    clip = parts.library.get(made["id"], user=user)
    lineage = parts.library.lineage(clip.id, user=user)
    asked = lineage.prompt if lineage is not None else prompt
    scores = scores_of(parts, Source(clip=clip.id, path=clip.path), asked, verdicts)
    rate = probe(clip.path).grid
    return Take(clip=clip.id, end=clip.duration, length=clip.duration, rate=rate, about=asked, scores=scores)


def scores_of(parts: Components, source: Source, prompt: str, verdicts: Sequence[VerdictRow]) -> dict[str, float]:
    """How good a generated clip is, each 0 to 1: ``fit`` to its prompt, ``steady`` from frame to frame, ``safe``."""
    pooled = parts.encoder.encode(spread(source, _FRAMES, _SIDE).images).pooled
    shown = parts.projection.images(pooled)
    told = parts.projection.texts(parts.embedder.embed_texts([prompt]))[0]
    steady = _cosines(pooled[:-1], pooled[1:]) if len(pooled) > 1 else np.ones(1)
    unsafe = max((verdict["score"] for verdict in verdicts if verdict["stage"] == "media"), default=0.0)
    return {
        "fit": _scaled(float(_cosines(shown, told[None]).mean()), _FIT),
        "steady": _scaled(float(steady.mean()), _STEADY),
        "safe": round(1.0 - unsafe, 3),
    }


def filling(path: Path, model: Path) -> list[Operation]:
    """What makes a clip fill the shape of another's picture: its middle, where black bars would stand beside it."""
    ours, wanted = probe(path), probe(model)
    scale = min(ours.width / wanted.width, ours.height / wanted.height)
    width, height = (int(side * scale / 2 + 1e-6) * 2 for side in (wanted.width, wanted.height))
    if width > 0.98 * ours.width and height > 0.98 * ours.height:
        return []
    x, y = (ours.width - width) // 2, (ours.height - height) // 2
    return [Crop(x=x, y=y, width=width, height=height)]


def _cosines(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray((one * other).sum(axis=1) / np.maximum(lengths, 1e-9), np.float32)


def _scaled(value: float, bounds: tuple[float, float]) -> float:
    low, high = bounds
    return round(min(max((value - low) / (high - low), 0.0), 1.0), 3)


def _why(row: StepRow, verdicts: Sequence[VerdictRow]) -> str:
    """Why a take was not made."""
    blocks = [verdict["reason"] for verdict in verdicts if verdict["action"] == "block"]
    return blocks[0] if blocks else str((row["error"] or {}).get("message", ""))
