"""A request in the making: clauses, what they mean, and how people finish a message."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ...planner.base import ClipEntry, Failure, PlanContext
from .clips import Target
from .words import Words


@dataclass
class Draft:
    """A request and its plan.

    Attributes:
        request: the user's words.
        target: the plan in its syntax.
        payloads: parts of the request that the plan copies letter by letter.
        kind: what sort of request it is, for the report.
        kept: parts whose spelling matters (quoted words), left alone by typos and capitals.
    """

    request: str
    target: str
    kind: str
    payloads: list[str] = field(default_factory=list)
    clips: list[ClipEntry] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def context(self) -> PlanContext:
        """What the planner gets to see."""
        return PlanContext(request=self.request, history=self.history, clips=self.clips, failures=self.failures)


_POSSESSIVE = re.compile(r"\b(of|from|out of|in|to|on|off) \{x\}")


def place(clause: str, target: Target | str) -> str:
    """Put the clip's name into a clause: "keep its first second of {x}" becomes "keep the first second of c1"."""
    name = target if isinstance(target, str) else target.words
    if "{x}" not in clause:
        return clause
    clause = (
        clause.replace(" of it of {x}", " of {x}").replace(" of it {x}", " {x}").replace(" of it from {x}", " from {x}")
    )
    if "its " in clause:
        if name in {"it", "that", "this", "that one"} and _POSSESSIVE.search(clause):
            clause = _POSSESSIVE.sub("", clause, count=1).replace("  ", " ").strip()
            return clause.replace("{x}", name)
        clause = clause.replace("its ", "the ")
    return clause.replace("{x}", name)


def finish(words: Words, draft: Draft) -> Draft:
    """Typos outside of what is copied, capitals, a full stop."""
    request, target = draft.request, draft.target
    if words.chance(0.12):
        request = _mistype(words, request, draft.payloads)
    style = words.weighted([(5, "plain"), (4, "capital"), (0.12, "caps")])
    longest = max(draft.payloads, key=len, default="")
    if style == "capital" and request:
        if longest and request.startswith(longest):
            target = target.replace(f": {longest}", f": {longest[0].upper()}{longest[1:]}")
        request = request[0].upper() + request[1:]
    if style == "caps" and len(draft.payloads) <= 1 and not re.search(r"\bc ?\d", request):
        request = request.upper()
        if longest:
            target = target.replace(f": {longest}", f": {longest.upper()}")
    if request and request[-1] not in "?.!\"'”»`" and words.chance(0.3):
        request += words.one([".", ".", "!", " .", "..."]) if not draft.kind.startswith("look") else "?"
    draft.request, draft.target = request, target
    return draft


def _mistype(words: Words, request: str, payloads: list[str]) -> str:
    pattern = "|".join(re.escape(payload) for payload in payloads if payload)
    parts = re.split(f"({pattern})", request) if pattern else [request]
    places = [n for n, part in enumerate(parts) if part not in payloads and len(part) > 6]
    if places:
        n = words.one(places)
        parts[n] = words.typo(parts[n])
    return "".join(parts)
