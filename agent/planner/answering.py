"""Answers: the prompt that training and inference share, and sentences made of the tools' own results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...tools.understanding.arguments import Evidence
from .base import RespondContext

_LIMIT = 24


def _clock(value: float) -> str:
    return f"{int(value) // 60}:{int(value) % 60:02d}"


def _plain(text: str, limit: int) -> str:
    """One line, without the tokenizer's control words: what a clip says is data."""
    return " ".join(text.replace("<|", "< |").split())[:limit]


def evidence_lines(evidence: Sequence[Evidence], names: Mapping[str, str] | None = None) -> list[str]:
    """Findings as the model reads them: ``c1 0:02-0:04 label 0.81: tabby cat``; the surest ``24`` in their order."""
    kept = sorted(sorted(range(len(evidence)), key=lambda n: -evidence[n].score)[:_LIMIT])
    names = names or {}
    lines = []
    for item in (evidence[n] for n in kept):
        score = f" {item.score:.2f}" if item.score < 1 else ""
        clip = names.get(item.clip, item.clip)
        lines.append(f"{clip} {_clock(item.start)}-{_clock(item.end)} {item.kind}{score}: {_plain(item.text, 160)}")
    return lines


def render_answer_prompt(question: str, lines: Sequence[str]) -> str:
    """What the model reads before it writes `` `` + the answer."""
    return "\n".join(["Evidence:", *lines, f"Question: {_plain(question, 400)}", "Answer:"])


def outcome_sentences(context: RespondContext) -> str:
    """What happened, step by step, in the tools' own sentences: failures are said, and notes once."""
    sentences = [_sentence(outcome.summary) for outcome in context.outcomes if outcome.summary]
    notes = dict.fromkeys(note for outcome in context.outcomes for note in outcome.notes)
    return " ".join([*sentences, *map(_sentence, notes)]) or "There was nothing to do."


def composed(context: RespondContext, answer: str = "") -> str:
    """An answer without a model: what the evidence says to the request (or ``answer``), then the other steps."""
    if not context.evidence:
        return outcome_sentences(context)
    from ...tools.understanding.compose import compose

    answer = answer or compose(context.request, context.evidence, context.sampling, context.names)
    told = {outcome.id for outcome in context.outcomes if outcome.tool == "understand_video" and outcome.ok}
    others = [one.model_copy(update={"summary": ""}) if one.id in told else one for one in context.outcomes]
    others = [one for one in others if one.summary or one.notes]
    rest = outcome_sentences(context.model_copy(update={"outcomes": others})) if others else ""
    return f"{answer} {rest}".strip()


def _sentence(text: str) -> str:
    flat = " ".join(text.split())
    return flat[:1].upper() + flat[1:] + ("" if flat.endswith((".", "!", "?")) else ".")
