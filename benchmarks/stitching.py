"""Videos stitched from pieces without a cut, so that every cut, dissolve and fade is known (for ``cuts.py``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from gpt4video.agent.model.artifacts import ArtifactStore
from gpt4video.agent.training.drawn_clips import draw_clip
from gpt4video.agent.training.scene_world import WIDE, draw_scene
from gpt4video.agent.training.scenes import render
from gpt4video.tools.media.decode import stream
from numpy.typing import NDArray

Images = NDArray[np.uint8]

WIDTH, HEIGHT = 320, 180
# Time ranges (seconds) that hold no cut: looked at on sheets of two frames a second and at the largest changes.
SHOTS: dict[str, dict[str, tuple[tuple[float, float], ...]]] = {
    "tune": {
        "animation_bbb_opening.webm": ((2.6, 11.7), (11.9, 15.6), (15.75, 22.9), (23.05, 29.9)),
        "bigbuckbunny.mp4": ((0.0, 5.2),),
        "kids_jump_bed.mp4": ((0.0, 6.6),),
        "dog_fetch.mp4": ((0.0, 9.5),),
        "chaplin_silent_film.mp4": ((0.0, 9.5),),
    },
    "report": {
        "bikes.mp4": ((0.0, 1.16), (1.24, 3.0), (3.08, 5.44), (5.52, 7.44), (7.52, 9.64)),
        "football_juggle.mp4": ((0.0, 10.2),),
        "letter_blocks.mp4": ((0.0, 9.6),),
        "coffee_pour.mp4": ((0.0, 9.5),),
        "asl_sign_walk.mkv": ((0.0, 2.9),),
    },
}
JOINS = {"cut": 0.55, "dissolve": 0.28, "fade": 0.17}
SHARES = {"real": 0.5, "photo": 0.3, "drawn": 0.2}
# Joined pictures differ by at least this (mean of 8-bit values): a viewer must be able to see the join.
UNLIKE = 12.0


@dataclass(frozen=True)
class Join:
    """A known boundary: ``start`` and ``end`` in seconds, equal for a cut."""

    kind: str
    start: float
    end: float


class Sources:
    """Where pieces come from; each piece is (T, 180, 320, 3) RGB without a cut."""

    def __init__(self, split: str, data: Path | None) -> None:
        self._shots: list[tuple[NDArray[np.float32], Images]] = []
        folders = [ArtifactStore().folder("samples")] + ([data / "media"] if data else [])
        for name, ranges in SHOTS[split].items():
            path = next((folder / name for folder in folders if (folder / name).is_file()), None)
            if path is not None:
                self._read(path, ranges)
        photos = sorted((data / "captions/flickr8k/images").glob("*.jpg")) if data else []
        self._photos = photos[0 if split == "tune" else 1 :: 2]
        kinds = {"real": bool(self._shots), "photo": bool(self._photos), "drawn": True}
        self._kinds = {kind: share for kind, share in SHARES.items() if kinds[kind]}

    def _read(self, path: Path, ranges: tuple[tuple[float, float], ...]) -> None:
        parts = list(stream(path, size=(WIDTH, HEIGHT)))
        times, images = np.concatenate([p.times for p in parts]), np.concatenate([p.images for p in parts])
        for begin, end in ranges:
            inside = (times >= begin) & (times <= end)
            self._shots.append((times[inside], images[inside]))

    def piece(self, rng: np.random.Generator, fps: float) -> tuple[str, Images]:
        """A piece, and what it was taken from."""
        shares = np.array(list(self._kinds.values()))
        kind = str(rng.choice(list(self._kinds), p=shares / shares.sum()))
        frames = round(float(rng.uniform(1.0, 4.5)) * fps)
        return {"real": self._real, "photo": self._photo, "drawn": self._drawn}[kind](rng, frames, fps)

    def _real(self, rng: np.random.Generator, frames: int, fps: float) -> tuple[str, Images]:
        shot = int(rng.integers(len(self._shots)))
        times, images = self._shots[shot]
        frames = min(frames, int((times[-1] - times[0]) * fps))
        begin = times[0] + rng.uniform(0, max(0.0, times[-1] - times[0] - frames / fps))
        wanted = np.searchsorted(times, begin + np.arange(frames) / fps).clip(0, len(times) - 1)
        return f"shot {shot}", images[wanted, :, :: int(rng.choice((1, -1)))]

    def _photo(self, rng: np.random.Generator, frames: int, fps: float) -> tuple[str, Images]:
        path = self._photos[int(rng.integers(len(self._photos)))]
        image = cv2.imread(str(path))[:, :, ::-1]
        height, width = image.shape[:2]
        seconds = frames / fps
        zoom = np.exp(np.linspace(0, rng.uniform(-0.12, 0.12) * seconds, frames))
        zoom *= rng.uniform(1.15, 1.5) / zoom.min()
        scale = zoom * max(WIDTH / width, HEIGHT / height)
        room = np.array([width, height]) - np.array([WIDTH, HEIGHT]) / scale.min()
        start, move = rng.uniform(0, 1, 2), rng.uniform(-0.25, 0.25, 2) * seconds
        place = np.clip(start + np.linspace(0, 1, frames)[:, None] * move, 0, 1) * room
        output = np.empty((frames, HEIGHT, WIDTH, 3), np.uint8)
        for index, (k, (x, y)) in enumerate(zip(scale, place, strict=True)):
            matrix = np.array([[k, 0, -k * x], [0, k, -k * y]])
            cv2.warpAffine(image, matrix, (WIDTH, HEIGHT), output[index], cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
        return path.name, output

    def _drawn(self, rng: np.random.Generator, frames: int, _fps: float) -> tuple[str, Images]:
        """Drawn at half the rate, each picture shown twice, as animations are."""
        half = (frames + 1) // 2
        seed = int(rng.integers(1 << 31))
        if rng.random() < 0.5:
            small = render(draw_scene(seed, WIDE), half)[:, 14:50]
        else:
            small = draw_clip(rng, frames=half, side=192).frames[:, 42:150]
        large = np.stack([cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) for image in small])
        return f"drawn {seed}", np.repeat(large, 2, axis=0)[:frames]


def stitch(sources: Sources, rng: np.random.Generator) -> tuple[Images, float, list[Join]]:
    """Frames, frames a second, and the known joins of one video."""
    fps = float(rng.choice((24, 25, 30)))
    origin, first = sources.piece(rng, fps)
    whole: list[Images] = [first]
    joins: list[tuple[str, int]] = []
    count = int(rng.integers(4, 8))
    while len(whole) < count:
        before, (other, after) = whole[-1], sources.piece(rng, fps)
        if other == origin or np.abs(before[-1].astype(np.float32) - after[0]).mean() < UNLIKE:
            continue
        kind = str(rng.choice(list(JOINS), p=list(JOINS.values())))
        frames = round(min(float(rng.uniform(0.3, 1.5)) * fps, 0.45 * len(before), 0.45 * len(after)))
        joins.append((kind, frames) if kind != "cut" and frames >= 0.3 * fps else ("cut", 0))
        whole.append(after)
        origin = other
    return _joined(whole, joins, fps)


def _joined(pieces: list[Images], joins: list[tuple[str, int]], fps: float) -> tuple[Images, float, list[Join]]:
    parts, known, done = [pieces[0]], [], len(pieces[0])
    for (kind, n), after in zip(joins, pieces[1:], strict=True):
        last = parts.pop()
        if kind == "cut":
            known.append(Join(kind, done / fps, done / fps))
            parts += [last, after]
            done += len(after)
        elif kind == "dissolve":
            known.append(Join(kind, (done - n) / fps, done / fps))
            share = (np.arange(1, n + 1) / (n + 1)).astype(np.float32)[:, None, None, None]
            mixed = last[-n:] * (1 - share) + after[:n] * share
            parts += [last[:-n], mixed.round().astype(np.uint8), after[n:]]
            done += len(after) - n
        else:
            half = max(1, n // 2)
            light = (np.arange(half) / half).astype(np.float32)[:, None, None, None]
            known.append(Join(kind, (done - half) / fps, (done + half) / fps))
            out = (last[-half:] * light[::-1]).astype(np.uint8)
            parts += [last[:-half], out, (after[:half] * light).astype(np.uint8), after[half:]]
            done += len(after)
    return np.concatenate(parts), fps, known
