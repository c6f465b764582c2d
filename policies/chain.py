"""All policies over a subject. A check that fails, hangs or makes no sense is a block, with the reason: fail closed."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from .audit import AuditLog
from .base import Policy, Stage, Subject, Verdict

if TYPE_CHECKING:
    from .config import PolicyConfig
    from .frames import FrameSource

_PACE = 10.0
STAGES: tuple[Stage, ...] = get_args(Stage)


def _unchecked(stage: Stage, policy: str, why: str) -> Verdict:
    """A block because a check could not be made."""
    why = why.strip().rstrip(".") or "no reason was given"
    reason = f"The check {policy!r} could not be made: {why[:300]}. Nothing passes unchecked."
    return Verdict(stage=stage, policy=policy, action="block", reason=reason, score=1.0, category="unchecked")


class PolicyChain:
    """Judges a subject by every policy of its stage.

    Args:
        policies: in order.
        audit: where verdicts are recorded; a log that cannot be written blocks.
        seconds: a policy that takes longer has failed.
        media_seconds: the same, for the stage ``media``, besides ten times the media's own duration: its frames may
            come as slowly as somebody else looks at them, who reads them from the same decoding.
        required: stages that must have a policy; without one they block.
    """

    def __init__(
        self,
        policies: Sequence[Policy],
        audit: AuditLog | None = None,
        seconds: float = 20.0,
        media_seconds: float = 300.0,
        required: Iterable[Stage] = STAGES,
    ) -> None:
        self.policies = tuple(policies)
        self.audit = audit
        self._seconds = seconds
        self._media_seconds = media_seconds
        self._required = frozenset(required)

    def judge(self, subject: Subject) -> list[Verdict]:
        """One verdict of every policy of the stage, never an exception.

        The first block decides; the others are judged and recorded all the same. A policy that rewrites the text hands
        it to those after it.
        """
        began = time.monotonic()
        verdicts: list[Verdict] = []
        current = subject
        for policy in self.policies:
            if subject.stage not in policy.stages:
                continue
            verdict = self._ask(policy, current)
            verdicts.append(verdict)
            if verdict.action == "rewrite":
                current = current.model_copy(update={"text": verdict.text})
        if not verdicts and subject.stage in self._required:
            verdicts = [_unchecked(subject.stage, "chain", f"there is no policy for {subject.stage!r}")]
        if self.audit is not None:
            try:
                self.audit.record(subject, verdicts, time.monotonic() - began)
            except Exception as error:
                verdicts.append(_unchecked(subject.stage, "audit", f"the verdict cannot be recorded ({error})"))
        return verdicts

    def _ask(self, policy: Policy, subject: Subject) -> Verdict:
        """Ask one policy in a thread of its own, so that one that hangs is left behind."""
        name = str(getattr(policy, "name", type(policy).__name__))
        limit = self._media_seconds + _PACE * subject.duration if subject.stage == "media" else self._seconds
        answers: queue.SimpleQueue[object] = queue.SimpleQueue()

        def work() -> None:
            try:
                answers.put(policy.judge(subject))
            except BaseException as error:
                answers.put(error)

        threading.Thread(target=work, name=f"policy-{name}", daemon=True).start()
        try:
            answer = answers.get(timeout=limit)
        except queue.Empty:
            return _unchecked(subject.stage, name, f"it took longer than {limit:g} s")
        if isinstance(answer, BaseException):
            return _unchecked(subject.stage, name, str(answer) or type(answer).__name__)
        return self._usable(answer, subject, name)

    @staticmethod
    def _usable(answer: object, subject: Subject, name: str) -> Verdict:
        """The answer, if it is a verdict that means something."""
        if not isinstance(answer, Verdict):
            return _unchecked(subject.stage, name, f"it answered with {type(answer).__name__}, not with a verdict")
        if not isinstance(answer.score, int | float) or not math.isfinite(answer.score):
            return _unchecked(subject.stage, name, "its score is not a number")
        if answer.action not in {"allow", "rewrite", "block"} or answer.stage != subject.stage:
            return _unchecked(subject.stage, name, "its verdict is on something else")
        if answer.action == "rewrite" and not answer.text.strip():
            return _unchecked(subject.stage, name, "it rewrote the text to nothing")
        if answer.action == "block" and not answer.reason.strip():
            return answer.model_copy(update={"reason": f"The check {name!r} refused this without saying why."})
        return answer


def decision(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The verdict that decides: the first block, else the last rewrite, else the last; None of none."""
    blocks = [verdict for verdict in verdicts if verdict.action == "block"]
    rewrites = [verdict for verdict in verdicts if verdict.action == "rewrite"]
    if blocks:
        return blocks[0]
    ordered = rewrites or list(verdicts)
    return ordered[-1] if ordered else None


def standard_chain(
    config: PolicyConfig,
    *,
    audit: Path,
    text_model: Callable[[], Path],
    frame_model: Callable[[], Path],
    frames: FrameSource,
) -> PolicyChain:
    """The policies of the assistant, as its policy file sets them. Models are loaded when first needed.

    Args:
        config: the policy file.
        audit: the log file.
        text_model: gives the folder of the pinned text model.
        frame_model: gives the file of the unsafe-frame classifier.
        frames: reads frames of a media file.
    """
    from .actions import ActionPolicy
    from .classifier import LazyClassifier, TextClassifier
    from .frames import FramePolicy
    from .judges import make_judge
    from .likeness import own_categories
    from .text import TextPolicy

    words = TextPolicy(
        config.text,
        LazyClassifier(lambda: TextClassifier(text_model())),
        custom=own_categories(config.text.custom, text_model),
    )
    pictures = FramePolicy(frame_model, frames, threshold=config.frames.threshold, every=config.frames.every)
    judges = [make_judge(entry, config.text) for entry in config.text.judges]
    return PolicyChain(
        [words, *judges, ActionPolicy(config.actions), pictures],
        AuditLog(audit, config.version, config.audit.keep_text),
        seconds=config.chain.seconds,
        media_seconds=config.chain.media_seconds,
        required=config.chain.required,
    )
