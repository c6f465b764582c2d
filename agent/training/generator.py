"""Recipe: train the embedded text-to-video model on clips that the procedural renderer draws.

``python -m gpt4video.agent.training.generator --models DIR --out DIR --device cuda --minutes 9 --layout-minutes 2``

``--models`` holds ``text/`` (the pinned MiniLM). Everything else is drawn on the fly. Writes a diffusers pipeline
folder (weights in float16, in shards) and ``log.csv``; ``gpt4video eval generate --weights OUT`` judges it.
"""

from __future__ import annotations

import argparse
import csv
import os
import queue
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .generator_words import WORDS
from .loop import Budget, cosine, descend, follow
from .scene_bank import SceneBank
from .scene_world import NARROW, WIDE

_FIRST_FRAME = 0.2
_MEMORY = 0.999
_DROP_ALL = 0.1
_DROP_PLACES, _DROP_PLACES_GIVEN = 0.1, 0.6
_STAGES = ((0.6, 0.0, 0.8), (0.9, 0.5, 1.2), (1.01, 1.0, 1.4))
"""Until which share of the training, what share of a clip's moments is seen, and how much noise there is (the mean
logit of its share): what stands still is seen in many frames, so more noise is needed to hide it."""
_SHARD_BYTES = 14_000_000


@dataclass(frozen=True)
class Options:
    """What the command line says; see :func:`parse`."""

    models: Path
    out: Path
    device: str
    minutes: float
    steps: int
    begin: float
    sprite_minutes: float
    sprite_steps: int
    layout_minutes: float
    layout_steps: int
    layout_scenes: int
    seed: int
    batch: int
    slots: int
    workers: int
    rate: float
    width: int
    depth: int
    threads: int
    refresh: bool
    world: str
    save_minutes: float
    resume: Path | None


def parse(arguments: list[str] | None = None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="gpt4video train generator", description=__doc__)
    parser.add_argument("--models", type=Path, required=True, help="folder with text/ (the pinned MiniLM)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pipeline and the logs")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--minutes", type=float, default=0.0, help="wall time of the painter's training")
    parser.add_argument("--steps", type=int, default=0, help="or its steps, whichever ends first")
    parser.add_argument(
        "--begin", type=float, default=0.0, help="with --resume: the share of the painter's that is done"
    )
    parser.add_argument("--sprite-minutes", type=float, default=0.0, help="wall time of the sprites' stage")
    parser.add_argument(
        "--sprite-steps", type=int, default=0, help="or its steps; neither leaves them to the painter's"
    )
    parser.add_argument("--layout-minutes", type=float, default=0.0, help="wall time of the layout stage")
    parser.add_argument("--layout-steps", type=int, default=0, help="or its steps; it goes on from that of --resume")
    parser.add_argument("--layout-scenes", type=int, default=20_000, help="scenes that the layout stage learns from")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--batch", type=int, default=128, help="moments of clips in a step")
    parser.add_argument("--slots", type=int, default=24_000, help="clips held in memory, 0.2 MB each")
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 4), help="drawing processes")
    parser.add_argument("--rate", type=float, default=1.5e-3, help="peak learning rate")
    parser.add_argument("--width", type=int, default=256, help="of the painter's tokens")
    parser.add_argument("--depth", type=int, default=8, help="the painter's blocks")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads of the training; 0 leaves it to torch")
    parser.add_argument(
        "--no-refresh", dest="refresh", action="store_false", help="draw each clip once instead of ever new ones"
    )
    parser.add_argument("--world", choices=("wide", "narrow"), default="wide", help="narrow: fewer and bigger things")
    parser.add_argument("--save-minutes", type=float, default=5.0, help="how often the weights are saved")
    parser.add_argument("--resume", type=Path, default=None, help="pipeline folder to go on from")
    return Options(**vars(parser.parse_args(arguments)))


class _Feeder:
    """Reads batches in a thread, so that the device never waits for memory copies."""

    def __init__(self, bank: SceneBank, options: Options) -> None:
        self._queue: queue.Queue[tuple[Any, ...]] = queue.Queue(maxsize=6)
        self._bank, self._options = bank, options
        self._stopped = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        import torch

        rng = np.random.default_rng(self._options.seed)
        while not self._stopped:
            batch = tuple(map(torch.from_numpy, self._bank.batch(self._options.batch, rng)))
            if self._options.device == "cuda":
                batch = tuple(part.pin_memory() for part in batch)
            while not self._stopped:
                try:
                    self._queue.put(batch, timeout=0.5)
                    break
                except queue.Full:
                    continue

    def next(self) -> tuple[Any, ...]:
        return self._queue.get(timeout=600)

    def stop(self) -> None:
        self._stopped = True


def _pixels(frames: Any) -> Any:
    """(..., H, W, 3) uint8 -> (..., 3, H, W) in -1 to 1."""
    return frames.movedim(-1, -3).float() / 127.5 - 1


class Trainer:
    """Rectified flow; the network predicts the clean clip of a layout. See ``docs/models/generator.md``."""

    def __init__(self, options: Options) -> None:
        import torch

        from ...tools.generation.embedded.network import NetworkConfig, VideoTransformer
        from ...tools.generation.embedded.writer import LayoutWriter
        from .generator_files import load_weights

        torch.manual_seed(options.seed)
        torch.set_float32_matmul_precision("high")
        self.torch, self.options = torch, options
        if options.threads:
            torch.set_num_threads(options.threads)
        self.config = NetworkConfig(WORDS, width=options.width, depth=options.depth)
        self.network, self.average = (VideoTransformer(self.config).to(options.device) for _ in range(2))
        if options.resume is not None:
            load_weights(self.network, options.resume / "transformer")
        self.average.load_state_dict(self.network.state_dict())
        self.average.requires_grad_(False).eval()
        self.optimizers = self._optimizers()
        self.layout = LayoutWriter(WORDS)
        if options.resume is not None:
            load_weights(self.layout, options.resume / "layout")
        self.layout.to(options.device)
        self.noise = torch.Generator(options.device).manual_seed(options.seed)
        self.dice = torch.Generator().manual_seed(options.seed)
        self.log: list[dict[str, float]] = []

    def _optimizers(self) -> list[Any]:
        """Muon for the blocks' matrices (fewer steps, which is what a small machine lacks), AdamW for the rest."""
        torch = self.torch
        matrices: list[Any] = []
        rest: list[Any] = []
        for name, value in self.network.named_parameters():
            inner = name.startswith("blocks.") and value.ndim == 2 and "steer" not in name
            (matrices if inner else rest).append(value)
        rate = self.options.rate
        return [
            torch.optim.Muon(matrices, rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, rate, betas=(0.9, 0.99), weight_decay=0.01),
        ]

    def _hidden(self, layouts: Any, given: Any) -> Any:
        """Layouts with nothing known in some, no places in others: in most of those whose first frame is ``given``."""
        from ...tools.generation.embedded.layout import without_places

        chance = self.torch.rand(len(layouts), 1, device=layouts.device, generator=self.noise)
        bound = _DROP_ALL + self.torch.where(given, _DROP_PLACES_GIVEN, _DROP_PLACES)
        layouts = self.torch.where(chance < bound, without_places(layouts), layouts)
        return layouts * (chance >= _DROP_ALL)

    def loss(self, clips: Any, layouts: Any, progress: float) -> Any:
        """Squared error of the velocity, written as error of the clean clip over the noise share.

        Training begins with one moment (two frames) of many clips, where things and places are learned, and goes on
        to more moments of fewer clips, where they learn to stay what they are: see :data:`_STAGES`.
        """
        torch, device, config = self.torch, self.options.device, self.config
        share, noise = next((share, noise) for until, share, noise in _STAGES if progress < until)
        moments = config.frames // config.span
        chosen = torch.randperm(moments, generator=self.dice)[: max(1, round(moments * share))].sort().values
        size = max(1, len(clips) // len(chosen))
        clips, layouts = clips[:size].unflatten(1, (moments, -1)), layouts[:size].to(device)
        opening = _pixels(clips[:, 0, 0].to(device))
        clean = _pixels(clips[:, chosen].flatten(1, 2).to(device))
        given = torch.rand(size, 1, device=device, generator=self.noise) < _FIRST_FRAME
        plane = given.float()[:, :, None, None].expand(-1, 1, *clean.shape[3:])
        first = torch.cat([opening * plane, plane], 1)
        t = torch.sigmoid(torch.randn(size, device=device, generator=self.noise) * 1.3 + noise)
        noisy = torch.lerp(clean, torch.randn(clean.shape, device=device, generator=self.noise),
                           t[:, None, None, None, None])  # fmt: skip
        with torch.autocast(device, torch.bfloat16):
            guess = self.network(noisy, t, self._hidden(layouts, given), first, chosen.to(device))
        error = (guess.float() - clean).square().mean((1, 2, 3, 4))
        return (error / t.clamp(min=0.15).square()).mean()

    def step(self, index: int, progress: float, batch: tuple[Any, ...]) -> Any:
        """One update; the rate warms up over 100 steps and falls to 2 % by the end (cosine)."""
        clips, layouts = batch
        loss = self.loss(clips, layouts, progress)
        rate = self.options.rate * min(1.0, (index + 1) / 100) * cosine(progress, warmup=0.0)
        descend(loss, *self.optimizers, rate=rate)
        follow(self.average, self.network, index, _MEMORY)
        return loss.detach()

    def run(self, bank: SceneBank) -> None:
        """Train until the budget is spent, logging every 50 steps and saving now and then."""
        from .generator_files import save_pipeline

        feeder = _Feeder(bank, self.options)
        start, index, losses = time.monotonic(), 0, []
        saved, budget, begin = start, Budget(self.options.steps, self.options.minutes), self.options.begin
        while (share := budget.progress(index)) < 1:
            losses.append(self.step(index, begin + (1 - begin) * share, feeder.next()))
            index += 1
            if index % 50 == 0 or index == 5:
                mean = float(self.torch.stack(losses).mean())
                losses = []
                row = {
                    "step": index,
                    "seconds": round(time.monotonic() - start, 1),
                    "loss": round(mean, 5),
                    "drawn": bank.drawn,
                }
                self.log.append(row)
                print(row, flush=True)  # noqa: T201 - a recipe reports to the terminal
            if time.monotonic() - saved > self.options.save_minutes * 60:
                save_pipeline(self.average, self.layout, self.options.out, _SHARD_BYTES)
                saved = time.monotonic()
        feeder.stop()


def _write_log(rows: list[dict[str, float]], path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["step", "seconds", "loss", "drawn"])
        writer.writeheader()
        writer.writerows(rows)


def main(arguments: list[str] | None = None) -> None:
    """Train and save."""
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    world = NARROW if options.world == "narrow" else WIDE
    bank = None
    if options.minutes or options.steps:  # before anything starts threads, for its workers are forked
        bank = SceneBank(options.slots, options.workers, options.seed, options.refresh, world)
        bank.wait(min(options.slots, 16 * options.batch))
    from .generator_files import save_pipeline
    from .generator_layout import train_layout
    from .generator_sprites import train_sprites

    trainer = Trainer(options)
    if options.layout_minutes or options.layout_steps:
        trainer.layout = train_layout(trainer.layout, world, options)
    if options.sprite_minutes or options.sprite_steps:
        train_sprites(trainer.network, options)
        trainer.average.load_state_dict(trainer.network.state_dict())
    if bank is not None:
        trainer.run(bank)
        bank.close()
    save_pipeline(trainer.average, trainer.layout, options.out, _SHARD_BYTES)
    _write_log(trainer.log, options.out / "log.csv")


if __name__ == "__main__":
    main()
