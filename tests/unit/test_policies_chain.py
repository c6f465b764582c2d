"""The chain fails closed: whatever goes wrong with a check, the answer is a block that says so."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from gpt4video.policies.audit import AuditLog
from gpt4video.policies.base import Subject, Verdict
from gpt4video.policies.chain import PolicyChain, decision, standard_chain

from .policy_doubles import CONFIG, Fixed, asked, verdict

UNUSABLE: dict[str, object] = {
    "nothing": None,
    "text": "allow",
    "a dictionary": {"action": "allow"},
    "not a number": Verdict.model_construct(stage="input", policy="p", action="allow", reason="", score=float("nan")),
    "infinite": Verdict.model_construct(stage="input", policy="p", action="allow", reason="", score=float("inf")),
    "no score": Verdict.model_construct(stage="input", policy="p", action="allow", reason="", score=None),
    "unknown action": Verdict.model_construct(stage="input", policy="p", action="maybe", reason="", score=0.0),
    "other stage": verdict(stage="output"),
    "rewritten to nothing": verdict("rewrite", text="  "),
    "an error": ValueError("the weights are gone"),
    "an error without words": RuntimeError(),
    "an exit": SystemExit(0),
    "out of memory": MemoryError(),
    "an interrupt in the policy": KeyboardInterrupt(),
}


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_answer_blocks_with_the_reason(answer: object) -> None:
    verdicts = PolicyChain([Fixed(answer)]).judge(asked("hello"))
    assert [v.action for v in verdicts] == ["block"]
    assert "'fixed' could not be made" in verdicts[0].reason
    assert verdicts[0].score == 1.0


def test_the_reason_of_a_failed_check_is_told() -> None:
    verdicts = PolicyChain([Fixed(ValueError("the weights are gone"))]).judge(asked("hello"))
    assert "the weights are gone" in verdicts[0].reason


def test_a_policy_that_hangs_blocks_after_its_time() -> None:
    release = threading.Event()
    began = time.monotonic()
    verdicts = PolicyChain([Fixed(release.wait)], seconds=0.05).judge(asked("hello"))
    release.set()
    assert time.monotonic() - began < 5
    assert verdicts[0].action == "block"
    assert "longer than 0.05 s" in verdicts[0].reason


def test_media_has_its_own_time_limit() -> None:
    slow = Fixed(lambda: time.sleep(0.1) or verdict(stage="media"), stages=frozenset({"media"}))
    chain = PolicyChain([slow], seconds=0.01, media_seconds=10)
    assert chain.judge(Subject(stage="media", media=Path("x.mp4")))[0].action == "allow"
    hurried = PolicyChain([slow], seconds=10, media_seconds=0.01)
    assert hurried.judge(Subject(stage="media", media=Path("x.mp4")))[0].category == "unchecked"
    assert hurried.judge(Subject(stage="media", media=Path("x.mp4"), duration=10))[0].action == "allow"


def test_a_stage_without_a_policy_blocks() -> None:
    verdicts = PolicyChain([Fixed(verdict())]).judge(asked("hello", "prompt"))
    assert [v.action for v in verdicts] == ["block"]
    assert "no policy" in verdicts[0].reason


def test_a_stage_that_needs_no_policy_passes_only_when_told_so() -> None:
    assert PolicyChain([], required=[]).judge(asked("hello")) == []


def test_all_verdicts_are_given_and_the_first_block_decides() -> None:
    chain = PolicyChain([
        Fixed(verdict(policy="a"), "a"), Fixed(verdict("block", policy="b"), "b"),
        Fixed(verdict("block", policy="c"), "c"), Fixed(verdict(policy="d"), "d"),
    ])  # fmt: skip
    verdicts = chain.judge(asked("hello"))
    assert [v.policy for v in verdicts] == ["a", "b", "c", "d"]
    decided = decision(verdicts)
    assert decided is not None
    assert decided.policy == "b"


def test_a_later_allow_does_not_lift_a_failed_check() -> None:
    verdicts = PolicyChain([Fixed(None), Fixed(verdict())]).judge(asked("hello"))
    assert [v.action for v in verdicts] == ["block", "allow"]


def test_a_rewritten_text_goes_to_the_next_policy() -> None:
    second = Fixed(verdict())
    PolicyChain([Fixed(verdict("rewrite", text="kinder words")), second]).judge(asked("words"))
    assert second.subjects[0].text == "kinder words"


def test_a_block_without_a_reason_gets_one() -> None:
    verdicts = PolicyChain([Fixed(verdict("block", reason=" "))]).judge(asked("hello"))
    assert verdicts[0].reason.strip()


def test_a_log_that_cannot_be_written_blocks(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log = AuditLog(tmp_path / "file" / "audit.jsonl", "1")
    verdicts = PolicyChain([Fixed(verdict())], log).judge(asked("hello"))
    assert [v.action for v in verdicts] == ["allow", "block"]
    assert verdicts[1].policy == "audit"


def test_every_verdict_is_recorded(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl", "7")
    PolicyChain([Fixed(verdict()), Fixed(None)], log).judge(asked("hello"))
    assert [row["action"] for row in log.rows()] == ["allow", "block"]


def missing() -> Path:
    raise OSError("the model file is not there")


@pytest.mark.parametrize(
    "subject",
    [asked("hello"), asked("a cat", "prompt"), asked("done", "output"), Subject(stage="media", media=Path("x.mp4"))],
    ids=["input", "prompt", "output", "media"],
)
def test_the_standard_chain_without_models_blocks_every_stage_that_needs_them(tmp_path: Path, subject: Subject) -> None:
    chain = standard_chain(
        CONFIG, audit=tmp_path / "a.jsonl", text_model=missing, frame_model=missing,
        frames=lambda path, every: iter([__import__("numpy").zeros((1, 256, 256, 3), "uint8")]),
    )  # fmt: skip
    verdicts = chain.judge(subject)
    assert [v.action for v in verdicts] == ["block"]
    assert "the model file is not there" in verdicts[0].reason


def test_the_standard_chain_has_a_policy_for_every_stage(tmp_path: Path) -> None:
    chain = standard_chain(
        CONFIG, audit=tmp_path / "a.jsonl", text_model=missing, frame_model=missing, frames=lambda path, every: iter([])
    )
    assert frozenset().union(*(p.stages for p in chain.policies)) == {"input", "plan", "prompt", "media", "output"}
