"""Text on pictures: places, fonts, scripts, and characters that no font has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gpt4video.tools.editing import fonts, titles
from gpt4video.tools.editing.titles import Style, draw_title
from gpt4video.tools.errors import BadArguments
from numpy.typing import NDArray
from PIL import Image, ImageFont, features

SIZE = (640, 360)
needs_dejavu = pytest.mark.skipif(not fonts._installed("DejaVuSans.ttf"), reason="needs the DejaVu fonts")
needs_raqm = pytest.mark.skipif(not features.check("raqm"), reason="needs Pillow with Raqm")


def drawn(tmp_path: Path, text: str, **style: Any) -> tuple[NDArray[np.uint8], list[str]]:
    path = tmp_path / "title.png"
    notes = draw_title(path, text, SIZE, Style(**style))
    return np.asarray(Image.open(path)), notes


def inked(image: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(image[..., 3] > 128)
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


@pytest.mark.parametrize(
    "position", ["top", "center", "bottom", "top-left", "top-right", "bottom-left", "bottom-right"]
)
def test_text_stands_where_asked_inside_the_safe_area(tmp_path: Path, position: str) -> None:
    left, top, right, bottom = inked(drawn(tmp_path, "Hello", position=position)[0])
    outline = 3
    assert left >= 32 - outline
    assert right < 640 - 32 + outline
    assert top >= 18 - outline
    assert bottom < 360 - 18 + outline
    vertical, _, side = position.partition("-")
    assert {"top": bottom < 120, "center": 120 < top < bottom < 240, "bottom": top > 240}[vertical]
    across = {"": abs(left + right - 640) < 8, "left": left < 40, "right": right > 600}
    assert across[side]


def test_size_is_a_share_of_the_height(tmp_path: Path) -> None:
    heights = []
    for size in (5, 10, 20):
        _, top, _, bottom = inked(drawn(tmp_path, "H", size=size)[0])
        heights.append(bottom - top)
    assert heights[1] / heights[0] == pytest.approx(2, rel=0.15)
    assert heights[2] / heights[1] == pytest.approx(2, rel=0.15)
    with pytest.raises(BadArguments, match="smaller size"):
        drawn(tmp_path, "far too long for this " * 5, size=40)


@needs_dejavu
def test_fonts_differ(tmp_path: Path) -> None:
    images = {font: drawn(tmp_path, "Quartz 123", font=font)[0].tobytes() for font in fonts.NAMES}
    assert len(set(images.values())) == len(images)


def test_a_font_that_is_not_here_is_replaced_with_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_installed", lambda name: name == fonts.CARRIED)
    image, notes = drawn(tmp_path, "Hello", font="serif")
    assert notes == ["There is no serif font here; a plain one stands in."]
    assert (image == drawn(tmp_path, "Hello")[0]).all()


def _line(text: str, layout: ImageFont.Layout) -> NDArray[np.uint8]:
    font = ImageFont.truetype("DejaVuSans.ttf", 40, layout_engine=layout)
    mask = font.getmask(text, mode="L")
    return np.asarray(mask).reshape(mask.size[::-1])


@needs_dejavu
@needs_raqm
def test_hebrew_runs_from_right_to_left() -> None:
    """Laid out by hand: the letters in reverse, one after the other, but for kerning."""
    shaped, reverse, forward = (
        _line(text, layout).astype(int)
        for text, layout in (
            ("שלום", ImageFont.Layout.RAQM),
            ("םולש", ImageFont.Layout.BASIC),
            ("שלום", ImageFont.Layout.BASIC),
        )
    )
    height, width = np.min([each.shape for each in (shaped, reverse, forward)], axis=0)
    off = [np.abs(shaped[:height, :width] - each[:height, :width]).mean() for each in (reverse, forward)]
    assert off[0] < 0.5 * off[1]


@needs_dejavu
@needs_raqm
def test_arabic_letters_join(tmp_path: Path) -> None:
    joined, apart = _line("مرحبا", ImageFont.Layout.RAQM), _line("ابحرم", ImageFont.Layout.BASIC)
    assert joined.shape[1] < 0.95 * apart.shape[1]
    image, notes = drawn(tmp_path, "مرحبا بالعالم", position="top-right")
    assert not notes
    assert inked(image)[2] > 600


def test_right_to_left_text_without_shaping_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts.features, "check", lambda _name: False)
    with pytest.raises(BadArguments, match="right to left"):
        drawn(tmp_path, "שלום")


def test_a_character_that_no_font_has_is_named_and_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_installed", lambda name: name == fonts.CARRIED)
    monkeypatch.setattr(titles, "emoji_font", lambda: None)
    image, notes = drawn(tmp_path, "Party \U0001f389!")
    assert "party popper" in notes[0]
    assert (image == drawn(tmp_path, "Party !")[0]).all()
    with pytest.raises(BadArguments, match="cjk unified ideograph"):
        drawn(tmp_path, "日本")


@needs_dejavu
def test_emoji_come_from_the_colour_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No such font is here for sure: another one stands in, drawn at a size of its own and scaled."""
    monkeypatch.setattr(fonts, "FALLBACKS", ())
    monkeypatch.setattr(titles, "emoji_font", lambda: (fonts.load("DejaVuSans.ttf", 109), 109))
    image, notes = drawn(tmp_path, "A \u2603 B")
    assert not notes
    wide = inked(image)
    narrow = inked(drawn(tmp_path, "A B")[0])
    assert wide[2] - wide[0] > narrow[2] - narrow[0] + 15
