"""Shared fixtures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gpt4video.agent.model.artifacts import ArtifactStore
from postgres_server import PostgresServer, running_postgres

if "PYTEST_XDIST_WORKER" in os.environ:
    # Before anything loads torch, and for child processes too: workers that each use every core wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def model_path() -> Callable[[str], Path]:
    """The folder of a pinned artifact, pulled through the registry when it is not in the cache."""
    return ArtifactStore().folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A Postgres server, started when the first test wants it."""
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.server)])
def database(request: pytest.FixtureRequest) -> str | None:
    """Where a library's rows lie: a file in its folder (None), or a new database of Postgres."""
    if request.param == "sqlite":
        return None
    url: str = request.getfixturevalue("postgres").fresh()
    return url


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Torch on one thread: tiny networks only wait for each other on more."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
