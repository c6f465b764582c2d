"""What users say about running a step: yes, no, another prompt; and that it shall run in the background."""

from __future__ import annotations

import re
from typing import NamedTuple

from pydantic import ValidationError

from ..tools.generation.arguments import GenerateArguments
from .errors import RequestInvalid
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


def with_prompt(row: StepRow, prompt: str) -> StepRow:
    """A step with another prompt, which is then taken as it is written.

    Raises:
        RequestInvalid: the step has no prompt, or this is none.
    """
    if row["tool"] != "generate_video":
        raise RequestInvalid(f"Step {row['id']} ({row['tool']}) has no prompt.", "Approve it or decline it.")
    try:
        args = GenerateArguments.model_validate({**row["args"], "prompt": prompt.strip(), "exact": True})
    except ValidationError:
        raise RequestInvalid("The prompt is empty or too long.", "Give 1 to 500 characters.") from None
    plain = args.model_dump(mode="json", exclude_none=True)
    return {**row, "args": plain, "prompt": plain["prompt"]}
