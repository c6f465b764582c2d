"""How fast the local planner writes a plan, beside transformers' ``generate`` with the same weights, in one run.

    python benchmarks/planner.py [--requests 30] [--threads 2]

Three ways, on the same requests worded by hand (``agent/evaluation/data/plans.jsonl``):

- ours: slim network, prefix cache, drafting, grammar;
- ``generate``, compact: plain greedy decoding of the same compact plan;
- ``generate``, JSON: plain greedy decoding of as many tokens as the same plan takes as JSON. The adapter was taught the
  compact syntax, so the JSON itself is not read, only its length is timed: a lower bound for a model that writes JSON.

Also prints how many of the plans are exactly right, and how many call the right tools with the right arguments.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from gpt4video.agent.evaluation.plans import by_hand
from gpt4video.agent.model.artifacts import ArtifactStore
from gpt4video.agent.model.merged import open_transformers
from gpt4video.agent.planner.local import LocalPlanner
from gpt4video.agent.planner.syntax import parse
from gpt4video.agent.training.planner_score import same_calls, same_plan

ROOT = Path(__file__).parent.parent
ADAPTER = ROOT / "agent" / "model" / "weights" / "planner"


def generate(model: Any, ids: list[int], tokens: int, end: int) -> float:
    """Seconds of plain greedy decoding of so many tokens."""
    inputs = torch.tensor([ids])
    begin = time.perf_counter()
    with torch.inference_mode():
        model.generate(
            inputs,
            attention_mask=torch.ones_like(inputs),
            max_new_tokens=tokens,
            min_new_tokens=tokens,
            do_sample=False,
            pad_token_id=end,
            eos_token_id=end,
        )
    return time.perf_counter() - begin


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=30, help="how many requests are timed in all three ways")
    parser.add_argument("--cases", type=int, default=0, help="use every so many-th request by hand only (0: all)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--adapter", type=Path, default=ADAPTER)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cases = by_hand()[:: max(1, options.cases)]
    planner = LocalPlanner(ArtifactStore().folder("llm"), options.adapter)
    begin = time.perf_counter()
    planner.warm()
    print(f"loaded in {time.perf_counter() - begin:.1f} s")
    planner.complete(cases[0].prompt, clips=cases[0].clips)
    ours, exact, calls = [], 0, 0
    for case in cases:
        begin = time.perf_counter()
        made = planner.complete(case.prompt, clips=case.clips)
        ours.append(time.perf_counter() - begin)
        exact += same_plan(made, case.plan)
        calls += same_calls(made, case.plan)
    print(f"exact plans {exact}/{len(cases)}, right calls {calls}/{len(cases)}")
    timed = [n for n, case in enumerate(cases) if case.plan.count(" ; ") >= 2]
    timed += [n for n in range(0, len(cases), max(1, len(cases) // options.requests)) if n not in timed]
    timed = timed[: options.requests]
    llm = planner.language_model()
    model, _ = open_transformers(llm.folder)  # the same merged weights in transformers' own Llama
    rows: dict[str, list[float]] = {"compact": [], "JSON": []}
    for n in timed:
        case = cases[n]
        ids = [llm.begin, *llm.encode(case.prompt)]
        as_json = parse(case.plan).model_dump_json(exclude_defaults=False, exclude_none=True)
        rows["compact"].append(generate(model, ids, len(llm.encode(" " + case.plan)) + 1, llm.end))
        rows["JSON"].append(generate(model, ids, len(llm.encode(as_json)) + 1, llm.end))
    three = [n for n, case in enumerate(cases) if case.plan.count(" ; ") == 2]
    print(f"\n{'':28}{'all':>10}{'three steps':>14}   (median seconds a plan, {options.threads} threads)")
    print(f"{'ours, all requests':28}{statistics.median(ours):10.3f}{_median(ours, three, range(len(ours))):>14}")
    for name, seconds in {
        "ours": [ours[n] for n in timed],
        **{f"generate, {key}": value for key, value in rows.items()},
    }.items():
        print(f"{name:28}{statistics.median(seconds):10.3f}{_median(seconds, three, timed):>14}")


def _median(seconds: list[float], wanted: list[int], order: Any) -> str:
    chosen = [second for second, n in zip(seconds, order, strict=True) if n in wanted]
    return f"{statistics.median(chosen):.3f}" if chosen else "-"


if __name__ == "__main__":
    main()
