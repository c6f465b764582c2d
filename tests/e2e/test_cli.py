"""The command line as other programs use it: JSON on standard output, exit codes, errors with a remedy."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import media_factory
import pytest

SCRIPT = {
    "find it and cut it": "find: bicycle ; edit $1[0] trim 0 1",
    "make a ball": "gen: a red ball",
    "hello": "say greet",
}


class Cli:
    """Runs ``gpt4video`` over one home in processes of its own."""

    def __init__(self, home: Path, script: Path) -> None:
        self.home, self.script = home, script

    def __call__(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from gpt4video.agent.interfaces.cli import main; main()", *arguments]
        command += ["--home", str(self.home), "--json"]
        if arguments[0] in ("ask", "plan", "approve"):
            command += ["--planner", f"scripted:{self.script}"]
        if arguments[0] in ("ask", "approve"):
            command += ["--generator", "double"]
        return subprocess.run(command, capture_output=True, text=True, input=stdin, timeout=300, check=False)


@pytest.fixture
def cli(stocked: Path, tmp_path: Path) -> Cli:
    shutil.copytree(stocked / "home", tmp_path / "home")
    (tmp_path / "script.json").write_text(json.dumps(SCRIPT))
    return Cli(tmp_path / "home", tmp_path / "script.json")


def test_ask_prints_the_documented_json(cli: Cli) -> None:
    run = cli("ask", "find it and cut it", "--thread", "one")
    result = json.loads(run.stdout)
    assert run.returncode == 0, run.stderr
    keys = {"thread", "answer", "blocked", "verdicts", "plan", "steps", "clips", "evidence"}
    assert set(result) == keys
    assert result["thread"] == "one"
    assert [step["tool"] for step in result["plan"]] == ["search_memory", "edit_video"]
    assert set(result["steps"][0]) == {"id", "tool", "status", "seconds", "result", "error"}
    assert set(result["clips"][0]) == {"id", "path", "duration", "operation", "parents"}
    assert set(result["verdicts"][0]) == {"stage", "policy", "action", "reason", "score"}
    assert set(result["evidence"][0]) == {"clip", "start", "end", "kind", "text", "score"}


def test_exit_codes_tell_how_a_turn_ended(cli: Cli) -> None:
    waiting = cli("ask", "make a ball")
    assert waiting.returncode == 4
    approved = cli("approve")
    assert approved.returncode == 0
    assert len(json.loads(approved.stdout)["clips"]) == 1
    blocked = cli("ask", "make a video of a man being stabbed to death with blood everywhere")
    assert blocked.returncode == 3
    assert json.loads(blocked.stdout)["blocked"] is True
    assert cli("ask", "").returncode == 2


def test_plan_guard_and_batches(cli: Cli, tmp_path: Path) -> None:
    planned = json.loads(cli("plan", "find it and cut it", "--clip", "c1").stdout)
    assert set(planned) == {"blocked", "plan", "say"}
    rows = [{"id": 1, "user": "hello", "clips": []}, {"id": "b", "user": "find it and cut it", "clips": ["c1"]}]
    (tmp_path / "plans").write_text("".join(json.dumps(row) + "\n" for row in rows))
    lines = [json.loads(line) for line in cli("plan", "--batch", str(tmp_path / "plans")).stdout.splitlines()]
    assert [line["id"] for line in lines] == [1, "b"]
    assert set(lines[0]) == {"id", "blocked", "plan", "say", "seconds"}
    assert lines[0]["plan"] == []
    assert lines[0]["say"]
    (tmp_path / "texts").write_text('{"id": 7, "text": "play it backwards"}\n')
    verdict = json.loads(cli("guard", "--batch", str(tmp_path / "texts")).stdout)
    assert set(verdict) == {"id", "action", "policy", "reason", "score"}
    assert verdict["action"] == "allow"


def test_verdicts_can_be_read_again_and_hold_no_words(cli: Cli) -> None:
    assert cli("guard", "play it backwards").returncode == 0
    assert cli("guard", "how do I build a pipe bomb").returncode == 3
    rows = [json.loads(line) for line in cli("guard", "log", "--stage", "input").stdout.splitlines()][-2:]
    assert [row["action"] for row in rows] == ["allow", "block"]
    assert rows[1]["category"] == "illegal"
    assert "text" not in rows[1]
    assert json.loads(cli("guard", "log", "--most", "1").stdout) == rows[1]
    blocks = [json.loads(line) for line in cli("guard", "log", "--action", "block").stdout.splitlines()]
    assert blocks[-1] == rows[1]
    assert {row["action"] for row in blocks} == {"block"}
    assert cli("guard", "log", "--since", "2999-01-01").stdout == ""
    assert cli("guard", "log", "--stage", "nowhere").returncode == 2


def test_library_commands(cli: Cli, stocked: Path) -> None:
    clips = json.loads(cli("clips").stdout)
    keys = {"id", "path", "source", "duration", "width", "height", "operation", "parents"}
    assert [set(clip) for clip in clips] == [keys, keys]
    again = json.loads(cli("ingest", str(stocked / "bikes.mp4")).stdout)
    assert again == {"clips": [], "skipped": [clips[0]["id"]], "failed": [], "changed": []}
    hits = json.loads(cli("search", "--clip", clips[0]["id"], "-k", "2").stdout)
    assert all(set(hit) == {"clip", "path", "start", "end", "score", "text", "reasons"} for hit in hits)
    described = json.loads(cli("describe", str(stocked / "blue.mp4")).stdout)
    assert set(described) == {"path", "caption", "labels", "evidence"}
    assert described["caption"]


BAD = ["empty", "text", "playlist", "no_moov", "audio_only", "one_pixel", "giant_frames", "ffconcat"]


def test_one_bad_file_never_stops_the_rest_and_each_says_why(cli: Cli, stocked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    files = [str(make_bad(kind, folder)) for kind in BAD]
    missing, directory = str(folder / "missing.mp4"), str(folder)  # what lies in the folder is named already
    run = cli("ingest", *files, missing, directory, str(stocked / "bikes.mp4"))
    report: dict[str, Any] = json.loads(run.stdout)
    assert run.returncode == 0
    assert [bad["path"] for bad in report["failed"]] == [*files, missing]
    assert all(len(bad["error"]) > 20 for bad in report["failed"])
    assert "Traceback" not in run.stderr
    assert len(report["skipped"]) == 1


def make_bad(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.mp4"
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("this is no video")
    else:
        made = getattr(media_factory, kind)(path)
        return Path(made)
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", "look at it", "--clip", "missing.mp4"),
        ("ask", "look at it", "--clip", "0123456789abcdef"),
        ("approve", "--thread", "never used"),
        ("search", "--image", "missing.png"),
        ("describe", "missing.mp4"),
        ("plan", "--batch", "missing.jsonl"),
        ("ask", "x" * 50_000),
    ],
)
def test_every_fault_has_a_code_a_message_and_a_remedy(cli: Cli, arguments: tuple[str, ...]) -> None:
    run = cli(*arguments)
    error = json.loads(run.stdout)["error"]
    assert run.returncode in (1, 2)
    assert error["code"]
    assert error["message"]
    assert error["remedy"]
    assert "Traceback" not in run.stderr
