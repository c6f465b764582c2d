"""Draw a lineage graph: a column for each generation, a card with a frame for each clip, lines from parents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from ..errors import ToolError
from ..media.decode import sample
from ..media.write import BACKGROUND, INK, MARGIN, save_picture

CARD: Final = (208, 118)
"""Pixels of a card's picture, width and height."""
LINE_HEIGHT: Final = 17
GAP: Final = (72, 26)
"""Pixels between cards: across, where the lines run, and down."""
EDGE: Final = (120, 150, 190)
MARK: Final = (240, 190, 70)
PANEL: Final = (40, 41, 48)


@dataclass(frozen=True)
class Card:
    """A clip to draw.

    Attributes:
        lines: text under the picture; what does not fit is cut off.
        video: where a frame comes from; without one, or if it cannot be decoded, the picture stays empty.
        parents: ids of the cards it was made from; others are left out.
        marked: whether it is the one that was asked for.
    """

    id: str
    lines: Sequence[str]
    video: Path | None = None
    parents: Sequence[str] = field(default_factory=list)
    marked: bool = False


def draw(path: Path, cards: Sequence[Card]) -> None:
    """Write the picture as PNG. ``cards`` come parents first. Raises ``RenderFailed`` when it cannot be written."""
    places = _places(cards)
    height = _height(cards)
    right = max(left for left, _ in places.values()) + CARD[0] + MARGIN
    bottom = max(top for _, top in places.values()) + height + MARGIN
    sheet = Image.new("RGB", (right, bottom), BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    for card in cards:
        for parent in dict.fromkeys(card.parents):
            if parent in places:
                _line(pen, places[parent], places[card.id])
    font = ImageFont.load_default(size=13)
    for card in cards:
        _card(sheet, pen, card, places[card.id], height, font)
    save_picture(sheet, path)


def columns(nodes: Iterable[tuple[str, Sequence[str]]]) -> dict[str, tuple[int, int]]:
    """Column and row, from 0, of nodes that come parents first: right of every parent, rows in their order.

    Args:
        nodes: ids, each with the ids of its parents; parents that are no nodes count for nothing.
    """
    placed: dict[str, tuple[int, int]] = {}
    rows: dict[int, int] = defaultdict(int)
    for node, parents in nodes:
        column = 1 + max((placed[parent][0] for parent in parents if parent in placed), default=-1)
        placed[node] = (column, rows[column])
        rows[column] += 1
    return placed


def _places(cards: Sequence[Card]) -> dict[str, tuple[int, int]]:
    """Left top corners."""
    height = _height(cards)
    return {
        card: (MARGIN + column * (CARD[0] + GAP[0]), MARGIN + row * (height + GAP[1]))
        for card, (column, row) in columns((card.id, card.parents) for card in cards).items()
    }


def _height(cards: Sequence[Card]) -> int:
    return CARD[1] + 6 + LINE_HEIGHT * max(len(card.lines) for card in cards)


def _line(pen: ImageDraw.ImageDraw, parent: tuple[int, int], child: tuple[int, int]) -> None:
    """From the parent's right side to the child's left, with a bend in the gap before the child, and a head."""
    start = (parent[0] + CARD[0], parent[1] + CARD[1] // 2)
    end = (child[0], child[1] + CARD[1] // 2)
    bend = end[0] - GAP[0] // 2
    pen.line([start, (bend, start[1]), (bend, end[1]), end], fill=EDGE, width=2, joint="curve")
    pen.polygon([end, (end[0] - 9, end[1] - 5), (end[0] - 9, end[1] + 5)], fill=EDGE)


def _card(
    sheet: Image.Image,
    pen: ImageDraw.ImageDraw,
    card: Card,
    place: tuple[int, int],
    height: int,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    left, top = place
    outline = MARK if card.marked else PANEL
    pen.rectangle((left - 3, top - 3, left + CARD[0] + 2, top + height + 2), fill=PANEL, outline=outline, width=3)
    frame = _frame(card.video)
    if frame is None:
        pen.text((left + CARD[0] / 2, top + CARD[1] / 2), "no picture", font=font, fill=EDGE, anchor="mm")
    else:
        frame.thumbnail(CARD)
        sheet.paste(frame, (left + (CARD[0] - frame.width) // 2, top + (CARD[1] - frame.height) // 2))
    for number, line in enumerate(card.lines):
        text = line
        while text and pen.textlength(text, font=font) > CARD[0] - 8:
            text = text[:-1]
        pen.text((left + 4, top + CARD[1] + 4 + number * LINE_HEIGHT), text, font=font, fill=INK)


def _frame(video: Path | None) -> Image.Image | None:
    """The frame in the middle; None when there is none to be had, which must not spoil the whole picture."""
    if video is None:
        return None
    try:
        return Image.fromarray(sample(video, count=1).images[0])
    except ToolError:
        return None
