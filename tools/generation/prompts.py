"""The prompt that a generator gets: what the clip to resemble shows, and what shall differ."""

from __future__ import annotations

import re

from ..base import Source
from .arguments import GenerateArguments

_LONGEST = 480  # what arguments allow is 500
_VERBS = r"(?:make|create|generate|draw|render|show|give|produce|film)"
_NOUNS = r"(?:clip|video|animation|movie|footage|scene|film|shot|one)"
# Taken off the front one after the other: what asks for a clip rather than says what it shows.
_OPENERS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?:can|could|would) you\s+",
        rf"^{_VERBS}(?:\s+me)?\s+(?=(?:a|an|the|another|one|some|two|three|\d+|{_NOUNS})\b)",
        r"^(?:make|have|let)\s+it\s+(?:be\s+)?",
        rf"^(?:(?:a|an|the|another|new|short|similar)\s+)*{_NOUNS}\s+(?:of|with|showing|that shows)\s+",
        rf"^(?:(?:a|an|the|another|new|short|similar)\s+)*(?:{_NOUNS}\s+)?(?:exactly\s+|just\s+)?like\s+"
        r"(?:it|this|that|[c$]\d\S*|the\s+(?:first|second|third|last|other|next)(?:\s+(?:one|clip))?)\b[\s,]*",
        rf"^the same(?:\s+{_NOUNS})?(?=\s+(?:at|in|on|by|with|but|during)\b)\s*",
        r"^(?:but|only|just|and)\s+",
    )
]
_SPOKEN = re.compile(r"\b(?:please|thanks|thank you)\b[\s,.!]*", re.IGNORECASE)
# Descriptions come from captions and labels of other people's clips: words only, no markup, no quotation, no orders.
_MARKUP = re.compile(r"<[^<>]{0,200}>|\[[^\[\]]{0,200}\]|\{[^{}]{0,200}\}|https?://\S+|[\"`|\\<>\[\]{}]")
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|system\s*:|assistant\s*:|user\s*:|you (?:must|are|should)|instructions?|prompt|"
    r"delete|execute|call (?:the )?tool)\b",
    re.IGNORECASE,
)
_SMALL = frozenset(
    ("a", "an", "the", "of", "in", "on", "at", "with", "and", "to", "by", "from", "is", "are", "it", "its", "there")
)
_TIMES = frozenset({"night", "day", "daytime", "daylight", "sunset", "dusk", "dawn", "morning", "evening", "noon"})
_WEATHERS = frozenset({"sunny", "rain", "rainy", "snow", "snowy", "fog", "foggy", "mist", "clear", "storm"})
_WAYS = frozenset({"left", "right", "upwards", "downwards", "up", "down"})
_COLORS = frozenset(
    ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "brown", "black", "white", "gray", "grey",
     "golden", "silver", "colour", "color", "colours", "colors", "colourful", "colorful")
)  # fmt: skip
_LETTERS = frozenset(
    ("text", "word", "words", "sign", "signs", "title", "titles", "caption", "captions", "subtitles", "letters", "logo",
     "writing", "written", "says", "saying")
)  # fmt: skip
_LONGEST_TEXT = 60
_PHRASE = r"(?:at|in|on|by|during|under|to|from)\s+(?:the\s+|a\s+|an\s+)?(?:\w+\s+)?"


def full_prompt(arguments: GenerateArguments, source: Source | None = None) -> str:
    """The whole prompt in plain words, which policies judge before anything runs.

    Alone, ``arguments.prompt`` without its "make a video of". With a source, what is known to be seen in it joined
    with what shall differ: "a city street with bicycles" and "at night" give "a city street with bicycles at night".
    Of two times of day (weathers, directions) the wish's wins; words already said are not said again; sentences of
    the description that read like orders are left out, since a description is data. Applying it twice changes
    nothing. Behind both stand the source's colours and what is written in it, unless the wish speaks of such itself.
    A prompt that is ``exact`` is taken as it is.
    """
    if arguments.exact:
        return arguments.prompt.strip()
    wish = _wish(arguments.prompt)
    if source is None:
        return wish or arguments.prompt.strip()
    prompt = _joined(wish, arguments, source)
    for extra in (_colors(source, wish), _written(source, wish)):
        if extra and not _says(prompt, extra) and len(prompt) + len(extra) + 2 <= _LONGEST:
            prompt = f"{prompt}, {extra}"
    return prompt


def _joined(wish: str, arguments: GenerateArguments, source: Source) -> str:
    base = _cut(_description(source.description), _LONGEST - len(wish))
    if not base:
        return wish or arguments.prompt.strip()
    if not wish or _says(base, wish):
        return base
    if _says(wish, base):
        return wish
    base = _without_rivals(base, wish)
    if not base or _says(wish, base):
        return wish
    return f"{base} {wish}" if _continues(wish) else f"{base}, {wish}"


def _wish(prompt: str) -> str:
    text = " ".join(prompt.split())
    text = _SPOKEN.sub("", text)
    shorter = text
    for opener in _OPENERS:
        shorter = opener.sub("", shorter, count=1).strip(" ,.;!")
    return shorter or text.strip(" ,.;!")


def _description(text: str) -> str:
    text = " ".join(_MARKUP.sub(" ", text).split())
    sentences = [part for part in re.split(r"(?<=[.!?;])\s+|\n", text) if part and not _ORDER.search(part)]
    plain = " ".join(sentences).strip(" .;,!")
    return plain[:1].lower() + plain[1:] if plain[:2].istitle() or plain[:2] == "A " else plain


def _colors(source: Source, wish: str) -> str:
    """The source's colours, unless the wish names colours, or a time of day, which brings its own."""
    if not source.colors or set(_words(wish)) & (_COLORS | _TIMES):
        return ""
    return f"in {' and '.join(source.colors[:2])}"


def _written(source: Source, wish: str) -> str:
    """What is written in the source, as plain words, unless the wish speaks of writing or it reads like an order."""
    if set(_words(wish)) & _LETTERS:
        return ""
    lines = [" ".join(_MARKUP.sub(" ", line).split()) for line in source.written if not _ORDER.search(line)]
    text = _cut(", ".join(line for line in lines if _words(line)), _LONGEST_TEXT)
    return f"with the words {text} on screen" if text else ""


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def _says(text: str, other: str) -> bool:
    """Whether every word of weight of ``other`` is in ``text``."""
    heavy = [word for word in _words(other) if word not in _SMALL]
    return bool(heavy) and set(heavy) <= set(_words(text))


def _without_rivals(base: str, wish: str) -> str:
    """Take out of the description the time of day, weather or direction that the wish replaces."""
    wanted = set(_words(wish))
    for group in (_TIMES, _WEATHERS, _WAYS):
        if not wanted & group:
            continue
        for word in group & set(_words(base)):
            verb = r"(?:\w+ing\s+)?" if group is _WAYS else ""
            base = re.sub(rf"[\s,]*\b{verb}(?:{_PHRASE})?{word}\b", "", base, count=1, flags=re.IGNORECASE)
    return base.strip(" ,.;")


def _continues(wish: str) -> bool:
    """Whether the wish reads on from a noun phrase: "at night", "in the rain", "with a dog", "moving left"."""
    first = _words(wish)[0] if _words(wish) else ""
    return first in _SMALL - {"a", "an", "the", "it", "there", "is", "are"} or first in {
        "during", "under", "over", "while", "without", "near", "behind", "before", "after", "but", "where",
    } or first.endswith("ing")  # fmt: skip


def _cut(text: str, longest: int) -> str:
    """At most so many characters, at a word's end."""
    return text if len(text) <= longest else text[: max(0, longest)].rpartition(" ")[0].rstrip(" ,.;")
