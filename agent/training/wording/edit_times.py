"""Edits of time in words: keep, remove, speed, reverse, fade, stills and gifs."""

# fmt: off
from __future__ import annotations

from . import times
from .words import Clause, Words

_TRIM = [
    "keep {s} of {x}", "keep only {s} of {x}", "trim {x} to {s}", "cut {x} down to {s}", "cut {x} to {s}",
    "trim {x}: {s}",
    "give me {s} of {x}", "take {s} of {x}", "only keep {s} of {x}", "i only need {s} of {x}", "extract {s} of {x}",
    "shorten {x} to {s}", "make a clip of {s} of {x}", "keep just {s} from {x}", "crop {x} in time to {s}",
    "get me {s} of {x}", "isolate {s} of {x}", "save {s} of {x} as a clip", "trim {x} so only {s} is left",
    "i want just {s} of {x}", "leave only {s} of {x}", "clip {s} out of {x} and keep that", "reduce {x} to {s}",
    "grab {s} of {x}", "pull out {s} of {x}", "make {x} just {s}", "strip {x} down to {s}", "retain {s} of {x}",
    "make a new clip from {s} of {x}", "use just {s} of {x}", "i'd like {s} of {x} as its own clip",
    "trim {s} of {x}",
    "from {x} keep {s}", "from {x} take {s}", "on {x} keep only {s}", "with {x}, keep {s}", "get {s} from {x}",
]
_TRIM_BETWEEN = ["trim {x} {s}", "trim {x} {s}", "cut {x} {s}", "clip {x} {s}", "trim {s} in {x}",
    "cut {x} so it goes {s}", "make {x} run {s}", "take {x} {s}", "shorten {x}, {s}", "{x}: keep {s}",
    "trim {x}, {s}", "slice {x} {s}"]
_CUT = [
    "remove {s} of {x}", "cut out {s} of {x}", "delete {s} of {x}", "drop {s} of {x}", "cut {s} out of {x}",
    "get rid of {s} of {x}", "take {s} out of {x}", "remove {s} from {x}", "trim off {s} of {x}",
    "cut off {s} of {x}",
    "throw away {s} of {x}", "chop {s} off {x}", "chop off {s} of {x}", "erase {s} from {x}", "lose {s} of {x}",
    "skip {s} of {x}", "omit {s} from {x}", "trim {s} off {x}", "{x} without {s}", "leave out {s} of {x}",
    "discard {s} of {x}",
    "from {x} remove {s}", "snip out {s} of {x}", "eliminate {s} from {x}", "i don't want {s} of {x}",
    "exclude {s} from {x}",
]


def trim(words: Words) -> Clause:
    """Keep a part."""
    if words.chance(0.14):
        text, n = times.seconds(words)
        form = words.pick(["cut {n} of {x}", "make {x} {n} long", "trim {x} to {n}", "shorten {x} to {n}",
            "cut {x} to {n}", "cut {x} down to {n}", "limit {x} to {n}", "trim {x} to a length of {n}",
            "keep {n} of {x}", "bring {x} down to {n}", "{x} should last {n}", "get {x} to {n}",
            "{n} of {x} are enough",
            "make {x} last {n}"])
        return form.replace("{n}", text), f"trim 0 {n}"
    text, start, end = times.span(words)
    counted = text[:1].isdigit() and " from " not in text
    simple = text[:4] in {"from", "betw", "unti", "up t"} or counted or text.startswith(("second ", "start"))
    form = words.pick(_TRIM_BETWEEN if simple else _TRIM)
    return form.replace("{s}", text), f"trim {start} {end}"


def cut(words: Words) -> Clause:
    """Remove a part."""
    text, start, end = times.span(words)
    while text.startswith(times.BUT):
        text, start, end = times.span(words)
    form = words.pick(_CUT)
    if text[:4] in {"from", "betw", "unti", "up t"}:
        text = words.pick(["the part {}", "everything {}", "the bit {}", "the section {}", "what is {}"]).format(text)
    return form.replace("{s}", text), f"cut {start} {end}"


_FACTORS: list[tuple[str, str]] = [
    *[(form, "2") for form in ["play {x} twice as fast", "double the speed of {x}", "make {x} twice as fast",
    "speed {x} up", "speed up {x}", "speed {x} up 2x", "make {x} faster", "{x} at double speed", "fast forward {x}",
    "play {x} at 2x", "run {x} at twice the speed", "accelerate {x}", "speed {x} up by a factor of two",
    "make {x} go two times faster", "make {x} play at 200% speed", "put {x} at 2x speed", "make {x} quicker",
    "{x}, but twice as quick"]],
    *[(form, "0.5") for form in ["slow {x} down", "slow down {x}", "play {x} in slow motion", "make {x} slow motion",
    "put {x} in slow-mo", "half the speed of {x}", "play {x} at half speed", "make {x} half as fast",
    "make {x} slower", "{x} in slow motion", "turn {x} into slow motion", "slowmo {x}", "slow {x} to half speed",
    "make {x} two times slower", "play {x} at 50% speed", "i want {x} in slow motion", "make {x} twice as slow",
    "run {x} at half the speed", "halve the speed of {x}", "give {x} a slow motion effect", "decelerate {x}",
    "{x} at half speed"]],
    *[(form, "4") for form in ["make {x} four times as fast", "play {x} at 4x speed", "quadruple the speed of {x}",
    "speed {x} up four times", "4x {x}"]],
    *[(form, "3") for form in ["make {x} three times as fast", "triple the speed of {x}", "play {x} at triple speed",
    "speed {x} up threefold"]],
    *[(form, "0.25") for form in ["play {x} at quarter speed", "make {x} four times slower",
    "slow {x} down to a quarter of the speed", "super slow motion for {x}", "slow {x} down by four"]],
    *[(form, "1.5") for form in ["make {x} 50% faster", "make {x} one and a half times as fast",
    "speed {x} up by 50 percent", "play {x} at one and a half speed"]],
    *[(form, "10") for form in ["make {x} ten times faster", "speed {x} up tenfold", "run {x} ten times as fast"]],
    ("make {x} a bit faster", "1.25"), ("speed {x} up a little", "1.25"), ("make {x} slightly faster", "1.25"),
    ("make {x} a bit slower", "0.8"), ("slow {x} down a little", "0.8"), ("slow {x} down slightly", "0.8"),
    ("turn {x} into a time lapse", "8"), ("make a timelapse of {x}", "8"), ("make {x} a time-lapse", "8"),
]


def speed(words: Words) -> Clause:
    """Faster or slower."""
    if words.chance(0.7):
        form, factor = words.pick(_FACTORS)
        return form, f"speed {factor}"
    value = words.one(["0.3", "0.4", "0.5", "0.6", "0.75", "0.8", "1.2", "1.25", "1.5", "1.75", "2", "2.5", "3", "4",
        "5", "6", "8", "10", "16"])
    form = words.pick(["play {x} at {n}x speed", "change the speed of {x} to {n}", "set the speed of {x} to {n}x",
        "speed factor {n} for {x}", "{x} at {n}x", "run {x} at {n} times the speed", "make {x} play at {n}x",
        "put {x} at {n}x speed", "{n}x speed on {x}", "play {x} {n} times as fast", "set {x} to {n}x speed"])
    return form.replace("{n}", value), f"speed {value}"


_REVERSE = ["reverse {x}", "play {x} backwards", "play {x} in reverse", "rewind {x}", "make {x} run backwards",
    "{x} backwards", "flip {x} in time", "turn {x} around in time", "{x} in reverse", "make {x} go backwards",
    "let {x} run backward", "i want to see {x} backwards", "invert the time of {x}", "run {x} in reverse",
    "reverse the playback of {x}", "play {x} from end to start", "play {x} back to front", "show me {x} reversed",
    "make {x} play the other way round", "reverse the direction of playback of {x}", "have {x} play backward"]


def reverse(words: Words) -> Clause:
    """Backwards."""
    return words.pick(_REVERSE), "reverse"


def fade(words: Words) -> Clause:
    """Fade in, out or both; a second unless told."""
    text, n = times.seconds(words, most=4) if words.chance(0.5) else ("", "1")
    while float(n) > 9:
        text, n = times.seconds(words, most=4)
    length = words.pick([" over {}", " of {}", " for {}", " lasting {}", " that takes {}"]).format(
        text) if text else ""
    which = words.one(["in", "out", "both"])
    forms = {
        "in": ["fade {x} in{l}", "add a fade in{l} to {x}", "fade {x} in from black{l}", "start {x} with a fade{l}",
        "let {x} fade in{l}", "give {x} a fade-in{l}", "put a fade in{l} on {x}", "make {x} start from black{l}"],
        "out": ["fade {x} out{l}", "add a fade out{l} to {x}", "fade {x} to black{l}", "end {x} with a fade{l}",
        "let {x} fade out{l}", "give {x} a fade-out{l}", "fade {x} out at the end{l}", "put a fade out{l} on {x}",
        "have {x} end in black{l}"],
        "both": ["fade {x} in and out{l}", "add a fade in and a fade out{l} to {x}",
        "give {x} fades at both ends{l}", "fade {x} at the start and the end{l}", "add fades{l} at both ends of {x}",
        "let {x} fade in and out{l}"],
    }
    surface = {"in": f"fade {n} 0", "out": f"fade 0 {n}", "both": f"fade {n} {n}"}[which]
    return words.pick(forms[which]).replace("{l}", length), surface

def frame(words: Words) -> Clause:
    """A still."""
    if words.chance(0.15):
        form = words.pick(["take a still from {x}", "save a frame of {x}",
            "give me a screenshot of {x}", "get a still picture of {x}", "make a poster image from {x}",
            "grab a snapshot of {x}"])
        return form, "frame 50%"
    text_, at = times.point(words)
    form = words.pick(["take a still of {x} {t}", "extract the frame of {x} {t}", "save the frame {t} of {x}",
        "screenshot {x} {t}", "grab a frame of {x} {t}", "give me a picture of {x} {t}", "make a still from {x} {t}",
        "get a frame {t} from {x}", "snapshot of {x} {t}", "take a photo from {x} {t}",
        "export the frame {t} of {x} as an image", "freeze {x} {t} as a picture", "capture a still image of {x} {t}",
        "i need a jpg of {x} {t}"])
    return form.replace("{t}", text_), f"frame {at}"


def gif(words: Words) -> Clause:
    """An animated gif, whole or of a range."""
    if words.chance(0.3):
        return words.pick(["make a gif of {x}", "turn {x} into a gif", "convert {x} to a gif", "gif {x}",
            "export {x} as gif", "i want {x} as a gif", "make an animated gif from {x}",
            "save {x} as an animated gif", "give me a gif of {x}"]), "gif 0 end"
    text_, start, end = times.span(words)
    form = words.pick(["make a gif of {s} of {x}", "turn {s} of {x} into a gif", "a gif of {s} of {x}",
        "export {s} of {x} as a gif", "convert {s} of {x} to gif", "make {s} of {x} a gif",
        "get me {s} of {x} as an animated gif", "i want a gif of {x}, {s}", "gif {x}, {s}",
        "create an animated gif from {s} of {x}", "save {s} of {x} as a gif"])
    if text_[:4] in {"from", "betw", "unti", "up t"}:
        form = words.pick(["make a gif of {x} {s}", "gif {x} {s}", "turn {x} {s} into a gif",
            "make a gif from {x}, {s}", "a gif of {x} {s}", "export {x} {s} as gif", "create a gif of {x} {s}",
            "convert {x} {s} to an animated gif"])
    return form.replace("{s}", text_), f"gif {start} {end}"
