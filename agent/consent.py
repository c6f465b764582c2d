"""What users say about running a step: yes, no, another prompt; and that it shall run in the background."""

from __future__ import annotations

import re
from typing import NamedTuple

from langgraph.types import interrupt
from pydantic import ValidationError

from ..tools.generation.arguments import GenerateArguments
from .errors import RequestInvalid, fault_of
from .state import StepRow

_POLITE = r"(?:(?:please|hmm|well|actually)[, ]+)*"
_END = r"(?:[, ]+(?:please|thanks|thank you))?[ .!]*"
_DO = r"(?:do it|run it|make it|go ahead|go on|approve(?:d| it| that)?)"
_YES = rf"{_DO}|(?:y|yes|yep|yeah|sure|okay|ok|go)(?:,? {_DO})?"
_NO = r"n|nope|no(?:,? (?:thanks|don'?t))?|(?:decline|cancel)(?: it| that)?|do(?: not|n'?t)(?: do it| run it)?|stop"
_WORD = re.compile(rf"{_POLITE}(?:(?P<yes>{_YES})|(?P<no>{_NO})){_END}", re.IGNORECASE)
_EDIT = re.compile(
    rf"{_POLITE}(?:(?:edit|change|set|rewrite) the prompt(?: to\b| into\b|:)|use (?:the|this) prompt\b:?|prompt:)"
    r"(?P<prompt>.*)",
    re.IGNORECASE | re.DOTALL,
)
_QUOTED = re.compile(r"""["“](?P<inner>.*)["”]""", re.DOTALL)

_MADE = r"(?:clip|video|animation|film|movie|version|one|it|this|that|them|all|everything)"
# "hills in the background" and "with a film in the background" say what a clip shows, these say how to run the step.
_BESIDE = tuple(
    re.compile(form, re.IGNORECASE | re.DOTALL)
    for form in (
        r"^(?P<kept>)in the background[\s,:]+(?=\S)",
        r"(?P<kept>)(?:\s*[,;(]\s*|\s+(?:and|please)\s+)(?:(?:do|run|make) (?:it|this|that) )?"
        r"in the background\)?[\s.!]*$",
        rf"^(?P<kept>(?:(?!\b(?:with|of|showing)\b).)*\s{_MADE})\s+in the background[\s.!]*$",
        r"(?P<kept>)\s+as a background job[\s.!]*$",
    )
)


class Word(NamedTuple):
    """The user's word on a step that waits: whether it may run, and with which prompt instead of the one shown."""

    approved: bool
    prompt: str | None = None


def word_of(request: str) -> Word | None:
    """The word, when the whole request is one; None otherwise."""
    text = request.strip()
    if found := _WORD.fullmatch(" ".join(text.split())):
        return Word(approved=found["yes"] is not None)
    if found := _EDIT.fullmatch(text):
        prompt = found["prompt"].strip()
        quoted = _QUOTED.fullmatch(prompt)
        return Word(True, (quoted["inner"] if quoted else prompt).strip())
    return None


def beside(request: str) -> tuple[str, bool]:
    """The request without words that ask for running it in the background, and whether it held such words."""
    for form in _BESIDE:
        plain = form.sub(lambda found: found["kept"], request).strip()
        if plain and plain != request.strip():
            return plain, True
    return request, False


def prompt_in(row: StepRow) -> str:
    """The prompt that a step's arguments hold: its own, or that of what it regenerates; empty where there is none."""
    if row["tool"] == "regenerate_span":
        return str(next((one["prompt"] for one in row["args"]["operations"] if "prompt" in one), ""))
    return str(row["args"]["prompt"]) if row["tool"] == "generate_video" else ""


def with_prompt(row: StepRow, prompt: str) -> StepRow:
    """A step with another prompt. That of a clip is then taken as it is written; what a span of a project is
    regenerated from is still joined with what the span shows.

    Raises:
        RequestInvalid: the step has no prompt, or this is none.
    """  # noqa: D205 (one sentence each)
    old = prompt_in(row)
    if not old:
        raise RequestInvalid(f"Step {row['id']} ({row['tool']}) has no prompt.", "Approve it or decline it.")
    try:
        new = GenerateArguments(prompt=prompt.strip(), exact=True)
    except ValidationError:
        raise RequestInvalid("The prompt is empty or too long.", "Give 1 to 500 characters.") from None
    if row["tool"] == "generate_video":
        return {**row, "args": {**row["args"], "prompt": new.prompt, "exact": True}, "prompt": new.prompt}
    operations = [
        {**one, "prompt": new.prompt} if one.get("prompt") == old else one for one in row["args"]["operations"]
    ]
    return {**row, "args": {**row["args"], "operations": operations}, "prompt": new.prompt}


def settled(row: StepRow, key: str) -> StepRow:
    """Ask for the user's word on a step: the step as approved, perhaps with another prompt, or declined."""
    asked = {"key": key, "step": row["id"], "tool": row["tool"], "args": row["args"], "reason": row.get("asks", "")}
    word = interrupt({**asked, "prompt": row.get("prompt", ""), "estimate": row.get("estimate")})
    if not (isinstance(word, dict) and word.get("key") == key and word.get("approved") is True):
        return {**row, "status": "declined"}
    if word.get("prompt") is None:
        return row
    try:
        return with_prompt(row, str(word["prompt"]))
    except RequestInvalid as error:
        return {**row, "status": "failed", "error": fault_of(error).model_dump()}
