"""The retrieval recipe: it learns what can be learned, measures honestly and reads its data carefully."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from gpt4video.agent.training import retrieval
from gpt4video.agent.training.retrieval import Recipe, contrastive_loss, evaluate, export, train_head, word_loss
from gpt4video.agent.training.retrieval_data import Split, Words, frequent_words, load_split
from gpt4video.agent.training.see_data import DataInvalid
from gpt4video.memory.embedder import HashEmbedder, Vectors, unit
from gpt4video.memory.projection import FEATURES, TEXT, Projection, probability
from PIL import Image


def drawn_split(count: int, seed: int) -> Split:
    """Photos of 12 things: a thing has a direction in feature space and another in text space."""
    things = np.random.default_rng(0)
    looks, words = things.random((12, FEATURES), np.float32), unit(things.standard_normal((12, TEXT)).astype("f"))
    rng = np.random.default_rng(seed)
    shown = rng.integers(0, 12, count)
    features = looks[shown][:, None] + 0.1 * rng.random((count, 2, FEATURES), np.float32)
    texts = unit(words[shown][:, None] + 0.02 * rng.standard_normal((count, 5, TEXT)).astype("f"))
    table = (shown[:, None] == np.arange(12)).astype(np.int8)
    return Split(
        names=[str(n) for n in range(count)],
        captions=[("",) * 5] * count,
        features=features,
        texts=texts,
        words=Words([str(n) for n in range(12)], words[:, None], table),
    )


class Same(Projection):
    """Features and texts are the vectors themselves."""

    def __init__(self) -> None:
        pass

    def images(self, features: Vectors) -> Vectors:
        return features

    def texts(self, embeddings: Vectors) -> Vectors:
        return embeddings


def test_recall_counts_the_right_ones_and_gives_ties_to_the_others() -> None:
    pictures = np.eye(20, dtype=np.float32)
    texts = np.repeat(pictures[:, None], 5, axis=1)
    assert set(evaluate(Same(), pictures, texts).values()) == {1.0}
    shifted = evaluate(Same(), np.roll(pictures, 1, axis=0), texts)
    assert shifted["text_to_image_r1"] == shifted["image_to_text_r1"] == 0
    alike = evaluate(Same(), np.ones((20, 4), np.float32), np.ones((20, 5, 4), np.float32))
    assert set(alike.values()) == {0.0}
    half = texts.copy()
    half[:10] = np.roll(texts[:10], 1, axis=0)
    half[:10, 0] = texts[:10, 0]
    measured = evaluate(Same(), pictures, half)
    assert measured["text_to_image_r1"] == pytest.approx((10 * 5 + 10) / 100)


def test_the_loss_is_least_when_each_photo_is_at_its_own_captions() -> None:
    images = torch.eye(4)
    right = images[:, None].repeat(1, 5, 1)
    scale = torch.tensor(20.0)
    assert contrastive_loss(images, right, scale) < contrastive_loss(images, right.roll(1, 0), scale)


def test_words_that_a_photo_may_or_may_not_show_count_for_nothing() -> None:
    images, words = torch.eye(3), torch.eye(3)
    shown = torch.tensor([[1, 0, 0], [0, 1, 0], [-1, 0, 0]])
    moved = images.clone()
    moved[2] = images[0]  # exactly like the word it may show
    scale = torch.tensor(10.0)
    one = word_loss(images, words[:1], shown[:, :1], scale)
    other = word_loss(moved, words[:1], shown[:, :1], scale)
    torch.testing.assert_close(one, other)
    assert torch.isfinite(word_loss(images, words, shown, scale))


def test_training_finds_unseen_photos_and_the_written_file_reads_back(tmp_path: Path) -> None:
    recipe = Recipe(heads=1, width=16, hidden=16, epochs=8, batch=48)
    train, dev = drawn_split(192, 1), drawn_split(36, 2)
    head = train_head(train, recipe, torch.device("cpu"), seed=0)
    path = tmp_path / "projection.safetensors"
    projection = export([head.tensors()], dev, path, "test")
    measured = evaluate(projection, dev.features[:, 0], dev.texts)
    # Three photos show each thing on average, and their captions are the same: 10 of 36 by chance is 0.28.
    assert measured["text_to_image_r10"] > 0.9
    again = Projection(path)
    np.testing.assert_array_equal(again.images(dev.features[:, 0]), projection.images(dev.features[:, 0]))
    same = again.texts(dev.texts[:, 0]) @ again.images(dev.features[:, 0]).T
    right = np.diag(same).mean()
    wrong = same[dev.words.shown @ dev.words.shown.T == 0].mean()
    fit = again.calibration
    assert probability(float(right), fit.picture_slope, fit.picture_offset) > 0.4
    assert probability(float(wrong), fit.picture_slope, fit.picture_offset) < 0.1


def test_heads_that_were_trained_apart_can_be_joined(tmp_path: Path) -> None:
    dev = drawn_split(36, 2)
    heads = [retrieval.Head(Recipe(width=8, hidden=8)).tensors() for _ in range(3)]
    export(heads[:2], dev, tmp_path / "a", "test")
    export(heads[2:], dev, tmp_path / "b", "test")
    joined = [head for name in "ab" for head in retrieval.read_heads(tmp_path / name)]
    for head, original in zip(joined, heads, strict=True):
        for key, value in original.items():
            np.testing.assert_allclose(head[key], value, atol=1e-2)


def test_training_ends_in_time_and_repeats_itself(tmp_path: Path) -> None:
    train = drawn_split(64, 1)
    recipe = Recipe(heads=1, width=8, hidden=8, epochs=2, batch=32)
    one, two = (train_head(train, recipe, torch.device("cpu"), seed=5).tensors() for _ in range(2))
    for key, value in one.items():
        np.testing.assert_array_equal(value, two[key])
    hasty = Recipe(heads=1, width=8, hidden=8, epochs=100_000, batch=32, minutes=0.005)
    train_head(train, hasty, torch.device("cpu"), seed=0)


def test_a_loss_that_is_no_number_stops_with_the_step(tmp_path: Path) -> None:
    train = drawn_split(64, 1)
    train.features[:] = np.nan
    with pytest.raises(retrieval.TrainingDiverged, match="step 0"):
        train_head(train, Recipe(heads=1, width=8, hidden=8, batch=32), torch.device("cpu"), seed=0)


def test_frequent_words_are_those_that_captions_agree_on() -> None:
    captions = [("A dog runs .", "The dog sits", "a cat")] * 3 + [("A car", "the red car", "a dog")] * 3
    words = frequent_words(captions, HashEmbedder(), share=0.4)
    assert words.names == ["car", "dog"]
    assert words.shown.tolist() == [[0, 1]] * 3 + [[1, -1]] * 3
    assert words.vectors.shape == (2, 3, 384)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    rows = ["image,caption"]
    for number, colour in enumerate(["red", "green", "blue", "white"]):
        Image.new("RGB", (60, 40), colour).save(tmp_path / "images" / f"{number}.jpg")
        rows += [f'{number}.jpg,"a {colour} wall, number {n}"' for n in range(5)]
    (tmp_path / "captions.csv").write_text("\n".join(rows))
    (tmp_path / "train.txt").write_text("0.jpg\n1.jpg\n2.jpg\n")
    (tmp_path / "dev.txt").write_text("3.jpg\n")
    return tmp_path


def test_photos_are_read_once_and_then_come_from_the_cache(photos: Path, model_path: Callable[[str], Path]) -> None:
    models, cache = photos / "models", photos / "cache"
    models.mkdir()
    for name in ("text", "vision"):
        (models / name).symlink_to(model_path(name))
    split = load_split(photos, models, cache, "train", views=3, device="cpu", seed=0)
    assert split.features.shape == (3, 3, FEATURES)
    assert split.texts.shape == (3, 5, TEXT)
    assert split.captions[1][0] == "a green wall, number 0"
    (photos / "images" / "0.jpg").unlink()
    again = load_split(photos, models, cache, "train", views=3, device="cpu", seed=0)
    np.testing.assert_array_equal(again.features, split.features)
    with pytest.raises(DataInvalid, match=r"0\.jpg"):
        load_split(photos, models, cache, "train", views=2, device="cpu", seed=0)


def test_a_folder_of_another_layout_is_refused(photos: Path) -> None:
    with pytest.raises(DataInvalid):
        load_split(photos, photos, photos, "test", views=1, device="cpu", seed=0)
    (photos / "dev.txt").write_text("3.jpg\n9.jpg\n")
    with pytest.raises(DataInvalid, match=r"9\.jpg"):
        load_split(photos, photos, photos, "dev", views=1, device="cpu", seed=0)
