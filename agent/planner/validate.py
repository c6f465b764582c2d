"""Checks a plan as a whole before any step runs: every fault is found, typed, and comes with its remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from ...tools.editing.operations import (
    Audio,
    Color,
    Concat,
    Cut,
    Extract,
    Fade,
    Operation,
    Speed,
    Text,
    TimePoint,
    Trim,
)
from .base import ClipEntry
from .plan import EditStep, Plan, SearchStep, Step, UnderstandStep, references

Code: TypeAlias = Literal[
    "empty_plan", "step_numbering", "bad_reference", "unknown_clip", "unknown_step", "forward_reference",
    "self_reference", "cycle", "no_clips", "index_out_of_range", "reversed_span", "out_of_range", "nothing_left",
    "missing_argument", "concat_one_clip",
]  # fmt: skip

_STEP: Final = re.compile(r"\$(\d+)(?:\[(-?\d+)\])?")
_CLIP: Final = re.compile(r"(c\d+|[0-9a-f]{8,64})(?:@(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?))?")
_TOLERANCE: Final = 0.05
"""Seconds by which a time may pass the end: durations are rounded, and the last frame begins before it."""


class PlanProblem(BaseModel):
    """One fault of a plan.

    Attributes:
        step: id of the step at fault, empty for the plan as a whole.
        code: stable identifier.
        message: the fault, one sentence.
        remedy: what to do about it, one sentence.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    step: str = ""
    code: Code
    message: str
    remedy: str


@dataclass(frozen=True)
class _Output:
    """What a step yields as far as it can be foreseen.

    Attributes:
        durations: seconds of each clip, None where unknown.
        sure: whether there are exactly so many; otherwise they are at most so many (a search).
    """

    durations: list[float | None]
    sure: bool = True


@dataclass
class _Check:
    """State of one check: what is known of clips and steps, and the problems so far."""

    plan: Plan
    clips: dict[str, float]
    outputs: dict[str, _Output] = field(default_factory=dict)
    problems: list[PlanProblem] = field(default_factory=list)
    step: str = ""

    def fault(self, code: Code, message: str, remedy: str) -> None:
        """Note a problem of the step at hand."""
        self.problems.append(PlanProblem(step=self.step, code=code, message=message, remedy=remedy))

    # --- references ---

    def resolve(self, ref: str) -> _Output:
        """What a reference stands for; notes a problem and returns something neutral when it stands for nothing."""
        if match := _STEP.fullmatch(ref):
            return self._resolve_step(ref, match[1], match[2])
        if match := _CLIP.fullmatch(ref):
            return self._resolve_clip(match[1], match[2], match[3])
        self.fault("bad_reference", f"{ref!r} is no clip reference.", "Write c1, c1@2-4, $1 or $1[0].")
        return _Output([None])

    def _resolve_clip(self, name: str, start: str | None, end: str | None) -> _Output:
        if name.startswith("c") and name[1:].isdecimal() and len(name) < 8 and name not in self.clips:
            known = ", ".join(self.clips) or "none yet"
            self.fault("unknown_clip", f"There is no clip {name}; there are {known}.", "Name one of the clips.")
            return _Output([None])
        duration = self.clips.get(name)
        if start is None or end is None:
            return _Output([duration])
        self.span(TimePoint(offset=float(start)), TimePoint(offset=float(end)), duration, name)
        return _Output([float(end) - float(start)])

    def _resolve_step(self, ref: str, number: str, index: str | None) -> _Output:
        made = self.outputs.get(number)
        if made is None:
            self._missing_step(ref, number)
            return _Output([None])
        if not made.durations:
            self.fault("no_clips", f"Step {number} gives no clips, so {ref} stands for nothing.", "Refer to a clip.")
            return _Output([None])
        if index is None:
            return made
        if not -len(made.durations) <= int(index) < len(made.durations):
            most = f"{'' if made.sure else 'at most '}{len(made.durations)}"
            self.fault(
                "index_out_of_range", f"{ref} does not exist: step {number} gives {most} clips.", "Count from 0."
            )
            return _Output([None])
        return _Output([made.durations[int(index)]])

    def _missing_step(self, ref: str, number: str) -> None:
        ids = [step.id for step in self.plan.steps]
        if number == self.step:
            self.fault("self_reference", f"Step {number} refers to itself.", "Refer to a clip or an earlier step.")
        elif number not in ids:
            self.fault(
                "unknown_step", f"{ref} refers to step {number}, which the plan lacks.", "Add it or name a clip."
            )
        elif self.step in _reached(self.plan, number):
            self.fault("cycle", f"Steps {self.step} and {number} wait for each other.", "Let one of them use a clip.")
        else:
            self.fault("forward_reference", f"{ref} refers to a later step.", "Move that step before this one.")

    # --- times ---

    def span(self, start: TimePoint, end: TimePoint, duration: float | None, name: str) -> float | None:
        """Check a span; its length in seconds where that is known and right."""
        if duration is None:
            if start.fraction == end.fraction and start.offset >= end.offset:
                self._reversed(start.offset, end.offset)
            return end.offset - start.offset if start.fraction == end.fraction else None
        first, last = start.seconds(duration), end.seconds(duration)
        if first >= last:
            self._reversed(first, last)
            return None
        return last - first if self.within(first, duration, name) & self.within(last, duration, name) else None

    def within(self, moment: float, duration: float | None, name: str) -> bool:
        """Check that a moment lies in the clip."""
        if duration is None or -_TOLERANCE <= moment <= duration + _TOLERANCE:
            return True
        side = "beyond its end" if moment > duration else "before its start"
        self.fault("out_of_range", f"{name} is {duration:g} s long; {moment:g} s lies {side}.", "Stay within the clip.")
        return False

    def _reversed(self, start: float, end: float) -> None:
        message = f"The span from {start:g} s to {end:g} s ends before it begins."
        self.fault("reversed_span", message, "Let it begin before it ends.")


def _reached(plan: Plan, number: str) -> set[str]:
    """Ids of the steps that a step needs, directly or not."""
    needs = {step.id: {match[1] for ref in references(step) if (match := _STEP.fullmatch(ref))} for step in plan.steps}
    reached: set[str] = set()
    todo = [number]
    while todo:
        for other in needs.get(todo.pop(), set()) - reached:
            reached.add(other)
            todo.append(other)
    return reached


def _edit(check: _Check, step: EditStep) -> _Output:
    made = [check.resolve(ref) for ref in step.args.clips]
    names = [ref for ref, output in zip(step.args.clips, made, strict=True) for _ in output.durations]
    durations = [duration for output in made for duration in output.durations]
    sure = all(output.sure for output in made)
    for operation in step.args.operations:
        if isinstance(operation, Audio) and operation.source is not None:
            check.resolve(operation.source)
        _arguments(check, operation)
        if isinstance(operation, Concat):
            if len(durations) < 2:
                check.fault("concat_one_clip", "concat joins two clips or more, and got one.", "Name the other clips.")
            durations = [_joined(check, operation, durations, names, sure=sure)]
            names, sure = ["the joined clip"], True
            continue
        durations = [_apply(check, operation, *pair) for pair in zip(durations, names, strict=True)]
        if isinstance(operation, Extract) and operation.what != "webm":  # pictures, sound and archives are no clips
            durations, names = [], []
    return _Output(durations, sure)


def _joined(
    check: _Check, operation: Concat, durations: Sequence[float | None], names: Sequence[str], *, sure: bool
) -> float | None:
    """Length of joined clips, which overlap where they fade into each other; None where unknown."""
    last = len(durations) - 1
    for place, (duration, name) in enumerate(zip(durations, names, strict=True)):
        ends = (place > 0) + (place < last)  # a clip in the middle fades at both, and the fades must not meet
        if operation.crossfade and sure and duration is not None and ends * operation.crossfade > duration + _TOLERANCE:
            message = f"A cross-fade of {operation.crossfade:g} s does not fit {name}, which is {duration:g} s long."
            check.fault("out_of_range", message, f"Fade at most {duration / ends:g} s.")
            return None
    known = [duration for duration in durations if duration is not None]
    return sum(known) - last * operation.crossfade if sure and len(known) == len(durations) else None


def _apply(check: _Check, operation: Operation, duration: float | None, name: str) -> float | None:
    """Length of a clip after an operation, None where unknown."""
    if isinstance(operation, Trim):
        return check.span(operation.start, operation.end, duration, name)
    if isinstance(operation, Cut):
        gone = check.span(operation.start, operation.end, duration, name)
        if duration is None or gone is None:
            return None
        if gone >= duration - _TOLERANCE:
            check.fault("nothing_left", f"Cutting all of {name} leaves nothing.", "Cut a shorter part.")
            return None
        return duration - gone
    if isinstance(operation, Speed):
        return None if duration is None else duration / operation.factor
    if isinstance(operation, Extract) and operation.what in {"frame", "thumbnail"}:
        if duration is not None:
            check.within(operation.at.seconds(duration), duration, name)
    elif isinstance(operation, Text | Extract):
        length = check.span(operation.start, operation.end, duration, name)
        return length if isinstance(operation, Extract) else duration
    elif isinstance(operation, Fade | Audio) and duration is not None:
        check.within(operation.fade_in + operation.fade_out, duration, name)
    return duration


def _arguments(check: _Check, operation: Operation) -> None:
    """Arguments that the schema cannot demand because they have a neutral default."""
    if isinstance(operation, Trim | Cut) and (operation.start, operation.end) == (TimePoint(), TimePoint(fraction=1.0)):
        check.fault("missing_argument", f"{operation.op} names no part of the clip.", "Give its start and its end.")
    elif isinstance(operation, Text) and not operation.text.strip():
        check.fault("missing_argument", "text has no words to write.", "Give the words.")
    elif isinstance(operation, Color) and operation.effect in {"brightness", "contrast", "saturation"}:
        if operation.amount == 1:
            check.fault("missing_argument", f"{operation.effect} by 1 changes nothing.", "Give another factor.")
    elif isinstance(operation, Audio) and operation.action == "volume" and operation.amount == 1:
        check.fault("missing_argument", "A volume of 1 changes nothing.", "Give another factor.")


def _foresee(check: _Check, step: Step) -> _Output:
    """Check one step and say what it will yield."""
    if isinstance(step, EditStep):
        return _edit(check, step)
    for ref in references(step):
        check.resolve(ref)
    if isinstance(step, UnderstandStep):
        return _Output([])
    if isinstance(step, SearchStep):
        return _Output([None] * step.args.count, sure=False)
    if not step.args.prompt.strip():
        check.fault("missing_argument", "There is no prompt to make a clip from.", "Say what it shall show.")
    return _Output([step.args.seconds])


def _shape(plan: Plan) -> Iterator[PlanProblem]:
    if not plan.steps and not plan.say.strip():
        yield PlanProblem(code="empty_plan", message="The plan does nothing.", remedy="Add a step, or say something.")
    if [step.id for step in plan.steps] != [str(n) for n in range(1, len(plan.steps) + 1)]:
        message = "The steps are not numbered 1, 2, 3 in order."
        yield PlanProblem(code="step_numbering", message=message, remedy="Number them in the order they run.")


def validate(plan: Plan, clips: Sequence[ClipEntry]) -> list[PlanProblem]:
    """All problems of a plan, in order of steps; empty when it may run.

    Durations (seconds) of the conversation's clips are known, and are carried through the steps where they can be
    computed; where they cannot, the tool itself checks when the step runs.
    """
    check = _Check(plan, {entry.name: entry.duration for entry in clips}, problems=list(_shape(plan)))
    for step in plan.steps:
        check.step = step.id
        check.outputs[step.id] = _foresee(check, step)
    return check.problems
