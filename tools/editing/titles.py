"""Draw text as a transparent picture, which ffmpeg lays over the video.

The text never meets ffmpeg's filter syntax, and no font need be installed: Pillow carries one.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import Final, Literal

from PIL import Image, ImageDraw, ImageFont

from ..errors import BadArguments, RenderFailed

SAFE: Final = 0.05  # of the picture at each side is kept free
LINE_HEIGHT: Final = 0.08  # of the picture, for one line
SMALLEST: Final = 7  # pixels
MOST_OF_HEIGHT: Final = 0.6
SPACING: Final = 1.25

# Looked for when the font that Pillow carries lacks a character; first found, first used.
FALLBACKS: Final = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansArabic-Regular.ttf",
    "Arial Unicode.ttf",
    "arial.ttf",
    "msyh.ttc",
    "malgun.ttf",
)

PLAIN: Final = {"–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe"}

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw_title(path: Path, text: str, size: tuple[int, int], position: Literal["top", "center", "bottom"]) -> str:
    """Write ``text`` on a transparent PNG of ``size`` (width, height), wrapped into the safe area.

    Returns a note for the user, empty when all characters could be drawn. Raises ``BadArguments`` when
    there is nothing to draw or the picture is too small for the text.
    """
    words = " ".join("".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", text)).split())
    if not words:
        raise BadArguments("The text is empty.", "Give at least one visible character.")
    width, height = size
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    face, lacking = _face(words)
    words = "".join(_plainer(c) if c in lacking else c for c in words)
    missing = _lacking(face, words)
    room = width * (1 - 2 * SAFE)
    pixels = max(SMALLEST, round(height * LINE_HEIGHT))
    while True:
        font = _font(face, pixels)
        lines = _wrap(draw, words, font, room)
        line = round(pixels * SPACING)
        fits = all(draw.textlength(each, font=font) <= room for each in lines)
        if fits and line * len(lines) <= height * MOST_OF_HEIGHT:
            break
        if pixels <= SMALLEST:
            raise BadArguments(
                f"The text does not fit into a picture of {width}x{height} pixels.", "Shorten it or enlarge the clip."
            )
        pixels = max(SMALLEST, round(pixels * 0.9))
    margin, block = height * SAFE, line * len(lines)
    top = {"top": margin, "center": (height - block) / 2, "bottom": height - margin - block}[position]
    for n, each in enumerate(lines):
        outline = max(1, pixels // 12)
        place = (width / 2, top + n * line)
        draw.text(place, each, font=font, fill="white", stroke_width=outline, stroke_fill="black", anchor="ma")
    try:
        image.save(path, format="PNG")
    except OSError as error:
        raise RenderFailed("The text could not be drawn into the work folder.", "Check the disk's space.") from error
    if missing:
        return f"No font here can draw {missing!r}; it shows as boxes."
    return f"No font here has {lacking!r}; plainer characters stand in." if lacking else ""


def _wrap(draw: ImageDraw.ImageDraw, words: str, font: Font, room: float) -> list[str]:
    """Break at spaces, and inside words that are longer than a line (some scripts have no spaces)."""
    lines = [""]
    for word in words.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font=font) <= room:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for char in word:
            if lines[-1] and draw.textlength(lines[-1] + char, font=font) > room:
                lines.append("")
            lines[-1] += char
    return lines


def _face(text: str) -> tuple[str, str]:
    """Choose the font that lacks the fewest characters of ``text``; also those it lacks."""
    best = ("", _lacking("", text))
    for name in FALLBACKS if best[1] else ():
        try:
            lacking = _lacking(name, text)
        except OSError:
            continue  # not installed
        if len(lacking) < len(best[1]):
            best = (name, lacking)
        if not lacking:
            break
    return best


def _plainer(char: str) -> str:
    """Find what may stand for a character: the letter without its accent, a plain dash or quote."""
    base = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    return PLAIN.get(char, base or char)


def _lacking(name: str, text: str) -> str:
    font = _font(name, 24)
    blank = bytes(font.getmask("\U0010ffff"))
    return "".join(sorted({c for c in text if not c.isspace() and bytes(font.getmask(c)) == blank}))


@cache
def _font(name: str, pixels: int) -> Font:
    return ImageFont.truetype(name, pixels) if name else ImageFont.load_default(size=pixels)
