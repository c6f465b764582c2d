"""Words that are made up where nobody speaks, and how fast sound is listened to.

    python benchmarks/speech.py [--seconds 60] [--threads 2] [--model DIR]

Draws silence, noises, a hum, music and clicks, puts each into a clip, and listens to it as the library does: with the
pinned model and with one of random weights, which says letters for any sound at all. ``words`` should be 0
everywhere. ``unguarded`` are the words of the model on the same sound when it is asked without the voice detector and
its answers are believed: what the guards keep away. Then the recordings of the tests are listened to: the share of
words misheard (substituted, left out, put in), and seconds of sound a second.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from gpt4video.agent.model.artifacts import ArtifactStore
from gpt4video.tools.media.probe import probe
from gpt4video.tools.understanding.speech import Heard, listen
from gpt4video.tools.understanding.whisper import WhisperTranscriber

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from sound_factory import (  # the sounds of the tests
    RATE,
    SAID,
    Samples,
    chords,
    clicks,
    hum,
    misheard,
    noise,
    silence,
    sounding_clip,
    spoken,
    words,
)
from tiny_whisper import whisper


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--model", type=Path, help="a folder of a Whisper model; the pinned one by default")
    options = parser.parse_args()
    folder = options.model or ArtifactStore().folder("speech")
    with TemporaryDirectory() as name:
        scratch = Path(name)
        models = {
            "model": WhisperTranscriber(folder, threads=options.threads),
            "random": WhisperTranscriber(whisper(scratch, sure=30), language="en", threads=options.threads),
        }
        for one in models.values():
            one.transcribe(silence(1))
        report_silence(scratch, models, options.seconds)
        report_speech(scratch, models["model"])


def report_silence(scratch: Path, models: dict[str, WhisperTranscriber], seconds: float) -> None:
    """Words made up about sounds without a voice."""
    sounds = {
        "silence": silence(seconds),
        "white noise": noise(seconds),
        "pink noise": noise(seconds, 1),
        "brown noise": noise(seconds, 2),
        "quiet pink noise": noise(seconds, 1, 0.003),
        "hum": hum(seconds),
        "music": chords(seconds),
        "clicks": clicks(seconds),
    }
    print(f"{seconds:.0f} s of each     words: model random   unguarded: model random   s of sound a second")
    totals = [0, 0]
    for title, sound in sounds.items():
        path = sounding_clip(scratch / "clip.mp4", sound)
        counts, took = [], 0.0
        for one in models.values():
            heard, took = timed(path, one)
            counts.append(spoken_words(" ".join(line.text for line in heard.lines)))
        bare = [unguarded(one, sound[: 30 * RATE]) for one in models.values()]
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        print(f"{title:<18}{counts[0]:>12}{counts[1]:>7}{bare[0]:>19}{bare[1]:>7}{seconds / took:>20.0f}")
    print(f"{'in all':<18}{totals[0]:>12}{totals[1]:>7}")


def report_speech(scratch: Path, model: WhisperTranscriber) -> None:
    """Words misheard of the recordings, clean and with noise, and how fast."""
    pause = silence(3)
    clean = np.concatenate([part for name in SAID for part in (spoken(name), pause)])
    loud = float(np.sqrt((spoken("story") ** 2).mean()))
    said = words(" ".join(SAID.values()))
    for title, decibels in (("clean", None), ("pink noise 20 dB below", 20), ("pink noise 10 dB below", 10)):
        level = 0.0 if decibels is None else loud / 10 ** (decibels / 20)
        sound = clean + noise(len(clean) / RATE, 1, level)[: len(clean)] if level else clean
        path = sounding_clip(scratch / "speech.mp4", sound)
        heard, took = timed(path, model)
        wrong = misheard(said, words(" ".join(line.text for line in heard.lines)))
        length = len(clean) / RATE
        print(
            f"speech, {title:<24} {wrong} of {len(said)} words misheard ({wrong / len(said):.0%}), "
            f"{length:.0f} s in {took:.1f} s: {length / took:.1f} s of sound a second"
        )


def timed(path: Path, model: WhisperTranscriber) -> tuple[Heard, float]:
    """What is heard, and the seconds it took."""
    info = probe(path)
    begin = time.perf_counter()
    heard = listen(path, info, model)
    return heard, time.perf_counter() - begin


def unguarded(model: WhisperTranscriber, sound: Samples) -> int:
    """Words of the bare model on a sound, with every answer believed."""
    segments, _ = model._model.transcribe(
        sound, language="en", beam_size=2, temperature=0.0, condition_on_previous_text=False,
        no_speech_threshold=None, log_prob_threshold=None, compression_ratio_threshold=None,
    )  # fmt: skip
    return spoken_words(" ".join(segment.text for segment in segments))


def spoken_words(text: str) -> int:
    """How many words; a run of letters without spaces counts as one."""
    return len(re.findall(r"\w+", text))


if __name__ == "__main__":
    main()
