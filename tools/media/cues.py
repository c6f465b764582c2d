"""Reading subtitle files, however untidy: SubRip and WebVTT as people write them, in any encoding.

Standard library only. Nothing raises: what cannot be read is left out, and the note says so.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MOST_BYTES: Final = 5 << 20
MOST_LINES: Final = 20_000
MOST_CHARACTERS: Final = 500
UNENDED: Final = 5.0  # seconds a subtitle without an end is shown, unless the next one comes earlier

RawCue = tuple[float, float | None, str]

_TIME: Final = r"(-?(?:\d{1,3}:)?-?\d{1,3}:-?\d{1,2}(?:[.,:]\d{1,6})?)"
_TIMING: Final = re.compile(rf"\s*{_TIME}\s*-{{1,3}}\s?>\s*{_TIME}", re.ASCII)
_BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[/!?a-zA-Z0-9.:][^<>]{0,200}>")
_OVERRIDE: Final = re.compile(r"\{\\[^{}]*\}")
_DRAWING: Final = re.compile(r"\{[^{}]*\\p[1-9]")
_NEWLINE: Final = re.compile(r"\r\n|\r|\n")
# Other format characters turn the reading direction or hide text; these two belong to the spelling of some languages.
_JOINERS: Final = "\u200c\u200d"


@dataclass(frozen=True)
class Cue:
    """Words and when they are shown, in seconds, 0 <= start < end."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Cues:
    """Cues in the order of their starts, and in sentences what was left out; empty when nothing was."""

    cues: tuple[Cue, ...]
    note: str = ""


def parse(data: bytes) -> Cues:
    """Read the bytes of a subtitle file; never raises.

    Numbers may be missing, times may overlap, go back or be negative; tags, comments and styles are dropped.
    """
    notes = []
    if len(data) > MOST_BYTES:
        data = data[:MOST_BYTES]
        notes.append(f"Only the first {MOST_BYTES >> 20} MB were read.")
    text, note = _decoded(data)
    notes += [note] if note else []
    lines = _NEWLINE.split(text, maxsplit=MOST_LINES)
    if len(lines) > MOST_LINES:
        del lines[MOST_LINES:]
        notes.append(f"Only the first {MOST_LINES:,} lines were read.")
    raw = _blocks(lines)
    if not raw:
        notes.append("It holds no subtitle with a time.")
    found = tidy(raw)
    return Cues(found.cues, " ".join([*notes, found.note]).strip())


def tidy(raw: Iterable[RawCue]) -> Cues:
    """Clean words, put cues in order, join what is repeated, and leave out what has no sensible time."""
    raw = sorted(raw, key=lambda cue: cue[0])
    kept: list[Cue] = []
    shortened = untimed = 0
    for number, (start, end, words) in enumerate(raw):
        text = cleaned(words)
        if not text:
            continue
        if end is None:
            following = raw[number + 1][0] if number + 1 < len(raw) else start + UNENDED
            end = min(following, start + UNENDED) if following > start else start + UNENDED
        if end <= max(start, 0.0):
            untimed += 1
            continue
        shortened += len(text) > MOST_CHARACTERS
        cue = Cue(max(start, 0.0), end, text[:MOST_CHARACTERS])
        if kept and kept[-1].text == cue.text and cue.start <= kept[-1].end + 0.1:
            kept[-1] = Cue(kept[-1].start, max(kept[-1].end, end), cue.text)
        else:
            kept.append(cue)
    notes = [f"{_count(untimed)} left out for want of a sensible time."] if untimed else []
    notes += [f"{_count(shortened)} shortened to {MOST_CHARACTERS} characters."] if shortened else []
    return Cues(tuple(kept), " ".join(notes))


def cleaned(words: str) -> str:
    """Words on one line, without tags, styles, control characters and characters that turn the reading direction."""
    words = words[: 8 * MOST_CHARACTERS]
    if _DRAWING.search(words):
        return ""  # lines of a picture, not words
    words = html.unescape(_TAG.sub("", _OVERRIDE.sub("", _BREAK.sub(" ", words))))
    plain = (char if char in _JOINERS or unicodedata.category(char)[0] != "C" else _blank(char) for char in words)
    return " ".join("".join(plain).split())


def _count(number: int) -> str:
    return f"{number} line{'s were' if number > 1 else ' was'}"


def _blank(char: str) -> str:
    return " " if char in "\t\n\r\v\f" else ""


def _decoded(data: bytes) -> tuple[str, str]:
    """The text of a file that does not say its encoding, and a note where that is a guess."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace"), ""
    data = data.removeprefix(b"\xef\xbb\xbf")
    head = data[:4000]
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(head) >= 8 and head[first::2].count(0) > 0.4 * len(head[first::2]):
            return data.decode(encoding, "replace"), ""
    text = data.decode("utf-8", "replace")
    unknown = text.count("\ufffd")
    if not unknown:
        return text, ""
    if unknown * 10 <= sum(char > "\x7f" for char in text):
        return text, "Some letters are damaged."
    try:
        return data.decode("cp1252"), "Its letters are not UTF-8 and were read as Western European."
    except UnicodeDecodeError:
        return data.decode("latin-1"), "Its letters are not UTF-8 and were read as Western European."


def _blocks(lines: list[str]) -> list[RawCue]:
    """What stands after each line with times, as far as the next empty line or the next such line."""
    found: list[RawCue] = []
    span: tuple[float, float] | None = None
    words: list[str] = []
    for line in [*lines, ""]:
        match = _TIMING.match(line[:200])
        if match is None and line.strip():
            words.append(line)
            continue
        if span is not None:
            if match is not None and words and words[-1].strip().isdigit():
                words.pop()  # the number of the next one, which no empty line sets apart
            found.append((*span, "\n".join(words)))
        span = (_seconds(match[1]), _seconds(match[2])) if match is not None else None
        words = []
    return found


def _seconds(stamp: str) -> float:
    whole, _, rest = stamp.replace("-", "").replace(",", ".").partition(".")
    parts = whole.split(":")
    if not rest and len(parts) == 4:  # a colon before the fraction
        rest = parts.pop()
    total = 0.0
    for part in parts:
        total = total * 60 + int(part)
    total += float(f"0.{rest or 0}")
    return -total if "-" in stamp else total
