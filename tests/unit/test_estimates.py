"""Rates: guessed, measured, corrected, kept."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from gpt4video.agent.components import Components
from gpt4video.agent.estimates import GUESSES, Estimates, Rates, Work, spell
from gpt4video.agent.nodes import pending_step
from gpt4video.agent.settings import Settings
from gpt4video.tools.generation.double import DrawnGenerator


def test_a_rate_is_what_was_measured_and_follows_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "home" / "rates.json"
    Rates(path).learn("generate x", units=4, seconds=40)
    first = Rates(path).get("generate x")
    assert first is not None
    assert (first.seconds, first.count) == (10.0, 1)
    Rates(path).learn("generate x", units=4, seconds=8)
    second = Rates(path).get("generate x")
    assert second is not None
    assert (second.seconds, second.count) == (6.0, 2)
    assert Rates(path).get("generate y") is None
    assert [entry.name for entry in path.parent.iterdir()] == ["rates.json"]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"generate x": 3}', '{"generate x": {"seconds": -1, "count": 1}}'])
def test_a_damaged_file_counts_as_empty_and_is_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "rates.json"
    path.write_text(content)
    rates = Rates(path)
    assert rates.get("generate x") is None
    rates.learn("generate x", units=1, seconds=2)
    assert rates.get("generate x") is not None


def test_nothing_is_learnt_from_no_work(tmp_path: Path) -> None:
    rates = Rates(tmp_path / "rates.json")
    rates.learn("edit x", units=0, seconds=3)
    assert rates.get("edit x") is None


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.2, "1 s"), (7.6, "8 s"), (41, "40 s"), (89, "90 s"), (170, "3 min"), (9000, "2 h")]
)
def test_seconds_are_told_in_the_grain_of_an_estimate(seconds: float, told: str) -> None:
    assert spell(seconds) == told


@pytest.fixture
def estimates(tmp_path: Path) -> Estimates:
    settings = Settings(home=tmp_path, price_per_second=0.5, price_per_clip=1.0)
    return Components(settings, generator=DrawnGenerator()).estimates


def estimate(estimates: Estimates, tool: str, **args: Any) -> Any:
    row = pending_step({"id": "1", "tool": tool, "args": args})
    return estimates.of(row, {"turn": "t", "user": "u", "request": "r", "uploads": [], "steps": [row]})


def test_before_anything_was_measured_it_is_called_a_guess(estimates: Estimates) -> None:
    told = estimate(estimates, "generate_video", prompt="a ball", seconds=2.0)
    start, each = GUESSES["generate_video"]
    assert told["seconds"] == start + 2 * each
    assert told["guess"]
    assert "guess" in told["text"]


def test_each_generator_has_its_rate_and_time_grows_with_length(estimates: Estimates) -> None:
    estimates.learn(Work("generate_video double", 2.0), 6.0, 2.0)
    estimates.learn(Work("generate_video other", 2.0), 600.0, 2.0)
    told = estimate(estimates, "generate_video", prompt="a ball", seconds=10.0)
    assert (told["seconds"], told["guess"]) == (30.0, False)
    assert told["price"] == 6.0
    assert told["text"] == "about 30 s, for a price of about 6.00"


def test_a_length_that_nobody_asked_for_is_the_one_that_was_made_before(estimates: Estimates) -> None:
    estimates.learn(Work("generate_video double", None), 12.0, 6.0)
    told = estimate(estimates, "generate_video", prompt="a ball")
    assert told["seconds"] == 12.0
    assert told["price"] == 4.0


def test_what_only_reads_or_cannot_be_found_has_no_estimate(estimates: Estimates) -> None:
    assert estimate(estimates, "search_memory", query="a dog") is None
    assert estimate(estimates, "edit_video", clips=["c9"], operations=[{"op": "reverse"}]) is None


def test_conversations_that_measure_at_once_lose_nothing(tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def learn(number: int) -> None:
        start.wait()
        for index in range(25):
            Rates(tmp_path / "rates.json").learn(f"{number} {index}", 1, 2)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(learn, range(8)))
    kept = Rates(tmp_path / "rates.json")
    assert all(kept.get(f"{number} {index}") for number in range(8) for index in range(25))
    assert [one.name for one in tmp_path.iterdir()] == ["rates.json"]
