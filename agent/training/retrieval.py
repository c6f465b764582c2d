"""Recipe: the projection that lets words find pictures.

``python -m gpt4video.agent.training.retrieval --data DIR --models DIR --out memory/weights --device cpu``

``--data`` has the layout that :mod:`.retrieval_data` documents; ``--models`` holds ``vision/`` and ``text/`` (the
pinned files). Trains the heads on ``train``, measures on ``dev``, calibrates, and writes ``projection.safetensors``
(float16) and ``projection.json`` (how it was made and what it reaches). Features are computed once and cached.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from ...memory.embedder import MiniLmEmbedder
from ...memory.projection import FEATURES, TEXT, Calibration, Projection, pack
from ...tools.understanding.vision import VisionEncoder
from .loop import TrainingDiverged, cosine
from .retrieval_calibration import calibrate
from .retrieval_data import Floats, Split, load_split

# The entries of a unit vector are small; a layer learns from entries of about 1.
_SCALE = math.sqrt(TEXT)


@dataclass(frozen=True)
class Recipe:
    """What the shipped weights were trained with.

    Attributes:
        heads: trained apart, used side by side.
        width: of a head's vectors.
        hidden: of a head's hidden layer.
        epochs: over the photos, each with all of its captions.
        batch: photos a step; every other photo's captions are the wrong ones.
        rate: the learning rate's peak.
        decay: weight decay.
        dropout: in the hidden layer and on the skip path.
        text_dropout: on the caption embeddings.
        temperature: where it starts; it is learned.
        words: weight of the loss on single words, which people search with more than with whole captions.
        average: of the moving average of the weights, which is what is kept.
        minutes: wall time for training at most; 0 is no limit.
    """

    heads: int = 2
    width: int = 384
    hidden: int = 512
    epochs: int = 40
    batch: int = 256
    rate: float = 1e-3
    decay: float = 0.3
    dropout: float = 0.7
    text_dropout: float = 0.1
    temperature: float = 0.05
    words: float = 0.2
    average: float = 0.98
    minutes: float = 0.0


class Head(nn.Module):
    """One head: a linear skip path beside a hidden layer for pictures, a linear layer for texts."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.skip = nn.Linear(FEATURES, recipe.width)
        self.up = nn.Linear(FEATURES, recipe.hidden)
        self.down = nn.Linear(recipe.hidden, recipe.width)
        self.text = nn.Linear(TEXT, recipe.width)
        self.temperature = nn.Parameter(torch.tensor(math.log(1 / recipe.temperature)))
        self.drop, self.drop_input = nn.Dropout(recipe.dropout), nn.Dropout(0.15)
        self.drop_text = nn.Dropout(recipe.text_dropout)

    def images(self, features: Tensor) -> Tensor:
        """(N, 1280) -> unit (N, width)."""
        x = functional.layer_norm(features, (FEATURES,))
        hidden = functional.gelu(self.up(self.drop_input(x)), approximate="tanh")
        return functional.normalize(self.down(self.drop(hidden)) + self.skip(self.drop(x)), dim=-1)

    def texts(self, embeddings: Tensor) -> Tensor:
        """(N, 384) unit vectors -> unit (N, width)."""
        return functional.normalize(self.text(self.drop_text(embeddings * _SCALE)), dim=-1)

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """Weights as :func:`~gpt4video.memory.projection.pack` takes them."""
        names = ("skip", "up", "down", "text")
        found = {key: value.cpu().numpy() for key, value in self.state_dict().items() if key.split(".")[0] in names}
        return found | {"text.weight": found["text.weight"] * _SCALE}


def contrastive_loss(images: Tensor, texts: Tensor, scale: Tensor) -> Tensor:
    """Symmetric InfoNCE with several right captions a photo (Khosla et al. 2020, arXiv 2004.11362).

    Args:
        images: (N, D) unit vectors.
        texts: (N, K, D) unit vectors; the K texts of row n belong to photo n.
        scale: inverse temperature.
    """
    count, several, _ = texts.shape
    scores = scale * images @ texts.flatten(0, 1).T
    own = torch.arange(count, device=images.device)
    to_image = functional.cross_entropy(scores.T, own.repeat_interleave(several))
    to_text = -functional.log_softmax(scores, 1).view(count, count, several)[own, own].mean()
    return (to_image + to_text) / 2


def word_loss(images: Tensor, words: Tensor, shown: Tensor, scale: Tensor) -> Tensor:
    """Each word looks for the photos that show it.

    Args:
        images: (N, D) unit vectors.
        words: (W, D) unit vectors.
        shown: (N, W): 1 the photo shows it, 0 it does not, -1 unsure, which counts for nothing.
        scale: inverse temperature.
    """
    scores = (scale * images @ words.T).masked_fill(shown < 0, -torch.inf)
    right = (shown == 1).float()
    counted = right.sum(0) > 0
    found = functional.log_softmax(scores, 0).masked_fill(shown < 1, 0.0).sum(0) / right.sum(0).clamp(min=1)
    return -found[counted].mean()


def train_head(split: Split, recipe: Recipe, device: torch.device, seed: int) -> Head:
    """Train one head; the result holds the averaged weights and is in evaluation mode."""
    torch.manual_seed(seed)
    head = Head(recipe).to(device)
    average = {key: value.detach().clone() for key, value in head.state_dict().items()}
    matrices = [value for value in head.parameters() if value.ndim > 0]
    groups = [{"params": matrices, "weight_decay": recipe.decay}, {"params": [head.temperature], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=recipe.rate)
    arrays = (split.features, split.texts, split.words.vectors, split.words.shown)
    features, texts, words, shown = (torch.from_numpy(part).to(device) for part in arrays)
    photos, views = features.shape[:2]
    batch = min(recipe.batch, photos)
    steps = recipe.epochs * (photos // batch)
    started = time.monotonic()
    limit = recipe.minutes * 60 / recipe.heads
    order = torch.empty(0, dtype=torch.long)
    for step in range(steps):
        progress = max(step / steps, (time.monotonic() - started) / limit if limit else 0.0)
        if progress >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * cosine(progress)
        if len(order) < batch:
            order = torch.randperm(photos)
        chosen, order = order[:batch].to(device), order[batch:]
        seen = features[chosen, torch.randint(views, (batch,), device=device)]
        pictures, scale = head.images(seen), head.temperature.exp()
        loss = contrastive_loss(pictures, head.texts(texts[chosen]), scale)
        loss = loss + recipe.words * word_loss(pictures, head.texts(_worded(words)), shown[chosen], scale)
        if not torch.isfinite(loss):
            raise TrainingDiverged(f"The loss is {loss.item()} at step {step}.", "Try a lower --rate.")
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        with torch.no_grad():
            head.temperature.clamp_(max=math.log(100))
            kept = min(recipe.average, (step + 1) / (step + 10))
            for key, value in head.state_dict().items():
                average[key].lerp_(value, 1 - kept)
    head.load_state_dict(average)
    return head.eval()


def _worded(words: Tensor) -> Tensor:
    # One wording of each word a step: "dog", "a dog", "the dog".
    return words[torch.arange(len(words), device=words.device), torch.randint(words.shape[1], (len(words),))]


def evaluate(projection: Projection, features: Floats, texts: Floats) -> dict[str, float]:
    """Recall of the right one among the first K, both directions.

    Args:
        projection: what is measured.
        features: (N, 1280) of N photos.
        texts: (N, 5, 384) of their captions.

    Returns:
        ``text_to_image_r1`` and so on: each caption looks for its photo among N; each photo looks for any of its
        captions among 5 N. Ties count against us.
    """
    count, several, width = texts.shape
    pictures = projection.images(features)
    similarity = projection.texts(texts.reshape(-1, width)) @ pictures.T
    own = np.arange(count)
    right = similarity[np.arange(count * several), own.repeat(several)]
    photo_rank = (similarity >= right[:, None]).sum(1) - 1
    by_photo = similarity.T.reshape(count, count, several)
    best = by_photo[own, own].max(1)
    others = by_photo.copy()
    others[own, own] = -np.inf
    caption_rank = (others >= best[:, None, None]).sum((1, 2))
    return {
        f"{name}_r{k}": round(float((rank < k).mean()), 4)
        for name, rank in (("text_to_image", photo_rank), ("image_to_text", caption_rank))
        for k in (1, 5, 10)
    }


def export(packed: list[dict[str, NDArray[np.float32]]], dev: Split, path: Path, name: str) -> Projection:
    """Write heads (:meth:`Head.tensors`) with their calibration on ``dev``, and read them back as the product does."""
    # Other weights, another name: vectors of two trainings must not meet in one memory.
    digest = hashlib.sha256(b"".join(one[key].tobytes() for one in packed for key in sorted(one))).hexdigest()[:8]
    name = f"{name}-{digest}"
    encoders = {"image_encoder": VisionEncoder.name, "text_encoder": MiniLmEmbedder(Path()).name}

    def write(calibration: Calibration) -> Projection:
        tensors, metadata = pack(packed, calibration, name=name, **encoders)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, path, metadata)
        return Projection(path)

    return write(calibrate(write(Calibration(1, 0, 1, 0, 1, 0)), dev))


def read_heads(path: Path) -> list[dict[str, NDArray[np.float32]]]:
    """The heads of a projection file, to be joined with others."""
    heads: dict[str, dict[str, NDArray[np.float32]]] = {}
    for key, value in load_file(path).items():
        number, _, part = key.partition(".")
        heads.setdefault(number, {})[part] = value.astype(np.float32)
    return [heads[number] for number in sorted(heads, key=int)]


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="retrieval", description=__doc__.split("\n", maxsplit=1)[0])
    for name in ("--data", "--models", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("runs/retrieval"), help="where features are kept")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--views", type=int, default=2, help="views of each photo: itself, mirrored, then random crops")
    parser.add_argument("--seed", type=int, default=0)
    for name, value in asdict(Recipe()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--evaluate", type=Path, help="only measure this projection file")
    parser.add_argument("--join", type=Path, nargs="+", help="train nothing: put the heads of these files side by side")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, measure, write."""
    options = parse(arguments)
    recipe = Recipe(**{name: getattr(options, name) for name in asdict(Recipe())})
    device = torch.device(options.device)
    places = (options.data, options.models, options.cache)
    dev = load_split(*places, "dev", views=1, device=options.device, seed=options.seed)
    if options.evaluate:
        _print(evaluate(Projection(options.evaluate), dev.features[:, 0], dev.texts))
        return
    started = time.monotonic()
    if options.join:
        packed = [head for path in options.join for head in read_heads(path)]
        made: dict[str, object] = {
            "joined": [json.loads(path.with_suffix(".json").read_text()) for path in options.join]
        }
    else:
        train = load_split(*places, "train", views=options.views, device=options.device, seed=options.seed)
        packed = []
        for number in range(recipe.heads):
            packed.append(train_head(train, recipe, device, options.seed + number).tensors())
            _print({"head": number, "seconds": round(time.monotonic() - started)})
        made = asdict(recipe) | {"views": options.views, "seed": options.seed}
    projection = export(packed, dev, options.out / "projection.safetensors", f"retrieval-seed{options.seed}")
    measured = evaluate(projection, dev.features[:, 0], dev.texts)
    report = {
        "name": projection.name,
        "recipe": made,
        "seconds": round(time.monotonic() - started),
        "measured": measured,
        "calibration": asdict(projection.calibration),
    }
    (options.out / "projection.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    _print(report)


def _print(report: Mapping[str, object]) -> None:
    print(json.dumps(report), flush=True)  # noqa: T201 - this is a command line


if __name__ == "__main__":
    main()
