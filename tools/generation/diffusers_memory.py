"""How much memory a pipeline will take, told from its configuration and the headers of its weight files.

The rule. Weights: elements of every tensor times the bytes of the chosen precision. Activations: the larger of

- a step: 2 x tokens x width x 28 values. Two passes run together under guidance; attention is computed without its
  matrix (scaled dot product), so what grows is the hidden state, its queries, keys and values and the feed-forward
  layer. In a UNet the finest level counts, latent pixels of all frames times its channels, and 48 values of each,
  since the ways around the middle are kept as well.
- decoding: frames at once x pixels at once x channels x 5 values (9 where a decoder convolves over time at full
  size), where the channels are those of the VAE's finest two levels (over the area of its patches), the frames are as
  many as its decoder takes at once, and the pixels are those of a tile where tiling is on; and all frames of the
  result, three times in float32.

The factors were set by the growth of a process in float32 on a CPU, with random weights at the published widths
(measured, rule): Stable Diffusion's VAE, one frame of 384x384, 0.63 GB, 0.75; CogVideoX's VAE, 8 frames of 128x128,
1.22, 1.21; Wan's VAE, 5 frames of 112x112, 0.38, 0.35; LTX's VAE, 33 frames of 256x256, 0.49, 0.69; two blocks of Wan
1.3B, one pass on 1,950 tokens, 0.33, 0.34; ModelScope's UNet with one layer a block, 8 frames of 32x32 latents,
1.04, 1.01. On a GPU it has not been measured. Weights are exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BackendMissing, OutOfResources
from .base import Estimate
from .diffusers_families import Family
from .diffusers_folder import PipelineFolder
from .diffusers_options import LoadOptions, on_gpu, precision_of
from .diffusers_shape import Geometry, Shape

_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
_STEP_WIDTHS, _UNET_WIDTHS = 28, 48
_DECODE_COPIES, _TIMED_COPIES = 5, 9
_TILE = 256
_CHUNK = 4
"""Frames that are decoded at once under tiling, where the call takes ``decode_chunk_size``."""
_LATENTS_AT_ONCE = {"AutoencoderKLWan": 1, "AutoencoderKLCogVideoX": 2}
_WHOLE = {"AutoencoderKLTemporalDecoder"}


@dataclass(frozen=True)
class Weights:
    """One part's weights: bytes in the chosen precision, of all of it and of its largest tensor."""

    size: int
    largest: int


def weights_of(folder: PipelineFolder, precision: str, family: Family) -> dict[str, Weights]:
    """Read the headers of all weight files that will be loaded; ``BackendMissing`` when one is broken."""
    found = {}
    for part in folder.parts():
        kind = "float32" if part in family.exact else precision
        sizes = [size for file in folder.weight_files(part) for size in _tensor_bytes(file, kind)]
        found[part] = Weights(sum(sizes), max(sizes, default=0))
    return found


def _tensor_bytes(file: Path, precision: str) -> list[int]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "numpy") as tensors:
            return [math.prod(tensors.get_slice(name).get_shape()) * _BYTES[precision] for name in tensors.keys()]  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise BackendMissing(
            f"{file} cannot be loaded, it is no safetensors file: {error}", "Download it again."
        ) from error


def activation_bytes(
    folder: PipelineFolder, geometry: Geometry, shape: Shape, options: LoadOptions, family: Family
) -> int:
    """What a step or decoding takes, whichever is more, by the rule above."""
    size = _BYTES[precision_of(options)]
    widths = _UNET_WIDTHS if folder.denoiser == "unet" else _STEP_WIDTHS
    step = 2 * tokens_of(geometry, shape) * _width(folder) * widths * size
    size = 4 if "vae" in family.exact else size
    pixels = shape.width * shape.height
    tiled = min(shape.width, _TILE) * min(shape.height, _TILE) if options.tiling else pixels
    vae = folder.config("vae")
    copies = _TIMED_COPIES if geometry.temporal > 1 and not vae.get("patch_size") else _DECODE_COPIES
    at_once = _frames_at_once(folder, geometry, shape, options) * tiled
    decode = at_once * _decoder_channels(vae) * copies * size
    result = 3 * shape.frames * pixels * 3 * 4
    return int(max(step, decode + result))


def tokens_of(geometry: Geometry, shape: Shape) -> int:
    """Places that the network works on in a step: latent frames times latent patches."""
    latent_frames = (shape.frames - 1) // geometry.temporal + 1
    cell = geometry.spatial * geometry.patch
    return math.ceil(latent_frames / geometry.latent_block) * math.ceil(shape.width / cell) * math.ceil(
        shape.height / cell
    )  # fmt: skip


def _width(folder: PipelineFolder) -> int:
    network = folder.config(folder.denoiser)
    channels = network.get("block_out_channels")
    if channels:
        return int(channels[0])
    heads, head = network.get("num_attention_heads"), network.get("attention_head_dim")
    return int(heads * head) if isinstance(heads, int) and isinstance(head, int) else 2048


def _decoder_channels(vae: dict[str, Any]) -> float:
    base = vae.get("decoder_base_dim") or vae.get("base_dim")
    if base:
        return float(base * max(vae.get("dim_mult", (1,))[:2]))
    channels = vae.get("decoder_block_out_channels") or vae.get("block_out_channels") or (128,)
    patch = vae.get("patch_size")
    return max(channels[:2]) / (patch**2 if isinstance(patch, int) else 1)


def _frames_at_once(folder: PipelineFolder, geometry: Geometry, shape: Shape, options: LoadOptions) -> int:
    name = folder.config("vae").get("_class_name", "")
    if name in _LATENTS_AT_ONCE:
        return min(shape.frames, _LATENTS_AT_ONCE[name] * geometry.temporal)
    if name in _WHOLE:
        return min(shape.frames, _CHUNK) if options.tiling else shape.frames
    return 1 if geometry.temporal == 1 else shape.frames  # picture VAEs decode frame by frame under slicing


def estimate(
    weights: Mapping[str, Weights], activations: int, shape: Shape, options: LoadOptions, *, loaded: bool
) -> Estimate:
    """Weigh what is needed against what is free; of loaded pipelines only the activations are still to come."""
    gpu = on_gpu(options)
    whole = sum(each.size for each in weights.values())
    resident = whole
    if gpu and options.offload == "model":
        resident = max((each.size for each in weights.values()), default=0)
    elif gpu and options.offload == "sequential":
        resident = max((each.largest for each in weights.values()), default=0)
    waits = whole if gpu and options.offload != "none" else 0
    moved = loaded and not waits  # offloaded parts come to the GPU anew each time
    return Estimate(
        weights={part: each.size for part, each in weights.items()},
        activations=activations,
        device="cuda" if gpu else "cpu",
        need=activations + (0 if moved else resident),
        have=_free_gpu() if gpu else free_memory(),
        host_need=0 if loaded else waits,
        host_have=free_memory() if gpu else None,
        seconds=None,
        width=shape.width,
        height=shape.height,
        frames=shape.frames,
    )


def demand(told: Estimate, name: str, options: LoadOptions) -> None:
    """Raise ``OutOfResources`` with what is needed, what is free and what helps, unless it fits."""
    if told.fits:
        return
    where = "GPU memory" if told.device == "cuda" else "memory"
    need, have, parts = told.need, told.have or 0, sum(told.weights.values())
    if told.host_have is not None and told.host_need > told.host_have:
        where, need, have = "main memory", told.host_need, told.host_have
    remedies = []
    if told.activations > parts / 4:
        remedies.append(f"ask for less than {told.width}x{told.height} and {told.frames} frames")
    remedies += ["switch tiling on"] if not options.tiling else []
    if told.device == "cuda" and options.offload != "sequential":
        remedies.append("offload " + ("the model" if options.offload == "none" else "sequentially"))
    remedies += ["use bfloat16"] if precision_of(options) == "float32" else []
    remedies.append("choose a smaller model")
    advice = ", ".join(remedies)
    raise OutOfResources(
        f"{name} needs about {_said(need)} of {where} ({_said(parts)} of weights, {_said(told.activations)} to work "
        f"at {told.width}x{told.height}, {told.frames} frames) and {_said(have)} are free.",
        advice[0].upper() + advice[1:] + ".",
    )


def _said(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def _free_gpu() -> int:
    import torch

    return int(torch.cuda.mem_get_info()[0])


def free_memory() -> int | None:
    """Bytes of main memory that can be had; in a container no more than its limit leaves. None where unknown."""
    try:
        import psutil  # type: ignore[import-untyped]
    except ImportError:
        return None
    free = int(psutil.virtual_memory().available)
    group = Path("/sys/fs/cgroup")
    try:
        limit = (group / "memory.max").read_text().strip()
        used = int((group / "memory.current").read_text())
        cache = int((group / "memory.stat").read_text().split("inactive_file ")[1].split()[0])
    except (OSError, ValueError, IndexError):
        return free
    return free if limit == "max" else min(free, max(0, int(limit) - used + cache))
