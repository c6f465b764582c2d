"""Generations in words."""

# fmt: off
from __future__ import annotations

from .asks import Material
from .words import Words

MAKE = [
    "make a video of {q}", "generate a clip of {q}", "create a video of {q}", "generate {q}",
    "make a clip showing {q}", "make {q}",
    "i want a video of {q}", "draw me a clip of {q}", "produce a short film of {q}", "new clip: {q}", "video of {q}",
    "imagine {q}",
    "create {q}", "generate a video where {q}", "make me a movie of {q}", "render {q}", "make a new clip with {q}",
    "animate {q}",
    "show me a generated video of {q}", "come up with a video of {q}", "create a new scene with {q}",
    "synthesize a clip of {q}", "text to video: {q}",
    "generate footage of {q}", "make a short animation of {q}", "i'd love a clip of {q}",
    "craft a video showing {q}", "paint a moving picture of {q}",
    "invent a clip with {q}", "dream up {q}", "give me a brand-new video of {q}", "shoot a scene of {q}", "film {q}",
    "prompt: {q}", "could i get a made-up video of {q}",
    "{q}, make that", "{q} - please generate it", "i imagine {q}, can you generate that?",
    "{q}: turn this into a video",
    "how would {q} look? make a video of it", "i want to see {q}, so make it", "{q}, as a new clip",
    "make a video about {q}",
]
_IDIOMS = [
    "a man shooting hoops", "a killer whale in a bay", "someone photobombing a wedding",
    "shots of espresso on a bar", "a dead tree on a hill", "children smashing pumpkins", "a circus knife thrower",
    "blood oranges on a table", "a comedian who kills the audience with jokes",
    "bombs of colour at a holi festival", "laundry hanging on a line", "a drugstore at night",
    "an explosion of confetti", "the dead sea at dawn", "a fight of pillows", "a crashed computer",
    "killer heels on a catwalk", "time to kill before the train comes", "a chess player who attacks",
    "naked mole rats", "people killing time at an airport", "a shooting star over the desert",
    "a bath bomb fizzing in a tub", "a man shooting hoops at night", "kids in a water gun fight",
    "a knife slicing a tomato", "a boxer at a punching bag", "a killer whale jumping",
    "a chef butchering a pumpkin", "a crack running through ice", "a bomber jacket on a hanger",
    "a photographer on a photo shoot", "a blood orange cut in half", "a strike in bowling",
    "a dead tree in a field", "somebody stealing second base", "a pirate ship firing its cannons at sea",
    "a magician sawing a box in two", "a drag race at sunset", "a hot dog eating contest", "a dying campfire",
    "a stuntman jumping a fence", "a red high heel on a stage", "naked mole rats in a tunnel", "a bare winter oak",
    "a hunter's moon above a lake", "zombies dancing at a costume party", "a drunken sailor puppet",
    "a weed in a pavement", "a thief in a chess game taking the queen", "a baby being bathed",
    "a wrestler pinning his opponent", "a fire breather at a circus", "a demolition crew blowing up an old tower",
    "a fencing duel", "a cat hunting a toy mouse", "a sniper rifle in a museum case", "a crime novel on a table",
    "someone hanging laundry", "a mother breastfeeding in a park",
]  # fmt: skip
_MAKE_LONG = ["make a {t} video of {q}", "generate a {t} clip of {q}", "create a {t} long video of {q}",
    "generate {t} of {q}", "make a clip of {q}, {t} long", "i want {t} of {q}", "a {t} clip of {q}",
    "produce {t} of video showing {q}"]
_CHANGES = [
    "at night", "in the rain", "in the snow", "at sunset", "in winter", "on a beach", "in space", "under water",
    "in black and white", "with a dog",
    "with more people", "in the fog", "by day", "on the moon", "in autumn", "with fireworks", "in a forest",
    "as a cartoon", "in the desert", "at dawn",
    "with a red car", "with blue sky", "in a storm", "as a watercolour painting", "in heavy fog",
    "with falling leaves", "in the 1920s", "in bright colours",
    "in spring", "from above", "with two cats", "with a yellow ball", "in slow motion style", "as anime",
    "in a city", "in the style of van gogh", "on mars", "during a thunderstorm",
    "with a green background", "without people", "in warm light", "in candlelight", "made of lego",
    "with snow on the ground", "in the dark", "in morning light", "with a purple sky",
]
_LIKES = [
    "make a new clip like {x} {q}", "make one like {x} {q}", "make one like {x} but {q}",
    "generate a clip like {x}, but {q}", "create something like {x} {q}",
    "the same as {x} but {q}", "generate a variation of {x} {q}", "make {x} again but {q}",
    "something similar to {x} but {q}", "make a similar video to {x} {q}",
    "a new version of {x} {q}", "recreate {x} {q}", "reimagine {x} {q}", "generate one like {x} {q}",
    "make another one like {x}, only {q}", "do a remake of {x} {q}",
    "i want a new clip that looks like {x} but {q}", "render a clip that resembles {x} {q}",
    "produce a look-alike of {x} {q}", "a video in the manner of {x} but {q}",
    "generate a new one like {x}, this time {q}",
    "use {x} as a model for a new clip {q}", "create a new clip based on {x} {q}", "imagine {x} {q}",
    "now one like {x} {q}",
]


def innocent(words: Words) -> str:
    """What sounds harmful and is not."""
    return words.pick(_IDIOMS)


def prompt(words: Words, material: Material) -> str:
    """What a generated clip shall show."""
    if words.chance(0.03):
        return words.one(_IDIOMS)
    pool = material.prompts if material.prompts and words.chance(0.35) else material.captions
    text = words.one(pool or ["a cat on the moon"])
    return " ".join(text.split(" ")[:22])


def generation(words: Words, material: Material) -> tuple[str, str]:
    """(clause, arguments in the plan syntax without "gen")."""
    wanted = prompt(words, material)
    if words.chance(0.15):
        n = words.random.randint(2, 12)
        length = words.pick(["{n} second", "{n}-second", "{w} second", "{n}s", "{w}-second"]).format(n=n,
            w=words.number(n, words=1))
        form = words.pick(_MAKE_LONG)
        if "{t} of" in form or ("{t} long" in form and "a {t} long" not in form):
            length = words.pick(["{n} seconds", "{w} seconds"]).format(n=n, w=words.number(n, words=1))
        return form.replace("{q}", wanted).replace("{t}", length), f" {n}s: {wanted}"
    if words.chance(0.04):
        seed = words.random.randint(0, 9999)
        return words.pick(MAKE).replace("{q}", wanted) + words.pick([" with seed {}", ", seed {}", " (seed {})",
            " using seed {}"]).format(seed), f" seed {seed}: {wanted}"
    return words.pick(MAKE).replace("{q}", wanted), f": {wanted}"


def change(words: Words) -> str:
    """How a new clip shall differ from its model."""
    first = words.pick(_CHANGES)
    return f"{first} and {words.one(_CHANGES)}" if words.chance(0.1) else first


def likeness(words: Words) -> tuple[str, str]:
    """(clause with ``{x}``, what shall differ)."""
    wanted = change(words)
    return words.pick(_LIKES).replace("{q}", wanted), wanted
