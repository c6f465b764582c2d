from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from gpt4video.agent.evaluation.see import examine
from gpt4video.agent.model.decoding import plain_copy
from gpt4video.agent.model.gpt4video_model import GPT4VideoModel
from gpt4video.agent.training.loop import Budget, TrainingDiverged
from gpt4video.agent.training.see_batches import BatchSize
from gpt4video.agent.training.see_trainer import Rates, SeeTrainer

from .see_doubles import tiny_bank, tiny_config, tiny_llm, tiny_tokenizer


def trainer(out: Path, *, rate: float = 1e-2) -> SeeTrainer:
    llm = tiny_llm()
    decoder = plain_copy(llm)
    torch.manual_seed(1)
    model = GPT4VideoModel(llm, tiny_tokenizer(), tiny_config())
    return SeeTrainer(
        model,
        decoder,
        tiny_bank(),
        out,
        rates=Rates(rate, rate, 1e-3),
        size=BatchSize(4, 3, 3),
        seed=3,
        workers=0,
        dev=4,
    )


def test_the_loss_falls_and_the_exam_runs(tmp_path: Path) -> None:
    teacher = trainer(tmp_path)
    done = teacher.imitate(Budget(steps=30), check_every=0.5)
    losses = [row["loss"] for row in teacher.log.rows if "loss" in row]
    assert done == 30
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])
    assert (tmp_path / "loss.png").is_file()
    found = examine(teacher.reply, teacher.bank.photos["dev"], teacher.bank.moves["dev"], orders=4)
    assert set(found["captions"]) >= {"bleu_4", "cider"}
    assert found["asked"]["order"] == 4
    json.dumps(found)


def test_self_critical_learning_raises_what_it_is_rewarded_for(tmp_path: Path) -> None:
    teacher = trainer(tmp_path)
    teacher.imitate(Budget(steps=60), check_every=1.0)
    teacher.criticise(Budget(steps=30), photos=4, samples=5, check_every=1.0, first=60)
    assert len([row["reward"] for row in teacher.log.rows if "reward" in row]) == 15
    # The reward of a few sampled texts of four photos is mostly chance; that of the best texts of all photos is not.
    before, *_, after = [row["dev_cider"] for row in teacher.log.rows if "dev_cider" in row]
    assert after > before


def losses(teacher: SeeTrainer) -> dict[int, float]:
    return {int(row["step"]): row["loss"] for row in teacher.log.rows if "loss" in row}


def test_an_interrupted_training_goes_on_along_the_same_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = trainer(tmp_path / "whole")
    whole.imitate(Budget(steps=8), check_every=0.5)
    cut = trainer(tmp_path / "cut")
    update, done = cut._update, []

    def stop_after_six(optimizer: torch.optim.Optimizer) -> None:
        update(optimizer)
        done.append(1)
        if len(done) == 6:
            raise KeyboardInterrupt

    monkeypatch.setattr(cut, "_update", stop_after_six)
    with pytest.raises(KeyboardInterrupt):
        cut.imitate(Budget(steps=8), check_every=0.5, state=tmp_path / "state")
    again = trainer(tmp_path / "cut")
    assert again.imitate(Budget(steps=8), check_every=0.5, state=tmp_path / "state") == 8
    assert losses(again) == pytest.approx(losses(whole), rel=1e-4)


def test_a_loss_that_is_no_number_stops_with_the_step_and_keeps_the_good_weights(tmp_path: Path) -> None:
    teacher = trainer(tmp_path)
    teacher.imitate(Budget(steps=2), check_every=0.5)
    kept = (tmp_path / "part-01.safetensors").read_bytes()
    with torch.no_grad():
        teacher.model.abstractor.spatial.fill_(float("nan"))
    with pytest.raises(TrainingDiverged, match="step 0") as caught:
        teacher.imitate(Budget(steps=2), check_every=0.5)
    assert str(tmp_path) in str(caught.value)
    assert (tmp_path / "part-01.safetensors").read_bytes() == kept
