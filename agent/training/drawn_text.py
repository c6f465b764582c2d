"""Titles drawn over pictures: what is written is known, how it looks varies. Material to learn and measure reading."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ...tools.understanding.vision import class_names

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# An empty name is the font that Pillow carries; where one of the others is not installed, it stands in.
# Nothing learns from MEASURED alone, so a measurement sees letters of a form that was not practised.
MEASURED = ("", "DejaVuSerif.ttf", "DejaVuSansCondensed.ttf", "DejaVuSans-Bold.ttf")
PRACTISED = (
    "",
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSansMono.ttf",
    "DejaVuSans-ExtraLight.ttf",
    "DejaVuSans-Oblique.ttf",
    "DejaVuSans-BoldOblique.ttf",
    "DejaVuSansMono-Bold.ttf",
)

COLOURS: tuple[Colour, ...] = ((255, 255, 255), (255, 255, 255), (255, 230, 60), (20, 20, 20), (120, 230, 255))
# What a colour turns to where the ground is as light or as dark as it is.
INVERSE: dict[Colour, Colour] = {
    (255, 255, 255): (20, 20, 20),
    (255, 230, 60): (120, 0, 20),
    (20, 20, 20): (255, 255, 255),
    (120, 230, 255): (0, 30, 110),
}
STYLES = ("outline", "outline", "plain", "box", "shadow")
MOTIONS = ("still", "still", "still", "crawl", "fade")


@dataclass(frozen=True)
class Title:
    """What is drawn, and how.

    Attributes:
        lines: one or two lines of words.
        height: of the letters (the font's size), share of the picture's height.
        style: outline, plain, box or shadow.
        opacity: 0 to 1.
        place: of the block's middle, shares of the free width and height.
        motion: still, crawl (a tenth of the width a second) or fade (in and out).
        font: a file that Pillow finds, empty for its own.
        colour: RGB.
    """

    lines: tuple[str, ...]
    height: float
    style: str
    opacity: float
    place: tuple[float, float]
    motion: str
    font: str
    colour: Colour

    @property
    def words(self) -> list[str]:
        """Lower case, in reading order."""
        return [word.casefold() for line in self.lines for word in line.split()]

    def boxes(self, size: tuple[int, int], seconds: float = 0.5) -> Floats:
        """(N, 4) left, top, right, bottom of the lines in a picture of ``size`` (width, height), pixels."""
        width, height = size
        font, pixels = self._face(height), self._pixels(height)
        lengths = [font.getlength(line) for line in self.lines]
        block = 1.25 * pixels * len(self.lines)
        x = 0.03 * width + self.place[0] * max(0.0, 0.94 * width - max(lengths))
        if self.motion == "crawl":  # to the left until it meets the edge
            x = max(0.02 * width, x + (0.5 - seconds) * 0.1 * width)
        y = 0.03 * height + self.place[1] * (0.94 * height - block)
        lefts = [x + (max(lengths) - length) / 2 for length in lengths]
        tops = [y + n * 1.25 * pixels for n in range(len(self.lines))]
        return np.array(
            [[a, b, a + length, b + 1.2 * pixels] for a, b, length in zip(lefts, tops, lengths, strict=True)],
            np.float32,
        )

    def layer(self, size: tuple[int, int], seconds: float = 0.5, share: float = 0.5, dark: bool = False) -> Image.Image:
        """The title alone, RGBA, ``seconds`` after its start, at ``share`` (0 to 1) of its time.

        ``dark`` says that the letters stand on a dark ground: where nothing sets them off they are made light, else
        dark, as whoever makes a title would.
        """
        font, pixels = self._face(size[1]), self._pixels(size[1])
        bare = self.style in ("plain", "shadow")
        colour = self.colour if not bare else self.colour if (sum(self.colour) > 300) == dark else INVERSE[self.colour]
        edge = (0, 0, 0) if sum(colour) > 200 else (240, 240, 240)
        layer = Image.new("RGBA", size, (*colour, 0))
        draw = ImageDraw.Draw(layer)
        boxes = self.boxes(size, seconds).tolist()
        if self.style == "box":
            left, top = min(box[0] for box in boxes), boxes[0][1]
            right, bottom = max(box[2] for box in boxes), boxes[-1][3]
            draw.rectangle((left - pixels / 3, top - pixels / 6, right + pixels / 3, bottom + pixels / 6), (*edge, 255))
        stroke = max(1, pixels // 12) if self.style == "outline" else 0
        for line, (x, y, *_) in zip(self.lines, boxes, strict=True):
            if self.style == "shadow":
                draw.text((x + pixels / 14, y + pixels / 14), line, font=font, fill=(*edge, 255))
            draw.text((x, y), line, font=font, fill=(*colour, 255), stroke_width=stroke, stroke_fill=(*edge, 255))
        fading = min(1.0, 4 * min(share, 1 - share) + 0.05) if self.motion == "fade" else 1.0
        layer.putalpha(layer.getchannel("A").point([round(value * self.opacity * fading) for value in range(256)]))
        return layer

    def over(self, image: Pixels, seconds: float = 0.5, share: float = 0.5) -> Pixels:
        """The title over a picture (H, W, 3)."""
        size = image.shape[1], image.shape[0]
        layer = self.layer(size, seconds, share, dark=self.on_dark(image))
        return np.asarray(Image.alpha_composite(Image.fromarray(image).convert("RGBA"), layer).convert("RGB"), np.uint8)

    def on_dark(self, image: Pixels) -> bool:
        """Whether the picture (H, W, 3) is dark where the title will stand in the middle of its time."""
        height, width = image.shape[:2]
        boxes = self.boxes((width, height)).round().astype(int).clip(0)
        under = [image[top:bottom, left:right] for left, top, right, bottom in boxes.tolist()]
        return float(np.mean([part.mean() for part in under if part.size] or [0])) < 128

    def _pixels(self, height: int) -> int:
        return max(8, round(self.height * height))

    def _face(self, height: int) -> Font:
        return _font(self.font, self._pixels(height))


def titles(
    seed: int, fonts: tuple[str, ...] = MEASURED, smallest: float = 0.03, largest: float = 0.12
) -> Iterator[Title]:
    """Endless titles with letters of ``smallest`` to ``largest`` of the height; words of ImageNet's class names."""
    rng = random.Random(seed)
    words = sorted({word for name in class_names() for word in name.split() if word.isalpha() and len(word) > 2})
    while True:
        height = smallest * (largest / smallest) ** rng.random()
        most = max(1, min(6, int(0.75 / height / 5)))
        case = rng.choice((str.lower, str.title, str.upper))
        lines = [case(" ".join(rng.choices(words, k=rng.randint(1, most)))) for _ in range(rng.choice((1, 1, 2)))]
        # At a width of 16:9 a letter takes about 0.6 of the font's size.
        lines = [line for line in lines if len(line) * height * 0.62 < 1.25] or [case(min(words[: 9 + most], key=len))]
        yield Title(
            lines=tuple(lines),
            height=height,
            style=rng.choice(STYLES),
            opacity=rng.choice((1.0, 1.0, 0.85, 0.7)),
            place=(rng.random(), rng.choice((rng.random(), 1.0, 0.0))),
            motion=rng.choice(MOTIONS),
            font=rng.choice(fonts),
            colour=rng.choice(COLOURS),
        )


@cache
def _font(name: str, pixels: int) -> Font:
    try:
        return ImageFont.truetype(name, pixels) if name else ImageFont.load_default(size=pixels)
    except OSError:
        return ImageFont.load_default(size=pixels)
