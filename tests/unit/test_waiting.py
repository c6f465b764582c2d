"""Waiting for pipes."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator

import pytest
from gpt4video.tools.media.waiting import READ, WRITE, ready

HIGH = 1500
"""Beyond what ``select()`` can watch."""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The two ends of a pipe, as a process has them that has many files open."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], 2 * HIGH), before[1]))
    low = os.pipe()
    high = (os.dup2(low[0], HIGH), os.dup2(low[1], HIGH + 1))
    try:
        yield high
    finally:
        for one in (*low, *high):
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_it_waits_for_what_can_be_read_or_written_among_many_open_files(pipe: tuple[int, int]) -> None:
    source, target = pipe
    assert not ready(source, READ, 0.05)
    assert ready(target, WRITE, 5)
    os.write(target, b"x")
    assert ready(source, READ, 5)
    assert not ready(source, READ, 0)
    assert not ready(source, READ, -1)


def test_the_end_of_a_pipe_can_be_read() -> None:
    source, target = os.pipe()
    os.close(target)
    try:
        assert ready(source, READ, 5)
        assert os.read(source, 1) == b""
    finally:
        os.close(source)
