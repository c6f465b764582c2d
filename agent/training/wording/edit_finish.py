"""Edits of finish in words: sound that fades, a window that follows, steadiness, corners and letters of titles."""

# fmt: off
from __future__ import annotations

from . import times
from .edit_pictures import caption, escaped
from .words import Clause, Words

_SOUND = ["the sound", "the audio", "the music", "the soundtrack", "the audio track", "the volume"]
_FADES: dict[str, list[str]] = {
    "out": ["fade {n} of {x} out{l}", "fade out {n} of {x}{l}", "let {n} of {x} fade out{l}", "fade {n} out in {x}{l}",
    "give {x} a sound fade-out{l}", "add an audio fade out{l} to {x}", "on {x} fade {n} away{l}",
    "fade {n} of {x} to silence{l}", "let {n} of {x} die away{l}", "have {n} of {x} fade away at the end{l}"],
    "in": ["fade {n} of {x} in{l}", "fade in {n} of {x}{l}", "let {n} of {x} fade in{l}", "give {x} a sound fade-in{l}",
    "add an audio fade in{l} to {x}", "start {n} of {x} from silence{l}", "bring {n} of {x} up slowly{l}"],
    "both": ["fade {n} of {x} in and out{l}", "let {n} of {x} fade in and out{l}",
    "add audio fades at both ends of {x}{l}", "fade {n} of {x} at the start and the end{l}"],
}
_DOWN = ["turn {n} of {x} down at the end", "bring {n} of {x} down towards the end", "make {x} quieter towards the end",
    "lower {n} of {x} near the end", "let {x} get quiet at the end", "turn {n} of {x} slowly down at the end",
    "take {n} of {x} down at the end", "let {x} end quietly", "make {x} grow silent at the end",
    "{x} should get quieter at the end"]


def sound_fade(words: Words) -> Clause:
    """Sound that comes and goes, the picture staying as it is; a second unless told."""
    name = words.pick(_SOUND)
    if words.chance(0.25):
        return words.pick(_DOWN).replace("{n}", name), "audio fade 0 1"
    text, n = times.seconds(words, most=6) if words.chance(0.5) else ("", "1")
    while float(n) > 9:
        text, n = times.seconds(words, most=6)
    length = words.pick([" over {}", " for {}", " within {}", " in {}", " lasting {}"]).format(text) if text else ""
    way = words.one(list(_FADES))
    form = words.pick(_FADES[way]).replace("{n}", name).replace("{l}", length)
    return form, {"in": f"audio fade {n} 0", "out": f"audio fade 0 {n}", "both": f"audio fade {n} {n}"}[way]


_WHO = ["the dog", "the cat", "the man", "the woman", "the child", "the ball", "the runner", "the skater", "the car",
    "the cyclist", "the player", "the horse", "the dancer", "my son", "her", "him", "the subject", "the speaker",
    "the bird", "whoever moves", "what moves", "the action", "the girl in red", "the boy on the bike"]
_SHAPES = {"9:16": ["vertical", "portrait", "9:16", "vertical for tiktok", "upright", "9:16 for reels"],
    "1:1": ["square", "1:1", "square for instagram"], "4:5": ["4:5"], "16:9": ["widescreen", "16:9"]}
_FOLLOWED = ["make {x} {a} and keep {w} in the picture", "make {x} {a}, following {w}", "make {x} {a} but follow {w}",
    "crop {x} to {a} so that {w} stays in view", "keep {w} in the picture and make {x} {a}",
    "crop {x} {a} and follow {w}", "reframe {x} to {a} around {w}", "make {x} {a} while keeping {w} in the frame",
    "turn {x} {a} and track {w}", "make {x} {a} with {w} always in the middle", "crop {x} to {a}, {w} stays centred",
    "i need {x} {a}, don't lose {w}", "keep {w} in shot and crop {x} to {a}", "make {x} {a}, the crop follows {w}",
    "auto reframe {x} to {a}", "smart crop {x} to {a}"]


def followed_crop(words: Words) -> Clause:
    """A crop whose window follows what moves."""
    aspect = words.weighted([(5, "9:16"), (3, "1:1"), (1, "4:5"), (1, "16:9")])
    form = words.pick(_FOLLOWED).replace("{a}", words.pick(_SHAPES[aspect])).replace("{w}", words.pick(_WHO))
    return form, f"crop {aspect} follow"


_STEADY: list[tuple[str, str]] = [
    *[(form, "stabilise") for form in ["stabilise {x}", "stabilize {x}", "take the shake out of {x}",
    "remove the camera shake from {x}", "make {x} less shaky", "steady {x}", "make {x} steadier", "deshake {x}",
    "smooth the shaky camera in {x}", "fix the shaking in {x}", "{x} is too shaky, steady it",
    "apply stabilization to {x}", "get rid of the wobble in {x}", "calm the picture of {x}", "make {x} stable",
    "reduce the jitter of {x}", "iron out the shakes in {x}", "stabilise the picture of {x}"]],
    *[(form, "stabilise high") for form in ["stabilise {x} strongly", "stabilize {x} as much as possible",
    "take all the shake out of {x}", "make {x} rock steady", "make {x} look like shot on a tripod",
    "strongly stabilize {x}", "make {x} completely steady"]],
    *[(form, "stabilise low") for form in ["stabilise {x} a little", "stabilize {x} gently", "make {x} a bit steadier",
    "take some of the shake out of {x}", "slightly stabilise {x}"]],
]


def steady(words: Words) -> Clause:
    """Less shake."""
    return words.pick(_STEADY)


CORNERS: dict[str, list[str]] = {
    "bottom-right": ["in the bottom right corner", "bottom right", "at the lower right", "in the lower right corner",
    "in the right bottom corner", "at the bottom right"],
    "bottom-left": ["in the bottom left corner", "bottom left", "at the lower left", "in the lower left corner",
    "at the bottom left"],
    "top-right": ["in the top right corner", "top right", "at the upper right", "in the upper right corner",
    "at the top right"],
    "top-left": ["in the top left corner", "top left", "at the upper left", "in the upper left corner",
    "at the top left"],
}
_FONTS: dict[str, list[str]] = {
    "": [""], "bold": [" in bold", " in bold letters", " in a bold font", " in bold type"],
    "serif": [" in a serif font", " in serif", " with serifs", " in a serif typeface"],
    "mono": [" in monospace", " in a typewriter font", " in a mono font", " in typewriter letters"],
}
_SIZES: dict[str, list[str]] = {
    "": [""], "14": [" in big letters", " big", " in large type", " in large letters"],
    "20": [" in huge letters", " huge", " as big as a headline"], "5": [" in small letters", " small",
    " in small print"],
}
_TITLES = ["write {q} on {x}{p}{f}{s}", "put {q} on {x}{p}{f}{s}", "add the title {q} to {x}{p}{f}{s}",
    "put the title {q}{p} of {x}{f}{s}", "add {q}{f}{s}{p} of {x}", "place {q}{p} on {x}{f}{s}",
    "caption {x} with {q}{p}{f}{s}", "show {q}{s}{f}{p} of {x}", "set {q} on {x}{f}{s}{p}",
    "overlay {q}{p} of {x}{f}{s}", "print {q} on {x}{f}{p}{s}", "label {x} {q}{f}{s}{p}"]


def styled_title(words: Words) -> Clause:
    """A title in a corner, in a font, in a size: one of them at least."""
    said = caption(words)
    quote = words.pick(['"{}"', "'{}'", "“{}”"]) if "'" not in said else '"{}"'
    corner = words.one(list(CORNERS)) if words.chance(0.7) else ""
    font = words.one(list(_FONTS)) if words.chance(0.5) or not corner else ""
    size = words.one(list(_SIZES)) if words.chance(0.3) or not (corner or font) else ""
    if not (corner or font or size):
        size = "14"
    form = words.pick(_TITLES).replace("{p}", f" {words.pick(CORNERS[corner])}" if corner else " at the bottom")
    form = form.replace("{f}", words.pick(_FONTS[font])).replace("{s}", words.pick(_SIZES[size]))
    style = f" {font}" * bool(font) + f" size {size}" * bool(size)
    return form.replace("{q}", quote.format(said)), f"text {corner or 'bottom'}{style}: {escaped(said)}"


CROSSFADES = ["cross-fade {x}{l}", "join {x} with a cross-fade{l}", "join {x} and cross-fade between them{l}",
    "merge {x} with a dissolve{l}", "crossfade {x}{l}", "put {x} together with a cross-fade{l}",
    "let {x} fade into each other{l}", "blend {x} into each other{l}", "join {x} with a smooth transition{l}",
    "combine {x}, fading from one to the next{l}", "dissolve between {x}{l}", "cross-fade between {x}{l}",
    "make one video of {x} with cross-fades{l}", "connect {x} by a cross-dissolve{l}", "stitch {x} with a crossfade{l}",
    "merge {x} so that they fade over{l}"]


def crossfade(words: Words) -> Clause:
    """Clips joined with a cross-fade; a second unless told."""
    text, n = times.seconds(words, most=4) if words.chance(0.6) else ("", "1")
    while float(n) > 5:
        text, n = times.seconds(words, most=4)
    length = words.pick([" for {}", " of {}", " over {}", " lasting {}"]).format(text) if text else ""
    return words.pick(CROSSFADES).replace("{l}", length), f"concat {n}"
