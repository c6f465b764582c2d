"""Colour tables (LUTs) in ``.cube`` files: found by name in one folder, checked whole, written anew for the filter.

A plan names a table, never a place. What ffmpeg reads is written here from numbers that were checked, so that no
byte of a stranger's file reaches its parser.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import BadArguments, LutUnusable
from .operations import Color, Operation
from .stabilise import escaped
from .track import number

MOST_BYTES: Final = 64 << 20
MOST_LINES: Final = 2_200_000
MOST_LINE: Final = 1024
SIZES: Final = {1: (2, 65536), 3: (2, 129)}  # points a side, by dimensions
FARTHEST: Final = 1e6  # table entries and domains beyond it are no colours
_NUMBER: Final = frozenset("+-.0123456789")  # what one begins with
_REMEDY: Final = "Export it again as a .cube file."

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Lut:
    """A table from colours to colours.

    Attributes:
        dimensions: 1 (each channel by itself) or 3.
        table: rows of red, green, blue, float64 (size ** dimensions, 3); of a cube red changes fastest.
        low: the colour that the first entry stands for, (3,); 0 is black, and what a cube begins with.
        high: the colour that the last entry stands for, (3,); 1 is white, and what a cube ends with.
    """

    dimensions: int
    table: Floats
    low: Floats
    high: Floats

    def filters(self, path: Path) -> str:
        """Write the table to ``path`` and give the filters that apply it (of a cube, tetrahedral in between)."""
        table, size = self.table, round(len(self.table) ** (1 / self.dimensions))
        if self.dimensions == 1:  # as many entries as there are values, so that nothing lies in between
            size = 256
            places = (np.arange(256)[:, None] / 255 - self.low) / (self.high - self.low) * (len(table) - 1)
            columns = [np.interp(places[:, n], np.arange(len(table)), table[:, n]) for n in range(3)]
            table = np.stack(columns, axis=1)
        # The filter cuts off below its last bit: half of one more, and it rounds.
        rows = "\n".join(" ".join(map(number, row)) for row in table + 0.5 / 255)
        path.write_text(f"LUT_{self.dimensions}D_SIZE {size}\n{rows}\n", encoding="ascii")
        way = "tetrahedral" if self.dimensions == 3 else "linear"
        return f"format=gbrp,lut{self.dimensions}d=file={escaped(path)}:interp={way}"


class Luts:
    """The tables of a folder, by the names of their files without ``.cube``; None for no folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._parsed: dict[str, Lut] = {}

    def read(self, name: str) -> Lut:
        """A table. Raises ``BadArguments`` when there is none of that name, ``LutUnusable`` when it is no table."""
        if name not in self._parsed:
            self._parsed[name] = parse(self._bytes(name), name)
        return self._parsed[name]

    def revision(self, operations: Iterable[Operation]) -> str:
        """Hashes of the tables that operations use, so that a changed file makes another edit; raises as :meth:`read`.

        Empty without any.
        """
        names = [one.lut for one in operations if isinstance(one, Color) and one.lut is not None]
        return " ".join(hashlib.sha256(self._bytes(name)).hexdigest() for name in names)

    def _bytes(self, name: str) -> bytes:
        if self._folder is None:
            raise BadArguments(f"There is no colour table {name!r}.", "None can be used here; leave it out.")
        path = self._folder / f"{name}.cube"
        if path.name != f"{name}.cube" or not path.exists():
            known = ", ".join(sorted(each.stem for each in self._folder.glob("*.cube"))) or "none yet"
            raise BadArguments(
                f"There is no colour table {name!r}; there are: {known}.",
                f"Put the .cube file into {self._folder}, or name one of them.",
            )
        if path.resolve().parent != self._folder.resolve() or not path.is_file():
            raise LutUnusable(f"The colour table {name!r} is no file of its folder.", "Copy the file itself there.")
        try:
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise LutUnusable(
                f"The colour table {name!r} cannot be read ({error.strerror}).", "Check who may read it."
            ) from error
        if len(data) > MOST_BYTES:
            raise LutUnusable(
                f"The colour table {name!r} is larger than {MOST_BYTES >> 20} MB.", "Export it with fewer points."
            )
        return data


def parse(data: bytes, name: str) -> Lut:
    """Read a ``.cube`` file (Adobe's form, also Resolve's input range). Raises ``LutUnusable`` with the faulty line."""
    reader = _Reader(name)
    lines = io.BytesIO(data.removeprefix(b"\xef\xbb\xbf"))
    for place in range(1, MOST_LINES + 1):  # line by line: split at once, short lines are thirty times the file
        line = lines.readline(MOST_LINE)
        if not line:
            return reader.finished()
        if len(line) == MOST_LINE:
            raise reader.fault(f"has more than {MOST_LINE} bytes in line {place}")
        words = line.decode("latin-1").split()
        if words and not words[0].startswith("#"):
            reader.take(place, words)
    raise reader.fault(f"has more than {MOST_LINES} lines")


class _Reader:
    """What was read of a file so far."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._dimensions = self._size = 0
        self._low, self._high = np.zeros(3), np.ones(3)
        self._values: list[float] = []

    def take(self, place: int, words: list[str]) -> None:
        """Read one line."""
        key = words[0].upper()
        if words[0][0] in _NUMBER:
            if not self._size:
                raise self.fault(f"has colours before its size, in line {place}")
            if len(self._values) >= 3 * self._entries:
                raise self.fault(f"has more than the {self._entries} colours that its size asks for, in line {place}")
            self._values += self._numbers(place, words, 3)
        elif key in ("LUT_1D_SIZE", "LUT_3D_SIZE"):
            self._set_size(place, int(key[4]), words)
        elif key in ("DOMAIN_MIN", "DOMAIN_MAX"):
            bound = np.array(self._numbers(place, words[1:], 3))
            self._low, self._high = (bound, self._high) if key == "DOMAIN_MIN" else (self._low, bound)
        elif key in ("LUT_1D_INPUT_RANGE", "LUT_3D_INPUT_RANGE"):
            low, high = self._numbers(place, words[1:], 2)
            self._low, self._high = np.full(3, low), np.full(3, high)
        elif key != "TITLE":
            raise self.fault(f"says {words[0][:40]!r} in line {place}, which is no part of a .cube file")

    def finished(self) -> Lut:
        """The table, when nothing is missing."""
        if not self._size:
            raise self.fault("names no size")
        if len(self._values) != 3 * self._entries:
            raise self.fault(f"has {len(self._values) // 3} colours instead of {self._entries}")
        if not (self._high - self._low > 1e-6).all():
            raise self.fault("has a domain that ends before it begins")
        if self._dimensions == 3 and (self._low.any() or (self._high != 1).any()):
            raise self.fault("is a cube for colours outside 0 to 1")
        return Lut(self._dimensions, np.array(self._values).reshape(-1, 3), self._low, self._high)

    @property
    def _entries(self) -> int:
        return int(self._size**self._dimensions)

    def _set_size(self, place: int, dimensions: int, words: list[str]) -> None:
        if self._size:
            raise self.fault(f"names a second size in line {place}; tables in two steps are not read")
        low, high = SIZES[dimensions]
        size = words[1] if len(words) == 2 else ""
        if not (size.isascii() and size.isdecimal() and len(size) < 9 and low <= int(size) <= high):
            raise self.fault(f"has a size in line {place} that is no number from {low} to {high}")
        self._dimensions, self._size = dimensions, int(size)

    def _numbers(self, place: int, words: list[str], count: int) -> list[float]:
        try:
            values = [float(word) for word in words]
        except ValueError:
            values = []
        if len(values) != count or not all(abs(value) <= FARTHEST for value in values):
            raise self.fault(f"needs {count} plain numbers in line {place}")
        return values

    def fault(self, what: str) -> LutUnusable:
        """The error for something wrong with this file."""
        return LutUnusable(f"The colour table {self._name!r} {what}.", _REMEDY)
