"""The generator's recipe in small: both stages learn, and what they write is a pipeline that diffusers loads."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from gpt4video.agent.training.generator import main, parse
from gpt4video.agent.training.generator_layout import train_layout
from gpt4video.agent.training.generator_sprites import draw_sprite, train_sprites
from gpt4video.agent.training.generator_words import VOCABULARY, WORDS, numbers
from gpt4video.agent.training.scene_world import COLOURS, NARROW, draw_scene
from gpt4video.agent.training.scenes import things
from gpt4video.tools.generation.embedded.layout import FIELDS
from gpt4video.tools.generation.embedded.network import NetworkConfig, VideoTransformer
from gpt4video.tools.generation.embedded.pipeline import GPT4VideoPipeline
from gpt4video.tools.generation.embedded.sprites import MARGIN, Sprites
from gpt4video.tools.generation.embedded.writer import LayoutWriter

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_recipe_trains_the_painter_and_writes_a_pipeline(tmp_path: Path, model_path: Callable[[str], Path]) -> None:
    main([
        "--models", str(model_path("text").parent), "--out", str(tmp_path), "--steps", "60", "--layout-steps", "2",
        "--layout-scenes", "200", "--batch", "16", "--slots", "64", "--workers", "1", "--width", "64", "--depth", "2",
        "--threads", "1", "--world", "narrow", "--no-refresh",
    ])  # fmt: skip
    with (tmp_path / "log.csv").open(newline="") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert losses[-1] < 0.9 * losses[0]
    pipeline = GPT4VideoPipeline.from_pretrained(tmp_path, use_safetensors=True)
    assert pipeline.transformer.config.words == list(WORDS)
    assert len(pipeline.transformer.network.blocks) == 2


def test_the_layout_writer_learns_what_the_words_say(model_path: Callable[[str], Path]) -> None:
    models = model_path("text").parent
    options = parse(
        ["--models", str(models), "--out", ".", "--layout-steps", "16", "--layout-scenes", "200", "--threads", "1"]
    )
    torch.manual_seed(0)
    writer = train_layout(LayoutWriter(WORDS), NARROW, options)
    layouts = torch.stack([torch.from_numpy(numbers(scene, things(scene))) for scene in map(draw_scene, range(50))])
    text, mask = torch.zeros(50, 4, 384), torch.ones(50, 4, dtype=torch.bool)
    with torch.inference_mode():
        learned, untrained = (float(one.loss(layouts, text, mask)) for one in (writer, LayoutWriter(WORDS)))
    assert learned < 0.8 * untrained


def test_the_sprites_are_learned_from_objects_alone(tmp_path: Path) -> None:
    options = parse(["--models", ".", "--out", str(tmp_path), "--sprite-steps", "12"])
    torch.manual_seed(0)
    network = VideoTransformer(NetworkConfig(WORDS, frames=4, side=16, width=64, depth=1))
    star = {**{field: words[0] for field, words in VOCABULARY.items()}, "kind": "star", "colour": "red"}
    wanted = torch.from_numpy(draw_sprite(star, 0.0))
    assert float(wanted[3, 16, 16]) == 1.0
    assert float(wanted[3, 0, 0]) == 0.0
    red = (wanted[:3, 16, 16] + 1) * 127.5
    assert red.tolist() == pytest.approx(COLOURS["red"], abs=2)
    numbers = torch.tensor([[VOCABULARY[field].index(star[field]) + 1 for field in FIELDS]])

    def missed() -> float:
        with torch.inference_mode():
            codes = network.codes(numbers[:, :4], network.things(numbers[:, 4:]))
            made = network.sprites.alone(codes, torch.zeros(1))[0]
        return float((made - wanted).square().mean())

    before = missed()
    train_sprites(network, options)
    assert missed() < 0.8 * before


def test_a_sprite_lies_where_the_layout_says_and_the_nearer_one_covers_the_farther() -> None:
    torch.manual_seed(0)
    sprites = Sprites(8).requires_grad_(False)
    torch.nn.init.zeros_(sprites.leave.weight)
    sprites.leave.bias.data = torch.tensor([1.0, -1.0, 0.0, 20.0])  # a red square that hides all behind it
    where = torch.tensor([[0.25, 0.5, 0.1], [0.75, 0.25, 0.05], [0.5, 0.5, 0.3]])[None, :, None].expand(1, 3, 2, 3)
    known = torch.tensor([[True, True, False]])
    made = sprites(torch.randn(1, 3, 8), where, known, torch.tensor([0.0, 1.0]), 64)
    assert made.shape == (1, 2, 4, 64, 64)
    down, across = torch.nonzero(made[0, 0, 3] > 0.5, as_tuple=True)
    left = across < 32
    assert abs(float(across[left].float().mean()) + 0.5 - 16) < 1
    assert abs(float(down[left].float().mean()) + 0.5 - 32) < 1
    assert abs(int(left.sum()) / (2 * 0.1 * MARGIN * 64) ** 2 - 1) < 0.15
    assert abs(int((~left).sum()) / (2 * 0.05 * MARGIN * 64) ** 2 - 1) < 0.3
    assert float(made[0, 0, 3, 32, 40]) == 0.0
    assert sprites(torch.randn(1, 3, 8), where, ~known & False, torch.tensor([0.0, 1.0]), 64).abs().max() == 0
