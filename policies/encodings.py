"""Texts hidden in encodings: base64, hex, binary, URL and HTML escapes, rot13, reversed.

Every decoder answers with plain text or nothing; that a span *can* be decoded is no proof that it was encoded, so what
comes out must read like text.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{12,}={0,2}(?![A-Za-z0-9+/=])")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[\s,:]?){6,}(?![0-9A-Za-z])")
_BINARY = re.compile(r"(?<!\d)(?:[01]{8}\s?){3,}(?!\d)")
_URL = re.compile(r"(?<!\S)[^\s%]*+(?:%[0-9A-Fa-f]{2}[^\s%]*+){2,}")
_ESCAPE = re.compile(r"(?:\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}){3,}")

_COMMON = frozenset(
    """
    the a an to of in how do i is it and for on with me my make you can what that this person someone kill video show
    want give tell write are be at from people woman man without not get your into using where
    """.split()  # noqa: SIM905 (a list of 50 strings reads worse)
)
_WORD = re.compile(r"[a-z]+")


def _readable(raw: bytes) -> str | None:
    """Bytes that are text: UTF-8 (or UTF-16), nearly all letters, digits, spaces and common marks."""
    for encoding in ("utf-8", "utf-16"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        plain = sum(c.isalnum() or c in " .,;:!?'\"-\n()" for c in text)
        if len(text) >= 4 and plain >= 0.9 * len(text) and sum(c.isalpha() for c in text) >= 0.6 * len(text):
            return text
    return None


def _base64(span: str) -> str | None:
    body = span.rstrip("=").replace("-", "+").replace("_", "/")
    if len(body) % 4 == 1 or body.isdigit() or (body.isalpha() and (body.islower() or body.isupper())):
        return None
    try:
        return _readable(base64.b64decode(body + "=" * (-len(body) % 4)))
    except (binascii.Error, ValueError):
        return None


def _hex(span: str) -> str | None:
    digits = re.sub(r"0x|\\x|[\s,:]", "", span)
    return _readable(bytes.fromhex(digits)) if len(digits) % 2 == 0 else None


def _binary(span: str) -> str | None:
    bits = re.sub(r"\s", "", span)
    return _readable(bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits) - 7, 8)))


def _escapes(span: str) -> str | None:
    return re.sub(r"\\[ux]([0-9A-Fa-f]+)", lambda found: chr(int(found[1], 16)), span)


def _url(span: str) -> str | None:
    return _readable(unquote_to_bytes(span.replace("+", " ")))


_SPANS: tuple[tuple[re.Pattern[str], Callable[[str], str | None]], ...] = (
    (_URL, _url), (_ESCAPE, _escapes), (_BINARY, _binary), (_HEX, _hex), (_BASE64, _base64),
)  # fmt: skip


def _familiar(text: str) -> int:
    return sum(word in _COMMON for word in _WORD.findall(text.lower()[:2000]))


def _whole(text: str) -> list[str]:
    """Readings of the whole text that turn letter salad into common words: rot13, reversed."""
    if len(text) < 8:
        return []
    own = _familiar(text)
    turned = (codecs.encode(text, "rot13"), text[::-1])
    return [other for other in turned if _familiar(other) >= max(2, own + 2)]


def decoded(text: str, depth: int = 2) -> list[str]:
    """What is hidden in a text: the text with each kind of span in plain, and the spans alone.

    Args:
        text: as typed (case matters for base64).
        depth: encodings inside encodings are followed this far.
    """
    found: list[str] = []
    plain = html.unescape(text) if "&" in text else text
    if plain != text:
        found.append(plain)
    for pattern, decode in _SPANS:
        spans = [(span, decode(span)) for span in pattern.findall(plain)[:50]]
        hits = [(span, inner) for span, inner in spans if inner and inner.strip() != span.strip()]
        if hits:
            replaced = plain
            for span, inner in hits:
                replaced = replaced.replace(span, f" {inner} ")
            found += [replaced, " ".join(inner for _, inner in hits)]
    found += _whole(plain)
    if depth > 1:
        found += [deeper for inner in list(found) for deeper in decoded(inner, depth - 1)]
    return list(dict.fromkeys(found))[:8]
