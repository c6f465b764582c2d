"""How well search finds the moment: ``python benchmarks/moments.py --data DIR [--videos N] [--viewer V] [--home DIR]``.

Videos of ten segments are stitched from captioned photos (layout of ``docs/models/retrieval.md``), each under a camera
that slowly pans or zooms, and from pieces of the sample clips. They are taken in as anybody's videos are; then every
photo's segment is sought by one of the captions that people wrote, in its video and in all of them, and things are
sought that no photo shows. ``--home`` keeps the library, so that a second run only searches.
"""

from __future__ import annotations

import argparse
import csv
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gpt4video.agent.assistant import VideoAgent
from gpt4video.agent.searching import MemorySearcher
from gpt4video.memory.filters import Filters
from gpt4video.tools.media.decode import sample
from gpt4video.tools.media.write import write_video
from gpt4video.tools.search import Hit
from numpy.typing import NDArray
from PIL import Image, ImageOps

_SEED = 20
_FPS = 12
_SIZE = (320, 240)
_SEGMENTS, _PIECES = 10, 2
_BEST = 5
# Nothing of the kind is told in any caption of the photos, nor shown in the sample clips.
ABSENT = (
    "a submarine", "a spaceship", "a zebra", "a toothbrush", "a snake", "a dinosaur", "a lighthouse", "a banana",
    "an astronaut", "a hospital", "a bookshelf", "a dentist", "a cactus", "a castle", "a dragon", "a printer",
    "a typewriter", "a computer keyboard", "an operating room in a hospital", "a bathroom sink", "a volcano erupting",
    "a penguin on ice", "an elephant in the savanna", "a church organ", "a pizza in an oven",
    "a courtroom with a judge", "a satellite in orbit", "a microscope in a laboratory", "a bowl of soup",
    "a tank in a war", "a power plant", "a map of europe", "a stock market chart", "a nuclear reactor",
    "a lion hunting", "a steam locomotive", "a pair of scissors", "a teddy bear on a bed",
)  # fmt: skip

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Segment:
    """Seconds ``start`` to ``end`` of a video, and what people say of it (empty for a piece of a clip)."""

    start: float
    end: float
    caption: str


def photos_of(data: Path) -> list[tuple[Path, list[str]]]:
    """The dev photos and their captions."""
    captions: dict[str, list[str]] = {}
    with (data / "captions.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            captions.setdefault(row["image"], []).append(row["caption"])
    return [(data / "images" / name, captions[name]) for name in (data / "dev.txt").read_text().split()]


def panned(photo: Image.Image, frames: int, rng: random.Random) -> Pixels:
    """A photo under a slow camera, (T, H, W, 3): it pans or zooms by a tenth of the picture."""
    large = np.asarray(ImageOps.fit(photo.convert("RGB"), (_SIZE[0] * 5 // 4, _SIZE[1] * 5 // 4)))
    height, width = large.shape[:2]
    scale = np.linspace(*rng.choice([(0.9, 0.9), (1.0, 0.9), (0.9, 1.0)]), frames)
    drift = rng.choice([-1, 1]) * np.linspace(-0.05, 0.05, frames)
    views = []
    for size, shift in zip(scale, drift, strict=True):
        wide, high = int(width * size), int(height * size)
        left = int(np.clip((width - wide) / 2 + shift * width, 0, width - wide))
        top = (height - high) // 2
        view = Image.fromarray(large[top : top + high, left : left + wide])
        views.append(np.asarray(view.resize(_SIZE, Image.Resampling.BILINEAR)))
    return np.stack(views)


def stitched(
    folder: Path, photos: Sequence[tuple[Path, list[str]]], clips: Sequence[Path], number: int
) -> list[Segment]:
    """Write ``folder/NUMBER.mp4``, the same on every run, and tell its segments."""
    rng = random.Random(f"{_SEED}-{number}")
    parts: list[tuple[Pixels, str]] = []
    count = _SEGMENTS - _PIECES
    for path, captions in photos[number * count : (number + 1) * count]:
        with Image.open(path) as photo:
            parts.append((panned(photo, round(_FPS * rng.uniform(3, 6)), rng), rng.choice(captions)))
    for clip in rng.sample(list(clips), _PIECES):
        length, start = rng.uniform(3, 4.5), rng.uniform(0, 0.5)
        times = start + np.arange(0, length, 1 / _FPS)
        parts.append((sample(clip, times.tolist(), size=_SIZE).images, ""))
    rng.shuffle(parts)
    ends = np.cumsum([len(frames) for frames, _ in parts]) / _FPS
    path = folder / f"{number}.mp4"
    if not path.exists():
        write_video(path, np.concatenate([frames for frames, _ in parts]), _FPS)
    return [
        Segment(float(end) - len(frames) / _FPS, float(end), caption)
        for end, (frames, caption) in zip(ends, parts, strict=True)
    ]


def overlap(segment: Segment, hit: Hit) -> float:
    """Intersection over union of two spans."""
    shared = min(segment.end, hit.end) - max(segment.start, hit.start)
    return max(0.0, shared) / (max(segment.end, hit.end) - min(segment.start, hit.start))


def found(searcher: MemorySearcher, videos: dict[str, list[Segment]], everywhere: bool) -> Iterator[list[float]]:
    """For every caption, how its segment and each hit overlap, best hit first."""
    for clip, segments in videos.items():
        for segment in segments:
            if segment.caption:
                filters = Filters() if everywhere else Filters(clips=[clip])
                hits = searcher.search(segment.caption, filters=filters, count=_BEST)
                yield [overlap(segment, hit) if hit.clip == clip else 0.0 for hit in hits]


def report(name: str, overlaps: list[list[float]], taken: float) -> None:
    """Print recall and overlap."""
    first = np.array([hits[0] if hits else 0.0 for hits in overlaps])
    any_of = np.mean([any(one >= 0.5 for one in hits) for hits in overlaps])
    none = np.mean([not hits for hits in overlaps])
    print(
        f"{name}: {len(overlaps)} captions; R@1 {np.mean(first >= 0.5):.3f}, R@{_BEST} {any_of:.3f} at IoU 0.5; "
        f"mean IoU of the first {first.mean():.3f}; nothing found {none:.3f}; "
        f"{1000 * taken / len(overlaps):.0f} ms a search"
    )


def main() -> None:
    """Build, take in, search and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--videos", type=int, default=40)
    parser.add_argument("--viewer", default="off", help="'local' adds the captions of the model that sees")
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = options.home or Path(temporary)
        (home / "files").mkdir(parents=True, exist_ok=True)
        with VideoAgent(home=home / f"home-{options.viewer}", viewer=options.viewer, planner="scripted:none") as agent:
            clips = sorted(agent.components.models("samples").glob("*.mp4"))
            photos = photos_of(options.data)
            told = [stitched(home / "files", photos, clips, number) for number in range(options.videos)]
            start = time.perf_counter()
            taken = agent.ingest([home / "files" / f"{number}.mp4" for number in range(options.videos)])
            seconds = sum(segments[-1].end for segments in told)
            print(f"taken in: {len(taken.clips)} videos of {seconds / 60:.1f} min, {time.perf_counter() - start:.0f} s")
            for bad in taken.failed:  # the guard refuses a photo now and then
                print(f"left out: {Path(bad.path).name} ({bad.code})")
            ids = {Path(clip.source or "").stem: clip.id for clip in agent.components.library.clips()}
            videos = {ids[str(n)]: segments for n, segments in enumerate(told) if str(n) in ids}
            searched(MemorySearcher(agent.components), videos)


def searched(searcher: MemorySearcher, videos: dict[str, list[Segment]]) -> None:
    """Every search and its report."""
    for name, everywhere in (("in the video", False), ("in all videos", True)):
        start = time.perf_counter()
        report(name, list(found(searcher, videos, everywhere)), time.perf_counter() - start)
    clips = list(videos)
    for count in dict.fromkeys((1, 5, len(clips))):
        chosen = [Filters(clips=clips[number : number + count]) for number in range(0, min(len(clips), 10), count)]
        false = [bool(searcher.search(thing, filters=one, count=1)) for one in chosen for thing in ABSENT]
        print(f"absent things 'found' in {count} videos: {np.mean(false):.3f} of {len(false)} searches")


if __name__ == "__main__":
    main()
