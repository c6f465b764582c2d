"""Fixtures that several unit tests share: clips whose frames name themselves, and a context to edit them in."""

from __future__ import annotations

from pathlib import Path

import pytest
from editing_bench import Context, draw_clips


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return draw_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def context(tmp_path: Path, clips: dict[str, Path]) -> Context:
    return Context(tmp_path, clips)
