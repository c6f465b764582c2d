"""A planner that follows a script: for tests, demos and anything that must not depend on a model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..errors import PlannerFailed
from .answering import composed
from .base import PlanContext, RespondContext
from .plan import Plan
from .replies import reply
from .syntax import parse

Script = Mapping[str, str | Plan] | Sequence[str | Plan] | Callable[[PlanContext], str | Plan]
"""Request -> plan; or plans in the order of calls; or a function. Plans may be given in the plan syntax."""

_KEPT = 100


class ScriptedPlanner:
    """Implements :class:`~gpt4video.agent.planner.base.Planner` without a model.

    A mapping answers by the user's own words (spaces and case do not matter; ``"*"`` is for all others), a sequence
    call by call (its last plan is repeated), a function as it likes. What is not in the script is not understood.

    Attributes:
        contexts: what it was asked with, the last hundred, for assertions.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self._calls = 0
        self.contexts: list[PlanContext] = []

    @classmethod
    def from_file(cls, path: Path) -> ScriptedPlanner:
        """Read a script from a JSON object ``{request: plan}``; plans in the plan syntax or as plan JSON."""
        try:
            script = json.loads(path.read_text(encoding="utf-8"))
            entries = {
                key: plan if isinstance(plan, str) else Plan.model_validate(plan) for key, plan in script.items()
            }
        except (OSError, ValueError, AttributeError) as error:
            raise PlannerFailed(
                f"The script {path} cannot be read: {error}.", "Give a JSON object of plans."
            ) from error
        return cls(entries)

    @property
    def name(self) -> str:
        """Always ``scripted``."""
        return "scripted"

    def plan(self, context: PlanContext) -> Plan:
        """Look the request up."""
        self.contexts.append(context)
        del self.contexts[:-_KEPT]
        found = self._find(context)
        self._calls += 1
        return parse(found, context.clips) if isinstance(found, str) else found

    def respond(self, context: RespondContext) -> str:
        """What the evidence says, and the outcomes' sentences."""
        return composed(context)

    def _find(self, context: PlanContext) -> str | Plan:
        script = self._script
        if callable(script):
            return script(context)
        if isinstance(script, Mapping):
            wanted = _key(context.said or context.request)
            by_key = {_key(request): plan for request, plan in script.items()}
            return by_key.get(wanted, by_key.get("*", Plan(say=reply("unclear"))))
        if not script:
            return Plan(say=reply("unclear"))
        return script[min(self._calls, len(script) - 1)]


def _key(request: str) -> str:
    return " ".join(request.split()).casefold()
