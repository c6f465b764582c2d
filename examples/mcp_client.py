"""Talk to the assistant over the Model Context Protocol, as an editor or another agent would.

    python examples/mcp_client.py "make a clip of a red ball"                               # starts a server itself
    python examples/mcp_client.py "make a clip of a red ball" http://127.0.0.1:8000/mcp     # gpt4video mcp --http ...

Needs `pip install "gpt4video[mcp]"`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from mcp import Client, StdioServerParameters


async def told(progress: float, total: float | None, message: str | None) -> None:  # noqa: ARG001 - named by the SDK
    """Progress of a call."""
    print("...", message)


async def main(request: str, address: str | None = None) -> None:
    """Ask, approve what waits, and look at what was made."""
    child = StdioServerParameters(command="gpt4video", args=["mcp"], env=dict(os.environ))
    async with Client(address or child) as client:
        print("tools:", ", ".join(tool.name for tool in (await client.list_tools()).tools))
        answer = await call(client, "ask", {"request": request})
        while answer["status"] == "waiting":
            print(f"Approved by you: {answer['approval']['reason']}")
            answer = await call(client, "approve", {})
        print(f"{answer['status']}: {answer['answer']}")
        for clip in answer["clips"]:
            thumbnail = await client.read_resource(f"clip://{clip['id']}/thumbnail")
            print(clip["path"], thumbnail.contents[0].mime_type)


async def call(client: Client, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call a tool; its errors say what is wrong and what to do."""
    result = await client.call_tool(tool, arguments, progress_callback=told)
    if result.is_error or result.structured_content is None:
        raise SystemExit(str(result.content[0]))
    return dict(result.structured_content)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
