"""What people ask of the assistant, alone and as conversations: what the text guard is to let pass."""

from __future__ import annotations

import random
from pathlib import Path

from ...policies.normalize import plain
from ...policies.rules import violations
from .planner_data import MAKERS
from .planner_material import materials
from .wording.drafts import finish
from .wording.singles import refuse
from .wording.words import Words

_LONGEST = 4


def requests(data: Path, count: int, seed: int, *, test: bool = False) -> list[str]:
    """Distinct harmless requests, as the planner's lessons word them.

    Args:
        data: the data folder; its captions and questions are what is asked about.
        count: how many.
        seed: of the draw.
        test: in wordings and with texts that no training has.
    """
    words, material = Words(seed, test=test), materials(data)[test]
    makers = [(share, maker) for share, maker in MAKERS if maker is not refuse]
    found: dict[str, None] = {}
    while len(found) < count:
        text = finish(words, words.weighted(makers)(words, material)).context().request
        if not violations(plain(text)):
            found[text] = None
    return list(found)


def conversation(requests: list[str], rng: random.Random, last: str = "") -> str:
    """Two to four requests as the judge of words reads a conversation: one text, the last turn at its end.

    It is a text like no other, of which a judge that never saw one makes out harm by chance.
    """
    turns = rng.sample(requests, rng.randint(2, _LONGEST))
    return " ".join([*turns[:-1], last or turns[-1]])
