from __future__ import annotations

import pytest
import torch
from gpt4video.agent.model.abstractor import AbstractorConfig, MotionDescriptor, VideoAbstractor
from gpt4video.agent.model.presets import PRESETS, preset


def small(**changes: int) -> VideoAbstractor:
    torch.manual_seed(0)
    shape = {"feature_width": 20, "output_width": 12, "width": 16, "layers": 2, "heads": 2, **changes}
    return VideoAbstractor(AbstractorConfig(spatial_queries=5, temporal_queries=3, **shape)).eval()


@pytest.mark.parametrize(("frames", "patches"), [(1, 49), (2, 49), (64, 49), (3, 256), (2, 4)])
def test_any_length_and_square_grid_becomes_the_same_number_of_tokens(frames: int, patches: int) -> None:
    tokens = small()(torch.randn(2, frames, patches, 20))
    assert tokens.shape == (2, 8, 12)
    assert torch.isfinite(tokens).all()


@pytest.mark.parametrize("shape", [(2, 3, 49), (1, 65, 49, 20), (1, 0, 49, 20), (1, 1, 50, 20), (1, 1, 49, 21)])
def test_other_shapes_are_refused_by_name(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected|square"):
        small()(torch.zeros(shape))


def test_the_order_of_frames_changes_the_tokens_and_the_batch_does_not() -> None:
    model = small()
    features = torch.randn(2, 6, 49, 20)
    tokens = model(features)
    assert not torch.allclose(tokens, model(features.flip(1)), atol=1e-3)
    torch.testing.assert_close(model(features[1:]), tokens[1:], atol=1e-5, rtol=1e-4)


def test_the_output_starts_at_the_scale_of_the_language_models_embeddings() -> None:
    config = AbstractorConfig(feature_width=64, output_width=576, output_scale=0.13)
    torch.manual_seed(0)
    tokens = VideoAbstractor(config).eval()(torch.rand(2, 1, 49, 64))
    assert 0.08 < tokens.pow(2).mean().sqrt() < 0.2


def shifting(step: int, axis: int) -> torch.Tensor:
    torch.manual_seed(1)
    scene = torch.randn(7, 7, 20)
    frames = [torch.roll(scene, step * t, dims=axis).reshape(49, 20) for t in range(6)]
    return torch.stack(frames)[None]


@pytest.mark.parametrize(
    ("step", "axis", "right", "down"), [(1, 1, 1, 0), (-1, 1, -1, 0), (1, 0, 0, 1), (-1, 0, 0, -1)]
)
def test_the_motion_descriptor_peaks_at_the_shift_of_the_picture(step: int, axis: int, right: int, down: int) -> None:
    described = MotionDescriptor()(shifting(step, axis))
    shifts = described[0, 2, :100].reshape(4, 25).mean(0)
    assert int(shifts.argmax()) == (down + 2) * 5 + right + 2


def test_a_still_clip_has_its_peak_at_no_shift_and_no_change_anywhere() -> None:
    described = MotionDescriptor()(torch.randn(1, 1, 49, 20).expand(1, 5, 49, 20))
    assert int(described[0, 1, :100].reshape(4, 25).mean(0).argmax()) == 12
    still = MotionDescriptor()(shifting(0, 1) + 0.0)
    assert still[..., 100:149].abs().max() < 1e-4


def test_presets_are_listed_and_the_papers_is_the_papers() -> None:
    paper = preset("paper")
    assert (paper.lora.rank, paper.lora.alpha, paper.lora.dropout, paper.lora.targets) == (
        16,
        16,
        0.1,
        ("q_proj", "v_proj"),
    )
    assert 16 <= paper.abstractor.queries <= 32
    with pytest.raises(KeyError, match="default"):
        preset("huge")
    assert set(PRESETS) == {"default", "small", "paper"}
