from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from gpt4video.agent.components import Components
from gpt4video.agent.evaluation.wording import Wording, cases, evaluate
from gpt4video.agent.planner.scripted import ScriptedPlanner
from gpt4video.agent.settings import Settings
from gpt4video.policies.chain import PolicyChain


@pytest.fixture
def parts(tmp_path: Path) -> Components:
    replies = {"hello": "say greet", "who is it?": "look c1: who is it?", "a cat": "gen: a grey cat"}
    planner = ScriptedPlanner(lambda context: replies[context.request])
    return Components(Settings(home=tmp_path), planner=planner, policies=PolicyChain([], required=()))


def test_each_kind_is_right_by_its_own_measure(parts: Components) -> None:
    asked = [
        Wording("talk", "none", "hello"),
        Wording("talk", "none", "who is it?", ("c1",)),
        Wording("questions", "look", "who is it?", ("c1",)),
        Wording("questions", "look", "hello", ("c1",)),
        Wording("prompts", "generate", "a cat", keep=("cat",)),
        Wording("prompts", "generate", "a cat", keep=("cat", "dog")),
    ]
    report = evaluate(parts, asked)
    assert report["by_kind"] == {"prompts": (1, 2), "questions": (1, 2), "talk": (1, 2)}
    assert [miss["request"] for miss in report["misses"]] == ["who is it?", "hello", "a cat"]


def test_outside_wording_comes_from_the_data_folder(tmp_path: Path) -> None:
    folder = tmp_path / "wording"
    folder.mkdir()
    with (folder / "nextqa_val.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["question"])
        rows.writerows([f"what does the man do at number {n}"] for n in range(40))
    line = {"question": [[{"content": "Compute the area of a circle."}]]}
    (folder / "BFCL_v4_irrelevance.json").write_text("\n".join(json.dumps(line) for _ in range(3)))
    own, all_of_them = cases(None), cases(tmp_path, most=5)
    assert {case.kind for case in own} == {"small talk", "prompts"}
    assert len([case for case in all_of_them if case.kind == "questions"]) == 5
