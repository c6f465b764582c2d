"""What every transcriber keeps to, with a random model and with the pinned one."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gpt4video.tools.errors import BackendMissing
from gpt4video.tools.media.probe import probe
from gpt4video.tools.understanding.speech import Transcriber, listen
from gpt4video.tools.understanding.voice import RATE, Samples
from gpt4video.tools.understanding.whisper import WhisperTranscriber
from sound_factory import SAID, chords, misheard, noise, silence, sounding_clip, spoken, words
from tiny_whisper import whisper


@pytest.fixture(scope="module")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whisper(tmp_path_factory.mktemp("random"), sure=30)


@pytest.fixture(scope="module")
def pinned(model_path: Callable[[str], Path]) -> WhisperTranscriber:
    return WhisperTranscriber(model_path("speech"), threads=1)


@pytest.fixture(scope="module", params=["random", "pinned"])
def transcriber(request: pytest.FixtureRequest, random_model: Path, pinned: WhisperTranscriber) -> Transcriber:
    return pinned if request.param == "pinned" else WhisperTranscriber(random_model, language="en", threads=1)


@pytest.mark.parametrize(
    "sound", [spoken("window"), noise(3), silence(0.2), noise(0.01), spoken("fox") * 0.02], ids=range(5)
)
def test_lines_lie_in_the_sound_and_hold_words(transcriber: Transcriber, sound: Samples) -> None:
    for line in transcriber.transcribe(sound):
        assert 0 <= line.start < line.end <= len(sound) / RATE + 0.2
        assert line.text.strip()
        assert line.text.isprintable()
        assert 0 <= line.score <= 1
        assert line.source == "speech"


def test_the_same_sound_gives_the_same_lines(transcriber: Transcriber) -> None:
    assert transcriber.transcribe(spoken("fox")) == transcriber.transcribe(spoken("fox"))


def test_names_tell_settings_apart(random_model: Path) -> None:
    names = {WhisperTranscriber(random_model, language=one).name for one in (None, "en")}
    assert len(names | {WhisperTranscriber("other/model").name}) == 3


def test_a_model_that_makes_letters_up_is_not_believed(random_model: Path, tmp_path: Path) -> None:
    unsure = whisper(tmp_path, sure=1)
    for folder in (random_model, unsure):
        assert WhisperTranscriber(folder, language="en", threads=1).transcribe(noise(5)) == []


def test_the_pinned_model_hears_what_is_said_and_when(pinned: WhisperTranscriber, tmp_path: Path) -> None:
    sound = np.concatenate([silence(4), spoken("fox"), chords(6) * 0.2, spoken("window"), silence(3)])
    path = sounding_clip(tmp_path / "clip.mp4", sound)
    found = listen(path, probe(path), pinned)
    said = words(f"{SAID['fox']} {SAID['window']}")
    assert misheard(said, words(" ".join(line.text for line in found.lines))) <= 3
    fox = len(spoken("fox")) / RATE
    assert found.lines[0].start == pytest.approx(4, abs=0.5)
    dinner = next(line for line in found.lines if "dinner" in line.text)
    assert dinner.start == pytest.approx(4 + fox + 6 + 4.2, abs=0.7)
    assert "may be wrong" in found.note


def test_no_word_is_lost_or_doubled_where_long_speech_is_cut(pinned: WhisperTranscriber, tmp_path: Path) -> None:
    """More than half a minute without a pause of two seconds: two stretches, and two pieces of sound."""
    assert len(spoken("story")) / RATE > 30
    path = sounding_clip(tmp_path / "clip.mkv", spoken("story"), codec="pcm_s16le")
    found = listen(path, probe(path), pinned)
    said = words(SAID["story"])
    assert misheard(said, words(" ".join(line.text for line in found.lines))) <= len(said) // 10
    assert all(later.start >= line.end - 0.3 for line, later in zip(found.lines, found.lines[1:], strict=False))


def test_folders_that_hold_no_model_are_typed_errors(random_model: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    pickled = tmp_path / "pickled"
    shutil.copytree(random_model, pickled)
    (pickled / "model.bin").write_bytes(pickle.dumps({"weights": 1}))
    cut = tmp_path / "cut"
    shutil.copytree(random_model, cut)
    (cut / "model.bin").write_bytes((random_model / "model.bin").read_bytes()[:5000])
    untold = tmp_path / "untold"
    shutil.copytree(random_model, untold)
    (untold / "tokenizer.json").write_text("{}")
    for folder, reason in (
        (empty, "lacks model.bin"),
        (pickled, "no Whisper model"),
        (cut, "cannot be loaded"),
        (untold, "cannot be loaded"),
        (tmp_path / "nowhere", "no folder"),
    ):
        with pytest.raises(BackendMissing, match=reason):
            WhisperTranscriber(folder).transcribe(silence(1))


def test_a_hub_that_cannot_be_reached_is_told_and_everything_else_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    absent = WhisperTranscriber("nobody/no-such-model")
    with pytest.raises(BackendMissing, match="cannot be pulled"):
        absent.transcribe(spoken("fox"))
    path = sounding_clip(tmp_path / "clip.mp4", spoken("fox"))
    found = listen(path, probe(path), absent)
    assert found.lines == ()
    assert "cannot be pulled" in found.note
    assert "Everything else goes on" in found.note
