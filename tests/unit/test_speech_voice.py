"""Sound is cut where nobody speaks, and what holds no voice is passed over."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from gpt4video.tools.errors import BackendMissing
from gpt4video.tools.understanding.voice import (
    LONGEST,
    MARGIN,
    PAUSE,
    RATE,
    SHORTEST,
    WINDOW,
    Samples,
    Stretch,
    VoiceCutter,
    silero,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sound_factory import chords, clicks, hum, noise, silence, spoken


def loudness(samples: Samples) -> Samples:
    """A double of the detector: a window has a voice when it is loud."""
    return (np.abs(samples.reshape(-1, WINDOW)).max(axis=1) > 0.5).astype(np.float32)


def drawn(runs: list[tuple[bool, int]]) -> Samples:
    """Loud and quiet windows by turns; each loud sample tells its place."""
    loud = np.repeat([one for one, _ in runs], [count * WINDOW for _, count in runs])
    return np.where(loud, 0.6 + np.arange(len(loud)) % 997 / 4000, 0.0).astype(np.float32)


def stretches(sound: Samples, piece: int, start: float = 0.0) -> list[Stretch]:
    cutter, found = VoiceCutter(loudness), list[Stretch]()
    for begin in range(0, len(sound), piece):
        found += cutter.feed(start + begin / RATE, sound[begin : begin + piece])
    return found + list(cutter.finish())


RUNS = st.lists(st.tuples(st.booleans(), st.integers(1, 400)), max_size=12)


@settings(deadline=None)
@given(RUNS, st.integers(1000, 60 * RATE))
def test_every_word_is_in_one_stretch_and_no_sample_in_two(runs: list[tuple[bool, int]], piece: int) -> None:
    sound = drawn(runs)
    found = stretches(sound, piece)
    covered = np.zeros(len(sound) + 2 * WINDOW, dtype=np.int32)
    for start, samples in found:
        first = round(start * RATE)
        assert len(samples) <= (LONGEST + 2 * MARGIN) * WINDOW
        padded = np.concatenate([sound, np.zeros(2 * WINDOW, dtype=np.float32)])
        assert np.array_equal(samples, padded[first : first + len(samples)])
        covered[first : first + len(samples)] += 1
    assert covered.max(initial=0) <= 1
    loud = np.concatenate([sound > 0, np.zeros(2 * WINDOW, dtype=bool)])
    edges = np.flatnonzero(np.diff(loud.astype(int), prepend=0, append=0)).reshape(-1, 2)
    for begin, end in edges:
        if end - begin >= SHORTEST * WINDOW:
            assert covered[begin:end].all()


@settings(deadline=None)
@given(RUNS, st.integers(4000, 20 * RATE))
def test_the_size_of_the_pieces_changes_nothing(runs: list[tuple[bool, int]], piece: int) -> None:
    """But for the number of pieces: what is heard in one piece is heard in many."""
    sound = drawn(runs)
    whole, cut = stretches(sound, max(1, len(sound))), stretches(sound, piece)
    assert [start for start, _ in whole] == [start for start, _ in cut]
    assert [len(samples) for _, samples in whole] == [len(samples) for _, samples in cut]


def test_pauses_end_a_stretch_and_short_ones_do_not() -> None:
    sound = drawn([(True, 50), (False, PAUSE - 5), (True, 50), (False, PAUSE + 30), (True, 50)])
    first, second = stretches(sound, RATE)
    assert first[0] == 0
    assert len(first[1]) == (100 + PAUSE - 5 + MARGIN) * WINDOW
    assert second[0] == pytest.approx((100 + 2 * PAUSE + 25 - MARGIN) * WINDOW / RATE)


def test_who_speaks_on_is_cut_in_a_pause() -> None:
    sound = drawn([(True, 600), (False, 20), (True, 600)])
    first, second = stretches(sound, 30 * RATE)
    assert len(first[1]) == 610 * WINDOW
    assert second[0] == pytest.approx(610 * WINDOW / RATE)


def test_a_gap_in_the_sound_ends_a_stretch_and_times_go_on() -> None:
    cutter = VoiceCutter(loudness)
    word = drawn([(True, 30)])
    found = [*cutter.feed(1.0, word), *cutter.feed(100.0, word), *cutter.finish()]
    assert [start for start, _ in found] == pytest.approx([1.0, 100.0])


def test_memory_stays_bounded_however_long_it_is() -> None:
    cutter = VoiceCutter(loudness)
    for number in range(40):
        list(cutter.feed(number * 30.0, drawn([(number % 2 == 0, 30 * RATE // WINDOW + 1)])[: 30 * RATE]))
        assert len(cutter._held) <= 60 * RATE


@pytest.mark.parametrize(
    "sound",
    [silence(20), noise(20), noise(20, 1), noise(20, 2), noise(20, 1, 0.003), hum(20), chords(20), clicks(20)],
    ids=["silence", "white", "pink", "brown", "quiet", "hum", "music", "clicks"],
)
def test_the_detector_hears_no_voice_where_there_is_none(sound: Samples) -> None:
    cutter = VoiceCutter(silero())
    assert [*cutter.feed(0.0, sound), *cutter.finish()] == []


@pytest.mark.parametrize("piece", [0.5, 3.0, 30.0])
def test_the_detector_hears_the_voices_and_nothing_else(piece: float) -> None:
    sound = np.concatenate([silence(5), spoken("fox"), noise(6, 1, 0.005), spoken("window"), silence(4)])
    cutter, found = VoiceCutter(silero()), list[Stretch]()
    step = round(piece * RATE)
    for begin in range(0, len(sound), step):
        found += cutter.feed(begin / RATE, sound[begin : begin + step])
    found += cutter.finish()
    fox, window = len(spoken("fox")) / RATE, len(spoken("window")) / RATE
    assert [start for start, _ in found] == pytest.approx([5, 11 + fox], abs=0.5)
    assert [len(samples) / RATE for _, samples in found] == pytest.approx([fox, window], abs=1.0)


def test_without_the_extra_there_is_a_typed_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    monkeypatch.setitem(sys.modules, "faster_whisper.vad", None)
    with pytest.raises(BackendMissing, match=r"gpt4video\[speech\]"):
        silero.__wrapped__()
