"""Fonts by name: what is installed, with the one that Pillow carries as the last resort."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final

from PIL import ImageFont, features

from ..errors import BadArguments
from .operations import FontName

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

CARRIED: Final = ""  # stands for Pillow's own font: Latin letters only, in every installation
NAMES: Final[dict[FontName, tuple[str, ...]]] = {
    "sans": (CARRIED,),
    "serif": (
        "DejaVuSerif.ttf",
        "NotoSerif-Regular.ttf",
        "LiberationSerif-Regular.ttf",
        "Times New Roman.ttf",
        "times.ttf",
    ),
    "mono": (
        "DejaVuSansMono.ttf",
        "NotoSansMono-Regular.ttf",
        "LiberationMono-Regular.ttf",
        "Courier New.ttf",
        "cour.ttf",
    ),
    "bold": ("DejaVuSans-Bold.ttf", "NotoSans-Bold.ttf", "LiberationSans-Bold.ttf", "Arial Bold.ttf", "arialbd.ttf"),
}
# Looked for when the font asked for lacks a character; first found, first used.
FALLBACKS: Final = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansArabic-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "Arial Unicode.ttf",
    "arial.ttf",
    "msyh.ttc",
    "malgun.ttf",
)
EMOJI: Final = ("NotoColorEmoji.ttf", "Apple Color Emoji.ttc", "seguiemj.ttf")
BITMAP_SIZES: Final = (109, 136, 160, 96, 64)  # colour fonts made of pictures have one size
JOINERS: Final = frozenset("\u200d\ufe0f\ufe0e")  # they choose between emoji, and show nothing themselves


@cache
def load(name: str, pixels: int) -> Font:
    """A font by file name at a size in pixels. Raises ``OSError`` when it is not installed."""
    return ImageFont.truetype(name, pixels) if name else ImageFont.load_default(size=pixels)


@cache
def emoji_font() -> tuple[Font, int] | None:
    """The colour emoji font of this machine and the size at which it is drawn, if there is one."""
    for name in EMOJI:
        for pixels in BITMAP_SIZES:
            try:
                return load(name, pixels), pixels
            except OSError:
                continue
    return None


def lacking(font: Font, text: str) -> str:
    """The characters of ``text`` that a font has no shape for, each once."""
    blank = bytes(font.getmask("\U0010ffff"))
    return "".join(
        sorted({c for c in text if not c.isspace() and c not in JOINERS and bytes(font.getmask(c)) == blank})
    )


def choose(wanted: FontName, text: str) -> tuple[str, str, list[str]]:
    """Choose the font file for a text: the one asked for, unless another lacks fewer characters.

    Returns its name, the characters that it lacks, and notes for the user. Raises ``BadArguments`` for text that
    needs shaping where Pillow cannot do it.
    """
    _check_shaping(text)
    installed = [name for name in (*NAMES[wanted], CARRIED) if _installed(name)]
    notes = [] if installed[0] in NAMES[wanted] else [f"There is no {wanted} font here; a plain one stands in."]
    best = installed[0], lacking(load(installed[0], 24), text)
    for name in FALLBACKS if best[1] else ():
        missing = lacking(load(name, 24), text) if _installed(name) else text
        if len(missing) < len(best[1]):
            best = name, missing
        if not missing:
            break
    return (*best, notes)


@cache
def _installed(name: str) -> bool:
    try:
        load(name, 24)
    except OSError:
        return False
    return True


def _check_shaping(text: str) -> None:
    """Right-to-left and joined scripts come out wrong without Raqm: letters apart and in reverse."""
    joined = any(unicodedata.bidirectional(char) in ("R", "AL") for char in text)
    if joined and not features.check("raqm"):
        raise BadArguments(
            "Text that runs from right to left cannot be set here, for Pillow has no Raqm.",
            "Install the system's libraqm and fribidi, or use Latin letters.",
        )


def named(characters: str) -> str:
    """Name characters for a message: the character and its Unicode name."""
    return ", ".join(f"{c!r} ({unicodedata.name(c, f'U+{ord(c):04X}').lower()})" for c in characters)
