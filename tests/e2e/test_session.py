"""Fifteen turns with the models that ship: nothing but words goes in, and pictures are compared with what was asked."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gpt4video.agent.assistant import Answer, VideoAgent
from gpt4video.agent.training.scene_analysis import analyse
from gpt4video.tools.media.decode import sample
from gpt4video.tools.media.probe import probe
from numpy.typing import NDArray
from PIL import Image


@pytest.fixture
def agent(stocked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VideoAgent]:
    """The assistant as it is installed: its own planner, its own generator, with what it draws decided."""
    monkeypatch.setattr("gpt4video.agent.execution._seed", lambda _turn, _row: 1)
    shutil.copytree(stocked / "home", tmp_path / "home")
    with VideoAgent(home=tmp_path / "home", viewer="off") as opened:
        yield opened


def frames(path: Path, *at: float) -> NDArray[np.int16]:
    return sample(path, list(at), size=(128, 96)).images.astype(np.int16)


def alike(one: NDArray[np.int16], other: NDArray[np.int16]) -> float:
    return float(np.abs(one - other).mean())


def coloured(picture: NDArray[np.int16]) -> float:
    return float((picture.max(-1) - picture.min(-1)).mean())


def said(agent: VideoAgent, request: str) -> Answer:
    answer = agent.ask(request)
    if answer.status == "waiting":  # a generation is asked for with its prompt and estimate
        assert answer.approval is not None
        assert answer.approval["prompt"]
        answer = agent.approve()
    assert answer.status == "answered", (request, answer.answer)
    return answer


def path_of(answer: Answer) -> Path:
    return Path(answer.clips[-1]["path"])


def test_find_edit_regenerate_and_export(agent: VideoAgent, stocked: Path) -> None:
    library = agent.components.library
    streets = library.clips(user="local")[0]

    found = said(agent, "find the bicycles")  # 1
    best = found.steps[0]["result"]["hits"][0]
    assert best["clip"] == streets.id
    short = said(agent, "keep its first second")  # 2
    assert probe(path_of(short)).duration == pytest.approx(1.0, abs=0.05)
    begin = best["start"]
    assert alike(frames(path_of(short), 0.0)[0], frames(streets.path, begin)[0]) < 6
    assert "Undone" in said(agent, "undo that").answer  # 3
    assert "Made again" in said(agent, "redo").answer  # 4

    draft = said(agent, "make a clip of a red car that drives to the right through a city at night")  # 5
    shown = analyse(sample(path_of(draft), list(np.linspace(0, 3.8, 16)), size=(64, 64)).images)
    assert (shown.colour, shown.motion, shown.time) == ("red", "right", "night")
    name = next(row["name"] for row in agent.clips() if row["id"] == draft.clips[-1]["id"])

    said(agent, "start a project called holiday")  # 6
    said(agent, f"put c1, c2 and {name} into the project")  # 7
    said(agent, "in the project, trim the first item to 1-5 s")  # 8
    said(agent, "make the second item black and white")  # 9
    project = agent.project("holiday")
    assert [item.seconds for item in project.version().timeline.items] == pytest.approx([4.0, 2.0, 4.0], abs=0.05)
    before = said(agent, "render it")  # 10
    assert coloured(frames(path_of(before), 5.0)[0]) < 4

    said(agent, "in the project, regenerate the first item from 1 to 3 s as a yellow boat on the sea")  # 11
    assert "take 1 (" in said(agent, "show me the takes").answer  # 12
    said(agent, "use take 2")  # 13
    after = said(agent, "render it")  # 14
    old, new = (frames(path_of(one), 0.5, 2.0, 3.6, 5.0, 8.0) for one in (before, after))
    changed = [alike(one, other) for one, other in zip(old, new, strict=True)]
    assert changed[1] > 20
    assert max(changed[0], *changed[2:]) < 6, changed  # what was not asked for is as it was

    written = said(agent, "export it as otio").steps[0]["result"]["path"]  # 15
    sheet = said(agent, "make a contact sheet of it with nine pictures").steps[0]["result"]["outputs"][0]["path"]  # 16
    with Image.open(sheet) as picture:
        red, green, blue = np.asarray(picture.convert("RGB"), np.int16).transpose(2, 0, 1)
    assert int(((red > 180) & (green > 150) & (blue < 110)).sum()) > 200  # the yellow boat
    assert int(((red > 150) & (green < 70) & (blue < 90)).sum()) > 200  # the red car

    home, film = agent.settings.home, path_of(after)
    agent.close()
    for words in (("project", "show", "holiday"), ("project", "import", "again", written), ("provenance", str(film))):
        line = [str(Path(sys.executable).parent / "gpt4video"), *words, "--json", "--home", str(home)]
        ended = subprocess.run(line, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        told = json.loads(ended.stdout)
        assert told["status"] == "valid" if words[0] == "provenance" else len(told["items"]) == 5
