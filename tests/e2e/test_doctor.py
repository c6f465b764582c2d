"""``gpt4video doctor`` on installations that are well, and on such as are not."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gpt4video.agent.assistant import VideoAgent
from gpt4video.agent.model.artifacts import REGISTRY, default_cache

CODE = "from gpt4video.agent.interfaces.cli import main; main()"
_DROP, _OVERRIDE = 24, 1  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE


def doctor(home: Path, *options: str, obeys: bool = False, **given: str) -> subprocess.CompletedProcess[str]:
    """Run the command; ``obeys``: even root heeds the permissions of files."""

    def heed() -> None:
        if obeys and os.geteuid() == 0:
            ctypes.CDLL(None).prctl(_DROP, _OVERRIDE)

    return subprocess.run(
        [sys.executable, "-c", CODE, "doctor", "--home", str(home), *options],
        env=os.environ | {"COLUMNS": "80"} | given,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        preexec_fn=heed,
    )


def by_name(run: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in json.loads(run.stdout)["checks"]}


@pytest.fixture
def home(tmp_path: Path, model_path: Callable[[str], Path]) -> Path:
    """A home that was used once; all models are in the cache."""
    for name in REGISTRY:
        model_path(name)
    with VideoAgent(home=tmp_path / "home", planner="scripted:none") as agent:
        agent.project("film")
    return tmp_path / "home"


def test_a_healthy_home(home: Path) -> None:
    run = doctor(home, "--json")
    assert run.returncode == 0, run.stdout
    assert json.loads(run.stdout)["healthy"] is True
    checks = by_name(run)
    assert {"python", "packages", "home", "disk", "media", "gpu", "policy", "database", "provenance"} <= set(checks)
    assert {name.removeprefix("model ") for name in checks if name.startswith("model ")} == set(REGISTRY)
    assert all(check["status"] in ("ok", "note") for check in checks.values())
    assert checks["database"]["message"].startswith("SQLite")
    assert checks["planner"]["message"].startswith("local:")
    assert checks["generator"]["message"].startswith("embedded@")


def test_faults_come_with_their_remedies_and_without_colour(home: Path, tmp_path: Path) -> None:
    cache = tmp_path / "models"
    cache.mkdir()
    for name in REGISTRY:
        if name not in ("vision", "samples"):
            (cache / name).symlink_to(default_cache() / name, target_is_directory=True)
    (tmp_path / "own.yaml").write_text("version: '7'\ntext:\n  unheard_of: 1\n")
    (home / "provenance").mkdir()
    (home / "provenance" / "chain.pem").write_text("no certificate")
    (home / "library" / "library.sqlite").write_bytes(b"no database" * 1000)
    run = doctor(home, "--policy", str(tmp_path / "own.yaml"), "--planner", "nobody", GPT4VIDEO_MODELS=str(cache))
    assert run.returncode == 1
    assert "\x1b" not in run.stdout
    assert "own.yaml, line 3" in run.stdout
    assert "Mend that line" in run.stdout
    assert "efficientnet-lite0-57934424.pth is missing" in run.stdout
    assert "gpt4video models pull vision" in run.stdout
    assert "models pull samples" not in run.stdout
    assert "There is no planner 'nobody'" in run.stdout
    marks = {line[2:17].strip(): line[0] for line in run.stdout.splitlines() if line[0] != " "}
    assert {name for name, mark in marks.items() if mark == "✗"} == {
        "policy",
        "database",
        "provenance",
        "model vision",
        "planner",
    }
    assert marks["model samples"] == "·"


def test_a_home_that_cannot_be_written(home: Path) -> None:
    home.chmod(0o555)
    try:
        run = doctor(home, "--json", "--planner", "openai:http://127.0.0.1:1/v1#some", obeys=True)
    finally:
        home.chmod(0o755)
    assert run.returncode == 1
    fault = by_name(run)["home"]
    assert fault["status"] == "fault"
    assert str(home) in fault["message"]
    assert "--home" in fault["remedy"]
    assert "No server answers at http://127.0.0.1:1/v1" in by_name(run)["planner"]["message"]
