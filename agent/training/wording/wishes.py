"""The same edits as wishes and states: "i'd like it reversed", "a square version of c1", "c2 needs to be muted"."""

# fmt: off
from __future__ import annotations

from . import times
from .edits import ENDS
from .words import Words

_STATES: dict[str, list[str]] = {
    "reverse": ["reversed", "played backwards", "running backwards", "played in reverse", "turned around in time"],
    "speed 2": ["twice as fast", "sped up", "faster", "at double speed", "sped up by two", "going at 2x"],
    "speed 0.5": ["slower", "slowed down", "in slow motion", "at half speed", "half as fast", "in slow-mo",
    "slowed to half"],
    "speed 4": ["four times as fast", "at four times the speed", "sped up four times"],
    "speed 3": ["three times as fast", "at triple the speed", "sped up three times"],
    "speed 0.25": ["at a quarter of its speed", "four times slower", "slowed down four times"],
    "speed 1.5": ["50% faster", "one and a half times as fast"],
    "crop 9:16": ["in portrait", "vertical", "cropped for tiktok", "cropped to 9:16", "upright for a phone",
    "fit for reels", "in story format", "ready for shorts"],
    "crop 1:1": ["square", "cropped to a square", "in square format", "cropped 1:1"],
    "crop 16:9": ["in widescreen", "cropped to 16:9", "in landscape", "cropped wide"],
    "crop 4:3": ["cropped to 4:3", "in 4:3"],
    "crop 4:5": ["cropped to 4:5", "in 4:5"],
    "crop 21:9": ["cropped to 21:9", "in cinema format", "ultrawide"],
    "resize 720": ["in 720p", "scaled to 720p", "resized to 720 lines"],
    "resize 480": ["in 480p", "scaled down to 480p", "at 480 pixels in height"],
    "resize 1080": ["in full hd", "in 1080p", "upscaled to 1080p"],
    "resize 360": ["in 360p", "resized to 360p", "scaled to a height of 360"],
    "rotate 90": ["rotated clockwise", "turned to the right", "rotated by 90 degrees", "turned a quarter clockwise"],
    "rotate 270": ["rotated counterclockwise", "turned to the left", "rotated left",
    "turned 90 degrees anticlockwise"],
    "rotate 180": ["upside down", "turned on its head", "rotated by 180 degrees", "rotated half way round"],
    "rotate mirror": ["mirrored", "flipped horizontally", "flipped left to right", "as a mirror image"],
    "rotate flip": ["flipped vertically", "flipped top to bottom", "mirrored vertically"],
    "fade 1 0": ["with a fade in", "faded in", "faded in from black", "with a soft fade-in at the start"],
    "fade 0 1": ["with a fade out", "faded out", "faded to black at the end", "with a soft fade-out"],
    "fade 1 1": ["with fades at both ends", "faded in and out", "with a fade in and a fade out"],
    "color grayscale": ["black and white", "in black and white", "without colour", "grayscale", "in greyscale",
    "in b&w", "monochrome", "desaturated fully"],
    "color sepia": ["in sepia", "sepia toned", "with a sepia look", "with an old-film look", "looking vintage"],
    "color invert": ["as a negative", "with inverted colours", "inverted in colour", "in negative colors"],
    "color brightness 1.5": ["brighter", "lighter", "with more brightness", "brightened", "less dark"],
    "color brightness 0.6": ["darker", "dimmer", "with less brightness", "darkened", "less bright"],
    "color contrast 1.5": ["with more contrast", "with stronger contrast", "higher in contrast"],
    "color saturation 1.5": ["more colourful", "with stronger colours", "more vivid", "more saturated",
    "with richer colors"],
    "color saturation 0.5": ["with paler colours", "less colourful", "with muted colours", "less saturated"],
    "audio mute": ["muted", "silent", "without audio", "with no sound", "without the sound", "soundless",
    "without its soundtrack"],
    "audio volume 2": ["louder", "twice as loud", "with the volume doubled", "at double volume"],
    "audio volume 0.5": ["quieter", "half as loud", "at half the volume", "softer in sound",
    "with the volume halved"],
    "audio fade 0 1": ["with the sound fading out", "with a fade-out of the sound", "fading to silence at the end"],
    "audio fade 1 0": ["with the sound fading in", "with a fade-in of the sound"],
    "stabilise": ["stabilised", "stabilized", "without the shake", "less shaky", "steadier", "shake-free"],
    "crop 9:16 follow": ["vertical with what moves in the picture", "in portrait, following the action"],
    "webm 0 end": ["as a webm", "as webm", "in webm format"],
    "m4a 0 end": ["as sound only", "as an audio file"],
    "thumbnail 50%": ["as a thumbnail", "as a small preview picture"],
    "sheet 0 end": ["as a contact sheet", "as a storyboard"],
    "gif 0 end": ["as a gif", "as an animated gif", "in gif format"],
}
WISHES = [
    "i want {x} {s}", "i'd like {x} {s}", "i need {x} {s}", "can i have {x} {s}?", "could i get {x} {s}", "{x} {s}",
    "{x} {s} please", "{x}, {s}",
    "{x} should be {s}", "{x} has to be {s}", "{x} needs to be {s}", "i would love {x} {s}", "let me have {x} {s}",
    "give me {x} {s}", "show me {x} {s}",
    "could {x} be {s}?", "can {x} be {s}?", "i'd prefer {x} {s}", "it'd be nice to have {x} {s}",
    "how about {x} {s}?", "get me {x} {s}", "i wish {x} were {s}",
    "what would {x} be like {s}? do that", "a version of {x} {s}", "a copy of {x} {s}", "i want to have {x} {s}",
    "i prefer {x} {s}", "let {x} be {s}", "make sure {x} is {s}", "have {x} {s}",
    "{x} {s}, thanks", "now {x} {s}", "next {x} {s}", "may i have {x} {s}", "render {x} {s}", "export {x} {s}",
    "turn out {x} {s}", "want {x} {s}",
]
_BARE = ["{s}", "{s} please", "{s}, please", "{s}!", "now {s}", "and {s}", "{s}, thanks", "but {s}",
    "can it be {s}?", "could it be {s}?", "should be {s}", "i want it {s}", "i'd like that {s}", "make it {s}",
    "it should be {s}", "it's better {s}", "ok, {s}"]
_SPANS = [
    "{s}", "{s} please", "{s} only", "only {s}", "just {s}", "just {s}, please", "{s}, nothing else",
    "nothing but {s}", "i only want {s}", "i'm only interested in {s}", "all i need is {s}",
    "only {s} matters", "{s} is all i need", "the rest can go, keep {s}", "{s} will do", "we only need {s}",
    "{s} is enough", "i'd like to have {s}",
]
_DROPS = [
    "without {s}", "no {s}", "minus {s}", "i don't need {s}", "{s} should go", "{s} can go", "{s} must go",
    "{s} has to go", "{s} is boring, remove it", "i don't like {s}, cut it out", "everything but {s}",
    "all except {s}", "we don't need {s}", "{s} is superfluous, take it out", "{s} should be removed",
    "{s} needs to disappear", "please no {s}", "leave {s} out", "{s} should be cut out", "skip {s}",
]


def state(words: Words) -> tuple[str, str]:
    """A state and its operation: ("in slow motion", "speed 0.5"); none that would end a chain."""
    operation = words.one([one for one in _STATES if not one.startswith(ENDS)])
    return words.pick(_STATES[operation]), operation


def wish(words: Words) -> tuple[str, str]:
    """An edit as a state to be wished for; the clause names the clip, or leaves it to be the newest."""
    kind = words.weighted([(6, "state"), (3, "bare"), (1.6, "span"), (1.4, "drop")])
    if kind in {"state", "bare"}:
        operation = words.one(list(_STATES))
        form = words.pick(WISHES if kind == "state" else _BARE)
        return form.replace("{s}", words.pick(_STATES[operation])), operation
    text, start, end = times.span(words)
    while kind == "drop" and text.startswith(("all", "everything", "from", "until", "up to", "between")):
        text, start, end = times.span(words)
    while kind == "span" and text.startswith(("from", "until", "between", "up to")):
        text, start, end = times.span(words)
    text = text.replace(" of it", "")
    if words.chance(0.5):
        text += " of {x}"
    form = words.pick(_SPANS if kind == "span" else _DROPS)
    return form.replace("{s}", text), f"{'trim' if kind == 'span' else 'cut'} {start} {end}"
