"""How well and how fast on-screen text is read: titles drawn over real frames, through the real encoder and decoder.

    python benchmarks/ocr.py [--data DIR] [--clips 40] [--seed 1] [--smallest 0.03] [--largest 0.12]

Clips of three seconds (six frames a second, H.264) are cut from the videos and photos of DIR (the sample clips if none
is given); runs in which text is read to begin with are left out. Each clip is read without a title and with one, at
every look where something changed, and at those alone where the hint sees a chance of text. Words are ImageNet's class
names; two of the four fonts were never seen in training the hint. Seconds are those of the processor, on one thread,
without decoding.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from gpt4video.agent.components import Components
from gpt4video.agent.settings import Settings
from gpt4video.agent.training.drawn_text import Title, titles
from gpt4video.tools.media.decode import sample, stream
from gpt4video.tools.media.probe import probe
from gpt4video.tools.understanding.ocr import TextReader
from gpt4video.tools.understanding.screentext import TextLog
from gpt4video.tools.understanding.texthint import TextHint
from gpt4video.tools.understanding.watch import ChangeWatch
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

FPS, SECONDS = 6, 3
VIDEOS = {".mp4", ".webm", ".mkv", ".mov"}
PHOTOS = {".jpg", ".jpeg", ".png"}


class Clock:
    """Processor seconds by stage; a stage inside another is taken off the outer one."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._inner = [0.0]

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add what runs within to ``stage``."""
        begin = time.process_time()
        self._inner.append(0.0)
        yield
        took = time.process_time() - begin
        self.spent[stage] += took - self._inner.pop()
        self._inner[-1] += took


class TimedReader(TextReader):
    """A reader that says how long it searches and reads."""

    clock: Clock

    def find(self, image: Pixels) -> Any:
        """As the reader's."""
        with self.clock("search"):
            return super().find(image)

    def lines(self, image: Pixels, boxes: Any) -> Any:
        """As the reader's."""
        with self.clock("read"):
            return super().lines(image, boxes)


class TimedHint(TextHint):
    """A hint that says how long it looks."""

    clock: Clock

    def logits(self, image: Pixels) -> Any:
        """As the hint's."""
        with self.clock("hint"):
            return super().logits(image)


class Way:
    """One way to read clips, and what came of it."""

    def __init__(self, name: str, reader: TimedReader, hint: TimedHint | None) -> None:
        self.name, self._reader, self._hint = name, reader, hint
        self.clock: dict[str, Clock] = {"plain": Clock(), "titled": Clock()}
        self.count: dict[str, Counter[str]] = {"plain": Counter(), "titled": Counter()}
        self.missed: list[tuple[Title, list[str]]] = []
        self.by: dict[str, Counter[str]] = defaultdict(Counter)

    def read(self, path: Path, title: Title | None) -> None:
        """Read a clip of ``SECONDS`` and count what was right."""
        kind = "titled" if title else "plain"
        clock, count = self.clock[kind], self.count[kind]
        self._reader.clock = clock
        if self._hint is not None:
            self._hint.clock = clock
        info = probe(path)
        small, large = (_within(info.width, info.height, side) for side in (256, 960))
        watch, looks = ChangeWatch(1.0, hint=self._hint), []
        for batch in stream(path, size=small, batch=64):
            with clock("watch"):
                looks += watch.push(batch.times, batch.images)
        with clock("watch"):
            looks += watch.finish()
        wanted = [look.time for look in looks if look.read]
        images = dict(zip(wanted, sample(path, wanted, size=large).images, strict=True)) if wanted else {}
        log = TextLog(1 / FPS)
        truth = Counter(title.words) if title else Counter()
        for look in looks:
            if not look.changed:
                log.same(look.time)
                continue
            lines = self._reader.read(images[look.time]) if look.read else []
            log.add(look.time, lines)
            invented = Counter(words(" ".join(line.text for line in lines))) - truth
            count.update(looks=1, frames=look.read, invented=sum(invented.values()))
        found = Counter(words(" ".join(text.text for text in log.texts())))
        right = (found & truth).total()
        count.update(clips=1, words=truth.total(), right=right, wrong=(found - truth).total())
        if title:
            for key in (title.style, title.motion, title.font or "Pillow's own", _band(title.height)):
                self.by[key].update(words=truth.total(), right=right)
            if right < truth.total():
                self.missed.append((title, sorted(found.elements())))

    def report(self, details: bool) -> None:
        """Print."""
        titled, plain = self.count["titled"], self.count["plain"]
        print(f"\n{self.name}")
        print(f"  words read right          {titled['right'] / max(1, titled['words']):.3f}  of {titled['words']}")
        for kind, count in self.count.items():
            shares = f"{count['invented'] / max(1, count['frames']):.3f} a frame, {count['wrong']} in the findings"
            print(f"  words invented, {kind:8}  {shares} of {count['clips']} clips")
        print(f"  changed looks not read    {1 - plain['frames'] / max(1, plain['looks']):.3f}  without text,", end=" ")
        print(f"{1 - titled['frames'] / max(1, titled['looks']):.3f} with")
        for kind, clock in self.clock.items():
            seconds = max(1, self.count[kind]["clips"]) * SECONDS
            parts = ", ".join(f"{stage} {1000 * spent / seconds:.1f}" for stage, spent in clock.spent.items())
            total = 1000 * sum(clock.spent.values()) / seconds
            print(f"  ms a second, {kind:8}     {total:.1f}  ({parts}); {self.count[kind]['frames']} frames read")
        if details:
            print("  right by: " + ", ".join(f"{k} {c['right'] / c['words']:.2f}" for k, c in sorted(self.by.items())))
            for title, found in self.missed:
                look = f"{title.height:.3f} {title.style} {title.motion} {title.opacity} {title.font or 'own'}"
                print(f"  missed: {' '.join(title.words)} -> {' '.join(found)} ({look})")


def _band(height: float) -> str:
    return "3-5 %" if height < 0.05 else "5-8 %" if height < 0.08 else "8-12 %"


def words(text: str) -> list[str]:
    """Runs of letters and digits, lower case."""
    return re.findall(r"[^\W_]+", text.casefold())


def _within(width: int, height: int, side: int) -> tuple[int, int]:
    scale = min(1.0, side / max(width, height))
    return round(width * scale), round(height * scale)


def backgrounds(folder: Path) -> Iterator[Pixels]:
    """Runs of frames (T, 720, W, 3) of ``SECONDS`` from the videos and photos of a folder, turn and turn about."""
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in VIDEOS | PHOTOS]
    runs = [_runs(path) for path in paths]
    while runs:
        for run in list(runs):
            frames = next(run, None)
            if frames is None:
                runs.remove(run)
            else:
                yield frames


def _runs(path: Path) -> Iterator[Pixels]:
    count = FPS * SECONDS
    if path.suffix.lower() in PHOTOS:
        photo = Image.open(path).convert("RGB")
        large = photo.resize((round(photo.width * 360 / photo.height) * 2, 720))
        yield np.repeat(np.asarray(large, np.uint8)[None], count, axis=0)
        return
    info = probe(path)
    size = (round(info.width * 360 / info.height) * 2, 720)
    for batch in stream(path, every=1 / FPS, size=size, batch=count):
        if len(batch) == count:
            yield batch.images


def encode(path: Path, frames: Pixels, quality: int = 26) -> Path:
    """Write frames (T, H, W, 3) as H.264 with colours at half the size, as cameras and sites do."""
    import av

    with av.open(str(path), "w") as media:
        video = media.add_stream("libx264", rate=Fraction(FPS))
        video.height, video.width, video.pix_fmt = frames.shape[1], frames.shape[2], "yuv420p"
        video.options = {"crf": str(quality), "preset": "veryfast", "threads": "1"}
        for image in frames:
            media.mux(video.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        media.mux(video.encode())
    return path


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of videos and photos")
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--smallest", type=float, default=0.03, help="letters, share of the height")
    parser.add_argument("--largest", type=float, default=0.12)
    parser.add_argument("--still", action="store_true", help="titles that stand still alone")
    parser.add_argument("--details", action="store_true", help="shares by style and size, and what was missed")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with TemporaryDirectory() as home:
        parts = Components(Settings(home=Path(home)))
        folder = parts.models("ocr")
        models = folder / "ch_PP-OCRv4_det_infer.onnx", folder / "ch_PP-OCRv4_rec_infer.onnx"
        ways = [
            Way("every change", TimedReader(*models, threads=1), None),
            Way("with the hint", TimedReader(*models, threads=1), TimedHint()),
        ]
        check = TextReader(*models, threads=1)
        drawn = (title for title in titles(options.seed, smallest=options.smallest, largest=options.largest))
        wanted = (title for title in drawn if title.motion == "still" or not options.still)
        bare = (
            frames
            for frames in backgrounds(options.data or parts.models("samples"))
            if not any(check.read(frames[at]) for at in (0, len(frames) // 2, -1))
        )
        path = Path(home) / "clip.mp4"
        for frames, title in zip(islice(bare, options.clips), wanted, strict=False):
            for shown in (None, title):
                encode(path, _titled(frames, shown))
                for way in ways:
                    way.read(path, shown)
        for way in ways:
            way.report(options.details)


def _titled(frames: Pixels, title: Title | None) -> Pixels:
    if title is None:
        return frames
    return np.stack([title.over(image, n / FPS, n / (len(frames) - 1)) for n, image in enumerate(frames)])


if __name__ == "__main__":
    main()
