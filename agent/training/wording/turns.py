"""Requests that lean on earlier messages, and plans that are made anew after a failure."""

# fmt: off
from __future__ import annotations

from ...planner.base import ClipEntry, Failure
from . import asks, chains, clips, edits, makes, singles, talk, times
from .asks import Material
from .drafts import Draft, place
from .edit_finish import CORNERS
from .edit_pictures import caption, escaped
from .words import Words

_SAME = ["and now {x}", "now {x} too", "same for {x}", "do the same with {x}", "and {x} as well",
    "the same for {x} please", "{x} too", "also {x}", "and {x}", "now do that to {x}", "repeat that for {x}",
    "apply the same to {x}", "same thing with {x}", "do it to {x} as well",
    "ditto for {x}", "same goes for {x}", "{x} next", "{x} likewise", "the same treatment for {x}",
    "and do {x} the same way"]
_MEANT = ["no, i meant {x}", "no, {x}", "i meant {x}", "not that one, {x}", "sorry, {x}", "actually i meant {x}",
    "wrong clip, i meant {x}", "no, with {x}", "oops, {x} instead", "i was talking about {x}", "no no, {x}"]
_INSTEAD = ["no, {s}", "i meant {s}", "make that {s}", "{s} instead", "sorry, {s}", "actually {s}", "no, rather {s}",
    "better {s}", "hmm, {s} instead", "let's rather keep {s}"]


def follow_up(words: Words, material: Material) -> Draft:
    """A message that only earlier ones complete."""
    road = words.weighted([(3, "same"), (2.5, "meant"), (1.5, "instead"), (2, "which"), (1.5, "prompt"), (1.2,
        "query"), (1.5, "edit"), (1.5, "asked")])
    table = clips.table(words, least=2)
    clause, operation = edits.any_clause(words)
    payloads = [operation.partition(": ")[2]]
    a, b = words.random.sample(range(len(table)), 2)
    name = words.one([clips.name(words, b), clips.ordinal(words, b)])
    before = words.polite(place(clause, clips.name(words, a)))
    if len(table) == 2 and words.chance(0.3):
        name = words.pick(["the other one", "the other clip", "the other", "the other video"])
    if road in {"same", "meant"}:
        request = words.pick(_SAME if road == "same" else _MEANT).replace("{x}", name)
        return Draft(request, f"edit {table[b].name} {operation}", "follow-up", payloads, table, [before])
    if road == "which":
        asked = words.polite(place(clause, words.one(["it", "the clip", "my video"])))
        request = words.pick(["{x}", "{x}", "{x} please", "i mean {x}", "take {x}", "the clip is {x}", "use {x}",
            "let's take {x}"]).replace("{x}", name)
        return Draft(request, f"edit {table[b].name} {operation}", "follow-up", payloads, table, [asked])
    if road == "instead":
        return _instead(words)
    if road == "edit":
        request = words.polite(clause.replace("{x}", "it")) if "{x}" in clause else clause
        vague = talk.vague_edit(words).replace("{x}", clips.name(words, a))
        target = table[a].name if words.chance(0.5) and "c" in vague else table[-1].name
        vague = vague if target == table[a].name and table[a].name in vague else "edit it"
        target = table[a].name if table[a].name in vague else table[-1].name
        return Draft(request, f"edit {target} {operation}", "follow-up", payloads, table, [vague])
    if road == "asked":
        return _asked(words, table, b, name)
    table = clips.table(words)
    if road == "prompt":
        wanted = makes.prompt(words, material)
        request = words.pick(["{q}", "{q}", "{q}", "it should show {q}", "of {q}", "how about {q}", "let it be {q}",
            "maybe {q}", "with {q}", "something with {q}"]).replace("{q}", wanted)
        return Draft(request, f"gen: {wanted}", "follow-up", [wanted], table, [words.pick(talk.TALK["ask_prompt"])])
    wanted = asks.query(words, material)
    request = words.pick(["{q}", "{q}", "{q} please", "something with {q}", "i'm looking for {q}", "a clip with {q}",
        "the one with {q}"]).replace("{q}", wanted)
    query = asks.undetermined(wanted)
    return Draft(request, f"find: {query}", "follow-up", [query], table, [words.pick(talk.TALK["ask_query"])])


def _asked(words: Words, table: list[ClipEntry], b: int, name: str) -> Draft:
    """The same question about another clip."""
    if words.chance(0.4):
        form = words.pick(["how many people are in {x}", "what is the man in {x} doing", "does {x} have sound",
            "how long is {x}", "who is in {x}", "what happens at the end of {x}", "what colours dominate in {x}",
            "is there a dog in {x}", "how big is {x}"])
        request = words.pick(["and {x}?", "what about {x}?", "and in {x}?" if " in " in form else "and {x}",
        "{x} too?",
            "how about {x}?"]).replace("{x}", name)
        said = form.replace("{x}", table[b].name)
        return Draft(request, f"look {table[b].name}: {said}", "follow-up", [], table,
            [form.replace("{x}", clips.name(words, 0 if b else 1)) + "?"])
    asked = words.pick(["what happens", "what can be seen", "who is there", "how many people are there",
        "is there any text", "what colour is the car", "what is the weather like", "how long is it"])
    before = f"{asked} in {clips.name(words, 0)}?" if asked != "how long is it" else "how long is c1?"
    request = words.pick(["and in {x}", "what about {x}", "and {x}", "same question for {x}", "how about {x}",
        "and now for {x}"]).replace("{x}", name) + words.one(["?", "?", ""])
    return Draft(request, f"look {table[b].name}: {asked}", "follow-up", [], table, [before])


def _instead(words: Words) -> Draft:
    """Another span of the same clip."""
    first, second = times.span(words), times.span(words)
    while second[0].startswith(("all", "everything", "from", "until", "up to", "the whole")):
        second = times.span(words)
    root = ClipEntry(name="c1", about="upload", duration=words.one([20, 30, 40, 60]))
    table = [root, ClipEntry(name="c2", about="trim of c1", duration=words.one([2, 3, 4, 5]))]
    request = words.pick(_INSTEAD).replace("{s}", second[0].replace("its ", "the "))
    before = place(words.pick(["keep {s} of {x}", "trim {x} to {s}", "cut {x} to {s}"]).replace("{s}", first[0]),
        words.one(["it", "c1", "the clip"]))
    return Draft(request, f"edit c1 trim {second[1]} {second[2]}", "follow-up", [], table, [before])


def distracted(words: Words, material: Material) -> Draft:
    """A complete request after messages that do not matter."""
    makers = [singles.edit, singles.look, singles.find, singles.generate, singles.converse, singles.elsewhere,
        singles.pairs, chains.find_chain, chains.edit_chain]
    draft = words.one(makers)(words, material)
    draft.history = [words.one(makers)(words, material).request for _ in range(words.random.randint(1, 3))]
    return draft


_MOVED = ["put the title {p}", "put it {p}", "move the title {p}", "no, {p}", "the text should be {p}", "rather {p}",
    "can the title be {p}?", "{p} please", "i want the text {p}", "place the words {p} instead"]
_LETTERED = ["in bold please", "make the title bold", "the text in bold", "bold letters, please"]


def retitle(words: Words, _: Material) -> Draft:
    """The title of the message before, elsewhere or in other letters: written anew on the clip that had none."""
    first = clips.table(words, least=1, most=1)[0]
    table = [first, ClipEntry(name="c2", about="text of c1", duration=first.duration)]
    said = caption(words)
    before = place(words.pick(["write {q} on {x}", "put {q} on {x}", "add the title {q} to {x}"]), words.one(["it",
    "c1",
        "the clip"])).replace("{q}", f'"{said}"')
    if words.chance(0.2):
        return Draft(words.pick(_LETTERED), f"edit c1 text bottom bold: {escaped(said)}", "follow-up", [], table,
            [before])
    corner = words.one(list(CORNERS))
    request = words.pick(_MOVED).replace("{p}", words.pick(CORNERS[corner]))
    return Draft(request, f"edit c1 text {corner}: {escaped(said)}", "follow-up", [], table, [before])


# --- after a failure ------------------------------------------------------------------------------------------------


def replan(words: Words, material: Material) -> Draft:
    """The same request with what went wrong: a plan that mends it, or a question."""
    road = words.weighted([(4, "end"), (2, "beyond"), (2.5, "unknown"), (2, "reversed"), (2.5, "nothing"), (1,
        "single"), (1.5, "other")])
    table = clips.table(words, least=1, most=3)
    entry = words.one(table)
    length = entry.duration
    name = words.one([clips.name(words, table.index(entry)), entry.name])
    if road == "end":
        operation = words.one(["trim", "cut", "gif"])
        start = words.random.randint(0, max(0, int(length) - 1))
        end = int(length) + words.random.randint(1, 30)
        form = words.pick({"trim": ["trim {x} from {a} to {b}", "keep {a} to {b} of {x}", "cut {x} down to {a}-{b}"],
            "cut": ["remove {a} to {b} from {x}", "cut out {a} to {b} of {x}"], "gif": [
            "make a gif of {x} from {a} to {b}", "gif {x} from {a} to {b}"]}[operation])
        request = form.replace("{x}", name).replace("{a}", times.moment(words, start)).replace("{b}", times.moment(
            words, end))
        failure = _failure("out_of_range", f"{entry.name} is {length:g} s long; {end} s lies beyond its end.")
        return Draft(words.polite(request), f"edit {entry.name} {operation} {start} end", "replan", [], table, [], [
            failure])
    if road == "beyond":
        start = int(length) + words.random.randint(1, 30)
        end = start + words.random.randint(1, 10)
        request = f"{words.one(['trim', 'keep', 'cut out', 'make a gif of'])} {name} from {start} to {end} seconds"
        failure = _failure("out_of_range", f"{entry.name} is {length:g} s long; {start} s lies beyond its end.")
        return Draft(words.polite(request), "say ask_time", "replan", [], table, [], [failure])
    if road == "unknown":
        missing = f"c{len(table) + words.random.randint(1, 6)}"
        clause, operation = edits.any_clause(words)
        failure = _failure("unknown_clip",
            f"There is no clip {missing}; there are {', '.join(one.name for one in table)}.")
        return Draft(words.polite(place(clause, missing)), "say ask_clip", "replan", [operation.partition(': ')[2]],
            table, [], [failure])
    if road == "reversed":
        a = words.random.randint(1, max(1, int(length) - 1))
        b = words.random.randint(0, a - 1)
        request = words.pick(["trim {x} from {a} to {b}", "keep {a} to {b} of {x}",
            "cut {x} from {a} to {b}"]).replace("{x}", name).replace("{a}", times.moment(words, a)).replace("{b}",
            times.moment(words, b))
        failure = _failure("reversed_span", f"The span from {a} s to {b} s ends before it begins.")
        return Draft(words.polite(request), f"edit {entry.name} trim {b} {a}", "replan", [], table, [], [failure])
    if road == "nothing":
        draft = chains.find_chain(words, material)
        draft.failures = [_failure(words.one(["index_out_of_range", "bad_arguments", "no_clips"]), words.one([
            "Step 1 found nothing.", "$1[0] does not exist: step 1 gave no clips.",
            "Step 1 gave 0 clips, so $1[0] does not exist."]), step="2")]
        draft.target, draft.kind = "say none_found", "replan"
        return draft
    if road == "single":
        request = words.polite(place(words.pick(edits.CONCAT), name))
        failure = _failure("concat_one_clip", "concat joins two clips or more, and got one.")
        return Draft(request, "say ask_clip", "replan", [], table, [], [failure])
    maker = words.one([singles.edit, singles.generate])
    draft = maker(words, material)
    draft.failures = [_failure(*words.one([("generation_failed", "The backend failed on this request."), (
        "bad_arguments", "The step cannot be carried out on this clip."), ("bad_arguments",
        "The clip has no sound."), ("generation_failed", "The generator gave no frames.")]))]
    draft.target, draft.kind = "say gave_up", "replan"
    return draft


def _failure(code: str, message: str, step: str = "1") -> Failure:
    return Failure(step=step, code=code, message=message)
