"""What the assistant says when no tool is called: the model picks a kind, people wrote the words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .base import ClipEntry

REPLIES: Final[dict[str, str]] = {
    "greet": "Hello! Give me a clip, or tell me what to find, edit or make.",
    "thanks": "You're welcome. Is there anything else to do with your clips?",
    "bye": "Goodbye. Your clips stay in the library.",
    "ok": "All right, I will leave it as it is.",
    "help": (
        "I work with video: I describe clips and answer questions about them, find moments by words or by likeness, "
        "edit (trim, cut, join, cross-fade, speed, reverse, crop, resize, rotate, stabilise, fade, text, colours, "
        "sound, stills, gifs and other files), make new clips from a description or like an existing one, and keep a "
        "film as a project: say 'start a project called holiday', then 'put c1 into the project'."
    ),
    "clips": "There are no clips in this conversation yet. Give me one, or ask me to find or make one.",
    "ask_clip": "Which clip do you mean? Name one of the conversation's clips, or give me a new one.",
    "ask_edit": "What shall I change? For example: keep the first three seconds, play it backwards, or mute it.",
    "ask_time": "That time lies outside the clip. Which part do you mean?",
    "ask_prompt": "What should the new clip show? Describe the scene in a sentence.",
    "ask_query": "What should I look for? Describe the moment in a few words.",
    "none_found": "I found nothing like that in your clips. Try other words, or give me a new clip.",
    "gave_up": "That did not work, and I know no other way to do it.",
    "unclear": "I did not understand that. Tell me what to find, look at, edit or make.",
    "cannot": "I cannot do that: I only look at, find, edit and make video clips.",
    "refuse": "I will not help with that. I am glad to help with another video.",
}
"""Kind -> text. The kinds are part of the plan syntax; their words are not, and may change freely."""


def reply(kind: str, clips: Sequence[ClipEntry] = ()) -> str:
    """Look up the words for a kind; ``clips`` are listed by kind ``clips``. Raises ``KeyError`` if unknown."""
    if kind == "clips" and clips:
        listed = ", ".join(f"{entry.name} ({entry.about}, {entry.duration:.1f} s)" for entry in clips)
        return f"There {'is 1 clip' if len(clips) == 1 else f'are {len(clips)} clips'}: {listed}."
    return REPLIES[kind]


def kind_of(text: str) -> str | None:
    """Name the kind whose words these are, if any."""
    return next((kind for kind, words in REPLIES.items() if words == text), None)
