from __future__ import annotations

import json
from pathlib import Path

import torch
from gpt4video.agent.evaluation.see import examine
from gpt4video.agent.model.decoding import Search, plain_copy
from gpt4video.agent.model.gpt4video_model import GPT4VideoModel
from gpt4video.agent.training.loop import Budget
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
    found = examine(
        lambda items: teacher.reply(items, Search(beams=2) if items[0].kind == "caption" else None),
        teacher.bank.photos["dev"], teacher.bank.moves["dev"], orders=4,
    )  # fmt: skip
    assert set(found["captions"]) >= {"bleu_4", "cider"}
    assert found["asked"]["order"] == 4
    json.dumps(found)


def test_self_critical_learning_raises_the_reward(tmp_path: Path) -> None:
    teacher = trainer(tmp_path)
    teacher.imitate(Budget(steps=60), check_every=1.0)
    teacher.criticise(Budget(steps=30), photos=4, samples=5, check_every=1.0, first=60)
    rewards = [row["reward"] for row in teacher.log.rows if "reward" in row]
    assert len(rewards) == 15
    assert sum(rewards[-5:]) > sum(rewards[:5])
