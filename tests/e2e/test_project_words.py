"""A film made in a conversation: started, filled, edited, regenerated, compared, rendered and exported by words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gpt4video.agent.assistant import Answer, VideoAgent
from gpt4video.agent.planner.base import PlanContext
from gpt4video.agent.planner.chat import ChatPlanner
from gpt4video.agent.projects import Project
from gpt4video.tools.timeline.log import Edited
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from .conftest import Agents


def script(context: PlanContext) -> str:
    """Plans of the few requests that are the planner's: over items (no history) and over clips."""
    if "2 to 5" in context.request:
        return "edit c2 trim 0 1" if len(context.clips) > 1 else "edit c1 trim 2 5"
    if "black and white" in context.request:
        return "edit c1 color grayscale"
    return "edit c1 reverse"


def said(agent: VideoAgent, request: str, *, approve: bool = False) -> Answer:
    answer = agent.ask(request, approve=approve)
    assert answer.status == "answered", answer.answer
    return answer


def film(agent: VideoAgent) -> Project:
    return Project(agent.components, "holiday", user="local", create=False)


def test_a_film_by_words(agents: Agents) -> None:
    agent = agents(script)
    assert "Started the project holiday" in said(agent, "start a project called holiday").answer
    answer = said(agent, "put c1 and c2 into the project")
    assert "c1 0-" in answer.answer  # the table calls clips as the conversation does
    assert [row["seconds"] for row in answer.steps[0]["result"]["items"]] == pytest.approx([10.0, 2.0], abs=0.3)

    said(agent, "in the project, trim the second item to 2-5 s")
    assert film(agent).version().timeline.items[1].seconds == pytest.approx(1.0, abs=0.05)
    assert "Took back the last edit" in said(agent, "undo that").answer
    assert film(agent).version().timeline.items[1].seconds == pytest.approx(2.0, abs=0.05)
    said(agent, "redo")
    said(agent, "make the first item black and white")
    assert "grayscale" in said(agent, "show me the project").answer
    changed = said(agent, "compare with the version before").answer
    assert "item 1 was" in changed
    said(agent, "drop the last edit of the project")
    assert film(agent).version().timeline.items[0].operations == ()

    rendered = said(agent, "render it")
    assert rendered.clips[0]["operation"] == "render"
    assert "Rendered the project holiday" in rendered.answer
    assert ": c3" in rendered.answer  # it is a clip of the conversation from now on
    assert rendered.clips[0]["duration"] == pytest.approx(film(agent).version().timeline.seconds, abs=0.1)
    exported = said(agent, "export it as otio and edl")
    folder = agent.settings.home / "exports"
    assert sorted(path.name for path in folder.iterdir()) == ["holiday.edl", "holiday.otio"]
    assert str(folder / "holiday.otio") in exported.answer
    said(agent, "export it as otio")
    assert (folder / "holiday-2.otio").is_file()


def test_takes_are_made_only_with_the_users_word_and_chosen_by_words(agents: Agents) -> None:
    agent = agents(script)
    said(agent, "start a project called holiday")
    said(agent, "put c2 into the project")

    waiting = agent.ask("in the project, regenerate the first item as a red ball")
    assert waiting.status == "waiting"
    assert len(film(agent).log()) == 1
    answer = agent.approve()
    assert answer.status == "answered", answer.answer
    assert len(film(agent).version().timeline.items[0].takes) == 2
    assert "take 1 (" in said(agent, "show me the takes").answer
    said(agent, "use take 2")
    assert film(agent).version().timeline.items[0].chosen == 1


def test_what_is_asked_for_as_a_whole_is_not_joined_with_what_the_item_shows(agents: Agents, tmp_path: Path) -> None:
    agent = agents(script)
    said(agent, "start a project called holiday")
    said(agent, "put c1 into the project")
    for words in ("in the rain", "as a red ball"):
        assert agent.ask(f"in the project, regenerate the first item {words}", approve=True).status == "answered"
    prompts = [json.loads(line)["prompt"] for line in (tmp_path / "calls.jsonl").read_text().splitlines()]
    assert prompts[0] != "in the rain"
    assert "in the rain" in prompts[0]
    assert prompts[2:] == ["a red ball"] * 2


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ("remove the ninth item", "no such item"),
        ("use take 4", "No item has several takes"),
        ("put c7 into the project", "There is no clip c7"),
        ("put c2 into the project and remove the ninth item from the project", "no such item"),
        ("in the project, trim the second item to 2-5 s", "lies beyond its end"),
        ("drop edit 9", "no edit 9"),
        ("redo that in the project", "nothing to make again"),
        ("in the project nowhere, render it", "no project 'nowhere'"),
    ],
)
def test_what_cannot_be_done_says_why_and_changes_nothing(agents: Agents, request_: str, why: str) -> None:
    agent = agents(lambda context: "edit c1 trim 20 50" if "2 to 5" in context.request else "say greet")
    said(agent, "start a project called holiday")
    said(agent, "put c1 into the project")
    answer = agent.ask(request_)
    assert why in answer.answer
    assert len(film(agent).log()) == 1


def test_a_project_whose_first_change_fails_was_never_begun(agents: Agents) -> None:
    agent = agents(script)
    assert "No project is open" in agent.ask("put c1 into the project").answer
    said(agent, "start a project called holiday")
    assert agent.ask("put c1 into the project and render the project").clips
    assert agent.ask("undo").status == "answered"
    assert film(agent).version().timeline.items == ()


def test_undo_belongs_to_what_was_done_last(agents: Agents) -> None:
    agent = agents(script)
    said(agent, "start a project called holiday")
    said(agent, "put c1 into the project")
    said(agent, "play it backwards")  # a clip, made beside the project
    assert "Undone" in said(agent, "undo that").answer
    assert len(film(agent).log()) == 1
    said(agent, "undo that in the project")
    assert film(agent).version().timeline.items == ()


def test_the_same_turn_run_twice_changes_once(agents: Agents) -> None:
    agent = agents(script)
    said(agent, "start a project called holiday")
    answer = said(agent, "put c1 into the project")
    tool = agent.components.tools["edit_project"]
    arguments = tool.arguments.model_validate(answer.plan[0]["args"])
    again = tool.run(arguments, None)  # the ledger answers, so that nothing of the world is used
    assert len(again.items) == 1
    entries = film(agent).log()
    assert [entry.words for entry in entries if isinstance(entry, Edited)] == ["put c1 into the project"]


def test_a_chat_model_words_orders_to_the_project(agents: Agents) -> None:
    replies = [
        "order: start a project called holiday",
        "order: put c1 and c2 into the project",
        "order: sing to the blue one",  # no order: shown the items as clips, it thinks again, and again
        "order: sing to c2",
        "order: move item 2 to the front",
        "order: trim item 2 to its first second",
        "edit c2 trim 0 1",  # the same model reads the edit, over the items as if they were clips
        "order: render it",
    ]
    agent = agents({}, planner=ChatPlanner(FakeListChatModel(responses=replies), "chat:fake"))
    said(agent, "I would like to cut something together from my holiday")
    said(agent, "both of those belong in there, streets first")
    said(agent, "hm, rather begin with the blue bit")
    assert [round(item.seconds) for item in film(agent).version().timeline.items] == [2, 10]
    said(agent, "the streets go on for ever, one second of them will do")
    assert [round(item.seconds) for item in film(agent).version().timeline.items] == [2, 1]
    rendered = said(agent, "good, let me see the result of all this")
    assert rendered.clips[0]["operation"] == "render"
    assert rendered.clips[0]["duration"] == pytest.approx(3.0, abs=0.15)


def test_a_planner_that_goes_on_with_what_is_no_order_is_stopped(agents: Agents) -> None:
    agent = agents({"start": "say cannot", "*": "order: sing to item 1"})
    said(agent, "start a project called holiday")
    answer = agent.ask("make it sing")
    assert answer.status == "failed"
    assert "no order like 'sing to item 1'" in answer.answer
    assert answer.steps == []
    assert len(film(agent).version().timeline.items) == 0
