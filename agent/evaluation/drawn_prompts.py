"""Judges the embedded generator: prompts it was not trained on, its clips measured by the renderer's own analyser."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .scene_analysis import Findings, analyse
from .scene_world import COLOURS, KINDS, NARROW, SHAPES
from .scenes import FRAMES, SIDE, render_seed

_FRAMES_ON_SHEET = (0, 5, 10, 15)


@dataclass(frozen=True)
class Case:
    """A prompt and what its clip must show, by attribute."""

    prompt: str
    expect: dict[str, str]


def prompts(count: int, seed: int = 99) -> list[Case]:
    """``count`` prompts for each attribute, in wordings of their own, combinations drawn at random."""
    rng = random.Random(seed)
    kinds = [kind for kind in KINDS if kind != "bicycle"] + ["bicycle"]
    things = [*sorted(SHAPES), "car", "boat", "bird", "balloon"]
    vivid = [name for name in COLOURS if name not in {"black", "white", "brown"}]
    ways = {"left": "to the left", "right": "to the right", "up": "upwards", "down": "downwards"}
    places = {"city": "in a city street", "field": "on a green meadow", "sea": "on the open sea",
              "desert": "in the sandy desert", "snow": "in a snowy landscape", "forest": "in a forest",
              "mountains": "before high mountains", "beach": "on a sandy beach", "room": "in a room",
              "space": "in outer space"}  # fmt: skip
    numbers = {"1": "a", "2": "two", "3": "three"}
    cases = []
    for index in range(count):
        colour, thing = vivid[index % len(vivid)], rng.choice(things)
        way = list(ways)[index % 4]
        plain = rng.choice([name for name in ("white", "black", "grey", "blue", "green") if name != colour])
        cases.append(Case(f"{colour} {thing} over a {plain} background", {"colour": colour, "background": plain}))
        cases.append(Case(f"a {rng.choice(vivid)} {thing} that moves {ways[way]}", {"motion": way}))
        place = list(places)[index % len(places)]
        cases.append(Case(f"scene {places[place]} with a {rng.choice(things)}", {"background": place}))
        night = ("day", "night", "sunset")[index % 3]
        when = {"day": "on a sunny day", "night": "late at night", "sunset": "during sunset"}[night]
        outdoor = rng.choice([name for name in places if name not in {"room", "space"}])
        cases.append(Case(f"a {rng.choice(things)} {places[outdoor]} {when}", {"time": night}))
        falling = ("rain", "snow")[index % 2]
        how = {"rain": "on a day of heavy rain", "snow": "while snow is falling"}[falling]
        cases.append(Case(f"a red {rng.choice(things)} {places[outdoor]} {how}", {"weather": falling}))
        kind = kinds[index % len(kinds)]
        cases.append(Case(f"one {kind} is seen", {"kind": kind, "count": "1"}))
        number = list(numbers)[index % 3]
        plural = thing if number == "1" else thing + "s"
        cases.append(Case(f"{numbers[number]} {rng.choice(vivid)} {plural} standing still", {"count": number}))
    return cases


def judge(case: Case, findings: Findings, kind: str, count: int) -> dict[str, bool]:
    """Which of the case's expectations hold."""
    seen = {
        "colour": findings.colour, "motion": findings.motion, "background": findings.background,
        "time": findings.time, "weather": findings.weather, "kind": kind, "count": str(count),
    }  # fmt: skip
    return {name: seen[name] == wanted for name, wanted in case.expect.items()}


def contact_sheet(
    clips: NDArray[np.uint8], path: Path, columns: int = 4, frames: tuple[int, ...] = _FRAMES_ON_SHEET
) -> None:
    """Write some frames of each clip (N, T, 64, 64, 3), clip by clip in rows, as a PNG."""
    from PIL import Image

    strips = [np.concatenate([np.pad(clip[i], ((1, 1), (1, 1), (0, 0))) for i in frames], 1) for clip in clips]
    while len(strips) % columns:
        strips.append(np.zeros_like(strips[0]))
    rows = [np.concatenate(strips[i : i + columns], 1) for i in range(0, len(strips), columns)]
    Image.fromarray(np.concatenate(rows, 0)).save(path)


def _full_size(video: Any) -> Any:
    """Clips (N, T, 3, H, W) at the size and length that the analyser reads: 16 frames of 64x64."""
    video = video.repeat_interleave(FRAMES // video.shape[1], 1)
    if video.shape[-1] == SIDE:
        return video
    from torch.nn.functional import interpolate

    flat = interpolate(video.flatten(0, 1), size=(SIDE, SIDE), mode="bicubic", antialias=False)
    return flat.reshape(*video.shape[:3], SIDE, SIDE).clamp(-1, 1)


def generate_clips(trainer: Any, texts: list[str], seed: int, steps: int = 16, batch: int = 32) -> NDArray[np.uint8]:
    """Sample a clip for each prompt from the trainer's averaged network: (N, T, 64, 64, 3) uint8."""
    from ...tools.generation.embedded.layout import draw_layout, sample_layout
    from ...tools.generation.embedded.sampling import sample
    from ...tools.generation.embedded.text import encode, load_tokenizer

    torch, config = trainer.torch, trainer.config
    device = trainer.options.device
    tokenizer = load_tokenizer(trainer.options.models / "text")
    noise_source = torch.Generator("cpu").manual_seed(seed)
    clips = []
    for start in range(0, len(texts), batch):
        part = texts[start : start + batch]
        states, mask = encode(trainer.encoder, tokenizer, [""] * len(part) + part)
        shape = (len(part), config.frames, 3, config.side, config.side)
        noise = torch.randn(shape, generator=noise_source).to(device)
        places = sample_layout(trainer.layout, states.float(), mask, noise_source)
        planes = draw_layout(places, config.frames, config.side)
        with torch.autocast(device, torch.bfloat16):
            video = sample(trainer.average, noise, states.float(), mask, steps=steps, layout=planes)
        pixels = ((_full_size(video.float()) + 1) * 127.5).round().clamp(0, 255).byte()
        clips.append(pixels.permute(0, 1, 3, 4, 2).cpu().numpy())
    return np.concatenate(clips)


def evaluate(trainer: Any, count: int, out: Path) -> dict[str, Any]:
    """Accuracy by attribute over ``count`` prompts each, seconds a clip, every case; writes contact sheets."""
    from .scene_reader import read_objects, train_reader

    cases = prompts(count)
    start = time.monotonic()
    clips = generate_clips(trainer, [case.prompt for case in cases], seed=1234)
    seconds = time.monotonic() - start
    contact_sheet(clips[:96], out / "evaluation.png")
    for part in range(0, len(clips), 50):  # kept, so that they can be measured again
        np.savez_compressed(out / f"clips-{part // 50:02d}.npz", clips=clips[part : part + 50])
    size = {"steps": 1500, "batch": 256} if trainer.options.device == "cuda" else {"steps": 500, "batch": 64}
    reader = train_reader(trainer.bank, trainer.options.device, **size)
    right: dict[str, list[bool]] = {}
    rows = []
    for case, clip, (kind, number) in zip(cases, clips, read_objects(reader, clips), strict=True):
        findings = analyse(clip)
        verdicts = judge(case, findings, kind, number)
        for name, holds in verdicts.items():
            right.setdefault(name, []).append(holds)
        rows.append({"prompt": case.prompt, "expect": case.expect, "holds": verdicts,
                     "seen": {**findings.__dict__, "kind": kind, "count": number}})  # fmt: skip
    table = {
        name: {"right": round(sum(values) / len(values), 4), "prompts": len(values)} for name, values in right.items()
    }
    return {
        "accuracy": table,
        "reader_on_drawn_clips": reader_accuracy(reader),
        "seconds_per_clip": round(seconds / len(cases), 4),
        "cases": rows,
    }


def reader_accuracy(reader: Any, count: int = 200) -> dict[str, float]:
    """How often the reader is right about kind and count on drawn clips that it was not trained on."""
    from .scene_bank import HELD_OUT_SEEDS
    from .scene_reader import read_objects

    drawn = [render_seed(HELD_OUT_SEEDS + index, NARROW) for index in range(count)]
    seen = read_objects(reader, np.stack([clip for _, clip in drawn]))
    pairs = [(found, scene) for found, (scene, _) in zip(seen, drawn, strict=True)]
    return {
        "kind": round(sum(found[0] == scene.kind for found, scene in pairs) / count, 4),
        "count": round(sum(found[1] == scene.count for found, scene in pairs) / count, 4),
    }
