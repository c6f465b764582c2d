"""What the model that sees is taught: descriptions and dialogues over photos, stitched photos, camera moves, drawings.

A data folder holds ``captions.csv`` (columns ``image``, ``caption``), ``images/``, ``train.txt`` and ``dev.txt`` (one
file name a line): the layout of Flickr8k (Hodosh, Young and Hockenmaier 2013). An :class:`Example` is a list of
frames, as rows of the feature bank, and a conversation. Examples, soft tokens left out:

- a photo: ``Labels: ... / Describe:`` -> ``A dog runs through the snow.``
- a dialogue: ``Question: Is there a dog? / Answer:`` -> ``yes``, then ``Question: What color is the dog?`` -> ``brown``
- two photos one after the other: ``Question: What happens first?`` -> ``A man rides a bike.``;
  ``Describe:`` -> ``First, a man rides a bike. Then, a dog runs through the snow.``
- a camera move: ``Question: Which way does the camera move?`` -> ``to the left``
- a drawing: ``Question: Which way does the star move?`` -> ``up``
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import AgentError
from ..model.see_prompts import DESCRIBE, opening, question_line, target
from .caption_questions import QuestionAnswer, clean, denial_weights, questions, seen_objects, with_article

END = "\0"
"""Stands for the tokenizer's end token in a turn's text."""

Turn = tuple[str, bool]

MOST_BRANCHES = 5


class DataInvalid(AgentError):
    """The data folder does not have the documented layout."""

    code = "data_invalid"


@dataclass(frozen=True)
class Photo:
    """A photo with its captions, the bank rows of its variants (plain ones, mirrored ones) and its class labels."""

    name: str
    captions: tuple[str, ...]
    plain: tuple[int, ...] = ()
    mirrored: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Move:
    """Frames whose direction of motion is known: a camera over a photo, or a drawn shape.

    Attributes:
        rows: bank rows in order of time.
        direction: ``left``, ``right``, ``up``, ``down``, ``still``, and for cameras ``in`` and ``out``.
        photo: what the camera looks at; None for a drawing.
        shape, colour: of the drawing.
    """

    rows: tuple[int, ...]
    direction: str
    photo: Photo | None = None
    shape: str = ""
    colour: str = ""


@dataclass(frozen=True)
class Example:
    """Frames, the text that all branches share, and the branches: each a conversation of (text, assistant speaks).

    Only the assistant's text counts in the loss. The captions of a photo are branches of one example, and so are
    questions that do not refer to each other: none of them sees another's answer.
    """

    rows: tuple[int, ...]
    prefix: str
    branches: tuple[tuple[Turn, ...], ...]
    kind: str = ""


def read_captions(folder: Path) -> dict[str, tuple[str, ...]]:
    """Captions by file name, cleaned. Raises :class:`DataInvalid` for a folder that is laid out otherwise."""
    path = folder / "captions.csv"
    found: dict[str, list[str]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if text := clean(row["caption"]):
                    found.setdefault(row["image"], []).append(text)
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise DataInvalid(
            f"{path} cannot be read as captions ({error}).", "See the layout in docs/models/see.md."
        ) from error
    return {name: tuple(texts) for name, texts in found.items()}


def read_split(folder: Path, split: str, captions: dict[str, tuple[str, ...]], limit: int = 0) -> list[Photo]:
    """Photos of ``train`` or ``dev`` in the order of the list, the first ``limit`` of them if that is not 0."""
    path = folder / f"{split}.txt"
    try:
        names = path.read_text(encoding="utf-8").split()
    except OSError as error:
        raise DataInvalid(f"{path} is missing.", "See the layout in docs/models/see.md.") from error
    photos = [Photo(name, captions[name]) for name in names if name in captions]
    if not photos:
        raise DataInvalid(f"No photo of {path} has a caption.", "Check that captions.csv belongs to the same photos.")
    return photos[:limit] if limit else photos


CAMERA_ANSWER = {
    "left": "to the left", "right": "to the right", "up": "up", "down": "down",
    "in": "it zooms in", "out": "it zooms out", "still": "it does not move",
}  # fmt: skip
CAMERA_QUESTION = (
    "Which way does the camera move?", "How does the camera move?", "In which direction does the camera pan?",
    "What does the camera do?",
)  # fmt: skip
SHAPE_ANSWER = {"left": "to the left", "right": "to the right", "up": "up", "down": "down", "still": "it does not move"}
SHAPE_QUESTION = ("Which way does the {s} move?", "In which direction does the {s} move?", "Where does the {s} go?")
_FIRST = ("What happens first?", "What is shown first?", "What is in the first scene?", "How does the clip begin?")
_NEXT = ("What happens next?", "What happens after that?", "What comes next?", "What is in the second scene?")
_LAST = ("What happens last?", "How does the clip end?", "What is in the last scene?", "What is shown at the end?")
_COUNT = ("How many scenes are there?", "How many different scenes does the clip show?")
_WHICH = ("Which comes first, the {a} or the {b}?", "What is seen first, the {a} or the {b}?")


class Lessons:
    """Draws examples from photos and moves; the same ``random.Random`` gives the same examples."""

    def __init__(self, photos: Sequence[Photo], moves: Sequence[Move]) -> None:
        self.photos, self.moves = list(photos), list(moves)
        self._denial = denial_weights([photo.captions for photo in photos])
        self._objects = [seen_objects(photo.captions) for photo in photos]
        self._by_object: dict[str, list[int]] = {}
        for index, names in enumerate(self._objects):
            for name in sorted(names):
                self._by_object.setdefault(name, []).append(index)

    def image(self, rng: random.Random, talk: float = 0.35) -> Example:
        """One photo as one frame: described, or with chance ``talk`` asked about."""
        photo = rng.choice(self.photos)
        if rng.random() < talk:
            return self._dialogue(photo, (self._frame(photo, rng),), rng)
        return self._description(photo, rng)

    def video(self, rng: random.Random, frames: int = 8) -> Example:
        """``frames`` frames (3 or more): one scene, scenes one after the other, a camera move or a drawing."""
        draw = rng.random()
        if draw < 0.2 or (draw >= 0.6 and not self.moves):
            return self._scene(rng, frames)
        if draw < 0.6:
            return self._stitched(rng, frames)
        return self._moved(rng.choice(self.moves), rng, frames)

    def _description(self, photo: Photo, rng: random.Random) -> Example:
        sided = any(_sided(caption) for caption in photo.captions)
        rows = photo.plain if sided or rng.random() < 0.5 else photo.mirrored or photo.plain
        captions = rng.sample(photo.captions, min(len(photo.captions), MOST_BRANCHES))
        return _described((rng.choice(rows),), _labels(photo.labels, rng), captions, "caption")

    def _frame(self, photo: Photo, rng: random.Random) -> int:
        return rng.choice(photo.plain if rng.random() < 0.5 else photo.mirrored or photo.plain)

    def _dialogue(self, photo: Photo, rows: tuple[int, ...], rng: random.Random) -> Example:
        found = questions(photo.captions, rng, self._denial)
        asked = _one_a_subject(found, rng)[: MOST_BRANCHES + 1]
        return talked(rows, _labels(photo.labels, rng), asked, rng, "dialogue")

    def _scene(self, rng: random.Random, frames: int) -> Example:
        photo = rng.choice(self.photos)
        rows = self._shot(photo, frames, rng)
        if rng.random() < 0.5:
            captions = rng.sample(photo.captions, min(len(photo.captions), 3))
            return _described(rows, _labels(photo.labels, rng), captions, "scene")
        return self._dialogue(photo, rows, rng)

    def _shot(self, photo: Photo, frames: int, rng: random.Random) -> tuple[int, ...]:
        """The same scene for some frames: one variant held, or variants that differ a little."""
        rows = photo.mirrored if photo.mirrored and rng.random() < 0.5 else photo.plain
        if rng.random() < 0.5:
            return (rng.choice(rows),) * frames
        return tuple(rng.choice(rows) for _ in range(frames))

    def _stitched(self, rng: random.Random, frames: int) -> Example:
        first = rng.randrange(len(self.photos))
        shared = self._by_object.get(rng.choice(sorted(self._objects[first]) or [""]), [])
        # Some of the time a photo with something in common: telling the scenes apart then takes more than one word.
        second = rng.choice(shared) if shared and rng.random() < 0.3 else rng.randrange(len(self.photos))
        picked = [first, second] if rng.random() < 0.8 else [first, second, rng.randrange(len(self.photos))]
        scenes = [self.photos[index] for index in picked]
        counts = _lengths(len(scenes), frames, rng)
        rows = tuple(r for scene, n in zip(scenes, counts, strict=True) for r in self._shot(scene, n, rng))
        labels = _labels(tuple(dict.fromkeys(label for scene in scenes for label in scene.labels[:2])), rng)
        if rng.random() < 0.25:
            text = in_order([rng.choice(scene.captions) for scene in scenes])
            return _described(rows, labels, [text], "stitched")
        found = self._temporal(picked, rng)
        return talked(rows, labels, rng.sample(found, min(len(found), MOST_BRANCHES)), rng, "stitched")

    def _temporal(self, picked: Sequence[int], rng: random.Random) -> list[QuestionAnswer]:
        scenes = [self.photos[index] for index in picked]
        asked = [_exchange("first", rng.choice(_FIRST), rng.choice(scenes[0].captions))]
        if len(scenes) == 2:
            asked.append(_exchange("next", rng.choice(_NEXT), rng.choice(scenes[1].captions)))
        asked.append(_exchange("last", rng.choice(_LAST), rng.choice(scenes[-1].captions)))
        asked.append(_exchange("scenes", rng.choice(_COUNT), ("two", "three")[len(scenes) - 2]))
        if choice := which_first(self._objects[picked[0]], self._objects[picked[-1]], rng):
            asked += [choice, choice]
        common = sorted(set.intersection(*(self._objects[index] for index in picked)))
        if common:
            asked.append(_exchange("both", "What do all scenes show?", with_article(rng.choice(common))))
        return asked

    def _moved(self, move: Move, rng: random.Random, frames: int) -> Example:
        rows = _thinned(move.rows, frames)
        asked = [move_question(move, rng.choice)]
        if move.photo is not None:
            labels = _labels(move.photo.labels, rng)
            if rng.random() < 0.2:
                return _described(rows, labels, [rng.choice(move.photo.captions)], "scene")
            return talked(rows, labels, asked, rng, "camera")
        if rng.random() < 0.4:
            asked.append(_exchange("colour", f"What color is the {move.shape}?", move.colour))
            asked.append(_exchange("shape", "What moves?", f"a {move.colour} {move.shape}"))
        return talked(rows, (), asked, rng, "drawn")


def move_question(move: Move, choose: Callable[[Sequence[str]], str]) -> QuestionAnswer:
    """The question about the direction of a move."""
    if move.photo is not None:
        return _exchange("camera", choose(CAMERA_QUESTION), CAMERA_ANSWER[move.direction])
    return _exchange("motion", choose(SHAPE_QUESTION).format(s=move.shape), SHAPE_ANSWER[move.direction])


def which_first(earlier: set[str], later: set[str], rng: random.Random) -> QuestionAnswer | None:
    """Which of two objects comes first, when each is in one scene alone; None when nothing tells them apart."""
    here, there = sorted(earlier - later), sorted(later - earlier)
    if not here or not there:
        return None
    first, second = rng.choice(here), rng.choice(there)
    a, b = (first, second) if rng.random() < 0.5 else (second, first)
    return _exchange("order", rng.choice(_WHICH).format(a=a, b=b), f"the {first}")


def in_order(captions: Sequence[str]) -> str:
    """Captions of scenes as one description: First, ... Then, ..."""
    words = ("First", *("Then" for _ in captions[2:]), "Then" if len(captions) == 2 else "Finally")
    return " ".join(f"{word}, {text[:1].lower()}{text[1:]}" for word, text in zip(words, captions, strict=True))


def talked(
    rows: tuple[int, ...], labels: Sequence[str], asked: Sequence[QuestionAnswer], rng: random.Random, kind: str
) -> Example:
    """Questions as branches; now and then two follow each other in one conversation."""
    branches: list[tuple[Turn, ...]] = []
    for qa in asked:
        turns = ((question_line(qa.question), False), (target(qa.answer) + END, True))
        if branches and len(branches[-1]) == 2 and rng.random() < 0.2:
            branches[-1] = (*branches[-1], ("\n" + turns[0][0], False), turns[1])
        else:
            branches.append(turns)
    return Example(rows, opening(labels), tuple(branches), kind)


def _described(rows: tuple[int, ...], labels: Sequence[str], texts: Sequence[str], kind: str) -> Example:
    return Example(rows, opening(labels) + DESCRIBE, tuple(((target(text) + END, True),) for text in texts), kind)


def _labels(labels: Sequence[str], rng: random.Random) -> tuple[str, ...]:
    """Three times in four the labels: the model must also see without them, and must not trust them blindly."""
    return tuple(labels) if rng.random() < 0.75 else ()


def _one_a_subject(found: Sequence[QuestionAnswer], rng: random.Random) -> list[QuestionAnswer]:
    """Shuffled, rarer kinds first, and never two questions of a kind about one thing."""
    mixed = list(found)
    rng.shuffle(mixed)
    mixed.sort(key=lambda qa: rng.random() + (qa.kind in {"what", "doing"}) * 0.5)
    seen: set[tuple[str, str]] = set()
    kept = []
    for qa in mixed:
        if (qa.kind, qa.subject) not in seen:
            seen.add((qa.kind, qa.subject))
            kept.append(qa)
    return kept


def _sided(caption: str) -> bool:
    return bool({"left", "right"} & set(caption.lower().strip(".").split()))


def _lengths(scenes: int, frames: int, rng: random.Random) -> list[int]:
    """At least one frame a scene, ``frames`` in all."""
    counts = [1] * scenes
    for _ in range(frames - scenes):
        counts[rng.randrange(scenes)] += 1
    return counts


def _thinned(rows: Sequence[int], count: int) -> tuple[int, ...]:
    return tuple(rows[round(i * (len(rows) - 1) / (count - 1))] for i in range(count))


def _exchange(kind: str, question: str, answer: str) -> QuestionAnswer:
    return QuestionAnswer(kind, question, answer, frozenset({answer}))
