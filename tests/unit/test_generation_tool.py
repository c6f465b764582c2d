"""``generate_video``: what it asks of the generator, what it writes, what it records."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from gpt4video.tools.base import Source
from gpt4video.tools.errors import BadArguments, Cancelled
from gpt4video.tools.generation.arguments import GenerateArguments
from gpt4video.tools.generation.base import Capabilities, GenerationRequest
from gpt4video.tools.generation.double import DrawnGenerator
from gpt4video.tools.generation.tool import GenerateVideo
from gpt4video.tools.media.probe import probe


@dataclass
class Context:
    workdir: Path
    known: dict[str, Source] = field(default_factory=dict)
    fractions: list[float] = field(default_factory=list)
    stop_after: float = 2.0

    def sources(self, ref: str) -> list[Source]:
        return [self.known[ref]] if ref in self.known else []

    def progress(self, fraction: float, note: str = "") -> None:
        self.fractions.append(fraction)
        if fraction > self.stop_after:
            raise Cancelled("Stopped.", "Ask again.")


STREET = Source(clip="abc", path=Path("street.mp4"), description="a city street")


def frames(_: Source) -> np.ndarray:
    return np.full((4, 32, 48, 3), 77, np.uint8)


def test_it_writes_a_clip_that_plays_and_records_how_it_was_made(tmp_path: Path) -> None:
    generator = DrawnGenerator()
    context = Context(tmp_path)
    tool = GenerateVideo(lambda: generator)
    [output] = tool.run(GenerateArguments(prompt="video of a red ball", seconds=1.5, seed=4), context).outputs
    assert probe(output.path).duration == pytest.approx(1.5, abs=0.05)
    assert (output.operation, output.model, output.seed, output.prompt) == ("generate", "double", 4, "a red ball")
    assert output.arguments["seconds"] == 1.5
    assert output.parents == []
    assert output.notes == ["drawn by the test double"]
    assert context.fractions == sorted(context.fractions)
    assert context.fractions[-1] == 1.0


def test_a_seed_is_drawn_and_recorded_when_none_is_given(tmp_path: Path) -> None:
    generator = DrawnGenerator()
    tool = GenerateVideo(lambda: generator)
    seeds = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        [output] = tool.run(GenerateArguments(prompt="a dog", seconds=0.5), Context(tmp_path / name)).outputs
        assert output.seed == generator.calls[-1].seed == output.arguments["seed"]
        seeds.add(output.seed)
    assert len(seeds) == 2


@pytest.mark.parametrize(
    ("can", "check"),
    [
        (Capabilities(True, True, True), lambda r: r.video is not None and r.image is None),
        (Capabilities(True, True, False), lambda r: r.video is None and r.image is not None),
        (Capabilities(True, False, False), lambda r: r.video is None and r.image is None),
    ],
)
def test_like_starts_from_what_the_generator_can_take(
    tmp_path: Path, can: Capabilities, check: Callable[[GenerationRequest], bool]
) -> None:
    generator = DrawnGenerator(capabilities=can)
    context = Context(tmp_path, {"c1": STREET})
    tool = GenerateVideo(lambda: generator, frames)
    [output] = tool.run(GenerateArguments(prompt="at night", like="c1", seconds=0.5), context).outputs
    assert output.prompt == "a city street at night"
    assert output.parents == ["abc"]
    assert check(generator.calls[0])


def test_like_a_clip_that_is_not_there_is_refused_before_the_generator(tmp_path: Path) -> None:
    generator = DrawnGenerator()
    tool = GenerateVideo(lambda: generator, frames)
    with pytest.raises(BadArguments, match="no clip"):
        tool.run(GenerateArguments(prompt="at night", like="c9"), Context(tmp_path))
    assert generator.calls == []


def test_cancelling_leaves_no_clip(tmp_path: Path) -> None:
    generator = DrawnGenerator()
    with pytest.raises(Cancelled):
        GenerateVideo(lambda: generator).run(GenerateArguments(prompt="a dog"), Context(tmp_path, stop_after=0.3))
    assert list(tmp_path.iterdir()) == []


def test_cancelling_while_it_is_written_leaves_no_clip(tmp_path: Path) -> None:
    context = Context(tmp_path, stop_after=0.95)
    with pytest.raises(Cancelled):
        GenerateVideo(DrawnGenerator).run(GenerateArguments(prompt="a dog"), context)
    assert max(context.fractions) <= 1.0
    assert list(tmp_path.iterdir()) == []


def test_the_double_keeps_a_log_that_other_processes_can_read(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    DrawnGenerator(log).generate(GenerationRequest(prompt="a \ud800 dog", seed=2))
    with pytest.raises(BadArguments):
        DrawnGenerator(log).generate(GenerationRequest(prompt=" "))
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert lines == [{"prompt": "a \ud800 dog", "seed": 2, "image": False, "video": False}]


@pytest.mark.parametrize(
    "fault",
    [
        {"seconds": 0},
        {"fps": -1},
        {"strength": 0},
        {"steps": 0},
        {"width": 3},
        {"image": np.zeros((4, 4), np.uint8)},
        {"video": np.zeros((4, 4, 3), np.uint8)},
        {"image": np.zeros((4, 4, 3), np.float32)},
    ],
)
def test_impossible_requests_are_refused_with_a_remedy(fault: dict[str, object]) -> None:
    with pytest.raises(BadArguments) as caught:
        GenerationRequest(prompt="a dog", **fault)  # type: ignore[arg-type]
    assert caught.value.remedy
