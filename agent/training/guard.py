"""Train the text guard: the whole MiniLM encoder with one sigmoid for each category.

Run ``gpt4video train guard --data DIR_OR_FILE --models DIR --out DIR --device cuda``; a data folder is turned into a
corpus by :mod:`.guard_data` first. One model learns from everything and is written as ``guard.safetensors``. Examples
carry a fold, and whole sources and whole template families lie in one fold: five more models, ``fold-N.safetensors``,
never see theirs, so that ``gpt4video eval safety --weights OUT`` gives figures for wording that was never seen.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...policies import encoder as guard


@dataclass(frozen=True)
class Corpus:
    """Examples as columns. ``labels`` is (N, channels) of 1, 0 and -1 (unknown); ``ids`` are token lists."""

    texts: list[str]
    ids: list[list[int]]
    labels: NDArray[np.int8]
    weights: NDArray[np.float32]
    folds: NDArray[np.int64]
    sources: list[str]

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class Recipe:
    """How one model is trained."""

    epochs: int
    batch: int = 256
    rate: float = 1.5e-4
    head_rate: float = 1e-3
    decay: float = 0.02
    smoothing: float = 0.02
    dropout: float = 0.1
    frozen: bool = False
    start: Path | None = None


def read_corpus(path: Path, model_dir: Path, limit: int = 0, seed: int = 0) -> Corpus:
    """Read and tokenise a corpus file; ``limit`` keeps a random part of it."""
    from tokenizers import Tokenizer

    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    if limit and limit < len(rows):
        rows = random.Random(seed).sample(rows, limit)
    tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
    tokenizer.enable_truncation(guard.MAX_TOKENS)
    tokenizer.no_padding()
    texts = [row["t"] for row in rows]
    signs = {"1": 1, "0": 0, "-": -1}
    return Corpus(
        texts=texts,
        ids=[encoding.ids for encoding in tokenizer.encode_batch(texts)],
        labels=np.array([[signs[c] for c in row["y"]] for row in rows], dtype=np.int8),
        weights=np.array([row.get("w", 1.0) for row in rows], dtype=np.float32),
        folds=np.array([row["f"] for row in rows]),
        sources=[row["s"] for row in rows],
    )


def pad(ids: list[list[int]], device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Token lists -> ids and mask, (N, longest) each; 0 is the padding token."""
    longest = max(len(row) for row in ids)
    tokens = torch.zeros(len(ids), longest, dtype=torch.long)
    mask = torch.zeros(len(ids), longest, dtype=torch.long)
    for i, row in enumerate(ids):
        tokens[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return tokens.to(device, non_blocking=True), mask.to(device, non_blocking=True)


def batches(corpus: Corpus, chosen: NDArray[np.int64], size: int, rng: random.Random) -> list[list[int]]:
    """A shuffled pass over the chosen rows, in batches of similar length (less padding)."""
    order = chosen.tolist()
    rng.shuffle(order)
    chunk = size * 24
    out: list[list[int]] = []
    for start in range(0, len(order), chunk):
        part = sorted(order[start : start + chunk], key=lambda i: len(corpus.ids[i]))
        out += [part[i : i + size] for i in range(0, len(part), size)]
    rng.shuffle(out)
    return out


def loss_of(out: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Binary cross-entropy over the known labels, each example by its weight."""
    known = (labels >= 0).float()
    target = labels.clamp(min=0).float() * (1 - smoothing) + smoothing / 2
    each = torch.nn.functional.binary_cross_entropy_with_logits(out.float(), target, reduction="none")
    scale = known * weights.unsqueeze(1)
    # The overall channel decides most verdicts and is known for nearly every row.
    scale = scale * torch.tensor([2.0] + [1.0] * (labels.shape[1] - 1), device=out.device)
    return (each * scale).sum() / scale.sum().clamp(min=1e-6)


def parameters(encoder: Any, head: Any, recipe: Recipe) -> list[dict[str, Any]]:
    """Optimiser groups: later layers learn faster; embeddings stay as published."""
    for p in encoder.embeddings.parameters():
        p.requires_grad_(False)
    groups: list[dict[str, Any]] = [{"params": list(head.parameters()), "lr": recipe.head_rate}]
    layers = list(encoder.encoder.layer)
    for depth, layer in enumerate(layers):
        for p in layer.parameters():
            p.requires_grad_(True)
        groups.append({"params": list(layer.parameters()), "lr": recipe.rate * 0.85 ** (len(layers) - 1 - depth)})
    return groups


def fresh(model_dir: Path, recipe: Recipe, device: str) -> tuple[Any, Any]:
    """The published encoder with new heads, or the weights that the recipe starts from."""
    if recipe.start is None:
        encoder, head = guard.build(model_dir)
    else:
        encoder, head, _ = guard.load(recipe.start, model_dir)
    for module in encoder.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = recipe.dropout
    return encoder.to(device), head.to(device)


def fit(
    corpus: Corpus, chosen: NDArray[np.int64], model_dir: Path, recipe: Recipe, device: str, seed: int, deadline: float
) -> tuple[Any, Any]:
    """Train one model on the chosen rows until the recipe or the deadline (monotonic seconds) ends."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    encoder, head = fresh(model_dir, recipe, device)
    if recipe.frozen:
        return encoder.eval(), fit_head(corpus, chosen, encoder.eval(), head, recipe, device)
    encoder, head = encoder.train(), head.train()
    groups = parameters(encoder, head, recipe)
    optimiser = torch.optim.AdamW(groups, weight_decay=recipe.decay, fused=device == "cuda")
    total = recipe.epochs * math.ceil(len(chosen) / recipe.batch)
    peaks = [group["lr"] for group in groups]
    labels, weights = torch.from_numpy(corpus.labels), torch.from_numpy(corpus.weights)
    started = time.monotonic()
    passes = (rows for _ in range(recipe.epochs) for rows in batches(corpus, chosen, recipe.batch, rng))
    for step, rows in enumerate(passes):
        # Whichever runs out first, steps or time, brings the rate down to nothing.
        spent = max(step / total, (time.monotonic() - started) / max(deadline - started, 1e-3))
        if spent >= 1:
            break
        for group, peak in zip(optimiser.param_groups, peaks, strict=True):
            group["lr"] = peak * min(1.0, (step + 1) / (0.06 * total + 1)) * 0.5 * (1 + math.cos(math.pi * spent))
        ids, mask = pad([corpus.ids[i] for i in rows], device)
        with torch.autocast(device, dtype=torch.bfloat16):
            out = guard.logits(encoder, head, ids, mask)
        loss = loss_of(out, labels[rows].to(device), weights[rows].to(device), recipe.smoothing)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([p for g in groups for p in g["params"]], 1.0)
        optimiser.step()
        if step % 50 == 0:
            print(f"step {step}/{total} loss {float(loss.detach()):.4f}", flush=True)  # noqa: T201
    return encoder.eval(), head.eval()


def fit_head(
    corpus: Corpus, chosen: NDArray[np.int64], encoder: Any, head: Any, recipe: Recipe, device: str, steps: int = 400
) -> Any:
    """Train the heads alone on features that are computed once: minutes on a CPU, a stand-in for the real thing."""
    chosen = np.array(sorted(chosen, key=lambda i: len(corpus.ids[i])))
    parts = [[corpus.ids[i] for i in chosen[start : start + 128]] for start in range(0, len(chosen), 128)]
    with torch.no_grad():
        features = [guard.pooled(encoder, *pad(part, device)) for part in parts]
    inputs, labels = torch.cat(features), torch.from_numpy(corpus.labels[chosen]).to(device)
    weights = torch.from_numpy(corpus.weights[chosen]).to(device)
    optimiser = torch.optim.AdamW(head.parameters(), lr=recipe.head_rate, weight_decay=recipe.decay)
    for _ in range(steps):
        loss = loss_of(head(inputs), labels, weights, recipe.smoothing)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return head.eval()


@torch.no_grad()
def blend(encoder: Any, head: Any, start: Path, model_dir: Path, share: float) -> None:
    """Mean of the trained weights (``share``) and those they started from: fewer slips on wording that neither saw.

    Wortsman et al. 2022, "Model soups", arXiv 2203.05482.
    """
    before_encoder, before_head, _ = guard.load(start, model_dir)
    for after, before in ((encoder, before_encoder), (head, before_head)):
        for own, other in zip(after.parameters(), before.parameters(), strict=True):
            own.lerp_(other.to(own.device), 1 - share)


def train_folds(
    corpus: Corpus, model_dir: Path, recipe: Recipe, device: str, seed: int, seconds: float, out: Path, rows: int
) -> None:
    """One model for each fold that has none in ``out`` yet, as long as the seconds last.

    Each learns from all other folds, or from ``rows`` examples of them drawn at random (0: all).
    """
    folds = [fold for fold in sorted(set(corpus.folds.tolist())) if not (out / f"fold-{fold}.safetensors").is_file()]
    end = time.monotonic() + seconds
    for n, fold in enumerate(folds):
        deadline = time.monotonic() + (end - time.monotonic()) / (len(folds) - n)
        train = np.flatnonzero(corpus.folds != fold)
        if 0 < rows < len(train):
            train = np.random.default_rng(seed).choice(train, rows, replace=False)
        print(f"fold {fold}: {len(train)} to learn from", flush=True)  # noqa: T201
        encoder, head = fit(corpus, train, model_dir, recipe, device, seed + fold, deadline)
        about = {"examples": str(len(train)), "epochs": str(recipe.epochs), "without_fold": str(fold)}
        guard.save(out / f"fold-{fold}.safetensors", encoder, head, about)


def corpus_file(data: Path, out: Path, seed: int) -> Path:
    """The corpus; made in the out folder when ``data`` is a data folder."""
    if not data.is_dir():
        return data
    from .guard_data import main as build

    made = out / "data.jsonl.gz"
    if not made.is_file():
        build(["--data", str(data), "--out", str(made), "--seed", str(seed)])
    return made


def main(argv: list[str] | None = None) -> None:
    """Entry point of ``gpt4video train guard``."""
    parser = argparse.ArgumentParser(prog="gpt4video train guard", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="the data folder, or a file that guard_data made of it")
    add("--models", type=Path, required=True, help="folder with text/ (the pinned MiniLM)")
    add("--out", type=Path, required=True)
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--minutes", type=float, default=5.0, help="wall time for everything")
    add("--epochs", type=int, default=4)
    add("--batch", type=int, default=256, help="examples a step; 64 gives a small machine more steps")
    add("--seed", type=int, default=0)
    add("--limit", type=int, default=0, help="use this many examples only (smoke)")
    add("--rate", type=float, default=Recipe.rate, help="peak learning rate of the last layer")
    add("--start", type=Path, help="go on from this guard.safetensors (not for the folds)")
    add("--blend", type=float, default=1.0, help="with --start: share of the new weights in the mean that is written")
    add("--frozen", action="store_true", help="train the heads alone, on the published encoder")
    add("--only", choices=["final", "folds"], help="the model that ships, or those for the cross-validation")
    add("--fold-rows", type=int, default=0, help="rows that a fold's model learns from (0: all but its fold)")
    args = parser.parse_args(argv)
    began = time.monotonic()
    recipe = Recipe(
        epochs=args.epochs,
        batch=args.batch,
        rate=args.rate,
        frozen=args.frozen,
        start=args.start,
        head_rate=1e-2 if args.frozen else 1e-3,
    )
    args.out.mkdir(parents=True, exist_ok=True)
    corpus = read_corpus(corpus_file(args.data, args.out, args.seed), args.models / "text", args.limit, args.seed)
    print(f"{len(corpus)} examples read in {time.monotonic() - began:.1f} s", flush=True)  # noqa: T201
    left = args.minutes * 60 - (time.monotonic() - began)
    if args.only != "folds":
        # Trained first: should the window close early, the model that ships is there.
        share = left if args.only else left * 0.3
        deadline, everything = time.monotonic() + share, np.arange(len(corpus))
        encoder, head = fit(corpus, everything, args.models / "text", recipe, args.device, args.seed, deadline)
        if args.start and args.blend < 1:
            blend(encoder, head, args.start, args.models / "text", args.blend)
        about = {"examples": str(len(corpus)), "epochs": str(args.epochs), "seed": str(args.seed)}
        about["stage"] = "heads on the frozen encoder" if args.frozen else "fine-tuned"
        guard.save(args.out / "guard.safetensors", encoder, head, about)
    if args.only != "final":
        left = args.minutes * 60 - (time.monotonic() - began)
        fresh_start = replace(recipe, start=None)
        train_folds(corpus, args.models / "text", fresh_start, args.device, args.seed, left, args.out, args.fold_rows)
    print(f"done after {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
