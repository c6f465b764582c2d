"""The library when processes die or meet: killed anywhere, opened by several."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gpt4video.memory.ledger import Job
from gpt4video.memory.library import ClipFacts, Library

FACTS = ClipFacts(duration=1, width=2, height=2, fps=1)

WRITER = """
import sys
from pathlib import Path
from gpt4video.memory.library import ClipFacts, Library
home, media = Path(sys.argv[1]), Path(sys.argv[2])
with Library(home, database=sys.argv[4] or None) as library:
    print("ready", flush=True)
    sys.stdin.readline()
    for path in sorted(media.iterdir()):
        library.add(path, ClipFacts(duration=1, width=2, height=2, fps=1))
        job = library.ledger.once(path.name, lambda: 1, lambda made: ({"by": sys.argv[3]}, []), patience=20)
        print(job.result["by"], flush=True)
"""

HOLDER = """
import sys, time
from pathlib import Path
from gpt4video.memory.library import Library
library = Library(Path(sys.argv[1]), database=sys.argv[2] or None)
print(library.ledger.begin("job").state, flush=True)
time.sleep(60)
"""


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.mp4").write_bytes(name.encode() * 1000)
    return folder


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_killed_at_any_point_nothing_is_left_by_half_and_doing_it_again_completes_it(
    tmp_path: Path, media: Path, database: str | None
) -> None:
    script = Path(__file__).with_name("library_crash_child.py")
    command = [sys.executable, str(script), str(tmp_path / "homes"), str(media), database or ""]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 30


def test_two_processes_share_a_library_and_every_job_is_done_once(
    tmp_path: Path, media: Path, database: str | None
) -> None:
    writers = [start(WRITER, tmp_path / "home", media, name, database or "") for name in ("one", "two")]
    for writer in writers:
        assert line(writer) == "ready"
    answers = [writer.communicate("go\n", timeout=60)[0].split() for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert answers[0] == answers[1]
    assert len(answers[0]) == 3
    with Library(tmp_path / "home", database=database) as library:
        assert len(library.clips()) == 3


def test_a_job_is_busy_while_its_process_lives_and_taken_over_when_it_was_killed(
    tmp_path: Path, database: str | None
) -> None:
    with start(HOLDER, tmp_path / "home", database or "") as holder:
        assert line(holder) == "started"
        with Library(tmp_path / "home", database=database) as library:
            assert library.ledger.begin("job") == Job(key="job", state="busy")
            os.kill(holder.pid, signal.SIGKILL)
            holder.wait()
            assert free(library) == Job(key="job", state="started", taken_over=True)


def free(library: Library) -> Job:
    """Begin the job as soon as it is free: a server, or a child, lets go a moment after its holder has died."""
    for _ in range(100):
        job = library.ledger.begin("job")
        if job.state != "busy":
            return job
        time.sleep(0.05)
    raise AssertionError("the job stays busy")


def test_a_forked_worker_does_not_keep_a_dead_parents_jobs(tmp_path: Path, database: str | None) -> None:
    fork = "import os\nif os.fork() == 0:\n    time.sleep(30)\n"
    script = HOLDER.replace("time.sleep(60)", fork + "os.kill(os.getpid(), 9)")
    with start(script, tmp_path / "home", database or "") as holder:
        assert line(holder) == "started"
        assert holder.wait() == -signal.SIGKILL
        with Library(tmp_path / "home", database=database) as library:
            assert free(library).state == "started"
