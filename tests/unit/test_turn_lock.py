"""One turn at a time on a conversation, also where children are forked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from gpt4video.agent.errors import SessionBusy
from gpt4video.agent.sessions import one_turn, thread_key

KEY = thread_key("local", "default")


def test_a_child_that_was_forked_within_a_turn_does_not_keep_it() -> None:
    # In a process of its own, which has no threads that a fork could trip over.
    program = """
import os, sys, tempfile, time
from pathlib import Path
from gpt4video.agent.sessions import one_turn, thread_key
home, key = Path(tempfile.mkdtemp()), thread_key("local", "default")
ended, end = os.pipe()
with one_turn(home, key, None):
    child = os.fork()
    if child == 0:
        os.close(end)
        os.read(ended, 1)
        os._exit(0)
with one_turn(home, key, None):
    print("again")
os.close(end)
os.waitpid(child, 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == "again\n", done.stderr


def test_a_second_turn_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    with one_turn(tmp_path, KEY, None), pytest.raises(SessionBusy), one_turn(tmp_path, KEY, None):
        pass
    with one_turn(tmp_path, KEY, None):
        assert os.listdir(tmp_path / "locks") == [KEY]
