"""Tools of one's own: that of the how-to, asked for in words, from the shell and from Python; what is refused."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
from gpt4video.agent.assistant import VideoAgent
from gpt4video.agent.components import Components
from gpt4video.agent.custom_tools import loaded
from gpt4video.agent.errors import RequestInvalid
from gpt4video.agent.planner.chat import ChatPlanner
from gpt4video.agent.settings import Settings
from gpt4video.policies.actions import ActionPolicy
from gpt4video.policies.chain import PolicyChain
from gpt4video.tools.base import ClipRef, Told, Tool, ToolModel
from gpt4video.tools.media.probe import probe
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from .conftest import Agents

HOW_TO = Path(__file__).parents[2] / "docs" / "how_to" / "own_tool.md"


class CountArguments(ToolModel):
    clips: list[ClipRef]
    by: int = 1


class Count(Tool[CountArguments, Told]):
    """Counts the clips that are named."""

    name = "count_clips"
    description = "Counts clips."
    cost, effect = "free", "reads"
    arguments, result = CountArguments, Told
    wordings: ClassVar[tuple[str, ...]] = ("count {clips:clips} [by {by:number}]", "how many")
    told = "there are {}"

    def run(self, arguments: CountArguments, _context: Any) -> Told:
        return Told(text=self.told.format(arguments.by * len(arguments.clips)))


def with_tools(agent: VideoAgent, *tools: Tool[Any, Any]) -> VideoAgent:
    """The same agent with custom tools beside its own; its policies, which it shares, are made to know them."""
    parts = agent.components
    parts._own_tools = tools
    judges = [one for one in parts.policies.policies if one.name != "actions"]
    parts.policies = PolicyChain([ActionPolicy(parts.policy.actions), *judges], parts.policies.audit)
    return agent


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The how-to's ``my_tools.py``."""
    (code,) = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    (tmp_path / "my_tools.py").write_text(code)
    return tmp_path


def test_the_tool_of_the_how_to_from_the_shell(written: Path, stocked: Path) -> None:
    (shell,) = re.findall(r"```sh\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    shell = shell.replace("street.mp4", str(stocked / "bikes.mp4")).replace('lines"', 'lines" --json')
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GPT4VIDEO_HOME": str(written / "home"),
        "GPT4VIDEO_PLANNER": "scripted:none.json",
        "GPT4VIDEO_VIEWER": "off",
    }
    (written / "none.json").write_text("{}")
    run = subprocess.run(
        ["sh", "-ec", shell], cwd=written, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "grain of c1" in run.stdout
    assert "20.0 seconds in all" in run.stdout or "20.1 seconds in all" in run.stdout
    with VideoAgent(home=written / "home", planner="scripted:none", viewer="off") as agent:
        street, grain = agent.components.library.clips()
        made = agent.components.library.lineage(grain.id)
        assert made is not None
        assert (made.operation, made.parents, made.arguments) == ("grain", [street.id], {"strength": 40.0})
        assert probe(grain.path).duration == pytest.approx(street.duration, abs=0.1)
        listed = json.loads((agent.settings.home / "audit.jsonl").read_text().splitlines()[-1])
        assert listed["action"] == "allow"


def test_it_is_asked_for_in_words_and_answers_in_words(agents: Agents) -> None:
    agent = with_tools(agents({"*": "say cannot"}), Count())
    assert agent.ask("please count c1 and c2 by three, thanks!").answer == "There are 6."
    assert agent.ask("how many").answer == "There are 1.", "the newest clip, where none is named"
    answer = agent.ask("count c9")
    assert answer.answer == "There are 1.", "what a reference means is found out by the tool that resolves it"
    assert agent.ask("count the stars").steps == []


def test_a_chat_model_words_a_request_for_it(agents: Agents) -> None:
    replies = ["order: count the first two clips"]
    agent = agents({}, planner=ChatPlanner(FakeListChatModel(responses=replies), "chat:fake"))
    agent = with_tools(agent, Count())
    answer = agent.ask("tell me the number of what we had in the beginning")
    assert answer.answer == "There are 2."
    assert answer.steps[0]["tool"] == "count_clips"


def test_what_it_says_is_judged_and_its_faults_are_told(agents: Agents) -> None:
    class Rude(Count):
        told = "here is how to build a pipe bomb from household chemicals {}"

    blocked = with_tools(agents({}), Rude()).ask("how many")
    assert blocked.blocked
    assert "pipe bomb" not in blocked.answer

    class Broken(Count):
        def run(self, arguments: CountArguments, _context: Any) -> Told:
            raise RuntimeError("a defect")

    failed = with_tools(agents({}), Broken()).ask("how many")
    assert failed.status == "failed"
    assert "mistake in the tool count_clips" in failed.answer


def test_a_policy_of_ones_own_has_the_last_word(tmp_path: Path) -> None:
    import gpt4video.policies

    shipped = Path(gpt4video.policies.__file__).parent / "policy.yaml"
    (tmp_path / "policy.yaml").write_text(shipped.read_text())
    own = Components(Settings(home=tmp_path, policy=tmp_path / "policy.yaml"), tools=[Count()])
    assert "count_clips" not in own.policy.actions.tools
    assert "count_clips" in Components(Settings(home=tmp_path), tools=[Count()]).policy.actions.tools


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        ("no_such_module:Tool", "There is no tool at"),
        ("json:Nothing", "There is no tool at"),
        ("json", "There is no tool at"),
        (":", "There is no tool at"),
        ("json:JSONDecoder", "is no tool"),
    ],
)
def test_a_place_without_a_tool_is_refused(tmp_path: Path, place: str, fault: str) -> None:
    with pytest.raises(RequestInvalid, match=fault):
        _ = Components(Settings(home=tmp_path, tools=(place,))).tools


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"name": "edit_video"}, "cannot be called"),
        ({"name": "Count Clips"}, "cannot be called"),
        ({"wordings": ("count {clips:animals}",)}, "cannot be read"),
        ({"wordings": ("count (clips",)}, "cannot be read"),
        ({"wordings": ("count {colour:word}",)}, "does not take: colour"),
    ],
)
def test_a_tool_that_cannot_be_asked_for_is_refused(tmp_path: Path, changes: dict[str, Any], fault: str) -> None:
    wrong = type("Wrong", (Count,), changes)
    with pytest.raises(RequestInvalid, match=fault):
        _ = Components(Settings(home=tmp_path), tools=[wrong()]).tools


def test_what_it_makes_is_taken_back_redone_and_made_once(
    agents: Agents, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(written)
    (grain,) = loaded(["my_tools:FilmGrain"])
    agent = with_tools(agents({"play it backwards": "edit c3 reverse"}), grain)
    made = agent.ask("make c2 look grainy").clips
    assert [clip["operation"] for clip in made] == ["grain"]
    assert agent.ask("play it backwards").steps[0]["status"] == "done", "the planner speaks of what the tool made"
    agent.ask("undo that")
    agent.ask("undo that")
    again = agent.ask("make c2 grainy")
    assert again.clips == made
    assert [clip.operation for clip in agent.components.library.clips()].count("grain") == 1

    monkeypatch.setattr(type(grain), "cost", "slow")
    waiting = agent.ask("add film grain to c1 with strength 10")
    assert waiting.status == "waiting"
    assert waiting.approval is not None
    assert waiting.approval["tool"] == "film_grain"
    approved = agent.approve()
    assert approved.clips, approved
    assert "strength" in agent.ask("add grain to c1 of strength 500").answer, "what does not hold is told"
