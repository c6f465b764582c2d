"""How long the guards take: ``python benchmarks/guard.py [--data DIR] [--clip FILE]``.

Text: the shipped judge, a request after the other, as in a turn. Frames: open-nsfw over a clip as it is judged when it
is taken in, beside decoding alone, over the clip's own length. ``--data`` takes requests and prompts from the data
folder (else those of the exam by hand); ``--clip`` is any video (else a pinned sample).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from gpt4video.agent.evaluation.safety import by_hand, held_out
from gpt4video.agent.frames import frames_of_file
from gpt4video.agent.model.artifacts import ArtifactStore
from gpt4video.policies.base import Subject
from gpt4video.policies.classifier import TextClassifier
from gpt4video.policies.config import load_policy
from gpt4video.policies.frames import FramePolicy
from gpt4video.policies.text import TextPolicy
from gpt4video.tools.media.probe import probe


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Print medians and 99th percentiles of the text judge, and the speed of the frame judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--clip", type=Path)
    options = parser.parse_args()
    store, config = ArtifactStore(), load_policy()
    cases = held_out(options.data, 40) if options.data else by_hand()
    words = TextPolicy(config.text, TextClassifier(store.folder("text")))
    subjects = [Subject(stage=case.stage, text=case.text) for case in cases]
    words.judge(subjects[0])
    spent = [1000 * _timed(lambda subject=subject: words.judge(subject)) for subject in subjects]  # type: ignore[misc]
    print(f"{len(spent)} texts: median {np.median(spent):.1f} ms, 99 % {np.percentile(spent, 99):.1f} ms")

    clip = options.clip or next(path for path in sorted(store.folder("samples").rglob("*.mp4")))
    length, every = probe(clip).duration, config.frames.every
    pictures = FramePolicy(store.folder("nsfw") / "open-nsfw.onnx", frames_of_file, every=every)
    pictures.judge(Subject(stage="media", media=clip))
    for name, work in (
        ("decode alone", lambda: sum(len(batch) for batch in frames_of_file(clip, every))),
        (f"judged, a frame every {every:g} s", lambda: pictures.judge(Subject(stage="media", media=clip))),
        ("judged, every frame", lambda: pictures.judge(Subject(stage="media", media=clip, generated=True))),
    ):
        best = min(_timed(work) for _ in range(3))
        print(f"{clip.name} ({length:.1f} s), {name:<28} {best:6.2f} s = {length / best:5.1f} x real time")


if __name__ == "__main__":
    main()
