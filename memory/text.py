"""Text and JSON that every store can hold, whatever the strings come from."""

from __future__ import annotations

import json

from .errors import NotStorable


def plain(text: str) -> str:
    r"""Text that UTF-8 can hold: lone surrogates (odd file names, broken input) become ``\udc80`` and the like."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def to_json(value: object) -> str:
    """JSON in a canonical form (sorted keys, ASCII), so that equal values give equal text.

    Raises:
        NotStorable: the value holds NaN, infinity or something that is not plain data.
    """
    try:
        return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotStorable(f"A value cannot be kept as JSON ({error}).", "Pass plain, finite JSON values.") from error


def _plain(value: object) -> object:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {plain(key) if isinstance(key, str) else key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
