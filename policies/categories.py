"""What is judged: the categories, and the channels of the classifier in their stored order."""

from __future__ import annotations

from typing import Literal, get_args

Category = Literal["sexual", "minors", "violence", "gore", "self_harm", "hate", "illegal", "deception", "privacy"]

CATEGORIES: tuple[str, ...] = get_args(Category)

OVERALL = "unsafe"
"""The channel that was trained on every example, also where only harmful or harmless is known."""

CHANNELS: tuple[str, ...] = (OVERALL, *CATEGORIES)
"""Outputs of the classifier; the weights file repeats them and is refused if they differ."""

DESCRIPTIONS: dict[str, str] = {
    "sexual": "sexual acts, nudity, content made to arouse",
    "minors": "sexualisation, abuse or endangerment of children",
    "violence": "attacks on people or animals, threats, calls for violence",
    "gore": "blood, mutilation, corpses, scenes made to disgust or horrify",
    "self_harm": "suicide, self-injury, eating disorders",
    "hate": "contempt for or exclusion of people for what they are",
    "illegal": "weapons, drugs, theft, fraud, cyber attacks and other crimes",
    "deception": "deepfakes, disinformation, impersonation and manipulation of people",
    "privacy": "stalking, doxxing, spying, bullying and harassment",
}
