"""The planner's exam: cases are read, counted and judged as they say."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, cast

import pytest
from gpt4video.agent.errors import RequestInvalid
from gpt4video.agent.evaluation.plans import BY_HAND, by_hand, evaluate, held_out
from gpt4video.agent.planner.base import PlanContext
from gpt4video.agent.planner.local import LocalPlanner
from gpt4video.agent.planner.syntax import parse, render, render_prompt
from gpt4video.agent.planner.validate import validate


class Pupil:
    """Knows some answers by heart."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers

    def warm(self) -> None:
        pass

    def complete(self, prompt: str, *, clips: bool) -> str:
        return self.answers.get(prompt, "say unclear")

    def write_plan(self, context: PlanContext) -> str:
        return self.complete(render_prompt(context), clips=bool(context.clips))


def test_the_requests_by_hand_want_plans_that_parse() -> None:
    cases = by_hand()
    assert len(cases) == 138
    assert len({case.prompt for case in cases}) > 125
    for case in cases:
        assert render(parse(case.plan))
        assert case.clips != case.prompt.startswith("Clips: none")


def test_newer_edits_worded_by_hand_want_plans_that_are_sound() -> None:
    cases = held_out(BY_HAND.with_name("edits.jsonl"), 500)
    assert len(cases) == 50
    for case in cases:
        assert render(parse(case.plan)) == case.plan
        assert case.context is not None
        assert not validate(parse(case.plan), case.context.clips)
    assert len({case.plan for case in cases}) > 40


def test_what_is_right_is_counted_by_kind() -> None:
    cases = by_hand()[:20]
    answers = {case.prompt: case.plan.upper() if case.kind == "look" else case.plan for case in cases[:15]}
    report = evaluate(cast(LocalPlanner, Pupil(answers)), cases)
    exact = sum(right for right, _ in report["by_kind"].values())
    assert report["exact"] == round(exact / 20, 4)
    assert len(report["misses"]) == 20 - exact
    assert sum(of for _, of in report["by_kind"].values()) == report["cases"] == 20
    assert evaluate(cast(LocalPlanner, Pupil({case.prompt: case.plan for case in cases})), cases)["exact"] == 1.0


def test_held_out_rows_are_chosen_and_bad_files_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.gz"
    row: dict[str, Any] = {
        "task": "plan",
        "prompt": "Clips: none\nUser: hi\nPlan:",
        "target": "say greet",
        "kind": "talk",
    }
    rows = [{**row, "split": "train"}, {**row, "split": "test"}, {**row, "task": "answer", "split": "test"}]
    file.write_bytes(gzip.compress("".join(json.dumps(one) + "\n" for one in rows).encode()))
    assert [(case.plan, case.clips) for case in held_out(file, 10)] == [("say greet", False)]
    (tmp_path / "no.gz").write_text("{}")
    with pytest.raises(RequestInvalid, match="cannot be read"):
        held_out(tmp_path / "no.gz", 10)
