"""The judge of pictures, with the real classifier where it says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gpt4video.policies.base import Subject
from gpt4video.policies.frames import FrameModelBroken, FramePolicy, prepare
from numpy.typing import NDArray

GREY = np.full((256, 256, 3), 128, dtype=np.uint8)


def clip(frames: int) -> NDArray[np.uint8]:
    """Frames whose first pixel counts them."""
    out = np.repeat(GREY[None], frames, axis=0)
    out[:, 0, 0, 0] = np.arange(frames)
    return out


class Seen(FramePolicy):
    """The policy with known scores for frames instead of a network."""

    def __init__(self, score: Callable[[int], float], frames: int = 60, batch: int = 20, **more: Any) -> None:
        self.asked: list[float | None] = []
        self.looked: list[int] = []

        def source(path: Path, every: float | None) -> Iterable[NDArray[np.uint8]]:
            self.asked.append(every)
            video = clip(frames)
            return (video[i : i + batch] for i in range(0, frames, batch))

        super().__init__(Path("unused.onnx"), source, **more)
        self._score = score

    def scores(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        numbers = [int(frame[0, 0, 0]) for frame in frames]
        self.looked += numbers
        return np.array([self._score(n) for n in numbers], dtype=np.float32)


def media(generated: bool = False) -> Subject:
    return Subject(stage="media", media=Path("clip.mp4"), generated=generated)


def test_one_unsafe_frame_among_many_blocks() -> None:
    verdict = Seen(lambda n: 0.95 if n == 47 else 0.01).judge(media(generated=True))
    assert (verdict.action, verdict.category) == ("block", "sexual")
    assert verdict.score == pytest.approx(0.95)
    assert "generated clip" in verdict.reason


def test_every_frame_of_a_generated_clip_is_looked_at() -> None:
    policy = Seen(lambda n: 0.1)
    assert policy.judge(media(generated=True)).action == "allow"
    assert policy.asked == [None]
    assert policy.looked == list(range(60))


def test_uploads_are_looked_at_twice_a_second_and_the_verdict_says_so() -> None:
    policy = Seen(lambda n: 0.1)
    assert "60 frames looked at (one frame every 0.5 s at least)" in policy.judge(media()).reason
    assert policy.asked == [0.5]


def test_scores_below_the_threshold_pass_with_the_worst_of_them() -> None:
    verdict = Seen(lambda n: n / 100, threshold=0.8).judge(media())
    assert verdict.action == "allow"
    assert verdict.score == pytest.approx(0.59)


def test_a_clip_without_frames_cannot_be_judged() -> None:
    with pytest.raises(FrameModelBroken, match="no frame"):
        Seen(lambda n: 0.0, frames=0).judge(media())


def test_no_media_cannot_be_judged() -> None:
    with pytest.raises(FrameModelBroken):
        Seen(lambda n: 0.0).judge(Subject(stage="media"))


def test_frames_of_another_shape_cannot_be_judged() -> None:
    policy = FramePolicy(Path("x"), lambda path, every: iter([np.zeros((4, 8, 8), dtype=np.uint8)]))
    with pytest.raises(FrameModelBroken, match="shape"):
        policy.judge(media())


def test_a_missing_model_cannot_judge(tmp_path: Path) -> None:
    policy = FramePolicy(tmp_path / "none.onnx", lambda path, every: iter([clip(1)]))
    with pytest.raises(FrameModelBroken, match="no frame classifier"):
        policy.judge(media())


@pytest.mark.parametrize("scores", [np.full((1, 2), np.nan), np.zeros((1, 3)), np.zeros((2, 2))])
def test_unusable_scores_cannot_judge(
    scores: NDArray[np.float64], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = FramePolicy(tmp_path / "model.onnx", lambda path, every: iter([clip(1)]))
    (tmp_path / "model.onnx").touch()
    monkeypatch.setattr("gpt4video.policies.frames._load", lambda path: lambda batch: scores)
    with pytest.raises(FrameModelBroken, match="unusable"):
        policy.judge(media())


def test_preparation_is_bgr_centre_crop_minus_the_mean() -> None:
    frame = np.zeros((256, 256, 3), dtype=np.uint8)
    frame[..., 0] = 200
    out = prepare(frame)
    assert out.shape == (224, 224, 3)
    assert out.dtype == np.float32
    assert out[100, 100] == pytest.approx([-104, -117, 77], abs=3)


def test_other_sizes_are_resized() -> None:
    assert prepare(np.zeros((48, 64, 3), dtype=np.uint8)).shape == (224, 224, 3)


def test_the_real_classifier_lets_ordinary_pictures_pass(model_path: Callable[[str], Path]) -> None:
    rng = np.random.default_rng(0)
    sky = np.linspace([90, 140, 220], [200, 220, 240], 256).astype(np.uint8)[:, None].repeat(256, axis=1)
    noise = rng.integers(0, 255, (256, 256, 3), dtype=np.uint8)
    frames = np.stack([sky, noise, GREY])
    policy = FramePolicy(model_path("nsfw") / "open-nsfw.onnx", lambda path, every: iter([frames]))
    verdict = policy.judge(media())
    assert verdict.action == "allow"
    assert verdict.score < 0.5
