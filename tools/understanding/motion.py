"""Motion of a shot: what the camera does, and how much moves in front of it and where to.

Dense optical flow (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016) between small grey frames a
tenth of a second apart; a robust fit of shift and zoom to it is the camera, what does not follow is the scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .vision import Images, resize

Floats = NDArray[np.float32]

_WIDTH = 192
_APART = 0.1
_CELL = 6
# Speeds in picture widths a second.
_STILL, _FAST = 0.03, 0.25
_MOVES = 0.04
# A moving camera leaves nothing where it was; when this share of the detail stands still, so does the camera.
_ANCHORED = 0.3
_DETAIL = 6.0
# Detail in so small and so narrow a part of the picture is one thing before a plain ground, which shows no camera:
# the thing is taken to move.
_LONE_SHARE, _LONE_SPREAD = 0.12, 0.36
_SURE = 0.7
_LEAST_STEPS = 3


@dataclass(frozen=True)
class Step:
    """Motion between two frames, in picture widths a second (x to the right, y down).

    Attributes:
        time: seconds, of the later frame.
        camera: (x, y) shift of the whole picture.
        zoom: growth of the picture a second, above 0 when zooming in.
        moving: share of the picture that moves otherwise, 0 to 1.
        scene: (x, y) mean velocity of what moves otherwise.
        speed: of the faster part of what moves otherwise.
        sure: share of the detail that agrees with the camera's motion; little of it means that it was guessed.
    """

    time: float
    camera: tuple[float, float]
    zoom: float
    moving: float
    scene: tuple[float, float]
    speed: float
    sure: float


@dataclass(frozen=True)
class MotionSummary:
    """Motion of a shot in words.

    Attributes:
        camera: ``still``, ``shaky``, ``pans left slowly``, ``zooms in``, ...; empty when it cannot be told.
        scene: ``nothing moves``, ``a little movement``, ``some movement``, ``much movement``.
        direction: where to, on screen: ``left``, ``right``, ``up``, ``down`` or empty.
        speed: of what moves, picture widths a second.
    """

    camera: str
    scene: str
    direction: str
    speed: float

    def describe(self) -> str:
        """One sentence part, e.g. ``the camera is still; some movement to the right, fast``."""
        camera = (
            f"the camera {'is ' if self.camera in {'still', 'shaky'} else ''}{self.camera}; " if self.camera else ""
        )
        scene = self.scene
        if self.direction:
            scene += f", mostly {_TOWARDS[self.direction]}"
        if self.speed > _FAST:
            scene += ", fast"
        return camera + scene


_TOWARDS = {"left": "to the left", "right": "to the right", "up": "upwards", "down": "downwards"}


class MotionMeter:
    """Takes frames in order, batch by batch, and measures motion between those a tenth of a second apart."""

    def __init__(self) -> None:
        import cv2

        self._flow: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        # The presets stop at a quarter of the size, where a small thing's speed comes out far too low.
        self._flow.setFinestScale(1)
        self._last: tuple[float, NDArray[np.uint8]] | None = None
        self.steps: list[Step] = []

    def push(self, times: NDArray[np.float32], images: Images) -> None:
        """Frames (T, H, W, 3) RGB at ``times`` (T,) seconds, later than all before."""
        import cv2

        height = max(32, round(_WIDTH * images.shape[1] / images.shape[2]))
        for time, image in zip(times.tolist(), images, strict=True):
            if self._last is not None and time - self._last[0] < _APART - 1e-3:
                continue
            grey = cv2.cvtColor(resize(image[None], _WIDTH, height)[0], cv2.COLOR_RGB2GRAY)
            if self._last is not None:
                flow = self._flow.calc(self._last[1], grey, None)
                self.steps.append(_measure(time, flow / _WIDTH / (time - self._last[0]), _texture(grey)))
            self._last = (time, grey)

    def between(self, start: float, end: float) -> list[Step]:
        """The steps that lie wholly inside a shot (a step over a cut says nothing)."""
        return [step for step in self.steps if start + _APART < step.time <= end]

    def forget(self, end: float) -> None:
        """Drop the steps that lie before a time."""
        self.steps = [step for step in self.steps if step.time > end]


def _texture(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Cells (h * w,) with enough detail for flow to mean something: on a plain wall it reads zero or follows others."""
    import cv2

    detail = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
    cells = cv2.blur(detail, (2 * _CELL, 2 * _CELL))[_CELL // 2 :: _CELL, _CELL // 2 :: _CELL]
    return np.asarray(cells > _DETAIL, np.bool_).ravel()


def _measure(time: float, flow: Floats, textured: NDArray[np.bool_]) -> Step:
    """Flow (H, W, 2) in widths a second -> camera and scene, by a robust fit of shift and zoom."""
    cells = flow[_CELL // 2 :: _CELL, _CELL // 2 :: _CELL]
    rows, columns = cells.shape[:2]
    x = np.tile((np.arange(columns) - (columns - 1) / 2) * _CELL / _WIDTH, rows)
    y = np.repeat((np.arange(rows) - (rows - 1) / 2) * _CELL / _WIDTH, columns)
    one, zero = np.ones_like(x), np.zeros_like(x)
    # u = tx + zoom * x - turn * y, v = ty + zoom * y + turn * x
    system = np.concatenate([np.stack([one, zero, x, -y], 1), np.stack([zero, one, y, x], 1)])
    target = np.concatenate([cells[..., 0].ravel(), cells[..., 1].ravel()])
    seen = textured if textured.sum() >= 12 else np.ones_like(textured)
    fit = np.zeros(4) if _is_lone(textured, x, y) else _camera_fit(system, target, seen)
    rest = (target - system @ fit).reshape(2, -1)
    moves = np.hypot(*rest) > max(_MOVES, 0.5 * float(np.hypot(fit[0], fit[1])))
    scene = rest[:, moves].mean(axis=1) if moves.any() else np.zeros(2)
    sure = float((np.hypot(*rest)[seen] < _MOVES).mean()) if fit.any() else 1.0
    camera, velocity = (float(fit[0]), float(fit[1])), (float(scene[0]), float(scene[1]))
    # The flow is smooth: around a moving thing it fades out, so the mean would be too slow.
    speed = float(np.percentile(np.hypot(*rest[:, moves]), 80)) if moves.any() else 0.0
    return Step(time, camera, float(fit[2]), float(moves.mean()), velocity, speed, sure)


def _is_lone(textured: NDArray[np.bool_], x: Floats, y: Floats) -> bool:
    share, height = float(textured.mean()), float(np.ptp(y)) or 1.0
    return 0 < share < _LONE_SHARE and float(x[textured].std() + y[textured].std() / height) < _LONE_SPREAD


def _camera_fit(system: NDArray[Any], target: NDArray[Any], seen: NDArray[np.bool_]) -> NDArray[Any]:
    """Shift, zoom and turn of the camera; all zero when enough of what has detail stands still."""
    speed = np.hypot(*target.reshape(2, -1))
    if float((speed[seen] < _MOVES / 2).mean()) > _ANCHORED:
        return np.zeros(4)
    fit = np.array([np.median(part[seen]) for part in target.reshape(2, -1)] + [0.0, 0.0])
    for _ in range(4):
        error = np.hypot(*(target - system @ fit).reshape(2, -1))
        weights = seen / (error**2 + 0.02**2)
        root = np.sqrt(np.tile(weights / weights.sum(), 2))
        fit = np.linalg.lstsq(system * root[:, None], target * root, rcond=None)[0]
    return fit


def summarise(steps: list[Step]) -> MotionSummary | None:
    """Steps of one shot -> words; None when there is too little to compare (an image, a very short shot)."""
    if len(steps) < _LEAST_STEPS:
        return None
    moving = np.array([step.moving for step in steps])
    scenes = np.array([step.scene for step in steps])
    amount = float(moving.mean())
    word = next(
        w for limit, w in ((0.005, "nothing moves"), (0.05, "a little movement"), (0.2, "some movement"),
                           (2.0, "much movement")) if amount < limit
    )  # fmt: skip
    if amount < 0.005:
        return MotionSummary(_camera(steps), word, "", 0.0)
    mean = (scenes * moving[:, None]).sum(axis=0) / moving.sum()
    steady = float((np.hypot(*scenes.T) * moving).sum() / moving.sum())
    speed = float((np.array([step.speed for step in steps]) * moving).sum() / moving.sum())
    return MotionSummary(_camera(steps), word, _direction(mean, steady), speed)


def _camera(steps: list[Step]) -> str:
    known = [step for step in steps if step.sure >= _SURE]
    if 2 * len(known) < len(steps):
        return ""
    shifts = np.array([step.camera for step in known])
    zooms = np.array([step.zoom for step in known])
    # Medians: something large that passes by takes the fit along for a few steps.
    mean, speeds = np.median(shifts, axis=0), float(np.median(np.hypot(*shifts.T)))
    zoom = float(np.median(zooms))
    if abs(zoom) > 0.08 and abs(zoom) / 2 > float(np.hypot(*mean)):
        return "zooms in" if zoom > 0 else "zooms out"
    if speeds < _STILL:
        return "still"
    # The picture shifts against the camera.
    direction = _direction(-mean, speeds)
    if not direction:
        return "shaky" if speeds > 2 * _STILL else "still"
    verb = "pans" if direction in {"left", "right"} else "tilts"
    return f"{verb} {direction}{' fast' if speeds > _FAST else ' slowly' if speeds < _FAST / 3 else ''}"


def _direction(mean: NDArray[np.floating[Any]], speed: float) -> str:
    """The main direction, empty when the motion goes to and fro."""
    if float(np.hypot(*mean)) < 0.5 * speed or speed <= 0:
        return ""
    if abs(mean[0]) >= abs(mean[1]):
        return "right" if mean[0] > 0 else "left"
    return "down" if mean[1] > 0 else "up"
