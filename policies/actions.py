"""What a plan may do: which tools, how many steps, how much is generated, and what waits for the user's word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from .base import Stage, StepSummary, Subject, Verdict
from .config import ActionsConfig, PolicyConfig

_PATH = re.compile(
    r"(?:^|[\s'\"=(])(?:~?/[\w.~-]+/|\.{1,2}[/\\]|~/|[A-Za-z]:[\\/]|\\\\\w)"  # /etc/, ../, ~/, C:\, \\server
    r"|\b(?:file|data|concat|https?|ftp|rtsp|rtmp|smb|pipe|subfile|crypto|tcp|udp):(?://|[^\s])",
    re.IGNORECASE,
)
_SPOKEN = frozenset({"prompt", "query", "question", "text"})
"""Arguments that are words for people or models and never open anything: a slash in them is punctuation."""


def _strings(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """All strings in an argument, each with the name it stands under."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings(inner, str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner, name)


def names_a_place(step: StepSummary) -> str:
    """The first argument that looks like a path, a URL or a protocol; empty when there is none."""
    for name, text in _strings(step.arguments):
        if name not in _SPOKEN and (_PATH.search(text) or "\0" in text or text.startswith("/")):
            return text
    return ""


def _seconds(step: StepSummary) -> float:
    value = step.arguments.get("seconds")
    return float(value) if isinstance(value, int | float) else 0.0


class ActionPolicy:
    """Judges plans."""

    name: ClassVar[str] = "actions"
    stages: ClassVar[frozenset[Stage]] = frozenset({"plan"})

    def __init__(self, config: ActionsConfig) -> None:
        self._config = config

    def judge(self, subject: Subject) -> Verdict:
        """Judge the steps of a plan as a whole."""
        fault = self._fault(subject.steps)
        return Verdict(
            stage=subject.stage,
            policy=self.name,
            action="block" if fault else "allow",
            reason=f"This plan is not carried out: {fault}." if fault else "",
            score=1.0 if fault else 0.0,
            category="actions" if fault else "",
        )

    def _fault(self, steps: list[StepSummary]) -> str:
        limits = self._config
        if len(steps) > limits.max_steps:
            return f"it has {len(steps)} steps, and {limits.max_steps} is the limit; please ask for less at a time"
        for step in steps:
            if step.tool not in limits.tools:
                return f"step {step.id} uses {step.tool!r}, which is not among the allowed tools"
            place = names_a_place(step)
            if place:
                return f"step {step.id} names a path or address ({place[:60]!r}); clips are named by their ids only"
        made = [step for step in steps if step.tool == "generate_video"]
        if len(made) > limits.max_generate:
            return f"it generates {len(made)} clips, and {limits.max_generate} is the limit; please ask for fewer"
        longest, total = max(map(_seconds, made), default=0.0), sum(map(_seconds, made))
        if longest > limits.max_generate_seconds:
            return f"it generates a clip of {longest:g} s, and {limits.max_generate_seconds:g} s is the limit"
        if total > limits.max_generate_seconds_total:
            return f"it generates {total:g} s in all, and {limits.max_generate_seconds_total:g} s is the limit"
        return ""


def approval_reason(config: PolicyConfig, step: StepSummary) -> str:
    """Why a step waits for the user's word; empty when it does not."""
    rules = config.actions.approval
    if step.cost in rules.costs:
        return f"step {step.id} ({step.tool}) is {step.cost}"
    if step.tool in rules.tools:
        return f"step {step.id} uses {step.tool}"
    if step.tool == "generate_video" and _seconds(step) > rules.generate_seconds:
        return f"step {step.id} generates {_seconds(step):g} s, more than {rules.generate_seconds:g} s"
    return ""


def needs_approval(config: PolicyConfig, step: StepSummary) -> bool:
    """Whether a step waits for the user's word."""
    return bool(approval_reason(config, step))
