"""Captions for drawn scenes, worded the many ways in which people ask for or describe a clip."""

from __future__ import annotations

import random
from dataclasses import replace

from .scene_world import NATURAL, SHAPES, Scene

_NOUNS: dict[str, tuple[str, ...]] = {
    "ball": ("ball", "ball", "circle", "disc", "round ball"),
    "square": ("square", "square", "box", "cube", "block"),
    "triangle": ("triangle",),
    "star": ("star", "star", "star shape"),
    "heart": ("heart", "heart", "heart shape"),
    "diamond": ("diamond", "diamond", "rhombus"),
    "car": ("car", "car", "car", "automobile", "vehicle", "taxi", "sedan"),
    "bus": ("bus", "bus", "tram", "van"),
    "boat": ("boat", "boat", "sailboat", "sailing boat", "ship", "yacht"),
    "plane": ("plane", "airplane", "aeroplane", "aircraft", "jet"),
    "bicycle": ("bicycle", "bike", "bicycle", "cycle"),
    "person": ("person", "man", "woman", "boy", "girl", "child", "pedestrian", "person walking", "kid"),
    "dog": ("dog", "dog", "puppy"),
    "bird": ("bird", "bird", "seagull", "parrot"),
    "fish": ("fish", "fish", "goldfish"),
    "tree": ("tree",),
    "house": ("house", "house", "cottage", "home", "hut"),
    "flower": ("flower", "flower", "daisy", "blossom"),
    "balloon": ("balloon", "balloon", "hot air balloon"),
    "rocket": ("rocket", "rocket", "spaceship", "space rocket"),
    "rabbit": ("rabbit", "bunny", "rabbit", "hare"),
    "cat": ("cat", "cat", "kitten"),
}
_PLURALS = {"fish": "fish", "bus": "buses", "box": "boxes", "man": "men", "woman": "women", "person": "people",
            "child": "children", "aircraft": "aircraft", "daisy": "daisies", "disc": "discs", "puppy": "puppies",
            "goldfish": "goldfish", "person walking": "people walking", "rhombus": "rhombuses",
            "bunny": "bunnies"}  # fmt: skip
_SIZE_WORDS = {
    "small": ("small", "small", "tiny", "little", "mini"),
    "big": ("big", "large", "big", "huge", "giant"),
    "medium": ("",),
}
_COLOUR_WORDS = {
    "red": ("red", "red", "red", "crimson", "bright red"),
    "orange": ("orange",),
    "yellow": ("yellow", "yellow", "bright yellow"),
    "green": ("green",),
    "blue": ("blue", "blue", "dark blue"),
    "purple": ("purple", "purple", "violet"),
    "pink": ("pink",),
    "white": ("white",),
    "black": ("black",),
    "brown": ("brown",),
}
_VERBS: dict[str, tuple[str, ...]] = {
    "car": ("driving", "moving", "going", "rolling"),
    "bus": ("driving", "moving", "going"),
    "boat": ("sailing", "sailing", "floating", "moving"),
    "plane": ("flying", "flying", "moving"),
    "bicycle": ("riding", "moving", "rolling", "going"),
    "person": ("walking", "walking", "moving", "running"),
    "dog": ("running", "walking", "moving"),
    "bird": ("flying", "flying", "moving"),
    "fish": ("swimming", "swimming", "moving"),
    "balloon": ("floating", "drifting", "moving"),
    "rocket": ("flying", "moving"),
    "rabbit": ("running", "running", "moving"),
    "cat": ("walking", "running", "moving"),
    "ball": ("moving", "rolling", "moving"),
}
_WAYS: dict[str, tuple[str, ...]] = {
    "left": ("left", "to the left", "to the left", "from right to left", "leftward", "towards the left"),
    "right": ("right", "to the right", "to the right", "from left to right", "rightward", "towards the right"),
    "up": ("up", "upwards", "up", "upward", "from the bottom to the top"),
    "down": ("down", "downwards", "down", "downward", "from the top to the bottom"),
}
_SPECIAL: dict[str, tuple[str, ...]] = {
    "up": ("rising", "going up", "moving up", "rising up", "climbing"),
    "down": ("falling", "going down", "moving down", "falling down", "sinking", "dropping"),
    "closer": ("coming closer", "approaching", "growing", "getting bigger", "coming towards the camera"),
    "away": ("moving away", "getting smaller", "shrinking", "going away", "disappearing in the distance"),
    "still": ("standing still", "not moving", "at rest", "that does not move"),
}
_HOPS: dict[str, tuple[str, ...]] = {
    "ball": ("bouncing", "bouncing", "bouncing up and down", "jumping"),
    "rabbit": ("hopping", "hopping", "jumping", "jumping up and down"),
    "": ("jumping", "jumping", "bouncing", "hopping", "jumping up and down", "bouncing up and down"),
}
_BESIDE = ("and", "and", "next to", "beside", "with", "near")
_PASSING = ("passing", "passing", "in front of", "going past", "moving past")
_PLACES: dict[str, tuple[str, ...]] = {
    "city": ("on a city street", "in the city", "on a street", "in a city street", "down a street", "downtown",
             "in front of buildings", "on the road in a city", "in town"),
    "field": ("on the grass", "in a field", "in a green field", "on a meadow", "on a lawn", "in a park"),
    "sea": ("on the sea", "at sea", "on the ocean", "on the water", "over the sea", "on the waves"),
    "desert": ("in the desert", "in a desert", "on sand dunes", "across the desert"),
    "snow": ("in the snow", "on a snowy field", "in a winter landscape", "on snow", "in winter"),
    "room": ("in a room", "indoors", "inside a house", "in a living room", "on the floor of a room"),
    "forest": ("in a forest", "in the woods", "in front of trees", "in the forest", "among trees"),
    "mountains": ("in the mountains", "in front of mountains", "with mountains behind", "in a valley"),
    "beach": ("on a beach", "on the beach", "at the beach", "by the sea on the sand", "at the seaside"),
    "sky": ("in the sky", "in the air", "among the clouds", "in a wide sky"),
    "space": ("in space", "in outer space", "among the stars", "in the universe"),
}  # fmt: skip
_VIEWS: dict[str, tuple[str, ...]] = {
    "city": ("a city street", "a city", "a street with buildings", "a town", "city buildings", "a skyline", "a road"),
    "field": ("a green field", "a meadow", "grass", "a park", "a lawn", "the countryside"),
    "sea": ("the sea", "the ocean", "open water", "waves on the sea"),
    "desert": ("a desert", "sand dunes", "the desert"),
    "snow": ("a snowy landscape", "a winter landscape", "snow", "a snowy field with pine trees"),
    "room": ("a room", "an empty room", "a living room with a window"),
    "forest": ("a forest", "the woods", "many trees", "a forest of pine trees"),
    "mountains": ("mountains", "a mountain landscape", "snowy peaks", "a mountain range"),
    "beach": ("a beach", "a sandy beach", "the seaside"),
    "sky": ("the sky", "a wide sky", "clouds in the sky"),
    "space": ("outer space", "space with stars", "the universe", "stars in space"),
}
_TIMES: dict[str, tuple[str, ...]] = {
    "day": ("by day", "during the day", "in daylight", "on a bright day", "in the daytime"),
    "night": ("at night", "at night", "at night", "by night", "in the dark", "under the moon", "at night time"),
    "sunset": ("at sunset", "at sunset", "at dusk", "in the evening light", "at dawn", "in the evening"),
}
_WEATHERS: dict[str, tuple[str, ...]] = {
    "rain": ("in the rain", "in the rain", "while it rains", "on a rainy day", "in heavy rain", "with rain"),
    "snow": ("while it snows", "in falling snow", "with snow falling", "in a snowfall", "during a snowstorm"),
    "fog": ("in the fog", "in fog", "in mist", "on a foggy day"),
    "clear": ("in clear weather", "in good weather"),
}
_CAMERA = {
    "pan left": ("the camera pans left", "camera moving left", "panning to the left"),
    "pan right": ("the camera pans right", "camera moving right", "panning to the right"),
}
_COUNTS = {2: ("two", "two", "2", "a pair of", "a couple of"), 3: ("three", "three", "3", "a group of three")}
_OPENERS = (
    "a video of", "video of", "a clip of", "an animation of", "make a video of", "show", "a short video of",
    "generate a clip of", "footage of", "a cartoon of",
)  # fmt: skip
_PLAIN_WORDS = {"grey": ("grey", "gray")}


def _plural(noun: str) -> str:
    if noun in _PLURALS:
        return _PLURALS[noun]
    if noun.endswith("ss"):
        return noun + "es"
    return noun + "s"


def _thing(scene: Scene, rng: random.Random) -> str:
    noun = rng.choice(_NOUNS[scene.kind])
    words = []
    if scene.size != "medium" and rng.random() < 0.6:
        words.append(rng.choice(_SIZE_WORDS[scene.size]))
    usual = scene.colour in NATURAL.get(scene.kind, ())
    if rng.random() < (0.6 if usual else 0.85):
        words.append(rng.choice(_COLOUR_WORDS[scene.colour]))
    if scene.count == 1:
        phrase = " ".join([*words, noun])
        if rng.random() < 0.08:
            return phrase
        if rng.random() < 0.1:
            return f"{rng.choice(('the', 'one'))} {phrase}"
        return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"
    number = rng.choice(_COUNTS[scene.count]) if rng.random() < 0.93 else "several"
    return " ".join([number, *words, _plural(noun)])


def _action(scene: Scene, rng: random.Random) -> str:
    """How it moves, as a participle phrase; empty when left out."""
    if scene.camera != "fixed":
        return ""
    if scene.action:
        verb = rng.choice(_HOPS.get(scene.kind, _HOPS[""]))
        told = scene.motion != "still" and rng.random() < 0.88
        return f"{verb} {rng.choice(_WAYS[scene.motion])}" if told else verb
    if scene.motion == "still":
        return rng.choice(_SPECIAL["still"]) if rng.random() < 0.3 else ""
    if rng.random() < 0.12:
        return ""
    if scene.motion in _SPECIAL and (scene.motion not in _WAYS or rng.random() < 0.4):
        return rng.choice(_SPECIAL[scene.motion])
    verb = rng.choice(_VERBS.get(scene.kind, ("moving", "moving", "going", "sliding", "drifting")))
    return f"{verb} {rng.choice(_WAYS[scene.motion])}"


def _background(scene: Scene, rng: random.Random) -> str:
    """Where it is; empty when left out."""
    if scene.scenic:
        return rng.choice(_PLACES[scene.background]) if rng.random() < 0.9 else ""
    if rng.random() < 0.25:
        return ""
    colour = rng.choice(_PLAIN_WORDS.get(scene.background, (scene.background,)))
    article = "an" if colour[0] in "aeiou" else "a"
    return rng.choice(
        (f"on {article} {colour} background", f"on {colour}", f"against {article} {colour} background",
         f"in front of {article} {colour} wall", f"{colour} background", f"with {article} {colour} background")
    )  # fmt: skip


def _circumstances(scene: Scene, rng: random.Random) -> list[str]:
    """Time of day, weather and camera, those that are told."""
    told = []
    if (scene.time != "day" or (scene.scenic and rng.random() < 0.12)) and rng.random() < 0.92:
        told.append(rng.choice(_TIMES[scene.time]))
    if scene.weather != "clear" and rng.random() < 0.92:
        told.append(rng.choice(_WEATHERS[scene.weather]))
    elif scene.weather == "clear" and rng.random() < 0.02:
        told.append(rng.choice(_WEATHERS["clear"]))
    rng.shuffle(told)
    if scene.camera != "fixed" and rng.random() < 0.85:
        told.append(", " + rng.choice(_CAMERA[scene.camera]))
    return told


def _pair(scene: Scene, thing: str, action: str, rng: random.Random) -> list[str]:
    """Two different things, and what the first of them does."""
    other = _thing(replace(scene, kind=scene.second, colour=scene.second_colour, size="medium", count=1), rng)
    if scene.motion in {"left", "right"} and rng.random() < 0.4:
        return [thing, action, rng.choice(_PASSING) if action else "passing", other]
    link = rng.choice(_BESIDE)
    if not action:
        return [other, link, thing] if rng.random() < 0.4 else [thing, link, other]
    return [thing, action, link, other] if rng.random() < 0.6 else [other, "and", thing, action]


def _sentence(scene: Scene, rng: random.Random) -> list[str]:
    circumstances = _circumstances(scene, rng)
    if not scene.kind:
        return [rng.choice(_VIEWS[scene.background]), *circumstances]
    thing, action, place = _thing(scene, rng), _action(scene, rng), _background(scene, rng)
    if scene.second:
        return [*_pair(scene, thing, action, rng), place, *circumstances]
    if scene.scenic and place and rng.random() < 0.15:
        return [rng.choice(_VIEWS[scene.background]), "with", thing, action, *circumstances]
    if action and rng.random() < 0.2 and not action.startswith(("that", "not", "at")):
        verb = "is" if scene.count == 1 else "are"
        return [thing, verb, action, place, *circumstances]
    if place and rng.random() < 0.3:
        action, place = place, action
    if scene.kind in SHAPES and rng.random() < 0.06:
        action = ", " + action if action else ""
    return [thing, action, place, *circumstances]


def caption(scene: Scene, seed: int) -> str:
    """One wording of a scene, some of its attributes left out; other seeds word it otherwise."""
    rng = random.Random(seed * 7919 + scene.seed)
    text = " ".join(part for part in _sentence(scene, rng) if part).replace(" ,", ",")
    if rng.random() < 0.18:
        text = f"{rng.choice(_OPENERS)} {text}"
    if rng.random() < 0.12:
        text = text[0].upper() + text[1:] + rng.choice((".", ""))
    return text
