"""One suite over every generator: the double, the embedded model and diffusers pipelines of all families and kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import tiny_pipelines as tiny
import tiny_transformers as transformers
import torch
from gpt4video.tools.errors import BadArguments, Cancelled
from gpt4video.tools.generation.base import GeneratedFrames, GenerationRequest, Generator
from gpt4video.tools.generation.diffusers_backend import DiffusersGenerator
from gpt4video.tools.generation.double import DrawnGenerator
from gpt4video.tools.generation.embedded import EmbeddedGenerator

FAMILIES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "modelscope": (tiny.modelscope, "text video"),
    "modelscope-video": (lambda folder: tiny.modelscope(folder, from_video=True), "text video"),
    "animatediff": (tiny.animatediff, "text video"),
    "animatediff-video": (lambda folder: tiny.animatediff(folder, from_video=True), "text video"),
    "svd": (tiny.stable_video_diffusion, "image"),
    "wan": (transformers.wan, "text video"),
    "wan-2.2": (lambda folder: transformers.wan(folder, both=True), "text image"),
    "wan-image": (transformers.wan_image, "image"),
    "ltx": (transformers.ltx, "text image video"),
    "cogvideox": (transformers.cogvideox, "text video"),
    "cogvideox-image": (lambda folder: transformers.cogvideox(folder, from_image=True), "image"),
}
"""How a pipeline folder of each family is made, and what it must be able to start from."""

CASES = [("double", mode) for mode in ("text", "image", "video")]
CASES += [("embedded", mode) for mode in ("text", "image", "video")]
CASES += [(family, mode) for family, (_, modes) in FAMILIES.items() for mode in modes.split()]

RANDOM = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)
pytestmark = pytest.mark.usefixtures("one_thread")

RAMP = np.broadcast_to(np.arange(32, dtype=np.uint8)[:, None, None] * 7, (6, 32, 32, 3)).copy()


@dataclass(frozen=True)
class Backend:
    """A generator, a request that it can serve, and what it starts from."""

    generator: Generator
    request: GenerationRequest
    mode: str


def _embedded(folder: Path, text: Path) -> Generator:
    from diffusers import FlowMatchEulerDiscreteScheduler
    from gpt4video.tools.generation.embedded.layout import FIELDS
    from gpt4video.tools.generation.embedded.model import LayoutWriterModel, VideoTransformerModel
    from gpt4video.tools.generation.embedded.pipeline import GPT4VideoPipeline

    torch.manual_seed(0)
    vocabulary = dict.fromkeys(FIELDS, ("one", "two", "three"))
    painter = VideoTransformerModel([3] * len(FIELDS), frames=4, side=16, width=64, depth=1)
    for name, value in painter.named_parameters():  # layers that begin as nothing would make every prompt the same
        if "steer" in name or "leave" in name:
            torch.nn.init.normal_(value, std=0.3)
    layout = LayoutWriterModel(vocabulary, width=64, depth=1)
    for value in layout.parameters():
        if value.ndim > 1:
            torch.nn.init.normal_(value, std=0.5)
    GPT4VideoPipeline(painter, layout, FlowMatchEulerDiscreteScheduler(shift=3.0)).save_pretrained(folder)
    return EmbeddedGenerator(folder, text)


@pytest.fixture(scope="module")
def generators(
    tmp_path_factory: pytest.TempPathFactory, model_path: Callable[[str], Path]
) -> Callable[[str], Generator]:
    """Each generator once, so that a folder is asked for text, image and video one after the other, as in use."""
    made: dict[str, Generator] = {}

    def get(name: str) -> Generator:
        folder = tmp_path_factory.mktemp(name) / "pipeline"
        if name not in made and name == "double":
            made[name] = DrawnGenerator()
        elif name not in made and name == "embedded":
            made[name] = _embedded(folder, model_path("text"))
        elif name not in made:
            made[name] = DiffusersGenerator(FAMILIES[name][0](folder))
        return made[name]

    return get


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-from-{case[1]}")
def backend(request: pytest.FixtureRequest, generators: Callable[[str], Generator]) -> Backend:
    name, mode = request.param
    words = GenerationRequest(prompt="a red ball", seconds=0.75, steps=2, seed=5, width=32, height=32)
    starts = {"text": {}, "image": {"image": RANDOM[0]}, "video": {"video": RANDOM}}
    return Backend(generators(name), replace(words, **starts[mode]), mode)


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


def test_another_seed_gives_another_clip_and_the_same_one_the_same_after_it_was_stopped(
    backend: Backend, made: tuple[GeneratedFrames, list[float]]
) -> None:
    def stop(fraction: float, _: str) -> None:
        if fraction > 0:
            raise Cancelled("Stopped.", "Ask again.")

    other = backend.generator.generate(replace(backend.request, seed=6))
    assert not np.array_equal(other.frames, made[0].frames)
    with pytest.raises(Cancelled):
        backend.generator.generate(backend.request, stop)
    again = backend.generator.generate(backend.request)
    np.testing.assert_array_equal(again.frames, made[0].frames)


def test_what_it_cannot_start_from_is_refused(backend: Backend) -> None:
    can = backend.generator.capabilities
    assert getattr(can, backend.mode)
    request = replace(backend.request, image=None, video=None)
    if not can.image:
        with pytest.raises(BadArguments, match="picture"):
            backend.generator.generate(replace(request, image=RANDOM[0]))
    if not can.video:
        with pytest.raises(BadArguments, match="clip"):
            backend.generator.generate(replace(request, video=RANDOM))
    if can.text:
        with pytest.raises(BadArguments, match="prompt"):
            backend.generator.generate(replace(request, prompt="  "))
    else:
        with pytest.raises(BadArguments, match="needs"):
            backend.generator.generate(request)


def test_the_first_frame_or_clip_changes_the_result(
    backend: Backend, made: tuple[GeneratedFrames, list[float]]
) -> None:
    if backend.mode == "text":
        words = replace(backend.request, prompt="a ball")
        assert not np.array_equal(backend.generator.generate(words).frames, made[0].frames)
    else:
        start = {"image": RAMP[0]} if backend.mode == "image" else {"video": RAMP}
        other = backend.generator.generate(replace(backend.request, **start))
        assert other.frames.shape == made[0].frames.shape
        assert not np.array_equal(other.frames, made[0].frames)


@pytest.mark.parametrize(("name", "modes"), [(name, modes) for name, (_, modes) in FAMILIES.items()])
def test_a_folder_serves_what_its_parts_can_and_no_more(
    generators: Callable[[str], Generator], name: str, modes: str
) -> None:
    can = generators(name).capabilities
    assert " ".join(mode for mode in ("text", "image", "video") if getattr(can, mode)) == modes
