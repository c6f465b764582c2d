"""Folders of trained weights: ``config.json`` plus safetensors parts, every part pinned by its SHA-256.

Nothing here can run code: only JSON and safetensors are read, and a part whose hash, name or kind is not the one in
``config.json`` is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ..errors import AgentError

_PART_BYTES = 14 * 2**20


class WeightsRejected(AgentError):
    """A weights folder is not what it says: wrong hash, missing tensor, wrong size, or a kind of file never read."""

    code = "weights_rejected"


def write_folder(folder: Path, config: dict[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Write ``tensors`` as float16 parts below 14 MiB and ``config`` with their hashes; the config comes last."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("part-*.safetensors"):
        stale.unlink()
    hashes = {}
    for number, names in enumerate(_parts(tensors), start=1):
        path = folder / f"part-{number:02d}.safetensors"
        save_file({name: tensors[name].to("cpu", torch.float16).contiguous() for name in names}, path)
        hashes[path.name] = _sha256(path)
    text = json.dumps({**config, "files": hashes}, indent=2, sort_keys=True)
    (folder / "config.json").write_text(text + "\n", encoding="utf-8")


def read_folder(folder: Path, *, tensors: bool = True) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The configuration and, unless told otherwise, all tensors. Raises :class:`WeightsRejected`."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsRejected(f"{folder} has no readable config.json ({error}).", "Fetch the weights again.") from error
    files = config.pop("files", None) if isinstance(config, dict) else None
    if not isinstance(files, dict) or not files:
        raise WeightsRejected(f"{folder}: config.json lists no files.", "Fetch the weights again.")
    found: dict[str, Tensor] = {}
    if tensors:
        for name, expected in sorted(files.items()):
            found.update(_read_part(folder, str(name), str(expected)))
    return config, found


def _read_part(folder: Path, name: str, expected: str) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / name
    if path.suffix != ".safetensors" or path.name != name:
        raise WeightsRejected(
            f"{folder}: {name!r} is not a safetensors file.", "Only safetensors are read; convert it."
        )
    if not path.is_file():
        raise WeightsRejected(f"{path} is missing.", "Fetch the weights again.")
    if _sha256(path) != expected:
        raise WeightsRejected(f"{path} does not have the hash in config.json.", "Fetch the weights again.")
    try:
        return dict(load_file(path))
    except SafetensorError as error:
        raise WeightsRejected(f"{path} is not a safetensors file ({error}).", "Only safetensors are read.") from error


def _parts(tensors: Mapping[str, Tensor]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    size = 0
    for name in sorted(tensors):
        bytes_needed = tensors[name].numel() * 2
        if parts[-1] and size + bytes_needed > _PART_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(name)
        size += bytes_needed
    return parts


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
