"""What "it" is after a search: the best hit, which is not the newest name.

Planners take "it" for the clip that came last. A search names its hits from the best on, so that the last is the worst;
until something is made, or again once that is taken back, "it" is therefore put into words as the best hit's name.
So it is, as the last clip's, in long conversations: the local planner loses a bare "it" among more than six clips.
"""

from __future__ import annotations

import re

from .naming import newest, visible
from .planner.phrasing import QUOTED
from .state import AgentState

_IT = re.compile(
    r"(?:\b(?:it|(?:that|this|the) (?:one|clip|video|scene|shot|moment|part|hit|result)|that|this)\b(?!'s\b|-)"
    r"(?! (?:is|was|way|time|much|\w+ed)\b)|\b(?P<its>its)\b)",
    re.IGNORECASE,
)
_BARE = re.compile(r"\bit\b(?!'s\b|-)(?! (?:is|was|way|time|much|\w+ed)\b)|\b(?P<its>its)\b", re.IGNORECASE)
_FEW = 6
"""Clips among which a planner finds the last one by itself."""
_NAMES_ITSELF = re.compile(
    r"\bc\d{1,2}\b|\b(?:first|second|third|fourth|fifth|last|newest|latest|other|both|all|them|these|those|original|upload)\b"
    r"|\b(?:find|search|look for|show|seek|locate|fetch|generate|create|draw|imagine|make (?:me )?(?:an?|another|the)"
    r" (?:clip|video|film|movie|picture))\b",
    re.IGNORECASE,
)


def pointed(state: AgentState, few: int = _FEW) -> str:
    """The request, with "it" replaced by a name where a planner might take another clip for it.

    Args:
        state: of the conversation.
        few: among so many clips the last one is left as "it".
    """
    request, rows, meant = state["request"], visible(state), newest(state)
    if meant is None or (meant is rows[-1] and len(rows) <= few):
        return request
    form = _BARE if meant is rows[-1] else _IT
    parts = QUOTED.split(request)
    for place in range(0, len(parts), 2):
        pointer = form.search(parts[place])
        if pointer is None:
            continue
        before, after = parts[place][: pointer.start()], parts[place][pointer.end() :]
        if _NAMES_ITSELF.search(" ".join([*parts[:place:2], before])):
            return request
        name = meant["name"] + ("'s" if pointer["its"] else "")
        return "".join([*parts[:place], before, name, after, *parts[place + 1 :]])
    return request
