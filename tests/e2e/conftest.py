"""A home folder with a sample clip and a drawn one, taken in with the real models; every test gets its own copy."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gpt4video.agent.assistant import VideoAgent
from gpt4video.agent.components import Components
from gpt4video.agent.planner.scripted import ScriptedPlanner
from gpt4video.agent.settings import Settings
from gpt4video.policies.audit import AuditLog
from gpt4video.policies.chain import PolicyChain
from gpt4video.tools.generation.double import DrawnGenerator
from gpt4video.tools.media.write import write_video

FPS = 12


def moving_square(colour: tuple[int, int, int], ground: tuple[int, int, int], frames: int = 24) -> Any:
    """A square that moves to the right, uint8 (T, 96, 128, 3)."""
    clip = np.empty((frames, 96, 128, 3), np.uint8)
    clip[:] = ground
    for index in range(frames):
        left = 4 + 3 * index
        clip[index, 32:64, left : left + 32] = colour
    return clip


def kill_at(mark: Path, command: list[str]) -> None:
    """Start a program, wait until it has made its mark, and kill it there."""
    process = subprocess.Popen(command)
    for _ in range(1200):
        if mark.exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    assert mark.exists()
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory, model_path: Callable[[str], Path]) -> Path:
    """A home with ``bikes.mp4`` (c1: city streets, 10 s) and ``blue.mp4`` (c2: drawn, 2 s); the files lie beside it."""
    folder = tmp_path_factory.mktemp("stocked")
    shutil.copyfile(model_path("samples") / "bikes.mp4", folder / "bikes.mp4")
    write_video(folder / "blue.mp4", moving_square((30, 60, 210), (230, 220, 60)), FPS)
    with VideoAgent(home=folder / "home", planner="scripted:none") as agent:
        report = agent.ingest([folder / "bikes.mp4", folder / "blue.mp4"])
    assert not report.failed
    return folder


Agents = Callable[..., VideoAgent]


@pytest.fixture(scope="session")
def models(stocked: Path) -> Components:
    """The real models and policies, loaded once; only its parts are used, never its home."""
    return Components(Settings(home=stocked / "models", viewer="off"))


@pytest.fixture
def agents(stocked: Path, models: Components, tmp_path: Path) -> Iterator[Agents]:
    """Makes agents over one copy of the stocked home: ``agents(script)``; all are closed in the end.

    Nobody looks at frames unless a test asks for it: what the real model saw in the stocked clips is in the home.
    """
    home = tmp_path / "home"
    shutil.copytree(stocked / "home", home)
    opened: list[VideoAgent] = []

    def make(script: Any, viewer: str = "off", user: str = "local", **parts: Any) -> VideoAgent:
        audit = AuditLog(home / "audit.jsonl", models.policy.version)
        given = {
            "planner": ScriptedPlanner(script),
            "generator": DrawnGenerator(tmp_path / "calls.jsonl"),
            "policies": PolicyChain(models.policies.policies, audit),
            **parts,
        }
        components = Components(Settings(home=home, viewer=viewer, user=user), **given)
        for name in ("embedder", "encoder", "reader", "projection"):
            setattr(components, name, getattr(models, name))
        agent = VideoAgent(components=components)
        opened.append(agent)
        return agent

    yield make
    for agent in opened:
        agent.close()
