"""How well cuts, dissolves and fades are found, against PySceneDetect, on videos stitched from pieces without a cut.

    python benchmarks/cuts.py [--data DIR] [--videos 200] [--split report] [--workers 2]

Pieces of 1 to 4.5 s are joined by cuts, dissolves and fades through black (0.3 to 1.5 s), written as H.264 of 320x180
and read as the product reads them (256 pixels wide, decoded in the sandbox). They come from real clips and photos with
a slow pan and zoom (``--data``: a folder with ``media/`` and ``captions/flickr8k/images``, either may lack; without it,
the sample clips alone), and from drawn scenes. The detector was tuned on ``--split tune``; figures are of ``--split
report``, which has other seeds, other photos and other real clips.

A cut counts when a boundary lies within two frames of it, a dissolve or fade when one lies in it or within 0.25 s of
it; each counts once. A boundary that hits nothing is a fault in every column, whatever it was called. PySceneDetect's
detectors run with their defaults on the same frames; the best of them is the one to compare with, column by column.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from gpt4video.tools.media.decode import Frames, stream
from gpt4video.tools.media.write import write_video
from gpt4video.tools.understanding.shots import ShotFinder
from stitching import Join, Sources, stitch

SEEDS = {"tune": 1_000, "report": 2_000_000}
COLUMNS = ("cut", "gradual", "all")


@dataclass
class Score:
    """Counts of one detector: hits and known ones by column, boundaries that hit nothing, and seconds."""

    hits: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    named: int = 0
    wrong: int = 0
    seconds: float = 0.0

    def add(self, other: Score) -> None:
        """Count another video's as well."""
        self.hits += other.hits
        self.known += other.known
        self.named += other.named
        self.wrong += other.wrong
        self.seconds += other.seconds

    def figures(self, column: str) -> tuple[float, float, float]:
        """Precision, recall, F1."""
        hits, known = self.hits[column], self.known[column]
        precision, recall = hits / max(1, hits + self.wrong), hits / max(1, known)
        return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def own(batches: list[Frames], fps: float) -> list[tuple[float, str]]:
    """Boundaries of the product, with their kinds."""
    finder = ShotFinder()
    found = [shot for batch in batches for shot in finder.push(batch.times, batch.images)]
    found += finder.finish(float(batches[-1].times[-1]) + 1 / fps)
    return [(shot.start, shot.opens) for shot in found[1:]]


def theirs(name: str, batches: list[Frames], fps: float) -> list[tuple[float, str]]:
    """Boundaries of one of PySceneDetect's detectors with its defaults."""
    import scenedetect
    import scenedetect.detectors as detectors

    detector: Any = getattr(detectors, name)()
    times = np.concatenate([batch.times for batch in batches])
    codes = (scenedetect.FrameTimecode(index, fps) for index in range(len(times)))
    cuts = []
    for image in (image for batch in batches for image in batch.images):
        code = next(codes)
        cuts += detector.process_frame(code, np.ascontiguousarray(image[:, :, ::-1]))
    cuts += detector.post_process(code)
    return [(float(times[min(cut.frame_num, len(times) - 1)]), "") for cut in cuts]


DETECTORS: dict[str, Callable[[list[Frames], float], list[tuple[float, str]]]] = {
    "GPT4Video": own,
    **{f"PySceneDetect {name}": partial(theirs, f"{name}Detector") for name in ("Content", "Adaptive", "Threshold")},
}


def judge(found: list[tuple[float, str]], joins: list[Join], fps: float) -> Score:
    """Match boundaries with known joins."""
    score, left = Score(), sorted(found)
    for join in sorted(joins, key=lambda join: join.kind != "cut"):  # cuts, the narrower ones, choose first
        column = "cut" if join.kind == "cut" else "gradual"
        reach = 2.01 / fps if join.kind == "cut" else 0.25
        score.known.update((column, "all"))
        near = [one for one in left if join.start - reach <= one[0] <= join.end + reach]
        if near:
            best = min(near, key=lambda one: abs(one[0] - (join.start + join.end) / 2))
            left.remove(best)
            score.hits.update((column, "all"))
            score.named += best[1] == join.kind
    score.wrong = len(left)
    return score


@cache
def _sources(split: str, data: Path | None) -> Sources:
    return Sources(split, data)


def video(number: int, split: str, data: Path | None, folder: Path) -> tuple[dict[str, Score], int]:
    """Make one video, read it as the product does, and judge every detector; and its number of frames."""
    rng = np.random.default_rng(SEEDS[split] + number)
    frames, fps, joins = stitch(_sources(split, data), rng)
    path = folder / f"{split}-{number}.mp4"
    write_video(path, frames, fps)
    batches = list(stream(path, size=(256, 144), batch=64))
    path.unlink()
    scores: dict[str, Score] = {}
    for name, detector in DETECTORS.items():
        began = time.process_time()
        found = detector(batches, fps)
        scores[name] = judge(found, joins, fps)
        scores[name].seconds = time.process_time() - began
    return scores, len(frames)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--videos", type=int, default=200)
    parser.add_argument("--split", choices=tuple(SEEDS), default="report")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    totals = {name: Score() for name in DETECTORS}
    frames = 0
    with TemporaryDirectory() as folder, ProcessPoolExecutor(options.workers, initializer=_alone) as pool:
        work = partial(video, split=options.split, data=options.data, folder=Path(folder))
        for scores, count in pool.map(work, range(options.videos)):
            frames += count
            for name, score in scores.items():
                totals[name].add(score)
    report(totals, frames, options.videos)


def _alone() -> None:
    """One thread a worker, so that milliseconds are of one core."""
    cv2.setNumThreads(1)


def report(totals: dict[str, Score], frames: int, videos: int) -> None:
    """Print the table."""
    own_score = totals["GPT4Video"]
    known = own_score.known
    print(f"{videos} videos, {frames} frames, {known['cut']} cuts, {known['gradual']} dissolves and fades")
    print(f"{'precision / recall / F1':26}" + "".join(f"{column:>24}" for column in COLUMNS) + f"{'ms a frame':>12}")
    for name, score in totals.items():
        cells = (" / ".join(f"{value:.3f}" for value in score.figures(column)) for column in COLUMNS)
        print(f"{name:26}" + "".join(f"{cell:>24}" for cell in cells) + f"{1000 * score.seconds / frames:12.3f}")
    for column in COLUMNS:
        others = {name: score.figures(column)[2] for name, score in totals.items() if score is not own_score}
        best = max(others, key=lambda name: others[name])
        print(f"{column}: F1 {own_score.figures(column)[2]:.3f}, the best of PySceneDetect {others[best]:.3f} ({best})")
    print(f"called by their right kind: {own_score.named / max(1, own_score.hits['all']):.3f}")


if __name__ == "__main__":
    main()
