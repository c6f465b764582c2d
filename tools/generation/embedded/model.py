"""The embedded networks as diffusers models: saved and loaded with ``save_pretrained`` and ``from_pretrained``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor

from .layout import FIELDS
from .network import NetworkConfig, VideoTransformer
from .writer import LayoutWriter


class VideoTransformerModel(ModelMixin, ConfigMixin):  # type: ignore[misc]  # diffusers ships no types
    """:class:`~.network.VideoTransformer` under diffusers' file format; arguments as of its ``NetworkConfig``."""

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        words: Sequence[int],
        frames: int = 16,
        side: int = 64,
        span: int = 2,
        patch: int = 8,
        width: int = 256,
        depth: int = 8,
    ) -> None:
        super().__init__()
        self.network = VideoTransformer(NetworkConfig(tuple(words), frames, side, span, patch, width, depth))

    def forward(self, x: Tensor, t: Tensor, layout: Tensor, first: Tensor | None = None) -> Tensor:
        """See :meth:`~.network.VideoTransformer.forward`; computed in bfloat16 where the weights are."""
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.dtype == torch.bfloat16):
            guess: Tensor = self.network(x.to(self.dtype), t, layout, None if first is None else first.to(self.dtype))
        return guess


class LayoutWriterModel(ModelMixin, ConfigMixin):  # type: ignore[misc]  # diffusers ships no types
    """:class:`~.writer.LayoutWriter` under diffusers' file format, with the words that its numbers stand for.

    Args:
        vocabulary: the words of each field of :data:`~.layout.FIELDS`, number 1 first.
        text: width of the text encoder's token states.
        width: of the network.
        depth: its blocks.
    """

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self, vocabulary: Mapping[str, Sequence[str]], text: int = 384, width: int = 192, depth: int = 4
    ) -> None:
        super().__init__()
        self.network = LayoutWriter([len(vocabulary[field]) for field in FIELDS], text, width, depth)

    def write(self, text: Tensor, mask: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Layouts for rows of token states; see :meth:`~.writer.LayoutWriter.write`."""
        return self.network.write(text.to(self.dtype), mask, generator)
