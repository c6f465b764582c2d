"""Requests of one step."""

# fmt: off
from __future__ import annotations

import re

from . import asks, clips, edits, makes, talk, times, wishes
from .asks import Material
from .clips import Target
from .drafts import Draft, place
from .edit_finish import crossfade
from .words import Words


def edit(words: Words, _: Material) -> Draft:
    """One operation on one clip, or on several one by one."""
    table = clips.table(words, least=0 if words.chance(0.12) else 1)
    clause, operation = edits.any_clause(words)
    if not table:
        return Draft(words.polite(place(clause, clips.one(words, table))), "say ask_clip", "ask_clip", [_said(
            operation)])
    many = len(table) > 1 and words.chance(0.15)
    target = clips.several(words, table) if many else clips.one(words, table)
    if words.chance(0.03):
        missing = words.random.randint(len(table) + 1, len(table) + 6)
        target = Target(clips.name(words, missing - 1), f"c{missing}")
    return Draft(words.polite(place(clause, target)), f"edit {target.refs} {operation}", "edit", [_said(operation)],
        table)


def _said(operation: str) -> str:
    return operation.partition(": ")[2]


_REPLACE = ["replace the sound of {x} with that of {y}", "use the audio of {y} for {x}",
    "put the sound of {y} on {x}", "swap the audio of {x} for {y}'s", "give {x} the soundtrack of {y}",
    "take the audio from {y} and put it on {x}", "replace {x}'s audio by {y}'s", "lay the sound of {y} under {x}",
    "dub {x} with the sound of {y}", "let {x} have the audio of {y}"]
_BEFORE = ["put {y} before {x}", "play {y} first and then {x} as one clip", "add {x} to the end of {y}",
    "append {x} to {y}", "attach {x} after {y}", "join {y} with {x}", "{y} followed by {x} in one video",
    "place {x} behind {y}", "put {x} after {y}", "merge {y} with {x}", "combine {y} with {x}",
    "stick {x} onto the end of {y}", "prepend {y} to {x}", "start with {y}, then {x}, joined",
    "put {y} ahead of {x}", "one video: {y}, then {x}", "join {x} and {y}, but {y} comes first",
    "make one clip with {y} first and {x} second", "open with {y} and go on with {x} in one clip",
    "glue {y} to the front of {x}", "let {x} follow {y} in one clip", "{y} goes at the beginning of {x}",
    "tack {x} onto {y}", "{x} should come right after {y} in one video"]
_BOTH = ["join both, {y} first", "both clips as one video, starting with {y}", "combine the two with {y} in front",
    "merge them, {y} first and then {x}", "both in one file with {y} at the start", "join the two, {x} last",
    "one clip out of the two, {x} at the end", "put both together but begin with {y}"]


_ONLY = ["only {s}", "{s} only", "just {s}", "just {s} please", "{s}, nothing else", "{s} is all i need",
    "no more than {s}", "all i want is {s}", "{s} and nothing more", "simply {s}"]
_WITHOUT = ["without {s}", "{s} can go", "{s} has to go", "minus {s}", "no need for {s}", "{s} is superfluous",
    "not {s}", "i can do without {s}"]
_TIMES = ["{n}x", "{n}x please", "at {n}x", "{n} times speed", "try {n}x", "now {n}x", "{n}x, thanks",
    "make that {n}x",
    "{n} x speed please"]


def terse(words: Words, _: Material) -> Draft:
    """A span or a speed and nothing else: the newest clip and the edit are understood."""
    table = clips.table(words, least=1)
    if words.chance(0.25):
        value = words.one(["0.25", "0.3", "0.5", "0.75", "0.8", "1.2", "1.25", "1.5", "2", "2.5", "3", "4", "8",
        "10"])
        request, operation = words.pick(_TIMES).replace("{n}", value), f"speed {value}"
    else:
        text, start, end = times.span(words)
        cuts = words.chance(0.35) and not text.startswith((*times.BUT, "from", "between", "until", "up to"))
        form = words.pick(_WITHOUT if cuts else _ONLY)
        request, operation = form.replace("{s}", text.replace("its ",
        "the ")), f"{'cut' if cuts else 'trim'} {start} {end}"
    return Draft(request, f"edit {table[-1].name} {operation}", "edit", [], table)


def wish(words: Words, _: Material) -> Draft:
    """An edit worded as a state to be wished for."""
    table = clips.table(words, least=0 if words.chance(0.06) else 1)
    clause, operation = wishes.wish(words)
    target = clips.one(words, table) if "{x}" in clause else None
    request = place(clause, target) if target else clause.replace("its ", "the ")
    if not table:
        return Draft(request, "say ask_clip", "ask_clip")
    return Draft(request, f"edit {target.refs if target else table[-1].name} {operation}", "wish", [], table)


def pairs(words: Words, _: Material) -> Draft:
    """Operations that need two clips or more."""
    if words.chance(0.06):
        table = clips.table(words, least=0, most=1)
        if not table or words.chance(0.3):
            return Draft(words.polite(place(words.pick(edits.CONCAT), "them")), "say ask_clip", "ask_clip", [], table)
        return Draft(words.polite(place(words.pick(edits.CONCAT), words.pick(["the clips", "them", "all of them",
            "both", "the videos"]))), "say ask_clip", "ask_clip", [], table)
    table = clips.table(words, least=2)
    a, b = words.random.sample(range(len(table)), 2)
    kind = words.weighted([(4, "concat"), (3.5, "order"), (2, "replace"), (1, "three"), (2.5, "fade")])
    if kind == "concat":
        target = clips.several(words, table)
        return Draft(words.polite(place(words.pick(edits.CONCAT), target)), f"edit {target.refs} concat", "concat", [
            ], table)
    if kind == "fade":
        clause, operation = crossfade(words)
        target = clips.several(words, table)
        return Draft(words.polite(place(clause, target)), f"edit {target.refs} {operation}", "cross-fade", [], table)
    names = [words.one([clips.name(words, n), clips.ordinal(words, n)]) for n in (a, b)]
    if kind == "three" and len(table) > 2:
        order = words.random.sample(range(len(table)), 3)
        form = words.pick(["c{}, c{} and c{}", "clips {}, {} and {}", "c{} c{} c{}", "c{}, then c{}, then c{}",
            "c{} + c{} + c{}"])
        shown = form.format(*(n + 1 for n in order))
        return Draft(words.polite(place(words.pick(edits.CONCAT), shown)),
            f"edit {' '.join(table[n].name for n in order)} concat", "concat", [], table)
    ordered = _BOTH if len(table) == 2 and words.chance(0.5) else _BEFORE
    form = words.pick(ordered if kind != "replace" else _REPLACE)
    request = words.polite(form.replace("{x}", names[0]).replace("{y}", names[1]))
    if kind == "replace":
        return Draft(request, f"edit {table[a].name} audio replace {table[b].name}", "replace", [], table)
    return Draft(request, f"edit {table[b].name} {table[a].name} concat", "concat", [], table)


def look(words: Words, material: Material) -> Draft:
    """A question about a clip."""
    asked, question = asks.question(words, material)
    table = clips.table(words, least=0 if words.chance(0.08) else 1)
    if "{x}" in asked:
        many = len(table) > 1 and words.chance(0.12)
        target = clips.several(words, table) if many else clips.one(words, table)
        asked, question = place(asked, target), place(question, target)
        refs = target.refs
    else:
        refs = table[-1].name if table else ""
    if question:
        request = words.pick(asks.ASK_LEADS).replace("{}", asked)
        if re.match(r"(read|list|count|name|tell|check|see|identify|spell|look|watch)\b", asked) or ":" in asked[:24]:
            request = words.polite(asked)
    else:
        request = words.polite(asked)
    if not table:
        return Draft(request, "say ask_clip", "ask_clip", [question])
    return Draft(request, f"look {refs}" + (f": {question}" if question else ""), "look", [question], table)


_COMPARE = ["what is the difference between {x}", "compare {x}", "which of {x} is longer",
    "what do {x} have in common", "how do {x} differ", "are {x} the same", "which of {x} is brighter",
    "do {x} show the same place", "in which of {x} is there a dog", "what changed between {x}",
    "which of {x} has more cuts"]


def compare(words: Words, _: Material) -> Draft:
    """A question about two clips."""
    table = clips.table(words, least=2)
    target = clips.several(words, table)
    asked = place(words.pick(_COMPARE), target)
    return Draft(words.pick(asks.ASK_LEADS).replace("{}", asked), f"look {target.refs}: {asked}", "look", [asked],
        table)


_IN = ["{c} in {x}", "{c} in {x}", "in {x}, {c}", "{c}, but only in {x}", "{c} within {x}", "{c} inside {x}",
    "only in {x}: {c}"]


def find(words: Words, material: Material) -> Draft:
    """A search by words, by likeness, within a clip or everywhere."""
    table = clips.table(words)
    if table and words.chance(0.15):
        target = clips.one(words, table)
        return Draft(words.polite(place(asks.alike(words), target)), f"find like {target.refs}", "find like", [],
            table)
    clause, rest, _ = asks.search(words, material)
    head, _, query = rest.partition(": ")
    within = ""
    if table and words.chance(0.18) and "library" not in clause and "my clips" not in clause:
        target = clips.several(words, table) if len(table) > 1 and words.chance(0.2) else clips.one(words, table)
        clause = words.pick(_IN).replace("{c}", clause).replace("{x}", target.words)
        within = f" in {target.refs}"
    request = clause if clause.startswith(("do i", "is there", "have i", "which", "where", "any ",
        "do we")) else words.polite(clause)
    return Draft(request, f"find{head}{within}: {query}", "find", [query], table)


def generate(words: Words, material: Material) -> Draft:
    """A new clip, from words alone or like another."""
    table = clips.table(words)
    if table and words.chance(0.4):
        clause, wanted = makes.likeness(words)
        target = clips.one(words, table)
        return Draft(words.polite(place(clause, target)), f"gen like {target.refs}: {wanted}", "gen like", [wanted],
            table)
    if words.chance(0.06):
        clause, wanted = makes.likeness(words)
        return Draft(words.polite(place(clause, words.one(["it", "that", "the clip", "my video"]))), "say ask_clip",
            "ask_clip", [wanted])
    clause, arguments = makes.generation(words, material)
    return Draft(words.polite(clause), f"gen{arguments}", "gen", [arguments.partition(": ")[2]], table)


def converse(words: Words, _: Material) -> Draft:
    """Small talk and requests that lack what they need."""
    table = clips.table(words)
    if table and words.chance(0.2):
        clause = talk.vague_edit(words)
        return Draft(words.polite(place(clause, clips.one(words, table))), "say ask_edit", "ask_edit", [], table)
    message, kind = talk.small_talk(words)
    return Draft(message, f"say {kind}", "talk", [], table)


def elsewhere(words: Words, material: Material) -> Draft:
    """What no tool fits."""
    table = clips.table(words)
    request = place(talk.elsewhere(words, material), clips.one(words, table))
    return Draft(request, "say cannot", "cannot", [], table)


def refuse(words: Words, material: Material) -> Draft:
    """What must be refused, should the guards have missed it."""
    table = clips.table(words)
    return Draft(place(talk.unsafe(words, material), clips.one(words, table)), "say refuse", "refuse", [], table)


def innocent(words: Words, _: Material) -> Draft:
    """What sounds harmful and is not: it is made or looked for like anything else."""
    table = clips.table(words)
    wanted = makes.innocent(words)
    if words.chance(0.5):
        clause = words.pick(makes.MAKE).replace("{q}", wanted)
        return Draft(words.polite(clause), f"gen: {wanted}", "innocent", [wanted], table)
    query = re.sub(r"^(an?|the) ", "", wanted)
    clause = words.one(["find {q}", "search for {q}", "look for {q}", "do I have {q}"]).replace("{q}", wanted)
    request = clause if clause.startswith("do I") else words.polite(clause)
    return Draft(request, f"find: {query}", "innocent", [query], table)
