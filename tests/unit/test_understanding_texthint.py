"""The hint at text: marks letters of any size, spares what is smooth, and says what it needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gpt4video.tools.errors import BackendMissing, BadArguments
from gpt4video.tools.understanding.texthint import TextHint, text_hint
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]


def scene(*lines: tuple[str, int, int], light: int = 60) -> Pixels:
    """A picture whose ground grows lighter to the right, with (text, x, y) lines 36 pixels high."""
    ramp = np.linspace(light, light + 60, 960, dtype=np.uint8)[None, :, None].repeat(540, axis=0).repeat(3, axis=2)
    image = Image.fromarray(ramp)
    for text, x, y in lines:
        ImageDraw.Draw(image).text((x, y), text, fill="white", font=ImageFont.load_default(36))
    return np.asarray(image, np.uint8).copy()


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
