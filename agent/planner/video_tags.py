"""The paper's ``<video>`` protocol (GPT4Video, arXiv 2311.16511), read tolerantly.

A model trained in the paper's way writes a prompt for the generator as ``<video>a dog on a beach</video>`` inside its
answer, and names a clip of the conversation as ``<video2>``. Ours writes ``gen: a dog on a beach`` and
``gen like c2: ...`` instead; other chat models may do either. Unclosed, nested, empty and repeated tags are read as far
as they make sense, and no tag is ever left in what a person reads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TAG = re.compile(r"<\s*(/?)\s*video\s*(\d{0,4})\s*(/?)\s*>", re.IGNORECASE)
# A tag that the text ends in the middle of, or that was never finished.
_BROKEN = re.compile(r"<\s*/?\s*video\b[^<>]{0,12}(?=<|$)|<\s*/?\s*video\s*\d*", re.IGNORECASE)
_LONGEST = 1000


@dataclass(frozen=True)
class Tagged:
    """What a tagged text holds.

    Attributes:
        text: the text without tags and prompts, spaces tidied.
        prompts: the prompts, in order, each once.
        clips: numbers of the clips that were named (``<video2>`` is 2), in order, each once.
    """

    text: str
    prompts: tuple[str, ...]
    clips: tuple[int, ...]


def read_tags(text: str) -> Tagged:
    """Take the tags out of a text. Never raises; an unclosed prompt ends with its line."""
    plain: list[str] = []
    prompts: list[str] = []
    clips: list[int] = []
    inside: list[str] | None = None
    place = 0
    for tag in _TAG.finditer(text):
        (plain if inside is None else inside).append(text[place : tag.start()])
        place = tag.end()
        if tag[2]:
            clips.append(int(tag[2]))
        elif tag[1]:
            prompts += _prompt(inside)
            inside = None
        elif not tag[3] and inside is None:  # an opening inside an open one changes nothing
            inside = []
    rest = text[place:]
    if inside is not None:
        first, _, rest = rest.partition("\n")
        prompts += _prompt([*inside, first])
    plain.append(rest)
    return Tagged(_tidy(" ".join(plain)), tuple(dict.fromkeys(prompts)), tuple(dict.fromkeys(clips)))


def _prompt(parts: list[str] | None) -> list[str]:
    words = " ".join(_without(" ".join(parts or [])).split())[:_LONGEST].strip()
    return [words] if words else []


def _tidy(text: str) -> str:
    lines = (" ".join(line.split()) for line in _without(text).splitlines())
    return "\n".join(line for line in lines if line)


def _without(text: str) -> str:
    """Without tags; taking one out may leave another whole, so until none is left."""
    while True:
        shorter = _BROKEN.sub(" ", _TAG.sub(" ", text))
        if shorter == text:
            return text
        text = shorter
