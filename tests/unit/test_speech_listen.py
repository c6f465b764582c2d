"""What is said in a clip: subtitles first, then what is heard; whatever is missing is told, and is no error."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from gpt4video.tools.errors import BackendMissing
from gpt4video.tools.media.probe import probe
from gpt4video.tools.media.subtitles import Spoken
from gpt4video.tools.understanding.speech import Heard, Transcriber, listen
from gpt4video.tools.understanding.voice import RATE, Samples
from gpt4video.tools.understanding.whisper import without_loops
from media_factory import index_clip
from sound_factory import chords, noise, silence, sounding_clip, spoken, titled_clip

SCRIPT = "1\n00:00:00,500 --> 00:00:01,500\nFrom beside\n"


class Notebook:
    """A double of a transcriber: it writes down what it is given, and says that somebody spoke throughout."""

    name = "notebook"

    def __init__(self) -> None:
        self.given: list[Samples] = []

    def transcribe(self, samples: Samples) -> list[Spoken]:
        self.given.append(samples)
        return [Spoken(0.1, len(samples) / RATE, f"words {len(self.given)}", 0.9, "speech")]


class Unloadable:
    """A double of a transcriber whose model is not to be had."""

    name = "unloadable"

    def transcribe(self, samples: Samples) -> list[Spoken]:
        raise BackendMissing("The speech model x/y cannot be pulled.", "Check the connection.")


def heard(path: Path, transcriber: Transcriber | None = None, sidecar: Path | None = None) -> Heard:
    return listen(path, probe(path), transcriber, sidecar=sidecar)


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sound = np.concatenate([silence(3), spoken("fox"), silence(5), spoken("window"), silence(2)])
    return sounding_clip(tmp_path_factory.mktemp("talking") / "clip.mp4", sound)


def test_a_subtitle_file_beside_comes_before_the_track_and_the_sound(tmp_path: Path) -> None:
    path = titled_clip(tmp_path / "clip.mkv", [(1.0, 2.0, "From within")], "srt")
    (tmp_path / "clip.srt").write_text(SCRIPT)
    notebook = Notebook()
    found = heard(path, notebook, tmp_path / "clip.srt")
    assert [line.text for line in found.lines] == ["From beside"]
    assert "beside the file" in found.note
    assert [line.text for line in heard(path, notebook).lines] == ["From within"]
    assert "in the file" in heard(path, notebook).note
    assert notebook.given == []


def test_an_unreadable_subtitle_file_is_told_and_the_next_source_is_used(tmp_path: Path) -> None:
    path = titled_clip(tmp_path / "clip.mkv", [(1.0, 2.0, "From within")], "srt")
    (tmp_path / "clip.srt").symlink_to("/etc/hostname")
    found = heard(path, sidecar=tmp_path / "clip.srt")
    assert [line.text for line in found.lines] == ["From within"]
    assert "could not be read" in found.note
    (tmp_path / "empty.srt").write_text("no times here")
    found = heard(path, sidecar=tmp_path / "empty.srt")
    assert [line.text for line in found.lines] == ["From within"]
    assert "no subtitle with a time" in found.note


def test_lines_after_the_picture_are_left_out_and_counted(tmp_path: Path) -> None:
    path = titled_clip(tmp_path / "clip.mkv", [(1.0, 9.0, "Now"), (20.0, 21.0, "Then")], "srt", seconds=3)
    found = heard(path)
    assert [(line.start, line.end, line.text) for line in found.lines] == [
        (1.0, pytest.approx(probe(path).duration), "Now")
    ]
    assert "1 of its lines" in found.note


def test_the_transcriber_gets_the_voices_and_its_times_become_the_clips(talking: Path) -> None:
    notebook = Notebook()
    found = heard(talking, notebook)
    fox, window = len(spoken("fox")) / RATE, len(spoken("window")) / RATE
    assert [len(samples) / RATE for samples in notebook.given] == pytest.approx([fox, window], abs=1)
    assert [line.start for line in found.lines] == pytest.approx([3, 8 + fox], abs=0.5)
    assert [line.text for line in found.lines] == ["words 1", "words 2"]
    assert "heard by a speech model" in found.note


def test_sound_that_begins_later_is_heard_at_its_time(tmp_path: Path) -> None:
    path = sounding_clip(tmp_path / "clip.mkv", spoken("fox"), delay=7, codec="pcm_s16le", seconds=12)
    (line,) = heard(path, Notebook()).lines
    assert line.start == pytest.approx(7, abs=0.5)


@pytest.mark.parametrize("sound", [silence(8), noise(8, 1), chords(8)], ids=["silence", "noise", "music"])
def test_without_a_voice_the_transcriber_is_not_asked(tmp_path: Path, sound: Samples) -> None:
    notebook = Notebook()
    found = heard(sounding_clip(tmp_path / "clip.mp4", sound), notebook)
    assert (found.lines, notebook.given) == ((), [])
    assert "Nobody speaks" in found.note


def test_a_clip_without_sound_says_so(tmp_path: Path) -> None:
    assert heard(index_clip(tmp_path / "clip.mp4"), Notebook()) == Heard((), "There is no sound track.")


def test_no_model_is_told_and_is_no_error(talking: Path) -> None:
    found = heard(talking)
    assert found.lines == ()
    assert "name a speech model" in found.note
    assert "install" not in found.note
    found = heard(talking, Unloadable())
    assert found.lines == ()
    assert "cannot be pulled" in found.note
    assert "Everything else goes on" in found.note


def test_no_extra_is_told_and_is_no_error(talking: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gpt4video.tools.understanding.voice import silero

    for name in ("faster_whisper", "faster_whisper.vad"):
        monkeypatch.setitem(sys.modules, name, None)
    silero.cache_clear()
    for transcriber in (None, Notebook()):
        found = heard(talking, transcriber)
        assert found.lines == ()
        assert 'pip install "gpt4video[speech]"' in found.note


def test_bitmap_subtitles_are_told_and_the_sound_is_listened_to(tmp_path: Path) -> None:
    path = titled_clip(tmp_path / "clip.mkv", [(1.0, 2.0, "x")], "dvdsub")
    found = heard(path, Notebook())
    assert "pictures" in found.note
    assert "no sound track" in found.note


def test_sound_that_breaks_keeps_what_was_heard(tmp_path: Path) -> None:
    sound = np.concatenate([spoken("fox"), silence(4), spoken("window")])
    path = sounding_clip(tmp_path / "clip.mkv", sound, codec="pcm_s16le")
    data = bytearray(path.read_bytes())
    data[len(data) * 6 // 10 : len(data) * 9 // 10] = bytes(len(data) * 9 // 10 - len(data) * 6 // 10)
    path.write_bytes(data)
    assert heard(path, Notebook()).lines[0].text == "words 1"


def test_whoever_waits_is_told_how_far_it_is_and_may_stop_it(talking: Path) -> None:
    seconds: list[float] = []
    listen(talking, probe(talking), Notebook(), tick=seconds.append)
    assert seconds[-1] == pytest.approx(probe(talking).duration, abs=0.2)

    def stop(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        listen(talking, probe(talking), Notebook(), tick=stop)


def line(text: str) -> Spoken:
    return Spoken(0.0, 1.0, text, 0.9, "speech")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (["Hello.", "Hello!", "hello", "Hello."], ["Hello.", "Hello!"]),
        (["no, no, no, no, no, no"], []),
        (["go on and go on and go on and go on and go on and"], []),
        (["no, no, no."], ["no, no, no."]),
        (["a", "b", "a", "b"], ["a", "b", "a", "b"]),
        (["..."], []),
    ],
)
def test_what_goes_round_in_circles_is_left_out(said: list[str], kept: list[str]) -> None:
    assert [one.text for one in without_loops([line(text) for text in said])] == kept
