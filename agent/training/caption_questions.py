"""Questions and answers from the captions of one photo, by rules (no model writes them).

>>> for qa in questions(("A brown dog is running through the snow.", "A dog runs in snow."), random.Random(0)):
...     print(qa.kind, "|", qa.question, "|", qa.answer)

gives lines such as ``colour | What color is the dog? | brown``, ``where | Where is it? | in the snow``,
``yes/no | Is there a dog? | yes`` and ``yes/no | Is there a frisbee? | no``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .caption_words import (
    ACTION_DOUBT,
    ACTIONS,
    COLOURED,
    COLOURS,
    COUNTED,
    MASS,
    NUMBERS,
    OBJECTS,
    PEOPLE,
    PLACES,
    PREPOSITIONS,
)

_WORD = re.compile(r"[a-z][a-z'-]*")
_BREAK = frozenset(["while", "as", "and", "with", "who", "that", "which"])
_THERE = (
    "Is there {a}?", "Is there {a} in the picture?", "Is there {a} in the video?", "Can you see {a}?",
    "Does the clip show {a}?", "Do you see {a} anywhere?",
)  # fmt: skip
_WHAT = ("What is happening?", "What happens in the video?", "What does the clip show?", "What can be seen?")
_WHO = ("Who is in the video?", "Who can be seen?", "Who is in the picture?", "Who is it?")
_WHERE = ("Where is it?", "Where does this take place?", "Where was this filmed?", "Where are they?")


@dataclass(frozen=True)
class QuestionAnswer:
    """One exchange. ``accepted`` holds every answer that some caption supports; ``subject`` names what it is about."""

    kind: str
    question: str
    answer: str
    accepted: frozenset[str]
    subject: str = ""


def clean(caption: str) -> str:
    """A caption as a sentence: capital, no stray spaces, full stop."""
    text = re.sub(r"\s+([.,!?;:'])", r"\1", " ".join(caption.replace('"', "").split())).strip(" .")
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def words_of(captions: Sequence[str]) -> list[list[str]]:
    """Lower-case words of each caption."""
    return [_WORD.findall(caption.lower()) for caption in captions]


def seen_objects(captions: Sequence[str]) -> set[str]:
    """Objects that some caption names."""
    said = {word for words in words_of(captions) for word in words}
    return {name for name, (shown, _) in OBJECTS.items() if shown & said}


def absent_objects(captions: Sequence[str]) -> set[str]:
    """Objects that no caption names or leaves open."""
    said = {word for words in words_of(captions) for word in words}
    return {name for name, (shown, doubt) in OBJECTS.items() if not (shown | doubt) & said}


def questions(
    captions: Sequence[str], rng: random.Random, denial: Mapping[str, float] | None = None
) -> list[QuestionAnswer]:
    """Everything that can be asked about a photo with these captions.

    Args:
        captions: of one photo.
        rng: picks the wording and what is denied.
        denial: :func:`denial_weights`, which balance the answers "yes" and "no" for each object.
    """
    listed = words_of(captions)
    found = [*_yes_no(captions, rng, denial or {}), *_actions(listed, rng), *_colours(listed, rng), *_numbers(listed)]
    found += [*_where(listed, rng), *_doing(listed), *_who(listed, rng)]
    text = rng.choice(list(captions))
    found.append(QuestionAnswer("what", rng.choice(_WHAT), text, frozenset(captions)))
    return found


def with_article(name: str) -> str:
    """``a dog``, ``an umbrella``, ``snow``."""
    if name in MASS:
        return name
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _yes_no(captions: Sequence[str], rng: random.Random, denial: Mapping[str, float]) -> list[QuestionAnswer]:
    seen, absent = sorted(seen_objects(captions)), absent_objects(captions)
    rng.shuffle(seen)
    found = [(name, "yes") for name in seen[:3]]
    # As often absent as seen over the corpus, so that no object alone betrays the answer.
    pool = sorted(absent)
    weights = [denial.get(name, 0.0) if denial else 1.0 for name in pool]
    if any(weights):
        found += [(name, "no") for name in sorted(set(rng.choices(pool, weights, k=min(3, len(seen)))))]
    return [_said("yes/no", rng.choice(_THERE).format(a=with_article(n)), answer, n) for n, answer in found]


def denial_weights(photos: Sequence[Sequence[str]]) -> dict[str, float]:
    """For each object, its photos over the photos where it may be denied: the chance that balances its answers."""
    seen: dict[str, int] = {}
    open_to_denial: dict[str, int] = {}
    for captions in photos:
        for name in seen_objects(captions):
            seen[name] = seen.get(name, 0) + 1
        for name in absent_objects(captions):
            open_to_denial[name] = open_to_denial.get(name, 0) + 1
    return {name: count / max(1, open_to_denial.get(name, 0)) for name, count in seen.items()}


def _actions(listed: Sequence[Sequence[str]], rng: random.Random) -> list[QuestionAnswer]:
    said = {word for words in listed for word in words}
    yes = sorted(ACTIONS & said)
    no = sorted(a for a in ACTIONS if a not in said and not set(ACTION_DOUBT[a].split()) & said)
    found = [_said("yes/no", f"Is anyone {action}?", "yes", action) for action in yes[:1]]
    if no and (yes or rng.random() < 0.3):
        action = rng.choice(no)
        found.append(_said("yes/no", f"Is anyone {action}?", "no", action))
    return found


def _colours(listed: Sequence[Sequence[str]], rng: random.Random) -> list[QuestionAnswer]:
    colours: dict[str, set[str]] = {}
    for words in listed:
        for index, noun in enumerate(words):
            if noun in COLOURED and (colour := _colour_before(words, index)):
                colours.setdefault(noun, set()).add(colour)
    found = []
    for noun, named in sorted(colours.items()):
        answer = rng.choice(sorted(named))
        single = {part for name in named for part in name.split(" and ")}
        found.append(QuestionAnswer("colour", f"What color is the {noun}?", answer, frozenset(named | single), noun))
        if rng.random() < 0.3 and " and " not in answer:
            other = rng.choice(sorted(COLOURS - single - {"gray", "golden", "tan"}))
            found.append(_said("yes/no", f"Is the {noun} {answer}?", "yes", noun))
            found.append(_said("yes/no", f"Is the {noun} {other}?", "no", noun))
    return found


def _colour_before(words: Sequence[str], index: int) -> str:
    if index < 1 or words[index - 1] not in COLOURS:
        return ""
    if index >= 3 and words[index - 2] == "and" and words[index - 3] in COLOURS:
        return f"{words[index - 3]} and {words[index - 1]}"
    return words[index - 1].replace("gray", "grey")


def _numbers(listed: Sequence[Sequence[str]]) -> list[QuestionAnswer]:
    counts: dict[str, set[str]] = {}
    for words in listed:
        for index, word in enumerate(words):
            noun = next((COUNTED[w] for w in words[index + 1 : index + 4] if w in COUNTED), None)
            if word in NUMBERS and noun:
                counts.setdefault(noun, set()).add(NUMBERS[word])
    found = [
        QuestionAnswer("number", f"How many {noun} are there?", sorted(named)[0], frozenset(named), noun)
        for noun, named in sorted(counts.items())
        if len(named) == 1
    ]
    for single, plural, every in (("dog", "dogs", "dog"), ("man", "men", "man"), ("girl", "girls", "girl")):
        alone = sum(single in words for words in listed)
        crowd = any(plural in words or ("another" in words and every in words) for words in listed)
        if alone >= 3 and not crowd and plural not in counts:
            found.append(QuestionAnswer("number", f"How many {plural} are there?", "one", frozenset({"one"}), plural))
    return found


def _where(listed: Sequence[Sequence[str]], rng: random.Random) -> list[QuestionAnswer]:
    places = set()
    for words in listed:
        for index, word in enumerate(words):
            if word in PREPOSITIONS:
                after = words[index + 1 : index + 5]
                end = next((i for i, w in enumerate(after) if w in PLACES), None)
                if end is not None and not _BREAK & set(after[:end]):
                    places.add(" ".join(words[index : index + 2 + end]))
    if not places:
        return []
    accepted = frozenset(places | {word for place in places for word in place.split() if word in PLACES})
    return [QuestionAnswer("where", rng.choice(_WHERE), rng.choice(sorted(places)), accepted)]


def _doing(listed: Sequence[Sequence[str]]) -> list[QuestionAnswer]:
    found = []
    for words in listed:
        verb = next((i for i, w in enumerate(words[:9]) if w.endswith("ing") and len(w) > 4 and i > 1), None)
        if verb is None:
            continue
        subject = next((w for w in words[:verb] if w in PEOPLE or w in OBJECTS["dog"][0]), None)
        if subject is None or "wearing" in words[verb]:
            continue
        rest = list(words[verb : verb + 9])
        stop = next((i for i, w in enumerate(rest) if i > 1 and w in _BREAK), len(rest))
        rest = _no_dangling(rest[:stop])
        many = subject.endswith("s") or subject in {"men", "women", "people", "children"}
        question = f"What {'are' if many else 'is'} the {subject} doing?"
        found.append(QuestionAnswer("doing", question, " ".join(rest), frozenset({" ".join(rest), rest[0]}), subject))
    return found


def _who(listed: Sequence[Sequence[str]], rng: random.Random) -> list[QuestionAnswer]:
    subjects = set()
    for words in listed:
        stop = next(
            (i for i, w in enumerate(words[:7]) if w in {"is", "are", "in", "on", "with"} or w.endswith("ing")), None
        )
        if stop and stop >= 2 and words[stop - 1] in PEOPLE:
            subjects.add(" ".join(words[:stop]))
    if not subjects:
        return []
    said = frozenset(subjects | {s.split()[-1] for s in subjects})
    return [QuestionAnswer("who", rng.choice(_WHO), rng.choice(sorted(subjects)), said)]


def _no_dangling(words: list[str]) -> list[str]:
    loose = PREPOSITIONS | {"a", "an", "the", "of", "to", "his", "her", "its", "their", "with", "for", "from", "and"}
    while len(words) > 1 and words[-1] in loose:
        words = words[:-1]
    return words


def _said(kind: str, question: str, answer: str, subject: str) -> QuestionAnswer:
    return QuestionAnswer(kind, question, answer, frozenset({answer}), subject)
