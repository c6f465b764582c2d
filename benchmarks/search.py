"""How long a search takes among many shots, what it finds, and what it costs: ours beside LanceDB and sqlite-vec.

    pip install "gpt4video[bench]"
    python benchmarks/search.py --shots 100000,1000000 [--captions FILE --text DIR] [--stores ours,lance-ivf-pq]
    python benchmarks/search.py --shots 10000,30000,100000,300000 --stores ours --growth docs/search_growth.png
    python benchmarks/search.py --words 10000 --text DIR

Vectors are made (``shot_vectors.py``). Each store is built in one process and searched in another, which tells how long
opening takes and how much memory serving needs. Recall@10 is against comparing all vectors exactly. ``--words`` times
``ClipMemory.search`` by words, embedding them included. Times are of the wall clock: nothing else should be running.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from shot_vectors import PER_CLIP, QUERIES, Shots, centres, clip_of
from vector_stores import NAMES, Asked, Ours, opened

FILTERS = ("none", "20 clips", "half", "1 in 100")


def asked_for(name: str, shots: int) -> Asked | None:
    """A filter by its name."""
    clips = -(-shots // PER_CLIP)
    if name == "20 clips":
        return Asked(clips=[clip_of(PER_CLIP * (number * 37 % clips)) for number in range(20)])
    if name == "half":
        return Asked(shortest=35.0)
    return Asked(since=0.99 * clips) if name == "1 in 100" else None


def allowed_by(name: str, shots: int) -> np.ndarray | None:
    """(shots,) bool: the rows that a filter lets through; None for all."""
    clip = np.arange(shots) // PER_CLIP
    asked = asked_for(name, shots)
    if asked is None:
        return None
    if asked.clips:
        return np.isin(clip, [int(one, 16) for one in asked.clips])
    if asked.since is not None:
        return clip >= asked.since
    return np.asarray(10.0 + (clip * 7919) % 50 >= (asked.shortest or 0))


def built(store: str, folder: Path, shots: Shots) -> dict[str, float]:
    """Fill a store; seconds without the making of vectors, peak memory in GB."""
    subject, seconds = opened(store, folder), 0.0
    for start, block in shots.blocks():
        begin = time.perf_counter()
        for part in range(0, len(block), 5000):
            subject.add(start + part, block[part : part + 5000])
        seconds += time.perf_counter() - begin
    begin = time.perf_counter()
    subject.finish()
    return {"build": seconds + time.perf_counter() - begin, "peak": peak()}


def searched(store: str, folder: str, shots: Shots, truth: dict[str, np.ndarray]) -> dict[str, Any]:
    """Open a store and ask it everything."""
    begin = time.perf_counter()
    subject = opened(store, folder)
    subject.search(shots.queries[0], 10)
    result: dict[str, Any] = {"open": time.perf_counter() - begin}
    for name in truth:
        asked = asked_for(name, shots.count)
        queries = shots.queries if name == "none" else shots.queries[:60]
        subject.search(shots.queries[1], 10, asked)
        result[name] = timed(subject, queries, 10, asked, False) | {"recall": 0.0}
        found = [subject.search(query, 10, asked) for query in queries]
        hits = [len(set(some) & set(exact[:10].tolist())) for some, exact in zip(found, truth[name], strict=False)]
        result[name]["recall"] = float(np.mean(hits)) / 10
    result["50, whole rows"] = timed(subject, shots.queries, 50, None, True)
    if isinstance(subject, Ours):
        result["added"], result["removed"] = changed(subject, shots)
    return result | {"memory": peak()}


def changed(subject: Ours, shots: Shots) -> tuple[dict[str, float], dict[str, float]]:
    """Milliseconds of adding a clip and of removing it again; the store stays as it was."""
    rows = range(shots.count + PER_CLIP, shots.count + 21 * PER_CLIP, PER_CLIP)
    added = timed_calls([lambda row=row: subject.add(row, shots.queries[row % 100 :][:PER_CLIP]) for row in rows])
    return added, timed_calls([lambda row=row: subject.remove(row) for row in rows])


def timed(subject: Any, queries: np.ndarray, count: int, asked: Asked | None, whole: bool) -> dict[str, float]:
    """Milliseconds of a search: median and 99th percentile."""
    return timed_calls([lambda query=query: subject.search(query, count, asked, whole) for query in queries])


def timed_calls(calls: list[Any]) -> dict[str, float]:
    """Milliseconds of calls: median and 99th percentile."""
    taken = []
    for call in calls:
        begin = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - begin))
    return {"median": float(np.median(taken)), "p99": float(np.percentile(taken, 99))}


def peak() -> float:
    """Most memory that this process has held, in GB; the system's own figure counts what its parent held, too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1e6


def child(options: argparse.Namespace, work: Path, **job: Any) -> dict[str, Any]:
    """Do one job in a process of its own."""
    command = [sys.executable, __file__, "--job", json.dumps(job | {"work": str(work), "seed": options.seed})]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return answer


def work_on(job: dict[str, Any]) -> None:
    """The child's side."""
    work = Path(job["work"])
    shots = Shots(np.load(work / "centres.npy"), job["shots"], job["seed"])
    if job["do"] == "build":
        print(json.dumps(built(job["store"], Path(job["folder"]), shots)))
    else:
        with np.load(work / f"truth-{job['shots']}.npz") as kept:
            truth = {name: kept[name] for name in kept.files}
        print(json.dumps(searched(job["store"], job["folder"], shots, truth)))


def truths(work: Path, shots: Shots, names: tuple[str, ...]) -> None:
    """Compare everything with everything, once."""
    file = work / f"truth-{shots.count}.npz"
    if not file.exists():
        np.savez(file, **{name: shots.exact(10, allowed_by(name, shots.count)) for name in names})


def compare(options: argparse.Namespace, work: Path, base: np.ndarray) -> None:
    """Build and search every store at every size, and print a table each."""
    for count in options.shots:
        truths(work, Shots(base, count, options.seed), FILTERS)
        print(f"\n{count:,} shots, {base.shape[1]} dimensions, {QUERIES} queries (60 with a filter); ms median / p99")
        print(
            f"{'store':14}{'build s':>9}{'GB disk':>9}{'GB peak':>9}{'open s':>8}{'GB served':>10}"
            + "".join(f"{f'top 10, {name}':>26}" for name in FILTERS)
            + f"{'50, whole rows':>18}{'add a clip':>16}{'remove it':>16}"
        )
        for store in options.stores:
            folder = work / f"{store}-{count}"
            noted = work / f"{store}-{count}.json"
            made = json.loads(noted.read_text()) if noted.exists() else {"build": np.nan, "peak": np.nan}
            if not folder.exists():
                made = child(options, work, do="build", store=store, shots=count, folder=str(folder))
            got = child(options, work, do="search", store=store, shots=count, folder=str(folder))
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e9
            row = {"shots": count, "build": made["build"], "peak": made["peak"], "disk": size, **got}
            noted.write_text(json.dumps(row))
            cells = "".join(f"{_ms(got[name]):>19}{got[name]['recall']:7.3f}" for name in FILTERS)
            print(
                f"{store:14}{made['build']:9.0f}{size:9.2f}{made['peak']:9.2f}{got['open']:8.2f}{got['memory']:10.2f}"
                f"{cells}{_ms(got['50, whole rows']):>18}{_ms(got.get('added')):>16}"
                f"{_ms(got.get('removed')):>16}",
                flush=True,
            )


def draw_growth(work: Path, picture: Path) -> None:
    """Draw what was measured of our store at every size, in this run and in those before it."""
    from search_picture import draw

    draw(
        sorted((json.loads(file.read_text()) for file in work.glob("ours-*.json")), key=lambda row: row["shots"]),
        picture,
    )


def words(options: argparse.Namespace) -> None:
    """Time a search by words as a person asks, with the model that embeds them."""
    from search_words import measure

    for line in measure(options.words, options.text, options.captions, options.keep):
        print(line, flush=True)


def _ms(taken: dict[str, float] | None) -> str:
    return f"{taken['median']:.1f} / {taken['p99']:.1f}" if taken else "-"


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=_numbers, default=[])
    parser.add_argument(
        "--growth", type=Path, help="a picture (PNG) of our store's latency and memory against its size"
    )
    parser.add_argument("--words", type=int, default=0, help="clips in a memory that is searched by words")
    parser.add_argument("--stores", type=lambda text: text.split(","), default=list(NAMES))
    parser.add_argument("--dimension", type=int, choices=(384, 768), default=768)
    parser.add_argument("--captions", type=Path)
    parser.add_argument("--text", type=Path, help="folder of the pinned text embedding model")
    parser.add_argument("--keep", type=Path, help="keep the stores here, and use those that are there")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--job", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        return work_on(options.job)
    with tempfile.TemporaryDirectory() as temporary:
        work = options.keep or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        if options.shots:
            if not (work / "centres.npy").exists():
                np.save(work / "centres.npy", centres(options.captions, options.text, options.dimension, options.seed))
            compare(options, work, np.load(work / "centres.npy"))
        if options.growth:
            draw_growth(work, options.growth)
        if options.words:
            words(options)
    return None


if __name__ == "__main__":
    main()
