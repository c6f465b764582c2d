"""The picture of a growing store: latency and memory against size, both axes logarithmic."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw what ``benchmarks/search.py --growth`` measured: a row a size, smallest first."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter

    shots = [row["shots"] for row in rows]
    figure, (times, memory) = pyplot.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
    lines = (
        ("top 10: median", "none", "median", "C0", "-"),
        ("top 10: 99 %", "none", "p99", "C0", ":"),
        ("50 whole rows: median", "50, whole rows", "median", "C1", "-"),
        ("top 10 in 20 clips: median", "20 clips", "median", "C2", "-"),
        ("top 10 in half of the clips: median", "half", "median", "C3", "-"),
    )
    for label, what, part, color, style in lines:
        known = [row for row in rows if what in row]
        values = [row[what][part] for row in known]
        times.plot([row["shots"] for row in known], values, style, color=color, marker="o", markersize=4, label=label)
    first = rows[0]["none"]["median"]
    times.plot(shots, [first * size / shots[0] for size in shots], "--", color="grey", label="if it grew with the size")
    times.set_ylabel("milliseconds a search")
    memory.plot(shots, [row["memory"] for row in rows], "o-", color="C0", markersize=4, label="memory while serving")
    memory.plot(shots, [row["disk"] for row in rows], "o-", color="C1", markersize=4, label="on disk")
    memory.set_ylabel("GB")
    for axes in (times, memory):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("shots in the store")
        axes.grid(visible=True, which="both", alpha=0.25)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.legend(fontsize=8, loc="upper left")
    figure.suptitle(
        "A search takes hardly longer in a larger store; memory grows with it (768 dimensions, two CPU cores)"
    )
    figure.savefig(path, dpi=110)
