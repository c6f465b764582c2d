"""A followed crop of what does not move: the window keeps what stands out, wherever that is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from editing_bench import Context, edit
from gpt4video.tools.editing.operations import Crop
from gpt4video.tools.editing.saliency import standing_out
from gpt4video.tools.media.decode import sample
from gpt4video.tools.media.probe import probe
from media_factory import Pixels, write_clip

WIDTH, HEIGHT = 192, 108
SHARE = HEIGHT * 9 / 16 / WIDTH
SKY, GROUND = (110, 170, 240), (90, 140, 60)


def scene(kind: str, at: float) -> Pixels:
    """A still subject at a share of the width, before a backdrop of that kind."""
    noise = np.random.default_rng(5).integers(60, 120, (HEIGHT, WIDTH, 1), dtype=np.uint8)
    picture = np.full((HEIGHT, WIDTH, 3), SKY, np.uint8)
    x = round(at * WIDTH)
    if kind == "sky and ground":
        picture[60:] = GROUND
        return np.asarray(cv2.circle(picture, (x, 72), 13, (240, 200, 40), -1), np.uint8)
    if kind == "slope":
        picture[:] = np.linspace(60, 220, HEIGHT, dtype=np.uint8)[:, None, None]
        return np.asarray(cv2.circle(picture, (x, 50), 14, (200, 40, 40), -1), np.uint8)
    if kind == "standing on the border":
        picture[:] = cv2.GaussianBlur(np.repeat(noise, 3, axis=2), (5, 5), 0)
        picture[45:, x - 8 : x + 8] = (60, 60, 150)
        return picture
    if kind == "as bright":
        picture[:] = (60, 150, 60)
        return np.asarray(cv2.circle(picture, (x, 54), 14, (190, 80, 90), -1), np.uint8)
    picture[:] = 120
    rows, columns = np.mgrid[30:70, x - 18 : x + 18]
    picture[30:70, x - 18 : x + 18] = np.where((rows // 3 + columns // 3) % 2, 170, 70)[..., None]
    return picture


@pytest.mark.parametrize("at", [0.17, 0.3, 0.8])
@pytest.mark.parametrize("kind", ["sky and ground", "slope", "standing on the border", "as bright", "busy"])
def test_a_still_subject_is_found_wherever_it_is(kind: str, at: float) -> None:
    picture = np.asarray(cv2.cvtColor(scene(kind, at), cv2.COLOR_RGB2YUV), np.uint8)
    assert standing_out(picture, SHARE, across=True) == pytest.approx(at, abs=0.06)
    turned = np.ascontiguousarray(picture.transpose(1, 0, 2))
    assert standing_out(turned, SHARE, across=False) == pytest.approx(at, abs=0.06)


@pytest.mark.parametrize("kind", ["plain", "noise", "horizon", "centre"])
def test_where_nothing_stands_out_at_a_side_the_centre_is_kept(kind: str) -> None:
    picture = np.full((HEIGHT, WIDTH, 3), SKY, np.uint8)
    if kind == "noise":
        picture = np.repeat(np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 1), dtype=np.uint8), 3, axis=2)
    elif kind == "horizon":
        picture[60:] = GROUND
    elif kind == "centre":
        picture = scene("slope", 0.5)
    yuv = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2YUV), np.uint8)
    assert standing_out(yuv, SHARE, across=True) is None


def test_the_window_keeps_a_still_subject_and_jumps_with_the_cut(context: Context, tmp_path: Path) -> None:
    shots = [np.repeat(scene("sky and ground", at)[None], 10, axis=0) for at in (0.2, 0.8)]
    shots[1] = 255 - shots[1]
    context.clips = {"still": write_clip(tmp_path / "still.mp4", np.concatenate(shots))}
    output = edit(context, "still", Crop(aspect="9:16", follow=True))
    assert output.notes == ["Nothing in the picture moves, so the crop keeps what stands out."]
    info = probe(output.path)
    assert (info.width, info.height) == (60, 108)
    images = sample(output.path, count=500).images.astype(int)
    assert len(images) == 20
    for image, colour in ((images[2], (240, 200, 40)), (images[15], (15, 55, 215))):
        found = np.nonzero(np.abs(image - colour).sum(axis=2) < 60)[1]
        assert len(found) > 300, "a part of the subject is outside"
        assert 20 < found.mean() < 40
