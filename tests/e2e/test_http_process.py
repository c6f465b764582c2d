"""The server as a process: killed in the middle of a turn and begun again, and ended by a signal."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from gpt4video.memory.library import Library

from .http_server import TURNS, error_of, streamed

pytestmark = pytest.mark.server
SERVE = """
import sys, time
from pathlib import Path
from gpt4video.tools.generation.double import DrawnGenerator
mark, go = Path(sys.argv.pop(1)), Path(sys.argv.pop(1))
draw = DrawnGenerator._draw

def stay(*arguments):
    mark.touch()
    while not go.exists():
        time.sleep(0.02)
    return draw(*arguments)

DrawnGenerator._draw = staticmethod(stay)
from gpt4video.agent.interfaces.cli import main
main()
"""
BODY = {"request": "make it", "approve": True}
Start = Callable[[], tuple["subprocess.Popen[str]", httpx.Client]]


@pytest.fixture
def start(stocked: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts ``gpt4video serve`` over one copy of the stocked home; a generation leaves a mark and waits for ``go``."""
    shutil.copytree(stocked / "home", tmp_path / "home")
    (tmp_path / "script.json").write_text(json.dumps({"*": "edit c1 trim 0 1 ; gen like $1: at night"}))
    command = [
        sys.executable, "-c", SERVE, str(tmp_path / "mark"), str(tmp_path / "go"), "serve", "--port", "0",
        "--home", str(tmp_path / "home"), "--planner", f"scripted:{tmp_path / 'script.json'}",
        "--generator", "double", "--viewer", "off",
    ]  # fmt: skip
    with ExitStack() as opened:

        def begin() -> tuple[subprocess.Popen[str], httpx.Client]:
            process = opened.enter_context(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
            opened.callback(process.kill)
            assert process.stderr is not None
            told: list[str] = []
            for line in process.stderr:
                told.append(line)
                if line.startswith("Serving "):
                    break
            assert process.poll() is None, told
            address = told[-1].split()[1]
            return process, opened.enter_context(httpx.Client(base_url=address, timeout=120))

        yield begin


def wait_for(mark: Path) -> None:
    """Wait until a generation has begun."""
    for _ in range(2400):
        if mark.exists():
            return
        time.sleep(0.05)
    raise AssertionError("nothing was begun")


def test_the_same_request_goes_on_after_a_kill(start: Start, tmp_path: Path) -> None:
    process, client = start()
    cut: list[Exception] = []

    def listen() -> None:
        try:
            client.post(TURNS.format("s"), json=BODY)
        except httpx.HTTPError as error:
            cut.append(error)

    asking = threading.Thread(target=listen)
    asking.start()
    wait_for(tmp_path / "mark")
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    asking.join(60)
    assert cut

    (tmp_path / "go").touch()
    _process, client = start()
    kept = client.get("/api/v1/sessions/s").json()
    assert kept["running"] is False
    answer = client.post(TURNS.format("s"), json=BODY).json()
    assert answer["status"] == "answered", answer
    (turn,) = client.get("/api/v1/sessions/s").json()["turns"]
    assert turn["outcome"] == answer
    made = [clip for clip in client.get("/api/v1/clips").json() if clip["origin"] == "made"]
    assert sorted(clip["operation"] for clip in made) == ["generate", "trim"]
    assert {clip["status"] for clip in made} == {"ready"}
    assert not list((tmp_path / "home" / "work").glob("*"))


def test_a_signal_stops_what_runs_tells_it_and_ends(start: Start, tmp_path: Path) -> None:
    process, client = start()
    with streamed(client, "POST", TURNS.format("s"), json=BODY) as events:
        assert next(events).event == "turn"
        wait_for(tmp_path / "mark")
        process.send_signal(signal.SIGTERM)
        while (late := client.post(TURNS.format("late"), json={"request": "hello"})).status_code == 200:
            pass
        assert error_of(late, 503)["code"] == "server_closing"
        (tmp_path / "go").touch()
        last = list(events)[-1]
    assert last.event == "done"
    assert last.data["status"] == "cancelled"
    assert process.wait(60) == 0
    with Library(tmp_path / "home" / "library") as library:
        assert [clip.operation for clip in library.clips() if clip.operation == "generate"] == []
        (turn,) = library.conversations.turns("s")
    assert turn.status == "cancelled"
