"""The words of the drawn world and the draw of one scene: what there is to be seen, before anything is drawn."""

from __future__ import annotations

import random
from dataclasses import dataclass

RGB = tuple[int, int, int]

COLOURS: dict[str, RGB] = {
    "red": (222, 30, 36),
    "orange": (245, 130, 20),
    "yellow": (248, 220, 30),
    "green": (34, 170, 52),
    "blue": (32, 76, 230),
    "purple": (134, 44, 190),
    "pink": (250, 120, 190),
    "white": (246, 246, 246),
    "black": (18, 18, 20),
    "brown": (122, 72, 34),
}
PLAIN: dict[str, RGB] = {
    "white": (238, 238, 236),
    "black": (14, 14, 16),
    "grey": (128, 130, 132),
    "red": (170, 40, 44),
    "yellow": (238, 214, 110),
    "green": (64, 140, 74),
    "blue": (60, 110, 190),
    "pink": (240, 178, 206),
    "purple": (112, 72, 150),
}
SCENERY = ("city", "field", "sea", "desert", "snow", "room", "forest", "mountains", "beach", "sky", "space")
KINDS = (
    "ball", "square", "triangle", "star", "heart", "diamond", "car", "bus", "boat", "plane", "bicycle", "person",
    "dog", "bird", "fish", "tree", "house", "flower", "balloon", "rocket", "rabbit", "cat",
)  # fmt: skip
ACTIONS = ("", "bounce")
MOTIONS = ("left", "right", "up", "down", "still", "closer", "away")
TIMES = ("day", "night", "sunset")
WEATHERS = ("clear", "rain", "snow", "fog")
CAMERAS = ("fixed", "pan left", "pan right")
SIZES = {"small": 0.105, "medium": 0.155, "big": 0.225}

SHAPES = frozenset({"ball", "square", "triangle", "star", "heart", "diamond"})
JUMPERS = SHAPES | {"person", "dog", "rabbit", "cat", "bird", "fish"}
IMMOBILE = frozenset({"tree", "house", "flower"})
NATURAL: dict[str, tuple[str, ...]] = {
    "tree": ("green", "green", "green", "orange"),
    "dog": ("brown", "black", "white", "orange"),
    "cat": ("black", "white", "orange", "brown"),
    "rabbit": ("white", "brown", "white"),
    "house": ("red", "white", "yellow", "brown"),
    "person": ("red", "blue", "green", "yellow", "white", "black", "pink"),
    "bird": ("white", "black", "blue", "red"),
    "boat": ("white", "red", "brown", "blue"),
    "plane": ("white", "white", "blue", "red"),
}
# Where a thing is drawn when nothing else was said; other places occur too, but less often.
HABITAT: dict[str, tuple[str, ...]] = {
    "car": ("city", "city", "desert", "snow", "mountains"),
    "bus": ("city", "city", "city", "field"),
    "bicycle": ("city", "city", "field", "beach"),
    "boat": ("sea", "sea", "sea", "beach"),
    "plane": ("sky", "sky", "mountains", "city"),
    "bird": ("sky", "field", "sea", "forest"),
    "fish": ("sea",),
    "dog": ("field", "beach", "city", "snow"),
    "cat": ("room", "city", "field"),
    "rabbit": ("field", "forest", "snow"),
    "tree": ("field", "mountains", "snow", "desert"),
    "house": ("field", "mountains", "snow", "beach"),
    "flower": ("field", "room"),
    "balloon": ("sky", "field", "city", "mountains"),
    "rocket": ("space", "space", "sky"),
    "person": ("city", "field", "beach", "snow", "room"),
}
# Object colours that a background would swallow.
_CLASH: dict[str, frozenset[str]] = {
    "white": frozenset({"white"}),
    "black": frozenset({"black"}),
    "grey": frozenset(),
    "red": frozenset({"red", "brown"}),
    "yellow": frozenset({"yellow", "orange"}),
    "green": frozenset({"green"}),
    "blue": frozenset({"blue"}),
    "pink": frozenset({"pink"}),
    "purple": frozenset({"purple"}),
    "city": frozenset(),
    "field": frozenset({"green"}),
    "sea": frozenset({"blue"}),
    "desert": frozenset({"yellow", "orange", "brown"}),
    "snow": frozenset({"white"}),
    "room": frozenset({"brown", "orange"}),
    "forest": frozenset({"green", "brown", "black"}),
    "mountains": frozenset({"green"}),
    "beach": frozenset({"yellow", "blue"}),
    "sky": frozenset({"blue", "white"}),
    "space": frozenset({"black"}),
}


@dataclass(frozen=True)
class Scene:
    """What a drawn clip shows; every field is ground truth for the analyser.

    Attributes:
        kind: the object, one of :data:`KINDS`; empty for scenery alone.
        colour: of the object, one of :data:`COLOURS`.
        size: small, medium or big.
        count: 1 to 3 objects, all alike.
        motion: of the object, one of :data:`MOTIONS`.
        background: a plain colour of :data:`PLAIN`, or a :data:`SCENERY`.
        scenic: whether the background is scenery.
        time: day, night or sunset; plain backgrounds are always ``day``.
        weather: clear, rain, snow or fog.
        camera: fixed or panning; when it pans, objects stand still in the world.
        seed: decides everything that has no name (where, how fast, which houses).
        action: one of :data:`ACTIONS`: whether the object hops, on its way or on the spot.
        second: another object that stands beside or behind the first, one of :data:`KINDS`; empty for none.
        second_colour: of that object.
    """

    kind: str
    colour: str
    size: str
    count: int
    motion: str
    background: str
    scenic: bool
    time: str
    weather: str
    camera: str
    seed: int
    action: str = ""
    second: str = ""
    second_colour: str = ""


@dataclass(frozen=True)
class World:
    """What scenes are drawn from; weights are in the order of the words' lists.

    Attributes:
        kinds: objects that occur.
        plain: share of plain backgrounds, for shapes and for other objects.
        sizes: weights of small, medium and big.
        counts: weights of one, two and three objects.
        motions: weights of :data:`MOTIONS`.
        weathers: weights of :data:`WEATHERS` out of doors.
        pans: share of panning cameras, without and with an object.
        hops: share of objects that hop, of those that could.
        pairs: share of single objects that have another one beside them.
    """

    kinds: tuple[str, ...]
    plain: tuple[float, float]
    sizes: tuple[int, int, int]
    counts: tuple[int, int, int]
    motions: tuple[int, ...]
    weathers: tuple[int, ...]
    pans: tuple[float, float]
    hops: float
    pairs: float


WIDE = World(KINDS, (0.5, 0.2), (3, 4, 3), (7, 2, 1), (4, 4, 3, 3, 3, 1, 1), (6, 2, 1, 1), (0.5, 0.08), 0.15, 0.2)
NARROW = World(
    ("ball", "square", "triangle", "star", "heart", "car", "boat", "plane", "bird", "person", "house", "tree"),
    (0.6, 0.4), (0, 1, 1), (7, 2, 1), (4, 4, 4, 4, 2, 0, 0), (8, 2, 1, 0), (0.0, 0.0), 0.0, 0.0,
)  # fmt: skip
"""For training on a small machine: fewer and bigger things, a camera that stands still."""


def _pick_background(rng: random.Random, kind: str, world: World) -> tuple[str, bool]:
    if kind and rng.random() < world.plain[kind not in SHAPES]:
        return rng.choice(tuple(PLAIN)), False
    if kind in HABITAT and rng.random() < 0.7:
        return rng.choice(HABITAT[kind]), True
    return rng.choice(SCENERY), True


def clashes(colour: str, background: str, time: str) -> bool:
    """Whether an object of this colour would hardly be seen there."""
    return colour in _CLASH[background] or (time == "night" and colour in {"black", "brown"})


def _pick_colour(rng: random.Random, kind: str, background: str, time: str, taken: str = "") -> str:
    fits = [name for name in COLOURS if name != taken and not clashes(name, background, time)]
    natural = [name for name in NATURAL.get(kind, ()) if name in fits]
    if natural and rng.random() < 0.5:
        return rng.choice(natural)
    return rng.choice(fits)


def draw_scene(seed: int, world: World = WIDE) -> Scene:
    """Draw a scene at random: the same seed is the same scene, on every machine."""
    rng = random.Random(seed)
    kind = "" if rng.random() < 0.06 else rng.choice(world.kinds)
    background, scenic = _pick_background(rng, kind, world)
    time = rng.choices(TIMES, (5, 3, 2))[0] if scenic and background not in {"room", "space"} else "day"
    weather = "clear"
    if scenic and background not in {"room", "space"}:
        weather = rng.choices(WEATHERS, world.weathers)[0]
    elif not scenic:
        weather = rng.choices(WEATHERS, (18, 1, 1, 0))[0]
    pans = scenic and rng.random() < world.pans[bool(kind)]
    motion = rng.choices(MOTIONS, world.motions)[0]
    if pans or not kind or (kind in IMMOBILE and rng.random() < 0.6):
        motion = "still"
    colour = _pick_colour(rng, kind, background, time) if kind else ""
    count = rng.choices((1, 2, 3), world.counts)[0] if kind else 0
    hops = kind in JUMPERS and not pans and motion in {"left", "right", "still"}
    second = ""
    if count == 1 and motion not in {"closer", "away"} and rng.random() < world.pairs:
        second = rng.choice([other for other in world.kinds if other != kind])
    return Scene(
        kind=kind,
        colour=colour,
        size=rng.choices(tuple(SIZES), world.sizes)[0] if kind else "",
        count=count,
        motion=motion,
        background=background,
        scenic=scenic,
        time=time,
        weather=weather,
        camera=rng.choice(CAMERAS[1:]) if pans else "fixed",
        seed=seed,
        action="bounce" if hops and rng.random() < world.hops else "",
        second=second,
        second_colour=_pick_colour(rng, second, background, time, colour) if second else "",
    )
