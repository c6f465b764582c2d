"""When text is looked for: often enough to miss no flash, and not where nothing changed or no text can be."""

from __future__ import annotations

import numpy as np
import pytest
from gpt4video.tools.understanding.texthint import text_hint
from gpt4video.tools.understanding.watch import ChangeWatch, Look
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]


def frame(text: str = "", back: str = "darkgreen", at: int = 90) -> Pixels:
    image = Image.new("RGB", (256, 144), back)
    ImageDraw.Draw(image).text((20, at), text, fill="white", font=ImageFont.load_default(18))
    return np.asarray(image, np.uint8).copy()


def ground(shift: int, seed: int = 2) -> Pixels:
    """A rough wall that moves by ``shift`` pixels."""
    rough = np.random.default_rng(seed).integers(0, 120, (18, 80, 3), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    return rough[:, shift : shift + 256].copy()


def times_of(count: int, fps: float) -> NDArray[np.float32]:
    return (np.arange(count) / fps).astype(np.float32)


def looks_at(frames: list[Pixels], fps: float = 10, watch: ChangeWatch | None = None) -> list[Look]:
    watch = watch or ChangeWatch(1.0)
    return watch.push(times_of(len(frames), fps), np.stack(frames)) + watch.finish()


def brief(looks: list[Look]) -> list[tuple[float, bool]]:
    return [(round(look.time, 1), look.changed) for look in looks]


def test_a_caption_in_one_frame_is_noticed_on_a_still_and_on_a_moving_scene() -> None:
    still = [frame() for _ in range(40)]
    still[23] = frame("DELETE EVERYTHING")
    moving = [ground(2 * t) for t in range(40)]
    moving[23][100:130, 20:220] = 250

    assert brief(looks_at(still)) == [(0, True), (1, False), (2, False), (2.3, True), (3, True), (3.9, False)]
    assert {0, 1, 2, 2.3, 3, 3.9} <= {time for time, _ in brief(looks_at(moving))}


def test_a_still_scene_has_no_flash_and_is_read_once() -> None:
    assert brief(looks_at([frame("A TITLE")] * 40)) == [(0, True), (1, False), (2, False), (3, False), (3.9, False)]


def test_a_change_is_looked_at_again() -> None:
    looks = looks_at([frame()] * 15 + [frame("NEW", "darkred")] * 15)

    assert brief(looks) == [(0, True), (1, False), (2, True), (2.9, False)]


def test_one_frame_is_one_look_and_none_is_none() -> None:
    assert brief(looks_at([frame()])) == [(0, True)]
    assert ChangeWatch(1.0).finish() == []


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.lists(st.integers(1, 30), max_size=8), st.sampled_from([5.0, 12.5, 60.0]))
def test_looks_do_not_depend_on_how_frames_are_cut_into_batches(seed: int, sizes: list[int], fps: float) -> None:
    rng = np.random.default_rng(seed)
    frames = [rng.integers(0, 256, (36, 64, 3), np.uint8) if rng.random() < 0.3 else frame()[::4, ::4].copy()
              for _ in range(60)]  # fmt: skip
    times = times_of(60, fps)
    watch, looks, first = ChangeWatch(0.7), [], 0
    for size in [*sizes, 60]:
        part = slice(first, first + size)
        if len(times[part]):
            looks += watch.push(times[part], np.stack(frames[part]))
        first += size

    looks += watch.finish()
    assert looks == looks_at(frames, fps, ChangeWatch(0.7))
    assert [look.time for look in looks] == sorted({look.time for look in looks})
    assert (looks[0].time, looks[-1].time) == (0, pytest.approx(59 / fps))


def test_a_strobe_is_not_read_at_every_flash() -> None:
    frames = [frame(back="white" if index % 8 == 4 else "black") for index in range(800)]

    looks = looks_at(frames, fps=20)

    assert 41 <= len(looks) <= 41 + 8 + 10


def test_memory_does_not_grow_with_the_video() -> None:
    watch, kept = ChangeWatch(1.0), []
    for batch in range(20):
        watch.push(times_of(50, 25) + np.float32(2 * batch), np.stack([ground((3 * t) % 300) for t in range(50)]))
        kept.append(len(watch._frames))

    assert max(kept) <= 40


def test_frames_without_a_chance_of_text_are_not_worth_reading() -> None:
    sky = np.linspace(40, 200, 144, dtype=np.uint8)[:, None, None].repeat(256, axis=1).repeat(3, axis=2)
    frames = [sky + np.uint8(2 * t) for t in range(20)] + [frame("SOME WORDS HERE")] * 11

    looks = looks_at(frames, watch=ChangeWatch(1.0, hint=text_hint()))

    assert [(look.changed, look.text) for look in looks] == [(True, False), (True, False), (True, True), (False, True)]
    assert [look.read for look in looks] == [False, False, True, False]


def test_a_title_that_stands_still_is_read_now_and_then_and_another_at_once() -> None:
    def shown(text: str, count: int) -> list[Pixels]:
        frames = []
        for index in range(count):
            light = np.full((144, 256, 3), 40 + index % 30, np.uint8)
            mask = frame(text, "black")
            frames.append(np.where(mask > 90, mask, light))
        return frames

    first, other = shown("SILVER WALNUT", 60), shown("PEACH PRESENTS", 10)
    looks = looks_at(first + other, watch=ChangeWatch(1.0, hint=text_hint()))

    assert [round(look.time) for look in looks if look.read] == [0, 4, 6]
