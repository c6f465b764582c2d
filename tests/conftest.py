"""Shared fixtures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gpt4video.agent.model.artifacts import ArtifactStore


@pytest.fixture(scope="session")
def model_path() -> Callable[[str], Path]:
    """The folder of a pinned artifact, pulled through the registry when it is not in the cache."""
    return ArtifactStore().folder
