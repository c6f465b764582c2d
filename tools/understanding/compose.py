"""Answers from evidence alone: nothing is said that no finding holds, and each claim names its clip and time range.

Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .arguments import Evidence, EvidenceKind
from .backing import PEOPLE, backing
from .wording import asked, stem, stems, topics

_MOST_SHOTS = 8
_MOST_CLAIMS = 6
_MOST_BACKING = 2
_SURE = 0.6
_LIKELY = 0.4
"""Below this a description of a shot is told as a guess."""
_YES_NO = re.compile(r"^\W*(is|are|was|were|do|does|did|has|have|can|could|will|any)\b", re.IGNORECASE)
_BEGINNING = re.compile(
    r"\b(at|in|near|from) the (very )?(beginning|start)\b|\b(first|begin) (shot|scene|part)\b", re.I
)
_ENDING = re.compile(r"\b(at|in|near|towards) the (very )?end\b|\blast (shot|scene|part)\b", re.I)
_WHEN = re.compile(r"\b(when|what time|which (part|moment|second))\b", re.IGNORECASE)
_COUNT = re.compile(r"\bhow (many|much)\b", re.IGNORECASE)


def compose(question: str, evidence: Sequence[Evidence], sampling: str, names: dict[str, str]) -> str:
    """An answer to a question (empty: a description) from evidence alone.

    Args:
        question: the user's words.
        evidence: findings, any order; several clips are answered one after another.
        sampling: how densely it was looked, one sentence; closes the answer.
        names: clip id -> what the conversation calls it.
    """
    clips = list(dict.fromkeys(item.clip for item in evidence))
    parts = [_answer(question, [e for e in evidence if e.clip == clip], names.get(clip, clip[:12])) for clip in clips]
    if not parts:
        parts = ["I found nothing to answer that from."]
    return " ".join([*parts, sampling]).strip()


def _answer(question: str, evidence: list[Evidence], name: str) -> str:
    told = [item for item in evidence if item.kind == "answer"]
    evidence = _meant(question, [item for item in evidence if item.kind != "answer"])
    things, kinds = asked(question), topics(question)
    if told and _WHEN.search(question):
        return _timed(told[0], _matching(evidence, things), name)
    if told:
        return _looked(question, told[0], _matching(evidence, things), name)
    if not things and not kinds:
        return _describe(evidence, name)
    if "shot" in kinds and _COUNT.search(question):
        return _count_shots(evidence, name)
    matching = _matching(evidence, things)
    if "color" in kinds and things:
        return _color_of(things, matching, evidence, name)
    if kinds and not matching:
        return _topic(kinds[0], things, evidence, name)
    if _COUNT.search(question) and matching:
        return f"I cannot count them, but {_sentence(_claims(matching, name))}"
    return _named(question, things, matching, evidence, name)


def _looked(question: str, told: Evidence, matching: list[Evidence], name: str) -> str:
    """The answer of the model that sees, with the findings that bear on it; a sure finding outweighs its "no"."""
    said, place = _bare_text(told), f"{name}, {_when(told)}"
    claims = _claims(matching, name)
    if not _YES_NO.search(question) or said.casefold() not in {"yes", "no"}:
        return _sentence(f"It looks like {said} ({place})") + (f" {_sentence(claims)}" if claims else "")
    sure = matching and max(item.score for item in matching) >= _SURE
    if said.casefold() == "yes" or sure:
        return _sentence(f"Yes: {claims}") if claims else f"It looks so ({place}), but no other finding backs it."
    return f"It does not look so ({place})." + (f" What comes near: {_sentence(claims)}" if claims else "")


def _timed(told: Evidence, matching: list[Evidence], name: str) -> str:
    """When something is to be seen or heard, and the findings that tell so."""
    said = _sentence(f"In {name}, {_bare_text(told)}")
    inside = [item for item in matching if item.start < told.end and told.start < item.end and item.kind != "color"]
    backed = f" {_sentence(_claims(inside[:_MOST_BACKING], name))}" if inside and " never " not in said else ""
    return said + backed


def _meant(question: str, evidence: list[Evidence]) -> list[Evidence]:
    """The findings of the part of the clip that the question speaks of: its beginning, its end, or all."""
    end = max((item.end for item in evidence), default=0.0)
    if _BEGINNING.search(question):
        return [item for item in evidence if item.kind == "media" or item.start <= end / 3]
    if _ENDING.search(question):
        return [item for item in evidence if item.kind == "media" or item.end >= end * 2 / 3]
    return evidence


def _topic(kind: EvidenceKind, things: list[str], evidence: list[Evidence], name: str) -> str:
    found = [item for item in evidence if item.kind == kind]
    if not found and kind == "text":
        return f"I found no readable text on screen in {name}."
    if not found and kind == "speech":
        return f"I have no transcript of {name}."
    if not found:
        return f"I found nothing about that in {name}."
    rest = [word for word in things if not _matching(found, [word])]
    tail = f" I found nothing on {_quoted(rest)} in {name}." if rest and kind != "media" else ""
    return _of_kind(kind, evidence, name) + tail


def _of_kind(kind: EvidenceKind, evidence: list[Evidence], name: str) -> str:
    found = _joined([item for item in evidence if item.kind == kind])
    return f"{_sentence(_claims(found[:_MOST_SHOTS], name))}{_more(len(found) - _MOST_SHOTS)}"


def _color_of(things: list[str], matching: list[Evidence], evidence: list[Evidence], name: str) -> str:
    """Colours are measured over the whole picture; only a caption tells the colour of one thing."""
    told = [item for item in matching if item.kind == "caption" and "color" in topics(item.text)]
    if told:
        return _sentence(_claims(told, name))
    colors = [item for item in matching if item.kind == "color"]
    if colors and {stem(word) for word in things} <= stems(" ".join(item.text for item in colors)):
        return _sentence(_claims(colors, name))
    seen = [item for item in matching if item.kind != "color"]
    where = f" {_sentence(_claims(seen, name))}" if seen else ""
    return f"I cannot tell the color of {_quoted(things)} alone.{where} {_of_kind('color', evidence, name)}"


def _named(question: str, things: list[str], matching: list[Evidence], evidence: list[Evidence], name: str) -> str:
    """An answer about things that the question names."""
    missing = [word for word in things if not _matching(matching, [word])]
    people = [word for word in missing if stem(word) in PEOPLE]
    rest = [word for word in missing if word not in people]
    tails = [f"The findings do not tell who is there, so I do not know about {_quoted(people)}."] if people else []
    if matching:
        sure = max(item.score for item in matching) >= _SURE
        start = ("Yes: " if sure else "Possibly: ") if _YES_NO.search(question) and not missing else ""
        tails += [f"I found nothing on {_quoted(rest)} in {name}."] if rest else []
        return " ".join([_sentence(start + _claims(matching, name)), *tails])
    if not (_YES_NO.search(question) or _WHEN.search(question)):
        tails = [f"I cannot answer that for {name} from what I found."]
    elif rest:
        tails.append(f"I did not find any sign of {_quoted(rest)} in {name}.")
    seen = _joined([item for item in evidence if item.kind in {"caption", "label"}])
    tails += [f"What I found: {_sentence(_claims(seen, name))}"] if seen else []
    return " ".join(tails)


def _describe(evidence: list[Evidence], name: str) -> str:
    """Facts, then what each shot shows, then the text on screen."""
    facts = [_claim(item, name) for item in evidence if item.kind == "media"]
    shots: list[Evidence | None] = [item for item in evidence if item.kind == "shot"]
    scenes = [item for item in evidence if item.kind == "scene"]
    if len(shots) > _MOST_SHOTS and len(scenes) < len(shots):  # many shots are told scene by scene
        shots = [*scenes]
        lines = [_claim(scene, name) for scene in scenes[:_MOST_SHOTS]]
    else:
        shots = shots or [None]
        lines = [_shot(shot, evidence, name) for shot in shots[:_MOST_SHOTS]]
    texts = [_claim(item, name) for item in evidence if item.kind in {"text", "speech"}]
    sentences = [*facts[:1], *(line for line in lines if line), *texts[:_MOST_CLAIMS], *facts[1:]]
    return " ".join(map(_sentence, sentences)) + _more(len(shots) - _MOST_SHOTS)


def _shot(shot: Evidence | None, evidence: list[Evidence], name: str) -> str:
    def inside(kind: EvidenceKind) -> list[Evidence]:
        return [
            e for e in evidence
            if e.kind == kind and (shot is None or (e.start >= shot.start - 0.05 and e.end <= shot.end + 0.05))
        ]  # fmt: skip

    captions, labels = inside("caption"), inside("label")
    seen = [_caption(item) for item in captions] or [_label(item) for item in labels]
    if shot is not None and not shot.text.startswith("shot "):  # a search hit brings its own words
        seen = seen or [_bare_text(shot)]
    said = [*dict.fromkeys(seen), *(_bare_text(item) for item in [*inside("color"), *inside("motion")])]
    if not said:
        return ""
    place = shot or (captions + labels + inside("color") + inside("motion"))[0]
    return f"{name}, {_when(place)}: {'; '.join(said)}"


def _count_shots(evidence: list[Evidence], name: str) -> str:
    shots = sorted((item for item in evidence if item.kind == "shot"), key=lambda item: item.start)
    if not shots:
        return f"I could not tell the shots of {name} apart."
    if len(shots) == 1:
        return f"{name} is 1 shot without a cut ({_when(shots[0])})."
    cuts = ", ".join(f"{item.start:.1f}" for item in shots[1:])
    span = f"{shots[0].start:.1f}-{max(item.end for item in shots):.1f} s"
    return f"{name} has {len(shots)} shots ({span}), with cuts at {cuts} s."


def _matching(evidence: Sequence[Evidence], things: list[str]) -> list[Evidence]:
    """Findings about the things, the surest first, spans of the same finding joined."""
    wanted = {stem(word) for word in things}
    found = [item for item in evidence if item.kind not in {"media", "motion", "scene"} and wanted & backing(item)]
    return sorted(_joined(found), key=lambda item: (item.kind == "color", -item.score, item.start))


def _joined(evidence: list[Evidence]) -> list[Evidence]:
    """Equal findings one after another become one."""
    joined: list[Evidence] = []
    for item in sorted(evidence, key=lambda one: one.start):
        same = next((k for k, e in enumerate(joined) if (e.kind, e.text) == (item.kind, item.text)), None)
        if same is None or item.kind == "shot" or item.start - joined[same].end > 0.5:
            joined.append(item)
        else:
            before = joined[same]
            joined[same] = before.model_copy(
                update={"end": max(before.end, item.end), "score": max(before.score, item.score)}
            )
    return joined


def _claims(evidence: list[Evidence], name: str) -> str:
    return "; ".join(_claim(item, name) for item in evidence[:_MOST_CLAIMS])


def _claim(item: Evidence, name: str) -> str:
    """One finding in words, with its clip and range."""
    if item.kind == "media":
        return f"{name} is {item.text}" if not item.text.startswith(("title", "comment")) else f"{name}: {item.text}"
    place = f"{name}, {_when(item)}"
    if item.kind == "text":
        return f"{place}: the text on screen reads {_quotation(item.text)}"
    if item.kind == "speech":
        return f"{place}: the speech says {_quotation(item.text)}"
    wording = {"label": _label, "caption": _caption}.get(item.kind, _bare_text)
    return f"{place}: {wording(item)}"


def _label(item: Evidence) -> str:
    return f"{'' if item.score >= _SURE else 'possibly '}{_bare_text(item)}"


def _caption(item: Evidence) -> str:
    """A sentence that fits the picture well stands as it is; one that may not says so."""
    return _bare_text(item) if item.score >= _LIKELY else f"perhaps: {_bare_text(item)}"


def _bare_text(item: Evidence) -> str:
    return " ".join(item.text.split()).rstrip(".")


def _when(item: Evidence) -> str:
    start, end = f"{item.start:.1f}", f"{item.end:.1f}"
    return f"at {start} s" if start == end else f"{start}-{end} s"


def _quotation(text: str) -> str:
    """Words from a clip as a quotation that cannot end itself early."""
    return '"' + " ".join(text.split()).replace('"', "'") + '"'


def _quoted(words: list[str]) -> str:
    return ", ".join(f"'{word}'" for word in dict.fromkeys(words))


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def _more(count: int) -> str:
    return " And more." if count > 0 else ""
