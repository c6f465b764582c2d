"""Logs of projects: added to by one at a time, kept over processes, each user's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gpt4video.memory.errors import NotStorable, ProjectChanged, ProjectInvalid, ProjectUnknown
from gpt4video.memory.library import Library


def bodies(library: Library, name: str, user: str = "local") -> list[object]:
    return [json.loads(text) for text in library.projects.entries(name, user=user)]


def test_a_log_is_kept_in_order_and_found_by_the_next_process(tmp_path: Path, database: str | None) -> None:
    with Library(tmp_path / "home", database=database) as library:
        assert library.projects.create("holiday")
        assert not library.projects.create("holiday")
        assert library.projects.append("holiday", [{"a": 1}, {"a": 2}], after=0) == 2
        assert library.projects.append("holiday", [{"a": 3}], after=2) == 3
    with Library(tmp_path / "home", database=database) as library:
        assert bodies(library, "holiday") == [{"a": 1}, {"a": 2}, {"a": 3}]
        library.projects.create("empty")
        assert {row.name: row.entries for row in library.projects.all()} == {"holiday": 3, "empty": 0}


def test_who_has_not_seen_the_last_entry_adds_none(tmp_path: Path, database: str | None) -> None:
    with Library(tmp_path / "home", database=database) as library:
        library.projects.create("p")
        library.projects.append("p", [1], after=0)
        with pytest.raises(ProjectChanged) as caught:
            library.projects.append("p", [2], after=0)
        with pytest.raises(NotStorable):
            library.projects.append("p", [3, float("nan")], after=1)
        assert caught.value.remedy
        assert bodies(library, "p") == [1]


def test_users_have_projects_of_their_own_and_forget_them_whole(tmp_path: Path, database: str | None) -> None:
    with Library(tmp_path / "home", database=database) as library:
        for user in ("alice", "bob"):
            library.projects.create("film", user=user)
            library.projects.append("film", [user], after=0, user=user)
        library.projects.forget("film", user="alice")
        assert bodies(library, "film", "bob") == ["bob"]
        with pytest.raises(ProjectUnknown):
            library.projects.entries("film", user="alice")
        library.projects.create("film", user="alice")
        assert bodies(library, "film", "alice") == []
        for name in ("", "  ", "x" * 81):
            with pytest.raises(ProjectInvalid):
                library.projects.create(name)
        with pytest.raises(ProjectUnknown):
            library.projects.append("nothing", [1], after=0)
