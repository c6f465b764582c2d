"""The programs in ``examples/``, run as their readers run them: with a scripted planner and no model that generates."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPT = {"turn it": "edit c2 reverse", "make a ball": "gen: a red ball", "look": "look c2"}
MOST_LINES = 60

Run = Callable[..., str]


@pytest.fixture
def run(stocked: Path, tmp_path: Path) -> Run:
    """Runs an example over a copy of the stocked home, and gives what it prints."""
    shutil.copytree(stocked / "home", tmp_path / "home")
    (tmp_path / "script.json").write_text(json.dumps(SCRIPT))
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GPT4VIDEO_HOME": str(tmp_path / "home"),
        "GPT4VIDEO_PLANNER": f"scripted:{tmp_path / 'script.json'}",
        "GPT4VIDEO_GENERATOR": "double",
        "GPT4VIDEO_VIEWER": "off",
    }

    def example(name: str, *arguments: str, **more: str) -> str:
        command = [sys.executable, str(EXAMPLES / name), *arguments]
        ended = subprocess.run(command, env={**environment, **more}, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return example


def test_every_example_is_short_and_says_how_to_run_it() -> None:
    programs = sorted(EXAMPLES.glob("*.py"))
    assert len(programs) == 5
    for program in programs:
        text = program.read_text()
        assert f"python examples/{program.name} " in text.split('"""')[1]
        assert len(text.splitlines()) < MOST_LINES


def test_ask(run: Run, stocked: Path, tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    shutil.copyfile(stocked / "blue.mp4", tmp_path / "videos" / "blue.mp4")
    told = run("ask.py", str(tmp_path / "videos"), "make a ball")
    assert "0 taken in, 1 known, 0 failed" in told
    assert "prompt: a red ball" in told
    assert "answered: " in told
    assert Path(told.split()[-1]).is_file()


def test_stream_async(run: Run) -> None:
    told = run("stream_async.py", "make a ball", "turn it")
    assert "[talk 1] generate_video 100%" in told
    assert re.search(r"\[talk 2\] .*revers", told, re.IGNORECASE)


def test_langgraph_parent(run: Run) -> None:
    told = run("langgraph_parent.py", "make a ball")
    assert "Approved by you: generate_video" in told
    assert "ai: 1 new clip(s): " in told
    assert Path(told.split()[-1]).is_file()


@pytest.mark.server
def test_mcp_client(run: Run) -> None:
    told = run("mcp_client.py", "make a ball")
    assert "... plan: generate_video" in told
    assert "answered: " in told
    assert told.split()[-1] == "image/jpeg"


class ChatServer(BaseHTTPRequestHandler):
    """An OpenAI-compatible server whose model asks the video assistant, then says what it got."""

    def do_POST(self) -> None:
        """Answer ``/chat/completions``."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        last = asked["messages"][-1]
        message: dict[str, Any] = {"role": "assistant", "content": f"The tool said: {last['content']}"}
        if last["role"] == "user":
            assert "ask_video_assistant" in [tool["function"]["name"] for tool in asked["tools"]]
            call = {"name": "ask_video_assistant", "arguments": json.dumps({"request": last["content"]})}
            message |= {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": call}]}
        body = json.dumps(
            {"id": "1", "object": "chat.completion", "created": 1, "model": "m",
             "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        ).encode()  # fmt: skip
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def chat_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), ChatServer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()
        thread.join()


@pytest.mark.server
def test_langchain_agent(run: Run, chat_server: str) -> None:
    told = run("langchain_agent.py", "openai:m", "turn it", OPENAI_BASE_URL=chat_server, OPENAI_API_KEY="none")
    assert "ask_video_assistant" in told
    assert "The tool said: {" in told
    assert '\\"status\\": \\"answered\\"' in told or '"status": "answered"' in told
