"""Draw text as a transparent picture, which ffmpeg lays over the video.

The text never meets ffmpeg's filter syntax, and no font need be installed: Pillow carries one. Scripts that run
from right to left are ordered and shaped by Raqm.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

from ..errors import BadArguments, RenderFailed
from .fonts import JOINERS, Font, choose, emoji_font, lacking, load, named
from .operations import FontName, Position

SAFE: Final = 0.05  # of the picture at each side is kept free: the title-safe area
LINE_HEIGHT: Final = 0.08  # of the picture, for one line
SMALLEST: Final = 7  # pixels
MOST_OF_HEIGHT: Final = 0.6
SPACING: Final = 1.25

PLAIN: Final = {"–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe"}


@dataclass(frozen=True)
class Style:
    """How a text looks: where it stands, its font, and a line's height in percent of the picture's (None: fitting)."""

    position: Position = "bottom"
    font: FontName = "sans"
    size: float | None = None


@dataclass(frozen=True)
class _Pen:
    """A font at a size, with the colour pictures that stand for the emoji it lacks."""

    draw: ImageDraw.ImageDraw
    font: Font
    pixels: int
    emoji: frozenset[str]

    def runs(self, text: str) -> list[tuple[str, bool]]:
        """Pieces of a line, each with whether it is an emoji of the colour font."""
        pieces: list[tuple[str, bool]] = []
        for char in text:
            colour = char in self.emoji or (char in JOINERS and bool(pieces) and pieces[-1][1])
            if pieces and pieces[-1][1] == colour:
                pieces[-1] = (pieces[-1][0] + char, colour)
            else:
                pieces.append((char, colour))
        return pieces

    def width(self, text: str) -> float:
        """Pixels a line takes."""
        return sum(
            self._emoji_width(run) if colour else self.draw.textlength(run, font=self.font)
            for run, colour in self.runs(text)
        )

    def write(self, image: Image.Image, left: float, top: float, text: str) -> None:
        """Write a line with its upper left corner there."""
        outline = max(1, self.pixels // 12)
        for run, colour in self.runs(text):
            if colour:
                self._paste(image, left, top, run)
                left += self._emoji_width(run)
                continue
            self.draw.text(
                (left, top), run, font=self.font, fill="white", stroke_width=outline, stroke_fill="black", anchor="la"
            )
            left += self.draw.textlength(run, font=self.font)

    def _emoji_width(self, run: str) -> float:
        found = emoji_font()
        return self.draw.textlength(run, font=found[0]) * self.pixels / found[1] if found else 0.0

    def _paste(self, image: Image.Image, left: float, top: float, run: str) -> None:
        found = emoji_font()
        if found is None:
            return
        font, pixels = found
        wide = max(1, round(self.draw.textlength(run, font=font)))
        picture = Image.new("RGBA", (wide, round(pixels * SPACING)), (0, 0, 0, 0))
        ImageDraw.Draw(picture).text((0, 0), run, font=font, embedded_color=True, fill="white")
        scale = self.pixels / pixels
        small = picture.resize((max(1, round(wide * scale)), max(1, round(picture.height * scale))))
        image.alpha_composite(small, (max(0, round(left)), max(0, round(top))))


def draw_title(path: Path, text: str, size: tuple[int, int], style: Style) -> list[str]:
    """Write ``text`` on a transparent PNG of ``size`` (width, height), wrapped into the safe area.

    Returns notes for the user, none when all characters could be drawn. Raises ``BadArguments`` when
    there is nothing to draw or the picture is too small for the text.
    """
    words = " ".join("".join(c if _shows(c) else " " for c in unicodedata.normalize("NFC", text)).split())
    if not words.strip("".join(JOINERS)):
        raise BadArguments("The text is empty.", "Give at least one visible character.")
    face, emoji, words, notes = _characters(words, style.font)
    width, height = size
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    pixels = max(SMALLEST, round(height * (style.size / 100 if style.size else LINE_HEIGHT)))
    room = width * (1 - 2 * SAFE)
    while True:
        pen = _Pen(draw, load(face, pixels), pixels, frozenset(emoji))
        lines = _wrap(pen, words, room)
        block = round(pixels * SPACING) * len(lines)
        most = 1 - 2 * SAFE if style.size else MOST_OF_HEIGHT
        if all(pen.width(each) <= room for each in lines) and block <= height * most:
            break
        if pixels <= SMALLEST or style.size:
            raise BadArguments(
                f"The text does not fit into a picture of {width}x{height} pixels.",
                "Shorten it, or enlarge the clip." if style.size is None else "Shorten it, or choose a smaller size.",
            )
        pixels = max(SMALLEST, round(pixels * 0.9))
    _set(image, pen, lines, style.position)
    _save(image, path)
    return notes


def _shows(char: str) -> bool:
    return char.isprintable() or char in JOINERS


def _characters(words: str, font: FontName) -> tuple[str, str, str, list[str]]:
    """Choose the font file; which characters are emoji, what is left of the text, and notes on what is not."""
    face, missing, notes = choose(font, words)
    found = emoji_font() if missing else None
    without = lacking(found[0], missing) if found else missing
    emoji = "".join(c for c in missing if c not in without)
    missing = without
    replaced = {char: _plainer(char) for char in missing}
    base = load(face, 24)
    gone = "".join(c for c in missing if replaced[c] == c or lacking(base, replaced[c]))
    words = " ".join("".join("" if c in gone else replaced.get(c, c) for c in words).split())
    if not words.strip("".join(JOINERS)):
        raise BadArguments(f"No font here can draw {named(gone)}.", "Use other characters, or install a font for them.")
    if gone:
        notes.append(f"No font here can draw {named(gone)}; it was left out.")
    if plainer := "".join(c for c in missing if c not in gone):
        notes.append(f"No font here has {plainer!r}; plainer characters stand in.")
    return face, emoji, words, notes


def _set(image: Image.Image, pen: _Pen, lines: list[str], position: Position) -> None:
    width, height = image.size
    line = round(pen.pixels * SPACING)
    block = line * len(lines)
    vertical, _, side = position.partition("-")
    top = {"top": height * SAFE, "center": (height - block) / 2, "bottom": height * (1 - SAFE) - block}[vertical]
    for n, each in enumerate(lines):
        free = width - pen.width(each)
        left = {"": free / 2, "left": width * SAFE, "right": free - width * SAFE}[side]
        pen.write(image, left, top + n * line, each)


def _save(image: Image.Image, path: Path) -> None:
    try:
        image.save(path, format="PNG")
    except OSError as error:
        raise RenderFailed("The text could not be drawn into the work folder.", "Check the disk's space.") from error


def _wrap(pen: _Pen, words: str, room: float) -> list[str]:
    """Break at spaces, and inside words that are longer than a line (some scripts have no spaces)."""
    lines = [""]
    for word in words.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if pen.width(longer) <= room:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for char in word:
            if lines[-1] and pen.width(lines[-1] + char) > room:
                lines.append("")
            lines[-1] += char
    return lines


def _plainer(char: str) -> str:
    """Find what may stand for a character: the letter without its accent, a plain dash or quote."""
    base = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    return PLAIN.get(char, base or char)
