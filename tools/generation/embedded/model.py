"""The embedded networks as diffusers models: saved and loaded with ``save_pretrained`` and ``from_pretrained``."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor

from .layout import LayoutNetwork, sample_layout
from .network import NetworkConfig, VideoUNet


class VideoUNetModel(ModelMixin, ConfigMixin):  # type: ignore[misc]  # diffusers ships no types
    """:class:`~.network.VideoUNet` under diffusers' file format; arguments as of :class:`~.network.NetworkConfig`."""

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        frames: int = 16,
        side: int = 64,
        channels: Sequence[int] = (64, 192, 320),
        blocks: Sequence[int] = (1, 2, 3),
        text: int = 384,
        embedding: int = 384,
    ) -> None:
        super().__init__()
        fine, middle, coarse = channels
        first, second, third = blocks
        shape = NetworkConfig(frames, side, (fine, middle, coarse), (first, second, third), text, embedding)
        self.network = VideoUNet(shape)

    def forward(self, x: Tensor, t: Tensor, text: Tensor, mask: Tensor, **given: Tensor | None) -> Tensor:
        """See :meth:`~.network.VideoUNet.forward`; inputs are cast to the weights' precision."""
        kind = self.dtype
        cast = {name: None if value is None else value.to(kind) for name, value in given.items()}
        guess: Tensor = self.network(x.to(kind), t, text.to(kind), mask, **cast)
        return guess


class VideoLayoutModel(ModelMixin, ConfigMixin):  # type: ignore[misc]  # diffusers ships no types
    """:class:`~.layout.LayoutNetwork` under diffusers' file format, and the sampling of layouts."""

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(self, text: int = 384, width: int = 256, depth: int = 4, queries: int = 4) -> None:
        super().__init__()
        self.network = LayoutNetwork(text, width, depth, queries)

    def sample(self, text: Tensor, mask: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Layouts (B, objects, 7) for 2B rows of words, negative prompts first; see :func:`~.layout.sample_layout`."""
        return sample_layout(self.network, text.to(self.dtype), mask, generator)
