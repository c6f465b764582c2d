"""The chat on a terminal of its own, typed into as people do; and through pipes, as programs do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest
from gpt4video.agent.assistant import VideoAgent

SCRIPT = {
    "make a ball": "gen: a red ball",
    "make a box": "gen: a green box",
    "look at it": "look c1: what is there?",
    "play it backwards": "edit c1 reverse",
}
COMMAND = [sys.executable, "-c", "from gpt4video.agent.interfaces.cli import main; main()", "chat"]
READY = re.compile(r"\x1b\[\?2004h[^\n]*you[^\n]* >")
"""The editor takes pasted text from here on, and has shown its prompt."""
STYLE = re.compile(r"\x1b\[([\d;]*)m")
CODE = re.compile(r"\x1b\[[\d;?]*[a-zA-Z]")


def environment(home: Path, **given: str) -> dict[str, str]:
    dropped = (
        "NO_COLOR",
        "FORCE_COLOR",
        "KITTY_WINDOW_ID",
        "TERM_PROGRAM",
        "TMUX",
        "STY",
        "DISPLAY",
        "WAYLAND_DISPLAY",
    )
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    script = home.parent / "script.json"
    script.write_text(json.dumps(SCRIPT))
    return kept | {
        "GPT4VIDEO_HOME": str(home),
        "GPT4VIDEO_PLANNER": f"scripted:{script}",
        "GPT4VIDEO_GENERATOR": "double",
        "GPT4VIDEO_VIEWER": "off",
        "GPT4VIDEO_SPEECH": "off",
        "GPT4VIDEO_APPROVE_SECONDS": "10000",
        "PROMPT_TOOLKIT_NO_CPR": "1",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        **given,
    }


class Terminal:
    """A chat on a pseudo terminal of 100 columns."""

    def __init__(self, home: Path, *, answers: str = "", **given: str) -> None:
        self.process: pexpect.spawn[str] = pexpect.spawn(
            COMMAND[0], COMMAND[1:], env=environment(home, **given), encoding="utf-8", dimensions=(40, 100), timeout=120
        )
        if answers:
            self.process.expect_exact("\x1b[c")
            self.process.send(answers)
        self.process.expect(READY)

    def raw(self, line: str) -> str:
        """Type a line; everything that is written until the next prompt."""
        self.process.send(f"{line}\r")
        self.process.expect(READY)
        return str(self.process.before)

    def __call__(self, line: str) -> str:
        """Type a line; the words that are written until the next prompt."""
        return CODE.sub("", self.raw(line))

    def completed(self, begun: str, rest: str) -> str:
        """Type the beginning of a line and Tab, see the rest appear, and send it."""
        self.process.send(begun)
        self.process.expect_exact(begun)
        self.process.send("\t")
        self.process.expect_exact(rest)
        return self("")

    def leave(self) -> int:
        self.process.send("/exit\r")
        self.process.expect(pexpect.EOF)
        self.process.close()
        return int(self.process.exitstatus)


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Opens chats over one home; all are ended in the end."""
    opened: list[Terminal] = []

    def make(**given: Any) -> Terminal:
        opened.append(Terminal(tmp_path / "home", **given))
        return opened[-1]

    yield make
    for terminal in opened:
        terminal.process.close(force=True)


def test_a_conversation_by_requests_and_commands(terminals: Callable[..., Terminal], tmp_path: Path) -> None:
    chat = terminals()
    made = chat("make a ball")
    assert "└── ✓ generate_video" in made
    assert "Made c1" in made
    assert "▀▀▀▀" in made
    assert "✓ edit_video" in chat("play it backwards")
    listed = chat("/clips")
    assert re.search(r"c1 +generated +2\.0 s", listed)
    assert re.search(r"c2 +reverse of c1", listed)
    assert "Undone: c2" in chat("/undo")
    assert "c2" not in chat("/clips").partition("about")[2]
    assert "Made again: c2" in chat("/redo")
    assert Path(re.search(r"/\S+\.mp4", chat("/open c2"))[0]).is_file()  # type: ignore[index]
    seen = chat("look at it")
    assert "looked closely" in seen
    assert "▀▀▀▀" in seen
    assert chat("/show c1").count("▀") == 72 * 4
    assert "No background jobs" in chat("/jobs")
    assert "A new thread other" in chat("/thread other")
    assert "No clips yet" in chat("/clips")
    assert re.search(r"default +answered +5 +make a ball", chat("/sessions"))
    assert chat.leave() == 0
    history = tmp_path / "home" / "history"
    assert "+make a ball\n" in history.read_text()
    assert history.stat().st_mode & 0o777 == 0o600


def test_a_step_that_waits_is_answered_by_commands(terminals: Callable[..., Terminal]) -> None:
    chat = terminals(GPT4VIDEO_APPROVE_SECONDS="0")
    assert "Nothing waits" in chat("/decline") or "There is no thread" in chat("/decline")
    waiting = chat("make a ball")
    assert "? generate_video" in waiting
    assert "The prompt: a red ball" in waiting
    assert "not approved" in chat("/decline")
    assert "Nothing waits" in chat("/approve")
    chat("make a ball")
    assert 'from the prompt "a blue ball"' in chat("/prompt a blue ball")
    chat("make a box")
    assert 'from the prompt "a green box"' in chat("/approve")
    assert chat.leave() == 0


def test_a_wrong_command_is_told_the_right_one(terminals: Callable[..., Terminal]) -> None:
    chat = terminals()
    assert "There is no command /clps. Did you mean /clips?" in chat("/clps")
    assert "Write /open NAME." in chat("/open")
    assert "There is no clip 'c7'" in chat("/open c7")
    helped = chat("/help")
    assert all(name in helped for name in ("/show NAME", "/prompt TEXT", "/sessions", "/redo", "/exit"))
    assert chat.leave() == 0


def test_tab_completes_commands_clips_and_projects(terminals: Callable[..., Terminal], tmp_path: Path) -> None:
    with VideoAgent(home=tmp_path / "home", planner="scripted:none") as agent:
        agent.project("night film")
    chat = terminals()
    assert "There is no clip 'night film'" in chat.completed("/open nig", "ht film")
    chat("make a ball")
    assert "generated" in chat.completed("/cli", "ps")
    assert ".mp4" in chat.completed("/open c", "1")
    chat.process.send("\x1b[A\x1b[A\r")  # the line before the last one, from the history
    chat.process.expect(READY)
    assert "generated" in str(chat.process.before)
    assert chat.leave() == 0


def test_a_terminal_that_says_so_gets_sixels(terminals: Callable[..., Terminal]) -> None:
    chat = terminals(answers="\x1b[?62;4;22c")
    made = chat.raw("make a ball")
    assert re.search(r'\x1bP0;1q"1;1;\d+;\d+#', made)
    assert "▀" not in made
    assert chat.leave() == 0


def test_kitty_gets_its_own_protocol(terminals: Callable[..., Terminal]) -> None:
    chat = terminals(KITTY_WINDOW_ID="1")
    assert "\x1b_Ga=T,f=100,q=2," in chat.raw("make a ball")
    assert chat.leave() == 0


def test_no_colour_where_none_is_wanted(terminals: Callable[..., Terminal]) -> None:
    chat = terminals(NO_COLOR="1", KITTY_WINDOW_ID="1")
    made = chat.raw("make a ball")
    assert "Made c1" in made
    assert "▀" not in made
    assert "\x1b_G" not in made
    codes = {code for codes in STYLE.findall(made + chat.raw("/clps")) for code in codes.split(";") if code}
    assert not {code for code in codes if len(code) > 1}  # 30 to 49 and 90 on are colours
    assert "Use /open c1" in chat("/show c1")
    assert chat.leave() == 0


def piped(home: Path, lines: list[str], *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options],
        env=environment(home),
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )


def test_pipes_get_words_alone(tmp_path: Path) -> None:
    run = piped(tmp_path / "home", ["make a ball", "/clips", "/clps", "/exit", "make a box"])
    assert "\x1b" not in run.stdout + run.stderr
    assert "▀" not in run.stdout
    assert "Made c1" in run.stdout
    assert re.search(r"c1 +generated", run.stdout)
    assert "Did you mean /clips?" in run.stderr
    assert "✓ generate_video" in run.stderr
    assert "box" not in run.stdout
    assert not (tmp_path / "home" / "history").exists()


def test_programs_get_a_line_of_json_for_each_request(tmp_path: Path) -> None:
    run = piped(tmp_path / "home", ["make a ball", "x" * 20_001, "play it backwards"], "--json")
    first, fault, last = (json.loads(line) for line in run.stdout.splitlines())
    assert [clip["operation"] for clip in first["clips"]] == ["generate"]
    assert fault["error"]["code"] == "request_invalid"
    assert [step["tool"] for step in last["steps"]] == ["edit_video"]
    assert "\x1b" not in run.stdout + run.stderr
