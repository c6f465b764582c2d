r"""The compact plan syntax, the only one there is: training targets, constrained decoding and the CLI share it.

::

    look c1: what happens ; find 5 in c1 c2: red bicycle ; edit $2[0] trim 0 1 | reverse ; gen 4s like $3: at night
    say greet

Steps are joined by `` ; ``, an edit's operations by `` | ``. Free text comes last in its segment, after ``: ``; in it
``;``, ``|``, ``\``, newline and outer spaces are escaped (``\;``, ``\|``, ``\\``, ``\n``, ``\s``), so that text that
is copied from a request tokenizes as it does there. Times: ``2`` (second 2), ``-2`` (2 s before the end), ``end``,
``50%``, ``50%+2``. ``parse(render(plan)) == plan`` but for arguments that an operation ignores (``sepia`` has no
amount). What a model may write is narrower: :mod:`~gpt4video.agent.planner.grammar`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError

from ...tools.editing.operations import EditArguments
from ...tools.generation.arguments import GenerateArguments
from ...tools.search import SearchArguments
from ...tools.understanding.arguments import UnderstandArguments
from .base import ClipEntry, PlanContext
from .phrasing import plainly
from .plan import EditStep, GenerateStep, Plan, SearchStep, Step, UnderstandStep
from .replies import REPLIES, kind_of, reply
from .surface import (
    REF,
    PlanSyntaxError,
    escape,
    number,
    parse_operation,
    render_operation,
    render_ref,
    split,
    unescape,
)

_COUNT: Final[int] = SearchArguments.model_fields["count"].default


# --- render --------------------------------------------------------------------------------------------------------


def _refs(refs: Sequence[str]) -> str:
    return " ".join(render_ref(ref) for ref in refs)


def _render_step(step: Step) -> str:
    if isinstance(step, UnderstandStep):
        return f"look {_refs(step.args.clips)}" + (f": {escape(step.args.question)}" if step.args.question else "")
    if isinstance(step, EditStep):
        return f"edit {_refs(step.args.clips)} " + " | ".join(render_operation(op) for op in step.args.operations)
    like = f" like {render_ref(step.args.like)}" if step.args.like else ""
    if isinstance(step, SearchStep):
        count = "" if step.args.count == _COUNT else f" {step.args.count}"
        within = f" in {_refs(step.args.clips)}" if step.args.clips else ""
        return f"find{count}{like}{within}" + (f": {escape(step.args.query)}" if step.args.query else "")
    seconds = "" if step.args.seconds is None else f" {number(step.args.seconds)}s"
    seed = "" if step.args.seed is None else f" seed {step.args.seed}"
    return f"gen{seconds}{seed}{like}: {escape(step.args.prompt)}"


def render(plan: Plan) -> str:
    """Plan -> text. Raises :class:`PlanSyntaxError` for a reference or step number that the syntax cannot hold."""
    if [step.id for step in plan.steps] != [str(n) for n in range(1, len(plan.steps) + 1)]:
        raise PlanSyntaxError("Steps must be numbered 1, 2, ... in order.", "Number them in order.")
    if plan.order:
        return f"order: {escape(plan.order)}"
    kind = kind_of(plan.say)
    said = [f"say {kind}" if kind else f"say: {escape(plan.say)}"] if plan.say else []
    return " ; ".join([*map(_render_step, plan.steps), *said])


# --- parse ---------------------------------------------------------------------------------------------------------


def _take_refs(words: list[str]) -> list[str]:
    """Remove the references at the head of ``words`` and return them."""
    taken = []
    while words and REF.fullmatch(words[0]):
        taken.append(words.pop(0))
    return taken


def _option(words: list[str], name: str) -> list[str]:
    if words[:1] != [name]:
        return []
    del words[0]
    return _take_refs(words) or _fail(f"{name!r} needs a clip.")


def _fail(message: str) -> list[str]:
    raise PlanSyntaxError(message)


def _parse_step(part: str, number_: str) -> Step:
    if part.startswith("edit "):
        first, *rest = split(part[5:], "|")
        words = first.split(" ")
        clips = _take_refs(words)
        operations = [parse_operation(one) for one in [" ".join(words), *rest]]
        return EditStep(id=number_, args=EditArguments(clips=clips, operations=operations))
    head, _, surface = part.partition(": ")
    tool, *words = head.split(" ")
    text = unescape(surface)
    if tool == "look":
        step: Step = UnderstandStep(id=number_, args=UnderstandArguments(clips=_take_refs(words), question=text))
    elif tool == "find":
        count = int(words.pop(0)) if words and words[0].isdecimal() else _COUNT
        like = _option(words, "like")
        step = SearchStep(
            id=number_,
            args=SearchArguments(query=text, like=like[0] if like else None, clips=_option(words, "in"), count=count),
        )
    elif tool == "gen":
        seconds = float(words.pop(0)[:-1]) if words and re.fullmatch(r"[\d.]+s", words[0]) else None
        seed = int(words[1]) if words[:1] == ["seed"] else None
        del words[: 2 if seed is not None else 0]
        like = _option(words, "like")
        step = GenerateStep(
            id=number_, args=GenerateArguments(prompt=text, like=like[0] if like else None, seconds=seconds, seed=seed)
        )
    else:
        raise PlanSyntaxError(f"{tool!r} is no step.", "Steps begin with look, find, edit, gen or say.")
    if words:
        raise PlanSyntaxError(f"{' '.join(words)!r} does not belong in {head!r}.")
    return step


def parse(text: str, clips: Sequence[ClipEntry] = ()) -> Plan:
    """Text -> plan; ``clips`` are what a reply may list. Raises :class:`PlanSyntaxError`."""
    steps: list[Step] = []
    say = ""
    parts = split(text, ";")
    if parts[0].startswith("order: "):
        return _order(parts)
    for part in parts:
        if say or not part:
            raise PlanSyntaxError("A step is missing, or follows on what is said.")
        try:
            if part.startswith("say"):
                say = _parse_say(part, clips)
            else:
                steps.append(_parse_step(part, str(len(steps) + 1)))
        except PlanSyntaxError:
            raise
        except (ValidationError, ValueError, IndexError) as error:
            raise PlanSyntaxError(f"{part!r} does not hold: {_reason(error)}.") from error
    return _checked(steps, say)


def _checked(steps: list[Step], say: str) -> Plan:
    try:
        return Plan(steps=steps, say=say)
    except ValidationError as error:
        raise PlanSyntaxError(f"The plan does not hold: {_reason(error)}.", "Use at most 12 steps.") from error


def _order(parts: list[str]) -> Plan:
    if len(parts) > 1:
        raise PlanSyntaxError("An order is a plan by itself.", "Write one order, without other steps.")
    try:
        return Plan(order=unescape(parts[0][len("order: ") :]))
    except ValidationError as error:
        raise PlanSyntaxError(f"The order does not hold: {_reason(error)}.", "Use at most 400 characters.") from error


def _parse_say(part: str, clips: Sequence[ClipEntry]) -> str:
    if part.startswith("say: "):
        return unescape(part[5:])
    kind = part[4:]
    if kind not in REPLIES:
        raise PlanSyntaxError(f"{kind!r} is nothing to say.", f"Say one of {', '.join(REPLIES)}.")
    return reply(kind, clips)


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))} {first['msg']}".strip()
    return str(error)


# --- the prompt ----------------------------------------------------------------------------------------------------


def _line(text: str, limit: int) -> str:
    """One line without the tokenizer's control words; the middle of what is too long is left out."""
    flat = " ".join(text.replace("<|", "< |").split())
    return flat if len(flat) <= limit else f"{flat[: limit * 3 // 4]} ... {flat[-limit // 4 :]}"


def _about(text: str) -> str:
    """Origins in the words of the training data."""
    if text.startswith("search hit"):
        return "search hit"
    if text == "generate":
        return "generated"
    head, _, parents = text.partition(" of ")
    return f"{head} of {' and '.join(parents.replace(' and ', ' ').split())}" if parents else text


def _first_sentence(text: str) -> str:
    """The fault itself; the remedy that follows is for people."""
    head, more, _ = _line(text, 240).partition(". ")
    return f"{head}." if more else head


def render_prompt(context: PlanContext) -> str:
    """Write what the model reads before `` `` + ``render(plan)``: oldest first, so that turns share a prefix."""
    table = ", ".join(
        f"{entry.name} {_about(entry.about)} {number(round(entry.duration))}s" for entry in context.clips[-12:]
    )
    lines = [f"Clips: {table or 'none'}"]
    lines += [f"Before: {plainly(_line(message, 240), context.clips)}" for message in context.history[-3:]]
    lines += [f"User: {plainly(_line(context.request, 1200), context.clips)}"]
    lines += [f"Failed: {failure.code}: {_first_sentence(failure.message)}" for failure in context.failures[-2:]]
    return "\n".join([*lines, "Plan:"])
