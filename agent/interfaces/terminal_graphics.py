"""Pictures inside the terminal: kitty's protocol or sixel where it says it can, coloured half blocks elsewhere.

Kitty: https://sw.kovidgoyal.net/kitty/graphics-protocol/. Sixel: DEC's VT330/VT340 programmer reference, chapter 14.
"""

from __future__ import annotations

import base64
import io
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from PIL import Image

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Protocol = Literal["kitty", "sixel", "blocks", "none"]

_CHUNK = 4096
_COLOURS = 255
_WAIT = 0.2
"""Seconds in which a terminal answers what it can; ssh round trips stay below."""
_KITTY = ("xterm-kitty", "xterm-ghostty", "ghostty", "WezTerm")
_SIXEL = ("foot", "foot-extra", "mlterm", "contour", "iTerm.app", "mintty")
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]+)c")


def protocol_of(console: Console, environment: Mapping[str, str] = os.environ) -> Protocol:
    """How this console can show pictures; ``none`` for a pipe, a dumb terminal, or where no colour is wanted.

    The terminal itself is asked only if the environment does not tell, and only if it is one.
    """
    if not console.is_terminal or console.is_dumb_terminal or console.color_system is None:
        return "none"
    if console.no_color or environment.get("NO_COLOR"):
        return "none"
    named = (environment.get("TERM", ""), environment.get("TERM_PROGRAM", ""))
    if "TMUX" not in environment and "STY" not in environment:  # a multiplexer passes on the names, not the pictures
        if "KITTY_WINDOW_ID" in environment or any(name in _KITTY for name in named):
            return "kitty"
        if any(name in _SIXEL for name in named):
            return "sixel"
    return "sixel" if "4" in _attributes() else "blocks"


def _attributes() -> list[str]:
    """What the terminal answers to "primary device attributes"; 4 is sixel. Empty where it cannot be asked."""
    try:
        import select
        import termios
        import tty

        source, target = sys.__stdin__, sys.__stdout__
        if source is None or target is None or not (source.isatty() and target.isatty()):
            return []
        handle = source.fileno()
        if select.select([handle], [], [], 0)[0]:  # somebody types already: their words are not to be eaten
            return []
        before = termios.tcgetattr(handle)
    except (ImportError, OSError):
        return []
    answer, deadline = b"", time.monotonic() + _WAIT
    try:
        tty.setcbreak(handle, termios.TCSANOW)
        target.write("\x1b[c")
        target.flush()
        while (left := deadline - time.monotonic()) > 0 and not _ATTRIBUTES.search(answer):
            if select.select([handle], [], [], left)[0]:
                answer += os.read(handle, 64)
    finally:
        termios.tcsetattr(handle, termios.TCSANOW, before)
    found = _ATTRIBUTES.search(answer)
    return found[1].decode().split(";") if found else []


def show(console: Console, picture: Image.Image, protocol: Protocol, *, columns: int) -> None:
    """Draw a picture below the cursor, at most ``columns`` cells wide; nothing for the protocol ``none``."""
    columns = max(1, min(columns, console.width))
    if protocol == "blocks":
        console.print(half_blocks(picture, columns), end="")
    elif protocol in ("kitty", "sixel"):
        wide, high = picture.size
        cells = max(1, round(columns * high / wide / 2))
        drawn = kitty(picture, columns, cells) if protocol == "kitty" else sixel(picture)
        console.file.write(f"{drawn}\n")
        console.file.flush()


def half_blocks(picture: Image.Image, columns: int) -> Text:
    """Text of ``columns`` cells a line; a cell shows two pixels, one in its ink and one in its ground."""
    from rich.color import Color
    from rich.style import Style
    from rich.text import Text

    rows = max(1, round(columns * picture.height / picture.width / 2))
    small = picture.convert("RGB").resize((columns, 2 * rows), Image.Resampling.BOX)
    pixels = small.tobytes()

    def colour(x: int, y: int) -> Color:
        at = 3 * (y * columns + x)
        return Color.from_rgb(*pixels[at : at + 3])

    text = Text(no_wrap=True, end="")
    for row in range(rows):
        for x in range(columns):
            text.append("▀", Style(color=colour(x, 2 * row), bgcolor=colour(x, 2 * row + 1)))
        text.append("\n")
    return text


def kitty(picture: Image.Image, columns: int, rows: int) -> str:
    """The picture as PNG in kitty's protocol, fitted to so many cells; the terminal shall not answer."""
    data = io.BytesIO()
    picture.convert("RGB").save(data, "PNG")
    text = base64.standard_b64encode(data.getvalue()).decode()
    chunks = [text[at : at + _CHUNK] for at in range(0, len(text), _CHUNK)]
    parts = []
    for number, chunk in enumerate(chunks):
        first = f"a=T,f=100,q=2,c={columns},r={rows}," if number == 0 else ""
        parts.append(f"\x1b_G{first}m={int(number < len(chunks) - 1)};{chunk}\x1b\\")
    return "".join(parts)


def sixel(picture: Image.Image) -> str:
    """The picture in sixels, pixel for pixel, in colours of its own."""
    small = picture.convert("RGB").quantize(_COLOURS)
    palette = small.getpalette() or []
    wide, high = small.size
    parts = [f'\x1bP0;1q"1;1;{wide};{high}']
    used = small.getcolors() or []
    for _, index in used:
        shares = (round(value * 100 / 255) for value in palette[3 * int(index) : 3 * int(index) + 3])  # type: ignore[arg-type]  # of mode P: ints
        parts.append(f"#{index};2;{';'.join(map(str, shares))}")
    pixels = small.tobytes()
    for top in range(0, high, 6):
        band = [pixels[row * wide : (row + 1) * wide] for row in range(top, min(top + 6, high))]
        parts.append("$".join(_strokes(band)) + "-")
    return "".join(parts) + "\x1b\\"


def _strokes(band: list[bytes]) -> Iterator[str]:
    """Up to six rows of pixels as one run of sixels for each colour in them."""
    for colour in sorted(set().union(*band)):
        masks = [sum((row[x] == colour) << bit for bit, row in enumerate(band)) for x in range(len(band[0]))]
        runs = ((mask, len(list(same))) for mask, same in groupby(masks))
        drawn = (f"!{many}{chr(63 + mask)}" if many > 3 else chr(63 + mask) * many for mask, many in runs)
        yield f"#{colour}{''.join(drawn)}"
