from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from gpt4video.agent.training.loop import (
    Budget,
    TrainingDiverged,
    TrainingLog,
    check_finite,
    cosine,
    is_out_of_memory,
    load_state,
    out_of_memory,
    save_state,
)
from PIL import Image


def test_the_rate_warms_up_and_falls_to_its_floor() -> None:
    values = [cosine(p / 100) for p in range(101)]
    assert values[0] < 0.1
    assert max(values) == pytest.approx(1.0, abs=0.01)
    assert values.index(max(values)) == 3
    assert values[3:] == sorted(values[3:], reverse=True)
    assert cosine(1.0) == pytest.approx(0.02)


def test_a_budget_needs_a_limit_and_counts_steps() -> None:
    with pytest.raises(ValueError, match="steps or minutes"):
        Budget()
    assert Budget(steps=10).progress(5) == 0.5
    assert Budget(minutes=1e-6).progress(0) > 0


def test_the_time_left_counts_only_the_steps_of_this_run(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    resumed = Budget(steps=300)
    assert resumed.progress(200) == pytest.approx(2 / 3)
    now = 100.0
    assert resumed.left(250) == pytest.approx(100.0)


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_and_says_step_and_weights(loss: float, tmp_path: Path) -> None:
    with pytest.raises(TrainingDiverged, match="step 17") as caught:
        check_finite(loss, 17, tmp_path)
    assert str(tmp_path) in str(caught.value)
    check_finite(1.0, 17, tmp_path)


def test_out_of_memory_names_the_batch_to_try() -> None:
    assert "Try --batch 24." in str(out_of_memory(48))
    assert is_out_of_memory(RuntimeError("CUDA out of memory. Tried"))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("shape mismatch"))


def quadratic(steps: int, folder: Path, stop: int) -> list[float]:
    torch.manual_seed(0)
    weights = {"w": torch.nn.Parameter(torch.ones(3))}
    optimizer = torch.optim.AdamW(weights.values(), lr=0.1)
    step = 0
    if (folder / "state.safetensors").is_file():
        step = int(load_state(folder, weights, optimizer)["step"])
    losses = []
    while step < min(steps, stop):
        torch.manual_seed(step)
        loss = ((weights["w"] - torch.randn(3)) ** 2).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
        step += 1
    save_state(folder, step, weights, optimizer, best=0.5)
    return losses


def test_an_interrupted_training_resumes_to_the_same_curve(tmp_path: Path) -> None:
    whole = quadratic(12, tmp_path / "whole", 12)
    halves = quadratic(12, tmp_path / "half", 5) + quadratic(12, tmp_path / "half", 12)
    assert halves == whole
    assert not list((tmp_path / "half").glob("*.part"))


def test_the_log_is_kept_plotted_and_cut_at_the_resumed_step(tmp_path: Path) -> None:
    log = TrainingLog(tmp_path / "log.csv")
    for step in range(6):
        log.add(step, loss=6.0 - step)
    log.add(6, dev_cider=0.2)
    log.save()
    with Image.open(tmp_path / "loss.png") as picture:
        assert picture.size == (720, 400)
    assert "loss 1" in TrainingLog(tmp_path / "x", rows=log.rows[5:6]).line(60)
    again = TrainingLog(tmp_path / "log.csv")
    again.resume(4)
    assert [row["step"] for row in again.rows] == [0, 1, 2, 3]
    assert again.rows[0]["loss"] == 6.0
