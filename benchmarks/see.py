"""How long a caption of a 10-second clip takes, part by part, and how much memory the brain needs.

    python benchmarks/see.py [--repeats 5] [--threads 2]

Decodes the sample clip ``bikes.mp4`` (10.0 s) at two frames a second, encodes the frames, and describes eight of them:
once as in a conversation (eight beams, ranked by the image-text projection) and once greedily. Then the planner is
loaded as well and the process's peak memory is printed: decoder, encoder, seeing model, text encoder and planner.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from gpt4video.agent.components import Components
from gpt4video.agent.model.seer import Look, Seer
from gpt4video.agent.planner.base import PlanContext
from gpt4video.agent.seeing import local_seer
from gpt4video.agent.settings import Settings
from gpt4video.tools.media.decode import sample


def timed(work: Callable[[], Any], repeats: int) -> tuple[Any, float, float]:
    """The last result, and median and spread (highest minus lowest) of the seconds; one run before warms up."""
    work()
    seconds, result = [], None
    for _ in range(repeats):
        begin = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - begin)
    return result, statistics.median(seconds), max(seconds) - min(seconds)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with TemporaryDirectory() as home:
        parts = Components(Settings(home=Path(home)))
        clip = parts.models("samples") / "bikes.mp4"
        begin = time.perf_counter()
        seer = local_seer(parts)
        print(f"the seeing model loads in {time.perf_counter() - begin:.1f} s ({options.threads} threads)")
        report(parts, seer, clip, options.repeats)
        parts.planner.plan(PlanContext(request="hello"))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"peak memory with the planner loaded: {peak:.2f} GB")


def report(parts: Components, seer: Seer, clip: Path, repeats: int) -> None:
    """Time the parts and print them."""
    frames, decode, decode_spread = timed(lambda: sample(clip, every=0.5, size=(256, 144)).images, repeats)
    features, encode, encode_spread = timed(lambda: parts.encoder.encode(frames), repeats)
    spread = np.linspace(0, len(frames) - 1, 8).round().astype(int)
    look = Look(features.grid[spread], features.pooled[spread], seer.labels(features.logits))
    said, caption, caption_spread = timed(lambda: seer.caption(look), repeats)
    seer.options = replace(seer.options, beams=1, candidates=1)
    plain, greedy, greedy_spread = timed(lambda: seer.caption(look), repeats)
    for name, seconds, wide in (
        ("decode 10 s at 2 frames/s", decode, decode_spread),
        (f"encode {len(frames)} frames", encode, encode_spread),
        ("caption, 8 beams, ranked", caption, caption_spread),
        ("caption, greedy", greedy, greedy_spread),
        ("decode + encode + caption", decode + encode + caption, 0.0),
    ):
        print(f"{name:28}{seconds:8.3f} s" + (f"  (spread {wide:.3f})" if wide else ""))
    print(f"said: {said[0].text!r}; greedily: {plain[0].text!r}")


if __name__ == "__main__":
    main()
