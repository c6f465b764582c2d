"""Clip tables of conversations, and how people refer to the clips in them."""

# fmt: off
from __future__ import annotations

from dataclasses import dataclass

from ...planner.base import ClipEntry
from .words import NUMBERS, Words

_DERIVED = {
    "trim": ["the trimmed one", "the trimmed clip", "the shortened one", "the trimmed version", "the short version"],
    "cut": ["the cut one", "the cut version"],
    "reverse": ["the reversed one", "the backwards one", "the reversed clip", "the reverse version"],
    "speed": ["the one with the changed speed", "the speed-changed clip"],
    "crop": ["the cropped one", "the cropped clip", "the cropped version"],
    "resize": ["the resized one", "the resized clip"],
    "rotate": ["the rotated one", "the rotated clip"],
    "fade": ["the one with the fade", "the faded clip"],
    "text": ["the one with the text", "the captioned one", "the clip with the text on it"],
    "color": ["the recoloured one", "the color-changed clip", "the one with the new colours"],
    "audio": ["the one with the changed sound", "the clip with the new audio"],
    "concat": ["the joined one", "the combined clip", "the merged one", "the joined clip"],
    "generated": ["the generated one", "the generated clip", "the one you generated", "the new one you made",
    "the ai one"],
    "search hit": ["the search hit", "the one you found", "the found clip", "the search result",
    "the shot you found"],
    "upload": ["the original", "the original clip", "my upload", "the one i uploaded", "the uploaded clip",
    "the original video"],
}
_NEWEST = [
    "it", "it", "it", "it", "that", "this", "the clip", "the video", "the last one", "the last clip", "that one",
    "this one", "the newest clip", "the latest clip", "the latest one", "the most recent one", "that clip",
    "this clip",
    "this video", "the newest one", "the final clip", "the last video", "the current clip",
]
_MADE = ["the result", "the previous result", "the last result", "what you just made", "the one you just made",
    "your last result", "the output", "the thing you just made"]
_SOLE = ["my video", "my clip", "the footage", "this footage", "the whole video", "the film", "the recording",
    "my recording", "the movie", "the vid"]
_ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"]


@dataclass(frozen=True)
class Target:
    """Clips that a request is about: the words and the references."""

    words: str
    refs: str

    @property
    def many(self) -> bool:
        """Whether it is more than one clip."""
        return " " in self.refs


def _duration(words: Words) -> float:
    return words.one([2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 18, 20, 25, 30, 34, 42, 60, 75, 90, 120, 180, 300])


def table(words: Words, *, least: int = 0, most: int = 6) -> list[ClipEntry]:
    """A table of clips: uploads first, then what was made of them."""
    count = words.weighted([(1.5, 0), (6, 1), (3, 2), (2, 3), (1.2, 4), (0.6, 5), (0.4, 6)])
    count = min(max(count, least), most)
    entries: list[ClipEntry] = []
    for n in range(1, count + 1):
        about = "upload"
        if words.chance(0.1) and n == 1:
            about = words.one(["generated", "search hit"])
        elif n > 1 and words.chance(0.65):
            parent = f"c{words.random.randint(1, n - 1)}"
            kind = words.weighted([(4, "op"), (2, "gen"), (2, "hit"), (1, "concat"), (1, "like")])
            operation = words.one(["trim", "trim", "reverse", "speed", "crop", "color", "text", "audio", "fade",
                "rotate", "cut", "resize"])
            if words.chance(0.15):
                operation += "+" + words.one(["reverse", "speed", "color", "audio", "text", "crop"])
            whole = operation if words.chance(0.15) else f"{operation} of {parent}"
            about = {"op": whole, "gen": "generated", "hit": "search hit",
                     "concat": f"concat of c1 and c{max(2, n - 1)}" if n > 2 else f"trim of {parent}",
                     "like": f"generated like {parent}"}[kind]
        entries.append(ClipEntry(name=f"c{n}", about=about, duration=_duration(words)))
    return entries


def _kind(entry: ClipEntry) -> str:
    return entry.about if entry.about in {"upload", "search hit"} else entry.about.split(" ")[0]


def one(words: Words, clips: list[ClipEntry]) -> Target:
    """One clip of the table, named in any of the ways that resolve to it."""
    if not clips:
        return Target(words.pick([*_NEWEST, *_SOLE]), "")
    kinds = [_kind(entry) for entry in clips]
    roads: list[tuple[float, str]] = [(5, "newest"), (3, "name")]
    if len(clips) > 1:
        roads += [(3, "ordinal"), (1, "before"), (0.6, "extreme")]
    if any(kinds.count(kind) == 1 and kind in _DERIVED for kind in kinds) and len(clips) > 1:
        roads.append((2.5, "kind"))
    if len(clips) == 1:
        roads.append((2, "sole"))
    if kinds[-1] not in {"upload", "search hit"}:
        roads.append((1.5, "made"))
    road = words.weighted(roads)
    newest = clips[-1].name
    if road == "newest":
        return Target(words.pick(_NEWEST), newest)
    if road == "made":
        return Target(words.pick(_MADE), newest)
    if road == "sole":
        return Target(words.pick(_SOLE), newest)
    if road == "kind":
        n = words.one([n for n, kind in enumerate(kinds) if kinds.count(kind) == 1 and kind in _DERIVED])
        return Target(words.pick(_DERIVED[kinds[n]]), clips[n].name)
    if road == "before":
        form = words.pick(["the one before", "the one before that", "the clip before the last",
            "the second to last one", "the second last clip", "the clip before that", "the one before the last",
            "the penultimate clip", "the next to last one"])
        return Target(form, clips[-2].name)
    if road == "extreme":
        return _extreme(words, clips)
    n = words.random.randrange(len(clips))
    return Target(ordinal(words, n) if road == "ordinal" else name(words, n), clips[n].name)


def _extreme(words: Words, clips: list[ClipEntry]) -> Target:
    """The longest or the shortest, if only one clip is."""
    lengths = [entry.duration for entry in clips]
    longest = words.chance(0.5)
    best = max(lengths) if longest else min(lengths)
    place = lengths.index(best)
    if lengths.count(best) > 1:
        return Target(name(words, place), clips[place].name)
    kind = "long" if longest else "short"
    return Target(words.pick([f"the {kind}est one", f"the {kind}est clip", f"the {kind}er one"]), clips[place].name)


def ordinal(words: Words, n: int) -> str:
    """0 -> "the first one"."""
    form = words.pick(["the {o} one", "the {o} clip", "the {o} video", "the {o}", "clip number {w}", "number {w}",
        "clip no. {n}", "the {o} of them", "video number {n}"])
    return form.format(o=_ORDINALS[n], w=NUMBERS[n + 1], n=n + 1)


def name(words: Words, n: int) -> str:
    """0 -> "c1"."""
    return words.pick(["c{n}", "c{n}", "c{n}", "clip c{n}", "clip {n}", "C{n}", "video c{n}", "video {n}",
        "the clip c{n}", "c {n}"]).format(n=n + 1)


def several(words: Words, clips: list[ClipEntry]) -> Target:
    """Two or more clips of a table that holds at least two."""
    names = [entry.name for entry in clips]
    count = len(names)
    forms: list[tuple[str, str]] = [(form, " ".join(names)) for form in ["all of them", "all clips", "all the clips",
        "every clip", "everything", "all the videos", "each of the clips", "all of the clips", "each clip"]]
    if count == 2:
        forms += [(form, " ".join(names)) for form in ["both", "both clips", "both of them", "the two clips",
            "these two", "them both", "both videos", "the pair", "the two"]]
    else:
        forms += [(form, " ".join(names)) for form in [f"all {NUMBERS[count]}", f"all {NUMBERS[count]} clips",
            f"the {NUMBERS[count]} clips"]]
        forms += [(form, " ".join(names[:2])) for form in ["the first two", "the first two clips",
            "the first 2 clips"]]
        forms += [(form, " ".join(names[-2:])) for form in ["the last two", "the last two clips",
            "the two newest clips", "the last 2"]]
    if words.chance(0.45):
        return Target(*words.pick(forms))
    a, b = words.random.sample(range(count), 2)
    return pair(words, clips, a, b)


def pair(words: Words, clips: list[ClipEntry], a: int, b: int) -> Target:
    """Two clips by name or place, in this order."""
    style = words.weighted([(4, "name"), (3, "ordinal"), (1, "last")])
    refs = f"{clips[a].name} {clips[b].name}"
    if style == "last" and b == len(clips) - 1:
        return Target(words.pick(["the {} and the last one", "the {} one and the last",
            "the {} and the newest clip"]).format(_ORDINALS[a]), refs)
    if style == "ordinal":
        form = words.pick(["the {} and the {} one", "the {} and {} clip", "the {} one and the {} one",
            "the {} and the {}", "the {} clip and the {} clip"])
        return Target(form.format(_ORDINALS[a], _ORDINALS[b]), refs)
    form = words.pick(["c{} and c{}", "c{} & c{}", "clips {} and {}", "c{} c{}", "c{}, c{}", "clip {} and clip {}",
        "c{} plus c{}", "clips c{} and c{}"])
    return Target(form.format(a + 1, b + 1), refs)
