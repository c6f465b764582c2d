"""A small grammar for training sentences: ``$name: a | b`` is a vocabulary, ``{name}`` and ``(a|b|)`` draw from one.

A line that begins with ``@`` judges the templates below it: ``@ illegal,violence kind=request n=60 w=1``, or
``@ safe kind=lookalike n=40``. ``n`` is how many sentences a template may give at most. The templates are data files of
this package, written for it.
"""

from __future__ import annotations

import random
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

_SLOT = re.compile(r"\{([a-z0-9_]+)\}")
_INLINE = re.compile(r"\(([^()]*\|[^()]*)\)")


@dataclass(frozen=True)
class Template:
    """A pattern with its judgement.

    Attributes:
        labels: categories; empty is harmless.
        kind: ``request``, ``scene``, ``lookalike``, ``everyday`` ...
        count: sentences to draw at most.
        weight: of each sentence in training.
    """

    pattern: str
    labels: tuple[str, ...]
    kind: str
    count: int
    weight: float

    @property
    def family(self) -> int:
        """Stable number of the template: its sentences are held out together."""
        return zlib.crc32(self.pattern.encode())


@dataclass(frozen=True)
class Grammar:
    """Vocabularies and templates of a folder of ``*.guard`` files."""

    vocabulary: dict[str, list[str]]
    templates: list[Template]

    def sentence(self, template: Template, rng: random.Random) -> str:
        """Draw one sentence."""
        text = template.pattern
        for _ in range(60):
            slot = _SLOT.search(text)
            inline = None if slot else _INLINE.search(text)
            if slot:
                text = text[: slot.start()] + rng.choice(self.vocabulary[slot[1]]) + text[slot.end() :]
            elif inline:
                text = text[: inline.start()] + rng.choice(inline[1].split("|")) + text[inline.end() :]
            else:
                break
        return re.sub(r"\s+([,.?!])", r"\1", re.sub(r"\s+", " ", text)).strip(" ,")

    def sentences(self, template: Template, rng: random.Random) -> list[str]:
        """Different sentences, ``count`` at most; templates with few combinations give few."""
        drawn = (self.sentence(template, rng) for _ in range(template.count * 2))
        return list(dict.fromkeys(drawn))[: template.count]


def _header(line: str, path: Path, number: int) -> dict[str, str]:
    words = line[1:].split()
    if not words:
        raise ValueError(f"{path.name}, line {number}: a judgement such as '@ safe' is missing.")
    return {"labels": words[0], **dict(word.split("=", 1) for word in words[1:])}


def read_grammar(folder: Path) -> Grammar:
    """Read all ``*.guard`` files of a folder.

    Raises:
        ValueError: a template without judgement or with an unknown vocabulary; the message names file and line.
    """
    vocabulary: dict[str, list[str]] = {}
    templates: list[Template] = []
    places: list[str] = []
    for path in sorted(folder.glob("*.guard")):
        header: dict[str, str] | None = None
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("$"):
                name, _, words = line[1:].partition(":")
                vocabulary.setdefault(name.strip(), []).extend(word.strip() for word in words.split("|"))
            elif line.startswith("@"):
                header = _header(line, path, number)
            elif line.strip() and not line.startswith("#"):
                if header is None:
                    raise ValueError(f"{path.name}, line {number}: a template before any '@' line.")
                labels = () if header["labels"] == "safe" else tuple(header["labels"].split(","))
                count, weight = int(header.get("n", "20")), float(header.get("w", "1"))
                templates.append(Template(line.strip(), labels, header["kind"], count, weight))
                places.append(f"{path.name}, line {number}")
    for template, place in zip(templates, places, strict=True):
        for name in _SLOT.findall(template.pattern):
            if name not in vocabulary:
                raise ValueError(f"{place}: no vocabulary is called {name!r}.")
    return Grammar(vocabulary, templates)
