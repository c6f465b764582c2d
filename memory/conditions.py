"""Chroma's filters, evaluated on metadata that is at hand."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

Where = dict[str, Any]

_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "$eq": operator.eq,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def understood(where: Where) -> bool:
    """Whether :func:`fits` knows all operators of a filter; Chroma has more."""
    return all(_part_understood(key, asked) for key, asked in where.items())


def _part_understood(key: str, asked: Any) -> bool:
    if key in ("$and", "$or"):
        return all(understood(part) for part in asked)
    if not isinstance(asked, dict):
        return not key.startswith("$")
    return all(name in _COMPARED or name in ("$ne", "$in", "$nin") for name in asked)


def fits(where: Where, metadata: Mapping[str, Any]) -> bool:
    """Whether a row's metadata fulfils a filter; a name that the row lacks fulfils ``$ne`` and ``$nin`` alone."""
    return all(_part_fits(key, asked, metadata) for key, asked in where.items())


def _part_fits(key: str, asked: Any, metadata: Mapping[str, Any]) -> bool:
    if key == "$and":
        return all(fits(part, metadata) for part in asked)
    if key == "$or":
        return any(fits(part, metadata) for part in asked)
    conditions = asked if isinstance(asked, dict) else {"$eq": asked}
    return all(_holds(name, metadata.get(key), wanted) for name, wanted in conditions.items())


def _holds(name: str, value: Any, wanted: Any) -> bool:
    if name in ("$in", "$nin"):
        return any(_alike(value, one) and value == one for one in wanted) == (name == "$in")
    if name == "$ne":
        return not (_alike(value, wanted) and value == wanted)
    return _alike(value, wanted) and _COMPARED[name](value, wanted)


def _alike(value: Any, wanted: Any) -> bool:
    """Whether two values can be compared: Python takes True for 1, Chroma does not."""
    kinds = bool, str, (int, float)
    return any(isinstance(value, kind) and isinstance(wanted, kind) for kind in kinds) and isinstance(
        value, bool
    ) == isinstance(wanted, bool)
