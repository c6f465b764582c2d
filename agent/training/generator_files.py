"""Writes the trained generator as a diffusers pipeline folder, without needing diffusers; reads it back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn

    from ...tools.generation.embedded.network import VideoTransformer
    from ...tools.generation.embedded.writer import LayoutWriter

_NAME = "diffusion_pytorch_model"
_MODULE = "gpt4video.tools.generation.embedded"
_DIFFUSERS = "0.42.1"


def _json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def save_pipeline(network: VideoTransformer, writer: LayoutWriter, out: Path, shard_bytes: int) -> None:
    """Write ``model_index.json``, ``scheduler/``, ``layout/`` and ``transformer/``, float16 in shards."""
    from .generator_words import VOCABULARY

    _save_model(network, out / "transformer", "VideoTransformerModel", network.config.as_dict(), shard_bytes)
    shape = {name: value for name, value in writer.shape.items() if name != "words"}
    _save_model(writer, out / "layout", "LayoutWriterModel", {"vocabulary": VOCABULARY, **shape}, shard_bytes)
    _json(out / "scheduler" / "scheduler_config.json", {
        "_class_name": "FlowMatchEulerDiscreteScheduler", "_diffusers_version": _DIFFUSERS,
        "num_train_timesteps": 1000, "shift": 3.0})  # fmt: skip
    _json(out / "model_index.json", {
        "_class_name": "GPT4VideoPipeline", "_diffusers_version": _DIFFUSERS,
        "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
        "text_encoder": [None, None], "tokenizer": [None, None],
        "layout": [f"{_MODULE}.model", "LayoutWriterModel"],
        "transformer": [f"{_MODULE}.model", "VideoTransformerModel"]})  # fmt: skip


def _save_model(network: nn.Module, folder: Path, name: str, shape: Mapping[str, object], shard_bytes: int) -> None:
    import torch
    from safetensors.torch import save_file

    tensors = {
        f"network.{k}": v.detach().to("cpu", torch.float16).contiguous() for k, v in network.state_dict().items()
    }
    shards: list[dict[str, torch.Tensor]] = [{}]
    filled = 0
    for key, tensor in tensors.items():
        size = tensor.numel() * 2
        if shards[-1] and filled + size > shard_bytes:
            shards.append({})
            filled = 0
        shards[-1][key] = tensor
        filled += size
    folder.mkdir(parents=True, exist_ok=True)
    where = {}
    for index, shard in enumerate(shards, 1):
        file = f"{_NAME}-{index:05d}-of-{len(shards):05d}.safetensors"
        save_file(shard, folder / file, metadata={"format": "pt"})
        (folder / file).chmod(0o644)  # safetensors writes for the owner alone, and a wheel would keep that
        where.update(dict.fromkeys(shard, file))
    total = sum(t.numel() * 2 for t in tensors.values())
    _json(folder / f"{_NAME}.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": where})
    _json(folder / "config.json", {"_class_name": name, "_diffusers_version": _DIFFUSERS, **shape})


def load_weights(network: nn.Module, folder: Path) -> None:
    """Read a model folder (``transformer`` or ``layout``) of :func:`save_pipeline` into a network of the same shape."""
    from safetensors.torch import load_file

    tensors = {}
    for file in sorted(folder.glob(f"{_NAME}*.safetensors")):
        tensors.update(load_file(file))
    network.load_state_dict({k.removeprefix("network."): v.float() for k, v in tensors.items()})
