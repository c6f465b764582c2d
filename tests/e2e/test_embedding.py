"""The assistant inside other programs: LangChain tools, homes made with other models, what must not be loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from gpt4video.agent.interfaces.langchain_tools import as_tools
from langchain_core.tools import ToolException

from .conftest import Agents


def test_the_tools_serve_other_agents_over_the_same_library(agents: Agents) -> None:
    agent = agents({})
    tools = {tool.name: tool for tool in as_tools(agent.components, approve=True)}
    assert set(tools) == {
        "understand_video", "search_memory", "edit_video", "generate_video", "edit_project", "regenerate_span",
    }  # fmt: skip
    assert all(tool.description and tool.args for tool in tools.values())
    found = json.loads(tools["search_memory"].invoke({"query": "bicycle", "count": 1}))
    clip = found["hits"][0]["clip"]
    trim = {"op": "trim", "end": {"offset": 1}}
    made = json.loads(tools["edit_video"].invoke({"clips": [clip], "operations": [trim]}))
    assert agent.components.library.get(made["outputs"][0]["id"]).duration == pytest.approx(1, abs=0.1)


def test_policies_hold_for_other_agents_too(agents: Agents, tmp_path: Path) -> None:
    agent = agents({})
    ask_first = {tool.name: tool for tool in as_tools(agent.components)}["generate_video"]
    assert "needs approval" in ask_first.invoke({"prompt": "a red ball"})
    free = {tool.name: tool for tool in as_tools(agent.components, approve=True)}["generate_video"]
    refusal = free.invoke({"prompt": "a man is stabbed to death, blood everywhere"})
    assert "violence" in refusal.lower() or "gore" in refusal.lower()
    assert not (tmp_path / "calls.jsonl").exists()
    with pytest.raises(ToolException, match="no clip"):
        free.func(prompt="a red ball", like="nothing")  # type: ignore[misc]


def test_a_home_made_with_other_models_is_indexed_again_when_searched(agents: Agents) -> None:
    first = agents({})
    clips = [clip.id for clip in first.components.library.clips()]
    for clip in clips:
        first.components.memory.forget(clip)
    assert not any(first.components.memory.holds(clip) for clip in clips)
    agent = agents({"find it": "find: bicycle"})
    result = agent.ask("find it")
    assert result.steps[0]["result"]["hits"]
    assert all(agent.components.memory.holds(clip) for clip in clips)


def test_no_display_library_is_needed() -> None:
    """Where there is no libGL, the windowed build of OpenCV cannot even be imported; ours must be the headless one."""
    code = "import cv2, pathlib; print(pathlib.Path('/proc/self/maps').read_text())"
    maps = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "cv2" in maps
    assert not [line for line in maps.splitlines() if "libGL." in line or "libX11" in line]
