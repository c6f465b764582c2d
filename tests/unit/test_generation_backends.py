"""The backends' own business: broken pipeline folders, the embedded model's files, finishing of frames."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gpt4video.tools.errors import BackendMissing, GenerationFailed, ToolError
from gpt4video.tools.generation.base import GenerationRequest
from gpt4video.tools.generation.diffusers_backend import DiffusersGenerator, as_frames
from gpt4video.tools.generation.embedded import EmbeddedGenerator
from gpt4video.tools.generation.embedded.finish import fit_square, interpolate, spread, upscale

DOG = GenerationRequest(prompt="a dog", seconds=0.5)


def _index(folder: Path, **entries: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    index = {"_class_name": "TextToVideoSDPipeline", "_diffusers_version": "0.42.1", **entries}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def _fault(folder: Path) -> ToolError:
    with pytest.raises(BackendMissing) as caught:
        DiffusersGenerator(folder).generate(DOG)
    return caught.value


def test_a_folder_that_is_not_there_or_no_pipeline_says_so(tmp_path: Path) -> None:
    assert "no pipeline folder" in _fault(tmp_path / "none").message
    assert "model_index.json" in _fault(tmp_path).message
    (tmp_path / "model_index.json").write_text("{")
    assert "cannot be read" in _fault(tmp_path).message


def test_unknown_classes_picture_pipelines_and_own_code_are_refused(tmp_path: Path) -> None:
    assert "no pipeline class 'NoSuchPipeline'" in _fault(_index(tmp_path, _class_name="NoSuchPipeline")).message
    assert "pictures, not video" in _fault(_index(tmp_path, _class_name="StableDiffusionPipeline")).message
    assert "own code" in _fault(_index(tmp_path, _class_name=["pipeline", "Mine"])).message
    assert "no pipeline class 'ModelMixin'" in _fault(_index(tmp_path, _class_name="ModelMixin")).message


def test_parts_from_elsewhere_missing_parts_and_pickles_are_refused(tmp_path: Path) -> None:
    assert "'os'" in _fault(_index(tmp_path / "a", unet=["os", "system"])).message
    folder = _index(tmp_path / "b", unet=["diffusers", "UNet3DConditionModel"])
    assert "'unet' is missing" in _fault(folder).message
    (folder / "unet").mkdir()
    (folder / "unet" / "config.json").write_text("{}")
    assert "weights of 'unet' are missing" in _fault(folder).message
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x04.")
    fault = _fault(folder)
    assert "pickle" in fault.message
    assert "safetensors" in fault.remedy


def test_broken_weights_are_a_typed_error(tmp_path: Path) -> None:
    folder = _index(tmp_path, unet=["diffusers", "UNet3DConditionModel"])
    (folder / "unet").mkdir()
    (folder / "unet" / "config.json").write_text('{"_class_name": "UNet3DConditionModel"}')
    (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"not safetensors")
    assert "cannot be loaded" in _fault(folder).message


def test_code_beside_weights_missing_shards_and_parts_outside_the_folder_are_refused(tmp_path: Path) -> None:
    folder = _index(tmp_path / "a", unet=["diffusers", "UNet3DConditionModel"])
    (folder / "unet").mkdir()
    (folder / "unet" / "config.json").write_text('{"auto_map": {"AutoModel": "mine.Model"}}')
    (folder / "unet" / "model.safetensors").write_bytes(b"")
    assert "own code" in _fault(folder).message
    (folder / "unet" / "config.json").write_text("{}")
    (folder / "unet" / "model.safetensors.index.json").write_text(
        '{"weight_map": {"a": "model-00001-of-00002.safetensors"}}'
    )
    assert "lacks model-00001-of-00002.safetensors" in _fault(folder).message
    assert (
        "no proper name"
        in _fault(_index(tmp_path / "b", **{"../a/unet": ["diffusers", "UNet3DConditionModel"]})).message
    )
    for content in ("[]", '{"unet": 1}'):
        (folder / "model_index.json").write_text(content)
        assert "Download" in _fault(folder).remedy


@pytest.mark.parametrize("bad", [np.full((1, 2, 4, 4, 3), np.nan), np.zeros((1, 4, 4, 3)), np.zeros((1, 0, 4, 4, 3))])
def test_output_that_is_no_clip_is_a_failure(bad: np.ndarray) -> None:
    with pytest.raises(GenerationFailed):
        as_frames(bad)


def test_pictures_tensors_and_arrays_all_become_frames() -> None:
    import torch
    from PIL import Image

    pictures = [Image.new("RGB", (6, 4), (255, 0, 0))] * 3
    tensor = torch.zeros(1, 3, 3, 4, 6)
    tensor[:, :, 0] = 1
    array = np.zeros((1, 3, 4, 6, 3), np.float32)
    array[..., 0] = 1
    for output in ([pictures], tensor, array):
        frames = as_frames(output)
        assert frames.shape == (3, 4, 6, 3)
        assert frames.dtype == np.uint8
        assert frames[0, 0, 0].tolist() == [255, 0, 0]


def test_without_weights_the_embedded_generator_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(BackendMissing, match="train generator"):
        EmbeddedGenerator(tmp_path, tmp_path).generate(DOG)


def test_the_recipe_saves_what_diffusers_loads(tmp_path: Path, model_path: Callable[[str], Path]) -> None:
    import torch
    from gpt4video.agent.training.generator_files import load_weights, save_pipeline
    from gpt4video.tools.generation.embedded.layout import LayoutNetwork
    from gpt4video.tools.generation.embedded.network import NetworkConfig, VideoUNet
    from gpt4video.tools.generation.embedded.pipeline import GPT4VideoPipeline

    torch.manual_seed(0)
    network = VideoUNet(NetworkConfig(frames=4, side=16, channels=(16, 64, 64), blocks=(1, 1, 1), embedding=32))
    layout = LayoutNetwork(width=64, depth=1)
    save_pipeline(network, layout, tmp_path, shard_bytes=600_000)
    shards = list((tmp_path / "unet").glob("*.safetensors"))
    assert len(shards) > 2
    assert max(shard.stat().st_size for shard in shards) < 700_000
    pipeline = GPT4VideoPipeline.from_pretrained(tmp_path, use_safetensors=True)
    again = VideoUNet(network.config)
    load_weights(again, tmp_path / "unet")
    for made, loaded in ((network, pipeline.unet.network), (network, again), (layout, pipeline.layout.network)):
        for name, value in made.state_dict().items():
            torch.testing.assert_close(loaded.state_dict()[name], value, atol=1e-3, rtol=1e-3)
    embedded = EmbeddedGenerator(tmp_path, model_path("text"))
    clip = embedded.generate(GenerationRequest(prompt="a red ball", seconds=20, steps=1, seed=1))
    assert clip.frames.shape == (64, 256, 256, 3)
    assert any("draft" in note and "--generator" in note for note in clip.notes)
    assert any("8 seconds" in note for note in clip.notes)


def test_a_layout_survives_its_units_and_is_drawn_where_it_says() -> None:
    import torch
    from gpt4video.tools.generation.embedded.layout import draw_layout, from_units, to_units

    layout = torch.tensor([[[1, 0.25, 0.5, 0.1, 0.75, 0.5, 0.2], [1, 0.5, 0.1, 0.1, 0.5, 0.1, 0.1], [0] * 7]])
    torch.testing.assert_close(from_units(to_units(layout)), layout)
    planes = draw_layout(layout, 5, 64)
    assert planes.shape == (1, 5, 1, 64, 64)
    for frame, (x, radius) in enumerate([(0.25, 0.1), (0.375, 0.125), (0.5, 0.15), (0.625, 0.175), (0.75, 0.2)]):
        lower = planes[0, frame, 0, 20:] > 0.5
        rows, columns = torch.nonzero(lower, as_tuple=True)
        assert abs(float(columns.float().mean()) + 0.5 - x * 64) < 0.7
        assert abs(float(rows.float().mean()) + 20.5 - 32) < 0.7
        assert abs(int(lower.sum()) / (3.1416 * (radius * 64) ** 2) - 1) < 0.15
    assert float(planes[0, :, 0, 6, 32].min()) > 0.9
    assert float(draw_layout(torch.zeros(1, 3, 7), 5, 64).max()) == 0


def _moving_square() -> np.ndarray:
    clip = np.full((4, 64, 64, 3), 255, np.uint8)
    for index in range(4):
        clip[index, 24:40, 8 + 8 * index : 24 + 8 * index] = (200, 0, 0)
    return clip


def test_frames_between_move_the_object_instead_of_fading_it() -> None:
    between = interpolate(_moving_square(), 7)
    assert between.shape == (7, 64, 64, 3)
    columns = np.nonzero(between[1, ..., 1] < 100)[1]
    assert abs(columns.mean() - (15.5 + 4)) < 1.5
    faded = (between[1, ..., 1] > 60) & (between[1, ..., 1] < 195)
    assert faded.mean() < 0.03


def test_enlarging_keeps_colours_and_makes_edges_steep() -> None:
    small = _moving_square()
    big = upscale(small, 256, 256)
    assert big.shape == (4, 256, 256, 3)
    assert np.abs(big.mean((1, 2)) - small.mean((1, 2))).max() < 6
    edge = big[0, 128, :, 1].astype(int)
    assert np.abs(np.diff(edge)).max() > 90


def test_clips_are_cut_square_and_spread_over_time() -> None:
    wide = np.zeros((10, 40, 80, 3), np.uint8)
    wide[:, :, 20:60] = 255
    assert fit_square(wide, 16).min() == 255
    ramp = np.arange(10, dtype=np.uint8)[:, None, None, None].repeat(3, 3)
    assert spread(ramp, 4)[:, 0, 0, 0].tolist() == [0, 3, 6, 9]
    assert len(spread(ramp, 16)) == 16
