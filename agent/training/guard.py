"""Train the text guard: the whole MiniLM encoder with one sigmoid for each category.

Run ``python -m gpt4video.agent.training.guard --corpus data.jsonl.gz --models DIR --out DIR --device cuda``.
The corpus comes from :mod:`.guard_data`. Examples carry a fold; whole sources and whole template families lie in one
fold, so the cross-validation figures are for wording that was never seen. After the folds one model is trained on
everything and written as ``guard.safetensors`` with ``metrics.json`` beside it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...policies import encoder as guard
from ...policies.categories import CHANNELS
from .guard_report import report

Scores = NDArray[np.float32]


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
def predict(corpus: Corpus, chosen: NDArray[np.int64], encoder: Any, head: Any, device: str) -> Scores:
    """Probabilities (len(chosen), channels)."""
    out = np.zeros((len(chosen), len(CHANNELS)), dtype=np.float32)
    order = sorted(range(len(chosen)), key=lambda i: len(corpus.ids[chosen[i]]))
    for start in range(0, len(order), 512):
        rows = order[start : start + 512]
        ids, mask = pad([corpus.ids[chosen[i]] for i in rows], device)
        out[rows] = torch.sigmoid(guard.logits(encoder, head, ids, mask)).float().cpu().numpy()
    return out


def cross_validate(
    corpus: Corpus, model_dir: Path, recipe: Recipe, device: str, seed: int, seconds: float
) -> tuple[NDArray[np.int64], Scores]:
    """Out-of-fold probabilities for every row, as long as the seconds last."""
    folds = sorted(set(corpus.folds.tolist()))
    end = time.monotonic() + seconds
    rows, scores = [], []
    for n, fold in enumerate(folds):
        deadline = time.monotonic() + (end - time.monotonic()) / (len(folds) - n)
        train, held = np.flatnonzero(corpus.folds != fold), np.flatnonzero(corpus.folds == fold)
        print(f"fold {fold}: {len(train)} to learn from, {len(held)} held out", flush=True)  # noqa: T201
        encoder, head = fit(corpus, train, model_dir, recipe, device, seed + n, deadline)
        rows.append(held)
        scores.append(predict(corpus, held, encoder, head, device))
    return np.concatenate(rows), np.concatenate(scores)


def main(argv: list[str] | None = None) -> None:
    """Entry point of ``python -m gpt4video.agent.training.guard``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="file written by guard_data")
    parser.add_argument("--models", type=Path, required=True, help="folder with text/ (the pinned MiniLM)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--minutes", type=float, default=5.0, help="wall time for everything")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=256, help="examples a step; 64 gives a small machine more steps")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=0, help="use this many examples only (smoke)")
    parser.add_argument("--rate", type=float, default=Recipe.rate, help="peak learning rate of the last layer")
    parser.add_argument("--start", type=Path, help="go on from this guard.safetensors")
    parser.add_argument("--frozen", action="store_true", help="train the heads alone, on the published encoder")
    parser.add_argument("--no-folds", action="store_true", help="skip the cross-validation")
    args = parser.parse_args(argv)
    began = time.monotonic()
    model_dir = args.models / "text"
    recipe = Recipe(
        epochs=args.epochs,
        batch=args.batch,
        rate=args.rate,
        frozen=args.frozen,
        start=args.start,
        head_rate=1e-2 if args.frozen else 1e-3,
    )
    corpus = read_corpus(args.corpus, model_dir, args.limit, args.seed)
    print(f"{len(corpus)} examples read in {time.monotonic() - began:.1f} s", flush=True)  # noqa: T201
    args.out.mkdir(parents=True, exist_ok=True)
    about = {"examples": str(len(corpus)), "epochs": str(args.epochs), "seed": str(args.seed)}
    about["stage"] = "heads on the frozen encoder" if args.frozen else "fine-tuned"
    metrics: dict[str, Any] = dict(about)
    left = args.minutes * 60 - (time.monotonic() - began)
    # The model that ships is trained first: should the window close early, it is there.
    share = left if args.no_folds else left * 0.3
    encoder, head = fit(
        corpus, np.arange(len(corpus)), model_dir, recipe, args.device, args.seed, time.monotonic() + share
    )
    guard.save(args.out / "guard.safetensors", encoder, head, about)
    metrics["seconds_final"] = round(time.monotonic() - began, 1)
    if not args.no_folds:
        left = args.minutes * 60 - (time.monotonic() - began) - 8
        rows, scores = cross_validate(corpus, model_dir, recipe, args.device, args.seed, left)
        metrics["cross_validation"] = report(
            [corpus.texts[i] for i in rows],
            [corpus.sources[i] for i in rows],
            corpus.labels[rows, 0] == 1,
            scores[:, 0],
        )
        np.savez_compressed(args.out / "held_out_scores.npz", rows=rows, scores=scores.astype(np.float16))
    metrics["seconds"] = round(time.monotonic() - began, 1)
    (args.out / "metrics.json").write_text(json.dumps(metrics, indent=1))
    print(json.dumps(metrics.get("cross_validation", {}).get("flagged", {}), indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
