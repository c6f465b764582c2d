"""The assistant inside other programs: async, LangGraph, LangChain; what must not be loaded."""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from gpt4video.agent import AsyncVideoAgent, build_graph
from gpt4video.agent.errors import RequestInvalid, SessionBusy, SessionUnknown
from gpt4video.agent.interfaces import langgraph_app
from gpt4video.agent.interfaces.langchain_tools import as_tools
from gpt4video.agent.interfaces.langgraph_app import approval, as_message, as_node
from gpt4video.agent.sessions import thread_key
from gpt4video.agent.turns import Answer
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.store.memory import InMemoryStore
from langgraph_cli.config import validate_config_file

from .conftest import Agents
from .gated import GatedGenerator

ROOT = Path(__file__).parents[2]
UNSAFE = "make a clip of a man who is stabbed to death, blood everywhere"


def test_the_public_names_load_nothing_until_they_are_used() -> None:
    code = (
        "import sys, gpt4video.agent as agent; assert {'VideoAgent', 'AsyncVideoAgent'} <= set(dir(agent))\n"
        "heavy = {'langgraph', 'torch', 'pydantic', 'numpy'} & set(sys.modules)\n"
        "from gpt4video.agent import VideoAgent; print(sorted(heavy), hasattr(VideoAgent, 'ask'))\n"
        "try:\n    agent.nothing\nexcept AttributeError as error:\n    print(error)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.startswith("[] True")
    assert "no attribute 'nothing'" in told


def shared(agent: Any) -> AsyncVideoAgent:
    return AsyncVideoAgent(components=agent.components)


def test_async_turns_run_side_by_side(agents: Agents) -> None:
    agent = shared(agents({"*": "edit c2 reverse"}))

    async def talk() -> tuple[list[Answer], list[str]]:
        async with agent:
            answers = await asyncio.gather(*(agent.ask("turn it", thread=f"t{number}") for number in range(3)))
            kinds = [event.type async for event in agent.stream("again", thread="t0")]
            with pytest.raises(RequestInvalid):
                await agent.ask(" ")
            with pytest.raises(RequestInvalid):
                await anext(agent.stream(" "))
            assert (await agent.last("t0")).status == "answered"
            return answers, kinds

    answers, kinds = asyncio.run(talk())
    assert [answer.status for answer in answers] == ["answered"] * 3
    assert kinds[0] == "node"
    assert kinds[-1] == "answer"
    assert AsyncVideoAgent.ask.__doc__


@pytest.mark.parametrize("way", ["cancelled", "left", "asked to stop"])
def test_an_async_turn_that_nobody_waits_for_stops(agents: Agents, way: str) -> None:
    generator = GatedGenerator()
    agent = shared(agents({"*": "gen: a red ball"}, generator=generator))

    async def begun() -> None:
        assert await asyncio.to_thread(generator.started.wait, 120)

    async def let_go() -> None:
        # The generator goes on only once the turn was stopped, so that it cannot end well by chance.
        stopped = agent.agent.components.stops.of(thread_key("local", "default"))
        while not stopped():
            await asyncio.sleep(0.01)
        generator.go.set()

    async def left_early() -> None:
        async with aclosing(agent.stream("make a red ball", approve=True)) as turn:
            async for event in turn:
                if event.type == "progress":
                    return

    async def stop() -> None:
        if way == "left":
            asking = asyncio.create_task(left_early())
            await begun()
            await let_go()
            await asking
        else:
            asking = asyncio.create_task(agent.ask("make a red ball", approve=True))
            await begun()
            with pytest.raises(SessionBusy):
                await agent.ask("another")
            if way == "cancelled":
                asking.cancel()
                await let_go()
                with pytest.raises(asyncio.CancelledError):
                    await asking
            else:
                await agent.cancel()
                generator.go.set()
                assert (await asking).status == "cancelled"
        again = await agent.ask("make a red ball", approve=True)
        assert again.status == "answered"
        assert len([clip for clip in agent.agent.components.library.clips() if clip.operation == "generate"]) == 1

    asyncio.run(stop())


def test_the_graph_compiles_with_any_checkpointer_and_store(agents: Agents) -> None:
    agent = agents({"*": "edit c2 reverse"})
    graph = build_graph(agent.components, InMemorySaver(), InMemoryStore())
    turn = {"turn": "1", "user": "local", "request": "turn it", "uploads": []}
    ended = graph.invoke(turn, {"configurable": {"thread_id": "a"}})
    assert [step["status"] for step in ended["steps"]] == ["done"]
    again = graph.invoke({**turn, "turn": "2"}, {"configurable": {"thread_id": "a"}})
    assert again["history"] == ["turn it", "turn it"]


class ParentState(MessagesState):
    """A parent's state with something of its own."""

    done: list[str]


def parent(agent: Any, **mapping: Any) -> StateGraph[Any, Any, Any, Any]:
    builder = StateGraph(ParentState)
    builder.add_node("video", as_node(agent, **mapping))
    builder.add_node("after", lambda state: {"done": [*state.get("done", []), state["messages"][-1].text]})
    builder.add_edge(START, "video")
    builder.add_edge("video", "after")
    builder.add_edge("after", END)
    return builder


def said(text: str) -> dict[str, Any]:
    return {"messages": [HumanMessage(text)]}


def test_a_parent_graph_streams_is_interrupted_resumes_and_goes_on(agents: Agents) -> None:
    agent = agents({"make": "gen: a red ball", "turn": "edit c3 reverse"})
    graph = parent(agent).compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "p"}}
    told = list(graph.stream(said("make"), config, subgraphs=True, stream_mode="custom"))
    assert {"node", "plan", "verdict"} <= {event["type"] for _namespace, event in told}
    assert {namespace[0].partition(":")[0] for namespace, _event in told} == {"video"}

    waiting = graph.get_state(config)
    assert waiting.interrupts[0].value["prompt"] == "a red ball"
    assert "messages" in waiting.values
    assert len(waiting.values["messages"]) == 1
    graph.invoke(approval(waiting, prompt="a green ball"), config)
    values = graph.get_state(config).values
    answer = values["messages"][-1]
    assert '"a green ball"' in answer.text
    assert answer.response_metadata["status"] == "answered"
    (made,) = answer.response_metadata["clips"]
    assert agent.components.library.get(made["id"]).operation == "generate"
    assert values["done"] == [answer.text]

    again = graph.invoke(said("turn"), config)["messages"][-1].response_metadata
    assert agent.components.library.get(again["clips"][0]["id"]).parents == [made["id"]], "the conversation was lost"
    with pytest.raises(SessionUnknown):
        approval(graph.get_state(config))


def test_a_parent_may_decline_be_refused_and_map_its_own_state(agents: Agents) -> None:
    agent = agents({"make": "gen: a red ball"})
    graph = parent(agent).compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "p"}}
    graph.invoke(said("make"), config)
    graph.invoke(approval(graph.get_state(config), approved=False), config)
    assert not [clip for clip in agent.components.library.clips() if clip.operation == "generate"]
    refused = graph.invoke(said(UNSAFE), config)["messages"][-1]
    assert refused.response_metadata["status"] == "blocked"
    with pytest.raises(RequestInvalid, match="no message"):
        graph.invoke({"messages": [AIMessage("hello")]}, {"configurable": {"thread_id": "q"}})


def test_a_parent_maps_a_state_of_its_own(agents: Agents, stocked: Path) -> None:
    agent = agents({"play it backwards": "edit c1 reverse"})
    builder: Any = StateGraph(dict)
    node = as_node(
        agent,
        request=lambda state: state["wish"],
        clips=lambda _state: [str(stocked / "blue.mp4")],
        reply=lambda answer: {"made": [clip["operation"] for clip in answer.clips], "wish": ""},
    )
    builder.add_node("video", node)
    builder.add_edge(START, "video")
    graph = builder.compile(checkpointer=InMemorySaver())
    assert graph.invoke({"wish": "play it backwards"}, {"configurable": {"thread_id": "1"}})["made"] == ["reverse"]


def test_an_async_parent_waits_and_resumes_over_an_async_checkpointer(agents: Agents, tmp_path: Path) -> None:
    agent = agents({"*": "gen: a red ball"})
    replying: list[threading.Thread] = []

    def reply(answer: Answer) -> dict[str, Any]:
        replying.append(threading.current_thread())
        return as_message(answer)

    async def talk() -> Any:
        async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "parent.sqlite")) as saver:
            graph = parent(agent, reply=reply).compile(checkpointer=saver)
            config: Any = {"configurable": {"thread_id": "p"}}
            kinds = [event["type"] async for _namespace, event in
                     graph.astream(said("make"), config, subgraphs=True, stream_mode="custom")]  # fmt: skip
            assert "plan" in kinds
            return await graph.ainvoke(approval(await graph.aget_state(config)), config)

    assert asyncio.run(talk())["messages"][-1].response_metadata["status"] == "answered"
    assert threading.main_thread() not in replying, "the library was read in the event loop"
    assert replying


def test_a_turn_in_a_parent_can_be_stopped(agents: Agents) -> None:
    generator = GatedGenerator()
    agent = agents({"*": "gen: a red ball"}, generator=generator)
    graph = parent(agent).compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "p"}}
    graph.invoke(said("make"), config)
    going_on = threading.Thread(target=graph.invoke, args=(approval(graph.get_state(config)), config))
    going_on.start()
    assert generator.started.wait(120)
    assert agent.components.stops.stop("p")
    generator.go.set()
    going_on.join()
    assert graph.get_state(config).values["messages"][-1].response_metadata["status"] == "cancelled"


def test_a_parent_that_keeps_nothing_gets_turns_that_stand_alone(agents: Agents) -> None:
    graph = parent(agents({"turn it": "edit c2 reverse"})).compile()
    for _ in range(2):
        messages = graph.invoke(said("turn it"))["messages"]
        assert messages[-1].response_metadata["status"] == "answered"


def test_the_graph_of_the_dev_server_holds_a_turn(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    config = validate_config_file(ROOT / "langgraph.json")
    assert set(config["graphs"]) == {"gpt4video"}
    module, _, name = str(config["graphs"]["gpt4video"]).partition(":")
    agent = agents({"hello": "edit c2 reverse"})
    monkeypatch.setattr(langgraph_app, "_agent", lambda: agent)
    graph = getattr(importlib.import_module(module), name)()
    graph.checkpointer = InMemorySaver()
    ended = graph.invoke({"messages": [{"role": "user", "content": "hello"}]}, {"configurable": {"thread_id": "s"}})
    assert ended["messages"][-1].response_metadata["status"] == "answered"
    assert set(graph.get_input_jsonschema()["properties"]) == {"messages"}


class ToolCaller(FakeMessagesListChatModel):
    """A chat model that calls the tools it was told to call."""

    def bind_tools(self, tools: Sequence[Any], **_options: Any) -> Any:
        assert all(tool.args_schema for tool in tools)
        return self


def called(agent: Any, *calls: tuple[str, dict[str, Any]], **options: Any) -> list[ToolMessage]:
    """What the tools said when a real agent of LangChain called them."""
    script: list[Any] = [
        AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": str(number)}])
        for number, (name, arguments) in enumerate(calls)
    ]
    runner = create_agent(ToolCaller(responses=[*script, AIMessage("That was it.")]), as_tools(agent, **options))
    messages = runner.invoke({"messages": [HumanMessage("go")]})["messages"]
    assert messages[-1].content == "That was it."
    return [message for message in messages if isinstance(message, ToolMessage)]


def test_a_langchain_agent_finds_edits_asks_and_gets_the_results(agents: Agents) -> None:
    agent = agents({"turn it": "edit c1 reverse", "and back": "edit c2 reverse"})
    assert [tool.name for tool in as_tools(agent)] == [
        "understand_video", "search_memory", "edit_video", "generate_video", "ask_video_assistant",
    ]  # fmt: skip
    assert all(tool.description and tool.args for tool in as_tools(agent))
    blue = agent.components.library.clips()[1].id
    trim = {"clips": [blue], "operations": [{"op": "trim", "end": {"offset": 1}}]}
    found, made, looked, turned, back = called(
        agent,
        ("search_memory", {"query": "bicycle", "count": 1}),
        ("edit_video", trim),
        ("understand_video", {"clips": [blue]}),
        ("ask_video_assistant", {"request": "turn it", "clips": [blue]}),
        ("ask_video_assistant", {"request": "and back"}),
    )
    assert json.loads(str(found.content))["hits"][0]["clip"] == agent.components.library.clips()[0].id
    cut = json.loads(str(made.content))["outputs"][0]["id"]
    assert agent.components.library.get(cut).duration == pytest.approx(1, abs=0.1)
    assert json.loads(str(looked.content))["evidence"]
    first, second = json.loads(str(turned.content)), json.loads(str(back.content))
    assert first["status"] == "answered"
    assert Path(first["clips"][0]["path"]).is_file()
    assert agent.components.library.get(second["clips"][0]["id"]).parents == [first["clips"][0]["id"]]


def test_a_langchain_agent_reads_blocks_approvals_and_faults(agents: Agents, tmp_path: Path) -> None:
    agent = agents({"make a ball": "gen: a red ball"})
    blocked, unapproved, waiting, sneaked, unknown = called(
        agent,
        ("ask_video_assistant", {"request": UNSAFE}),
        ("generate_video", {"prompt": "a red ball"}),
        ("ask_video_assistant", {"request": "make a ball"}),
        ("ask_video_assistant", {"request": "yes"}),
        ("edit_video", {"clips": ["nothing"], "operations": [{"op": "reverse"}]}),
    )
    assert all(message.status == "error" for message in (blocked, unapproved, waiting, sneaked, unknown))
    assert "violence" in str(blocked.content).lower() or "gore" in str(blocked.content).lower()
    assert "needs approval" in str(unapproved.content)
    assert "approval on thread 'tools'" in str(waiting.content)
    assert "Only a person" in str(sneaked.content)
    assert "no clip" in str(unknown.content)
    assert not (tmp_path / "calls.jsonl").exists()
    assert agent.approve("tools").status == "answered"
    (refused,) = called(agent, ("generate_video", {"prompt": UNSAFE}), approve=True)
    assert refused.status == "error"
    (made,) = called(agent, ("ask_video_assistant", {"request": "make a ball"}), approve=True)
    assert json.loads(str(made.content))["clips"]


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
