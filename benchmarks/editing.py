"""How long edits take beside the plain ffmpeg command for the same job, in one run.

    python benchmarks/editing.py [--clip FILE] [--seconds 20] [--repeats 3] [--only trim]

The clip (by default a sample clip, else ffmpeg's test picture) is repeated to ``--seconds`` and written as H.264 of
720p with a key frame every two seconds and AAC sound. Both sides write the same codecs with the same settings, in turn;
the medians are compared. Ours includes the probe, the checks before and after, and what a note needs. The first table
is of trims: those that copy against ours that encodes and against ffmpeg that encodes.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from gpt4video.agent.model.artifacts import ArtifactStore
from gpt4video.tools.base import Source
from gpt4video.tools.editing.operations import (
    Audio,
    Color,
    Concat,
    Crop,
    Extract,
    Fade,
    Operation,
    Resize,
    Reverse,
    Rotate,
    Speed,
    TimePoint,
    Trim,
)
from gpt4video.tools.editing.render import Editor
from gpt4video.tools.media.ffmpeg import AAC, H264, ffmpeg_binary

Job = tuple[list[Operation], list[str]]
ENCODED = [*H264, *AAC, "-movflags", "+faststart"]


def plain(*arguments: str) -> float:
    """Run ffmpeg; seconds."""
    begin = time.perf_counter()
    subprocess.run([ffmpeg_binary(), "-nostdin", "-loglevel", "error", "-y", *arguments], check=True)
    return time.perf_counter() - begin


def ours(clips: list[Path], operations: list[Operation]) -> float:
    """Carry out an edit; seconds."""
    with tempfile.TemporaryDirectory() as folder:
        sources = [Source(clip=path.stem, path=path) for path in clips]
        begin = time.perf_counter()
        Editor(Path(folder), lambda _reference: sources[:1]).edit(sources, operations)
        return time.perf_counter() - begin


def draw(path: Path, clip: Path | None, seconds: int) -> None:
    """Write the clip that is edited."""
    picture = ["-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25"]
    if clip is not None:
        picture = ["-stream_loop", "-1", "-i", str(clip)]
    sound = ["-f", "lavfi", "-i", "sine=f=440:r=48000"]
    frame = ["-vf", "scale=1280:720,fps=25,setsar=1", "-g", "50", *ENCODED]
    plain(*picture, *sound, "-map", "0:v", "-map", "1:a", "-t", str(seconds), *frame, str(path))


def span(start: float, end: float) -> Trim:
    """A trim from second to second."""
    return Trim(start=TimePoint(offset=start), end=TimePoint(offset=end))


def medians(repeats: int, *runs: Callable[[], float]) -> list[float]:
    """Median seconds of runs that take turns."""
    times = [[run() for run in runs] for _ in range(repeats)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def trims(clip: Path, out: Path, seconds: int, repeats: int) -> None:
    """Print the table of trims."""
    end = float(seconds - 2)
    print(f"{'trim of ' + format(end - 4, 'g') + ' s':<34}{'copied':>9}{'encoded':>9}{'ffmpeg':>9}{'faster':>8}")
    for name, start in (("from a key frame", 4.0), ("one frame before a key frame", 3.96), ("one after", 4.04)):
        forced: list[Operation] = [span(start, end), Audio(action="volume", amount=0.999)]
        command = ["-ss", str(start), "-t", str(end - start), "-i", str(clip), *ENCODED, str(out)]
        copied, encoded, theirs = medians(
            repeats,
            lambda start=start: ours([clip], [span(start, end)]),  # type: ignore[misc]
            lambda forced=forced: ours([clip], forced),  # type: ignore[misc]
            lambda command=command: plain(*command),  # type: ignore[misc]
        )
        print(f"{name:<34}{copied:>8.2f}s{encoded:>8.2f}s{theirs:>8.2f}s{encoded / copied:>7.1f}x")
    command = ["-ss", "4", "-t", str(end - 4), "-i", str(clip), "-c", "copy", str(out)]
    print(f"{'ffmpeg -c copy from a key frame':<34}{medians(repeats, lambda: plain(*command))[0]:>8.2f}s")


def jobs(clip: Path) -> dict[str, tuple[list[Path], Job]]:
    """Edits and the plain commands that do the same."""
    one = ["-i", str(clip)]
    two = [*one, *one]
    join = "[0:v][0:a][1:v][1:a]concat=n=2:v=1:a=1"
    fade = "[0:v][1:v]xfade=duration=1:offset={offset};[0:a][1:a]acrossfade=d=1"
    faded = "fade=t=in:nb_frames=25"
    gif = "fps=12,scale=480:-1:flags=lanczos,split[a][b];[a]palettegen=stats_mode=diff[p];[b][p]paletteuse"
    offset = probe_seconds(clip) - 1
    return {
        "speed 2": (
            [clip],
            ([Speed(factor=2)], [*one, "-vf", "setpts=PTS/2", "-af", "atempo=2", "-r", "25", *ENCODED]),
        ),
        "reverse 4 s": (
            [clip],
            ([span(4, 8), Reverse()], ["-ss", "4", "-t", "4", *one, "-vf", "reverse", "-af", "areverse", *ENCODED]),
        ),
        "crop 1:1": ([clip], ([Crop(aspect="1:1")], [*one, "-vf", "crop=720:720", *ENCODED])),
        "resize 360": ([clip], ([Resize(height=360)], [*one, "-vf", "scale=640:360", *ENCODED])),
        "rotate 90": ([clip], ([Rotate(turn="90")], [*one, "-vf", "transpose=1", *ENCODED])),
        "fade 1 s": ([clip], ([Fade(fade_in=1)], [*one, "-vf", faded, "-af", "afade=d=1", *ENCODED])),
        "grayscale": ([clip], ([Color(effect="grayscale")], [*one, "-vf", "hue=s=0", *ENCODED])),
        "volume": ([clip], ([Audio(action="volume", amount=0.5)], [*one, "-af", "volume=0.5", *ENCODED])),
        "concat": ([clip, clip], ([Concat()], [*two, "-filter_complex", join, *ENCODED])),
        "concat, cross-fade": (
            [clip, clip],
            ([Concat(crossfade=1)], [*two, "-filter_complex", fade.format(offset=offset), *ENCODED]),
        ),
        "gif 4 s": (
            [clip],
            ([Extract(what="gif", end=TimePoint(offset=4))], ["-t", "4", *one, "-filter_complex", gif]),
        ),
        "frame": ([clip], ([Extract(what="frame")], ["-ss", str(offset / 2), *one, "-frames:v", "1"])),
        "sound": ([clip], ([Extract(what="audio")], [*one, "-vn", *AAC])),
    }


def probe_seconds(clip: Path) -> float:
    """Length of the picture."""
    from gpt4video.tools.media.probe import probe

    return probe(clip).duration


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, help="a video to repeat; default: the sample clip")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="jobs whose name holds this")
    arguments = parser.parse_args()
    sample = arguments.clip or next(iter(sorted(ArtifactStore().folder("samples").glob("big*.mp4"))), None)
    with tempfile.TemporaryDirectory() as folder:
        clip, out = Path(folder) / "clip.mp4", Path(folder) / "plain"
        draw(clip, sample, arguments.seconds)
        ours([clip], [span(1, 2)])  # the decode worker starts with the first probe
        if arguments.only in "trim":
            trims(clip, out.with_suffix(".mp4"), arguments.seconds, arguments.repeats)
        print(f"\n{'edit':<34}{'ours':>9}{'ffmpeg':>9}{'ratio':>8}")
        for name, (clips, (operations, command)) in jobs(clip).items():
            if arguments.only not in name:
                continue
            suffix = {"gif 4 s": ".gif", "frame": ".png", "sound": ".m4a"}.get(name, ".mp4")
            run = [*command, str(out.with_suffix(suffix))]
            mine, theirs = medians(
                arguments.repeats,
                lambda clips=clips, operations=operations: ours(clips, operations),  # type: ignore[misc]
                lambda run=run: plain(*run),  # type: ignore[misc]
            )
            print(f"{name:<34}{mine:>8.2f}s{theirs:>8.2f}s{mine / theirs:>8.2f}")


if __name__ == "__main__":
    main()
