"""The two stages of teaching the model to see: next-token learning, then self-critical learning of captions."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..evaluation.captions import cider
from ..evaluation.see import Item, caption_items
from ..model.decoding import greedy_texts, merge_into, prompt_embeds
from ..model.gpt4video_model import GPT4VideoModel, on_device
from .loop import Budget, TrainingLog, check_finite, cosine, is_out_of_memory, load_state, out_of_memory, save_state
from .see_bank import Bank
from .see_batches import Batches, BatchSize, Group, TurnEncoder, split, stream
from .see_data import Lessons
from .self_critical import SelfCritic
from .word_warmup import WordWarmup


@dataclass(frozen=True)
class Rates:
    """Peak learning rates and regularisation.

    Attributes:
        abstractor, lora: of next-token learning.
        critic: of self-critical learning, for both.
        decay: weight decay of the abstractor.
        smoothing: label smoothing of captions.
        talk: weight of the conversations' loss beside the captions' of 1.
        words: weight of the word lesson (:mod:`.word_warmup`) during next-token learning; 0: none.
    """

    abstractor: float = 7e-4
    lora: float = 7e-4
    critic: float = 1.2e-4
    decay: float = 0.05
    smoothing: float = 0.1
    talk: float = 1.0
    words: float = 0.0


class SeeTrainer:
    """Trains a model over a feature bank and keeps the weights that describe the dev photos best.

    Args:
        model, decoder: the model and a plain copy of its language model.
        bank: features.
        out: where the best weights, the log and the plot go.
        rates, size, seed: of the training.
        workers: processes that make batches.
        dev: dev photos described at every check.
        head: token ids that the output head is restricted to, None for all.
    """

    def __init__(
        self, model: GPT4VideoModel, decoder: Any, bank: Bank, out: Path, *,
        rates: Rates, size: BatchSize, seed: int, workers: int, dev: int, head: Tensor | None = None,
    ) -> None:  # fmt: skip
        self.model, self.decoder, self.bank, self.out = model, decoder, bank, out
        self.rates, self.size, self.seed, self.workers, self.head = rates, size, seed, workers, head
        self.encoder = TurnEncoder(model.tokenizer)
        self.log = TrainingLog(out / "log.csv")
        self._checked = caption_items(bank.photos["dev"][:dev])
        self._weights = model.trainable()
        self._words = WordWarmup(model, bank, bank.photos["train"], self.encoder).to(model.device)
        self._best: dict[str, Tensor] = {}
        self.best = -1.0
        self._parts = 1

    def warm(self, budget: Budget, *, batch: int) -> None:
        """Bring the soft tokens near the words of the captions; see :mod:`.word_warmup`."""
        parameters = [*self.model.abstractor.parameters(), *self._words.own.values()]
        optimizer = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.98), weight_decay=self.rates.decay)
        optimizer.param_groups[0]["peak"] = 1e-3
        self.model.train()
        step = 0
        while budget.progress(step) < 1:
            torch.manual_seed(self.seed * 7919 + step)
            self._set_rate(optimizer, cosine(budget.progress(step)))
            loss = self._word_gradient(random.Random(f"{self.seed}/warm/{step}"), batch, 1.0)
            torch.nn.utils.clip_grad_norm_(parameters, 5.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            if step % 20 == 0:
                value = float(loss)
                check_finite(value, step, self.out)
                print(f"warm-up {step}  loss {value:.2f}  {budget.left(step) / 60:.1f} min left", flush=True)  # noqa: T201
            step += 1

    def imitate(self, budget: Budget, *, check_every: float, state: Path | None = None) -> int:
        """Next-token learning until the budget ends; returns the steps done.

        Args:
            budget: steps or minutes.
            check_every: share of the budget between checks on dev photos.
            state: folder of the resumable state: read if there is one, written at every check.
        """
        optimizer = self._optimizer(self.rates.abstractor, self.rates.lora, self.rates.decay)
        step = self._resume(state, optimizer)
        lessons = Lessons(self.bank.photos["train"], self.bank.moves["train"])
        batches = stream(Batches(lessons, self.encoder, self.size, self.seed), step, self.workers)
        next_check = budget.progress(step) + check_every
        pending: list[tuple[int, Tensor]] = []
        while budget.progress(step) < 1:
            torch.manual_seed(self.seed * 1_000_003 + step)
            self._set_rate(optimizer, cosine(budget.progress(step)))
            described, talked = next(batches)
            caption_loss = self._gradient(described, self.rates.smoothing, 1.0)
            talk_loss = self._gradient(talked, 0.0, self.rates.talk)
            if self.rates.words > 0:
                rng = random.Random(f"{self.seed}/words/{step}")
                self._word_gradient(rng, 4 * self.size.captions, self.rates.words)
            self._update(optimizer)
            pending.append((step, torch.stack([caption_loss, talk_loss])))
            if len(pending) >= 10 or self.model.device.type == "cpu":
                self._record(pending, budget)
            step += 1
            if budget.progress(step) >= next_check:
                self._record(pending, budget)
                self._check(step)
                self._save_state(state, step, optimizer)
                next_check += check_every
        self._record(pending, budget)
        self._check(step, keep=True)
        self._save_state(state, step, optimizer)
        return step

    def criticise(self, budget: Budget, *, photos: int, samples: int, check_every: float, first: int) -> int:
        """Self-critical learning from the best weights; every other step conversations, so that they stay known."""
        self.restore_best()
        optimizer = self._optimizer(self.rates.critic, self.rates.critic, 0.0)
        critic = SelfCritic(
            self.model, self.decoder, self.bank, self.bank.photos["train"], self.encoder, samples=samples
        )
        lessons = Lessons(self.bank.photos["train"], self.bank.moves["train"])
        batches = stream(Batches(lessons, self.encoder, self.size, self.seed + 1), first, self.workers)
        step, next_check = 0, check_every
        while budget.progress(step) < 1:
            torch.manual_seed(self.seed * 1_000_003 + first + step)
            self._set_rate(optimizer, cosine(budget.progress(step), warmup=0.05, floor=0.1))
            self.model.eval()
            facts: dict[str, float] = {}
            if step % 2 == 0:
                with self._autocast():
                    facts = critic.backward(random.Random(f"{self.seed}/critic/{first + step}"), photos)
            self.model.train()
            if step % 2 == 1 or photos <= 0:
                loss = self._gradient(next(batches)[1], 0.0, self.rates.talk)
                facts = {"talk_loss": float(loss)}
                check_finite(facts["talk_loss"], first + step, self.out)
            self._update(optimizer)
            self._write(first + step, budget, step, facts)
            step += 1
            if budget.progress(step) >= next_check:
                self._check(first + step)
                next_check += check_every
        self._check(first + step)
        return first + step

    def keep_current(self) -> None:
        """Take the weights as they are for the best so far (going on from earlier training)."""
        self._check(0)

    def restore_best(self) -> None:
        """Put the best weights so far into the model."""
        with torch.no_grad():
            for name, tensor in self._best.items():
                self._weights[name].copy_(tensor)

    def reply(self, items: Sequence[Item], batch: int = 256) -> list[str]:
        """Answer exam items greedily. The order of the items is kept."""
        self.model.eval()
        merge_into(self.decoder, self.model)
        texts = [""] * len(items)
        # Items of one length of clip go together.
        order = sorted(range(len(items)), key=lambda i: (len(items[i].rows), len(items[i].prompt)))
        while order:
            frames = len(items[order[0]].rows)
            some = [i for i in order[:batch] if len(items[i].rows) == frames]
            order = order[len(some) :]
            with torch.no_grad(), self._autocast():
                soft = self.model.abstractor(self.bank.features([items[i].rows for i in some]))
            prompts = [self.encoder.ids(items[i].prompt) for i in some]
            embeds, mask = prompt_embeds(self.model.llm, soft, prompts)
            found = greedy_texts(self.decoder, self.model.tokenizer, embeds, mask)
            for i, text in zip(some, found, strict=True):
                texts[i] = text
        return texts

    def _word_gradient(self, rng: random.Random, batch: int, weight: float) -> Tensor:
        with self._autocast():
            loss: Tensor = self._words(rng, batch)
        (loss * weight).backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.model.device.type, torch.bfloat16)

    def _optimizer(self, abstractor: float, lora: float, decay: float) -> torch.optim.AdamW:
        seeing = [p for name, p in self._weights.items() if name.startswith("abstractor.")]
        adapting = [p for name, p in self._weights.items() if not name.startswith("abstractor.")]
        groups = [
            {"params": seeing, "lr": abstractor, "peak": abstractor, "weight_decay": decay},
            {"params": adapting, "lr": lora, "peak": lora, "weight_decay": 0.0},
            {"params": list(self._words.own.values()), "lr": abstractor, "peak": abstractor, "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-8, fused=self.model.device.type == "cuda")

    @staticmethod
    def _set_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * factor

    def _update(self, optimizer: torch.optim.Optimizer) -> None:
        torch.nn.utils.clip_grad_norm_(list(self._weights.values()), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    def _gradient(self, group: Group, smoothing: float, weight: float) -> Tensor:
        """Add the group's gradient; halves the share that is computed at once when memory runs out."""
        self.model.train()
        before = {name: p.grad.clone() for name, p in self._weights.items() if p.grad is not None}
        while True:
            try:
                return self._in_parts(group, smoothing, weight)
            except RuntimeError as error:
                batch = (len(group.images) + len(group.videos)) // self._parts
                if not is_out_of_memory(error):
                    raise
                if batch <= 8:
                    raise out_of_memory(batch) from error
            self._parts *= 2
            print(f"out of memory at {batch} conversations; going on with {batch // 2} at once", flush=True)  # noqa: T201
            for name, parameter in self._weights.items():
                parameter.grad = before.get(name)
            if self.model.device.type == "cuda":
                torch.cuda.empty_cache()

    def _in_parts(self, group: Group, smoothing: float, weight: float) -> Tensor:
        parts = split(group, self._parts)
        spoken = [float(part.tokens.targets.sum()) for part in parts]
        total = torch.zeros((), device=self.model.device)
        for part, count in zip(parts, spoken, strict=True):
            with self._autocast():
                rows = [r for r in (part.images, part.videos) if len(r)]
                soft = torch.cat([self.model.abstractor(self.bank.features(r)) for r in rows])
                tokens = on_device(part.tokens, self.model.device)
                loss = self.model.loss(soft, tokens, self.head, smoothing) * (count / sum(spoken))
            (loss * weight).backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return total

    def _record(self, pending: list[tuple[int, Tensor]], budget: Budget) -> None:
        for step, losses in pending:
            caption, talk = losses.tolist()
            check_finite(caption + talk, step, self.out)
            self._write(step, budget, step, {"loss": caption, "talk_loss": talk})
        pending.clear()

    def _write(self, step: int, budget: Budget, done: int, facts: dict[str, float]) -> None:
        self.log.add(step, **facts)
        if step % self.log.every == 0:
            print(self.log.line(budget.left(done)), flush=True)  # noqa: T201

    def _check(self, step: int, *, keep: bool = False) -> None:
        """Describe the dev photos; the best weights so far are kept and written.

        With ``keep`` these are, whatever the score: a hundred photos tell 0.03 of CIDEr from chance, and weights at the
        end of a falling learning rate were better by 0.06 than those that such a check had liked best.
        """
        texts = self.reply(self._checked)
        score = cider(texts, [sorted(item.accepted) for item in self._checked])
        self.log.add(step, dev_cider=score)
        print(f"step {step}  dev CIDEr {score:.3f} (best {max(score, self.best):.3f})  e.g. {texts[:3]}", flush=True)  # noqa: T201
        if keep or score > self.best:
            self.best = score
            self._best = {name: p.detach().clone() for name, p in self._weights.items()}
            self.model.save_pretrained(self.out)
        self.log.save()

    def _resume(self, state: Path | None, optimizer: torch.optim.Optimizer) -> int:
        if state is None or not (state / "state.safetensors").is_file():
            return 0
        facts = load_state(state, self._learned(), optimizer)
        self.best = float(facts["best"])
        self._best = {name: p.detach().clone() for name, p in self._weights.items()}
        self.log.resume(int(facts["step"]))
        return int(facts["step"])

    def _save_state(self, state: Path | None, step: int, optimizer: torch.optim.Optimizer) -> None:
        if state is not None:
            save_state(state, step, self._learned(), optimizer, best=self.best)

    def _learned(self) -> dict[str, Tensor]:
        """All that an interrupted training must find again."""
        return {**self._weights, **{f"words.{name}": p for name, p in self._words.own.items()}}
