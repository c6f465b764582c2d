"""A LangChain agent of your own that uses the video tools.

    python examples/langchain_agent.py openai:gpt-5-mini "find a bicycle and cut out its first second"

Needs `pip install langchain langchain-openai`, or another provider's package; $OPENAI_BASE_URL takes a local server.
"""

from __future__ import annotations

import sys

from gpt4video.agent import VideoAgent
from gpt4video.agent.interfaces.langchain_tools import as_tools
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage


def main(model: str, request: str) -> None:
    """Print the whole conversation: what the model calls, and what the tools tell it."""
    with VideoAgent() as agent:
        runner = create_agent(model, as_tools(agent), system_prompt="You help with video. Name clips by their ids.")
        for update in runner.stream({"messages": [HumanMessage(request)]}, stream_mode="updates"):
            for step in update.values():
                for message in step["messages"]:
                    message.pretty_print()


if __name__ == "__main__":
    main(*sys.argv[1:3])
