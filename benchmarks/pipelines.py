"""How long tiny pipelines of each diffusers family take to load and to make a step, and what they start from.

    python benchmarks/pipelines.py [--folder DIR_OF_A_PIPELINE]

The tiny ones have random weights and the architectures of the real ones: their times are what diffusers and this
project's code around it cost, not what a model costs. With ``--folder``, a pipeline of the user's own.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from gpt4video.tools.errors import ToolError
from gpt4video.tools.generation.base import GenerationRequest
from gpt4video.tools.generation.diffusers_backend import DiffusersGenerator

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import tiny_pipelines as tiny  # the pipelines of the tests
import tiny_transformers as transformers

FAMILIES: dict[str, Callable[[Path], Path]] = {
    "ModelScope": tiny.modelscope,
    "AnimateDiff": tiny.animatediff,
    "Stable Video Diffusion": tiny.stable_video_diffusion,
    "Wan": transformers.wan,
    "Wan 2.2 (both)": lambda folder: transformers.wan(folder, both=True),
    "Wan image": transformers.wan_image,
    "LTX": transformers.ltx,
    "CogVideoX": transformers.cogvideox,
    "CogVideoX image": lambda folder: transformers.cogvideox(folder, from_image=True),
}
NOISE = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), np.uint8)
WORDS = GenerationRequest(prompt="a red ball", seconds=0.5, steps=4, width=32, height=32)


def row(name: str, folder: Path) -> str:
    """One line of the table: seconds to load, seconds a step, and yes or no for each start."""
    generator = DiffusersGenerator(folder)
    begin = time.monotonic()
    _ = generator._pipeline
    loaded = time.monotonic() - begin
    cells, step = [], 0.0
    for mode, start in (("text", {}), ("image", {"image": NOISE[0]}), ("video", {"video": NOISE})):
        if not getattr(generator.capabilities, mode):
            cells.append("-")
            continue
        request = replace(WORDS, **start)
        try:
            generator.generate(request)
            begin = time.monotonic()
            generator.generate(request)
            step = max(step, (time.monotonic() - begin) / 4)
            cells.append("yes")
        except ToolError as error:
            cells.append(type(error).__name__)
    return f"{name:24} {loaded:7.2f} {step:7.3f}  " + "".join(f"{cell:8}" for cell in cells)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args().folder
    torch.set_num_threads(1)
    print(f"{'family':24} {'load s':>7} {'step s':>7}  {'text':8}{'image':8}{'video':8}")
    if given is not None:
        print(row(given.name, given))
        return
    with TemporaryDirectory() as scratch:
        for name, make in FAMILIES.items():
            print(row(name, make(Path(scratch) / name / "pipeline")))
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
