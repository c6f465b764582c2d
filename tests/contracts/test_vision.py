"""One contract over every frame encoder: shapes, sizes, batches, order; and what loading refuses."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from gpt4video.tools.errors import BackendMissing, BadArguments
from gpt4video.tools.understanding.efficientnet import EfficientNetLite0
from gpt4video.tools.understanding.vision import FrameEncoder, TransformersEncoder, VisionEncoder
from numpy.typing import NDArray


def lite0(folder: Path) -> VisionEncoder:
    torch.manual_seed(1)
    network = EfficientNetLite0()
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):  # the default shrinks the signal to nothing over fifty layers
            torch.nn.init.kaiming_normal_(module.weight)
    path = folder / "lite0.pth"
    torch.save(network.state_dict(), path)
    return VisionEncoder(path)


def clip(folder: Path) -> TransformersEncoder:
    from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPVisionConfig

    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(1)
    vision = CLIPVisionConfig(image_size=32, patch_size=8, projection_dim=12, **small)
    text = CLIPTextConfig(vocab_size=20, max_position_embeddings=8, projection_dim=12, **small)
    CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=12)).save_pretrained(folder / "clip")
    return TransformersEncoder(folder / "clip")


def siglip(folder: Path) -> TransformersEncoder:
    from transformers import SiglipConfig, SiglipModel, SiglipTextConfig, SiglipVisionConfig

    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(1)
    config = SiglipConfig(
        text_config=SiglipTextConfig(vocab_size=20, max_position_embeddings=8, **small),
        vision_config=SiglipVisionConfig(image_size=32, patch_size=8, **small),
    )
    SiglipModel(config).save_pretrained(folder / "siglip")
    return TransformersEncoder(folder / "siglip")


ENCODERS = {"efficientnet": lite0, "clip": clip, "siglip": siglip}


@pytest.fixture(scope="module", params=ENCODERS)
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> FrameEncoder:
    torch.set_num_threads(1)
    return ENCODERS[request.param](tmp_path_factory.mktemp("weights"))


def noise(count: int, height: int = 40, width: int = 56) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(3).integers(0, 256, (count, height // 8, width // 8, 3), np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


def test_shapes_are_those_it_announces(encoder: FrameEncoder) -> None:
    features = encoder.encode(noise(3))

    assert features.grid.shape == (3, *encoder.grid_shape)
    assert features.pooled.shape == (3, encoder.width)
    assert features.logits.shape == (3, len(encoder.classes))
    for array in (features.grid, features.pooled, features.logits):
        assert array.dtype == np.float32
        assert np.isfinite(array).all()
    assert encoder.name


def test_no_pictures_give_no_features(encoder: FrameEncoder) -> None:
    features = encoder.encode(np.zeros((0, 30, 30, 3), np.uint8))

    assert len(features) == 0
    assert features.grid.shape == (0, *encoder.grid_shape)
    assert features.pooled.shape == (0, encoder.width)


def test_a_picture_means_the_same_alone_and_in_any_batch(encoder: FrameEncoder) -> None:
    images = noise(35, 16, 16)

    together = encoder.encode(images).pooled
    alone = np.concatenate([encoder.encode(images[index : index + 1]).pooled for index in (0, 17, 34)])

    scale = np.abs(together).max()
    np.testing.assert_allclose(together[[0, 17, 34]] / scale, alone / scale, atol=0.02)


def test_different_pictures_differ_and_equal_ones_do_not(encoder: FrameEncoder) -> None:
    images = noise(2)
    pooled = encoder.encode(np.stack([images[0], images[1], images[0]])).pooled

    scale = np.abs(pooled).max()
    np.testing.assert_allclose(pooled[0] / scale, pooled[2] / scale, atol=1e-3)
    assert np.abs(pooled[0] - pooled[1]).max() > 0.05 * scale


@pytest.mark.parametrize("shape", [(1, 9, 500, 3), (1, 300, 20, 3), (1, 1, 1, 3)])
def test_any_size_is_taken(encoder: FrameEncoder, shape: tuple[int, ...]) -> None:
    assert len(encoder.encode(np.full(shape, 100, np.uint8))) == 1


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 8, 8, 3), np.float32),
        np.zeros((8, 8, 3), np.uint8),
        np.zeros((1, 8, 8, 4), np.uint8),
        np.zeros((1, 0, 8, 3), np.uint8),
    ],
    ids=["floats", "no batch", "four channels", "no rows"],
)
def test_what_is_no_picture_is_refused(encoder: FrameEncoder, images: NDArray[np.uint8]) -> None:
    with pytest.raises(BadArguments, match="cannot be encoded"):
        encoder.encode(images)


def test_the_grid_is_row_major_from_the_top_left(tmp_path: Path) -> None:
    image = np.zeros((1, 224, 224, 3), np.uint8)
    image[:, :32, 192:] = 255  # the top right patch of 7x7
    encoder = lite0(tmp_path)

    change = np.abs(encoder.encode(image).grid - encoder.encode(np.zeros_like(image)).grid).sum(axis=2)[0]

    assert change.reshape(7, 7)[0, 6] > 3 * change.reshape(7, 7)[6, 0]


def test_folding_norms_into_convolutions_changes_nothing() -> None:
    torch.manual_seed(0)
    network = EfficientNetLite0().eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias)
            module.running_mean = torch.randn_like(module.weight) * 0.1
            module.running_var = torch.rand_like(module.weight) + 0.5
    x = torch.randn(1, 3, 224, 224)

    with torch.inference_mode():
        before = network(x)
        after = network.fused()(x)

    for a, b in zip(before, after, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3)


def test_missing_weights_say_where_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BackendMissing) as caught:
        VisionEncoder(tmp_path / "none.pth")

    assert "none.pth" in caught.value.message
    assert "Pull" in caught.value.remedy


class _Trap:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return (open, (str(self.path), "w"))

    def __init__(self, path: Path) -> None:
        self.path = path


@pytest.mark.parametrize("content", ["pickle", "text", "other network", "missing tensor"])
def test_weights_that_are_something_else_are_refused_and_run_nothing(tmp_path: Path, content: str) -> None:
    path, sprung = tmp_path / "weights.pth", tmp_path / "sprung"
    if content == "pickle":
        path.write_bytes(pickle.dumps({"a": _Trap(sprung)}))
    elif content == "text":
        path.write_text("no weights")
    elif content == "other network":
        torch.save(torch.nn.Linear(2, 2).state_dict(), path)
    else:
        state = EfficientNetLite0().state_dict()
        state.pop("_fc.bias")
        torch.save(state, path)

    with pytest.raises(BackendMissing, match="not the EfficientNet-Lite0 checkpoint"):
        VisionEncoder(path)
    assert not sprung.exists()


def test_a_folder_without_a_vision_model_is_refused(tmp_path: Path) -> None:
    from transformers import BertConfig, BertModel

    with pytest.raises(BackendMissing, match="no vision"):
        TransformersEncoder(tmp_path / "nothing")
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    BertModel(BertConfig(vocab_size=10, **small)).save_pretrained(tmp_path / "bert")
    with pytest.raises(BackendMissing, match="vision transformer"):
        TransformersEncoder(tmp_path / "bert")


def test_pickled_transformers_weights_are_refused(tmp_path: Path) -> None:
    clip(tmp_path)
    folder = tmp_path / "clip"
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"a": _Trap(tmp_path / "sprung")}))

    with pytest.raises(BackendMissing):
        TransformersEncoder(folder)
    assert not (tmp_path / "sprung").exists()
