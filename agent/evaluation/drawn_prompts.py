"""The generator's exam questions: prompts about the drawn world in wordings that no training caption uses."""

from __future__ import annotations

import random
from dataclasses import dataclass

from ..training.scene_analysis import Findings
from ..training.scene_reader import Objects
from ..training.scene_world import COLOURS, KINDS, SHAPES, clashes

_VIVID = [name for name in COLOURS if name not in {"black", "white", "brown"}]
_THINGS = [*sorted(SHAPES), "car", "boat", "bird", "balloon"]
_JUMPERS = [*sorted(SHAPES), "dog", "cat", "rabbit", "person"]
_WAYS = {"left": "to the left", "right": "to the right", "up": "upwards", "down": "downwards"}
_PLACES = {
    "city": "in a city street", "field": "on a green meadow", "sea": "on the open sea", "desert": "in the sandy desert",
    "snow": "in a snowy landscape", "forest": "in a forest", "mountains": "before high mountains",
    "beach": "on a sandy beach", "room": "in a room", "space": "in outer space",
}  # fmt: skip
_OUTDOORS = [name for name in _PLACES if name not in {"room", "space"}]
_WHEN = {"day": "on a sunny day", "night": "late at night", "sunset": "during sunset"}
_FALLING = {"rain": "on a day of heavy rain", "snow": "while snow is falling"}
_NUMBERS = {"1": "a", "2": "two", "3": "three"}
_PLAIN = ("white", "black", "grey", "blue", "green")


@dataclass(frozen=True)
class Case:
    """A prompt and what its clip must show, by attribute."""

    prompt: str
    expect: dict[str, str]


def prompts(each: int, seed: int = 99) -> list[Case]:
    """``each`` prompts of every sort, combinations drawn at random; some ask for two attributes."""
    rng = random.Random(seed)
    return [make(index, rng) for index in range(each) for make in _SORTS]


def _coloured(index: int, rng: random.Random) -> Case:
    colour = _VIVID[index % len(_VIVID)]
    plain = rng.choice([name for name in _PLAIN if name != colour])
    wanted = {"colour": colour, "background": plain}
    return Case(f"{colour} {rng.choice(_THINGS)} over a {plain} background", wanted)


def _moving(index: int, rng: random.Random) -> Case:
    way = list(_WAYS)[index % len(_WAYS)]
    return Case(f"a {rng.choice(_VIVID)} {rng.choice(_THINGS)} that moves {_WAYS[way]}", {"motion": way})


def _placed(index: int, rng: random.Random) -> Case:
    place = list(_PLACES)[index % len(_PLACES)]
    return Case(f"scene {_PLACES[place]} with a {rng.choice(_THINGS)}", {"background": place})


def _timed(index: int, rng: random.Random) -> Case:
    time = list(_WHEN)[index % len(_WHEN)]
    return Case(f"a {rng.choice(_THINGS)} {_PLACES[rng.choice(_OUTDOORS)]} {_WHEN[time]}", {"time": time})


def _wet(index: int, rng: random.Random) -> Case:
    falling = list(_FALLING)[index % len(_FALLING)]
    where = _PLACES[rng.choice(_OUTDOORS)]
    return Case(f"a red {rng.choice(_THINGS)} {where} {_FALLING[falling]}", {"weather": falling})


def _named(index: int, rng: random.Random) -> Case:
    kind = KINDS[index % len(KINDS)]
    return Case(f"one {kind} {rng.choice(('is seen', 'all alone', 'to look at'))}", {"kind": kind, "count": "1"})


def _counted(index: int, rng: random.Random) -> Case:
    number, thing = list(_NUMBERS)[index % len(_NUMBERS)], rng.choice(_THINGS)
    words = f"{_NUMBERS[number]} {rng.choice(_VIVID)} {thing}{'' if number == '1' else 's'}"
    return Case(f"{words} standing still", {"count": number, "kind": thing})


def _paired(index: int, rng: random.Random) -> Case:
    plain = _PLAIN[index % len(_PLAIN)]
    seen = [name for name in _VIVID if not clashes(name, plain, "day")]
    (first, second), (thing, other) = rng.sample(seen, 2), rng.sample(_THINGS, 2)
    wanted = {"colours": " ".join(sorted((first, second))), "kinds": " ".join(sorted((thing, other)))}
    return Case(f"both a {first} {thing} and a {second} {other} over a {plain} background", wanted)


def _hopping(index: int, rng: random.Random) -> Case:
    hops = index % 2 == 0
    thing = f"a {rng.choice(_VIVID)} {rng.choice(_JUMPERS)}"
    how = "that keeps jumping" if hops else "that moves to the left"
    return Case(f"{thing} {how} over a white background", {"action": "bounce" if hops else ""})


_SORTS = (_coloured, _moving, _placed, _timed, _wet, _named, _counted, _paired, _hopping)


def judge(case: Case, found: Findings, objects: Objects) -> dict[str, str]:
    """What the clip shows instead, for each of the case's expectations that do not hold."""
    wanted = set(case.expect.get("colours", "").split())
    seen = {
        "colour": found.colour, "motion": found.motion, "background": found.background, "time": found.time,
        "weather": found.weather, "action": found.action, "kind": objects.kind, "count": str(objects.count),
        "colours": " ".join(sorted(wanted & set(found.colours))), "kinds": " ".join(sorted(objects.two)),
    }  # fmt: skip
    return {name: seen[name] for name, value in case.expect.items() if seen[name] != value}
