"""One suite over every generator: the double, the embedded model and diffusers pipelines of several families."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from gpt4video.tools.errors import BadArguments, Cancelled
from gpt4video.tools.generation.base import GeneratedFrames, GenerationRequest, Generator
from gpt4video.tools.generation.diffusers_backend import DiffusersGenerator
from gpt4video.tools.generation.double import DrawnGenerator
from gpt4video.tools.generation.embedded import EmbeddedGenerator


def _tiny() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tiny_pipelines", Path(__file__).with_name("tiny_pipelines.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tiny = _tiny()


@dataclass(frozen=True)
class Backend:
    """A generator and a request that it can serve."""

    generator: Generator
    request: GenerationRequest


def _embedded(folder: Path, text: Path) -> Generator:
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler
    from gpt4video.tools.generation.embedded.model import VideoLayoutModel, VideoUNetModel
    from gpt4video.tools.generation.embedded.pipeline import GPT4VideoPipeline

    torch.manual_seed(0)
    unet = VideoUNetModel(frames=4, side=16, channels=(16, 64, 64), blocks=(1, 1, 1), embedding=32)
    torch.nn.init.normal_(unet.network.leave.weight, std=0.2)
    torch.nn.init.normal_(unet.network.embed[2].weight, std=0.5)
    for module in unet.modules():  # layers that begin as nothing would make every prompt the same
        if hasattr(module, "modulation"):
            torch.nn.init.normal_(module.modulation.linear.weight, std=0.3)
            torch.nn.init.normal_(module.conv2.weight, std=0.1)
    layout = VideoLayoutModel(width=64, depth=1)
    GPT4VideoPipeline(unet, layout, FlowMatchEulerDiscreteScheduler(shift=2.0)).save_pretrained(folder)
    return EmbeddedGenerator(folder, text)


@pytest.fixture(scope="module", params=["double", "embedded", "modelscope", "modelscope-video", "svd", "wan"])
def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, model_path: Callable[[str], Path]
) -> Iterator[Backend]:
    folder = tmp_path_factory.mktemp(request.param) / "pipeline"
    words = GenerationRequest(prompt="a red ball moving left", seconds=0.75, steps=2, seed=5, width=32, height=32)
    noise = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)
    if request.param == "double":
        yield Backend(DrawnGenerator(), words)
    elif request.param == "embedded":
        yield Backend(_embedded(folder, model_path("text")), words)
    elif request.param == "svd":
        yield Backend(DiffusersGenerator(tiny.stable_video_diffusion(folder)), replace(words, image=noise[0]))
    elif request.param == "wan":
        yield Backend(DiffusersGenerator(tiny.wan(folder)), words)
    else:
        video = noise if request.param == "modelscope-video" else None
        path = tiny.modelscope(folder, from_video=video is not None)
        yield Backend(DiffusersGenerator(path), replace(words, video=video))


@pytest.fixture(scope="module")
def made(backend: Backend) -> tuple[GeneratedFrames, list[float]]:
    fractions: list[float] = []
    return backend.generator.generate(backend.request, lambda f, _: fractions.append(f)), fractions


def test_frames_are_rgb_bytes_of_the_asked_size_and_length(
    backend: Backend, made: tuple[GeneratedFrames, list[float]]
) -> None:
    clip, _ = made
    assert clip.frames.dtype == np.uint8
    assert clip.frames.shape[1:] == (32, 32, 3)
    assert backend.request.seconds is not None
    assert abs(len(clip.frames) / clip.fps - backend.request.seconds) <= 0.5
    assert clip.frames.std() > 0


def test_the_result_names_its_model_and_seed(backend: Backend, made: tuple[GeneratedFrames, list[float]]) -> None:
    clip, _ = made
    assert clip.model == backend.generator.name
    assert clip.seed == 5


def test_progress_rises_to_one(made: tuple[GeneratedFrames, list[float]]) -> None:
    _, fractions = made
    assert len(fractions) >= 3
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_the_same_seed_gives_the_same_clip_and_another_seed_another(
    backend: Backend, made: tuple[GeneratedFrames, list[float]]
) -> None:
    again = backend.generator.generate(backend.request)
    other = backend.generator.generate(replace(backend.request, seed=6))
    np.testing.assert_array_equal(again.frames, made[0].frames)
    assert not np.array_equal(other.frames, made[0].frames)


def test_the_user_can_stop_it_between_steps(backend: Backend) -> None:
    def stop(fraction: float, _: str) -> None:
        if fraction > 0:
            raise Cancelled("Stopped.", "Ask again.")

    with pytest.raises(Cancelled):
        backend.generator.generate(backend.request, stop)


def test_what_it_cannot_start_from_is_refused(backend: Backend) -> None:
    can = backend.generator.capabilities
    request = backend.request
    picture = np.zeros((32, 32, 3), np.uint8)
    if not can.image:
        with pytest.raises(BadArguments, match="picture"):
            backend.generator.generate(replace(request, image=picture))
    if not can.video:
        with pytest.raises(BadArguments, match="clip"):
            backend.generator.generate(replace(request, video=picture[None]))
    if can.text:
        with pytest.raises(BadArguments, match="prompt"):
            backend.generator.generate(replace(request, prompt="  "))
    else:
        with pytest.raises(BadArguments, match="needs"):
            backend.generator.generate(replace(request, image=None, video=None))


def test_a_first_frame_or_clip_changes_the_result_where_it_is_taken(backend: Backend) -> None:
    if not (backend.generator.capabilities.image and backend.generator.capabilities.video):
        pytest.skip("takes one of both only, which is its request already")
    ramp = np.broadcast_to(np.arange(32, dtype=np.uint8)[:, None, None] * 7, (32, 32, 3)).copy()
    plain = backend.generator.generate(backend.request)
    from_clip = backend.generator.generate(replace(backend.request, video=np.stack([ramp] * 4), strength=0.5))
    assert from_clip.frames.shape == plain.frames.shape
    if not isinstance(backend.generator, DrawnGenerator):
        assert not np.array_equal(from_clip.frames, plain.frames)
