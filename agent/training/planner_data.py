"""Builds the planner's training pairs: request -> plan, and evidence -> answer, as one compressed JSON-lines file.

Whole phrasing families (templates and their vocabulary) and half of all outside text are kept out of training; the
rows of split ``test`` hold at least one of those families. Run::

    python -m gpt4video.agent.training.planner_data --data DIR --out runs/planner/data.jsonl.gz
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from ..planner.base import PlanContext
from ..planner.phrasing import plainly
from ..planner.syntax import parse, render, render_prompt
from .planner_material import materials
from .wording import answers, chains, singles, turns
from .wording.asks import Material
from .wording.drafts import Draft, finish
from .wording.words import Words

Maker = Callable[[Words, Material], Draft]
Row = dict[str, str]

GOLD = Path(__file__).parent.parent / "evaluation" / "data" / "plans.jsonl"
EDITS = GOLD.with_name("edits.jsonl")

MAKERS: list[tuple[float, Maker]] = [
    (18, singles.edit),
    (2.5, singles.terse),
    (6, singles.wish),
    (8, singles.pairs),
    (13, singles.look),
    (1.2, singles.compare),
    (9, singles.find),
    (9, singles.generate),
    (5, singles.converse),
    (6, singles.elsewhere),
    (1.5, singles.refuse),
    (2, singles.innocent),
    (6, chains.edit_chain),
    (2, chains.state_chain),
    (4, chains.joins),
    (10, chains.find_chain),
    (7, chains.make_chain),
    (8, chains.two_things),
    (4, chains.special),
    (6, turns.follow_up),
    (6, turns.distracted),
    (1, turns.retitle),
    (4, turns.replan),
]


def plan_pairs(count: int, seed: int, material: Material, *, test: bool = False) -> Iterator[Row]:
    """``count`` distinct request -> plan rows; every target parses and is in its canonical form."""
    words = Words(seed, test=test)
    seen: dict[str, str] = {}
    while len(seen) < count:
        words.novel = False
        maker = words.weighted(MAKERS)
        draft = finish(words, maker(words, material))
        if test and not words.novel:
            continue
        context = draft.context()
        # A question is handed on in the words that the planner reads.
        wanted = plainly(draft.target, context.clips) if draft.target.startswith("look") else draft.target
        prompt, target = render_prompt(context), render(parse(wanted))
        if prompt in seen:
            continue
        seen[prompt] = target
        yield {"task": "plan", "prompt": prompt, "target": target, "kind": draft.kind, "split": _split(test)}


def answer_pairs(count: int, seed: int, material: Material, *, test: bool = False) -> Iterator[Row]:
    """``count`` distinct evidence -> answer rows."""
    words = Words(seed, test=test)
    seen: set[str] = set()
    while len(seen) < count:
        prompt, target, kind = answers.example(words, material)
        if prompt not in seen:
            seen.add(prompt)
            yield {"task": "answer", "prompt": prompt, "target": target, "kind": kind, "split": _split(test)}


def gold_rows(path: Path) -> Iterator[Row]:
    """Requests worded by hand, of split ``gold``: they measure, and are never trained on."""
    for line in path.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        plan = case.pop("plan")
        case.pop("id")
        prompt = render_prompt(PlanContext.model_validate(case))
        yield {
            "task": "plan",
            "prompt": prompt,
            "target": plan,
            "kind": plan.split(" ")[0].rstrip(":"),
            "split": "gold",
        }


def _split(test: bool) -> str:
    return "test" if test else "train"


def build(data: Path, out: Path, *, plans: int, replies: int, seed: int) -> Counter[str]:
    """Write the file and count its rows by task, split and kind."""
    train, test = materials(data)
    counts: Counter[str] = Counter()
    out.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(out, "wt", encoding="utf-8", compresslevel=9) as file:
        for rows in (
            plan_pairs(plans, seed, train),
            answer_pairs(replies, seed + 1, train),
            plan_pairs(1500, seed + 2, test, test=True),
            answer_pairs(200, seed + 3, test, test=True),
            gold_rows(GOLD),
            gold_rows(EDITS),
        ):
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
                counts[f"{row['task']} {row['split']} {row['kind']}"] += 1
    return counts


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Build the planner's training pairs.")
    parser.add_argument("--data", type=Path, required=True, help="data folder in the documented layout")
    parser.add_argument("--out", type=Path, required=True, help="file to write, .jsonl.gz")
    parser.add_argument("--plans", type=int, default=60_000)
    parser.add_argument("--answers", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    counts = build(options.data, options.out, plans=options.plans, replies=options.answers, seed=options.seed)
    for name, count in sorted(counts.items()):
        print(f"{count:7d} {name}")  # noqa: T201


if __name__ == "__main__":
    main()
