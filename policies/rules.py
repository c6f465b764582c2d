"""Rules that explain themselves: what plainly may not be asked, and the contexts in which the same words are harmless.

They are data: ``rules.yaml``. A *hard* rule blocks on its own. A *soft* rule is a suspicion: it blocks when the
classifier is not sure of the opposite. Patterns meet normalised lower-case text (:mod:`.normalize`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

from .categories import Category

SHIPPED = Path(__file__).parent / "rules.yaml"
_WORD = re.compile(r"<([a-z_]+)>")


class Rule(BaseModel):
    """One reason to refuse.

    Attributes:
        because: what was seen, a clause for the reason of the verdict.
        soft: a suspicion that the classifier may dispel.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    category: Category
    because: str
    patterns: Annotated[list[str], Field(min_length=1)]
    soft: bool = False

    @property
    def hard(self) -> bool:
        """Whether the rule blocks on its own."""
        return not self.soft


class _RuleFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    words: dict[str, str]
    rules: list[Rule]
    harmless: list[str]
    about: list[str]
    calm: list[str]
    own_video: list[str]


@dataclass(frozen=True)
class RuleBook:
    """Rules with their patterns compiled, and the contexts that disarm them."""

    rules: tuple[tuple[Rule, re.Pattern[str]], ...]
    harmless: re.Pattern[str]
    about: re.Pattern[str]
    calm: re.Pattern[str]
    own_video: re.Pattern[str]

    def harmless_context(self, text: str) -> bool:
        """Whether risky words are likely harmless here: idiom, fiction, game, art, meaning, prevention, own footage."""
        contexts = (self.harmless, self.about, self.calm)
        return any(context.search(text) for context in contexts) or self.own_video.match(text) is not None

    def violations(self, text: str) -> list[Rule]:
        """The rules a normalised text breaks. Harmless context disarms all but the gravest."""
        broken = [rule for rule, pattern in self.rules if pattern.search(text)]
        if not broken or self.about.search(text):
            return [rule for rule in broken if rule.name == "hate.slurs"]
        if self.harmless.search(text):
            return [rule for rule in broken if rule.name == "minors.terms" or rule.name == "hate.slurs"]
        if self.own_video.match(text):
            return [rule for rule in broken if rule.category not in {"violence", "gore"}]
        return broken


def read_rules(path: Path = SHIPPED) -> RuleBook:
    """Read and compile a rule file.

    Raises:
        ValueError: no valid file, an unknown word, or a pattern that is no regular expression.
    """
    file = _RuleFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))

    def compiled(patterns: list[str]) -> re.Pattern[str]:
        source = "|".join(f"(?:{pattern})" for pattern in patterns)
        unknown = [name for name in _WORD.findall(source) if name not in file.words]
        if unknown:
            raise ValueError(f"{path}: no word list is called <{unknown[0]}>.")
        # "(?<name>" is not Python syntax, so the brackets are free to name word lists.
        return re.compile(_WORD.sub(lambda found: f"(?:{file.words[found[1]]})", source))

    return RuleBook(
        rules=tuple((rule, compiled(rule.patterns)) for rule in file.rules),
        harmless=compiled(file.harmless),
        about=compiled(file.about),
        calm=compiled(file.calm),
        own_video=compiled(file.own_video),
    )


@lru_cache(maxsize=1)
def _shipped() -> RuleBook:
    return read_rules()


def harmless_context(text: str) -> bool:
    """:meth:`RuleBook.harmless_context` of the shipped rules."""
    return _shipped().harmless_context(text)


def violations(text: str) -> list[Rule]:
    """:meth:`RuleBook.violations` of the shipped rules."""
    return _shipped().violations(text)
