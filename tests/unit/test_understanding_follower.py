"""Reading frame after frame: only where text may be, and only what is new."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gpt4video.tools.errors import BackendMissing, BadArguments
from gpt4video.tools.understanding.follower import TextFollower
from gpt4video.tools.understanding.ocr import TextLine, TextReader
from gpt4video.tools.understanding.textboxes import parts_of
from gpt4video.tools.understanding.texthint import TextHint, text_hint
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]


class Counting(TextReader):
    """The reader, which notes how much it searched and what it read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "ch_PP-OCRv4_det_infer.onnx", folder / "ch_PP-OCRv4_rec_infer.onnx", threads=1)
        self.searched: list[float] = []
        self.read_boxes: list[int] = []

    def find(self, image: Pixels, cells: NDArray[np.bool_] | None = None) -> list[NDArray[np.float32]]:
        self.searched.append(1.0 if cells is None else float(cells.mean()))
        return super().find(image, cells)

    def lines(self, image: Pixels, boxes: list[NDArray[np.float32]]) -> list[TextLine]:
        self.read_boxes.append(len(boxes))
        return super().lines(image, boxes)


@pytest.fixture
def reader(model_path: Callable[[str], Path]) -> Counting:
    return Counting(model_path("ocr"))


def scene(*lines: tuple[str, int, int], light: int = 60) -> Pixels:
    """A picture whose ground grows lighter to the right, with (text, x, y) lines 36 pixels high."""
    ramp = np.linspace(light, light + 60, 960, dtype=np.uint8)[None, :, None].repeat(540, axis=0).repeat(3, axis=2)
    image = Image.fromarray(ramp)
    for text, x, y in lines:
        ImageDraw.Draw(image).text((x, y), text, fill="white", font=ImageFont.load_default(36))
    return np.asarray(image, np.uint8).copy()


def texts(lines: list[TextLine]) -> list[str]:
    return [line.text.casefold() for line in lines]


def test_a_line_that_stands_still_is_read_once_whatever_changes_behind_it(reader: Counting) -> None:
    follower = TextFollower(reader)

    first = follower.read(scene(("golden walnut", 60, 420)))
    again = [follower.read(scene(("golden walnut", 60, 420), light=light)) for light in (64, 72, 80)]

    assert texts(first) == ["golden walnut"]
    assert all(lines == first for lines in again)
    assert len(reader.searched) == 1
    assert reader.searched[0] < 0.4


def test_another_text_at_the_same_place_is_read(reader: Counting) -> None:
    follower = TextFollower(reader)

    read = [texts(follower.read(scene((text, 60, 420)))) for text in ("score 2 to 1", "score 2 to 3", "good night all")]

    assert read == [["score 2 to 1"], ["score 2 to 3"], ["good night all"]]


def test_a_line_that_grows_is_read_whole_and_one_elsewhere_alone(reader: Counting) -> None:
    follower = TextFollower(reader)
    follower.read(scene(("golden", 60, 420)))

    grown = follower.read(scene(("golden walnut", 60, 420)))
    joined = follower.read(scene(("golden walnut", 60, 420), ("silver spoon", 400, 40)))

    assert texts(grown) == ["golden walnut"]
    assert texts(joined) == ["silver spoon", "golden walnut"]
    assert reader.read_boxes == [1, 1, 1]


def test_a_text_that_is_gone_is_gone(reader: Counting) -> None:
    follower = TextFollower(reader)
    follower.read(scene(("golden walnut", 60, 420)))

    assert follower.read(scene()) == []
    assert texts(follower.read(scene(("golden walnut", 60, 420)))) == ["golden walnut"]


def test_the_hint_marks_small_and_large_lines_and_spares_what_is_smooth() -> None:
    hint = text_hint()
    marked = hint.cells(scene(("golden walnut", 60, 420)))

    assert marked.shape == (18, 32)
    assert marked[14:16, 3:9].all()
    assert not marked[:12].any()
    assert not hint.cells(scene()).any()
    assert hint.cells(np.zeros((300, 20, 3), np.uint8)).shape == (32, 2)


def test_a_hint_needs_its_weights_and_a_picture(tmp_path: Path) -> None:
    broken = tmp_path / "hint.safetensors"
    broken.write_bytes(b"no weights")

    for path in (broken, tmp_path / "none.safetensors"):
        with pytest.raises(BackendMissing):
            TextHint(path)
    with pytest.raises(BadArguments):
        text_hint().cells(np.zeros((0, 10), np.uint8))


@given(arrays(np.bool_, st.tuples(st.integers(1, 20), st.integers(1, 33)), elements=st.booleans()))
def test_parts_hold_every_marked_cell_and_stay_in_the_picture(cells: NDArray[np.bool_]) -> None:
    width, height = 30 * cells.shape[1], 30 * cells.shape[0]
    parts = parts_of(cells, (width, height))

    held = np.zeros((height, width), np.bool_)
    for left, top, right, bottom in parts:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        held[top:bottom, left:right] = True
    assert held[cells.repeat(30, axis=0).repeat(30, axis=1)].all()
    assert bool(parts) == bool(cells.any())


def test_a_corner_is_searched_without_the_rest() -> None:
    cells = np.zeros((18, 32), np.bool_)
    cells[15, 4:10] = True

    assert parts_of(cells, (960, 540)) == [(60, 420, 360, 510)]
    assert parts_of(~cells, (960, 540)) == [(0, 0, 960, 540)]
