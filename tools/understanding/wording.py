"""Words of questions and answers: stems, numbers and what a question is about. Small, English, without models."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from .arguments import EvidenceKind

_TOKEN = re.compile(r"\d+(?::\d\d)+(?:\.\d+)?|\d+(?:\.\d+)?|[^\W\d_]+(?:['’][^\W\d_]+)?", re.UNICODE)

_COUNTING = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_NUMBERS = {word: value for value, word in enumerate(_COUNTING.split())}
_IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "people": "person", "feet": "foot", "mice": "mouse",
    "knives": "knife", "leaves": "leaf", "wolves": "wolf", "geese": "goose", "teeth": "tooth", "persons": "person",
    "kid": "child", "kids": "child", "bike": "bicycle", "bikes": "bicycle", "automobile": "car", "puppy": "dog",
    "puppies": "dog", "kitten": "cat", "gray": "grey", "colour": "color", "colours": "color", "coloured": "color",
    "colored": "color", "movie": "video", "footage": "video", "clip": "video", "film": "video",
    "motorcycle": "motorbike",
    "ran": "run", "running": "run", "said": "say", "shown": "show", "written": "write", "wrote": "write",
    "photo": "picture", "photograph": "picture", "image": "picture", "secs": "second", "sec": "second",
}  # fmt: skip

_CUES: dict[EvidenceKind, str] = {
    "text": "text say read write sign caption subtitle word letter logo spell headline",
    "speech": "speech speak talk hear voice spoken sing",
    "shot": "shot cut scene",
    "color": "color black white grey red orange yellow green blue purple pink brown bright dark",
    "motion": "move motion camera pan zoom tilt direction left right still shaky fast slow speed",
    "media": "long duration length resolution size pixel fps rate sound audio width height title comment",
}


def tokens(text: str) -> list[str]:
    """Words, numbers and times (``0:04``) in order, as written."""
    return _TOKEN.findall(text)


@cache
def stem(word: str) -> str:
    """The word without its ending: "dogs", "Dog's" -> "dog"; "slowly" -> "slow"; spelling variants fall together."""
    word = word.casefold().replace("’", "'").removesuffix("'s").replace("'", "")
    if word in _IRREGULAR:
        return _bare(_IRREGULAR[word], doubled=False)
    for ending, rest in (("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return _bare(_IRREGULAR.get(word[: -len(ending)] + rest, word[: -len(ending)] + rest), doubled=False)
    for ending in ("ing", "edly", "ed", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return _bare(word[: -len(ending)])
    if word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return _bare(_IRREGULAR.get(word, word), doubled=False)


def _bare(word: str, *, doubled: bool = True) -> str:
    """Without a doubled last letter and a silent e, so that "running", "moving" meet "run", "move"."""
    if doubled and len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


@cache
def _claimless() -> frozenset[str]:
    text = files(__package__).joinpath("claimless_words.txt").read_text("utf-8")
    words = {word for line in text.splitlines() if not line.startswith("#") for word in line.split()}
    return frozenset(words | {stem(word) for word in words})


def number(token: str) -> float | None:
    """The value of "6", "six", "6.0" or, as a time in seconds, "0:06"; None for a word."""
    if token.casefold() in _NUMBERS:
        return float(_NUMBERS[token.casefold()])
    if ":" in token:
        value = 0.0
        for part in token.split(":"):
            value = value * 60 + float(part)
        return value
    try:
        return float(token) if token[0].isdecimal() else None
    except ValueError:  # digits of a script that float() does not take
        return None


def content(text: str) -> list[str]:
    """The words of a text that claim something, as written; numbers included."""
    return [
        token
        for token in tokens(text)
        if (number(token) is not None and token.casefold() != "one")
        or (number(token) is None and token.casefold() not in _claimless() and stem(token) not in _claimless())
    ]


def stems(text: str) -> set[str]:
    """Stems of all words of a text."""
    return {stem(token) for token in tokens(text)}


@cache
def _cues(kind: EvidenceKind) -> frozenset[str]:
    return frozenset(stem(cue) for cue in _CUES[kind].split())


def topics(question: str) -> list[EvidenceKind]:
    """The kinds of evidence that a question is about, the most telling first; empty for open questions."""
    words = stems(question)
    found = [kind for kind in _CUES if words & _cues(kind)]
    # "The man in black" does not ask for a colour; "is it black and white" and "what colour" do.
    if "color" in found and stem("color") not in words and any(stem(w) not in _cues("color") for w in asked(question)):
        found.remove("color")
    lower = question.casefold()
    if re.search(r"\bhow (long|big|large)\b|\bframe ?rate\b|\bhow many (seconds|frames|pixels)\b", lower):
        found.insert(0, "media")
    elif re.search(r"\bhow many (shots|cuts|scenes)\b", lower):
        found.insert(0, "shot")
    elif re.search(r"\bwhat(?:'s| is)? (?:the )?colou?rs?\b", lower):
        found.insert(0, "color")
    elif re.search(r"\b(where|which way|what direction)\b.*\b(go|goes|going|heads?|heading|headed|fly|flies)\b", lower):
        found.insert(0, "motion")
    return list(dict.fromkeys(found))


def asked(question: str) -> list[str]:
    """The things a question names, as written, without the words that only tell its topic."""
    cues = {cue for kind in _CUES if kind != "color" for cue in _cues(kind)} | {stem("color")}
    return [word for word in content(question) if stem(word) not in cues and number(word) is None]
