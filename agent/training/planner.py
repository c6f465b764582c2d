"""Trains the planner: LoRA on a small Llama-type LM, with the loss on plans and answers only.

Run::

    gpt4video train plan --data DATA --models MODELS --out OUT

``--data`` is a data folder, or a file that :mod:`.planner_data` made of it; ``--models`` holds ``llm/*.gguf``. The
out folder gets ``adapter_model.safetensors`` (fp16), ``adapter_config.json``, ``metrics.json``, ``log.csv`` and, while
it runs, ``checkpoint.pt``, from which an interrupted run goes on.
LoRA: Hu et al. 2021, arXiv 2106.09685.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .planner_lora import blend, keep_memory, load_adapter, load_model, save_adapter, weights_of
from .planner_score import score

IGNORED = -100


@dataclass(frozen=True)
class Example:
    """Token ids of a prompt and its target, and the row they come from."""

    prompt: list[int]
    target: list[int]
    row: dict[str, str]

    def __len__(self) -> int:
        return len(self.prompt) + len(self.target)


def read_rows(path: Path) -> list[dict[str, str]]:
    """All rows of the data file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def data_file(data: Path, out: Path) -> Path:
    """The file of rows; made in the out folder, with the builder's defaults, when ``data`` is a data folder."""
    if not data.is_dir():
        return data
    from .planner_data import build

    made = out / "data.jsonl.gz"
    if not made.is_file():
        build(data, made, plans=60_000, replies=10_000, seed=7)
    return made


def encode(tokenizer: Any, rows: list[dict[str, str]]) -> list[Example]:
    """Rows -> token ids, begin and end marks included; what is longer than 512 tokens is left out."""
    prompts = tokenizer([row["prompt"] for row in rows], add_special_tokens=False)["input_ids"]
    targets = tokenizer([" " + row["target"] for row in rows], add_special_tokens=False)["input_ids"]
    begin, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    examples = [
        Example([begin, *prompt], [*target, end], row)
        for prompt, target, row in zip(prompts, targets, rows, strict=True)
    ]
    return [example for example in examples if len(example) <= 512]


def batches(examples: list[Example], tokens: int, seed: int) -> list[list[Example]]:
    """Batches of similar length with at most ``tokens`` padded tokens each, in random order."""
    chooser = random.Random(seed)
    order = sorted(examples, key=lambda example: (len(example) // 6, chooser.random()))
    made: list[list[Example]] = [[]]
    for example in order:
        if made[-1] and (len(made[-1]) + 1) * max(len(example), len(made[-1][0])) > tokens:
            made.append([])
        made[-1].append(example)
    chooser.shuffle(made)
    return made


def collate(batch: list[Example], device: torch.device) -> tuple[Tensor, Tensor]:
    """Batch -> ids and labels, each (B, L), padded on the right; labels only on targets."""
    length = max(map(len, batch))
    ids = torch.zeros(len(batch), length, dtype=torch.long)
    labels = torch.full((len(batch), length), IGNORED, dtype=torch.long)
    for n, example in enumerate(batch):
        size = len(example)
        ids[n, :size] = torch.tensor(example.prompt + example.target)
        labels[n, len(example.prompt) : size] = ids[n, len(example.prompt) : size]
    return ids.to(device), labels.to(device)


def target_loss(
    model: Any, batch: list[Example], device: torch.device, head: Tensor | None, ids: Tensor | None
) -> Tensor:
    """Mean cross entropy over target tokens.

    The output head is applied at those positions only, and with ``head`` (rows ``ids`` of it) only to the tokens that
    occur in targets at all: on a CPU the full head costs more than the layers.
    """
    tokens, labels = collate(batch, device)
    core = model.get_base_model()
    # Padding is on the right, so under causal attention no mask is needed, and the fast kernels apply.
    hidden = core.model(input_ids=tokens, use_cache=False).last_hidden_state
    wanted = labels[:, 1:] != IGNORED
    states, answers = hidden[:, :-1][wanted], labels[:, 1:][wanted]
    if head is None or ids is None:
        logits = core.lm_head(states)
    else:
        logits, answers = states @ head.T, torch.searchsorted(ids, answers)
    return torch.nn.functional.cross_entropy(logits.float(), answers)


class Schedule:
    """Cosine decay with warm-up over whichever runs out first: the epochs or the minutes."""

    def __init__(self, steps: int, minutes: float, rate: float, done: float = 0.0) -> None:
        self._steps, self._seconds, self._rate = steps, minutes * 60, rate
        self._begin = time.monotonic() - done

    @property
    def elapsed(self) -> float:
        """Seconds of training, those before an interruption included."""
        return time.monotonic() - self._begin

    def progress(self, step: int) -> float:
        """0 at the start, 1 at the end."""
        return min(1.0, max(step / self._steps, self.elapsed / self._seconds))

    def rate(self, step: int) -> float:
        """Learning rate of this step."""
        return (
            self._rate * min(1.0, (step + 1) / 20) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * self.progress(step))))
        )


def _endless(examples: list[Example], tokens: int, seed: int, skip: int) -> Iterator[list[Example]]:
    epoch = 0
    while True:
        for batch in batches(examples, tokens, seed + epoch):
            if skip > 0:
                skip -= 1
                continue
            yield batch
        epoch += 1


def train(model: Any, examples: list[Example], options: argparse.Namespace, device: torch.device) -> dict[str, float]:
    """Train until the epochs or the minutes are over; returns figures. Raises ``FloatingPointError`` on NaN."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=options.rate, betas=(0.9, 0.98), weight_decay=0.0)
    head = ids = None
    if device.type == "cpu":
        ids = torch.tensor(sorted({token for example in examples for token in example.target}))
        head = model.get_base_model().lm_head.weight.detach()[ids]
    step, done, total = 0, 0.0, max(1, len(batches(examples, options.tokens, 0)) * options.epochs)
    checkpoint = options.out / "checkpoint.pt"
    if checkpoint.exists():
        step, done = _resume(checkpoint, model, optimizer, device)
    schedule = Schedule(total, options.minutes, options.rate, done)
    losses: list[float] = []
    saved = time.monotonic()
    with (options.out / "log.csv").open("a" if step else "w", newline="", encoding="utf-8") as file:
        log = csv.writer(file)
        if not step:
            log.writerow(["step", "seconds", "rate", "loss"])
        for batch in _endless(examples, options.tokens, options.seed, step):
            if schedule.progress(step) >= 1.0:
                break
            for group in optimizer.param_groups:
                group["lr"] = schedule.rate(step)
            with torch.autocast(device.type, dtype=torch.bfloat16):
                loss = target_loss(model, batch, device, head, ids)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            losses.append(loss.detach())  # type: ignore[arg-type]
            step += 1
            if step % 25 == 0:
                mean = float(torch.stack(losses[-25:]).mean())  # type: ignore[arg-type]
                if not math.isfinite(mean):
                    raise FloatingPointError(
                        f"The loss is not finite at step {step}; lower --rate. The last checkpoint is kept."
                    )
                log.writerow([step, f"{schedule.elapsed:.1f}", f"{schedule.rate(step):.2e}", f"{mean:.4f}"])
                file.flush()
                left = schedule.elapsed * (1 / max(schedule.progress(step), 1e-6) - 1)
                print(f"step {step}/{total} loss {mean:.4f} {schedule.elapsed:.0f} s, {left:.0f} s left", flush=True)  # noqa: T201
            if time.monotonic() - saved > options.checkpoint_seconds:
                _checkpoint(checkpoint, model, optimizer, step, schedule.elapsed)
                saved = time.monotonic()
    last = [float(loss) for loss in losses[-100:]]
    return {"steps": step, "seconds": round(schedule.elapsed, 1), "loss": sum(last) / max(1, len(last))}


def _checkpoint(path: Path, model: Any, optimizer: Any, step: int, elapsed: float) -> None:
    part = path.with_suffix(".part")
    torch.save(
        {"weights": weights_of(model), "optimizer": optimizer.state_dict(), "step": step, "elapsed": elapsed}, part
    )
    part.replace(path)


def _resume(path: Path, model: Any, optimizer: Any, device: torch.device) -> tuple[int, float]:
    from peft import set_peft_model_state_dict

    state = torch.load(path, map_location=device, weights_only=True)
    set_peft_model_state_dict(model, state["weights"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"]), float(state["elapsed"])


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="gpt4video train plan", description="Train the planner's LoRA adapter.")
    parser.add_argument(
        "--data", type=Path, required=True, help="rows made by planner_data, or a data folder to make them from"
    )
    parser.add_argument("--models", type=Path, required=True, help="folder that holds llm/*.gguf")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--minutes", type=float, default=30.0, help="wall budget of training; measuring comes on top")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=0, help="padded tokens a batch; 0: 16384 on a GPU, 2048 on a CPU")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--rows", type=int, default=0, help="use only so many training rows (0: all)")
    parser.add_argument("--answers", type=float, default=1.0, help="share of the evidence-to-answer rows to train on")
    parser.add_argument("--measure", type=int, default=2000, help="measure on so many held-out rows of each kind")
    parser.add_argument("--checkpoint-seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--init", type=Path, help="go on from this adapter instead of a fresh one")
    parser.add_argument("--blend", type=float, default=1.0, help="with --init: share of the new weights in the mean")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    device = torch.device(options.device)
    if device.type == "cpu":
        keep_memory()
    options.tokens = options.tokens or (16384 if device.type == "cuda" else 2048)
    model, tokenizer = load_model(options.models, device, options.seed)
    if options.init:
        load_adapter(model, options.init)
    rows = read_rows(data_file(options.data, options.out))
    train_rows = [row for row in rows if row["split"] == "train"]
    if options.answers < 1:
        chooser = random.Random(options.seed)
        train_rows = [row for row in train_rows if row["task"] == "plan" or chooser.random() < options.answers]
    if options.rows:
        train_rows = random.Random(options.seed).sample(train_rows, min(options.rows, len(train_rows)))
    examples = encode(tokenizer, train_rows)
    print(f"{len(examples)} examples, {sum(map(len, examples))} tokens", flush=True)  # noqa: T201
    figures: dict[str, Any] = dict(train(model, examples, options, device))
    if options.init and options.blend < 1:
        blend(model, options.init, options.blend)
    save_adapter(model, options.out)
    figures |= score(model, tokenizer, rows, device, options.measure, options.out)
    figures |= {
        "rows": len(examples),
        "seed": options.seed,
        "epochs": options.epochs,
        "rate": options.rate,
        "tokens": options.tokens,
    }
    (options.out / "metrics.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    (options.out / "checkpoint.pt").unlink(missing_ok=True)
    print(json.dumps(figures, indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
