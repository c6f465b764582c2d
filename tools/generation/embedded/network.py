"""The embedded video network: a text-conditioned UNet over 64x64 clips that predicts the clean clip.

Plain PyTorch, so that training needs no diffusers; :mod:`.model` wraps it as a diffusers model. Predicting the clean
clip rather than noise or velocity follows "Back to Basics: Let Denoising Generative Models Denoise"
(arXiv 2511.13720); rectified flow is arXiv 2209.03003.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from .layers import (
    Attention,
    ResBlock,
    SpaceTimeTransformer,
    TemporalAttention,
    TemporalConv,
    TextAttention,
    channel_norm,
)


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of the network.

    Attributes:
        frames: length of a clip in frames.
        side: height and width in pixels.
        channels: width at half, quarter and eighth of the resolution; the latter two multiples of 64.
        blocks: blocks on the way down (and as many up) at these resolutions; the last counts the middle.
        text: width of the text encoder's token states.
        embedding: width of the time and text embedding.
    """

    frames: int = 16
    side: int = 64
    channels: tuple[int, int, int] = (64, 192, 320)
    blocks: tuple[int, int, int] = (1, 2, 3)
    text: int = 384
    embedding: int = 384

    def as_dict(self) -> dict[str, object]:
        """JSON values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def time_features(t: Tensor, width: int) -> Tensor:
    """Noise level (B,) in 0..1 -> sinusoids (B, width)."""
    half = width // 2
    rates = torch.exp(-math.log(1e4) * torch.arange(half, device=t.device, dtype=torch.float32) / half)
    angles = t.float()[:, None] * 1000 * rates
    return torch.cat([angles.cos(), angles.sin()], 1)


class Stage(nn.Module):
    """Blocks of one resolution: frames by convolution, time by convolution and attention, words by attention."""

    def __init__(self, config: NetworkConfig, level: int, blocks: int) -> None:
        super().__init__()
        width, side = config.channels[level], config.side // 2 ** (level + 1)
        self.res = nn.ModuleList(ResBlock(width, config.embedding) for _ in range(blocks))
        self.motion = nn.ModuleList(TemporalConv(width) for _ in range(blocks))
        self.words = nn.ModuleList(TextAttention(width, config.text) for _ in range(blocks if level > 0 else 0))
        kind = (lambda: TemporalAttention(width, config.frames)) if level == 1 else (
            lambda: SpaceTimeTransformer(width, config.frames, side)
        )  # fmt: skip
        self.mix = nn.ModuleList(kind() for _ in range(blocks if level > 0 else 0))

    def forward(self, x: Tensor, embedding: Tensor, text: Tensor, mask: Tensor, frames: int) -> Tensor:
        """(B*T, C, H, W) -> the same shape."""
        for index, (res, motion) in enumerate(zip(self.res, self.motion, strict=True)):
            x = motion(res(x, embedding, frames), frames)
            if len(self.words):
                x = self.words[index](x, text, mask, frames)
                x = self.mix[index](x, frames)
        return x


class TextRefiner(nn.Module):
    """One transformer layer over the frozen encoder's token states: re-reads them for pictures."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention = Attention(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, text: Tensor, mask: Tensor) -> Tensor:
        """(B, M, D) -> (B, M, D)."""
        h = channel_norm(text, last=True) * self.scale
        h = h + self.attention(h, h, mask)
        out: Tensor = h + self.down(F.gelu(self.up(channel_norm(h, last=True)), approximate="tanh"))
        return out


class VideoUNet(nn.Module):
    """Noisy clip, noise level, words and perhaps a first frame and a layout -> clean clip."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.channels
        self.text = TextRefiner(config.text)
        self.embed = nn.Sequential(
            nn.Linear(256 + config.text, config.embedding), nn.SiLU(), nn.Linear(config.embedding, config.embedding)
        )
        self.enter = nn.Conv2d(29, fine, 3, padding=1)  # 12 noisy, 12 first frame, 1 whether there is one, 4 layout
        self.down0 = Stage(config, 0, config.blocks[0])
        self.to1 = nn.Conv2d(4 * fine, middle, 1)
        self.down1 = Stage(config, 1, config.blocks[1])
        self.to2 = nn.Conv2d(4 * middle, coarse, 1)
        self.centre = Stage(config, 2, config.blocks[2])
        self.from2 = nn.Conv2d(coarse, 4 * middle, 1)
        self.join1 = nn.Conv2d(2 * middle, middle, 1)
        self.up1 = Stage(config, 1, config.blocks[1])
        self.from1 = nn.Conv2d(middle, 4 * fine, 1)
        self.join0 = nn.Conv2d(2 * fine, fine, 1)
        self.up0 = Stage(config, 0, config.blocks[0])
        self.leave = nn.Conv2d(fine, 12, 3, padding=1)
        nn.init.zeros_(self.leave.weight)

    def _condition(self, t: Tensor, text: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        text = self.text(text, mask)
        weight = mask.to(text.dtype)[:, :, None]
        pooled = (text * weight).sum(1) / weight.sum(1)
        features = time_features(t, 256).to(pooled.dtype)
        return F.silu(self.embed(torch.cat([features, pooled], 1))), text

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        text: Tensor,
        mask: Tensor,
        first: Tensor | None = None,
        layout: Tensor | None = None,
    ) -> Tensor:
        """Predict the clean clip.

        Args:
            x: noisy clip (B, T, 3, H, W), pixels -1 to 1 plus noise.
            t: noise share (B,), 0 is clean, 1 is noise alone.
            text: token states (B, M, D); mask (B, M), true for words, at least one a row.
            mask: see ``text``.
            first: the first frame where it is given, (B, 4, H, W): three colours and a plane that is 1 where it is
                given and 0 where not; None gives none.
            layout: where objects are, (B, T, 1, H, W), 0 to 1, or -1 everywhere in a clip for which nobody says; None
                says nothing.

        Returns:
            (B, T, 3, H, W), in the precision of the input.
        """
        batch, frames = x.shape[:2]
        if first is None:
            first = x.new_zeros(batch, 4, *x.shape[3:])
        if layout is None:
            layout = x.new_full((batch, frames, 1, *x.shape[3:]), -1.0)
        embedding, text = self._condition(t, text, mask)
        still = torch.cat([F.pixel_unshuffle(first[:, :3], 2), first[:, 3:, ::2, ::2]], 1)
        places = F.pixel_unshuffle(layout.flatten(0, 1), 2)
        h = torch.cat([F.pixel_unshuffle(x.flatten(0, 1), 2), still.repeat_interleave(frames, 0), places], 1)
        h = self.enter(h.contiguous(memory_format=torch.channels_last))
        fine = self.down0(h, embedding, text, mask, frames)
        middle = self.down1(self.to1(F.pixel_unshuffle(fine, 2)), embedding, text, mask, frames)
        h = self.centre(self.to2(F.pixel_unshuffle(middle, 2)), embedding, text, mask, frames)
        h = self.join1(torch.cat([F.pixel_shuffle(self.from2(h), 2), middle], 1))
        h = self.up1(h, embedding, text, mask, frames)
        h = self.join0(torch.cat([F.pixel_shuffle(self.from1(h), 2), fine], 1))
        h = self.up0(h, embedding, text, mask, frames)
        out = F.pixel_shuffle(self.leave(F.silu(channel_norm(h))), 2)
        return out.reshape(x.shape).to(x.dtype)
