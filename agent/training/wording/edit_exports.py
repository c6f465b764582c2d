"""What is taken out of a clip in words: thumbnails, other formats, sound, frames and contact sheets."""

# fmt: off
from __future__ import annotations

from . import times
from .words import NUMBERS, Clause, Words

_THUMBNAIL = ["make a thumbnail of {x}", "i need a thumbnail for {x}", "create a thumbnail from {x}",
    "give me a thumbnail of {x}", "thumbnail for {x}", "save a small preview picture of {x}",
    "make a preview image of {x}", "export a thumbnail of {x}", "a thumbnail of {x} for the web",
    "get a thumbnail out of {x}", "generate a thumbnail for {x}", "a little cover picture for {x}"]
_THUMBNAIL_AT = ["make a thumbnail of {x} {t}", "take a thumbnail of {x} {t}",
    "use the picture {t} of {x} as a thumbnail",
    "thumbnail of {x} {t}", "i need a thumbnail of {x} {t}", "make a thumbnail {t} from {x}",
    "get a thumbnail of {x} {t}"]


def thumbnail(words: Words) -> Clause:
    """A small picture."""
    if words.chance(0.55):
        return words.pick(_THUMBNAIL), "thumbnail 50%"
    text, at = times.point(words)
    return words.pick(_THUMBNAIL_AT).replace("{t}", text), f"thumbnail {at}"


_FORMS: dict[str, list[str]] = {
    "webm": ["convert {x} to webm", "export {x} as webm", "save {x} as a webm", "i need {x} as a webm file",
    "make a webm of {x}", "turn {x} into a webm", "{x} in webm format", "give me {x} as webm", "webm of {x} please"],
    "m4a": ["extract the sound of {x}", "save the audio of {x}", "export the sound of {x} as a file",
    "rip the audio from {x}", "give me only the sound of {x} as a file", "get the audio out of {x}",
    "save the soundtrack of {x} as m4a", "take the sound of {x} as an audio file", "extract the audio track of {x}",
    "i want the sound of {x} as a file", "make an m4a of {x}", "pull the music out of {x}"],
    "wav": ["extract the sound of {x} as wav", "save the audio of {x} as a wav file", "export {x}'s sound as wav",
    "give me a wav of {x}", "the audio of {x} as wav", "make a wav file from the sound of {x}", "rip {x} to wav"],
}
_FORMS_OF: dict[str, list[str]] = {
    "webm": ["make a webm of {s} of {x}", "export {s} of {x} as webm", "turn {s} of {x} into a webm",
    "save {s} of {x} as webm"],
    "m4a": ["extract the sound of {s} of {x}", "save the audio of {s} of {x}", "rip the sound from {s} of {x}",
    "get the audio of {s} of {x} as a file"],
    "wav": ["extract the sound of {s} of {x} as wav", "save {s} of {x} as a wav", "a wav of {s} of {x}"],
}


def exported(words: Words) -> Clause:
    """Another format, or the sound alone; whole or of a part."""
    kind = words.one(list(_FORMS))
    if words.chance(0.7):
        return words.pick(_FORMS[kind]), f"{kind} 0 end"
    text, start, end = times.span(words)
    while text[:4] in {"from", "betw", "unti", "up t"} or text.startswith(times.BUT):
        text, start, end = times.span(words)
    return words.pick(_FORMS_OF[kind]).replace("{s}", text), f"{kind} {start} {end}"


_FRAMES = ["extract all frames of {x}", "save every frame of {x}", "export {x} as an image sequence",
    "turn {x} into single frames", "give me all the frames of {x}", "save the frames of {x} as pngs",
    "split {x} into its frames", "export each frame of {x} as a picture", "dump the frames of {x}",
    "all frames of {x} as images"]
_SOME_FRAMES = ["extract {n} frames of {x}", "save {n} stills from {x}", "give me {n} evenly spaced frames of {x}",
    "export {n} frames of {x} as pictures", "take {n} stills of {x}", "get {n} pictures out of {x}"]
_SHEET = ["make a contact sheet of {x}", "create a contact sheet from {x}", "contact sheet of {x}",
    "show {x} as a contact sheet", "make an overview sheet of {x}", "a storyboard of {x}", "make a storyboard of {x}",
    "make a thumbnail sheet of {x}", "i need a contact sheet for {x}", "put pictures of {x} into a grid"]
_SOME_SHEET = ["make a contact sheet of {x} with {n} pictures", "a contact sheet of {x} with {n} frames",
    "make a grid of {n} frames of {x}", "show {n} frames of {x} on one sheet", "make a {n} frame contact sheet of {x}",
    "storyboard of {x} with {n} images"]


def pictures(words: Words) -> Clause:
    """Frames as a zip of pictures, or as a sheet."""
    kind = words.one(["frames", "sheet"])
    if words.chance(0.5):
        return words.pick(_FRAMES if kind == "frames" else _SHEET), f"{kind} 0 end"
    count = words.one([4, 5, 6, 8, 9, 10, 12, 16, 20])
    told = NUMBERS[count] if count < len(NUMBERS) and words.chance(0.4) else str(count)
    form = words.pick(_SOME_FRAMES if kind == "frames" else _SOME_SHEET)
    return form.replace("{n}", told), f"{kind} {count} 0 end"
