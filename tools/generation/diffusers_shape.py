"""Sizes and lengths that a pipeline can make, from its configuration, and what a request becomes of them."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import Any

from .base import GenerationRequest
from .diffusers_families import Family, Mode
from .diffusers_folder import PipelineFolder


@dataclass(frozen=True)
class Geometry:
    """What a pipeline's networks ask of sizes and lengths.

    Attributes:
        spatial: pixels of a side that one latent stands for.
        temporal: frames that one latent stands for.
        step: lengths are a multiple of it plus one, where ``temporal`` is more than 1.
        patch: latents of a side in one token of the network.
        multiple: pixels that both sides are multiples of.
        latent_block: what the number of latent frames must be a multiple of when a clip is given.
        width: default, pixels.
        height: default, pixels.
        frames: default length.
        max_frames: longest that it can make; None when it sets no limit.
    """

    spatial: int
    temporal: int
    step: int
    patch: int
    multiple: int
    latent_block: int
    width: int
    height: int
    frames: int
    max_frames: int | None

    def length(self, frames: float, mode: Mode) -> int:
        """The nearest number of frames that can be made; no fewer than two, which is the shortest clip."""
        if self.temporal == 1:
            count = max(2, round(frames))
            return count if self.max_frames is None else min(count, self.max_frames)
        if mode == "video" and self.latent_block > 1:
            latents = max(1, round(((frames - 1) / self.temporal + 1) / self.latent_block)) * self.latent_block
            return (latents - 1) * self.temporal + 1
        steps = max(1, round((frames - 1) / self.step))
        if self.max_frames is not None:
            steps = min(steps, (self.max_frames - 1) // self.step)
        return steps * self.step + 1

    def side(self, pixels: float) -> int:
        """The nearest size that can be made."""
        return max(1, round(pixels / self.multiple)) * self.multiple


@dataclass(frozen=True)
class Shape:
    """What will be made: pixels, frames, frames a second, and what of the request had to be changed."""

    width: int
    height: int
    frames: int
    fps: float
    notes: tuple[str, ...] = ()


def geometry_of(folder: PipelineFolder, pipeline: type[Any], family: Family) -> Geometry:
    """Read from the configurations of VAE and network and the defaults of the pipeline's call."""
    vae, network = folder.config("vae"), folder.config(folder.denoiser)
    spatial, temporal = _shrinks(vae)
    patch = _last(network.get("patch_size"), 1)
    levels = len(network.get("block_out_channels") or (0,)) if folder.denoiser == "unet" else 1
    multiple = math.lcm(spatial * patch * 2 ** (levels - 1), family.multiple)
    call = inspect.signature(pipeline.__call__).parameters
    height, width = (_default_side(name, call, network, spatial) for name in ("height", "width"))
    lengths = [call[name].default for name in ("num_frames", "video_length", "frames") if name in call]
    known = [*lengths, network.get("num_frames"), network.get("sample_frames")]
    frames = next((count for count in known if isinstance(count, int) and count > 1), 16)
    block = _last(network.get("patch_size_t"), 1)
    return Geometry(
        spatial,
        temporal,
        temporal * family.latent_step,
        patch,
        multiple,
        block,
        width,
        height,
        frames,
        _most_frames(folder, network),
    )


def shape_of(request: GenerationRequest, geometry: Geometry, family: Family, mode: Mode) -> Shape:
    """Round what was asked to what can be made, and say so."""
    fps = request.fps or family.fps
    width, height = (geometry.side(pixels) for pixels in _wanted_size(request, geometry))
    if request.seconds is not None:
        asked = request.seconds * fps
    elif mode == "video" and request.video is not None:  # longer clips than it was trained for are thinned out
        asked = float(min(len(request.video), geometry.frames))
    else:
        asked = float(geometry.frames)
    frames = geometry.length(asked, mode)
    notes = []
    if (request.width or width, request.height or height) != (width, height):
        notes.append(
            f"It is {width}x{height} instead of {request.width or width}x{request.height or height}: "
            f"this model makes sizes in steps of {geometry.multiple} pixels."
        )
    if request.seconds is not None and frames != round(asked):
        most = f"at most {geometry.max_frames} frames" if asked > (geometry.max_frames or math.inf) else ""
        steps = f"{geometry.step}k+1 frames" if geometry.temporal > 1 else "2 frames or more"
        notes.append(
            f"It is {frames} frames ({frames / fps:.2f} s) instead of {round(asked)}: this model makes {most or steps}."
        )
    if abs(fps - family.fps) > 1 and request.fps is not None:
        notes.append(f"The model was trained for {family.fps:g} frames a second; at {fps:g} it moves at another speed.")
    return Shape(width, height, frames, fps, tuple(notes))


def _wanted_size(request: GenerationRequest, geometry: Geometry) -> tuple[float, float]:
    """The size asked for; of one side, the other at the source's (else the default) proportions; else the default."""
    source = request.video[0] if request.video is not None else request.image
    aspect = geometry.width / geometry.height if source is None else source.shape[1] / source.shape[0]
    if request.width and request.height:
        return request.width, request.height
    if request.width:
        return request.width, request.width / aspect
    if request.height:
        return request.height * aspect, request.height
    area = geometry.width * geometry.height  # what the model was trained for, at the source's proportions
    return math.sqrt(area * aspect), math.sqrt(area / aspect)


def _shrinks(vae: dict[str, Any]) -> tuple[int, int]:
    """How many pixels of a side, and how many frames, one latent stands for."""
    scaling = vae.get("spatio_temporal_scaling")
    levels = len(vae.get("block_out_channels") or (0, 0, 0, 0))
    if scaling is not None:
        spatial, temporal = vae.get("patch_size", 1) * 2 ** sum(scaling), vae.get("patch_size_t", 1) * 2 ** sum(scaling)
    else:
        spatial, temporal = 2 ** (levels - 1), 1
    spatial = vae.get("scale_factor_spatial") or vae.get("spatial_compression_ratio") or spatial
    temporal = vae.get("scale_factor_temporal") or vae.get("temporal_compression_ratio") or temporal
    return int(spatial), int(temporal)


def _default_side(name: str, call: Any, network: dict[str, Any], spatial: int) -> int:
    default = call[name].default if name in call else None
    if isinstance(default, int):
        return default
    size = network.get(f"sample_{name}") or network.get("sample_size") or 512 // spatial
    if isinstance(size, list | tuple):
        size = size[0] if name == "height" else size[-1]
    return int(size) * spatial


def _last(value: Any, otherwise: int) -> int:
    return int(value[-1] if isinstance(value, list | tuple) else value or otherwise)


def _most_frames(folder: PipelineFolder, network: dict[str, Any]) -> int | None:
    """Positions in time that were learned are all there are."""
    if network.get("use_learned_positional_embeddings"):
        return int(network["sample_frames"])
    motion = folder.config("motion_adapter").get("motion_max_seq_length") or network.get("motion_max_seq_length")
    return int(motion) if motion else None
