"""How people talk, and whether the right thing is done with it: ``gpt4video eval wording [--data DIR]``.

Three shares, each through the input guard and the planner, as ``gpt4video plan`` would answer:

- *no tool*: small talk and requests that no tool fits get no step;
- *questions* about a video are looked at, and not one is refused;
- *prompts* for the generator keep the request's key phrases.

Small talk and prompts are this project's own; ``--data`` adds BFCL's irrelevance questions and the questions of NExT-QA
and ActivityNet-QA (the half that training never sees).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..components import Components
from ..planning import plan_only
from ..training.planner_material import materials

_HERE = Path(__file__).parent / "data"
_SEED = 3


@dataclass(frozen=True)
class Wording:
    """A request and what must become of it: ``none`` (no step), ``look``, or ``generate`` with phrases to keep."""

    kind: str
    wanted: str
    request: str
    clips: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()


def cases(data: Path | None, most: int = 500) -> list[Wording]:
    """Own cases and, from a data folder, at most ``most`` of each outside kind."""
    talk = (_HERE / "smalltalk.txt").read_text(encoding="utf-8").splitlines()
    made = [Wording("small talk", "none", line, clips) for line in talk for clips in ((), ("c1",))]
    for line in (_HERE / "prompts.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        made.append(Wording("prompts", "generate", row["user"], tuple(row.get("clips", ())), tuple(row["keep"])))
    if data is not None:
        held = materials(data)[1]
        made += [Wording("irrelevant", "none", text) for text in _some(held.elsewhere, most)]
        made += [Wording("questions", "look", text, ("c1",)) for text in _some(held.questions, most)]
    return made


def evaluate(
    parts: Components, wordings: Sequence[Wording], done: Callable[[float], None] = lambda _share: None
) -> dict[str, Any]:
    """Plan every case; counts by kind (right, of), how many were refused, and the misses."""
    counts: dict[str, list[int]] = {}
    refused: dict[str, int] = {}
    misses = []
    for number, case in enumerate(wordings, 1):
        planned = plan_only(parts, case.request, list(case.clips))
        right = is_right(case, planned)
        count = counts.setdefault(case.kind, [0, 0])
        count[0] += right
        count[1] += 1
        refused[case.kind] = refused.get(case.kind, 0) + planned["blocked"]
        if not right:
            misses.append({"kind": case.kind, "request": case.request, "keep": list(case.keep), **planned})
        done(number / len(wordings))
    return {
        "cases": len(wordings),
        "refused": refused,
        "by_kind": {kind: (right, of) for kind, (right, of) in sorted(counts.items())},
        "misses": misses,
    }


def is_right(case: Wording, planned: dict[str, Any]) -> bool:
    """Whether a plan, as :func:`~gpt4video.agent.planning.plan_only` gives it, is what the case wants."""
    tools = [step["tool"] for step in planned["plan"]]
    if planned["blocked"]:
        return False
    if case.wanted == "none":
        return not tools
    if case.wanted == "look":
        return bool(tools) and set(tools) == {"understand_video"}
    prompts = " ".join(
        str(step["args"].get("prompt", "")) for step in planned["plan"] if step["tool"] == "generate_video"
    )
    return "generate_video" in tools and all(phrase in prompts.casefold() for phrase in case.keep)


def _some(texts: Sequence[str], most: int) -> list[str]:
    return random.Random(_SEED).sample(list(texts), min(most, len(texts)))
