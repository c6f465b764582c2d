"""How long edits take beside the plain ffmpeg command for the same job, in one run.

    python benchmarks/editing.py [--clip FILE] [--seconds 20] [--repeats 3] [--only trim] [--markdown FILE]

The clip (by default a sample clip, else ffmpeg's test picture) is repeated to ``--seconds`` and written as H.264 of
720p with a key frame every two seconds and AAC sound. Both sides write the same codecs with the same settings, in turn;
the ratio is the median over the pairs. Ours includes the probe, the checks before and after, and what a note needs.
The first table is of edits that copy the picture: against ours that encodes, and against ffmpeg that encodes. The last
line is a film that was rendered before: the job ledger answers. ``--markdown`` writes the tables with the machine's
load before and after, as ``docs/editing.md`` shows them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gpt4video.agent.model.artifacts import ArtifactStore
from gpt4video.tools.base import Source
from gpt4video.tools.editing.operations import (
    Audio,
    Color,
    Concat,
    Crop,
    Cut,
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


@dataclass
class Table:
    """Rows of text, printed as they come and kept for a document."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        print("\n" + self._line(self.columns), flush=True)

    def add(self, name: str, *cells: str) -> None:
        """Print and keep a row."""
        self.rows.append((name, *cells))
        print(self._line(self.rows[-1]), flush=True)

    def markdown(self) -> str:
        """The table as a document shows it."""
        lines = [self.columns, tuple("---" for _ in self.columns), *self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def _line(self, cells: tuple[str, ...]) -> str:
        return f"{cells[0]:<36}" + "".join(f"{cell:>14}" for cell in cells[1:])


def pairs(repeats: int, *runs: Callable[[], float]) -> list[list[float]]:
    """Seconds of runs that take turns, of each the list."""
    times = [[run() for run in runs] for _ in range(repeats)]
    return [list(column) for column in zip(*times, strict=True)]


def ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """Median over the pairs of how much longer the first took."""
    return statistics.median(a / b for a, b in zip(one, other, strict=True))


def seconds(times: Sequence[float]) -> str:
    """The median, written."""
    return f"{statistics.median(times):.2f} s"


def copies(clip: Path, out: Path, length: int, repeats: int) -> Table:
    """Time edits that copy the picture: trims, a cut, a join, a change of the sound."""
    table = Table(("copied", "ours", "ours encoded", "ffmpeg encoded", "faster"))
    end, grey = float(length - 2), Color(effect="grayscale")
    edits: dict[str, tuple[int, list[Operation]]] = {}
    for name, start in (("from a key frame", 4.0), ("a frame before one", 3.96), ("a frame after one", 4.04)):
        for past in dict.fromkeys((8.0, end)):
            edits[f"trim of {past - start:.0f} s, {name}"] = (1, [span(start, past)])
    middle = Cut(start=TimePoint(offset=6.0), end=TimePoint(offset=8.0))
    edits |= {"cut at key frames": (1, [middle]), "volume": (1, [Audio(action="volume", amount=0.5)])}
    edits["join of two"] = (2, [Concat()])
    for name, (count, operations) in edits.items():
        trim = operations[0] if isinstance(operations[0], Trim) else Trim()
        limits = ["-ss", str(trim.start.offset), "-to", str(trim.end.offset)] if trim != Trim() else []
        command = [*limits, *["-i", str(clip)] * count]
        if count == 2:
            command += ["-filter_complex", "[0:v][0:a][1:v][1:a]concat=n=2:v=1:a=1"]
        elif isinstance(operations[0], Cut):
            keep = "not(between(t,6,7.999))"
            command += ["-vf", f"select='{keep}',setpts=N/25/TB", "-af", f"aselect='{keep}',asetpts=N/SR/TB"]
        mine, encoded, theirs = pairs(
            repeats,
            lambda count=count, operations=operations: ours([clip] * count, operations),  # type: ignore[misc]
            lambda count=count, operations=operations: ours([clip] * count, [*operations, grey]),  # type: ignore[misc]
            lambda command=command: plain(*command, *ENCODED, str(out)),  # type: ignore[misc]
        )
        table.add(name, seconds(mine), seconds(encoded), seconds(theirs), f"{ratio(theirs, mine):.1f}x")
    return table


def jobs(clip: Path) -> dict[str, tuple[list[Path], Job]]:
    """Edits and the plain commands that do the same."""
    one = ["-i", str(clip)]
    two = [*one, *one]
    join = "[0:v][1:v]concat,hue=s=0[p];[0:a][1:a]concat=v=0:a=1[a]"
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
        "mirror": ([clip], ([Rotate(turn="mirror")], [*one, "-vf", "hflip", *ENCODED])),
        "grayscale": ([clip], ([Color(effect="grayscale")], [*one, "-vf", "hue=s=0", *ENCODED])),
        "concat, grayscale": (
            [clip, clip],
            (
                [Concat(), Color(effect="grayscale")],
                [*two, "-filter_complex", join, "-map", "[p]", "-map", "[a]", *ENCODED],
            ),
        ),
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


def encodings(clip: Path, out: Path, repeats: int, only: str) -> Table:
    """Time edits that encode, or take something out."""
    table = Table(("encoded or taken out", "ours", "ffmpeg", "ratio"))
    for name, (clips, (operations, command)) in jobs(clip).items():
        if only not in name:
            continue
        suffix = {"gif 4 s": ".gif", "frame": ".png", "sound": ".m4a"}.get(name, ".mp4")
        run = [*command, str(out.with_suffix(suffix))]
        mine, theirs = pairs(
            repeats,
            lambda clips=clips, operations=operations: ours(clips, operations),  # type: ignore[misc]
            lambda run=run: plain(*run),  # type: ignore[misc]
        )
        table.add(name, seconds(mine), seconds(theirs), f"{ratio(mine, theirs):.2f}")
    return table


def cached(clip: Path, repeats: int) -> Table:
    """Time a film, and the same film asked for again."""
    from gpt4video.agent.assistant import VideoAgent

    table = Table(("a project's film", "rendered", "asked for again", "faster"))
    with tempfile.TemporaryDirectory() as home, VideoAgent(home=home, planner="scripted:none", viewer="off") as agent:
        (taken,) = agent.ingest([clip]).clips
        film = agent.project("film")
        film.insert([f"{taken}@2-6", f"{taken}@8-12"])
        film.apply(["i1.1"], "color grayscale")
        first = timed(film.render)
        again = [timed(film.render) for _ in range(repeats)]
    hit = statistics.median(again)
    table.add("two items of 4 s", seconds([first]), f"{hit * 1000:.0f} ms", f"{first / hit:.0f}x")
    return table


def timed(run: Callable[[], object]) -> float:
    """Seconds of a call."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def load() -> str:
    """What else the machine does."""
    return f"load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, help="a video to repeat; default: the sample clip")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="jobs whose name holds this; 'copied' or 'cache' for one table")
    parser.add_argument("--markdown", type=Path, help="a file for the tables")
    arguments = parser.parse_args()
    sample = arguments.clip or next(iter(sorted(ArtifactStore().folder("samples").glob("big*.mp4"))), None)
    before, tables = load(), list[Table]()
    print(before)
    with tempfile.TemporaryDirectory() as folder:
        clip, out = Path(folder) / "clip.mp4", Path(folder) / "plain"
        draw(clip, sample, arguments.seconds)
        ours([clip], [span(1, 2)])  # the decode worker starts with the first probe
        if arguments.only in "copied":
            tables.append(copies(clip, out.with_suffix(".mp4"), arguments.seconds, arguments.repeats))
        if arguments.only not in ("copied", "cache"):
            tables.append(encodings(clip, out, arguments.repeats, arguments.only))
        if arguments.only in "cache":
            tables.append(cached(clip, arguments.repeats))
    after = load()
    print("\n" + after)
    if arguments.markdown:
        text = "\n\n".join([f"At the beginning: {before}; at the end: {after}.", *(one.markdown() for one in tables)])
        arguments.markdown.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
