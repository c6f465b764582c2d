"""Edits of picture and sound in words: crop, size, turn, text, colours, volume."""

# fmt: off
from __future__ import annotations

from . import times
from .words import Clause, Words

_ASPECT = {
    "9:16": ["for tiktok", "for reels", "for instagram stories", "vertical", "portrait", "for a phone screen",
    "9:16", "9 by 16", "for youtube shorts", "for shorts", "upright", "for a story", "vertical 9:16",
    "in portrait format"],
    "1:1": ["square", "1:1", "for an instagram post", "a square", "quadratic", "into a square", "one to one",
    "square format", "for a square post"],
    "16:9": ["16:9", "widescreen", "wide", "landscape", "for youtube", "16 by 9", "for a tv", "in landscape format"],
    "4:3": ["4:3", "4 by 3", "old tv format", "like an old television"],
    "4:5": ["4:5", "4 by 5"],
    "3:4": ["3:4", "3 by 4"],
    "21:9": ["21:9", "cinematic wide", "ultrawide", "cinema format", "21 by 9", "cinemascope"],
}


def crop(words: Words) -> Clause:
    """Another aspect, or a box."""
    if words.chance(0.1):
        x, y = words.random.randrange(0, 400, 10), words.random.randrange(0, 300, 10)
        width, height = words.one([(320, 240), (640, 480), (400, 400), (200, 300), (1280, 720), (500, 350), (720,
            720)])
        form = words.pick(["crop {x} to {w}x{h} at {a},{b}", "crop {x} to a {w} by {h} box at {a}, {b}",
            "cut a {w}x{h} window out of {x} at x {a} y {b}", "crop {x} with x={a} y={b} width={w} height={h}",
            "crop {x}: {w}x{h} from {a},{b}"])
        for slot, value in {"a": x, "b": y, "w": width, "h": height}.items():
            form = form.replace("{" + slot + "}", str(value))
        return form, f"crop {x} {y} {width} {height}"
    aspect = words.weighted([(5, "9:16"), (4, "1:1"), (2.5, "16:9"), (1, "4:3"), (0.8, "4:5"), (0.6, "3:4"), (0.8,
        "21:9")])
    look = words.pick(_ASPECT[aspect])
    form = words.pick(["crop {x} {a}", "make {x} {a}", "reframe {x} {a}", "i need {x} {a}", "format {x} {a}",
        "change {x} to {a}", "crop {x} to {a}", "convert {x} to {a}", "turn {x} {a}", "adapt {x} {a}",
        "set the aspect ratio of {x} to {a}", "prepare {x} {a}", "cut the frame of {x} {a}"])
    if look.startswith(("for", "in ")):
        form = form.replace(" to {a}", " {a}").replace("set the aspect ratio of {x}", "set the aspect of {x}")
    return form.replace("{a}", look), f"crop {aspect}"


def resize(words: Words) -> Clause:
    """Another size."""
    if words.chance(0.35):
        width, height = words.one([(1280, 720), (1920, 1080), (640, 360), (640, 480), (854, 480), (320, 240), (800,
            600), (1080, 1080), (512, 512)])
        form = words.pick(["resize {x} to {w}x{h}", "scale {x} to {w} by {h}", "make {x} {w}x{h}",
            "resize {x} to {w} x {h} pixels", "change the resolution of {x} to {w}x{h}", "{x} at {w}x{h}",
            "set the size of {x} to {w}x{h}"])
        return form.replace("{w}", str(width)).replace("{h}", str(height)), f"resize {width}x{height}"
    height = words.one([144, 240, 360, 480, 540, 720, 1080, 1440, 2160])
    known = {2160: ["4k"], 1080: ["full hd", "1080p"], 720: ["hd", "720p"]}.get(height, [])
    named = [*known, f"{height}p", f"{height}p", f"{height} pixels high", f"a height of {height}"]
    form = words.pick(["resize {x} to {h}", "scale {x} to {h}", "scale {x} down to {h}", "make {x} {h}",
        "change the resolution of {x} to {h}", "i need {x} in {h}", "downscale {x} to {h}", "convert {x} to {h}",
        "shrink {x} to {h}", "bring {x} to {h}", "upscale {x} to {h}", "set {x} to {h}"])
    return form.replace("{h}", words.pick(named)), f"resize {height}"


_ROTATE = {
    "90": ["rotate {x} 90 degrees", "rotate {x} clockwise", "turn {x} 90 degrees clockwise", "turn {x} to the right",
    "rotate {x} by a quarter turn", "rotate {x} to the right", "give {x} a quarter turn clockwise",
    "rotate {x} by 90°", "turn {x} right by 90 degrees",
    "a quarter turn right for {x}", "turn {x} a quarter to the right", "{x} lies on its side, turn it right"],
    "270": ["rotate {x} 270 degrees", "rotate {x} counterclockwise", "turn {x} 90 degrees to the left",
    "rotate {x} left", "turn {x} to the left", "rotate {x} anticlockwise", "rotate {x} 90 degrees counter-clockwise",
    "turn {x} counterclockwise by 90",
    "give {x} a quarter turn counterclockwise", "rotate {x} 90 degrees left", "a quarter turn left for {x}",
    "turn {x} a quarter to the left", "{x} lies on its side, turn it left"],
    "180": ["rotate {x} 180 degrees", "turn {x} upside down", "turn {x} around by 180", "rotate {x} by half a turn",
    "put {x} on its head", "rotate {x} by 180°", "spin {x} 180 degrees", "give {x} a half turn"],
    "mirror": ["mirror {x}", "flip {x} horizontally", "mirror {x} left to right", "swap left and right in {x}",
    "make a mirror image of {x}", "flip {x} left-right", "mirror {x} horizontally", "flip {x} sideways"],
    "flip": ["flip {x} vertically", "mirror {x} top to bottom", "flip {x} top to bottom",
    "flip {x} upside down vertically", "vertical flip for {x}", "swap top and bottom in {x}"],
}


def rotate(words: Words) -> Clause:
    """Turn or mirror."""
    turn = words.one(list(_ROTATE))
    return words.pick(_ROTATE[turn]), f"rotate {turn}"

_CAPTIONS = ["Hello", "The End", "Happy birthday", "Day one", "My trip to Rome", "SALE", "Welcome home",
    "Subscribe!", "Part 2", "Wow", "to be continued", "Summer 2024", "Chapter One", "Breaking news",
    "Thank you for watching", "Best day ever", "Look at this", "Intro", "© Anna", "Take 3", "Lunch time", "Goodbye",
    "Wait for it", "Game over", "Once upon a time", "Our wedding", "GOAL!!!", "Meet Rex", "Coming soon", "Before",
    "After", "Good morning", "New York, 1998", "50% off", "No way", "Let's go", "Merry Christmas", "I love you",
    "Draft", "Episode 7", "Don't blink", "The long way home", "First snow", "Made by Tom", "hello world",
    "DO NOT TOUCH", "Finally", "3, 2, 1", "Team Blue wins", "What a catch", "Tuesday", "Kyoto at dawn", "so close",
    "cut!", "play it again", "reverse", "find me"]
_CAPTION_WORDS = ["sunny", "my", "first", "dog", "beach", "love", "road", "night", "city", "game", "winter", "run",
    "home", "big", "blue", "day", "little", "party", "team", "hello", "world", "final", "school", "secret", "river",
    "best", "night", "train", "dance", "garden", "moon", "story", "island", "kids", "happy", "wild", "lucky",
    "coffee"]


def caption(words: Words) -> str:
    """Words to write over a clip."""
    if words.chance(0.5):
        return words.one(_CAPTIONS)
    text = " ".join(words.random.sample(_CAPTION_WORDS, words.random.randint(1, 4)))
    return words.one([text, text.title(), text.upper(), text.capitalize(),
        f"{text.title()} {words.random.randint(1, 2030)}"])


def text(words: Words) -> Clause:
    """Overlay text; at the bottom unless told."""
    quote = words.pick(['"{}"', '"{}"', "'{}'", "“{}”", "«{}»", "`{}`"])
    said = caption(words)
    if "'" in said and quote == "'{}'":
        quote = '"{}"'
    position = words.weighted([(5, ""), (2, "top"), (2, "center"), (2, "bottom")])
    place = words.pick({"": [""], "top": [" at the top", " on top", " along the top", " up top", " at the top edge"],
                        "center": [" in the middle", " in the center", " centered", " in the centre of the picture"],
                        "bottom": [" at the bottom", " along the bottom", " below", " at the lower edge"]}[position])
    when, span = "", ""
    if words.chance(0.3):
        phrase, start, end = times.span(words)
        if phrase.startswith(("the first", "the last", "from", "the opening", "the final", "the second half",
            "the latter")):
            when = words.pick([" for {}", " during {}", " over {}", " in {}"]).format(
                phrase) if not phrase.startswith("from") else f" {phrase}"
            span = f" {start} {end}"
    form = words.pick([
        "write {q} on {x}{p}{w}", "add the text {q} to {x}{p}{w}", "put {q} on {x}{p}{w}", "overlay {q} on {x}{p}{w}",
        "add a caption saying {q} to {x}{p}{w}", "add the title {q} to {x}{p}{w}", "print {q} over {x}{p}{w}",
        "caption {x} with {q}{p}{w}", "put the words {q} on {x}{p}{w}", "show {q} on {x}{p}{w}",
        "add {q} to {x}{p}{w}",
        "label {x} {q}{p}{w}", "let {x} say {q}{p}{w}", "add text to {x}{p}{w}: {q}",
        "display the text {q} on {x}{p}{w}",
        "title {x} {q}{p}{w}", "stamp {q} on {x}{p}{w}", "add a subtitle {q} to {x}{p}{w}", "burn {q} into {x}{p}{w}",
        "i want the text {q} on {x}{p}{w}", "have {q} appear on {x}{p}{w}",
        "put a caption on {x}{p}{w} that reads {q}",
        "add a title card text {q} over {x}{p}{w}", "superimpose {q} on {x}{p}{w}", "place the line {q} on {x}{p}{w}",
    ])
    clause = form.replace("{p}", place).replace("{w}", when).replace("{q}", quote.format("\x01"))
    return clause.replace("\x01", said), f"text {position or 'bottom'}{span}: {escaped(said)}"


def escaped(said: str) -> str:
    """Words as they stand in a plan."""
    return said.replace("\\", "\\\\").replace(";", "\\;").replace("|", "\\|")


_COLOR: list[tuple[str, str]] = [
    *[(form, "grayscale") for form in ["make {x} black and white", "turn {x} black and white",
    "{x} in black and white", "remove the color from {x}", "desaturate {x} completely", "convert {x} to grayscale",
    "make {x} grayscale", "make {x} b&w", "take the colours out of {x}", "turn {x} grey", "make {x} monochrome",
    "give {x} a black and white look", "render {x} in greyscale", "make {x} colourless", "drain the colour from {x}",
    "{x} but black and white"]],
    *[(form, "sepia") for form in ["make {x} sepia", "give {x} a sepia tone", "give {x} an old-photo look",
    "make {x} look old and brownish", "sepia for {x}", "apply a sepia effect to {x}", "make {x} look vintage",
    "put a sepia filter on {x}", "make {x} look like an old film"]],
    *[(form, "invert") for form in ["invert the colors of {x}", "make {x} a negative", "turn {x} into a negative",
    "invert {x}'s colours", "negative colours for {x}", "swap the colors of {x} to negative",
    "invert the colours in {x}"]],
    *[(form, "brightness 1.5") for form in ["make {x} brighter", "brighten {x}", "brighten {x} up", "lighten {x}",
    "{x} is too dark, make it brighter", "increase the brightness of {x}", "turn up the brightness of {x}",
    "give {x} more light"]],
    *[(form, "brightness 0.6") for form in ["make {x} darker", "darken {x}", "dim {x}",
    "{x} is too bright, darken it", "lower the brightness of {x}", "reduce the brightness of {x}",
    "tone down the brightness of {x}"]],
    ("double the brightness of {x}", "brightness 2"), ("make {x} twice as bright", "brightness 2"), (
    "halve the brightness of {x}", "brightness 0.5"), ("make {x} half as bright", "brightness 0.5"),
    *[(form, "contrast 1.5") for form in ["increase the contrast of {x}", "more contrast for {x}",
    "give {x} more contrast", "raise the contrast of {x}", "make {x} punchier", "boost the contrast in {x}"]],
    *[(form, "contrast 0.6") for form in ["less contrast for {x}", "lower the contrast of {x}",
    "reduce the contrast in {x}", "soften the contrast of {x}"]],
    *[(form, "saturation 1.5") for form in ["make the colors of {x} stronger", "saturate {x} more",
    "more saturation for {x}", "make {x} more colorful", "boost the colours of {x}", "make {x} more vivid",
    "increase the saturation of {x}"]],
    *[(form, "saturation 0.5") for form in ["make the colours of {x} paler", "less saturation for {x}",
    "mute the colours of {x}", "make {x} less colourful", "reduce the saturation of {x}",
    "tone down the colors in {x}"]],
    ("double the contrast of {x}", "contrast 2"), ("double the saturation of {x}", "saturation 2"), (
    "halve the saturation of {x}", "saturation 0.5"),
]


_TABLE = ["apply the lut {n} to {x}", "use the colour table {n} on {x}", "grade {x} with {n}",
    "put the look {n} on {x}", "give {x} the {n} lut", "color grade {x} with the lut {n}", "{x} with the lut {n}",
    "load the color table {n} for {x}", "apply {n}.cube to {x}", "use the lut called {n} for {x}"]
_TABLES = ["teal", "Kodak", "kodak2383", "Teal_Orange", "noir", "Fuji-400h", "rec709", "slog3", "vivid", "bleach",
    "sunset", "MyLook", "faded", "cinema01", "warm_v2", "V-Log"]


def color(words: Words) -> Clause:
    """Colours."""
    if words.chance(0.15):
        effect = words.one(["brightness", "contrast", "saturation"])
        value = words.one(["0.3", "0.5", "0.7", "0.8", "1.2", "1.3", "1.4", "1.5", "1.8", "2", "2.5", "3"])
        form = words.pick(["set the {e} of {x} to {n}", "change {e} of {x} to {n}", "{e} {n} for {x}",
            "{e} of {x} times {n}", "put the {e} of {x} at {n}", "adjust {e} on {x} to {n}"])
        return form.replace("{e}", effect).replace("{n}", value), f"color {effect} {value}"
    if words.chance(0.08):
        table = words.one(_TABLES)
        return words.pick(_TABLE).replace("{n}", table), f"color lut {table}"
    form, effect = words.pick(_COLOR)
    return form, f"color {effect}"

_AUDIO: list[tuple[str, str]] = [
    *[(form, "mute") for form in ["mute {x}", "remove the sound from {x}", "kill the audio of {x}",
    "make {x} silent", "take the sound off {x}", "no sound on {x}", "silence {x}", "strip the audio from {x}",
    "drop the audio of {x}", "delete the soundtrack of {x}", "turn the sound of {x} off",
    "get rid of the audio in {x}", "{x} without sound", "remove audio from {x}", "cut the sound of {x}",
    "kill the sound in {x}", "switch off the sound of {x}"]],
    *[(form, "volume 2") for form in ["make {x} louder", "turn {x} up", "double the volume of {x}",
    "make {x} twice as loud", "turn up the volume of {x}", "raise the volume of {x}", "increase the volume on {x}",
    "turn the sound of {x} up", "boost the audio of {x}", "{x} is too quiet, make it louder"]],
    *[(form, "volume 0.5") for form in ["make {x} quieter", "turn {x} down", "halve the volume of {x}",
    "make {x} half as loud", "lower the volume of {x}", "turn down the sound of {x}", "reduce the volume of {x}",
    "{x} is too loud, turn it down", "make the sound of {x} softer", "decrease the volume of {x}"]],
    ("triple the volume of {x}", "volume 3"), ("make {x} three times as loud", "volume 3"), (
    "quarter the volume of {x}", "volume 0.25"),
]


def audio(words: Words) -> Clause:
    """Sound."""
    if words.chance(0.2):
        percent = words.one([10, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90, 120, 130, 150, 200, 300])
        form = words.pick(["set the volume of {x} to {p}%", "set the volume of {x} to {p} percent",
            "{x} at {p}% volume", "turn the volume of {x} to {p}%", "volume of {x} to {p}%",
            "bring the sound of {x} to {p} percent", "play {x} at {p}% volume"])
        return form.replace("{p}", str(percent)), f"audio volume {percent / 100:g}"
    form, action = words.pick(_AUDIO)
    return form, f"audio {action}"
