"""Pictures in the terminal: what is written can be read back as the picture."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import pytest
from gpt4video.agent.interfaces.terminal_graphics import half_blocks, kitty, protocol_of, show, sixel
from PIL import Image
from rich.console import Console

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def quarters(wide: int, high: int) -> Image.Image:
    """Red and green above, blue and white below."""
    picture = Image.new("RGB", (wide, high), WHITE)
    picture.paste(RED, (0, 0, wide // 2, high // 2))
    picture.paste(GREEN, (wide // 2, 0, wide, high // 2))
    picture.paste(BLUE, (0, high // 2, wide // 2, high))
    return picture


def console(**options: Any) -> Console:
    given = {"force_terminal": True, "color_system": "truecolor", "width": 80, "_environ": {"TERM": "xterm"}}
    return Console(file=io.StringIO(), **{**given, **options})


def written(console: Console) -> str:
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def unsixel(text: str) -> Image.Image:
    """Read sixels back: colours in per cent, runs, carriage return ``$`` and next band ``-``."""
    head = re.match(r'\x1bP[\d;]*q"1;1;(\d+);(\d+)', text)
    assert head is not None
    assert text.endswith("\x1b\\")
    picture = Image.new("RGB", (int(head[1]), int(head[2])))
    palette: dict[str, tuple[int, ...]] = {}
    colour, x, top = (0, 0, 0), 0, 0
    token = re.compile(r"#(?P<set>\d+);2;(?P<rgb>\d+;\d+;\d+)|#(?P<use>\d+)|(?:!(?P<many>\d+))?(?P<bits>[?-~])|[$-]")
    for part in token.finditer(text, head.end(), len(text) - 2):
        if part["set"]:
            palette[part["set"]] = tuple(round(int(value) * 255 / 100) for value in part["rgb"].split(";"))
        elif part["use"]:
            colour = palette[part["use"]]  # type: ignore[assignment]
        elif part["bits"]:
            for _ in range(int(part["many"] or 1)):
                for bit in range(6):
                    if (ord(part["bits"]) - 63) >> bit & 1:
                        picture.putpixel((x, top + bit), colour)
                x += 1
        else:
            x, top = 0, top + (6 if part[0] == "-" else 0)
    return picture


def test_half_blocks_show_two_pixels_a_cell() -> None:
    text = half_blocks(quarters(40, 40), 4)
    lines = text.plain.splitlines()
    assert lines == ["▀▀▀▀", "▀▀▀▀"]
    colours = [(span.style.color.triplet, span.style.bgcolor.triplet) for span in text.spans]  # type: ignore[union-attr]
    assert colours == [(RED, RED)] * 2 + [(GREEN, GREEN)] * 2 + [(BLUE, BLUE)] * 2 + [(WHITE, WHITE)] * 2
    # One cell over the seam: the upper half above it, the lower one below.
    seam = half_blocks(quarters(40, 40), 2).spans[0].style
    assert (seam.color.triplet, seam.bgcolor.triplet) == (RED, BLUE)  # type: ignore[union-attr]


@pytest.mark.parametrize("size", [(50, 20), (9, 13), (1, 1)])
def test_sixels_are_the_picture(size: tuple[int, int]) -> None:
    picture = quarters(*size)
    back = unsixel(sixel(picture))
    assert back.size == size
    assert back.tobytes() == picture.tobytes()


def test_kittys_chunks_join_to_the_picture() -> None:
    picture = Image.effect_noise((120, 90), 90).convert("RGB")
    chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", kitty(picture, 30, 11))
    assert len(chunks) > 1
    assert all(len(data) <= 4096 for _, data in chunks)
    assert [keys[-3:] for keys, _ in chunks] == [*["m=1"] * (len(chunks) - 1), "m=0"]
    assert {"a=T", "f=100", "q=2", "c=30", "r=11"} <= set(chunks[0][0].split(","))
    back = Image.open(io.BytesIO(base64.b64decode("".join(data for _, data in chunks))))
    assert back.size == picture.size
    assert back.tobytes() == picture.tobytes()


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM_PROGRAM": "WezTerm"}, "kitty"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm-256color"}, "blocks"),
        ({"KITTY_WINDOW_ID": "1", "TMUX": "/tmp/tmux,1,0"}, "blocks"),  # noqa: S108
        ({"KITTY_WINDOW_ID": "1", "NO_COLOR": "1"}, "none"),
    ],
)
def test_the_environment_tells_what_a_terminal_can(environment: dict[str, str], protocol: str) -> None:
    assert protocol_of(console(), environment) == protocol


def test_nothing_is_drawn_where_nobody_would_see_it() -> None:
    pipe = console(force_terminal=False)
    assert protocol_of(pipe, {"KITTY_WINDOW_ID": "1"}) == "none"
    plain = console(no_color=True)
    assert protocol_of(plain, {"KITTY_WINDOW_ID": "1"}) == "none"
    assert protocol_of(console(_environ={"TERM": "dumb"}), {"KITTY_WINDOW_ID": "1"}) == "none"
    show(pipe, quarters(8, 8), "none", columns=8)
    assert written(pipe) == ""


def test_a_picture_is_no_wider_than_the_terminal() -> None:
    narrow = console(width=10)
    show(narrow, quarters(80, 40), "blocks", columns=72)
    assert {line.count("▀") for line in written(narrow).splitlines()} == {10}
