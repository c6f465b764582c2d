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
    from gpt4video.agent.training.generator_words import VOCABULARY, WORDS
    from gpt4video.tools.generation.embedded.network import NetworkConfig, VideoTransformer
    from gpt4video.tools.generation.embedded.pipeline import GPT4VideoPipeline
    from gpt4video.tools.generation.embedded.writer import LayoutWriter

    torch.manual_seed(0)
    network = VideoTransformer(NetworkConfig(WORDS, frames=4, side=16, width=64, depth=1))
    writer = LayoutWriter(WORDS, width=64, depth=1)
    save_pipeline(network, writer, tmp_path, shard_bytes=300_000)
    shards = list((tmp_path / "transformer").glob("*.safetensors"))
    assert len(shards) > 2
    sizes = sorted(shard.stat().st_size for shard in shards)
    assert sizes[-2] < 330_000  # the last holds one matrix that is bigger than a shard should be
    pipeline = GPT4VideoPipeline.from_pretrained(tmp_path, use_safetensors=True)
    assert pipeline.layout.config.vocabulary["kind"] == list(VOCABULARY["kind"])
    again = VideoTransformer(network.config)
    load_weights(again, tmp_path / "transformer")
    for made, loaded in ((network, pipeline.transformer.network), (network, again), (writer, pipeline.layout.network)):
        for name, value in made.state_dict().items():
            torch.testing.assert_close(value.half().float(), loaded.state_dict()[name].float())
    embedded = EmbeddedGenerator(tmp_path, model_path("text"))
    clip = embedded.generate(GenerationRequest(prompt="a red ball", seconds=20, steps=1, seed=1))
    assert clip.frames.shape == (64, 256, 256, 3)
    assert any("draft" in note and "--generator" in note for note in clip.notes)
    assert any("8 seconds" in note for note in clip.notes)


def test_places_survive_their_steps_and_tracks_follow_them() -> None:
    import torch
    from gpt4video.tools.generation.embedded import layout as rows

    places = torch.tensor([[0.25, 0.5, 0.1, 0.75, 0.5, 0.2], [0.5, 0.31, 0.1, 0.5, 0.31, 0.1], [0.0] * 6])
    torch.testing.assert_close(rows.from_steps(rows.to_steps(places)), places, atol=0.0051, rtol=0)
    words = torch.tensor([[2, 2, 1, 1], [2, 2, 1, rows.BOUNCES], [rows.NOTHING, 1, 1, 1]])
    layout = torch.cat([torch.ones(4).long(), torch.cat([words, rows.to_steps(places)], 1).flatten()])[None]
    where, known = rows.tracks(layout, 5)
    assert known.tolist() == [[True, True, False]]
    assert where[0, 0, :, 0].tolist() == pytest.approx([0.25, 0.375, 0.5, 0.625, 0.75])
    assert where[0, 0, :, 2].tolist() == pytest.approx([0.1, 0.125, 0.15, 0.175, 0.2])
    assert where[0, 1, :, 1].tolist() == pytest.approx([0.31, 0.13, 0.31, 0.13, 0.31])
    hidden = rows.without_places(layout)
    assert rows.tracks(hidden, 5)[1].tolist() == [[False] * 3]
    assert torch.equal(rows.split(hidden)[1], rows.split(layout)[1])


def test_a_patch_is_told_where_it_lies_in_the_object_and_not_where_in_the_picture() -> None:
    import torch
    from gpt4video.tools.generation.embedded.network import field_numbers

    small = field_numbers(torch.tensor(0.05), torch.tensor(-0.1), torch.tensor(0.1), 0.125)
    big = field_numbers(torch.tensor(0.1), torch.tensor(-0.2), torch.tensor(0.2), 0.125)
    torch.testing.assert_close(small[:9], big[:9])
    assert not torch.allclose(small[9:], big[9:])
    far = field_numbers(torch.tensor(5.0), torch.tensor(5.0), torch.tensor(0.1), 0.125)
    assert far.abs().max() <= 1


def test_a_written_layout_holds_words_of_each_field_and_no_place_for_what_is_not_there() -> None:
    import torch
    from gpt4video.tools.generation.embedded import layout as rows
    from gpt4video.tools.generation.embedded.writer import LayoutWriter

    torch.manual_seed(0)
    sizes = [5, 3, 4, 3, 2, 11, 7, 2]
    writer = LayoutWriter(sizes, text=16, width=64, depth=1)
    text, mask = torch.randn(40, 6, 16), torch.ones(40, 6, dtype=torch.bool)
    written = writer.write(text, mask, torch.Generator().manual_seed(1))
    scene, words, places = rows.split(written)
    assert (scene >= 1).all()
    assert (scene <= torch.tensor(sizes[:4])).all()
    assert (words >= 1).all()
    assert (words <= torch.tensor(sizes[4:])).all()
    absent = words[..., 0] == rows.NOTHING
    assert absent.any()
    assert not absent.all()
    assert (places[absent] == 0).all()
    assert (places[~absent] > 0).all()
    assert torch.equal(written, writer.write(text, mask, torch.Generator().manual_seed(1)))
    assert writer.loss(written, text, mask).isfinite()


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
