"""The exam on direction, over drawn data and real video files (no two drawings differ in an object to ask for)."""

from __future__ import annotations

from pathlib import Path

import pytest
from gpt4video.agent.components import Components
from gpt4video.agent.evaluation.temporal import cases, evaluate
from gpt4video.agent.settings import Settings
from gpt4video.agent.training.drawn_photos import write_drawn_photos


def test_every_kind_is_asked_and_what_moves_is_told(tmp_path: Path) -> None:
    write_drawn_photos(tmp_path / "data")
    made = list(cases(tmp_path / "data", 5))
    assert [case.kind for case in made] == ["camera"] * 5 + ["shape"] * 5
    assert {case.frames.shape for case in made} == {(48, 224, 224, 3)}

    parts = Components(Settings(home=tmp_path / "home", viewer="off"))
    report = evaluate(parts, iter(made))
    parts.close()

    right, asked = report["by_kind"]["shape"]
    assert asked == 5
    assert right >= 4, report["misses"]  # one of them passes before another shape
    assert report["asked"] == 10
    assert report["accuracy"] == pytest.approx(1 - len(report["misses"]) / 10, abs=1e-3)
