"""How fast clips are taken in, and how much memory it takes: ``python benchmarks/ingest.py [--clips FILE ...]``.

A 720p h264 video of ``--seconds`` is put together from the sample clips (or ``--clips``). Each line is a process of its
own over the same file, in turn, ``--rounds`` times; the fastest round counts.

* decode: what the product decodes (every frame once, small, and one a second large) as fast as it can, nothing else:
  the limit;
* decord: the same frames small, by decord in this process, without a sandbox: the other limit;
* plain: what one would write in an afternoon: PySceneDetect over the file, then two frames a second, one at a time,
  through the same encoder and projection, and ``collection.add`` for each;
* ingest: ``gpt4video ingest --viewer off``: judged, cut into shots, labelled, read, measured, indexed;
* captions: the same with a sentence for each shot.

``--long HOURS`` compares the peak memory (of all processes) for one minute and for so many hours of the same video, and
``--growth PNG`` draws time against length.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from gpt4video.agent.components import Components
from gpt4video.agent.settings import Settings
from gpt4video.tools.media.probe import probe
from gpt4video.tools.understanding.analysis import frames_for, size_within

KINDS = ("decode", "decord", "plain", "ingest", "captions")


def decode(video: Path, parts: Components) -> None:
    """Read every frame as an analysis would."""
    del parts
    for _ in frames_for(probe(video), threads=2):
        pass


def decord(video: Path, parts: Components) -> None:
    """Read every frame small with decord."""
    del parts
    import decord as library

    width, height = size_within(probe(video), 256)
    reader = library.VideoReader(str(video), width=width, height=height, num_threads=2)
    for first in range(0, len(reader), 64):
        reader.get_batch(list(range(first, min(first + 64, len(reader))))).asnumpy()


def plain(video: Path, parts: Components) -> None:
    """The afternoon's pipeline."""
    import chromadb
    import cv2
    from scenedetect import AdaptiveDetector, detect

    client = chromadb.PersistentClient(path=str(parts.settings.home / "plain"))
    collection = client.get_or_create_collection("frames")
    scenes = detect(str(video), AdaptiveDetector())
    capture = cv2.VideoCapture(str(video))
    number, step = 0, round(capture.get(cv2.CAP_PROP_FPS) / 2)
    while capture.grab():
        number += 1
        if number % step != 1:
            continue
        image = cv2.cvtColor(capture.retrieve()[1], cv2.COLOR_BGR2RGB)
        moment = (number - 1) / (2 * step)
        vector = parts.projection.images(parts.encoder.encode(image[None]).pooled)[0]
        shot = sum(start.seconds <= moment for start, _ in scenes)
        collection.add(
            ids=[f"{video.stem}{number}"], embeddings=[vector.tolist()], metadatas=[{"time": moment, "shot": shot}]
        )


def ingest(video: Path, parts: Components) -> None:
    """The product."""
    report = parts.intake.ingest([video], user="local")
    assert report.clips, report


def job(kind: str, video: Path) -> None:
    """Run one kind; print its seconds without imports and loading, and the peak memory of all its processes."""
    jobs: dict[str, Callable[[Path, Components], None]] = {
        "decode": decode, "decord": decord, "plain": plain, "ingest": ingest, "captions": ingest,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        parts = Components(Settings(home=Path(folder), viewer="local" if kind == "captions" else "off"))
        jobs[kind](_sample(), parts)  # models are loaded once in a long run: not counted
        peak = Peak()
        started = time.perf_counter()
        jobs[kind](video, parts)
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "peak": peak.stop()}))


def _sample() -> Path:
    from gpt4video.agent.model.artifacts import ArtifactStore

    return ArtifactStore().folder("samples") / "bikes.mp4"


class Peak:
    """The most memory that this process and its children held together, sampled ten times a second; bytes."""

    def __init__(self) -> None:
        self._most, self._end = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The peak."""
        self._end.set()
        self._thread.join()
        return self._most

    def _watch(self) -> None:
        import psutil

        process = psutil.Process()
        while not self._end.wait(0.1):
            total = 0
            for one in (process, *process.children(recursive=True)):
                try:
                    total += one.memory_info().rss
                except psutil.Error:
                    continue
            self._most = max(self._most, total)


def make(clips: list[Path], seconds: float, into: Path) -> Path:
    """A 720p h264 video of so many seconds, 25 frames a second, out of pieces of clips."""
    import imageio_ffmpeg

    inputs = [part for clip in clips for part in ("-stream_loop", "-1", "-i", str(clip))]
    each = seconds / len(clips)
    fit = "scale=1280:720:force_original_aspect_ratio=increase,crop=1280:720,setsar=1,fps=25,format=yuv420p"
    graph = ";".join(f"[{n}:v]{fit},trim=0:{each},setpts=PTS-STARTPTS[v{n}]" for n in range(len(clips)))
    graph += ";" + "".join(f"[v{n}]" for n in range(len(clips))) + f"concat=n={len(clips)}:v=1[v]"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", *inputs, "-filter_complex", graph]
    command += ["-map", "[v]", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-g", "250", str(into)]
    subprocess.run(command, check=True)
    return into


def repeat(video: Path, times: int, into: Path) -> Path:
    """The video again and again, without encoding anew."""
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", "-stream_loop", str(times - 1)]
    subprocess.run([*command, "-i", str(video), "-c", "copy", str(into)], check=True)
    return into


def run(kind: str, video: Path) -> dict[str, float]:
    """One kind in a process of its own."""
    command = [sys.executable, __file__, "--job", kind, "--video", str(video)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def growth(base: Path, folder: Path, picture: Path) -> None:
    """Draw seconds against length."""
    from matplotlib import pyplot

    lengths = [1, 2, 4, 8, 16]
    taken = []
    for times in lengths:
        video = repeat(base, times, folder / f"{times}.mp4")
        taken.append(run("ingest", video)["seconds"])
        print(f"{probe(video).duration:8.0f} s of video   {taken[-1]:8.1f} s", flush=True)
    figure, axes = pyplot.subplots(figsize=(6, 4), dpi=110, layout="constrained")
    seconds = [probe(folder / f"{times}.mp4").duration for times in lengths]
    axes.loglog(seconds, taken, "o-", label="taken in, without captions")
    axes.loglog(seconds, [taken[0] * one / seconds[0] for one in seconds], "--", color="grey", label="linear")
    axes.set(xlabel="length of the video, seconds", ylabel="seconds to take it in")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(picture)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, nargs="*")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", nargs="*", default=KINDS, choices=KINDS)
    parser.add_argument("--long", type=float, help="hours")
    parser.add_argument("--growth", type=Path)
    parser.add_argument("--job", choices=KINDS)
    parser.add_argument("--video", type=Path)
    options = parser.parse_args()
    if options.job:
        job(options.job, options.video)
        return
    samples = _sample().parent
    clips = options.clips or [samples / "bikes.mp4", samples / "bigbuckbunny.mp4"]
    with tempfile.TemporaryDirectory() as folder:
        video = make(clips, options.seconds, Path(folder) / "video.mp4")
        print(f"{probe(video).duration:.0f} s of 720p h264, {os.cpu_count()} cores", flush=True)
        best: dict[str, dict[str, float]] = {}
        for _ in range(options.rounds):
            for kind in options.kinds:
                found = run(kind, video)
                if kind not in best or found["seconds"] < best[kind]["seconds"]:
                    best[kind] = found
        for kind, found in best.items():
            rate = options.seconds / found["seconds"]
            print(f"{kind:10} {found['seconds']:8.2f} s  {rate:6.1f}x real time  {found['peak'] / 1e6:7.0f} MB")
        if options.long:
            long = repeat(video, round(options.long * 3600 / options.seconds), Path(folder) / "long.mp4")
            found = run("ingest", long)
            hours = probe(long).duration / 3600
            print(f"{hours:.2f} h      {found['seconds']:8.0f} s  peak {found['peak'] / 1e6:.0f} MB", flush=True)
        if options.growth:
            growth(video, Path(folder), options.growth)


if __name__ == "__main__":
    main()
