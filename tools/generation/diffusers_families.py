"""What families of video pipelines have in common that their call's signature does not tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .diffusers_folder import PipelineFolder, capabilities_of, class_named

Mode = Literal["text", "image", "video"]


@dataclass(frozen=True)
class Family:
    """One family.

    Attributes:
        fps: frames a second that it was trained for.
        siblings: pipeline classes that run on the same parts, by what they start from.
        image_needs: entry of the pipeline's index that must be true for the image sibling; "" for none.
        multiple: sizes in pixels that the pipeline checks for, beyond what VAE and patches need.
        latent_step: lengths grow by so many latent frames: CogVideoX's decoder gives another length for even ones.
        exact: parts that stay in float32 whatever the precision: their publishers run them so.
        schedulers: names (see ``diffusers_load.SCHEDULERS``) that its call can work with.
    """

    fps: float
    siblings: Mapping[Mode, str] = field(default_factory=dict)
    image_needs: str = ""
    multiple: int = 8
    latent_step: int = 1
    exact: tuple[str, ...] = ()
    schedulers: tuple[str, ...] = ("ddim", "dpm++", "euler", "euler-a", "unipc")


_FAMILIES: dict[str, Family] = {
    "Wan": Family(
        16.0,
        {"text": "WanPipeline", "image": "WanImageToVideoPipeline", "video": "WanVideoToVideoPipeline"},
        image_needs="expand_timesteps",
        multiple=16,
        exact=("vae", "image_encoder"),
        schedulers=("euler", "dpm++", "unipc"),
    ),
    # The condition pipeline takes pictures too, but the other one is what plain LTX weights were trained for.
    "LTX": Family(
        25.0,
        {"text": "LTXPipeline", "image": "LTXImageToVideoPipeline", "video": "LTXConditionPipeline"},
        multiple=32,
        schedulers=("euler",),
    ),
    "CogVideoX": Family(
        8.0,
        {"text": "CogVideoXPipeline", "video": "CogVideoXVideoToVideoPipeline"},
        latent_step=2,
        schedulers=("ddim", "dpm++"),
    ),
    "AnimateDiff": Family(8.0, {"text": "AnimateDiffPipeline", "video": "AnimateDiffVideoToVideoPipeline"}),
    "TextToVideoSD": Family(8.0, {"text": "TextToVideoSDPipeline", "video": "VideoToVideoSDPipeline"}),
    "VideoToVideoSD": Family(8.0, {"text": "TextToVideoSDPipeline", "video": "VideoToVideoSDPipeline"}),
    "StableVideo": Family(7.0, schedulers=("euler",)),
    "SkyReels": Family(24.0),
    "Hunyuan": Family(24.0, multiple=16),
    "Cosmos": Family(30.0, multiple=16),
    "Mochi": Family(30.0),
    "Allegro": Family(15.0),
    "Sana": Family(16.0, multiple=32),
}
"""By the start of the class name; whatever begins otherwise is judged by its signature and configuration alone."""


def family_of(class_name: str) -> Family:
    """The family of a pipeline class, or one that assumes nothing but 8 frames a second."""
    return next((family for start, family in _FAMILIES.items() if class_name.startswith(start)), Family(8.0))


def classes_by_mode(folder: PipelineFolder) -> dict[Mode, type[Any]]:
    """Which class of diffusers runs the folder's parts from what.

    The folder's own class, by the signature of its call, and the siblings of its family that need the same parts. A
    network that gets a picture beside the noise (more channels in than out) serves its own class only, and so does one
    of two networks that share the steps.
    """
    own = folder.pipeline_class
    can = capabilities_of(own)
    modes: dict[Mode, type[Any]] = {}
    for mode, able in (("text", can.text), ("image", can.image), ("video", can.video)):
        if able:
            modes[mode] = own  # type: ignore[index]  # mypy widens the literals of a tuple
    family = family_of(own.__name__)
    network = folder.config(folder.denoiser)
    plain = network.get("in_channels") == (network.get("out_channels") or network.get("in_channels"))
    if own.__name__ not in family.siblings.values() or not plain or folder.has("transformer_2"):
        return modes
    for mode, name in family.siblings.items():
        moving_start = bool(folder.index.get("expand_timesteps"))  # the first frame's noise is its own: image, not clip
        if mode == "image" and family.image_needs and not folder.index.get(family.image_needs):
            continue
        if mode not in modes and not (mode == "video" and moving_start):
            modes[mode] = class_named(name)
    return modes
