"""The clip memory with several processes at work, and with one that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from gpt4video.memory.vectors import Row, VectorStore

WORKER = """
import sys
from pathlib import Path
import numpy as np
from gpt4video.memory.vectors import Row, VectorStore
store = VectorStore(Path(sys.argv[1]))

def vector(number):
    v = np.random.default_rng(number).standard_normal(32).astype("f")
    return v / np.linalg.norm(v)

print("ready", flush=True)
for line in sys.stdin:
    command, first, count = line.split()
    first, count = int(first), int(count)
    if command == "write":
        rows = [Row(str(n), vector(n), {"batch": first}) for n in range(first, first + count)]
        store.replace("things", {"batch": first}, rows)
        print("written", flush=True)
    else:
        found = [store.query("things", vector(n), 1, {"batch": {"$gte": 0}}) for n in range(first, first + count)]
        right = sum(hits[0].id == str(first + i) for i, hits in enumerate(found) if hits)
        print(right, store.count("things"), flush=True)
"""


class Worker:
    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", WORKER, str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answer()

    def ask(self, command: str) -> None:
        assert self.process.stdin is not None
        print(command, file=self.process.stdin, flush=True)

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def do(self, command: str) -> str:
        self.ask(command)
        return self.answer()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Worker, Worker]]:
    with ExitStack() as stack:
        workers = Worker(tmp_path / "store"), Worker(tmp_path / "store")
        for worker in workers:
            stack.callback(worker.end)
        yield workers


def test_what_one_process_writes_the_other_finds_and_nothing_is_lost(pair: tuple[Worker, Worker]) -> None:
    one, two = pair
    assert one.do("write 0 50") == "written"
    assert two.do("find 0 50") == "50 50"
    # Past Chroma's thresholds for writing its graph to disk, in turns.
    assert two.do("write 1000 1200") == "written"
    assert one.do("find 1000 20") == "20 1250"
    assert one.do("write 3000 1200") == "written"
    one.ask("write 5000 300")
    two.ask("write 6000 300")
    assert (one.answer(), two.answer()) == ("written", "written")
    for worker in pair:
        for first in (0, 1000, 3000, 5000, 6000):
            assert worker.do(f"find {first} 20") == "20 3050"


def test_a_store_whose_writer_was_killed_reads_and_takes_the_same_rows_again(tmp_path: Path) -> None:
    folder = tmp_path / "store"

    def vector(number: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        drawn = np.random.default_rng(number).standard_normal(32).astype(np.float32)
        return drawn / np.linalg.norm(drawn)

    VectorStore(folder).replace("things", {"batch": 0}, [Row(str(n), vector(n), {"batch": 0}) for n in range(20)])
    for patience in (0.02, 0.3):
        worker = Worker(folder)
        worker.ask("write 1000 2500")
        time.sleep(patience)
        os.kill(worker.process.pid, signal.SIGKILL)
        worker.end()
        store = VectorStore(folder)
        assert store.query("things", vector(7), 1, {"batch": 0})[0].id == "7"
        assert store.count("things") >= 20
    worker = Worker(folder)
    assert worker.do("write 1000 2500") == "written"
    assert worker.do("find 1000 30") == "30 2520"
    worker.end()


def test_deleting_rows_is_seen_by_the_other_process(pair: tuple[Worker, Worker]) -> None:
    one, two = pair
    one.do("write 0 30")
    assert two.do("find 0 30") == "30 30"
    one.do("write 0 10")
    assert two.do("find 0 10") == "10 10"
