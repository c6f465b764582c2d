"""Measures a trained planner: exact plans on rows that were never trained on."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch

from ..planner.surface import PlanSyntaxError
from ..planner.syntax import parse, render

_TEXT = re.compile(r": (?:\\.|[^;|\\])*")
_LOOSE = re.compile(r"[\s.,!?'\"]+")


def _canonical(plan: str) -> str:
    """One surface for plans that mean the same: defaults left out, no index where a step gives a single clip."""
    try:
        plan = render(parse(plan.strip()))
    except PlanSyntaxError:
        return plan.strip()
    single = [str(n) for n, step in enumerate(plan.split(" ; "), 1) if step.startswith("gen")]
    return re.sub(rf"\$({'|'.join(single)})\[0\]", r"$\1", plan) if single else plan


def same_plan(made: str, wanted: str) -> bool:
    """Whether two plans agree but for case, spacing and punctuation of their free text."""
    one, other = (_LOOSE.sub(" ", _canonical(plan)).strip().casefold() for plan in (made, wanted))
    return one == other


def same_calls(made: str, wanted: str) -> bool:
    """Whether two plans call the same tools with the same arguments, free text aside."""
    return _TEXT.sub(":", _canonical(made)) == _TEXT.sub(":", _canonical(wanted))


def decode(model: Any, tokenizer: Any, prompts: list[str], device: torch.device, *, most: int, batch: int) -> list[str]:
    """Greedy, unconstrained, batched with padding on the left."""
    begin, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    ids = [[begin, *one] for one in tokenizer(prompts, add_special_tokens=False)["input_ids"]]
    order = sorted(range(len(ids)), key=lambda n: len(ids[n]))
    texts = [""] * len(ids)
    for first in range(0, len(order), batch):
        places = order[first : first + batch]
        length = max(len(ids[n]) for n in places)
        tokens = torch.tensor([[0] * (length - len(ids[n])) + ids[n] for n in places], device=device)
        mask = torch.tensor([[0] * (length - len(ids[n])) + [1] * len(ids[n]) for n in places], device=device)
        with torch.inference_mode(), torch.autocast(device.type, dtype=torch.bfloat16):
            made = model.generate(
                input_ids=tokens,
                attention_mask=mask,
                max_new_tokens=most,
                do_sample=False,
                eos_token_id=end,
                pad_token_id=end,
            )
        for place, one in zip(places, made[:, length:].tolist(), strict=True):
            kept = one[: one.index(end)] if end in one else one
            texts[place] = tokenizer.decode(kept).strip()
    return texts


def score(
    model: Any, tokenizer: Any, rows: list[dict[str, str]], device: torch.device, most: int, out: Path
) -> dict[str, Any]:
    """Exact-plan and same-call shares by split and kind; every miss goes to ``misses.jsonl``."""
    model.eval()
    figures: dict[str, Any] = {}
    batch = 256 if device.type == "cuda" else 16
    with (out / "misses.jsonl").open("w", encoding="utf-8") as file:
        for task, split in (("plan", "gold"), ("plan", "test"), ("answer", "test")):
            chosen = [row for row in rows if (row["task"], row["split"]) == (task, split)][:most]
            if not chosen:
                continue
            made = decode(model, tokenizer, [row["prompt"] for row in chosen], device, most=120, batch=batch)
            kinds: dict[str, list[bool]] = defaultdict(list)
            calls = 0
            for row, text in zip(chosen, made, strict=True):
                right = same_plan(text, row["target"])
                kinds[row["kind"]].append(right)
                calls += same_calls(text, row["target"])
                if not right:
                    file.write(json.dumps({**row, "made": text}, ensure_ascii=False) + "\n")
            total = sum(map(len, kinds.values()))
            figures[f"{task} {split}"] = {
                "rows": total,
                "exact": round(sum(map(sum, kinds.values())) / total, 4),
                "same calls": round(calls / total, 4),
                "by kind": {kind: [sum(right), len(right)] for kind, right in sorted(kinds.items())},
            }
    return figures
