"""Threats 15, 19 and 20: addresses, weights that are code, and everything that breaks in the middle."""

from __future__ import annotations

import errno
import http.server
import json
import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gpt4video.agent.assistant import VideoAgent
from gpt4video.agent.backends import WEIGHTS
from gpt4video.agent.components import Components
from gpt4video.agent.errors import ModelUnavailable, PlannerFailed, RequestInvalid, SessionBusy, SessionUnsaved
from gpt4video.agent.planner.base import ClipEntry
from gpt4video.agent.planner.chat import ChatPlanner
from gpt4video.agent.planner.local import LocalPlanner
from gpt4video.agent.planner.plan import GenerateStep, Plan
from gpt4video.agent.planner.scripted import ScriptedPlanner
from gpt4video.agent.planner.surface import PlanSyntaxError
from gpt4video.agent.planner.syntax import parse
from gpt4video.agent.planner.validate import validate
from gpt4video.agent.provenance import prepare
from gpt4video.agent.routing import NODE_OF_TOOL
from gpt4video.agent.settings import Settings
from gpt4video.memory import files
from gpt4video.memory.errors import StorageFailed
from gpt4video.tools.errors import ToolError
from gpt4video.tools.generation.arguments import GenerateArguments
from gpt4video.tools.generation.base import GeneratedFrames, GenerationRequest
from gpt4video.tools.generation.double import DrawnGenerator
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from pydantic import ValidationError

from .conftest import Agents
from .threat_checks import generated, kept, plans_asked, tools_run

# --- 15: addresses ---


@pytest.fixture
def visited() -> Iterator[tuple[str, list[str]]]:
    """A server on the loopback address and the paths it was asked for."""
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...  # type: ignore[override]

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()
        thread.join()


def test_15_no_address_is_ever_fetched(agents: Agents, tmp_path: Path, visited: tuple[str, list[str]]) -> None:
    server, paths = visited
    address = f"{server}/clip.mp4"
    agent = agents(
        {
            "get it": f"look c1: what is at {address}?",
            "make it": f"gen 1s: a red ball as on {address}",
            "find it": f"find: {address}",
        }
    )
    before = kept(agent)
    for clip in (address, f"concat:{address}|b.mp4", "http://169.254.169.254/latest/meta-data/a.mp4"):
        with pytest.raises(ToolError):
            agent.ask("look at it", [clip])
    script = tmp_path / "segments.mp4"
    script.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{address}\n#EXT-X-ENDLIST\n")
    report = agent.ingest([script, Path(address)])
    assert [bad.code for bad in report.failed] == ["media_rejected", "media_missing"]
    assert kept(agent) == before
    for request in ("get it", "make it", "find it"):
        agent.ask(request, approve=True)
    assert paths == []


def test_15_an_address_in_a_plan_stops_the_plan(agents: Agents, visited: tuple[str, list[str]]) -> None:
    server, paths = visited
    step = GenerateStep(id="1", args=GenerateArguments(prompt="a ball", like=f"{server}/a.mp4"))
    agent = agents(lambda _context: Plan(steps=[step]))
    answer = agent.ask("make one like that", approve=True)
    assert answer.status in ("blocked", "failed")
    assert generated(agent) == []
    assert paths == []


# --- 19: weights that are code ---


class Payload:
    """Unpickled, it makes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


def _pipeline(folder: Path, mark: Path) -> Path:
    folder.mkdir()
    index = {"_class_name": "TextToVideoSDPipeline", "unet": ["diffusers", "UNet3DConditionModel"]}
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "unet").mkdir()
    (folder / "unet" / "config.json").write_text('{"_class_name": "UNet3DConditionModel"}')
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(pickle.dumps(Payload(mark)))
    return folder


def test_19_a_generator_with_pickled_weights_fails_its_step_and_runs_nothing(agents: Agents, tmp_path: Path) -> None:
    from gpt4video.tools.generation.diffusers_backend import DiffusersGenerator

    mark = tmp_path / "pwned"
    generator = DiffusersGenerator(str(_pipeline(tmp_path / "pipeline", mark)))
    agent = agents({"*": "gen 1s: a red ball"}, generator=generator)
    before = kept(agent)
    answer = agent.ask("make a red ball", approve=True)
    assert tools_run(answer) == [("generate_video", "failed")]
    assert "pickle" in answer.answer
    assert not mark.exists()
    assert kept(agent) == before


def test_19_a_pipeline_that_brings_code_runs_none(agents: Agents, tmp_path: Path) -> None:
    from gpt4video.tools.generation.diffusers_backend import DiffusersGenerator

    folder = _pipeline(tmp_path / "pipeline", tmp_path / "pwned")
    (folder / "model_index.json").write_text(json.dumps({"_class_name": ["own", "Pipeline"]}))
    (folder / "own.py").write_text(f"import os; os.mkdir({str(tmp_path / 'pwned')!r})")
    agent = agents({"*": "gen 1s: a red ball"}, generator=DiffusersGenerator(str(folder)))
    answer = agent.ask("make a red ball", approve=True)
    assert tools_run(answer) == [("generate_video", "failed")]
    assert not (tmp_path / "pwned").exists()


def test_19_a_planner_model_with_its_own_code_or_pickles_is_refused(agents: Agents, tmp_path: Path) -> None:
    mark, folder = tmp_path / "pwned", tmp_path / "model"
    folder.mkdir()
    config = {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModelForImageTextToText": "own.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text(f"import os; os.mkdir({str(mark)!r})")
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Payload(mark)))
    agent = agents({}, planner=ChatPlanner.vision_language(str(folder)))
    before = kept(agent)
    with pytest.raises((ModelUnavailable, PlannerFailed)) as caught:
        agent.ask("reverse it", approve=True)
    assert caught.value.remedy
    assert not mark.exists()
    assert kept(agent) == before


def test_19_a_pickled_adapter_is_not_read_and_a_lora_has_no_door(
    agents: Agents, models: Components, tmp_path: Path
) -> None:
    adapter, mark = tmp_path / "adapter", tmp_path / "pwned"
    adapter.mkdir()
    shutil.copyfile(WEIGHTS / "planner" / "adapter_config.json", adapter / "adapter_config.json")
    (adapter / "adapter_model.bin").write_bytes(pickle.dumps(Payload(mark)))
    agent = agents({}, planner=LocalPlanner(models.models("llm"), adapter, cache=tmp_path / "merged"))
    with pytest.raises(ModelUnavailable):
        agent.ask("reverse it")
    assert not mark.exists()
    for setting in ("lora", "adapter", "trust_remote_code"):
        with pytest.raises(ValidationError):
            Settings.model_validate({"home": tmp_path, setting: str(adapter)})


# --- 20: killed ---

NODES = ("guard_input", "recall", "plan", "guard_plan", "run_step", "observe", "respond", "guard_output")
KILLED = """
import json, os, sys
from pathlib import Path
import torch
torch.set_num_threads(1)  # a fork cannot take a pool of threads with it
from gpt4video.agent import graph
from gpt4video.agent.assistant import VideoAgent
from gpt4video.agent.components import Components
from gpt4video.agent.nodes import Nodes
from gpt4video.agent.planner.scripted import ScriptedPlanner
from gpt4video.agent.settings import Settings
from gpt4video.policies.audit import AuditLog
from gpt4video.policies.base import Subject
from gpt4video.policies.chain import PolicyChain
from gpt4video.tools.generation.double import DrawnGenerator

homes = {Path(home).parent.name: Path(home) for home in sys.argv[1:]}
models = Components(Settings(home=next(iter(homes.values())), viewer="off"))
models.policies.policies[0].judge(Subject(stage="input", text="load the weights once, for all forks"))
models.encoder, models.embedder.embed_texts(["load"]), models.projection

def turn(node, home):
    done = getattr(Nodes, node)
    def killed(self, state):
        done(self, state)
        os.kill(os.getpid(), 9)
    setattr(Nodes, node, killed)
    parts = Components(
        Settings(home=home, viewer="off"), planner=ScriptedPlanner({"*": "gen 1s: a red ball"}),
        generator=DrawnGenerator(home.parent / "calls.jsonl"),
        policies=PolicyChain(models.policies.policies, AuditLog(home / "audit.jsonl", "test")),
    )
    for name in ("embedder", "encoder", "projection"):
        setattr(parts, name, getattr(models, name))
    VideoAgent(components=parts).ask("make a red ball", approve=True)

ended = {}
for node, home in homes.items():
    child = os.fork()
    if child == 0:
        try:
            turn(node, home)
        finally:
            os._exit(7)
    ended[node] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps(ended))
"""


@pytest.fixture(scope="module")
def killed(stocked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For each node a home in which a generate turn was killed when that node had done its work but not handed it in.

    Whatever the node does outside the state has then happened, and the machine does not know of it.
    """
    folder = tmp_path_factory.mktemp("killed")
    homes = [folder / node / "home" for node in NODES]
    for home in homes:
        shutil.copytree(stocked / "home", home)
    command = [sys.executable, "-c", KILLED, *map(str, homes)]
    variables = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=True, env=variables)
    assert json.loads(done.stdout) == dict.fromkeys(NODES, -signal.SIGKILL), done.stderr
    return folder


@pytest.mark.parametrize("node", NODES)
def test_20_killed_at_any_node_a_turn_goes_on_without_a_second_clip_or_a_missing_guard(
    killed: Path, models: Components, node: str
) -> None:
    home = killed / node / "home"
    parts = Components(
        Settings(home=home, viewer="off"),
        planner=ScriptedPlanner({"*": "gen 1s: a red ball"}),
        generator=DrawnGenerator(home.parent / "calls.jsonl"),
        policies=models.policies,
    )
    for name in ("embedder", "encoder", "reader", "projection"):
        setattr(parts, name, getattr(models, name))
    seen: list[str] = []
    judge = parts.judge

    def watched(stage: str, **subject: Any) -> Any:
        seen.append(stage)
        return judge(stage, **subject)

    parts.judge = watched  # type: ignore[method-assign]
    with VideoAgent(components=parts) as agent:
        shots = agent.components.memory.count()
        answer = agent.ask("make a red ball", approve=True)
        assert tools_run(answer) == [("generate_video", "done")], answer.answer
        after = kept(agent)
        assert len(generated(agent)) == 1
        assert [clip.operation for clip in parts.library.clips()].count("generate") == 1
        assert [status for _, status in after["rows"]] == ["ready"] * 3
        assert after["left over"] == []
        made_before = node in NODES[NODES.index("run_step") :]
        assert after["shots"] == shots + (0 if made_before else 1)
        # Guards before the kill are on record in the audit log, the others were asked now.
        rows = [json.loads(line) for line in (home / "audit.jsonl").read_text().splitlines()]
        recorded = {row["stage"] for row in rows if row["action"] == "allow"}
        assert {"input", "plan", "prompt", "media", "output"} <= recorded | set(seen)
        assert "output" in seen
        assert all(verdict["action"] == "allow" for verdict in answer.verdicts)
        assert {"input", "plan", "prompt", "output"} <= {verdict["stage"] for verdict in answer.verdicts}


# --- 20: full disk, out of memory ---


def test_20_a_full_disk_is_said_leaves_nothing_and_the_turn_can_be_repeated(
    agents: Agents, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = agents({"*": "gen 1s: a red ball"})
    prepare(agent.components)  # the certificate is made once, before the disk fills up
    before = kept(agent)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    answer = agent.ask("make a red ball", approve=True)
    assert answer.status == "failed"
    assert answer.steps[0]["error"]["code"] == StorageFailed.code
    assert "No space left" in answer.answer
    assert kept(agent) == before
    monkeypatch.undo()
    again = agent.ask("make a red ball", approve=True)
    assert tools_run(again) == [("generate_video", "done")]
    assert len(kept(agent)["rows"]) == len(before["rows"]) + 1


def test_20_a_full_library_database_is_said_before_anything_is_made(agents: Agents) -> None:
    agent = agents({"*": "gen 1s: a red ball"})
    before = kept(agent)
    with agent.components.library.transaction() as connection:
        pass
    fill(connection)
    # Free space in the table's last page would take a few rows more.
    job = "INSERT INTO job (user, key, status, owner, started) VALUES ('nobody', ?, 'running', '', 0)"
    with pytest.raises(sqlite3.OperationalError, match="full"):
        connection.executemany(job, ((str(number),) for number in range(10_000)))
    answer = agent.ask("make a red ball", approve=True)
    assert answer.status == "failed"
    assert answer.steps[0]["error"]["code"] == StorageFailed.code
    assert "free disk space" in answer.answer
    assert generated(agent) == []
    assert kept(agent) == before
    connection.execute("PRAGMA max_page_count = 100000")
    assert tools_run(agent.ask("make a red ball", approve=True)) == [("generate_video", "done")]


def fill(connection: sqlite3.Connection) -> None:
    """Let a database grow no further, as on a full disk."""
    connection.execute("VACUUM")
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")


def test_20_when_the_conversation_cannot_be_saved_the_turn_stops_and_goes_on_later(agents: Agents) -> None:
    agent = agents({"*": "gen 1s: a red ball"})
    agent.ask("make a blue ball", thread="other", approve=True)
    fill(agent.components.checkpoints.conn)
    with pytest.raises(SessionUnsaved, match="full") as caught:
        agent.ask("make a red ball", approve=True)
    assert "free disk space" in caught.value.remedy
    agent.components.checkpoints.conn.execute("PRAGMA max_page_count = 100000")
    assert tools_run(agent.ask("make a red ball", approve=True)) == [("generate_video", "done")]
    assert [call["prompt"] for call in generated(agent)] == ["a red ball"] * 2
    assert [clip.operation for clip in agent.components.library.clips()].count("generate") == 2


def test_20_a_damaged_conversation_file_is_said(agents: Agents) -> None:
    agent = agents({"*": "gen 1s: a red ball"})
    (agent.settings.home / "checkpoints.sqlite").write_bytes(b"no database at all" * 300)
    for suffix in ("-wal", "-shm"):
        (agent.settings.home / f"checkpoints.sqlite{suffix}").unlink(missing_ok=True)
    with pytest.raises(SessionUnsaved):
        agent.ask("make a red ball", approve=True)
    assert generated(agent) == []


class Starved(DrawnGenerator):
    """Runs out of memory at its first call."""

    def generate(self, request: GenerationRequest, *args: Any) -> GeneratedFrames:
        made = super().generate(request, *args)
        if len(self.calls) == 1:
            raise MemoryError
        return made


def test_20_out_of_memory_fails_the_step_with_an_honest_message(agents: Agents) -> None:
    agent = agents({"*": "gen 1s: a red ball"}, generator=Starved())
    before = kept(agent)
    answer = agent.ask("make a red ball", approve=True)
    assert answer.steps[0]["error"]["code"] == "out_of_memory"
    assert "out of memory" in answer.answer
    assert kept(agent) == before
    assert tools_run(agent.ask("make a red ball", approve=True)) == [("generate_video", "done")]


# --- 20: two turns at once ---


class Slow(DrawnGenerator):
    """Waits for a word before it draws."""

    def __init__(self, log: Path) -> None:
        super().__init__(log)
        self.begun, self.go = threading.Event(), threading.Event()

    def generate(self, request: GenerationRequest, *args: Any) -> GeneratedFrames:
        self.begun.set()
        assert self.go.wait(120)
        return super().generate(request, *args)


def test_20_of_two_turns_at_once_one_runs_and_the_other_is_told(agents: Agents, tmp_path: Path) -> None:
    slow = Slow(tmp_path / "calls.jsonl")
    one, two = agents({"*": "gen 1s: a red ball"}, generator=slow), agents({"*": "gen 1s: a red ball"})
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(one.ask("make a red ball", approve=True)))
    thread.start()
    assert slow.begun.wait(120)
    with pytest.raises(SessionBusy):
        two.ask("make a red ball", approve=True)
    with pytest.raises(SessionBusy):
        two.approve()
    assert plans_asked(two) == 0
    slow.go.set()
    thread.join()
    assert tools_run(answers[0]) == [("generate_video", "done")]
    assert len(generated(one)) == 1
    assert [clip.operation for clip in one.components.library.clips()].count("generate") == 1


# --- 20: lone surrogates, loops, unknown tools ---


def test_20_lone_surrogates_never_break_a_checkpoint(agents: Agents, stocked: Path, tmp_path: Path) -> None:
    named = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.mp4"))
    shutil.copyfile(stocked / "blue.mp4", named)
    with named.open("ab") as file:
        file.write(bytes(64))  # another content than the clip that is there
    model = FakeListChatModel(responses=[r'{"plan": "gen 1s: a red ball \udcff"}', r'{"plan": "find: \ud83d"}'])
    agent = agents({}, planner=ChatPlanner(model, "chat:fake"))
    for number in range(2):
        answer = agent.ask("make a ball", [named], thread=f"t{number}", approve=True)
        json.dumps(answer.model_dump(), ensure_ascii=False).encode()
        assert answer.steps == []
    agent = agents({"*": "look c3"})
    with pytest.raises(RequestInvalid):
        agent.ask("look", thread="\udcff")
    looked = agent.ask("look")
    assert looked.status == "answered"
    agent.close()
    assert agents({}).last() == looked


def test_20_a_planner_that_makes_the_same_failing_plan_again_is_stopped(agents: Agents) -> None:
    agent = agents({"*": "find 1 in c2: xylophone quartz ; edit $1[0] trim 0 1"})
    before = kept(agent)
    answer = agent.ask("trim the xylophone")
    assert answer.status == "failed"
    assert tools_run(answer) == [("search_memory", "done"), ("edit_video", "failed")]
    assert "gave no clip" in answer.answer
    assert [bool(context.failures) for context in agent.components.planner.contexts] == [False, True, True]  # type: ignore[attr-defined]
    assert kept(agent) == before


def test_20_a_plan_without_end_is_not_begun(agents: Agents) -> None:
    endless = " ; ".join(["gen 1s: a red ball"] * 40)
    agent = agents({}, planner=ChatPlanner(FakeListChatModel(responses=[json.dumps({"plan": endless})]), "chat:fake"))
    assert agent.ask("make forty balls", approve=True).steps == []
    agent = agents({"*": " ; ".join(["gen 1s: a red ball"] * 12)})
    assert agent.ask("make twelve balls", approve=True).blocked
    assert generated(agent) == []


def test_20_an_unknown_tool_is_not_called(agents: Agents, tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text('{"*": {"steps": [{"id": "1", "tool": "delete_all", "args": {}}]}}')
    with pytest.raises(PlannerFailed, match="delete_all"):
        ScriptedPlanner.from_file(tmp_path / "script.json")
    model = FakeListChatModel(responses=['{"plan": "delete_all c1"}', "delete_all(c1)"])
    agent = agents({}, planner=ChatPlanner(model, "chat:fake"))
    before = kept(agent)
    answer = agent.ask("tidy up")
    assert answer.steps == []
    assert answer.answer
    assert kept(agent) == before
    bare = agents({"*": "delete_all c1"})
    with pytest.raises(PlanSyntaxError, match="delete_all"):
        bare.ask("tidy up again")
    assert kept(bare) == before
    assert agents({"*": "look c1"}).ask("look at it").status == "answered", "the conversation goes on"


# --- 20: whatever a planner writes ---

PIECES = st.sampled_from(
    ["edit", "look", "find", "gen", "say", " ; ", " | ", ": ", "c1", "c99", "$1", "$1[-1]", "c1@2-1", "trim", "concat",
     "crop", "9:16", "text", "bottom", "-2", "end", "50%", "1e999", "nan", "like", "in", "99s", "seed", "\\", "\\;",
     "\n", "\ud800", "</video>", "../etc/passwd"]
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.lists(PIECES | st.text(max_size=5), max_size=14).map(" ".join))
def test_20_any_text_is_a_plan_of_known_tools_or_a_syntax_error(text: str) -> None:
    clips = [ClipEntry(name="c1", duration=4)]
    try:
        plan = parse(text, clips)
    except PlanSyntaxError:
        return
    assert {step.tool for step in plan.steps} <= set(NODE_OF_TOOL)
    assert all(problem.message and problem.remedy for problem in validate(plan, clips))
    plan.model_dump_json()
