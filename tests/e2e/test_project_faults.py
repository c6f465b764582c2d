"""Projects given what cannot be done: a typed error with a remedy, no file left, and the timeline as it was."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from gpt4video.agent.assistant import VideoAgent
from gpt4video.agent.projects import Project
from gpt4video.tools.errors import BadArguments, GenerationFailed, LutUnusable, OutOfResources, RenderFailed, ToolError
from gpt4video.tools.media import ffmpeg

from .conftest import Agents


@pytest.fixture
def agent(agents: Agents) -> VideoAgent:
    return agents({})


@pytest.fixture
def project(agent: VideoAgent) -> Project:
    """A film of the drawn clip (128x96 pixels, 2 s)."""
    project = agent.project("p")
    project.insert([agent.components.library.clips(user="local")[1].id])
    return project


def left_behind(agent: VideoAgent) -> list[Path]:
    work = agent.settings.home / "work"
    return [path for path in work.rglob("*") if path.is_file()]


def refused(agent: VideoAgent, project: Project, action: Callable[[], object], error: type[ToolError]) -> ToolError:
    """The error of an action that must leave everything as it was."""
    log, clips = project.log(), agent.components.library.clips(user="local")
    with pytest.raises(error) as caught:
        action()
    assert caught.value.remedy
    assert project.log() == log
    assert agent.components.library.clips(user="local") == clips
    assert left_behind(agent) == []
    return caught.value


@pytest.mark.parametrize(
    ("operations", "fault"),
    [
        ("trim 1 5", "reaches beyond"),
        ("trim 1 1", "is empty"),
        ("trim 2 1", "ends before it begins"),
        ("cut 0 end", "nothing is left|leaves nothing"),
        ("speed 0", "greater than or equal"),
        ("speed 1000", "less than or equal"),
        ("speed nan", "cannot be carried out"),
        ("crop 0 0 20000 20", "less than or equal"),
        ("color lut ../../etc/passwd", "cannot be carried out"),
        ("fly", "is no operation"),
    ],
)
def test_an_operation_that_makes_no_sense_changes_nothing(
    agent: VideoAgent, project: Project, operations: str, fault: str
) -> None:
    error = refused(agent, project, lambda: project.apply(["i1"], operations), BadArguments)
    assert re.search(fault, error.message)


@pytest.mark.parametrize(
    ("operations", "fault"),
    [
        ("crop 0 0 400 300", "128x96"),
        ("crop 100 0 40 40", "reaches outside"),
        ("audio volume 2", "no sound"),
        ("fade 3 3", "do not fit"),
        ("color lut none", "no colour table"),
    ],
)
def test_what_does_not_fit_the_picture_is_said_when_it_is_rendered(
    agent: VideoAgent, project: Project, operations: str, fault: str
) -> None:
    project.apply(["i1"], operations)
    assert fault in refused(agent, project, project.render, BadArguments).message
    project.undo()
    assert project.render().duration == pytest.approx(2.0, abs=0.05)


def test_a_damaged_colour_table_is_named(agent: VideoAgent, project: Project) -> None:
    folder = agent.components.luts
    folder.mkdir()
    (folder / "warm.cube").write_text("LUT_3D_SIZE 2\n0 0 0\n")
    project.apply(["i1"], "color lut warm")
    assert "1 colours instead of 8" in refused(agent, project, project.render, LutUnusable).message
    (folder / "warm.cube").write_text("LUT_1D_SIZE 2\n0 0 0\n1 0.8 0.6\n")
    first = project.render()
    assert project.render().id == first.id
    (folder / "warm.cube").write_text("LUT_1D_SIZE 2\n0 0 0\n0.5 0.8 0.6\n")
    assert project.render().id != first.id


def test_too_many_clips_at_once_and_none_are_refused(agent: VideoAgent, project: Project) -> None:
    clip = project.version().timeline.items[0].take.clip
    assert "500" in refused(agent, project, lambda: project.insert([clip] * 501), BadArguments).remedy
    refused(agent, project, lambda: project.insert([]), BadArguments)


def test_a_killed_encoder_and_a_full_disk_leave_the_timeline(
    agent: VideoAgent, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.apply(["i1"], "reverse")
    project.insert([project.version().timeline.items[0].take.clip])
    with monkeypatch.context() as patch:
        patch.setattr(ffmpeg, "_limit_memory", lambda pid: os.kill(pid, signal.SIGKILL))
        refused(agent, project, project.render, OutOfResources)
    whole = os.path.abspath
    with monkeypatch.context() as patch:
        patch.setattr(ffmpeg.os.path, "abspath", lambda path: "/dev/full" if ".part" in str(path) else whole(path))
        assert "disk is full" in refused(agent, project, project.render, RenderFailed).message
    assert project.render().duration == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize(
    ("index", "fault"),
    [
        ({"_class_name": "NoSuchPipeline"}, "no pipeline class 'NoSuchPipeline'"),
        ({"_class_name": "TextToVideoSDPipeline", "unet": ["diffusers", "UNet3DConditionModel"]}, "'unet' is missing"),
    ],
)
def test_a_generator_that_cannot_be_used_leaves_the_timeline(
    agents: Agents, tmp_path: Path, index: dict[str, object], fault: str
) -> None:
    from gpt4video.tools.generation.diffusers_backend import DiffusersGenerator

    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline" / "model_index.json").write_text(json.dumps(index))
    agent = agents({}, generator=DiffusersGenerator(tmp_path / "pipeline"))
    project = agent.project("p")
    project.insert([agent.components.library.clips(user="local")[1].id])
    error = refused(agent, project, lambda: project.regenerate("i1", "at night", takes=1), GenerationFailed)
    assert fault in error.message
