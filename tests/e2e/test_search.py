"""Search as people use it: words, likeness and conditions together, reasons, and questions about time."""

from __future__ import annotations

from typing import Any

import pytest
from gpt4video.agent.errors import RequestInvalid
from gpt4video.agent.searching import iso_time, search_library
from gpt4video.memory.errors import ClipUnknown, FilterInvalid
from gpt4video.memory.filters import Filters
from typer.testing import CliRunner

from .conftest import Agents


def found(agent: Any, text: str = "", **what: Any) -> list[dict[str, Any]]:
    conditions = {key: what.pop(key) for key in list(what) if key in Filters.__dataclass_fields__}
    return search_library(agent.components, text=text, filters=Filters(**conditions), **what)


def test_a_hit_says_why_and_what_is_absent_is_not_found(agents: Agents) -> None:
    agent = agents({})
    hits = found(agent, "a bicycle")
    assert hits
    assert all(hit["reasons"] and 0 <= hit["score"] <= 1 for hit in hits)
    assert {"kind", "text", "score"} == set(hits[0]["reasons"][0])
    assert found(agent, "a submarine under water") == []


def test_conditions_narrow_and_combine_with_words_and_likeness(agents: Agents) -> None:
    agent = agents({"cut": "edit c1 trim 0 2"})
    bikes, blue = (clip.id for clip in agent.components.library.clips())
    made = agent.ask("cut").clips[0]["id"]
    assert {hit["clip"] for hit in found(agent, source="BIKES", count=20)} == {bikes}
    assert {hit["clip"] for hit in found(agent, longest=3, made_by="upload")} == {blue}
    assert {hit["clip"] for hit in found(agent, made_from=bikes[:8])} == {made}
    assert {hit["clip"] for hit in found(agent, made_by="any")} == {made}
    assert {hit["clip"] for hit in found(agent, color="yellow")} == {blue}
    assert found(agent, added_before=iso_time("2001-01-01")) == []
    assert {hit["clip"] for hit in found(agent, "a bicycle", shortest=5, clip=blue, count=9)} <= {bikes}
    assert found(agent, "a bicycle", source="blue.mp4") == []


def test_wrong_conditions_get_typed_errors(agents: Agents) -> None:
    agent = agents({})
    with pytest.raises(RequestInvalid):
        found(agent)
    with pytest.raises(RequestInvalid, match="no date"):
        iso_time("yesterday")
    with pytest.raises(ClipUnknown):
        found(agent, made_from="ffffffff")
    with pytest.raises(FilterInvalid):
        found(agent, shortest=9, longest=1)


def test_the_command_line_takes_conditions_and_prints_reasons(agents: Agents) -> None:
    from gpt4video.agent.interfaces.cli import app

    home = ["--home", str(agents({}).settings.home)]
    good = CliRunner().invoke(app, ["search", "a bicycle", "--longer", "5", "--after", "2001-01-01", *home])
    assert good.exit_code == 0, good.output
    assert "looks like the words 0." in good.output or "label: " in good.output
    bad = CliRunner().invoke(app, ["search", "a bicycle", "--longer", "-5", "--json", *home])
    assert bad.exit_code != 0
    assert "filter_invalid" in bad.output
    assert CliRunner().invoke(app, ["search", "--before", "soon", *home]).exit_code != 0


def test_a_conversation_understands_conditions_and_says_why(agents: Agents) -> None:
    agent = agents({"long": "find: a bicycle in clips longer than five seconds", "short": "find: clips under 3 s"})
    answer = agent.ask("long")
    assert answer.steps[0]["result"]["hits"]
    assert "; looks like the words 0." in answer.answer or "; label: " in answer.answer
    short = agent.ask("short").steps[0]["result"]["hits"]
    assert [(hit["start"], hit["reasons"][0]["kind"]) for hit in short] == [(0.0, "filter")]


def test_likeness_and_words_are_sought_together(agents: Agents) -> None:
    agent = agents({"both": "find 9 like c1@8-10: a bicycle", "one": "find 9 like c1@8-10"})
    bikes = agent.components.library.clips()[0].id
    both, one = (agent.ask(request).steps[0]["result"]["hits"] for request in ("both", "one"))
    assert one
    for hit in both:
        kinds = {reason["kind"] for reason in hit["reasons"]}
        assert "likeness" in kinds
        assert kinds - {"likeness"}, "the words have to be met as well"
    for hit in [*both, *one]:
        assert not (hit["clip"] == bikes and hit["end"] > 8.5), "what is resembled is left out"


def test_when_is_answered_by_ranges_and_never_by_never(agents: Agents) -> None:
    agent = agents({"*": "look c1: when does the bicycle appear?", "sub": "look c1: when do we see a submarine?"})
    answer = agent.ask("when does the bicycle appear?")
    told = [item for item in answer.evidence if item["kind"] == "answer"]
    assert len(told) == 1
    assert told[0]["end"] >= 9  # the last seconds show a parked one
    assert told[0]["text"].startswith("'bicycle' is seen at ")
    assert told[0]["text"] in answer.answer
    never = agent.ask("sub")
    assert "'submarine' is never seen" in [item["text"] for item in never.evidence if item["kind"] == "answer"]
