"""How often the planner writes exactly the plan that is wanted, on requests that it was never trained on.

``gpt4video eval plan`` runs it on the requests worded by hand that come with the package, and with ``--data`` on the
phrase families that the data builder held out, or on another file of requests worded by hand (``.jsonl``):
``agent/evaluation/data/edits.jsonl`` holds edits whose forms are newer than the shipped weights.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from ..errors import RequestInvalid
from ..planner.base import ClipEntry, PlanContext
from ..planner.local import LocalPlanner
from ..planner.phrasing import plainly
from ..planner.syntax import render_prompt

_ENTRY = re.compile(r"(?:Clips: |, )(c\d+) [^,]*?(\d+(?:\.\d+)?)s(?=,|$)")

BY_HAND = Path(__file__).parent / "data" / "plans.jsonl"


@dataclass(frozen=True)
class Case:
    """What the model reads, whether there are clips to refer to, and the plan that is right.

    Attributes:
        context: what the planner is asked with, rules and all; without it, the model alone is asked with ``prompt``.
    """

    prompt: str
    clips: bool
    plan: str
    kind: str
    context: PlanContext | None = None


def by_hand(path: Path = BY_HAND) -> list[Case]:
    """The requests worded by hand; their kind is their plan's first word."""
    cases = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        context = PlanContext.model_validate({name: row[name] for name in PlanContext.model_fields if name in row})
        cases.append(Case(render_prompt(context), bool(context.clips), row["plan"], row["plan"].split()[0], context))
    return cases


def held_out(path: Path, most: int, seed: int = 0) -> list[Case]:
    """A random choice of the held-out rows of a data file of ``planner_data``. Raises ``RequestInvalid``.

    A ``.jsonl`` file holds requests worded by hand instead.
    """
    try:
        if path.suffix == ".jsonl":
            return by_hand(path)[:most]
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        chosen = [row for row in rows if (row["task"], row["split"]) == ("plan", "test")]
        random.Random(seed).shuffle(chosen)
        return [
            Case(in_plain_terms(row["prompt"]), not row["prompt"].startswith("Clips: none"), row["target"], row["kind"])
            for row in chosen[:most]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RequestInvalid(
            f"The plans in {path} cannot be read: {error}.",
            "Make it with 'python -m gpt4video.agent.training.planner_data --data DIR --out FILE'.",
        ) from error


def in_plain_terms(prompt: str) -> str:
    """A prompt of a data file as it is read today: files keep requests as they were worded."""
    clips = _clips(prompt)
    lines = prompt.split("\n")
    return "\n".join(plainly(line, clips) if line.startswith(("Before: ", "User: ")) else line for line in lines)


def _clips(prompt: str) -> list[ClipEntry]:
    table = prompt.partition("\n")[0]
    return [ClipEntry(name=name, duration=float(seconds)) for name, seconds in _ENTRY.findall(table)]


def evaluate(
    planner: LocalPlanner, cases: Sequence[Case], done: Callable[[float], None] = lambda _share: None
) -> dict[str, Any]:
    """Plan every case; the shares that are exact and that call the right tools, time, counts by kind, and misses."""
    from ..training.planner_score import same_calls, same_plan

    kinds: dict[str, list[bool]] = defaultdict(list)
    spent, calls, misses = [], 0, []
    planner.warm()
    for number, case in enumerate(cases, 1):
        begin = time.perf_counter()
        made = (
            planner.complete(case.prompt, clips=case.clips)
            if case.context is None
            else planner.write_plan(case.context)
        )
        spent.append(time.perf_counter() - begin)
        # A question is handed on in the words that the model read.
        wanted = case.plan, plainly(case.plan, _clips(case.prompt))
        right = any(same_plan(made, plan) for plan in wanted)
        kinds[case.kind].append(right)
        calls += same_calls(made, case.plan)
        if not right:
            misses.append({"kind": case.kind, "prompt": case.prompt, "wanted": case.plan, "made": made})
        done(number / len(cases))
    total = max(1, len(cases))
    return {
        "cases": len(cases),
        "exact": round(sum(map(sum, kinds.values())) / total, 4),
        "right_calls": round(calls / total, 4),
        "median_seconds": round(median(spent), 3) if spent else 0.0,
        "by_kind": {kind: [sum(rights), len(rights)] for kind, rights in sorted(kinds.items())},
        "misses": misses,
    }
