"""The decode worker is killed when it hangs or takes too much, and the next call finds a fresh one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gpt4video.tools.errors import BadArguments, MediaBroken, OutOfResources
from gpt4video.tools.media import sandbox
from gpt4video.tools.media.decode import sample, stream
from gpt4video.tools.media.limits import DEFAULT_LIMITS, MediaLimits
from media_factory import index_clip, read_indices, write_clip

linux = pytest.mark.skipif(sys.platform != "linux", reason="what it tests is offered by Linux alone")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", 60)


@pytest.fixture
def busy(tmp_path: Path) -> Path:
    """A clip that takes a second or more of processor time to decode."""
    noise = np.random.default_rng(0).integers(0, 255, (24, 540, 960, 3), dtype=np.uint8)
    return write_clip(tmp_path / "busy.mp4", noise, 24)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    yield
    sandbox.shut_down()


def pid() -> int:
    found = sandbox.worker_pid()
    assert found is not None
    return found


def gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_the_worker_stays_warm(clip: Path) -> None:
    sample(clip, count=2)
    first = pid()
    sample(clip, count=3)
    assert pid() == first


def test_a_worker_that_hangs_is_killed_and_the_next_call_works(clip: Path) -> None:
    sample(clip, count=1)
    stuck = pid()
    os.kill(stuck, signal.SIGSTOP)
    begin = time.monotonic()
    with pytest.raises(OutOfResources, match="too long"):
        sample(clip, count=1, limits=MediaLimits(wall_seconds=0.3))
    assert time.monotonic() - begin < 5
    assert gone(stuck)
    assert read_indices(sample(clip, [1.0]).images) == [10]
    assert pid() != stuck


def test_a_worker_that_reads_no_long_request_is_killed_too(clip: Path) -> None:
    sample(clip, count=1)
    os.kill(pid(), signal.SIGSTOP)
    begin = time.monotonic()
    with pytest.raises(OutOfResources, match="too long"):
        sandbox.ask({"op": "at", "times": [0.123456789] * 200_000}, MediaLimits(wall_seconds=0.3))
    assert time.monotonic() - begin < 10


def test_a_worker_that_crashes_is_a_typed_error_and_the_next_call_works(clip: Path) -> None:
    sample(clip, count=1)
    crashing = pid()
    os.kill(crashing, signal.SIGSTOP)  # so that it is sure to crash while it is being asked

    def crash() -> None:
        os.kill(crashing, signal.SIGSEGV)
        os.kill(crashing, signal.SIGCONT)

    killer = threading.Timer(0.2, crash)
    killer.start()
    with pytest.raises(MediaBroken, match="crashed"):
        sample(clip, count=1)
    killer.join()
    assert len(sample(clip, count=1)) == 1


def test_a_worker_that_was_killed_between_calls_is_replaced(clip: Path) -> None:
    sample(clip, count=1)
    os.kill(pid(), signal.SIGKILL)
    time.sleep(0.1)
    assert len(sample(clip, count=1)) == 1


@linux
def test_too_much_processor_time_is_stopped(busy: Path) -> None:
    with pytest.raises(OutOfResources, match="processor time"):
        exhaust(busy, MediaLimits(cpu_seconds=0.01))
    assert len(sample(busy, [0.0])) == 1


def exhaust(clip: Path, limits: MediaLimits) -> None:
    """Ask for more and more; the limit has a grain of a second, and whole seconds count."""
    for n in range(60):
        sample(clip, every=0.04, size=(900 - n, 500), limits=limits)


@linux
def test_too_much_memory_is_refused_inside_the_worker(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "large.mp4", np.zeros((4, 2160, 3840, 3), dtype=np.uint8))
    tight = MediaLimits(memory_bytes=450 << 20)
    with pytest.raises((OutOfResources, MediaBroken)):
        sample(path, every=0.1, limits=tight)
    assert len(sample(path, every=0.1, size=(64, 36))) == 4


def test_an_error_of_the_caller_leaves_a_working_sandbox(clip: Path) -> None:
    with pytest.raises(BadArguments):
        sample(clip, count=-1)
    assert len(sample(clip, count=1)) == 1


def test_stopping_a_stream_early_leaves_a_working_sandbox(clip: Path) -> None:
    for batch in stream(clip, batch=4):
        assert read_indices(batch.images) == [0, 1, 2, 3]
        break
    assert read_indices(sample(clip, [5.0]).images) == [50]


def test_threads_share_the_worker(clip: Path) -> None:
    found: dict[int, list[int]] = {}

    def look(n: int) -> None:
        found[n] = read_indices(sample(clip, [n / 10, 5.0]).images)

    threads = [threading.Thread(target=look, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [n, 50] for n in range(8)}


def test_an_answer_that_lies_about_its_size_is_not_believed(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample(clip, count=1)
    for lie in ({"times": [0.0] * 9, "height": 48, "width": 64}, {"times": [0.0], "height": 4800, "width": 64}):
        monkeypatch.setattr(sandbox.Worker, "_read_message", lambda _self, lie=lie: {"frames": lie})
        with pytest.raises(MediaBroken, match="no sense"):
            sample(clip, count=1)
        monkeypatch.undo()
    assert len(sample(clip, count=1)) == 1


SCRIPT = """
import json, os, sys
from gpt4video.tools.media import sandbox
from gpt4video.tools.media.decode import sample
sample(sys.argv[1], count=1)
print(sandbox.worker_pid(), flush=True)
if sys.argv[2] == "stop":
    os.kill(sandbox.worker_pid(), 19)
if sys.argv[2] != "exit":
    sys.stdin.read()
"""


@pytest.mark.parametrize("way", ["exit", "kill"])
def test_the_worker_ends_with_its_parent(clip: Path, way: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(clip), way], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        if way == "kill":
            parent.kill()
        parent.wait(timeout=20)
    deadline = time.monotonic() + 5
    while not _ended(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _ended(worker)


def _ended(process: int) -> bool:
    """Whether a process is gone, or dead and waiting for whoever adopted it."""
    stat = Path(f"/proc/{process}/stat")
    return gone(process) or (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def test_the_worker_knows_no_secrets(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_TOKEN", "hush")
    sandbox.shut_down()
    sample(clip, count=1)
    if Path(f"/proc/{pid()}/environ").exists():
        assert b"hush" not in Path(f"/proc/{pid()}/environ").read_bytes()


CONFINED = """
import json, socket, subprocess, sys
from gpt4video.tools.media.confine import confine
confine(4 << 30)
refused = {}
for name, act in {
    "network": lambda: socket.socket(),
    "program": lambda: subprocess.run(["/bin/true"], check=True),
    "writing": lambda: open(sys.argv[1], "wb", buffering=0).write(b"x"),
}.items():
    try:
        act()
        refused[name] = False
    except OSError:
        refused[name] = True
print(json.dumps(refused))
"""


@linux
def test_a_confined_process_has_no_network_programs_or_files_to_write(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CONFINED, str(tmp_path / "x")], capture_output=True, text=True, timeout=30, check=True
    )
    assert json.loads(done.stdout) == {"network": True, "program": True, "writing": True}


def test_starting_a_worker_is_quick(clip: Path) -> None:
    sandbox.shut_down()
    begin = time.monotonic()
    sandbox.ask({"op": "probe", "path": str(clip), "container": "mp4", "max_pixels": 10**8}, DEFAULT_LIMITS)
    assert time.monotonic() - begin < 3  # 0.3 s on an idle machine; the bound allows for a busy one
