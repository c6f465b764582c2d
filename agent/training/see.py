"""Recipe: teach the language model to see.

``python -m gpt4video.agent.training.see --data DIR --models DIR --out DIR --device cuda --minutes 9``

``--data`` has the layout that :mod:`.see_data` documents; ``--models`` holds ``llm/`` and ``vision/`` (the pinned
files). Writes ``config.json`` and ``part-*.safetensors`` (float16), ``log.csv``, ``loss.png``, ``evaluation.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ...tools.understanding.vision import class_names
from ..evaluation.see import examine
from ..model.decoding import plain_copy
from ..model.gpt4video_model import GPT4VideoConfig, GPT4VideoModel, LoraShape
from .base_model import load_base
from .drawn_photos import write_drawn_photos
from .loop import Budget
from .see_bank import Bank, BankSize, fill
from .see_batches import BatchSize
from .see_data import read_captions, read_split
from .see_features import FrameFeaturizer
from .see_trainer import Rates, SeeTrainer

_EXAM_SECONDS = 50.0


@dataclass(frozen=True)
class Options:
    """What the command line says; see :func:`parse`."""

    data: Path
    models: Path
    out: Path
    device: str
    minutes: float
    steps: int
    seed: int
    batch: int
    photos: int
    dev_photos: int
    exam_photos: int
    variants: int
    moves: int
    warm_minutes: float
    warm_steps: int
    words: float
    videos: int
    lora: str
    critic_share: float
    critic_photos: int
    critic_samples: int
    rate: float
    lora_rate: float
    critic_rate: float
    workers: int
    resume: Path | None
    state: Path | None
    bank: Path | None
    restrict_head: bool


def parse(arguments: list[str] | None = None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="gpt4video train see", description=__doc__)
    add = parser.add_argument
    add("--smoke", action="store_true", help="two minutes on drawn pictures; --data, if given, is where they are drawn")
    add("--data", type=Path, default=None, help="folder with captions.csv, images/, train.txt, dev.txt")
    add("--models", type=Path, required=True, help="folder with llm/ and vision/ (the pinned files)")
    add("--out", type=Path, required=True, help="folder for weights, log, plot and evaluation")
    add("--device", default="cpu")
    add("--minutes", type=float, default=0.0, help="wall time in all, features and exam included; 0: no limit")
    add("--steps", type=int, default=0, help="steps of next-token learning; 0: until its share of the time is over")
    add("--seed", type=int, default=11)
    add("--batch", type=int, default=96, help="described photos a step, with all captions; conversations in proportion")
    add("--photos", type=int, default=0, help="training photos; 0: all")
    add("--dev-photos", type=int, default=250, help="dev photos described at every check")
    add("--exam-photos", type=int, default=1000, help="dev photos of the final exam")
    add("--variants", type=int, default=6, help="augmented variants of a photo, the photo itself included")
    add("--moves", type=int, default=2400, help="camera moves; drawings in proportion")
    add("--warm-minutes", type=float, default=0.4, help="minutes of the word warm-up before; 0: none")
    add("--warm-steps", type=int, default=0, help="steps of the word warm-up at most; 0: by --warm-minutes alone")
    add("--words", type=float, default=0.03, help="weight of the word lesson beside next-token learning; 0: none")
    add("--videos", type=int, default=0, help="conversations about videos a step; 0: a quarter of --batch")
    add("--lora", choices=("all", "attention"), default="all", help="layers that LoRA adapts")
    add("--critic-share", type=float, default=0.4, help="share of the training time for self-critical learning")
    add("--critic-photos", type=int, default=64)
    add("--critic-samples", type=int, default=5)
    add("--rate", type=float, default=7e-4, help="peak learning rate of next-token learning")
    add("--lora-rate", type=float, default=1e-3, help="the same of the language model's adapters")
    add("--critic-rate", type=float, default=1.2e-4)
    add("--workers", type=int, default=min(4, max(1, (os.cpu_count() or 2) // 4)), help="processes that make batches")
    add("--resume", type=Path, default=None, help="weights folder to start from")
    add("--state", type=Path, default=None, help="folder of the full state: resumed from if it holds one")
    add("--bank", type=Path, default=None, help="folder that keeps the features: read if it holds them, else written")
    add(
        "--restrict-head",
        action="store_true",
        help="train the output head on the words of the data alone (small machines)",
    )
    given = vars(parser.parse_args(arguments))
    smoke = given.pop("smoke")
    if not smoke and given["data"] is None:
        parser.error("--data is required (or --smoke)")
    return smoke_of(given) if smoke else Options(**given)


def smoke_of(given: dict[str, Any]) -> Options:
    """The recipe in small, on pictures that are drawn first: shows that all stages run and that the loss falls."""
    given["data"] = given["data"] or given["out"] / "drawn"
    write_drawn_photos(given["data"])
    small = {
        "steps": 12, "minutes": 0.0, "batch": 4, "photos": 0, "dev_photos": 4, "exam_photos": 6, "variants": 2,
        "moves": 7, "warm_minutes": 0.0, "warm_steps": 12, "critic_share": 0.0, "workers": 0, "lora": "attention",
        "restrict_head": True,
    }  # fmt: skip
    return Options(**{**given, **small})


def prepare(options: Options, device: torch.device) -> Bank:
    """Read the data and compute all features, or read them from ``--bank``."""
    if options.bank is not None and (options.bank / "bank.json").is_file():
        return Bank.load(options.bank, device)
    captions = read_captions(options.data)
    splits = {
        "train": read_split(options.data, "train", captions, options.photos),
        "dev": read_split(options.data, "dev", captions, max(options.exam_photos, options.dev_photos)),
    }
    weights = sorted((options.models / "vision").glob("*.pth"))[0]
    share = options.moves / 2400
    size = replace(
        BankSize(), variants=options.variants, camera=options.moves, drawn=round(1500 * share),
        dev_camera=min(200, options.moves), dev_drawn=min(200, round(1500 * share)),
    )  # fmt: skip
    bank = fill(FrameFeaturizer(weights, device), class_names(), options.data, splits, size, options.seed)
    if options.bank is not None:
        bank.save(options.bank)
    return bank


def build(options: Options, device: torch.device) -> tuple[GPT4VideoModel, Any]:
    """The model, and the plain copy of its language model to decode with."""
    llm, tokenizer = load_base(options.models, device)
    decoder = plain_copy(llm)
    torch.manual_seed(options.seed)
    lora = LoraShape() if options.lora == "all" else LoraShape(targets=("q_proj", "k_proj", "v_proj", "o_proj"))
    model = GPT4VideoModel(llm, tokenizer, GPT4VideoConfig(lora=lora)).to(device)
    if options.resume is not None:
        model.load_weights(options.resume)
    return model, decoder


def train(options: Options) -> dict[str, Any]:
    """Run the recipe; returns the exam's figures."""
    start = time.monotonic()
    device = torch.device(options.device)
    torch.set_float32_matmul_precision("high")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    bank = prepare(options, device)
    print(f"{bank.grid.shape[0]} frames of features after {time.monotonic() - start:.0f} s", flush=True)  # noqa: T201
    model, decoder = build(options, device)
    trainer = SeeTrainer(
        model, decoder, bank, options.out,
        rates=replace(
            Rates(), abstractor=options.rate, lora=options.lora_rate, critic=options.critic_rate,
            words=options.words,
        ),
        size=BatchSize(options.batch, max(1, options.batch // 3), options.videos or max(1, options.batch // 4)),
        seed=options.seed, workers=options.workers, dev=options.dev_photos,
        head=words_of(bank, model.tokenizer, device) if options.restrict_head else None,
    )  # fmt: skip
    print(f"training starts after {time.monotonic() - start:.0f} s", flush=True)  # noqa: T201
    interrupted = options.state is not None and (options.state / "state.safetensors").is_file()
    if (options.warm_minutes > 0 or options.warm_steps > 0) and not interrupted:
        trainer.warm(Budget(options.warm_steps, options.warm_minutes), batch=max(96, options.batch))
    left = max(0.1, options.minutes - (time.monotonic() - start + _EXAM_SECONDS) / 60) if options.minutes else 0.0
    done = 0
    if options.critic_share < 1:
        budget = Budget(options.steps, left * (1 - options.critic_share))
        every = 0.5 if 0 < options.steps < 50 else 0.1
        done = trainer.imitate(budget, check_every=every, state=options.state)
    else:
        trainer.keep_current()
    if options.critic_share > 0 and options.minutes:
        spent = time.monotonic() - start + _EXAM_SECONDS
        budget = Budget(0, max(0.05, options.minutes - spent / 60))
        trainer.criticise(
            budget, photos=options.critic_photos, samples=options.critic_samples, check_every=0.15, first=done
        )
    figures = exam(trainer, bank, options)
    print(f"done after {time.monotonic() - start:.0f} s: {json.dumps(figures, indent=1)}", flush=True)  # noqa: T201
    return figures


def exam(trainer: SeeTrainer, bank: Bank, options: Options) -> dict[str, Any]:
    """Examine the best weights, greedily, and write ``evaluation.json`` and ``dev_captions.json``."""
    trainer.restore_best()

    photos = bank.photos["dev"][: options.exam_photos]
    found = examine(trainer.reply, photos, bank.moves["dev"], orders=min(500, len(photos)))
    texts = found.pop("texts")
    found["options"] = {key: str(value) for key, value in vars(options).items() if key not in ("data", "models", "out")}
    (options.out / "evaluation.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    (options.out / "dev_captions.json").write_text(json.dumps(texts, indent=0) + "\n", encoding="utf-8")
    return found


def words_of(bank: Bank, tokenizer: Any, device: torch.device) -> torch.Tensor:
    """Token ids that answers and captions of the training photos can hold, sorted: the restricted output head."""
    import random

    from .see_batches import TurnEncoder
    from .see_data import Lessons

    lessons, encoder, rng = Lessons(bank.photos["train"], bank.moves["train"]), TurnEncoder(tokenizer), random.Random(0)
    found = {encoder.end}
    texts = [c for photo in bank.photos["train"] for c in photo.captions]
    for text in texts:
        for form in (f" {text}", f" {text.lower()}", text):
            found.update(encoder.ids(form))
    for _ in range(3000):
        for example in (lessons.image(rng, 1.0), lessons.video(rng)):
            found.update(
                t for branch in example.branches for text, spoken in branch if spoken for t in encoder.ids(text)
            )
    return torch.tensor(sorted(found), device=device)


def main(arguments: list[str] | None = None) -> None:
    """Command-line entry."""
    train(parse(arguments))


if __name__ == "__main__":
    main()
