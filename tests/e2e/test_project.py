"""A session over a timeline: find, edit, undo, regenerate a span, compare takes, join, export, reopen, verify."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gpt4video.agent.projects import Project
from gpt4video.memory.errors import ProjectChanged, ProjectUnknown
from gpt4video.tools.editing.operations import Speed
from gpt4video.tools.errors import BadArguments
from gpt4video.tools.media.decode import sample
from gpt4video.tools.media.probe import probe
from gpt4video.tools.timeline.edits import Choose, Crossfade, Remove
from numpy.typing import NDArray

from .conftest import Agents


def picture(path: Path, at: float) -> NDArray[np.int16]:
    return sample(path, [at], size=(64, 48)).images[0].astype(np.int16)


def alike(one: NDArray[np.int16], other: NDArray[np.int16]) -> float:
    return float(np.abs(one - other).mean())


def command(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    line = [str(Path(sys.executable).parent / "gpt4video"), *words, "--home", str(home)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_a_session_from_finding_to_a_verified_film(agents: Agents, tmp_path: Path) -> None:
    agent = agents({"find the bicycles": "find: bicycle", "keep its first two seconds": "edit c3 trim 0 2"})
    library = agent.components.library
    streets, blue = library.clips(user="local")[:2]

    found = agent.ask("find the bicycles")  # 1
    assert found.evidence
    trimmed = agent.ask("keep its first two seconds").clips[0]  # 2
    assert "Undone" in agent.ask("undo that").answer  # 3
    assert "Made again" in agent.ask("redo").answer  # 4

    film = agent.project("film")
    film.insert([f"{streets.id}@1-5", blue.id, trimmed["id"]])  # 5
    film.apply(["i1.2"], "reverse | speed 2")  # 6
    assert film.undo().timeline.seconds == pytest.approx(8.0, abs=0.05)  # 7
    film.edit(Crossfade(item="i1.3", seconds=0.4))  # 8

    before = film.render()  # 9
    film.regenerate("i1.1", "at night", start=1, end=2, takes=2)  # 10
    version = film.version()
    place = version.timeline.place("i5b")
    regenerated = version.timeline.items[place]
    assert len(regenerated.takes) == 2
    assert set(regenerated.take.scores) == {"fit", "steady", "safe"}
    assert [operation.op for operation in regenerated.operations] == ["crop"]  # no black bars beside a square draft
    totals = [sum(take.scores.values()) for take in regenerated.takes]
    assert totals == sorted(totals, reverse=True)
    assert regenerated.sound is not None or streets.has_audio is False
    film.edit(Choose(item="i5b", take=2))  # 11
    changes = film.compare(4)
    assert [item.id for item in changes.removed] == ["i1.1"]
    assert [item.id for item in changes.added] == ["i5a", "i5b", "i5c"]

    clip = film.render()  # 12
    assert clip.duration == pytest.approx(before.duration, abs=0.1)
    for at in (0.5, 3.0, 6.0):  # the rest is as it was
        assert alike(picture(clip.path, at), picture(before.path, at)) < 6
    assert alike(picture(clip.path, 1.5), picture(before.path, 1.5)) > 15
    assert film.render().id == clip.id
    lineage = library.lineage(clip.id)
    assert lineage is not None
    assert lineage.operation == "render"
    assert lineage.parents == [streets.id, regenerated.takes[1].clip, blue.id, trimmed["id"]]

    home, otio = agent.settings.home, tmp_path / "film.otio"
    assert film.export(otio) == []  # 13
    agent.close()
    shown = command(home, "project", "show", "film", "--json")  # 14
    assert json.loads(shown.stdout)["seconds"] == pytest.approx(version.timeline.seconds)
    read = command(home, "project", "import", "again", str(otio), "--json")
    assert read.returncode == 0, read.stderr
    assert json.loads(read.stdout)["items"] == json.loads(shown.stdout)["items"]
    verified = command(home, "provenance", str(clip.path), "--json")  # 15
    assert verified.returncode == 0, verified.stderr
    assert json.loads(verified.stdout)["status"] == "valid"


def test_a_rejected_edit_and_what_hung_on_it(agents: Agents) -> None:
    project = agents({}).project("p")
    clip = project._parts.library.clips(user="local")[1].id
    project.insert([clip])
    project.apply(["i1"], "speed 0.5", "slower")
    project.apply(["i1"], "trim 3 4", "the fourth second")

    version = project.reject(2)

    assert version.timeline.items[0].operations == ()
    assert list(version.void) == [3]
    assert project.undo().timeline.items[0].operations[0] == Speed(factor=0.5)


def test_two_who_edit_at_once_do_not_overwrite_each_other(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = agents({})
    project = agent.project("p")
    clip = agent.components.library.clips(user="local")[0].id
    project.insert([clip])
    seen = project.log()
    agent.project("p").insert([clip])
    monkeypatch.setattr(project, "log", lambda: seen)

    with pytest.raises(ProjectChanged):
        project.edit(Remove(items=["i1"]))
    assert len(agent.project("p").log()) == 2


def test_what_cannot_be_done_says_why_and_leaves_the_timeline(agents: Agents) -> None:
    agent = agents({})
    project = agent.project("p")
    clip = agent.components.library.clips(user="local")[1]
    with pytest.raises(BadArguments, match="empty"):
        project.render()
    project.insert([clip.id])
    for wrong in ("fly 2", "trim 5 9", "concat", "speed 1000"):
        with pytest.raises(BadArguments):
            project.apply(["i1"], wrong)
    with pytest.raises(BadArguments):
        project.insert([f"{clip.id}@1-99"])
    with pytest.raises(BadArguments):
        project.regenerate("i1", "at night", start=1, end=9)
    with pytest.raises(ProjectUnknown):
        Project(agent.components, "nothing", user="local", create=False)
    assert len(project.log()) == 1
    assert probe(clip.path).duration == pytest.approx(2.0, abs=0.1)
