"""What a refused person reads: what was refused, why, and what is possible instead. Clear and kind."""

from __future__ import annotations

from .categories import DESCRIPTIONS

_INSTEAD = {
    "sexual": "I can make or edit clips of people in everyday situations, dance, sport or fashion.",
    "minors": "If a child is in danger, please call your local emergency number or a child protection line.",
    "violence": "I can help with staged action, sport, or a story told without harming anyone.",
    "gore": "I can help with something eerie and bloodless: fog, shadows, an old house at night.",
    "hate": "I can help show people of any group with respect, or find footage about history and equality.",
    "illegal": "I can help with how to stay safe and within the law, or with other clips.",
    "deception": "I can help with clearly labelled fiction or satire without real people in it.",
    "privacy": "I can help blur faces and number plates, or edit clips of people who agreed to it.",
}

SUPPORT = (
    "I can't help with that, and I'm worried about you. If you are thinking about hurting yourself, you don't have to "
    "face it alone: please talk to someone now. In an emergency call your local emergency number; in the US and Canada "
    "call or text 988, in the UK and Ireland call Samaritans on 116 123, elsewhere findahelpline.com lists free lines. "
    "If I misread you, tell me in other words what you need and I'll gladly help."
)


def refusal(category: str, because: str = "") -> str:
    """The reason given with a block.

    Args:
        category: of :data:`~.categories.CATEGORIES`, or empty where none stands out.
        because: what was seen, a clause such as "it asks for sexual content".
    """
    if category == "self_harm":
        return SUPPORT
    what = because or (
        f"it seems to involve {DESCRIPTIONS[category]}" if category in DESCRIPTIONS else "it seems harmful"
    )
    instead = _INSTEAD.get(category, "I can help with finding, editing or making other clips.")
    return f"I can't help with this request: {what}. {instead} If I misread you, please put it in other words."
