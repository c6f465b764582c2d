"""Where one picture becomes another: cuts, dissolves and fades in a row of small frames.

Every transition is a span from a last frame of what was (``s``) to a first frame of what comes (``e``), one step apart
in a cut. These tell it from motion and from light that changes, the first two from distances between frames alone:

* the change from s to e is large beside the change in the moments before s and after e;
* the frames between are mixtures, I = (1 - a) I_s + a I_e with a rising evenly from 0 to 1: little is left over when
  they are projected on the line from I_s to I_e. (A camera's or a thing's motion leaves most of itself over; the
  mixture is the model of Hampapur, Jain and Weymouth, "Digital video segmentation", ACM Multimedia 1994);
* two pictures over each other have less detail than either, which slow motion, a mixture as well, has not;
* what is seen afterwards is not what was there, only brighter, darker, shifted or scaled, nor a title over it.

A fade goes through black or white: there the picture has no contrast for a moment.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from .strip import Floats, Indices, Strip, differ, dips

Kind = Literal["cut", "dissolve", "fade"]

LONGEST = 2.1
"""Seconds that a dissolve takes at most, from the last pure frame to the next."""
BACK = 0.4
"""Seconds before and after a transition in which the picture should change less than in it."""
LONGEST_FLAT = 1.0
"""Seconds that a fade stays without picture at most: what is longer is a black shot."""
PEAK = 0.1
"""Seconds to both sides among which the strongest of like transitions counts."""

_STEPS = (1, 2, 3)  # frames; one is a cut
_LENGTHS = (0.16, 0.2, 0.25, 0.31, 0.38, 0.47, 0.58, 0.72, 0.88, 1.08, 1.33, 1.62, 2.0)  # seconds
_INNER = np.arange(1, 8) / 8
_FLASH = 0.14  # seconds that a flash takes at most; flashes of three frames are no flashes at ten a second
_SOON = 0.6  # seconds in which a second step beside a cut is compared with it

_LEAST = 7.0  # change, root mean square of 8-bit values over the cells
_CUT_RATIO, _GRADUAL_RATIO = 1.6, 1.3
_MOST_LEFT = 0.45
_MOST_UNEVEN = 0.22

_RAMP, _LONGEST_RAMP = 0.2, 1.0  # seconds beside black
_SURE = 1e3


class Transition(NamedTuple):
    """One boundary between shots: seconds from ``start`` to ``end``, the boundary itself, and how strong it is."""

    start: float
    end: float
    middle: float
    strength: float
    kind: Kind


def find(strip: Strip, after: float, until: float) -> list[Transition]:
    """Transitions that end later than ``after`` and not later than ``until`` (a fade: whose black ends then).

    What is found depends on the frames from ``after`` - 3.7 s (and three before) to ``until`` + 1.35 s (and three more)
    alone; the strip holds at least those, or begins or ends with the video.
    """
    runs = _flat_runs(strip)
    short = np.zeros(len(strip) + 1, np.intp)
    for first, last in runs:
        a, b = strip.at(strip.times[[first, last]] + np.array([-_RAMP, _RAMP]))
        short[a + 1 : b + 2] = 1
    inside = [run for run in runs if run[0] > 0 and run[1] < len(strip) - 1 and after < strip.times[run[1]] <= until]
    near = np.flatnonzero((strip.times > after - PEAK) & (strip.times <= until + PEAK))
    near = near[near > 0]
    spans = _spans(strip, near, np.cumsum(short)) if len(near) else []
    return _fades(strip, inside) + [one for one in spans if after < one.end <= until]


def _spans(strip: Strip, ends: Indices, short: Indices) -> list[Transition]:
    """Cuts and dissolves that end at one of the frames ``ends``; ``short`` counts the frames of fades before each."""
    times = strip.times
    steps = np.array(_STEPS)[:, None]
    lengths = strip.at(times[ends] - np.array(_LENGTHS)[:, None])
    starts = np.concatenate([np.maximum(ends - steps, 0), lengths])
    valid = np.concatenate([ends >= steps, ends - lengths > _STEPS[-1]])
    valid[1:] &= times[ends] - times[starts[1:]] <= LONGEST
    valid &= short[ends + 1] == short[starts]
    low = max(0, int(strip.at(times[ends[:1]] - LONGEST - BACK)[0]) - 3)
    high = min(len(strip), int(strip.at(times[ends[-1:]] + BACK)[0]) + 4)
    part = strip[low:high]
    squares = _squares(part.cells)
    cuts = _cuts(part, squares, ends - low)[None] * valid[:1]
    gradual = _gradual(part, squares, starts[1:] - low, ends - low) * valid[1:]
    found = []
    for row, index in _peaks(cuts, times[ends]):
        s, e = int(starts[row, index]), int(ends[index])
        if differ(strip.tiny[s], strip.tiny[e]):
            found.append(Transition(times[s], times[e], times[e], float(cuts[row, index]), "cut"))
    for row, index in _peaks(gradual, times[ends]):
        s, e = int(starts[1 + row, index]), int(ends[index])
        if dips(strip, s, e) and differ(strip.tiny[s], strip.tiny[e]):
            kind: Kind = "fade" if strip.flat[s] or strip.flat[e] else "dissolve"
            middle = (times[s] + times[e]) / 2
            found.append(Transition(times[s], times[e], middle, float(gradual[row, index]), kind))
    return found


def _peaks(strength: Floats, times: Floats) -> list[tuple[int, int]]:
    """Row and column of each strength (K, M) that is the highest, and the first of equals, nearby in time (M,)."""
    row, top = strength.argmax(axis=0), strength.max(axis=0)
    found = []
    for index in np.flatnonzero(top > 0).tolist():
        near = top[np.abs(times - times[index]) <= PEAK]
        before = top[:index][times[:index] >= times[index] - PEAK]
        if top[index] == near.max() and top[index] > before.max(initial=0.0):
            found.append((int(row[index]), index))
    return found


def _cuts(strip: Strip, squares: Floats, ends: Indices) -> Floats:
    """How much like a cut the step to each of the frames is, (M,), 0 for not at all."""
    distances, last = np.sqrt(squares), len(strip) - 1
    s, e = np.maximum(ends - 1, 0), ends
    early, late = strip.at(strip.times[s] - _FLASH), strip.at(strip.times[e] + _FLASH)
    change = np.minimum.reduce([distances[a, b] for a in (s, early) for b in (e, late)])
    # One step to both sides, and a second one soon after: at a frame a second that is another shot already.
    first, final = strip.at(strip.times[s] - _SOON), strip.at(strip.times[e] + _SOON)
    left, right = np.maximum(s - 1, 0), np.minimum(e + 1, last)
    further = np.maximum(np.minimum(first, left), left - 1), np.minimum(np.maximum(final, right), right + 1)
    around = np.maximum.reduce(
        [distances[s, left], distances[e, right], distances[left, further[0]], distances[right, further[1]]]
    )
    return np.where((change > _LEAST) & (change > _CUT_RATIO * around), change - around, 0.0)


def _gradual(strip: Strip, squares: Floats, starts: Indices, ends: Indices) -> Floats:
    """How much like a dissolve each span from ``starts`` (K, M) to ``ends`` (M,) is, (K, M), 0 for not at all."""
    distances, last = np.sqrt(squares), len(strip) - 1
    e = np.broadcast_to(ends, starts.shape)
    change = distances[starts, e]
    beside = np.clip(0.5 * (strip.times[e] - strip.times[starts]), 0.0, BACK)
    before = np.minimum(strip.at(strip.times[starts] - beside), np.maximum(starts - 1, 0))
    behind = np.maximum(strip.at(strip.times[e] + beside), np.minimum(e + 1, last))
    around = np.maximum(distances[starts, before], distances[e, behind])
    rest, uneven = _mixture(strip, squares, starts, ends)
    likely = (change > _LEAST) & (change > _GRADUAL_RATIO * around) & (rest < _MOST_LEFT) & (uneven < _MOST_UNEVEN)
    return np.where(likely, np.maximum(change * (1 - rest - uneven) - 0.5 * around, 0.0), 0.0)


def _mixture(strip: Strip, squares: Floats, starts: Indices, ends: Indices) -> tuple[Floats, Floats]:
    """What is left over when the frames of a span are taken as mixtures of its ends, and how unevenly they change.

    Both (K, M) and in shares of the change: the most that is left over, and the most that a mixture is ahead or behind.
    """
    begin, whole = strip.times[starts], strip.times[ends] - strip.times[starts]
    inner = strip.at(begin[..., None] + whole[..., None] * _INNER)
    inner = np.maximum(inner, starts[..., None])
    s, e = starts[..., None], ends[:, None]
    total = np.maximum(squares[s, e], 1e-9)
    share = (squares[s, inner] + total - squares[inner, e]) / (2 * total)
    rest = np.sqrt(np.maximum(squares[s, inner] / total - share**2, 0.0)).max(axis=-1)
    due = (strip.times[inner] - begin[..., None]) / np.maximum(whole[..., None], 1e-9)
    return rest, np.abs(share - due).max(axis=-1)


def _squares(cells: Floats) -> Floats:
    """Mean squared difference of every two frames, (N, N)."""
    import cv2

    # Not numpy's product: its threads wait for each other where cores are busy, thirty times as long as the sums take.
    product = cv2.gemm(cells, cells, 1.0, None, 0.0, flags=cv2.GEMM_2_T)
    own = product.diagonal()
    squares: Floats = np.maximum(own[:, None] + own - 2 * product, 0.0) / cells.shape[1]
    return squares


def _flat_runs(strip: Strip) -> list[tuple[int, int]]:
    """First and last index of each run of black or white frames that is short enough to be a fade's."""
    edges = np.flatnonzero(np.diff(strip.flat.astype(np.int8), prepend=0, append=0))
    runs = zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True)
    return [(a, b) for a, b in runs if strip.times[b] - strip.times[a] <= LONGEST_FLAT]


def _fades(strip: Strip, runs: list[tuple[int, int]]) -> list[Transition]:
    """Runs without picture that part two shots. A blink within one shot does not.

    Where black begins at once and ends slowly, the new shot begins with it; where it begins slowly and ends at once,
    the new shot begins after it; else the middle is the boundary.
    """
    found = []
    for first, last in runs:
        begin, end = strip.times[first], strip.times[last]
        outer = strip.at(np.array([begin - _RAMP, end + _RAMP]))
        before, behind = min(int(outer[0]), first - 1), max(int(outer[1]), last + 1)
        if not differ(strip.tiny[before], strip.tiny[behind]):
            continue
        falls = _sudden(strip.cells, first, first - 1, before)
        rises = _sudden(strip.cells, last, last + 1, behind)
        edges = float(strip.times[_edge(strip, first, -1)]), float(strip.times[max(_edge(strip, last, 1), last + 1)])
        if rises and not falls:
            found.append(Transition(*edges, float(strip.times[last + 1]), _SURE, "cut"))
        else:
            middle = begin if falls and not rises else (begin + end) / 2
            found.append(Transition(*edges, float(middle), _SURE, "fade"))
    return found


def _sudden(cells: Floats, flat: int, beside: int, beyond: int) -> bool:
    """Whether the picture goes in one step between a flat frame and the one beside it, seen from further away."""
    step, whole = (float(np.abs(cells[flat] - cells[other]).mean()) for other in (beside, beyond))
    return step > 0.7 * whole


def _edge(strip: Strip, index: int, step: int) -> int:
    """The frame where a fade begins or ends: away from black, contrast grows as far as there."""
    limit = strip.times[index] + step * _LONGEST_RAMP
    while 0 <= index + step < len(strip) and step * (limit - strip.times[index + step]) >= 0:
        if strip.spread[index + step] < strip.spread[index] * 1.02:
            break
        index += step
    return index
