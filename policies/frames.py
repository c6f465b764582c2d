"""The judge of pictures: open-nsfw over frames of a clip; any confident hit blocks.

Model: Yahoo's open_nsfw (Mahadeokar and Pesavento 2016), a thin ResNet-50 that scores nudity. It does not see violence,
and a sequence can say what no frame says: those are judged on prompts and captions, and coverage is not claimed.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .base import Stage, Subject, Verdict

FrameSource = Callable[[Path, float | None], Iterable[NDArray[np.uint8]]]
"""File and spacing in seconds at most (None: every frame) -> batches of frames, uint8 (T, H, W, 3) RGB."""

_MEAN_BGR = np.array([104, 117, 123], dtype=np.float32)
_SIDE, _CROP = 256, 224
_BATCH = 16


Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]


class FrameModelBroken(RuntimeError):
    """The frame classifier is missing or gave no usable scores."""


def prepare(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A frame (H, W, 3) RGB -> the model's input (224, 224, 3): resized to 256x256, through JPEG as in training,
    centre crop, BGR, mean subtracted.
    """  # noqa: D205 (one sentence)
    from PIL import Image

    image = Image.fromarray(frame)
    if image.size != (_SIDE, _SIDE):
        image = image.resize((_SIDE, _SIDE), resample=Image.Resampling.BILINEAR)
    low = (_SIDE - _CROP) // 2
    image = image.crop((low, low, low + _CROP, low + _CROP))
    with io.BytesIO() as file:
        image.save(file, format="JPEG")
        pixels = np.asarray(Image.open(file), dtype=np.float32)
    return np.ascontiguousarray(pixels[:, :, ::-1] - _MEAN_BGR)


def _load(path: Path) -> Network:
    """The classifier by OpenVINO, in bfloat16 where the processor multiplies it natively: 3 ms a frame, else 14."""
    import openvino

    # Frames are judged beside decoding and understanding: a second thread would mostly wait.
    settings = {"INFERENCE_NUM_THREADS": 1, "ENABLE_CPU_PINNING": False}
    compiled = openvino.Core().compile_model(path, "CPU", settings)
    requests = threading.local()

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        if not hasattr(requests, "one"):
            requests.one = compiled.create_infer_request()
        return np.asarray(requests.one.infer([batch])[0], np.float32)

    return run


class FramePolicy:
    """Judges video files frame by frame.

    Args:
        model_path: the ONNX file, or a function that gives it when the first clip comes.
        frame_source: reads frames.
        threshold: score of one frame from which the clip is blocked.
        every: seconds at most between the frames looked at in clips that were not generated here.
    """

    name: ClassVar[str] = "frames"
    stages: ClassVar[frozenset[Stage]] = frozenset({"media"})

    def __init__(
        self,
        model_path: Path | Callable[[], Path],
        frame_source: FrameSource,
        threshold: float = 0.85,
        every: float = 0.5,
    ) -> None:
        self._model_path = model_path
        self._frames = frame_source
        self._threshold = threshold
        self._every = every
        self._lock = threading.Lock()
        self._loaded: Network | None = None

    def judge(self, subject: Subject) -> Verdict:
        """Look at the clip; stops at the first confident hit.

        Raises:
            FrameModelBroken: no model, no frames, or scores that are not numbers.
        """
        if subject.media is None:
            raise FrameModelBroken("no media was given")
        every = None if subject.generated else self._every
        seen, worst = 0, 0.0
        for batch in self._frames(subject.media, every):
            if batch.ndim != 4 or batch.shape[-1] != 3:
                raise FrameModelBroken(f"frames of shape {batch.shape} cannot be judged")
            for start in range(0, len(batch), _BATCH):
                scores = self.scores(batch[start : start + _BATCH])
                worst = max(worst, float(scores.max()))
                seen += len(scores)
                if worst >= self._threshold:
                    return self._verdict(subject, "block", worst, seen)
        if not seen:
            raise FrameModelBroken("the clip gave no frame to look at")
        return self._verdict(subject, "allow", worst, seen)

    def scores(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Frames (T, H, W, 3) RGB -> how unsafe each is, (T,), 0 to 1."""
        batch = np.stack([prepare(frame) for frame in frames])
        out = self._network()(batch)
        if out.shape != (len(frames), 2) or not np.isfinite(out).all():
            raise FrameModelBroken("the frame classifier's scores are unusable")
        return out[:, 1]

    def _network(self) -> Network:
        with self._lock:
            if self._loaded is None:
                path = self._model_path() if callable(self._model_path) else self._model_path
                if not path.is_file():
                    raise FrameModelBroken(f"there is no frame classifier at {path}")
                self._loaded = _load(path)
            return self._loaded

    def _verdict(self, subject: Subject, action: str, score: float, seen: int) -> Verdict:
        how = "every frame" if subject.generated else f"one frame every {self._every:g} s at least"
        what = "The generated clip" if subject.generated else "The clip"
        reason = f"{seen} frames looked at ({how})"
        if action == "block":
            reason = (
                f"{what} is not used: a frame looks sexually explicit (score {score:.2f}; {how} is checked). "
                "If that is a mistake, trim the part out and try again."
            )
        return Verdict.model_validate(
            {"stage": subject.stage, "policy": self.name, "action": action, "reason": reason, "score": score,
             "category": "sexual" if action == "block" else ""}
        )  # fmt: skip
