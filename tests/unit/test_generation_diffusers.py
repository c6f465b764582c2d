"""What users choose about diffusers pipelines: shapes, schedulers, LoRA, precision, prompts, motion adapters."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_pipelines as tiny
import tiny_transformers as transformers
import torch
from gpt4video.tools.errors import BackendMissing, BadArguments, Cancelled
from gpt4video.tools.generation import diffusers_call
from gpt4video.tools.generation.base import GenerationRequest
from gpt4video.tools.generation.diffusers_backend import DiffusersGenerator, LoadOptions

pytestmark = pytest.mark.usefixtures("one_thread")

BALL = GenerationRequest(prompt="a red ball", seconds=0.5, steps=2, width=32, height=32)
PICTURE = np.random.default_rng(0).integers(0, 256, (48, 96, 3), np.uint8)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("pipelines")
    makers = {
        "wan": transformers.wan, "ltx": transformers.ltx, "cogvideox": transformers.cogvideox,
        "animatediff": tiny.animatediff, "svd": tiny.stable_video_diffusion,
    }  # fmt: skip
    return {name: maker(root / name / "pipeline") for name, maker in makers.items()}


@pytest.mark.parametrize(
    ("name", "asked", "shape", "words"),
    [
        ("wan", (100, 50, 1.0), (17, 48, 96), ["96x48 instead of 100x50", "16 pixels", "4k+1"]),
        ("ltx", (100, 50, 1.0), (25, 64, 96), ["96x64", "32 pixels"]),
        ("ltx", (64, 32, 0.5), (9, 32, 64), ["9 frames", "8k+1"]),
        ("cogvideox", (32, 32, 2.0), (17, 32, 32), ["17 frames", "8k+1"]),
        ("animatediff", (32, 32, 5.0), (12, 32, 32), ["12 frames", "at most 12"]),
    ],
)
def test_what_a_model_cannot_make_is_rounded_and_said(
    folders: dict[str, Path], name: str, asked: tuple[int, int, float], shape: tuple[int, int, int], words: list[str]
) -> None:
    width, height, seconds = asked
    clip = DiffusersGenerator(folders[name]).generate(replace(BALL, width=width, height=height, seconds=seconds))
    assert clip.frames.shape == (*shape, 3)
    for word in words:
        assert word in " ".join(clip.notes)


def test_defaults_are_those_of_the_model_at_the_source_s_proportions(folders: dict[str, Path]) -> None:
    wan, svd = DiffusersGenerator(folders["wan"]), DiffusersGenerator(folders["svd"])
    told = wan.estimate(GenerationRequest(prompt="a ball"))
    assert (told.width, told.height, told.frames) == (832, 480, 81)
    told = svd.estimate(GenerationRequest(prompt="", image=PICTURE))
    assert told.width / told.height == pytest.approx(2, rel=0.02)
    assert told.width * told.height == pytest.approx(1024 * 576, rel=0.03)
    told = svd.estimate(GenerationRequest(prompt="", image=PICTURE, width=128))
    assert (told.width, told.height) == (128, 64)


def test_frames_a_second_are_the_family_s_unless_asked_and_then_said(folders: dict[str, Path]) -> None:
    wan = DiffusersGenerator(folders["wan"])
    assert wan.generate(replace(BALL, steps=1)).fps == 16
    clip = wan.generate(replace(BALL, steps=1, fps=32))
    assert clip.fps == 32
    assert any("trained for 16" in note for note in clip.notes)


def test_a_prompt_over_the_limit_is_cut_between_words_and_said(folders: dict[str, Path]) -> None:
    generator = DiffusersGenerator(folders["animatediff"])  # its tokenizer reads 16 tokens: marks and 14 letters
    request = replace(BALL, prompt="a red ball moves past", negative_prompt="an unusually blurry clip", steps=1)
    notes = generator.generate(request).notes
    assert 'The model reads 16 tokens; these words of the prompt were cut: "past".' in notes
    assert any('of the negative prompt were cut: "blurry clip"' in note for note in notes)
    assert not generator.generate(replace(BALL, prompt="a red ball", steps=1)).notes
    assert any("end of the prompt" in note for note in generator.generate(replace(BALL, prompt="x" * 40)).notes)


def test_words_that_a_model_does_not_take_are_said(folders: dict[str, Path]) -> None:
    clip = DiffusersGenerator(folders["svd"]).generate(
        replace(BALL, image=PICTURE, prompt="a dog", negative_prompt="blurry", guidance=2.0, steps=1)
    )
    assert {"This model takes no prompt: the words had no effect.",
            "This model takes no negative prompt: the words had no effect."} <= set(clip.notes)  # fmt: skip


@pytest.mark.parametrize("what", [{"negative_prompt": "left"}, {"guidance": 1.0}, {"prompt": "moving left"}])
def test_guidance_and_negative_prompts_reach_the_model(folders: dict[str, Path], what: dict[str, object]) -> None:
    wan = DiffusersGenerator(folders["wan"])
    plain, other = wan.generate(BALL), wan.generate(replace(BALL, **what))
    assert not np.array_equal(plain.frames, other.frames)


@pytest.mark.parametrize(
    ("name", "scheduler", "kind"),
    [
        ("wan", "unipc", "UniPCMultistepScheduler"),
        ("wan", "dpm++", "DPMSolverMultistepScheduler"),
        ("wan", "euler", "FlowMatchEulerDiscreteScheduler"),
        ("cogvideox", "dpm++", "CogVideoXDPMScheduler"),
        ("animatediff", "euler-a", "EulerAncestralDiscreteScheduler"),
        ("animatediff", "unipc", "UniPCMultistepScheduler"),
    ],
)
def test_schedulers_are_chosen_by_name(folders: dict[str, Path], name: str, scheduler: str, kind: str) -> None:
    generator = DiffusersGenerator(folders[name], LoadOptions(scheduler=scheduler))
    assert generator.generate(BALL).frames.std() > 0
    used = generator._pipeline.scheduler
    assert type(used).__name__ == kind
    if name == "wan":
        assert used.config.get("flow_shift", used.config.get("shift")) == 7.0
    assert scheduler in generator.name


@pytest.mark.parametrize(
    ("name", "scheduler"), [("wan", "ddim"), ("ltx", "unipc"), ("svd", "ddim"), ("wan", "nonsense")]
)
def test_schedulers_that_do_not_fit_are_refused(folders: dict[str, Path], name: str, scheduler: str) -> None:
    request = replace(BALL, image=PICTURE) if name == "svd" else BALL
    with pytest.raises(BadArguments, match=r"Choose .*euler"):
        DiffusersGenerator(folders[name], LoadOptions(scheduler=scheduler)).generate(request)


@pytest.mark.parametrize("name", ["wan", "animatediff"])
def test_half_precision_and_tiling_make_clips(folders: dict[str, Path], name: str) -> None:
    options = LoadOptions(precision="bfloat16", tiling=True, offload="model", device="cpu")
    generator = DiffusersGenerator(folders[name], options)
    assert generator.generate(BALL).frames.std() > 0
    network = generator._pipeline.transformer if name == "wan" else generator._pipeline.unet
    assert next(network.blocks[0].attn1.parameters() if name == "wan" else network.parameters()).dtype == torch.bfloat16
    assert generator._pipeline.vae.dtype == (torch.float32 if name == "wan" else torch.bfloat16)
    assert generator._pipeline.vae.use_tiling
    clip = np.stack([PICTURE[:32, :32]] * 5)
    assert generator.generate(replace(BALL, video=clip)).frames.std() > 0  # the sibling shares the parts


def _lora(path: Path, modules: dict[str, tuple[int, int]]) -> Path:
    from safetensors.torch import save_file

    torch.manual_seed(1)
    state = {}
    for module, (wide, out) in modules.items():
        state[f"{module}.lora_A.weight"] = torch.randn(4, wide)
        state[f"{module}.lora_B.weight"] = torch.randn(out, 4)
    save_file(state, path)
    return path


def test_a_lora_changes_the_clip_by_its_scale(folders: dict[str, Path], tmp_path: Path) -> None:
    fitting = _lora(tmp_path / "style.safetensors", {"transformer.blocks.0.attn1.to_q": (24, 24),
                                                     "transformer.blocks.0.attn1.to_v": (24, 24)})  # fmt: skip
    plain = DiffusersGenerator(folders["wan"]).generate(BALL).frames
    none, full = (
        DiffusersGenerator(folders["wan"], LoadOptions(lora=fitting, lora_scale=scale)) for scale in (0.0, 1.0)
    )
    np.testing.assert_array_equal(none.generate(BALL).frames, plain)
    changed = full.generate(BALL).frames
    assert not np.array_equal(changed, plain)
    assert none.name != full.name
    video = replace(BALL, video=np.stack([PICTURE[:32, :32]] * 9))
    assert full.generate(video).frames.std() > 0
    np.testing.assert_array_equal(full.generate(BALL).frames, changed)


def test_loras_that_fit_nothing_are_pickled_or_broken_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    def fault(lora: Path, name: str = "wan") -> str:
        request = replace(BALL, image=PICTURE) if name == "svd" else BALL
        with pytest.raises(BackendMissing) as caught:
            DiffusersGenerator(folders[name], LoadOptions(lora=lora)).generate(request)
        return str(caught.value)

    good = {"transformer.blocks.0.attn1.to_q": (24, 24)}
    assert "no LoRA file" in fault(tmp_path / "none.safetensors")
    pickled = tmp_path / "style.bin"
    torch.save({"a": torch.zeros(1)}, pickled)
    assert "pickle" in fault(pickled)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(pickled.read_bytes())
    assert "cannot be read" in fault(broken)
    assert "fits nothing" in fault(_lora(tmp_path / "a.safetensors", {"unet.elsewhere.to_q": (24, 24)}))
    assert "fits nothing" in fault(_lora(tmp_path / "b.safetensors", {"transformer.blocks.7.nothing": (24, 24)}))
    assert "fits nothing" in fault(_lora(tmp_path / "c.safetensors", dict.fromkeys(good, (99, 24))))
    assert "takes no LoRA" in fault(_lora(tmp_path / "d.safetensors", good), "svd")
    with pytest.raises(BadArguments, match="scale"):
        LoadOptions(lora_scale=50)


def test_a_motion_adapter_makes_a_still_picture_model_move(tmp_path: Path) -> None:
    folder, adapter = tmp_path / "pipeline", tmp_path / "adapter"
    tiny.animatediff(folder, adapter=adapter)
    with pytest.raises(BackendMissing, match=r"pictures, not video.* motion adapter"):
        DiffusersGenerator(folder).generate(BALL)
    generator = DiffusersGenerator(folder, LoadOptions(motion_adapter=adapter))
    assert generator.capabilities.text
    assert generator.generate(BALL).frames.shape == (4, 32, 32, 3)
    assert generator.estimate(BALL).weights["motion_adapter"] > 0
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | {"_class_name": "AnimateDiffPipeline"}))
    with pytest.raises(BackendMissing, match="needs a motion adapter"):
        DiffusersGenerator(folder).generate(BALL)


def test_a_pipeline_of_one_variant_is_loaded(tmp_path: Path) -> None:
    from diffusers import WanPipeline

    WanPipeline.from_pretrained(transformers.wan(tmp_path / "a")).save_pretrained(tmp_path / "b", variant="fp16")
    generator = DiffusersGenerator(tmp_path / "b")
    assert generator.estimate(BALL).weights == DiffusersGenerator(tmp_path / "a").estimate(BALL).weights
    assert generator.generate(BALL).frames.std() > 0


def test_it_can_be_stopped_within_a_step(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffusers_call, "_BEAT", 0.0)
    stopped = threading.Event()
    notes: list[str] = []

    def progress(_: float, note: str) -> None:
        notes.append(note)
        if stopped.is_set():
            raise Cancelled("Stopped.", "Ask again.")

    generator = DiffusersGenerator(folders["ltx"])
    whole = generator.generate(BALL, progress).frames
    assert len(notes) > 8  # loading, two steps, done, and the looks between layers
    stopped.set()
    with pytest.raises(Cancelled):
        generator.generate(BALL, lambda fraction, note: progress(fraction, note) if fraction or note == "" else None)
    stopped.clear()
    np.testing.assert_array_equal(generator.generate(BALL, progress).frames, whole)
    assert not any(module._forward_pre_hooks for module in generator._pipeline.transformer.modules())


def test_options_are_read_as_in_a_url_and_nonsense_is_refused(folders: dict[str, Path]) -> None:
    generator = DiffusersGenerator.of(f"{folders['wan']}?precision=bfloat16&tiling=true&scheduler=unipc&lora_scale=0.5")
    assert generator.name == f"diffusers:{folders['wan']}+bfloat16+tiling+unipc"
    assert DiffusersGenerator.of(str(folders["wan"])).generate(BALL).frames.std() > 0
    options = LoadOptions.parse("lora=a%20b.safetensors&offload=sequential&device=cpu")
    assert options == LoadOptions(lora=Path("a b.safetensors"), offload="sequential", device="cpu")
    for nonsense in ("precision=int3", "colour=red", "tiling", "lora_scale=50"):
        with pytest.raises(BadArguments, match=r"precision|LoRA scale"):
            DiffusersGenerator.of(f"models/wan?{nonsense}")
