"""Where a clip comes from, as the command line tells it: real turns, real files, manifests and the lineage graph."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gpt4video.agent.assistant import Answer, VideoAgent
from gpt4video.tools.provenance.manifest import prompt_hash
from media_factory import quarters, write_clip
from PIL import Image

from .conftest import Agents

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cli(tmp_path: Path) -> Run:
    """Runs ``gpt4video`` over the home that the agents of this test share."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        code = "from gpt4video.agent.interfaces.cli import main; main()"
        command = [sys.executable, "-c", code, *map(str, arguments), "--home", str(tmp_path / "home")]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    return run


def made(answer: Answer) -> list[Path]:
    assert answer.status == "answered", answer.answer
    return [Path(output["path"]) for step in answer.steps for output in step["result"]["outputs"]]


def report(cli: Run, path: Path) -> dict[str, Any]:
    run = cli("provenance", path, "--json")
    read: dict[str, Any] = json.loads(run.stdout)
    assert run.returncode == {"valid": 0, "tampered": 1, "none": 5, "untrusted": 6}[read["status"]]
    return read


def test_a_chain_of_edits_verifies_back_to_the_upload(agents: Agents, cli: Run) -> None:
    agent = agents({"*": "edit c2 trim 0 1 ; edit $1 reverse"})
    first, last = made(agent.ask("cut it and play it backwards"))
    upload = agent.components.library.known(first.stem[:16]).parents[0]
    read = report(cli, last)
    assert read["status"] == "valid"
    manifest = read["manifests"][read["active"]]
    assert [action["operation"] or action["name"] for action in manifest["actions"]] == ["c2pa.opened", "reverse"]
    (parent,) = manifest["ingredients"]
    assert (parent["title"], parent["relationship"], parent["status"]) == (
        f"clip {first.stem[:16]}",
        "parentOf",
        "valid",
    )
    (origin,) = read["manifests"][parent["manifest"]]["ingredients"]
    assert (origin["title"], origin["status"]) == (f"clip {upload}", "none")
    told = cli("provenance", last)
    assert told.stdout.startswith("valid")
    assert f"made from clip {upload}" in told.stdout
    assert "trimmed" in told.stdout


def test_tampering_and_the_lack_of_a_manifest_have_exit_codes(agents: Agents, cli: Run, tmp_path: Path) -> None:
    agent = agents({"*": "edit c2 trim 0 1"})
    (path,) = made(agent.ask("cut it"))
    data = bytearray(path.read_bytes())
    data[data.index(b"mdat") + 50] ^= 1
    (tmp_path / "changed.mp4").write_bytes(data)
    assert report(cli, tmp_path / "changed.mp4")["status"] == "tampered"
    upload = agent.components.library.known(path.stem[:16]).parents[0]
    assert report(cli, agent.components.library.get(upload).path)["status"] == "none"
    missing = cli("provenance", tmp_path / "missing.mp4", "--json")
    assert missing.returncode == 1
    assert json.loads(missing.stdout)["error"]["code"] == "media_missing"
    assert cli("provenance", tmp_path / "changed.mp4", "--trust", tmp_path / "no.pem").returncode == 1


def test_a_generated_clip_says_model_and_prompt_hash(agents: Agents, cli: Run) -> None:
    agent = agents({"*": "gen like c2: a red ball at night"})
    (path,) = made(agent.ask("make one like it at night", approve=True))
    read = report(cli, path)
    manifest = read["manifests"][read["active"]]
    (action,) = manifest["actions"]
    lineage = agent.components.library.lineage(path.stem[:16])
    assert lineage is not None
    assert (action["name"], action["source_type"]) == ("c2pa.created", "trainedAlgorithmicMedia")
    assert (action["model"], action["prompt_sha256"]) == (lineage.model, prompt_hash(lineage.prompt))
    assert action["arguments"]["seed"] == lineage.seed
    assert [each["relationship"] for each in manifest["ingredients"]] == ["inputTo"]
    assert b"red ball" not in path.read_bytes()


@pytest.mark.parametrize("script", ["edit c2 frame 1", "edit c2 gif 0 1"])
def test_pictures_and_gifs_are_signed_too(agents: Agents, cli: Run, script: str) -> None:
    (path,) = made(agents({"*": script}).ask("take a picture out of it"))
    read = report(cli, path)
    assert read["status"] == "valid"
    told = [action["operation"] or action["name"] for action in read["manifests"][read["active"]]["actions"]]
    assert told == ["c2pa.opened", "extract"]


def test_a_clip_that_lent_its_sound_is_an_ingredient(agents: Agents, cli: Run, tmp_path: Path) -> None:
    agent = agents({"*": "edit c2 audio replace c3"})
    (voice,) = agent.ingest([write_clip(tmp_path / "voice.mp4", quarters(20), tone=440.0)]).clips
    (path,) = made(agent.ask("give it the sound of the third clip"))
    read = report(cli, path)
    parts = [(each["title"], each["relationship"]) for each in read["manifests"][read["active"]]["ingredients"]]
    assert parts[-1] == (f"clip {voice}", "componentOf")
    assert len(parts) == 2


def test_switched_off_nothing_is_signed(agents: Agents, cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT4VIDEO_PROVENANCE", "off")
    (path,) = made(agents({"*": "edit c2 trim 0 1"}).ask("cut it"))
    assert report(cli, path)["status"] == "none"


def test_a_signing_fault_is_a_failed_step_with_a_remedy_and_keeps_nothing(
    agents: Agents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT4VIDEO_CERTIFICATE", str(tmp_path / "missing.pem"))
    agent = agents({"*": "edit c2 trim 0 1"})
    before = len(agent.components.library.clips())
    answer = agent.ask("cut it")
    assert answer.status == "failed"
    assert answer.steps[-1]["error"]["code"] == "certificate_unusable"
    assert "certificate" in answer.answer
    assert len(agent.components.library.clips()) == before
    agent.close()
    other = agents({"*": "gen: a red ball"})
    assert other.ask("make a red ball", approve=True).status == "failed"
    assert not (tmp_path / "calls.jsonl").exists(), "no generator runs for what could not be signed"
    other.close()
    monkeypatch.delenv("GPT4VIDEO_CERTIFICATE")
    assert len(made(agents({"*": "edit c2 trim 0 1"}).ask("cut it"))) == 1, "the same step runs once it can"


def family(agent: VideoAgent) -> list[str]:
    answer = agent.ask("keep the first second of both, join them and play that backwards")
    made(answer)
    return [clip["id"] for clip in answer.clips]


def test_the_lineage_graph_is_told_and_drawn(agents: Agents, cli: Run, tmp_path: Path) -> None:
    agent = agents({"*": "edit c1 trim 0 1 ; edit c2 trim 0 1 ; edit $1 $2 concat ; edit $3 reverse"})
    first, second, joined, last = family(agent)
    picture = tmp_path / "graph.png"
    run = cli("lineage", joined, "--json", "--picture", picture)
    assert run.returncode == 0, run.stderr
    graph = json.loads(run.stdout)
    places = {node["id"]: at for at, node in enumerate(graph["nodes"])}
    edges = {(edge["parent"], edge["child"], edge["operation"]) for edge in graph["edges"]}
    assert {(first, joined, "concat"), (second, joined, "concat"), (joined, last, "reverse")} <= edges
    assert len(graph["nodes"]) == 6
    assert all(places[parent] < places[child] for parent, child, _ in edges), "parents come first"
    with Image.open(picture) as drawn:
        assert drawn.format == "PNG"
        assert len(drawn.convert("RGB").getcolors(1 << 24)) > 100, "there are frames in it"
    told = cli("lineage", joined)
    assert "made from:" in told.stdout
    assert all(clip in told.stdout for clip in (first, second, joined, last))


def test_a_forgotten_parent_is_still_named(agents: Agents, cli: Run, tmp_path: Path) -> None:
    agent = agents({"*": "edit c2 trim 0 1 ; edit $1 reverse"})
    first, last = (clip["id"] for clip in agent.ask("cut it, then backwards").clips)
    agent.components.intake.forget(first, user="local")
    graph = json.loads(cli("lineage", last, "--json", "--picture", tmp_path / "graph.png").stdout)
    assert {node["id"]: node["known"] for node in graph["nodes"]} == {first: False, last: True}
    unknown = cli("lineage", "0123456789abcdef", "--json")
    assert unknown.returncode == 1
    assert json.loads(unknown.stdout)["error"]["code"] == "clip_unknown"


def test_the_commands_cost_the_others_no_start() -> None:
    code = (
        "import sys; from gpt4video.agent.interfaces import cli; "
        "print([name for name in ('c2pa', 'cryptography', 'PIL', 'numpy') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
