"""Films of many pieces: hundreds work, in reels, with few files open and every frame and sound in its place."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from editing_bench import Context, shown
from gpt4video.tools.base import MediaOutput, Source
from gpt4video.tools.editing import film, render
from gpt4video.tools.editing.film import MOST_FADED, REEL, reels
from gpt4video.tools.editing.operations import Color, Operation, Reverse
from gpt4video.tools.editing.render import Editor, Part
from gpt4video.tools.errors import BadArguments, OutOfResources
from gpt4video.tools.media import ffmpeg
from gpt4video.tools.media.decode import sample
from gpt4video.tools.media.ffmpeg import Input, run_ffmpeg
from gpt4video.tools.media.probe import probe
from hypothesis import given
from hypothesis import strategies as st
from media_factory import clicking_clip, clicks, read_indices, read_sound


def part(clip: Path, first: int, past: int, *operations: Operation, rate: float = 10, crossfade: float = 0.0) -> Part:
    return Part(Source(clip=clip.stem, path=clip, start=first / rate, end=past / rate), operations, crossfade)


def assemble(context: Context, parts: Sequence[Part]) -> MediaOutput:
    return Editor(context.workdir, context.sources, context.progress).assemble(parts)


@given(st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.5]), min_size=1, max_size=300))
def test_reels_hold_every_piece_once_and_begin_with_a_cut(crossfades: list[float]) -> None:
    found = reels(crossfades)
    assert [place for each in found for place in each] == list(range(len(crossfades)))
    assert all(not crossfades[each.start] for each in found[1:])
    for each in found:
        assert len(each) <= REEL or all(crossfades[place] for place in each[1:])


def test_too_many_in_a_row_that_fade_are_refused() -> None:
    assert len(reels([0.5] * MOST_FADED)) == 1
    with pytest.raises(BadArguments, match=r"65 pieces in a row.*64 are the limit") as caught:
        reels([0.0] * 3 + [0.5] * MOST_FADED)
    assert "cut" in caught.value.remedy


def test_five_hundred_pieces_are_joined_with_few_files_open(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []

    def counted(args: Sequence[str], *, inputs: Sequence[Input], **options: Any) -> None:
        opened.append(len(inputs))
        run_ffmpeg(args, inputs=inputs, **options)

    for module in (render, film):
        monkeypatch.setattr(module, "run_ffmpeg", counted)
    brighter = Color(effect="brightness", amount=1.02)
    parts = [part(context.clips["plain"], n % 58, n % 58 + 2, brighter) for n in range(500)]
    output = assemble(context, parts)
    assert max(opened) <= REEL
    assert [path.name for path in context.workdir.iterdir()] == [output.path.name]
    info = probe(output.path)
    assert (info.duration, info.frames) == (pytest.approx(100, abs=0.01), 1000)
    wanted = [n % 58 + place for n in range(500) for place in (0, 1)]
    assert read_indices(sample(output.path, count=1000).images) == wanted


def test_reels_of_unlike_pieces_keep_their_sound_in_time(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film, "REEL", 2)
    click = clicking_clip(tmp_path / "click.mp4", 60)
    silent = context.clips["quarters"]
    parts = [
        part(silent, 0, 5),
        part(click, 5, 15),
        part(context.clips["wide"], 0, 10, rate=20),
        part(click, 15, 25),
        part(click, 25, 35, crossfade=0.2),
        part(click, 8, 18, Reverse()),
    ]
    output = assemble(context, parts)
    info = probe(output.path)
    assert (info.width, info.height, info.fps) == (64, 48, 10)
    assert info.duration == pytest.approx(0.5 + 1 + 0.5 + 1.8 + 1, abs=0.01)
    samples, rate = read_sound(output.path)
    tone = np.array(samples)
    tone[int(1.45 * rate) : int(2.05 * rate)] = 0  # the sound of the wide clip
    heard = [time for time in clicks(tone, rate) if time > 0.02]
    assert heard == pytest.approx([1.0, 2.5, 3.3, 4.59], abs=0.02)


def test_a_film_of_like_pieces_is_copied(context: Context) -> None:
    clip = context.clips["plain"]
    output = assemble(context, [part(clip, 12, 24), part(clip, 0, 12), part(clip, 36, 60)])
    assert output.notes == ["Copied without loss."]
    assert shown(output) == [*range(12, 24), *range(12), *range(36, 60)]


@pytest.mark.parametrize("after", [0, 3])
def test_an_encoder_killed_between_reels_leaves_nothing(
    context: Context, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(film, "REEL", 1)
    runs: list[int] = []

    def kill(pid: int) -> None:
        runs.append(pid)
        if len(runs) > after:
            os.kill(pid, signal.SIGKILL)

    monkeypatch.setattr(ffmpeg, "_limit_memory", kill)
    parts = [part(context.clips["sound"], n, n + 3, Reverse()) for n in range(3)]
    with pytest.raises(OutOfResources):
        assemble(context, parts)
    assert len(runs) == after + 1
    assert not list(context.workdir.iterdir())
