"""Text from outside: on-screen words, subtitles, titles, comments, memories. Data, whatever it says.

That such text cannot choose a tool is a matter of structure (plans are made from the user's words alone). This module
makes it safe to show and to hand on: control sequences and pretended roles are taken out, the rest is delimited, and
what reads like an instruction is marked as suspicious.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .normalize import readings

MAX_CHARACTERS = 2000

_TAGS = re.compile(
    r"</?\s*(?:video\w*|system|user|assistant|tool\w*|function\w*|im_start|im_end|inst|sys|s|plan|clip|evidence|instructions?|"
    r"script|prompt|context|data)\b[^<>]{0,80}>|<\|[^|<>]{0,40}\|>|\[/?(?:inst|sys|system|tool\w*)\]|<</?sys>>",
    re.IGNORECASE,
)
_ROLES = re.compile(r"(?:(?<=^)|(?<=\s))(?:system|assistant|developer|user|human|tool|plan)\s*:(?!/)", re.IGNORECASE)
_FENCES = re.compile(r"```+|~~~+|\"\"\"+|#{3,}|={4,}|-{4,}")
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass|skip)\b.{0,40}"
    r"\b(?:instructions?|rules?|prompts?|above|previous|prior|policy|policies|guard\w*)\b"
    r"|\b(?:you are now|act as|pretend to be|new (?:instructions?|task|rules?)|from now on)\b"
    r"|\byour (?:new )?(?:task|job) is\b"
    r"|\b(?:as the (?:system|admin)|(?:system|developer|admin)(?: prompt| message| mode| override))\b"
    r"|\b(?:reveal|print|repeat|leak)\b.{0,30}\b(?:prompt|instructions?|secret|password|key)\b"
    r"|\b(?:call|use|run|invoke|execute) (?:the )?(?:tool|function|command)\b|\b(?:generate|edit|understand)_video\b"
    r"|\bsearch_memory\b|\b(?:delete|erase|remove|wipe|overwrite|upload|send|e-?mail|post|download|fetch|open|visit|buy|"
    r"transfer|pay) (?:all|every|the|this|these|your|everything|http|www|to|it)\b"
    r"|\b(?:assistant|ai|model|agent|bot|chatgpt|llm)\b.{0,40}\b(?:must|should|shall|will|please|now|always|instead)\b"
    r"|\b(?:say|respond|reply|answer|output|write|print|state)\b.{0,30}\b(?:only|exactly|with|that|the word|instead)\b"
    r"|\bdo not (?:tell|mention|describe|reveal)\b"
)


@dataclass(frozen=True)
class Screened:
    """Text from outside, ready to be shown as data.

    Attributes:
        text: what is left of it, without delimiters.
        suspicious: it reads like an instruction or pretended to be part of the conversation.
        reason: why, one clause; empty when it is not suspicious.
    """

    text: str
    suspicious: bool
    reason: str

    @property
    def quoted(self) -> str:
        """The text between delimiters that it cannot contain."""
        return f"«{self.text}»"


def screen(text: str) -> Screened:
    """Clean a text from outside and say whether it reads like an instruction.

    Never refuses: what a video says is reported as what it says. Letters and case are kept for display; the judgement
    looks at the normalised readings, so look-alike letters and encodings do not hide an instruction.
    """
    cut = text[:MAX_CHARACTERS]
    shown = "".join(c if c.isprintable() else " " for c in cut)
    shown = _TAGS.sub(" ", shown)
    shown = _ROLES.sub(lambda found: found[0].rstrip(": ") + " -", shown)
    shown = _FENCES.sub(" ", shown).replace("«", '"').replace("»", '"')
    shown = re.sub(r"\s+", " ", shown).strip()
    if len(text) > MAX_CHARACTERS:
        shown += " ..."
    views = readings(cut)
    if any(_TAGS.search(view) or _ROLES.search(view) for view in views):
        return Screened(shown, True, "it pretends to be part of the conversation")
    if any(_ORDERS.search(view) for view in views):
        return Screened(shown, True, "it reads like an instruction")
    return Screened(shown, False, "")
