"""Pieces that every training recipe shares: the schedule, the log with its plot, resumable state, named faults."""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ..errors import AgentError


class TrainingDiverged(AgentError):
    """The loss is no number any more."""

    code = "training_diverged"


class TrainingOutOfMemory(AgentError):
    """A batch does not fit into memory."""

    code = "training_out_of_memory"


def cosine(progress: float, warmup: float = 0.03, floor: float = 0.02) -> float:
    """Factor on the learning rate at ``progress`` 0..1: a linear warm-up, then half a cosine down to ``floor``."""
    if progress < warmup:
        return max(progress / warmup, 0.05)
    share = min(1.0, (progress - warmup) / (1 - warmup))
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * share))


class Budget:
    """Steps or wall time, whichever ends first; both may be left at 0 (no limit), one must not.

    Args:
        steps: optimizer steps in all, those before a resume included.
        minutes: wall time from the construction on.
    """

    def __init__(self, steps: int = 0, minutes: float = 0.0) -> None:
        if steps <= 0 and minutes <= 0:
            raise ValueError("a budget needs steps or minutes.")
        self.steps, self.seconds = steps, minutes * 60
        self._start = time.monotonic()
        self._before: float | None = None  # progress that an interrupted run had made

    def progress(self, step: int) -> float:
        """0 at the start, 1 at the end."""
        by_steps = step / self.steps if self.steps else 0.0
        by_time = (time.monotonic() - self._start) / self.seconds if self.seconds else 0.0
        if self._before is None:
            self._before = by_steps
        return max(by_steps, by_time)

    def left(self, step: int) -> float:
        """Seconds left, estimated from the pace so far where only steps limit."""
        spent, now = time.monotonic() - self._start, self.progress(step)
        done = now - (self._before or 0.0)
        return spent * (1 - now) / done if done > 0 else math.inf


def descend(loss: Any, *optimizers: torch.optim.Optimizer, rate: float) -> None:
    """One update of all that the optimizers hold, at the learning rate ``rate``, the gradients' norm cut at 1."""
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    for optimizer in optimizers:
        optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_([value for group in groups for value in group["params"]], 1.0)
    for group in groups:
        group["lr"] = rate
    for optimizer in optimizers:
        optimizer.step()


def follow(average: torch.nn.Module, network: torch.nn.Module, step: int, memory: float) -> None:
    """Let ``average`` follow the network's weights: it keeps ``memory`` of itself a step, less in the first ones."""
    kept = min(memory, (1 + step) / (10 + step))
    averages, currents = ([value.detach() for value in one.parameters()] for one in (average, network))
    torch._foreach_lerp_(averages, currents, 1 - kept)


def tell_stage(stage: str, step: int, begin: float, losses: Sequence[float], every: int = 100) -> None:
    """Every so many steps, say how a stage that keeps no log goes; ``begin`` is of the monotonic clock."""
    if step % every == 0:
        seconds = round(time.monotonic() - begin)
        print(f"{stage} {step}  {seconds} s  loss {sum(losses[-every:]) / every:.5f}", flush=True)  # noqa: T201


def check_finite(loss: float, step: int, kept: Path) -> None:
    """Stop on NaN or infinity. Raises :class:`TrainingDiverged`, which says the step and where the good weights are."""
    if not math.isfinite(loss):
        raise TrainingDiverged(
            f"The loss became {loss} at step {step}; the last good weights are in {kept}.",
            "Resume from them with a lower learning rate.",
        )


def out_of_memory(batch: int, option: str = "--batch") -> TrainingOutOfMemory:
    """The error for a batch that did not fit, with the size to try."""
    return TrainingOutOfMemory(f"Out of memory at batch size {batch}.", f"Try {option} {max(1, batch // 2)}.")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception of torch or Python means that memory ran out."""
    text = str(error).lower()
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)
    )


@dataclass
class TrainingLog:
    """A CSV file of numbers by step, a line on the screen, and a plot of one column when asked.

    Attributes:
        path: ``log.csv``; rows of an earlier run up to the step resumed from are kept.
        every: steps between lines on the screen.
    """

    path: Path
    every: int = 20
    rows: list[dict[str, float]] = field(default_factory=list)

    def resume(self, step: int) -> None:
        """Keep the rows of an earlier run before ``step``."""
        if not self.path.is_file():
            return
        with self.path.open(encoding="utf-8", newline="") as stream:
            rows = [{key: float(value) for key, value in row.items() if value} for row in csv.DictReader(stream)]
        self.rows = [row for row in rows if row["step"] < step]

    def add(self, step: int, **values: float) -> None:
        """Record a step."""
        self.rows.append({"step": float(step), **values})

    def line(self, left: float) -> str:
        """The last row for the screen, with the time left in seconds."""
        last = self.rows[-1]
        shown = "  ".join(f"{key} {value:.4g}" for key, value in last.items() if key != "step")
        rest = f"{left / 60:.1f} min left" if math.isfinite(left) else "time left unknown"
        return f"step {last['step']:.0f}  {shown}  {rest}"

    def save(self, plotted: str = "loss") -> None:
        """Write the CSV file and, beside it, ``<plotted>.png``."""
        names = list(dict.fromkeys(key for row in self.rows for key in row))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, names)
            writer.writeheader()
            writer.writerows({key: f"{value:.6g}" for key, value in row.items()} for row in self.rows)
        points = [(row["step"], row[plotted]) for row in self.rows if plotted in row]
        if len(points) > 1:
            plot(points, self.path.with_name(f"{plotted}.png"), plotted)


def plot(points: list[tuple[float, float]], path: Path, title: str) -> None:
    """A curve as PNG: the points grey, their running mean black."""
    wide, high, edge = 720, 400, 48
    image = Image.new("RGB", (wide, high), "white")
    pen = ImageDraw.Draw(image)
    (left, right), ordered = (points[0][0], points[-1][0]), sorted(value for _, value in points)
    low, top = ordered[0], ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    span_x, span_y = max(right - left, 1e-9), max(top - low, 1e-9)

    def place(x: float, y: float) -> tuple[float, float]:
        part = min(1.0, (y - low) / span_y)
        return edge + (x - left) / span_x * (wide - 2 * edge), high - edge - part * (high - 2 * edge)

    mean, smooth = points[0][1], []
    for x, y in points:
        mean += 0.08 * (y - mean)
        smooth.append(place(x, mean))
    pen.line([place(x, y) for x, y in points], fill=(190, 190, 190))
    pen.line(smooth, fill="black", width=2)
    pen.rectangle((edge, edge, wide - edge, high - edge), outline=(120, 120, 120))
    pen.text((edge, 16), title, fill="black")
    for value in (low, top):
        pen.text((4, place(left, value)[1] - 6), f"{value:.3g}", fill="black")
    for step in (left, right):
        pen.text((place(step, low)[0] - 12, high - edge + 8), f"{step:.0f}", fill="black")
    image.save(path)


def save_state(
    folder: Path, step: int, weights: Mapping[str, Tensor], optimizer: torch.optim.Optimizer, **facts: Any
) -> None:
    """Everything to go on from ``step``: weights in full precision, the optimizer's moments, other facts (JSON).

    Written beside and renamed, so that an interruption leaves the state of before.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"weight/{name}": tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    for number, parameter in enumerate(p for group in optimizer.param_groups for p in group["params"]):
        for name, value in optimizer.state.get(parameter, {}).items():
            tensors[f"moment/{number}/{name}"] = torch.as_tensor(value).detach().cpu().contiguous()
    half = folder / "state.safetensors.part"
    save_file(tensors, half, metadata={"facts": json.dumps({**facts, "step": step})})
    half.replace(folder / "state.safetensors")


def load_state(folder: Path, weights: Mapping[str, Tensor], optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Restore what :func:`save_state` wrote, in place; returns the facts with ``step``."""
    from safetensors import safe_open

    with safe_open(str(folder / "state.safetensors"), framework="pt") as stream:
        facts: dict[str, Any] = json.loads(stream.metadata()["facts"])
        found = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118 - not a mapping
    with torch.no_grad():
        for name, tensor in weights.items():
            tensor.copy_(found[f"weight/{name}"])
    for number, parameter in enumerate(p for group in optimizer.param_groups for p in group["params"]):
        lead = f"moment/{number}/"
        moments = {name.removeprefix(lead): value for name, value in found.items() if name.startswith(lead)}
        if moments:
            optimizer.state[parameter] = {
                name: value if name == "step" else value.to(parameter.device) for name, value in moments.items()
            }
    return facts
