"""Texts as a judge should see them: the tricks that hide words undone, each plausible reading on its own.

:func:`readings` gives the plain normal form first and then what else the text may say: look-alike letters, leetspeak,
s p a c e d letters, encoded spans. A policy judges all of them and takes the worst.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from .confusables import LEET, LOOKS, SOUNDS
from .encodings import decoded

MAX_READINGS = 8
WINDOW = 420
"""Characters of a window: about a hundred tokens, within what the classifier sees at once."""

_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]")
_BLANK = re.compile(r"\s+")
_REPEAT = re.compile(r"([a-z!?.*_-])\1{3,}")
_SPACED = re.compile(r"(?<![a-z0-9])(?:[a-z0-9@$!][\s.,\-_*/|~+]{1,3}){2,}[a-z0-9@$!](?![a-z0-9])")
_BROKEN = re.compile(r"(?<=[a-z])[.*_~|/\\-](?=[a-z])")
_TOKEN = re.compile(r"\S+")
_MEASURE = re.compile(
    r"^[('\"\[]*(?:\d[\d.,:]*(?:k|p|x|s|h|d|m|ms|mm|cm|min|sec|secs|st|nd|rd|th|fps|am|pm|gb|mb|kb|hz|khz|px|%)?"
    r"|(?:c|v|s|e|mp|h|x|clip|take|part|scene|shot|web|av)\d+|\$\d+(?:\[-?\d+\])?|c\d+@[\d.\-]+)[)'\"\]]*$"
)
"""Times, sizes, formats and clip names, whose digits are digits."""


def _join_surrogates(text: str) -> str:
    """Surrogate pairs become characters; a lone half, which no encoder accepts, becomes a blank."""
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return joined.replace("\ufffd", " ")


def plain(text: str) -> str:
    """The normal form: compatibility characters, case, marks, invisible characters and white space evened out."""
    if not text.isascii():
        text = _join_surrogates(text)
        text = unicodedata.normalize("NFKC", text)
        text = _MARKS.sub("", unicodedata.normalize("NFD", text))
        # Soft hyphens, zero-width and bidirectional controls, tag characters: all of category Cf.
        text = "".join(c for c in text if unicodedata.category(c) not in {"Cf", "Co", "Cn"})
        text = unicodedata.normalize("NFC", text)
        text = text.translate({0x2019: "'", 0x2018: "'", 0x201C: '"', 0x201D: '"', 0x2013: "-", 0x2014: "-"})
    text = "".join(c if c.isprintable() else " " for c in text)
    return _BLANK.sub(" ", _REPEAT.sub(r"\1\1", text.casefold())).strip()


def _unleet(text: str) -> str:
    def fix(token: re.Match[str]) -> str:
        word = token[0]
        core = word.rstrip("!?.,;:")
        if core.isalpha() or not any(c.isalpha() for c in core) or _MEASURE.match(core):
            return word
        return core.translate(LEET) + word[len(core) :]

    return _TOKEN.sub(fix, text)


_SEGMENTS = frozenset(
    """
    a about an and are at attack be beat being blood bomb book boy build buy by can car cat child children clip
    cocaine cook cut dead die do dog drug drugs explosive find for from fuck get girl give gore gun hack have heroin
    her him his home house how hurt i in is it kill killed killing knife like make making man me meth money murder
    my myself naked neighbor nude of on out people person poison porn rape school sex sexy she shoot show steal
    suicide teach tell that the them this to torture up video want weapon what where wife with without woman write
    you your
    """.split()  # noqa: SIM905 (a list of 140 strings reads worse)
)
_LONGEST = max(map(len, _SEGMENTS))


@lru_cache(maxsize=256)
def _segment(run: str) -> str | None:
    """Letters without blanks -> known words, if they cover the run; fewest words win."""
    best: list[tuple[int, str] | None] = [(0, "")] + [None] * len(run)
    for end in range(1, len(run) + 1):
        for start in range(max(0, end - _LONGEST), end):
            before = best[start]
            if before is not None and run[start:end] in _SEGMENTS:
                found = (before[0] + 1, f"{before[1]} {run[start:end]}")
                current = best[end]
                if current is None or found[0] < current[0]:
                    best[end] = found
    last = best[-1]
    return last[1].strip() if last else None


def _unspace(text: str) -> str:
    """``k i l l`` -> ``kill``; a wider gap between letters is taken for a word's end."""

    def close(run: re.Match[str]) -> str:
        if sum(c.isalpha() for c in run[0]) < 3:
            return run[0]
        words = re.split(r"\s{2,}|\s[/|]\s", run[0])
        closed = " ".join(re.sub(r"[^a-z0-9@$!]", "", word) for word in words)
        if len(words) == 1 and len(closed) > 5:
            return _segment(closed.translate(LEET)) or closed
        return closed

    return _SPACED.sub(close, text)


def _letters(text: str) -> str:
    return "".join(c for c in text if c.isalpha())


def unreadable(text: str) -> float:
    """Share of letters that are neither Latin nor readable as Latin look-alikes (0 to 1)."""
    letters = _letters(plain(text))
    if not letters:
        return 0.0
    return sum(ord(c) > 0x24F for c in letters) / len(letters)


def _views(text: str) -> list[str]:
    """One text -> its normal form and the forms with a trick undone."""
    base = plain(text)
    views = [base]
    if not base.isascii():
        views += [base.translate(LOOKS), base.translate(SOUNDS)]
    wide = "".join(c if c.isprintable() else "  " for c in text.casefold()) if text.isascii() else base
    for view in list(views):
        spaced = _unspace(wide if view is base and len(wide) < 20000 else view)
        forms = [_BLANK.sub(" ", spaced).strip(), _BROKEN.sub("", view)]
        for form in forms:
            leet = _unleet(form)
            views += [form, leet]
            if "1" in form and leet != form:
                views.append(_unleet(form.replace("1", "l")))
    return views


def readings(text: str) -> list[str]:
    """A text -> the forms to judge, the plain one first; at most ``MAX_READINGS``, no two alike.

    All are lower case. Typical requests have one.
    """
    inner = [view for hidden in decoded(_join_surrogates(text)) for view in _views(hidden)[:2]]
    return list(dict.fromkeys(v for v in [*_views(text), *inner] if v))[:MAX_READINGS] or [""]


def windows(text: str, size: int = WINDOW, overlap: int = 120) -> list[str]:
    """Cut a long text into overlapping windows that end at word boundaries where there are any."""
    if len(text) <= size:
        return [text]
    out, start = [], 0
    while start < len(text):
        end = min(len(text), start + size)
        if end < len(text):
            blank = text.rfind(" ", start + size // 2, end)
            end = blank if blank > 0 else end
        out.append(text[start:end].strip())
        if end >= len(text):
            break
        start = max(start + 1, end - overlap)
        blank = text.find(" ", start, end)
        start = blank + 1 if blank > 0 else start
    return [window for window in out if window]
