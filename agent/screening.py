"""Words that a source says for itself (on screen, spoken, in the title): data, screened before anybody reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..policies.injection import screen
from ..tools.understanding.arguments import Evidence

_QUOTED: Final = frozenset({"text", "speech", "media"})
NOTE: Final = "Some words in the video read like an instruction to me; I only quote them."


def screened(evidence: Sequence[Evidence]) -> tuple[list[Evidence], list[str]]:
    """Findings without pretended tags and roles, and a note where one reads like an instruction."""
    kept: list[Evidence] = []
    suspicious = False
    for item in evidence:
        if item.kind in _QUOTED:
            found = screen(item.text)
            suspicious = suspicious or found.suspicious
            kept.append(item.model_copy(update={"text": found.text}))
        else:
            kept.append(item)
    return kept, [NOTE] if suspicious else []
