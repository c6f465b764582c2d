"""Whisper as a transcriber, with what keeps it from making words up."""

from __future__ import annotations

import math
import re
import struct
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendMissing
from ..media.cues import MOST_CHARACTERS, cleaned
from ..media.subtitles import Spoken
from .voice import INSTALL, RATE

# Whisper's own thresholds (Radford et al. 2022, section 4.5), each a reason of its own to distrust a segment.
LEAST_LOGPROB: Final = -1.0
MOST_COMPRESSED: Final = 2.4
SILENT: Final = 0.6
SILENT_LOGPROB: Final = -0.5
SHORTEST: Final = 0.1  # seconds a line lasts at least
LONGEST_LINE: Final = 12.0  # seconds
LONGEST_GAP: Final = 0.7  # seconds between two words of a line
FEWEST_WORDS: Final = 3  # before a full stop ends a line: "Mr." does not
_LOOP: Final = re.compile(r"\b(.{1,60}?)(?:[\s,.!?;:-]+\1\b){4,}", re.IGNORECASE)  # said five times or more on end
_HUB: Final = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+?)(@(?P<revision>[\w.-]+))?")
_FILES: Final = ("model.bin", "config.json", "tokenizer.json")


class WhisperTranscriber:
    """Whisper (Radford et al. 2022, arXiv 2212.04356) in CTranslate2's format, by faster-whisper, on the CPU in int8.

    ``model`` is a folder with ``model.bin``, ``config.json`` and ``tokenizer.json``, or the id of such a model on the
    hub (``ORG/NAME`` or ``ORG/NAME@REVISION``), which is pulled when it is first needed. Nothing is loaded before.
    """

    def __init__(self, model: Path | str, *, language: str | None = None, beams: int = 2, threads: int = 0) -> None:
        """Take the settings.

        Args:
            model: folder or hub id.
            language: its code, such as ``en``; told from each stretch by default.
            beams: width of the search.
            threads: of the processor; 0 is CTranslate2's choice.
        """
        self._source, self._language, self._beams, self._threads = model, language, beams, threads
        self._model: Any = None
        self._lock = Lock()

    @property
    def name(self) -> str:
        """See :class:`~.speech.Transcriber`."""
        weights = Path(self._source) / "model.bin"
        source = f"{weights.parent.name}-{weights.stat().st_size}" if weights.is_file() else self._source
        return f"whisper:{source}:{self._language or 'any'}:{self._beams}"

    def transcribe(self, samples: NDArray[np.float32]) -> list[Spoken]:
        """See :class:`~.speech.Transcriber`. Segments that Whisper would distrust are left out, and so are loops."""
        with self._lock:
            if self._model is None:
                self._model = _load(self._source, self._threads)
            try:
                segments, _ = self._model.transcribe(
                    np.pad(samples, (0, max(0, RATE - len(samples)))),  # the alignment fails on next to nothing
                    language=self._language,
                    beam_size=self._beams,
                    temperature=0.0,
                    condition_on_previous_text=False,
                    no_speech_threshold=SILENT,
                    log_prob_threshold=LEAST_LOGPROB,
                    compression_ratio_threshold=MOST_COMPRESSED,
                    word_timestamps=True,
                )
                segments = list(segments)
            except (RuntimeError, ValueError, IndexError) as error:
                raise BackendMissing(
                    f"The speech model {self._source} fails ({str(error)[:200]}).", "Choose another speech model."
                ) from error
        seconds = len(samples) / RATE
        return without_loops([line for one in segments if _is_trusted(one) for line in _lines(one, seconds)])


def without_loops(lines: list[Spoken]) -> list[Spoken]:
    """Lines but for those that a speech model makes up when it goes round in circles.

    Those are lines that say the same thing five times on end, and the third and later ones of equal lines in a row.
    """
    kept: list[Spoken] = []
    said: list[str] = []
    for line in lines:
        words = re.sub(r"\W+", " ", line.text).strip().lower()
        if words and not _LOOP.search(line.text) and said[-2:] != [words, words]:
            kept.append(line)
        said.append(words)
    return kept


def _is_trusted(segment: Any) -> bool:
    silent = segment.no_speech_prob > SILENT and segment.avg_logprob < SILENT_LOGPROB
    unsure = segment.avg_logprob < LEAST_LOGPROB or segment.compression_ratio > MOST_COMPRESSED
    return not (silent or unsure) and bool(cleaned(segment.text))


def _lines(segment: Any, seconds: float) -> list[Spoken]:
    """A segment sentence by sentence: Whisper's own may be half a minute long, and a moment is to be found."""
    lines: list[list[Any]] = [[]]
    for word in segment.words or []:
        line = lines[-1]
        if line and (
            word.start - line[-1].end > LONGEST_GAP
            or word.end - line[0].start > LONGEST_LINE
            or (len(line) >= FEWEST_WORDS and line[-1].word.rstrip().endswith((".", "?", "!")))
        ):
            lines.append([])
        lines[-1].append(word)
    if not lines[0]:
        return [_spoken(segment.start, segment.end, segment.text, math.exp(segment.avg_logprob), seconds)]
    spoken = [
        _spoken(line[0].start, line[-1].end, "".join(word.word for word in line), _sureness(line), seconds)
        for line in lines
    ]
    return [line for line in spoken if line.text]


def _sureness(words: list[Any]) -> float:
    return sum(float(word.probability) for word in words) / len(words)


def _spoken(start: float, end: float, text: str, score: float, seconds: float) -> Spoken:
    """A line within a stretch of so many seconds."""
    start = min(max(0.0, float(start)), max(0.0, seconds - SHORTEST))
    end = max(min(float(end), seconds), start + SHORTEST)
    return Spoken(start, end, cleaned(text)[:MOST_CHARACTERS], min(max(score, 0.0), 1.0), "speech")


def _load(source: Path | str, threads: int) -> Any:
    """The model, from a folder that was checked. Raises ``BackendMissing``."""
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise BackendMissing("The speech extra is not installed.", f"Install it with {INSTALL}.") from error
    folder = _folder(source)
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise BackendMissing(
            f"The speech model {folder} lacks {', '.join(missing)}.",
            "Give a folder of a Whisper model in CTranslate2's format.",
        )
    if not _is_whisper(folder / "model.bin"):
        raise BackendMissing(
            f"{folder / 'model.bin'} is no Whisper model in CTranslate2's format.",
            "Convert it first with ct2-transformers-converter; pickled weights are not opened.",
        )
    try:
        return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
    except Exception as error:  # the tokenizer's library raises plain Exception
        raise BackendMissing(
            f"The speech model {folder} cannot be loaded ({str(error)[:200]}).", "Get a whole copy of it."
        ) from error


def _folder(source: Path | str) -> Path:
    if Path(source).is_dir():
        return Path(source)
    named = _HUB.fullmatch(source) if isinstance(source, str) else None
    if named is None:
        raise BackendMissing(f"There is no folder {source} with a speech model.", "Check the path, or give a hub id.")
    from faster_whisper.utils import download_model

    try:
        return Path(download_model(named["repo"], revision=named["revision"]))
    except Exception as error:  # the hub client raises many kinds; all mean that the model is not to be had
        raise BackendMissing(
            f"The speech model {source} cannot be pulled ({type(error).__name__}).",
            "Check the connection, or give a folder that holds the model.",
        ) from error


def _is_whisper(path: Path) -> bool:
    """Whether a file begins as CTranslate2 begins a Whisper model: a version, and the model's kind with its length."""
    with path.open("rb") as file:
        head = file.read(32)
    length = struct.unpack_from("<H", head, 4)[0] if len(head) >= 6 else 0
    return head[6 : 6 + length].rstrip(b"\0") == b"WhisperSpec"
