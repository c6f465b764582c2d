"""The assistant as a node of a LangGraph program of your own; a person approves in the parent.

python examples/langgraph_parent.py "make a clip of a red ball moving left"
"""

from __future__ import annotations

import sys
from typing import Any

from gpt4video.agent import VideoAgent
from gpt4video.agent.interfaces.langgraph_app import approval, as_node
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph


def count(state: MessagesState) -> dict[str, Any]:
    """A node of your own, which uses what the assistant made."""
    clips = state["messages"][-1].response_metadata["clips"]
    return {"messages": [AIMessage(f"{len(clips)} new clip(s): {', '.join(clip['path'] for clip in clips)}")]}


def main(request: str) -> None:
    """Stream the parent, let it be interrupted, and resume it."""
    with VideoAgent() as agent:
        builder = StateGraph(MessagesState)
        builder.add_node("video", as_node(agent))
        builder.add_node("count", count)
        builder.add_edge(START, "video")
        builder.add_edge("video", "count")
        builder.add_edge("count", END)
        parent = builder.compile(checkpointer=InMemorySaver())

        config: Any = {"configurable": {"thread_id": "example"}}
        given: Any = {"messages": [HumanMessage(request)]}
        while given is not None:
            told: Any = parent.stream(given, config, subgraphs=True, stream_mode="custom")
            for _namespace, event in told:
                print(event["type"], event.get("summary", ""))
            state, given = parent.get_state(config), None
            if state.interrupts:
                asked = state.interrupts[0].value
                print(f"Approved by you: {asked['tool']}, {asked['reason']}; prompt: {asked['prompt']}")
                given = approval(state)
        for message in state.values["messages"]:
            print(f"{message.type}: {message.text}")


if __name__ == "__main__":
    main(sys.argv[1])
