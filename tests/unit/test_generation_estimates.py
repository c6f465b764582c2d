"""What diffusers pipelines would take, told before they are loaded, and what is done when that is not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import tiny_pipelines as tiny
import tiny_transformers as transformers
from gpt4video.tools.errors import BackendMissing, BadArguments, OutOfResources
from gpt4video.tools.generation import diffusers_backend, diffusers_memory
from gpt4video.tools.generation.base import GenerationRequest
from gpt4video.tools.generation.diffusers_backend import DiffusersGenerator, LoadOptions

pytestmark = pytest.mark.usefixtures("one_thread")

BALL = GenerationRequest(prompt="a red ball", seconds=0.5, steps=1, width=32, height=32)


@pytest.fixture(scope="module")
def wan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return transformers.wan(tmp_path_factory.mktemp("wan") / "pipeline")


def _nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("something was loaded")

    monkeypatch.setattr(diffusers_backend, "load", refuse)


def test_weights_are_counted_exactly_by_part_and_precision(wan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from diffusers import WanPipeline

    pipeline = WanPipeline.from_pretrained(wan)
    parts = {"text_encoder", "transformer", "vae"}
    counted = {part: sum(each.numel() for each in getattr(pipeline, part).state_dict().values()) for part in parts}
    _nothing_is_loaded(monkeypatch)
    for precision, size in (("float32", 4), ("bfloat16", 2)):
        told = DiffusersGenerator(wan, LoadOptions(precision=precision, device="cpu")).estimate(BALL)
        for part in ("transformer", "vae"):
            assert told.weights[part] == counted[part] * (4 if part == "vae" else size)  # Wan's VAE stays float32
        # Tied embeddings are stored once and listed twice.
        assert 0 < told.weights["text_encoder"] <= counted["text_encoder"] * size
        assert set(told.weights) == parts
        assert told.need == sum(told.weights.values()) + told.activations
        assert told.fits


def test_larger_and_longer_clips_need_more_and_tiling_less(wan: Path) -> None:
    plain, tiled = DiffusersGenerator(wan), DiffusersGenerator(wan, LoadOptions(tiling=True))
    hd = replace(BALL, width=1280, height=720)
    small, large = plain.estimate(BALL), plain.estimate(hd)
    longer = plain.estimate(replace(hd, seconds=5))
    assert small.activations < large.activations < longer.activations
    assert tiled.estimate(hd).activations < large.activations
    assert (longer.width, longer.height, longer.frames) == (1280, 720, 81)


def test_seconds_are_told_once_a_clip_was_made(wan: Path) -> None:
    generator = DiffusersGenerator(wan)
    assert generator.estimate(BALL).seconds is None
    generator.generate(BALL)
    once, twice = (generator.estimate(replace(BALL, steps=steps)).seconds for steps in (1, 2))
    assert once is not None
    assert twice == pytest.approx(2 * once)
    told = generator.estimate(BALL)
    assert told.need == told.activations  # the weights are there already


def test_too_little_memory_is_said_before_anything_is_loaded(wan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _nothing_is_loaded(monkeypatch)
    monkeypatch.setattr(diffusers_memory, "free_memory", lambda: 1_000_000)
    with pytest.raises(OutOfResources) as caught:
        DiffusersGenerator(wan, LoadOptions(device="cpu")).generate(replace(BALL, width=832, height=480, seconds=5))
    fault = caught.value
    assert "1.0 MB are free" in fault.message
    assert "832x480, 81 frames" in fault.message
    for remedy in ("less than 832x480", "tiling", "bfloat16", "smaller model"):
        assert remedy in fault.remedy


def test_with_a_gpu_offloading_moves_the_need_to_main_memory(wan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffusers_memory, "on_gpu", lambda _: True)
    monkeypatch.setattr(diffusers_memory, "_free_gpu", lambda: 10)
    monkeypatch.setattr(diffusers_memory, "free_memory", lambda: 10**12)
    whole, model, layers = (
        DiffusersGenerator(wan, LoadOptions(offload=offload)).estimate(BALL)
        for offload in ("none", "model", "sequential")
    )
    assert whole.need > model.need > layers.need
    assert (whole.host_need, model.host_need) == (0, sum(whole.weights.values()))
    with pytest.raises(OutOfResources, match=r"GPU memory .* [Ss]witch tiling on, offload the model"):
        DiffusersGenerator(wan).generate(BALL)


def test_where_free_memory_is_unknown_nothing_is_refused(wan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffusers_memory, "free_memory", lambda: None)
    assert DiffusersGenerator(wan, LoadOptions(device="cpu")).estimate(BALL).fits


def test_a_container_s_limit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"memory.max": "5000000", "memory.current": "4000000", "memory.stat": "anon 1\ninactive_file 500000\nx 2"}
    monkeypatch.setattr(Path, "read_text", lambda path: files[path.name])
    assert diffusers_memory.free_memory() == 1_500_000
    files["memory.max"] = "max\n"
    assert (diffusers_memory.free_memory() or 0) > 1_500_000


def test_estimates_refuse_what_generating_refuses(wan: Path, tmp_path: Path) -> None:
    with pytest.raises(BadArguments):
        DiffusersGenerator(wan).estimate(GenerationRequest(prompt=" "))
    with pytest.raises(BackendMissing):
        DiffusersGenerator(tmp_path).estimate(BALL)


def test_every_family_can_be_estimated(tmp_path: Path) -> None:
    makers = (transformers.ltx, transformers.cogvideox, tiny.modelscope, tiny.animatediff)
    for maker in makers:
        told = DiffusersGenerator(maker(tmp_path / maker.__name__ / "pipeline")).estimate(BALL)
        assert told.activations > 0
        assert min(told.weights.values()) > 0
