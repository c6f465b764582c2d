"""The embedded generator's second stage: a diffusion transformer over pixels that paints a layout.

Plain PyTorch, so that training needs no diffusers; :mod:`.model` wraps it as a diffusers model. Patches of two frames
by eight pixels are tokens, as in "Scalable Diffusion Models with Transformers" (arXiv 2212.09748), and the clean clip
is predicted, which lets big patches work without a latent space: "Back to Basics: Let Denoising Generative Models
Denoise" (arXiv 2511.13720). Rectified flow is arXiv 2209.03003. Each token is told where it lies within each object of
the layout, and gets a draft of them (:mod:`.sprites`), so that what an object looks like is learned once and not for
every place.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from .layers import Attention, FeedForward, modulated, time_features
from .layout import NOTHING, SCENE_FIELDS, split, tracks
from .sprites import Sprites

_OBJECT = 64  # numbers that say what an object is
_FIELD = 13  # numbers that say where a patch lies within an object, a frame
_TIME = 128
_LIGHT = 8  # numbers a field of the scene that say in which light an object is seen
_KEPT = 2.0  # logit of how much of the sprites is kept to begin with


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of the network.

    Attributes:
        words: how many words each field of the layout has; see :mod:`.layout`.
        frames: length of a clip in frames.
        side: height and width in pixels.
        span: frames of a patch.
        patch: pixels of its side.
        width: of a token; a multiple of 64.
        depth: blocks.
    """

    words: tuple[int, ...]
    frames: int = 16
    side: int = 64
    span: int = 2
    patch: int = 8
    width: int = 256
    depth: int = 8

    def as_dict(self) -> dict[str, object]:
        """JSON values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention = Attention(width)
        self.think = FeedForward(width)
        self.steer = nn.Parameter(torch.zeros(6, width))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Tokens (B, L, C); condition (B, 6, C), to which each block adds its own."""
        shift, scale, gate, shift2, scale2, gate2 = (condition + self.steer).unbind(1)
        x = x + gate[:, None] * self.attention(modulated(x, shift, scale))
        out: Tensor = x + gate2[:, None] * self.think(modulated(x, shift2, scale2))
        return out


class VideoTransformer(nn.Module):
    """Noisy clip, noise share and layout -> clean clip."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        width, area = config.width, config.patch**2
        side = config.side // config.patch
        self.enter = nn.Linear(config.span * 3 * area, width)
        self.enter_first = nn.Linear(4 * area, width)
        self.moment = nn.Parameter(torch.randn(config.frames // config.span, 1, width) * 0.3)
        self.place = nn.Parameter(_waves(side, width))
        scene, things = config.words[: len(SCENE_FIELDS)], config.words[len(SCENE_FIELDS) :]
        self.scene = nn.ModuleList(nn.Embedding(size + 1, width) for size in scene)
        self.thing = nn.ModuleList(nn.Embedding(size + 1, _OBJECT) for size in things)
        self.thing_known = nn.Linear(_OBJECT, width)
        self.field = nn.Sequential(
            nn.Linear(config.span * _FIELD + 1 + _OBJECT, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.sprites = Sprites(_OBJECT + len(SCENE_FIELDS) * _LIGHT)
        self.light = nn.ModuleList(nn.Embedding(size + 1, _LIGHT) for size in scene)
        self.enter_sprites = nn.Linear(config.span * 4 * area, width)
        self.level = nn.Sequential(nn.Linear(_TIME, width), nn.SiLU(), nn.Linear(width, width))
        self.steer = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(_Block(width) for _ in range(config.depth))
        self.steer_last = nn.Linear(width, 2 * width)
        self.leave = nn.Linear(width, config.span * 4 * area)
        for layer in (self.steer, self.steer_last, self.leave):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self, x: Tensor, t: Tensor, layout: Tensor, first: Tensor | None = None, moments: Tensor | None = None
    ) -> Tensor:
        """Predict the clean clip.

        Args:
            x: (B, T, 3, S, S) noisy, T the configured frames, or ``span`` frames for each of the ``moments``.
            t: noise share (B,), 0 is clean, 1 is noise alone.
            layout: (B, LENGTH) numbers, 0 where unknown; see :mod:`.layout`.
            first: (B, 4, S, S): the first frame and a plane of ones where it is given, zeros where not.
            moments: (K,) which pairs of frames ``x`` holds; all, when left out.

        Returns:
            (B, T, 3, S, S), not kept within -1 to 1.
        """
        config = self.config
        if moments is None:
            moments = torch.arange(config.frames // config.span, device=x.device)
        scene, words, _ = split(layout)
        things = self.things(words)
        present = words[..., 0] != NOTHING
        where, known = tracks(layout, config.frames)
        tokens = self.enter(self._patches(x)) + self.moment[moments] + self.place
        if first is not None:
            tokens = tokens + self.enter_first(self._patches(first[:, None], 1))
        here = torch.arange(config.frames, device=x.device).reshape(-1, config.span)[moments].flatten()
        share = here / (config.frames - 1)
        draft: Tensor = self.sprites(self.codes(scene, things), where[:, :, here], known, share, config.side)
        tokens = tokens + self.enter_sprites(self._patches(draft.to(x.dtype)))
        tokens = (tokens + self._fields(things, present, where[:, :, here], known).to(tokens.dtype)).flatten(1, 2)
        condition = self.level(time_features(t, _TIME).to(things.dtype))
        condition = condition + torch.stack([table(scene[:, i]) for i, table in enumerate(self.scene)]).sum(0)
        condition = F.silu(condition + self.thing_known(things).sum(1))
        steer = self.steer(condition).reshape(len(x), 6, -1)
        for block in self.blocks:
            tokens = block(tokens, steer)
        shift, scale = self.steer_last(condition).chunk(2, 1)
        painted = self._clip(self.leave(modulated(tokens, shift, scale)).float(), len(moments))
        kept = (painted[:, :, 3:] + _KEPT).sigmoid()
        clip: Tensor = painted[:, :, :3] * (1 - kept * draft[:, :, 3:]) + kept * draft[:, :, :3]
        return clip

    def things(self, words: Tensor) -> Tensor:
        """What objects are, from their words: (..., 4) -> (..., 64)."""
        return torch.stack([table(words[..., index]) for index, table in enumerate(self.thing)]).sum(0)

    def codes(self, scene: Tensor, things: Tensor) -> Tensor:
        """What a sprite is drawn from: the scene's words (B, 4) and :meth:`things` (B, ..., 64) -> (B, ..., code)."""
        light = torch.cat([table(scene[:, index]) for index, table in enumerate(self.light)], 1)
        light = light.reshape(len(light), *[1] * (things.ndim - 2), -1).expand(*things.shape[:-1], -1)
        return torch.cat([things, light], -1)

    def _patches(self, x: Tensor, span: int | None = None) -> Tensor:
        """(B, K * span, C, S, S) -> (B, K, patches of a frame, span * C * patch * patch)."""
        span, patch = span or self.config.span, self.config.patch
        batch, frames, channels, side, _ = x.shape
        cells = x.reshape(batch, frames // span, span, channels, side // patch, patch, side // patch, patch)
        return cells.permute(0, 1, 4, 6, 2, 3, 5, 7).flatten(4).flatten(2, 3)

    def _clip(self, tokens: Tensor, moments: int) -> Tensor:
        """The inverse of :meth:`_patches`: (B, moments * patches, ...) -> (B, moments * span, C, S, S)."""
        patch, span = self.config.patch, self.config.span
        side = self.config.side // patch
        cells = tokens.reshape(len(tokens), moments, side, side, span, -1, patch, patch)
        clip: Tensor = cells.permute(0, 1, 4, 5, 2, 6, 3, 7).flatten(6).flatten(4, 5).flatten(1, 2)
        return clip

    def _fields(self, things: Tensor, present: Tensor, where: Tensor, known: Tensor) -> Tensor:
        """What every token has to do with every object, summed over the objects: (B, moments, patches, width).

        Args:
            things: (B, 3, 64), see :meth:`things`.
            present: (B, 3): which objects there are.
            where: (B, 3, F, 3), see :func:`~.layout.tracks`.
            known: (B, 3): of which objects that is known.
        """
        config = self.config
        where = where.reshape(*where.shape[:2], -1, config.span, 3)
        side = config.side // config.patch
        axis = (torch.arange(side, device=where.device) + 0.5) / side
        down, across = torch.meshgrid(axis, axis, indexing="ij")
        x, y, r = (part[..., None] for part in where.unbind(-1))
        numbers = field_numbers(across.flatten() - x, down.flatten() - y, r, 1 / side)  # (B, 3, K, span, P, _FIELD)
        numbers = numbers * known[:, :, None, None, None, None]
        numbers = numbers.permute(0, 1, 2, 4, 3, 5).flatten(4)  # (B, 3, K, P, span * _FIELD)
        sure = known.to(numbers.dtype)[:, :, None, None, None].expand(*numbers.shape[:4], 1)
        what = things[:, :, None, None].expand(*numbers.shape[:4], -1).to(numbers.dtype)
        seen = present.to(numbers.dtype)[:, :, None, None, None]
        out: Tensor = (self.field(torch.cat([numbers, sure, what], -1)) * seen).sum(1)
        return out


def _waves(side: int, width: int) -> Tensor:
    """Sines and cosines of rows and columns, (1, side * side, width): where a token begins to look for its place."""
    share = (torch.arange(side) + 0.5) / side
    rates = math.pi * 2.0 ** torch.linspace(-1, math.log2(side) - 1, width // 4)
    angles = share[:, None] * rates
    row = torch.cat([angles.sin(), angles.cos()], 1)
    both = torch.cat([row[:, None].expand(-1, side, -1), row[None].expand(side, -1, -1)], 2)
    return both.reshape(1, side * side, width)


def field_numbers(dx: Tensor, dy: Tensor, r: Tensor, patch: float) -> Tensor:
    """Smooth numbers of where a patch's centre lies: measured in radii of the object, and in patches.

    Args:
        dx: from the object's centre to the patch's, in picture widths.
        dy: the same downwards.
        r: the object's radius.
        patch: a patch's side.

    Returns:
        (..., 13), all within about -2 to 2.
    """
    u, v, p, q = dx / r, dy / r, dx / patch, dy / patch
    near, close = (-(u * u + v * v) / 8).exp(), (-(p * p + q * q) / 4).exp()
    return torch.stack(
        [(u / 3).tanh(), (v / 3).tanh(), near, u * near, v * near,
         (2 * u).sin() * near, (2 * u).cos() * near, (2 * v).sin() * near, (2 * v).cos() * near,
         (p / 1.5).tanh(), (q / 1.5).tanh(), close, (r * 5).expand_as(u)], -1
    )  # fmt: skip
