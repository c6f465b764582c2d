"""Wordings as short patterns that read like what is said: ``render [it|the film] [now]``, ``use take {take:number}``.

``[...]`` may be left out, ``(a|b)`` is one of several, ``{kind}`` one of the given kinds, ``{name:kind}`` the same with
a name to ask for it by. Spaces belong to what they separate; case does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from .phrasing import value_of

_OPTIONAL: Final = re.compile(r"( ?)\[([^\[\]]+)\]( ?)")
_KIND: Final = re.compile(r"\{(?:(\w+):)?(\w+)\}")
_TIME: Final = r"(?:\d+(?:\.\d+)?|half an?|an?|one|two|three|four|five|six|seven|eight|nine|ten)"

KINDS: Final[Mapping[str, str]] = {
    "number": r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|twelve|sixteen|twenty)",
    "time": _TIME,
    "s": r"[ -]?s(?:ec(?:ond)?s?)?\b",
    "length": rf"{_TIME}[ -]?s(?:ec(?:ond)?s?)?\b",
}
"""Kinds that all forms know: a number, a time without its unit, the unit, and a length."""


def form(text: str, kinds: Mapping[str, str] = KINDS) -> re.Pattern[str]:
    """Compile a wording; it matches whole words only."""
    pattern = re.sub(r"\((?!\?)", "(?:", text)
    while found := _OPTIONAL.search(pattern):
        before, inner, after = found.groups()
        # The space goes with the part that is left out: the one before it, or at the very beginning the one after it.
        option = f"(?: (?:{inner}))?{after}" if before else f"(?:(?:{inner}){after})?"
        pattern = pattern[: found.start()] + option + pattern[found.end() :]
    filled = _KIND.sub(lambda kind: f"(?P<{kind[1]}>{kinds[kind[2]]})" if kind[1] else f"(?:{kinds[kind[2]]})", pattern)
    return re.compile(rf"(?<!\w){filled}(?!\w)", re.IGNORECASE)


def seconds_of(words: str | None) -> float:
    """Seconds of "2", "two seconds" or "half a second"; one where nothing is said."""
    if not words:
        return 1.0
    return 0.5 if words.lower().startswith("half") else value_of(re.split(rf"{KINDS['s']}", words, flags=re.I)[0])
