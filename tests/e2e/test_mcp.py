"""The MCP server as its clients find it: a child process, HTTP, and in this process, always with the SDK's client."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gpt4video.agent.asynchronous import AsyncVideoAgent
from gpt4video.agent.interfaces.mcp_server import ClipServer
from gpt4video.tools.generation.base import GeneratedFrames, GenerationRequest, Progress, no_progress
from gpt4video.tools.generation.double import DrawnGenerator
from mcp import Client, MCPError, StdioServerParameters
from PIL import Image

from .conftest import Agents

MAIN = "from gpt4video.agent.interfaces.cli import main; main()"
SCRIPT = {"make a ball": "gen: a red ball", "turn it": "edit c2 reverse"}
UNSAFE = "a man is stabbed to death, blood everywhere"


@pytest.fixture
def command(stocked: Path, tmp_path: Path) -> list[str]:
    """``gpt4video mcp`` over a copy of the stocked home."""
    shutil.copytree(stocked / "home", tmp_path / "home")
    (tmp_path / "script.json").write_text(json.dumps(SCRIPT))
    script = f"scripted:{tmp_path / 'script.json'}"
    return [
        sys.executable, "-c", MAIN, "mcp", "--home", str(tmp_path / "home"), "--planner", script,
        "--generator", "double", "--viewer", "off",
    ]  # fmt: skip


@pytest.fixture
def served(command: list[str]) -> Iterator[str]:
    """The address of a server on a free port."""
    process = subprocess.Popen([*command, "--http", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        yield next(line.split()[1] for line in process.stderr if line.startswith("Serving "))
    finally:
        process.terminate()
        process.wait(60)
        process.stderr.close()


def talk(server: Any, conversation: Callable[[Client], Awaitable[None]]) -> None:
    """Hold a conversation with a server through the SDK's client."""

    async def run() -> None:
        async with Client(server) as client:
            await conversation(client)

    asyncio.run(run())


async def made_with_approval(client: Client) -> None:
    """Ask, be asked, approve; progress comes while the turn runs; what was made can be read."""
    told: list[tuple[float, str]] = []

    async def progress(done: float, _total: float | None, message: str | None) -> None:
        told.append((done, message or ""))

    asked = await client.call_tool("ask", {"request": "make a ball"}, progress_callback=progress)
    assert asked.structured_content is not None
    assert asked.structured_content["status"] == "waiting"
    assert asked.structured_content["approval"]["prompt"] == "a red ball"
    assert "plan: generate_video" in [words for _count, words in told]
    told.clear()
    given = {"prompt": "a green ball"}
    approved = await client.call_tool("approve", given, progress_callback=progress)
    assert approved.structured_content is not None
    assert approved.structured_content["status"] == "answered"
    assert '"a green ball"' in approved.structured_content["answer"]
    assert any(words.startswith("generate_video: ") and "%" in words for _count, words in told)
    counts = [count for count, _words in told]
    assert counts == sorted(set(counts))
    (clip,) = approved.structured_content["clips"]
    await readable(client, clip["id"])


async def readable(client: Client, clip: str) -> None:
    """A clip is listed, and its facts and its picture can be read."""
    listed = (await client.list_resources()).resources
    assert listed[0].uri == f"clip://{clip}"
    templates = {one.uri_template for one in (await client.list_resource_templates()).resource_templates}
    assert templates == {"clip://{clip}", "clip://{clip}/thumbnail"}
    (facts,) = (await client.read_resource(f"clip://{clip}")).contents
    held = json.loads(facts.text)  # type: ignore[union-attr]
    assert held["operation"] == "generate"
    assert Path(held["path"]).is_file()
    (picture,) = (await client.read_resource(f"clip://{clip}/thumbnail")).contents
    assert picture.mime_type == "image/jpeg"
    with Image.open(io.BytesIO(base64.b64decode(picture.blob))) as image:  # type: ignore[union-attr]
        assert image.size == (held["width"], held["height"])


@pytest.mark.server
def test_a_child_process_on_standard_input_and_output(command: list[str]) -> None:
    async def conversation(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"ask", "approve", "ingest", "search", "understand", "edit", "generate"}
        assert all(tool.description and tool.input_schema and tool.output_schema for tool in tools.values())
        assert client.instructions is not None
        assert "approve" in client.instructions
        await made_with_approval(client)

    talk(StdioServerParameters(command=command[0], args=command[1:]), conversation)


@pytest.mark.server
def test_streamable_http_and_who_may_reach_it(served: str) -> None:
    async def conversation(client: Client) -> None:
        await made_with_approval(client)

    talk(served, conversation)
    call = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    accept = {"accept": "application/json, text/event-stream"}
    rebound = httpx.post(served, json=call, headers={**accept, "host": "evil.example"})
    assert rebound.status_code == 421
    page = httpx.post(served, json=call, headers={**accept, "origin": "https://evil.example"})
    assert page.status_code == 403


@pytest.mark.parametrize(
    ("address", "said"), [("nonsense", "no address"), ("127.0.0.1:99999", "can listen"), ("nohost.invalid:1", "listen")]
)
def test_an_address_that_cannot_be_had_says_so(tmp_path: Path, address: str, said: str) -> None:
    command = [sys.executable, "-c", MAIN, "mcp", "--home", str(tmp_path), "--http", address]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert said in run.stderr
    assert run.stdout == ""


def test_the_tools_one_by_one(agents: Agents, stocked: Path) -> None:
    agent = agents({})

    async def conversation(client: Client) -> None:
        async def call(name: str, **arguments: Any) -> dict[str, Any]:
            result = await client.call_tool(name, arguments)
            assert not result.is_error, result.content
            assert result.structured_content is not None
            return result.structured_content

        again = await call("ingest", paths=[str(stocked / "blue.mp4")])
        (blue,) = again["skipped"]
        found = await call("search", query="bicycle", count=1)
        assert found["hits"][0]["clip"] != blue
        assert (await call("understand", clips=[blue]))["evidence"]
        trim = {"op": "trim", "end": {"offset": 1}}
        (cut,) = (await call("edit", clips=[blue], operations=[trim]))["outputs"]
        assert cut["duration"] == pytest.approx(1, abs=0.1)
        (drawn,) = (await call("generate", prompt="a red ball", seed=3, approved=True))["outputs"]
        assert drawn["seed"] == 3

    talk(ClipServer(AsyncVideoAgent(components=agent.components)), conversation)


def test_every_fault_says_what_is_wrong_and_what_to_do(agents: Agents, tmp_path: Path) -> None:
    agent = agents({})

    async def conversation(client: Client) -> None:
        async def fault(name: str, **arguments: Any) -> str:
            result = await client.call_tool(name, arguments)
            assert result.is_error
            return str(result.content[0].text)  # type: ignore[union-attr]

        assert "no clip" in await fault("edit", clips=["nothing"], operations=[{"op": "reverse"}])
        assert "(session_unknown)" in await fault("approve")
        assert "(request_invalid)" in await fault("ask", request=" ")
        assert "Ask the user first. (approval_missing)" in await fault("generate", prompt="a red ball")
        assert "(call_blocked)" in await fault("generate", prompt=UNSAFE, approved=True)
        assert "seconds" in await fault("generate", prompt="a red ball", seconds=-1)
        blocked = await client.call_tool("ask", {"request": f"make a clip of how {UNSAFE}"})
        assert blocked.structured_content is not None
        assert blocked.structured_content["status"] == "blocked"
        for uri in ("clip://0000000000000000", "clip://0000000000000000/thumbnail"):
            with pytest.raises(MCPError, match="clip_unknown"):
                await client.read_resource(uri)

    talk(ClipServer(AsyncVideoAgent(components=agent.components)), conversation)
    assert not (tmp_path / "calls.jsonl").exists()


class Endless(DrawnGenerator):
    """Draws until it is stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.started = threading.Event()

    def generate(self, request: GenerationRequest, progress: Progress = no_progress) -> GeneratedFrames:
        self.started.set()
        while True:
            progress(0.5, "drawing")
            time.sleep(0.01)


@pytest.mark.parametrize("tool", ["ask", "generate"])
def test_a_client_that_gives_up_stops_what_it_asked_for(agents: Agents, tool: str) -> None:
    generator = Endless()
    agent = agents({"*": "gen: a red ball"}, generator=generator)
    agent.components.settings = agent.settings.model_copy(update={"approve_seconds": 1000.0})

    async def conversation(client: Client) -> None:
        arguments = {"request": "make a ball"} if tool == "ask" else {"prompt": "a red ball"}
        calling = asyncio.create_task(client.call_tool(tool, arguments))
        assert await asyncio.to_thread(generator.started.wait, 120)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling

    talk(ClipServer(AsyncVideoAgent(components=agent.components)), conversation)
    assert not list((agent.settings.home / "work").glob("*"))
    assert not [clip for clip in agent.components.library.clips() if clip.operation == "generate"]
    if tool == "ask":
        assert agent.last("mcp").status == "cancelled"
