"""Recipe: train the embedded text-to-video model on clips that the procedural renderer draws.

``python -m gpt4video.agent.training.generator --models DIR --out DIR --device cuda --minutes 9``

``--models`` holds ``text/`` (the pinned MiniLM). Everything else is drawn on the fly. Writes a diffusers pipeline
folder (weights in float16, in shards), ``log.csv``, ``evaluation.json`` and contact sheets.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import queue
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .scene_bank import SceneBank
from .scene_world import NARROW, WIDE
from .scenes import FRAMES

_DROP_TEXT = 0.12
_FIRST_FRAME = 0.2
_DROP_LAYOUT = 0.2
_SHARD_BYTES = 14_000_000


@dataclass(frozen=True)
class Options:
    """What the command line says; see :func:`parse`."""

    models: Path
    out: Path
    device: str
    minutes: float
    layout_minutes: float
    layout_scenes: int
    seed: int
    batch: int
    slots: int
    workers: int
    rate: float
    channels: tuple[int, int, int]
    blocks: tuple[int, int, int]
    side: int
    frames: int
    threads: int
    refresh: bool
    world: str
    save_minutes: float
    resume: Path | None
    eval_prompts: int


def _triple(text: str) -> tuple[int, int, int]:
    first, second, third = (int(part) for part in text.split(","))
    return first, second, third


def parse(arguments: list[str] | None = None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="gpt4video train generator", description=__doc__)
    parser.add_argument("--models", type=Path, required=True, help="folder with text/ (the pinned MiniLM)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pipeline and the logs")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--minutes", type=float, default=60.0, help="wall time for training, evaluation excluded")
    parser.add_argument(
        "--layout-minutes", type=float, default=5.0, help="time for the layout stage, on top; 0 keeps that of --resume"
    )
    parser.add_argument("--layout-scenes", type=int, default=20_000, help="scenes that the layout stage learns from")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--slots", type=int, default=24_000, help="clips held in memory, 0.2 MB each")
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 4), help="drawing processes")
    parser.add_argument("--rate", type=float, default=5e-4, help="peak learning rate")
    parser.add_argument("--channels", type=_triple, default=(64, 192, 320))
    parser.add_argument("--blocks", type=_triple, default=(1, 2, 3))
    parser.add_argument("--side", type=int, default=64, help="pixels of a side: 64, or 32 for a small machine")
    parser.add_argument("--frames", type=int, default=16, help="16, or 8 for a small machine")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads of the training; 0 leaves it to torch")
    parser.add_argument(
        "--no-refresh", dest="refresh", action="store_false", help="draw each clip once instead of ever new ones"
    )
    parser.add_argument("--world", choices=("wide", "narrow"), default="wide", help="narrow for a small machine")
    parser.add_argument("--save-minutes", type=float, default=5.0, help="how often the weights are saved")
    parser.add_argument("--resume", type=Path, default=None, help="pipeline folder to go on from")
    parser.add_argument("--eval-prompts", type=int, default=40, help="prompts for each judged attribute; 0 skips")
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


class Trainer:
    """Rectified flow; the network predicts the clean clip into a known layout. See ``docs/models/generator.md``."""

    def __init__(self, options: Options, bank: SceneBank) -> None:
        import torch

        from ...tools.generation.embedded.layout import LayoutNetwork
        from ...tools.generation.embedded.network import NetworkConfig, VideoUNet
        from ...tools.generation.embedded.text import load_encoder
        from .generator_files import load_weights

        torch.manual_seed(options.seed)
        torch.set_float32_matmul_precision("high")
        self.torch, self.options, self.bank = torch, options, bank
        self.encoder = load_encoder(options.models / "text")
        self.encoder.to(options.device, torch.bfloat16)
        if options.threads:
            torch.set_num_threads(options.threads)
        self.config = NetworkConfig(
            frames=options.frames, side=options.side, channels=options.channels, blocks=options.blocks
        )
        self.network = VideoUNet(self.config)
        if options.resume is not None:
            load_weights(self.network, options.resume / "unet")
        self.network.to(options.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = VideoUNet(self.config).to(options.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average.load_state_dict(self.network.state_dict())
        self.average.requires_grad_(False).eval()
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), options.rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True
        )
        self.layout = LayoutNetwork(self.config.text)
        if options.resume is not None and options.layout_minutes <= 0:
            load_weights(self.layout, options.resume / "layout")
        self.layout.to(options.device)
        self.noise = torch.Generator(options.device).manual_seed(options.seed)
        self.log: list[dict[str, float]] = []

    def encode(self, tokens: Any) -> tuple[Any, Any]:
        """Token ids (B, M) padded with 0 -> token states (B, M, 384) and mask (B, M)."""
        with self.torch.no_grad():
            mask = tokens != 0
            width = int(mask.sum(1).max())
            tokens, mask = tokens[:, :width], mask[:, :width]
            states = self.encoder(input_ids=tokens, attention_mask=mask.long()).last_hidden_state
        return states.float(), mask

    def shrink(self, clips: Any) -> Any:
        """Drawn clips (B, 16, 3, 64, 64) at the network's length and size."""
        clips = clips[:, :: clips.shape[1] // self.config.frames]
        factor = clips.shape[-1] // self.config.side
        return self.torch.nn.functional.avg_pool3d(clips, (1, factor, factor)) if factor > 1 else clips

    def planes(self, layouts: Any) -> Any:
        """Layouts (B, 3, 7) of 16 drawn frames -> planes of the frames that :meth:`shrink` keeps; some unknown."""
        from ...tools.generation.embedded.layout import UNKNOWN, draw_layout

        last = (self.config.frames - 1) * (FRAMES // self.config.frames) / (FRAMES - 1)
        ends = self.torch.lerp(layouts[..., 1:4], layouts[..., 4:], last)
        planes = draw_layout(self.torch.cat([layouts[..., :4], ends], -1), self.config.frames, self.config.side)
        hidden = self.torch.rand(len(planes), device=planes.device, generator=self.noise) < _DROP_LAYOUT
        return planes.masked_fill(hidden[:, None, None, None, None], UNKNOWN)

    def loss(self, clips: Any, tokens: Any, layouts: Any) -> Any:
        """Squared error of the velocity, written as error of the clean clip over the noise share."""
        torch, device = self.torch, self.options.device
        clean = self.shrink(clips.to(device, non_blocking=True).permute(0, 1, 4, 2, 3).float() / 127.5 - 1)
        tokens = tokens.to(device, non_blocking=True)
        size = clean.shape[0]
        dropped = torch.rand(size, device=device, generator=self.noise) < _DROP_TEXT
        blank = torch.zeros_like(tokens)
        blank[:, 0], blank[:, 1] = 101, 102  # BERT's start and end: an empty prompt
        text, mask = self.encode(torch.where(dropped[:, None], blank, tokens))
        # Near pure noise the words decide everything; a third of the steps go above a noise share of 0.9.
        t = torch.sigmoid(torch.randn(size, device=device, generator=self.noise) * 1.3 + 1.6)
        share = t[:, None, None, None, None]
        noisy = (1 - share) * clean + share * torch.randn(clean.shape, device=device, generator=self.noise)
        given = (torch.rand(size, 1, 1, 1, device=device, generator=self.noise) < _FIRST_FRAME).float()
        first = torch.cat([clean[:, 0] * given, given.expand(-1, 1, *clean.shape[3:])], 1)
        with torch.autocast(device, torch.bfloat16):
            guess = self.network(noisy, t, text, mask, first, self.planes(layouts.to(device)))
        error = (guess.float() - clean).square().mean((1, 2, 3, 4))
        return (error / t.clamp(min=0.15).square()).mean()

    def step(self, index: int, progress: float, batch: tuple[Any, ...]) -> Any:
        """One update; the rate warms up over 200 steps and falls to 2 % by the end (cosine over wall time)."""
        rate = (
            self.options.rate * min(1.0, (index + 1) / 200) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
        )
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = self.loss(*batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        decay = min(0.998, (1 + index) / (10 + index))
        averages, currents = list(self.average.parameters()), list(self.network.parameters())
        self.torch._foreach_lerp_(averages, [p.detach() for p in currents], 1 - decay)
        return loss.detach()

    def run(self) -> None:
        """Train until the wall budget is spent, logging every 50 steps and saving now and then."""
        from .generator_files import save_pipeline

        feeder = _Feeder(self.bank, self.options)
        start, budget, index, losses = time.monotonic(), self.options.minutes * 60, 0, []
        saved = start
        while (elapsed := time.monotonic() - start) < budget:
            losses.append(self.step(index, elapsed / budget, feeder.next()))
            index += 1
            if index % 50 == 0 or index == 5:
                mean = float(self.torch.stack(losses).mean())
                losses = []
                row = {"step": index, "seconds": round(elapsed, 1), "loss": round(mean, 5), "drawn": self.bank.drawn}
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
    """Train, save, evaluate."""
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    world = NARROW if options.world == "narrow" else WIDE
    tokenizer = options.models / "text" / "tokenizer.json"
    bank = SceneBank(options.slots, options.workers, tokenizer, options.seed, options.refresh, world)
    bank.wait(min(options.slots, 16 * options.batch))
    from .generator_files import save_pipeline
    from .generator_layout import train_layout

    trainer = Trainer(options, bank)
    if options.layout_minutes > 0:
        trainer.layout = train_layout(trainer.encoder, tokenizer, world, options)
    trainer.run()
    bank.close()
    save_pipeline(trainer.average, trainer.layout, options.out, _SHARD_BYTES)
    _write_log(trainer.log, options.out / "log.csv")
    if options.eval_prompts:
        from .generator_evaluation import evaluate

        report = evaluate(trainer, options.eval_prompts, options.out)
        (options.out / "evaluation.json").write_text(json.dumps(report, indent=1) + "\n")
        print(json.dumps({k: v for k, v in report.items() if k != "cases"}, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
