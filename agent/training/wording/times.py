"""Times and spans in words, with what they mean in the plan syntax."""

# fmt: off
from __future__ import annotations

from .words import Words

Span = tuple[str, str, str]
"""(words, start, end), the latter two in the plan syntax."""


def seconds(words: Words, *, most: int = 12) -> tuple[str, str]:
    """A length: ("three seconds", "3")."""
    kind = words.weighted([(9, "n"), (1, "half"), (1, "one"), (0.7, "more"), (1.3, "minutes"), (0.5, "couple")])
    if kind == "n":
        n = words.random.randint(1, most)
        unit = "second" if n == 1 else "seconds"
        form = words.pick(["{w} {u}", "{n} {u}", "{n}s", "{n} sec", "{n} secs", "{w} {u}", "{n}-{u}", "{n} s"])
        if "-" in form:
            form = "{n} {u}"
        return form.format(w=words.number(n, words=1), n=n, u=unit), f"{n}"
    if kind == "half":
        return words.pick([("half a second", "0.5"), ("0.5 seconds", "0.5"), ("1.5 seconds", "1.5"),
                           ("one and a half seconds", "1.5"), ("2.5 seconds", "2.5"), ("two and a half seconds",
                           "2.5"),
                           ("3.5s", "3.5"), ("0.5s", "0.5")])
    if kind == "one":
        return words.pick([("a second", "1"), ("one second", "1"), ("1 second", "1"), ("1s", "1"), ("1 sec", "1")])
    if kind == "more":
        n = words.one([15, 20, 30, 45, 90])
        return words.pick([f"{n} seconds", f"{n}s", f"{n} sec"]), f"{n}"
    if kind == "minutes":
        return words.pick([("half a minute", "30"), ("a minute", "60"), ("one minute", "60"), ("two minutes", "120"),
                           ("1 minute", "60"), ("a minute and a half", "90"), ("1m30s", "90"), ("2 min", "120"),
                           ("a quarter of a minute", "15"), ("three minutes", "180"), ("half a min", "30"),
                           ("thirty seconds", "30"), ("twenty seconds", "20"), ("fifteen seconds", "15")])
    return words.pick([("a couple of seconds", "2"), ("a couple seconds", "2"), ("two secs", "2")])


def moment(words: Words, value: float) -> str:
    """A moment of the clip: "0:04", "4 seconds", "second 4"."""
    whole = value == int(value)
    forms = ["{n}s", "{n} seconds", "{n} sec"]
    if whole:
        forms += ["0:{n:02d}", "0:{n:02d}", "00:{n:02d}", "second {n}", "the {w} second mark", "{w} seconds"]
    if not whole or value >= 60:
        forms = ["{n}s", "{n} seconds"] if not whole else ["{m}:{s:02d}", "{m}:{s:02d}", "{n} seconds", "{m}m{s}s"]
    number = int(value) if whole else value
    minutes, rest = divmod(int(value), 60)
    form = words.pick(forms)
    if number == 1:
        form = form.replace("seconds", "second")
    return form.format(n=number, m=minutes, s=rest, w=words.number(value, words=1))


def _pair(words: Words) -> tuple[float, float]:
    start = words.random.randint(0, 15) if words.chance(0.85) else words.random.randint(55, 140)
    if words.chance(0.15):
        return start + 0.5, start + 0.5 + words.random.randint(1, 5)
    return start, start + words.random.randint(1, 12)


def between(words: Words) -> Span:
    """From one moment to another."""
    a, b = _pair(words)
    form = words.pick([
        "from {a} to {b}", "between {a} and {b}", "{a} to {b}", "from {a} until {b}", "{a}-{b}", "{a} - {b}",
        "from {a} till {b}", "the part from {a} to {b}", "the part between {a} and {b}",
        "starting at {a} and ending at {b}",
        "the bit from {a} to {b}", "{a} through {b}", "the stretch from {a} to {b}", "from {a} up to {b}",
        "the section between {a} and {b}", "everything between {a} and {b}", "the piece from {a} to {b}",
    ])
    if words.chance(0.5):
        style = words.one(["{:g}", "clock", "{:g}s"])
        if style == "clock" and a == int(a):
            first, second = (f"{int(v) // 60}:{int(v) % 60:02d}" for v in (a, b))
        else:
            first, second = ((style if style != "clock" else "{:g}").format(v) for v in (a, b))
            if style == "{:g}" and "-" not in form:
                second += " seconds" if words.chance(0.7) else ""
            elif style == "{:g}":
                second += " seconds"
    else:
        first, second = moment(words, a), moment(words, b)
    if words.chance(0.1):
        n = b - a
        return f"{words.number(n)} seconds starting at {moment(words, a)}", f"{a:g}", f"{b:g}"
    return form.format(a=first, b=second), f"{a:g}", f"{b:g}"


def span(words: Words) -> Span:
    """A part of the clip, as a noun phrase that follows on "keep" or "remove"."""
    kind = words.weighted([(5, "first"), (4, "last"), (5, "between"), (1.5, "from"), (1.5, "until"), (2, "share"), (
        1, "middle"), (1.5, "but")])
    if kind == "first":
        text, n = seconds(words)
        if n == "1" and words.chance(0.5):
            return words.pick(["the first second", "its first second", "the opening second",
                "the very first second"]), "0", "1"
        form = words.pick(["the first {}", "its first {}", "the opening {}", "the initial {}", "the first {} of it",
            "{} from the start", "the starting {}", "{} from the beginning", "first {}", "the very first {}",
            "the beginning {}"])
        return form.format(_bare(text)), "0", n
    if kind == "last":
        text, n = seconds(words)
        if n == "1" and words.chance(0.5):
            return words.pick(["the last second", "its last second", "the final second", "the very last second",
                "the closing second"]), "-1", "end"
        form = words.pick(["the last {}", "its last {}", "the final {}", "the ending {}", "the closing {}",
            "{} from the end", "last {}", "the concluding {}", "the very last {}", "the {} at the end",
            "the {} before the end"])
        return form.format(_bare(text)), f"-{n}", "end"
    if kind == "between":
        return between(words)
    if kind == "but":
        return _but(words)
    if kind == "from":
        edge = words.random.randint(1, 20)
        form = words.pick(["everything after {}", "from {} on", "from {} onwards", "from {} to the end",
            "all after {}", "what comes after {}", "the part after {}", "everything from {} on", "the rest after {}",
            "from {} till the end", "everything past {}"])
        return form.format(moment(words, edge)), f"{edge}", "end"
    if kind == "until":
        edge = words.random.randint(1, 20)
        form = words.pick(["everything before {}", "everything up to {}", "until {}", "up to {}",
            "from the start to {}", "from the beginning until {}", "the part before {}", "all until {}",
            "what comes before {}", "everything until {}"])
        return form.format(moment(words, edge)), "0", f"{edge}"
    if kind == "middle":
        text, n = seconds(words, most=8)
        half = f"{float(n) / 2:g}"
        form = words.pick(["the middle {}", "the {} in the middle", "{} from the middle", "the central {}",
            "the {} around the middle"])
        return form.format(_bare(text)), f"50%-{half}", f"50%+{half}"
    return words.pick([
        ("the first half", "0", "50%"), ("the second half", "50%", "end"), ("the middle", "25%", "75%"),
        ("the first quarter", "0", "25%"), ("the last quarter", "75%", "end"), ("the last half", "50%", "end"),
        ("the middle part", "25%", "75%"), ("the first 10%", "0", "10%"), ("the last 20 percent", "80%", "end"),
        ("the first 30 percent", "0", "30%"), ("the latter half", "50%", "end"), ("the middle half", "25%", "75%"),
        ("half of it from the start", "0", "50%"), ("the opening half", "0", "50%"), ("the final quarter", "75%",
        "end"),
        ("all but the last second", "0", "-1"), ("everything except the last two seconds", "0", "-2"),
        ("everything but the first second", "1", "end"), ("all except the first 3 seconds", "3", "end"),
        ("everything until the middle", "0", "50%"), ("everything after the middle", "50%", "end"),
        ("all but the final 3 seconds", "0", "-3"), ("everything apart from the first two seconds", "2", "end"),
    ])


BUT = ("all but", "all except", "all save", "everything but", "everything except", "everything apart",
    "everything other", "everything besides", "the whole thing")
"""How spans begin that name what is left out."""


def _but(words: Words) -> Span:
    """Everything that does not belong to the beginning or the end."""
    text, n = seconds(words)
    form = words.pick(["all but {}", "all except {}", "all save {}", "everything but {}", "everything except {}",
        "everything apart from {}", "everything other than {}", "everything besides {}", "the whole thing minus {}",
        "the whole thing without {}", "everything except for {}"])
    if words.chance(0.5):
        part = words.pick(["the first {}", "the opening {}", "its first {}", "the initial {}"])
        return form.format(part.format(_bare(text))), n, "end"
    part = words.pick(["the last {}", "the final {}", "its last {}", "the closing {}"])
    return form.format(part.format(_bare(text))), "0", f"-{n}"


def _bare(length: str) -> str:
    """"a second" after an article is "second"."""
    return length.removeprefix("a ") if length in {"a second", "a minute", "a couple of seconds",
        "a couple seconds"} else length


def point(words: Words) -> tuple[str, str]:
    """A single moment: ("at 0:04", "4")."""
    if words.chance(0.55):
        n = words.random.randint(0, 30)
        return "at " + moment(words, n), f"{n}"
    return words.pick([
        ("from the middle", "50%"), ("in the middle", "50%"), ("at the end", "end"), ("at the start", "0"),
        ("at the very beginning", "0"), ("halfway through", "50%"), ("at the midpoint", "50%"), ("from the start",
        "0"),
        ("one second before the end", "-1"), ("2 seconds before the end", "-2"), ("at the beginning", "0"),
        ("of the last frame", "end"), ("of the first frame", "0"), ("of the closing moment", "end"),
        ("at the last moment", "end"), ("of the opening moment", "0"), ("right before it is over", "end"),
        ("three seconds before it ends", "-3"), ("a quarter of the way in", "25%"), ("half way in", "50%"),
        ("at the very end", "end"), ("three quarters in", "75%"), ("5 seconds in", "5"), ("two seconds in", "2"),
        ("after 3 seconds", "3"), ("after one second", "1"), ("10 seconds in", "10"),
    ])
