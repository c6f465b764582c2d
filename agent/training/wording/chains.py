"""Requests of several steps."""

# fmt: off
from __future__ import annotations

import re

from . import asks, clips, edits, makes, times, wishes
from .asks import Material
from .drafts import Draft, place
from .edit_finish import crossfade
from .words import Words

_JOIN = [", then ", ", then ", ", then ", ", then ", " and then ", " and then ", " and then ", ", ", ", ", ", and ",
    " and ", " and ", ". Then ", ", and ", " and ", ". Then ", "; then ", ", after that ", ", and after that ",
    " then ", ", ", ". After that, ", ", next ", ". Now ", ". And then ", " -> ", ", finally ", "; ",
    " followed by: ", ", and finally ", ". ", " + ", ", and then also ", " and afterwards "]
_THAT = ["it", "it", "it", "that", "the result", "this", "that clip", "that one"]
_LOOK = ["tell me what happens there", "describe it", "tell me what you see", "describe what is in it",
    "tell me how many people are in it", "tell me what colour it is", "say what is going on there",
    "tell me whether there is a car in it", "explain what happens in it", "describe the scene"]


def _later(words: Words, clause: str, name: str = "") -> str:
    """A clause that goes on with what the one before made."""
    if re.search(r"\b(?!of|from|on|in|to|for|off|with|over)\w+ \{x\}$", clause) and words.chance(0.2):
        return clause.removesuffix(" {x}")
    return place(clause, name or words.one(_THAT))


def _said(operation: str) -> str:
    return operation.partition(": ")[2]


def _edits(words: Words, count: int) -> tuple[list[str], list[str], list[str]]:
    """Clauses, operations and payloads of edits on one clip; a still or gif only at the end."""
    clauses, operations = [], []
    for n in range(count):
        clause, operation = edits.any_clause(words, chain=n < count - 1 or words.chance(0.8))
        clauses.append(clause)
        operations.append(operation)
    return clauses, operations, [_said(operation) for operation in operations]


def _join(words: Words, clauses: list[str]) -> str:
    text = clauses[0]
    for clause in clauses[1:]:
        text += words.pick(_JOIN) + clause
    return words.polite(text) if words.chance(0.6) else text


def edit_chain(words: Words, _: Material) -> Draft:
    """Two or three edits of one clip make one step."""
    table = clips.table(words, least=1)
    target = clips.one(words, table)
    clauses, operations, payloads = _edits(words, words.weighted([(3, 2), (1.5, 3), (0.3, 4)]))
    request = _join(words, [place(clauses[0], target), *(_later(words, clause) for clause in clauses[1:])])
    return Draft(request, f"edit {target.refs} {' | '.join(operations)}", "edit chain", payloads, table)


def state_chain(words: Words, _: Material) -> Draft:
    """States strung together: "reversed, without sound and square"."""
    table = clips.table(words, least=1)
    target = clips.one(words, table)
    made = [wishes.state(words) for _ in range(words.weighted([(3, 2), (1.5, 3)]))]
    states, operations = [state for state, _ in made], [operation for _, operation in made]
    listed = ", ".join(states[:-1]) + words.pick([" and ", ", ", " and also ", ", and ", " + ", ", but ",
        " plus "]) + states[-1]
    form = words.pick(wishes.WISHES)
    return Draft(form.replace("{s}", listed).replace("{x}", target.words),
        f"edit {target.refs} {' | '.join(operations)}", "edit chain", [], table)


def find_chain(words: Words, material: Material) -> Draft:
    """Find, then edit, look or make one like it."""
    table = clips.table(words) if words.chance(0.5) else []
    clause, rest, single = asks.search(words, material, single=words.chance(0.85))
    hit = "$1[0]" if single else "$1"
    clauses, steps, payloads = [clause], [f"find{rest}"], [rest.partition(": ")[2]]
    newest = hit
    that = "" if single else words.one(["them", "all of them", "each", "them all"])
    road = words.weighted([(4, "edit"), (3.5, "edit gen"), (2, "gen"), (1.6, "look"), (1.2, "concat"), (0.8,
        "edit look")])
    if not single and road in {"edit gen", "gen"}:
        road = "concat"
    if single and road == "concat":
        road = "edit"
    if road.startswith("edit"):
        more, operations, said = _edits(words, words.weighted([(4, 1), (2, 2), (0.5, 3)]))
        clauses += [_later(words, more[0], that), *(_later(words, one, that) for one in more[1:])]
        steps.append(f"edit {hit} {' | '.join(operations)}")
        payloads += said
        newest = "$2"
    if road == "concat":
        clauses.append(place(words.pick(edits.CONCAT), words.one(["them", "them all", "the hits", "those",
            "the results"])))
        steps.append("edit $1 concat")
        newest = "$2"
        if words.chance(0.4):
            more_clause, operation = edits.any_clause(words, chain=True)
            clauses.append(_later(words, more_clause))
            steps[-1] += f" | {operation}"
            payloads.append(_said(operation))
    if road.endswith("gen"):
        like, wanted = makes.likeness(words)
        clauses.append(place(like, words.one(["it", "it", "that", "that one", "the result", "this"])))
        steps.append(f"gen like {newest}: {wanted}")
        payloads.append(wanted)
    if road.endswith("look"):
        asked = words.pick(_LOOK)
        clauses.append(asked)
        steps.append(f"look {newest}" + ("" if asked.startswith("describe") else f": {asked}"))
        payloads.append(asked)
    return Draft(_join(words, clauses), " ; ".join(steps), "find chain", payloads, table)


def make_chain(words: Words, material: Material) -> Draft:
    """Make a clip, then edit it; or edit one and make another like it."""
    table = clips.table(words, least=1)
    more, operations, payloads = _edits(words, words.weighted([(4, 1), (2, 2)]))
    road = words.one(["gen edit", "edit gen", "edit gen", "like edit", "gen gen"])
    if road == "gen edit":
        clause, arguments = makes.generation(words, material)
        clauses = [clause, *(_later(words, one) for one in more)]
        return Draft(_join(words, clauses), f"gen{arguments} ; edit $1 {' | '.join(operations)}", "gen chain", [
            arguments.partition(": ")[2], *payloads], table)
    target = clips.one(words, table)
    like, wanted = makes.likeness(words)
    if road == "like edit":
        clauses = [place(like, target), *(_later(words, one) for one in more)]
        return Draft(_join(words, clauses), f"gen like {target.refs}: {wanted} ; edit $1 {' | '.join(operations)}",
            "gen chain", [wanted, *payloads], table)
    if road == "gen gen":
        first, second = makes.generation(words, material), makes.generation(words, material)
        clauses = [first[0], second[0], words.pick(edits.CONCAT).replace("{x}", words.one(["both", "them",
            "the two"]))]
        steps = [f"gen{first[1]}", f"gen{second[1]}", "edit $1 $2 concat"]
        count = words.one([2, 3, 3])
        return Draft(_join(words, clauses[:count]), " ; ".join(steps[:count]), "gen chain", [first[1].partition(": ")[
            2], second[1].partition(": ")[2]], table)
    clauses = [place(more[0], target), *(_later(words, one) for one in more[1:]), place(like, words.one(["it",
        "that", "the result"]))]
    return Draft(_join(words, clauses), f"edit {target.refs} {' | '.join(operations)} ; gen like $1: {wanted}",
        "gen chain", [*payloads, wanted], table)


def two_things(words: Words, material: Material) -> Draft:
    """Independent steps on two clips, or a question and an edit."""
    table = clips.table(words, least=2)
    a, b = words.random.sample(range(len(table)), 2)
    names = [words.one([clips.name(words, n), clips.ordinal(words, n)]) for n in (a, b)]
    (one, first), (other, second) = edits.any_clause(words), edits.any_clause(words)
    road = words.weighted([(4, "edits"), (2, "look edit"), (2.5, "join"), (1.5, "trim join"), (1, "find look"), (1,
        "edit look")])
    if road == "edits":
        request = place(one, names[0]) + words.pick(_JOIN) + place(other, names[1])
        return Draft(request, f"edit {table[a].name} {first} ; edit {table[b].name} {second}", "two edits", [_said(
            first), _said(second)], table)
    if road == "look edit":
        asked = words.pick(["tell me what is in {x}", "what is in {x}", "tell me what happens in {x}",
            "what happens in {x}", "tell me how many people are in {x}"]).replace("{x}", names[0])
        request = asked + words.pick([" and ", ", then ", "? And ", "? Then ", " and then ", "; also "]) + place(one,
            names[1])
        return Draft(request, f"look {table[a].name}: {asked} ; edit {table[b].name} {first}", "look edit", [asked,
            _said(first)], table)
    if road == "edit look":
        asked = words.pick(_LOOK)
        request = place(one, names[0]) + words.pick([" and ", ", then ", " and then "]) + asked
        clause, operation = one, first
        while operation.startswith(edits.ENDS):
            clause, operation = edits.any_clause(words, chain=True)
        request = place(clause, names[0]) + words.pick([" and ", ", then ", " and then "]) + asked
        question = "" if asked.startswith("describe") else f": {asked}"
        return Draft(request, f"edit {table[a].name} {operation} ; look $1{question}", "edit look", [asked, _said(
            operation)], table)
    while first.startswith(edits.ENDS):
        one, first = edits.any_clause(words, chain=True)
    if road == "join":
        form = words.pick(["{c} and put it before {y}", "{c}, then add {y} at the end", "{c} and join it with {y}",
            "{c}, then merge it with {y}", "{c} and append {y} to it", "{c} and attach {y} to the end of it"])
        return Draft(form.replace("{c}", place(one, names[0])).replace("{y}", names[1]),
            f"edit {table[a].name} {first} ; edit $1 {table[b].name} concat", "edit join", [_said(first)], table)
    if road == "find look":
        clause, rest, _ = asks.search(words, material, single=True)
        asked = words.pick(_LOOK)
        question = "" if asked.startswith("describe") else f": {asked}"
        return Draft(_join(words, [clause, asked]), f"find{rest} ; look $1[0]{question}", "find look", [
            rest.partition(": ")[2], asked], table)
    (s, start, end), (t, begin, stop) = times.span(words), times.span(words)
    form = words.pick(["join {s} of {x} and {t} of {y}", "put {s} of {x} and {t} of {y} together",
        "combine {s} of {x} with {t} of {y}", "take {s} of {x} and {t} of {y} and merge them",
        "make one clip of {s} of {x} and {t} of {y}", "cut {s} from {x}, cut {t} from {y}, and join both"])
    request = form.replace("{s}", s.replace("its ", "the ")).replace("{t}", t.replace("its ", "the ")).replace("{x}",
        names[0]).replace("{y}", names[1])
    return Draft(words.polite(request),
        f"edit {table[a].name} trim {start} {end} ; edit {table[b].name} trim {begin} {stop} ; edit $1 $2 concat",
        "trim join", [], table)


_THEM = ["them", "them", "both", "the two", "all of them", "the results"]


def joins(words: Words, _: Material) -> Draft:
    """Several clips edited alike and then joined; or joined first, and edited as one."""
    table = clips.table(words, least=2)
    target = clips.several(words, table)
    clause, operation = edits.any_clause(words, chain=True)
    join, joined = (words.pick(edits.CONCAT), "concat") if words.chance(0.65) else crossfade(words)
    if words.chance(0.5):
        them = words.pick(_THEM if target.refs.count(" ") == 1 else ["them", "all of them", "the results"])
        request = _join(words, [place(clause, target), place(join, them)])
        return Draft(request, f"edit {target.refs} {operation} ; edit $1 {joined}", "edit join", [_said(operation)],
            table)
    request = _join(words, [place(join, target), _later(words, clause)])
    return Draft(request, f"edit {target.refs} {joined} | {operation}", "join edit", [_said(operation)], table)


_SPLIT = ["split {x} in the middle", "split {x} into two halves", "cut {x} in half",
    "divide {x} into two equal parts", "split {x} in two", "break {x} into two halves", "halve {x} into two clips",
    "separate {x} in the middle", "cut {x} in two at the middle"]
_SPLIT_AT = ["split {x} at {t}", "cut {x} in two at {t}", "divide {x} at {t}", "split {x} into two clips at {t}",
    "break {x} at {t} into two parts", "separate {x} at {t}"]
_AROUND = ["add {s} of {x} again at its end", "repeat {x} twice", "play {x} twice in a row", "loop {x} once",
    "double {x} by repeating it", "make {x} repeat"]
_BOOMERANG = ["make a boomerang of {x}", "play {x} forwards and then backwards", "make {x} go forth and back",
    "turn {x} into a boomerang", "{x} forwards then reversed, as one clip"]


def special(words: Words, _: Material) -> Draft:
    """Splitting, repeating, there and back."""
    table = clips.table(words, least=1)
    target = clips.one(words, table)
    ref = target.refs
    road = words.weighted([(3, "half"), (3, "at"), (1.5, "repeat"), (1.5, "boomerang"), (1.5, "pieces"), (1,
        "thirds")])
    if road == "half":
        return Draft(words.polite(place(words.pick(_SPLIT), target)),
            f"edit {ref} trim 0 50% ; edit {ref} trim 50% end", "split", [], table)
    if road == "at":
        n = words.random.randint(1, 20)
        form = words.pick(_SPLIT_AT).replace("{t}", times.moment(words, n))
        return Draft(words.polite(place(form, target)), f"edit {ref} trim 0 {n} ; edit {ref} trim {n} end", "split", [
            ], table)
    if road == "repeat":
        return Draft(words.polite(place(words.pick(_AROUND[1:]), target)), f"edit {ref} {ref} concat", "repeat", [],
            table)
    if road == "boomerang":
        return Draft(words.polite(place(words.pick(_BOOMERANG), target)),
            f"edit {ref} reverse ; edit {ref} $1 concat", "boomerang", [], table)
    if road == "thirds":
        form = words.pick(["split {x} into three parts", "cut {x} into thirds", "divide {x} into three equal pieces",
            "split {x} in three"])
        steps = [f"edit {ref} trim {a} {b}" for a, b in (("0", "33%"), ("33%", "67%"), ("67%", "end"))]
        return Draft(words.polite(place(form, target)), " ; ".join(steps), "split", [], table)
    (s, start, end), (t, begin, stop) = times.between(words), times.between(words)
    form = words.pick(["keep {s} and {t} of {x} and join them", "cut {s} and {t} out of {x} and put them together",
        "take {s} and {t} of {x} and merge them", "make one clip of {s} and {t} of {x}"])
    request = place(form.replace("{s}", s).replace("{t}", t), target)
    return Draft(request, f"edit {ref} trim {start} {end} ; edit {ref} trim {begin} {stop} ; edit $1 $2 concat",
        "pieces", [], table)
