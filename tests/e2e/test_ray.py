"""Taking in by Ray actors on this machine, one of which is killed on the way: nothing lost, nothing twice."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from gpt4video.agent.assistant import VideoAgent
from gpt4video.agent.distributed import ingest_on_ray, together
from gpt4video.agent.errors import RequestInvalid
from gpt4video.agent.settings import Settings
from gpt4video.tools.media.write import write_video

from .conftest import FPS, moving_square

pytestmark = [
    pytest.mark.server,
    # Ray's own: sockets and files it leaves to the end of the process, settings it warns of by itself.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def kill_one_worker(killed: list[int], over: threading.Event) -> None:
    """Kill the first actor that has begun to work."""
    while not (killed or over.is_set()):
        for process in psutil.Process().children(recursive=True):
            try:
                title = " ".join(process.cmdline())
                busy = "MapWorker" in title and process.cpu_times().user > 3  # past the start: it loads or works
            except psutil.Error:
                continue
            if busy:
                os.kill(process.pid, signal.SIGKILL)
                killed.append(process.pid)
                return
        time.sleep(0.1)


def test_a_worker_that_is_killed_loses_nothing_and_repeats_nothing(
    tmp_path: Path, model_path: Callable[[str], Path]
) -> None:
    model_path("vision")
    colours = [(200, 20, 20), (20, 160, 30), (30, 60, 210), (120, 30, 140)]
    (tmp_path / "in").mkdir()
    for number, colour in enumerate(colours):
        write_video(tmp_path / "in" / f"{number}.mp4", moving_square(colour, (235, 235, 235)), FPS)
    (tmp_path / "in" / "broken.mp4").write_text("no video")
    settings = Settings(home=tmp_path / "home", viewer="off", planner="scripted:none")
    killed, over = list[int](), threading.Event()
    killer = threading.Thread(target=kill_one_worker, args=(killed, over))
    killer.start()

    report = together(ingest_on_ray(settings, [tmp_path / "in"]))

    over.set()
    killer.join()
    assert killed
    assert [Path(bad.path).name for bad in report.failed] == ["broken.mp4"]
    with VideoAgent(home=tmp_path / "home", viewer="off") as agent:
        held = agent.components.library.clips()
        assert sorted({*report.clips, *report.skipped}) == sorted(clip.id for clip in held)
        assert len(held) == len(colours)
        assert all(clip.status == "ready" and agent.components.memory.holds(clip.id) for clip in held)
        assert agent.components.memory.count() == len(colours)  # one shot each, none twice
        assert sorted(agent.ingest([tmp_path / "in"]).skipped) == sorted(clip.id for clip in held)


def test_no_cluster_at_an_address_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    with pytest.raises(RequestInvalid, match="no Ray cluster"):
        list(ingest_on_ray(Settings(home=tmp_path / "home"), [tmp_path / "a.mp4"], "127.0.0.1:1"))


def test_nothing_to_take_in_starts_no_cluster(tmp_path: Path) -> None:
    assert list(ingest_on_ray(Settings(home=tmp_path / "home"), [tmp_path])) == []
