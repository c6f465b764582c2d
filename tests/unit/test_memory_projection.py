"""The projection that ships: it loads, it is checked, and it knows a dog's words from a car's."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from gpt4video.memory.errors import ModelUnusable
from gpt4video.memory.projection import FEATURES, TEXT, Calibration, Projection, pack, probability
from safetensors.numpy import load_file, save_file

CALIBRATION = Calibration(10, -3, 10, -4, 10, -5)


def head(width: int = 8, hidden: int = 6, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {"skip": (width, FEATURES), "up": (hidden, FEATURES), "down": (width, hidden), "text": (width, TEXT)}
    parts = {f"{part}.weight": rng.standard_normal(shape).astype(np.float32) / 20 for part, shape in shapes.items()}
    return parts | {f"{part}.bias": np.zeros(shape[0], np.float32) for part, shape in shapes.items()}


def written(path: Path, heads: list[dict[str, np.ndarray]]) -> Path:
    tensors, metadata = pack(heads, CALIBRATION, name="test", image_encoder="picture@1", text_encoder="text@1")
    save_file(tensors, path, metadata)
    return path


def test_the_shipped_weights_load_and_give_unit_vectors_on_both_sides() -> None:
    projection = Projection()
    rng = np.random.default_rng(0)
    pictures = projection.images(rng.random((3, FEATURES), np.float32))
    texts = projection.texts(rng.standard_normal((4, TEXT)).astype(np.float32))
    assert pictures.shape == (3, projection.dimension)
    assert texts.shape == (4, projection.dimension)
    for vectors in (pictures, texts):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)


def test_the_shipped_weights_are_small_and_their_report_tells_what_they_reach() -> None:
    import gpt4video.memory

    folder = Path(gpt4video.memory.__path__[0]) / "weights"
    assert (folder / "projection.safetensors").stat().st_size < 6_000_000
    report = json.loads((folder / "projection.json").read_text())
    assert report["measured"]["text_to_image_r10"] > 0.6
    assert report["measured"]["image_to_text_r10"] > 0.6


def test_heads_stand_side_by_side(tmp_path: Path) -> None:
    both = Projection(written(tmp_path / "both", [head(seed=1), head(seed=2)]))
    single = [Projection(written(tmp_path / str(seed), [head(seed=seed)])) for seed in (1, 2)]
    features = np.random.default_rng(0).random((2, FEATURES), np.float32)
    texts = np.random.default_rng(1).standard_normal((5, TEXT)).astype(np.float32)
    mean = np.mean([one.texts(texts) @ one.images(features).T for one in single], axis=0)
    np.testing.assert_allclose(both.texts(texts) @ both.images(features).T, mean, atol=1e-5)
    assert both.dimension == 16
    assert both.calibration == CALIBRATION


def test_numpy_and_the_trained_network_agree(tmp_path: Path) -> None:
    import torch
    from gpt4video.agent.training.retrieval import Head, Recipe

    torch.manual_seed(0)
    network = Head(Recipe(width=16, hidden=12)).eval()
    projection = Projection(written(tmp_path / "p", [network.tensors()]))
    features = torch.rand(3, FEATURES)
    texts = torch.randn(3, TEXT)
    with torch.inference_mode():
        assert np.abs(network.images(features).numpy() - projection.images(features.numpy())).max() < 5e-3
        assert np.abs(network.texts(texts).numpy() - projection.texts(texts.numpy())).max() < 5e-3


def test_weights_that_are_missing_broken_or_of_another_shape_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x80\x04pickle")
    lacking = written(tmp_path / "lacking", [head()])
    tensors = load_file(lacking)
    wrong = head()
    wrong["skip.weight"] = wrong["skip.weight"][:, :100]
    save_file(tensors, tmp_path / "bare")
    for path in (tmp_path / "none", broken, tmp_path / "bare", written(tmp_path / "wrong", [wrong])):
        with pytest.raises(ModelUnusable) as error:
            Projection(path)
        assert error.value.remedy


def test_features_of_another_encoder_are_refused() -> None:
    with pytest.raises(ModelUnusable, match="efficientnet"):
        Projection().images(np.zeros((2, 768), np.float32))


def test_probabilities_rise_with_the_score_and_never_overflow() -> None:
    values = [probability(score, 12.0, -6.0) for score in (-1e9, 0.0, 0.5, 1.0, 1e9)]
    assert values == sorted(values)
    assert values[2] == 0.5
    assert values[0] < 1e-9
    assert values[-1] > 1 - 1e-9
