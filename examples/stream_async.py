"""Hold two conversations at once, and watch both as they go on.

python examples/stream_async.py "describe the first clip" "play the second clip backwards"
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing

from gpt4video.agent import AsyncVideoAgent


async def watch(agent: AsyncVideoAgent, thread: str, request: str) -> None:
    """Print what happens on a conversation; leaving the loop early would stop its turn."""
    async with aclosing(agent.stream(request, thread=thread, approve=True)) as turn:
        async for event in turn:
            if event.type == "progress":
                print(f"[{thread}] {event.tool} {event.fraction:.0%} {event.note}")
            elif event.type == "result":
                print(f"[{thread}] {event.summary}")
            elif event.type == "answer":
                print(f"[{thread}] {event.text}")


async def main(requests: list[str]) -> None:
    """A conversation for each request, side by side."""
    async with AsyncVideoAgent() as agent, asyncio.TaskGroup() as group:
        for number, request in enumerate(requests, 1):
            group.create_task(watch(agent, f"talk {number}", request))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
