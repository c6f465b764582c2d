"""Choosing words: seeded, and with whole phrasing families held out for measurement."""

# fmt: off
from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

Clause = tuple[str, str]
"""(an imperative clause with ``{x}`` where the clip goes, operations in the plan syntax)."""

NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]

_LEADS = [
    "please {}", "can you {}?", "could you {}?", "could you please {}?", "can you please {}", "hey, {}", "hi! {}",
    "ok, {}", "okay now {}", "now {}", "i want you to {}", "i'd like you to {}", "{} please", "{}, please",
    "{} for me",
    "{}, thanks", "{} thx", "would you {}?", "pls {}", "next, {}", "alright, {}", "let's {}", "i need you to {}",
    "just {}", "quickly {}", "kindly {}", "go ahead and {}", "you should {}", "help me {}", "hello, could you {}",
    "would it be possible to {}?", "so, {}", "first thing: {}", "be so kind and {}",
    "i was wondering if you could {}",
    "any chance you could {}?", "time to {}", "try to {}", "i think we should {}", "one more thing: {}", "can u {}",
    "do me a favour and {}", "my request: {}", "what i want is this: {}", "would you be able to {}?",
]


def held_out(phrase: str) -> bool:
    """Whether a phrasing family belongs to the measurement only (about one in eleven, fixed by its own letters)."""
    return zlib.crc32(phrase.encode()) % 11 == 3


class Words:
    """A seeded chooser. In ``test`` mode it prefers held-out families and remembers whether it used one."""

    def __init__(self, seed: int, *, test: bool = False) -> None:
        self.random = random.Random(seed)
        self.test = test
        self.novel = False

    def chance(self, share: float) -> bool:
        """True in ``share`` of the cases."""
        return self.random.random() < share

    def one(self, options: Sequence[T]) -> T:
        """Any of the options, families or not."""
        return self.random.choice(options)

    def pick(self, families: Sequence[T]) -> T:
        """One of several phrasing families; the held-out ones only when measuring."""
        held = [family for family in families if held_out(_key(family))]
        kept = [family for family in families if not held_out(_key(family))]
        if self.test and held and self.chance(0.6):
            self.novel = True
            return self.one(held)
        return self.one(kept or list(families))

    def weighted(self, options: Sequence[tuple[float, T]]) -> T:
        """One of the options by weight."""
        return self.random.choices([option for _, option in options], [weight for weight, _ in options])[0]

    def number(self, value: float, *, words: float = 0.5) -> str:
        """2 -> "2" or "two"; 2.5 -> "2.5"."""
        if value == int(value) and value < len(NUMBERS) and self.chance(words):
            return NUMBERS[int(value)]
        return f"{value:g}"

    def polite(self, clause: str) -> str:
        """Wrap an imperative clause in a courtesy, now and then."""
        return self.pick(_LEADS).format(clause) if self.chance(0.45) else clause

    def typo(self, text: str) -> str:
        """Misspell one word of four letters or more; words with slots, digits or quotes are left alone."""
        words = text.split(" ")
        places = [n for n, word in enumerate(words) if len(word) > 3 and word.isalpha()]
        if not places:
            return text
        place = self.one(places)
        word = words[place]
        at = self.random.randrange(1, len(word) - 1)
        words[place] = self.one(
            [
                word[:at] + word[at + 1 :],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                word[:at] + word[at] + word[at:],
                word[:at] + self.one("aeioutrsn") + word[at + 1 :],
            ]
        )
        return " ".join(words)


def _key(family: object) -> str:
    return str(family[0]) if isinstance(family, tuple) else str(family)
