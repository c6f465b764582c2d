"""Damaged files of every kind: frames or a typed error, and never a crash, a hang or another exception."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from gpt4video.tools.errors import MediaBroken, MediaRejected, OutOfResources
from gpt4video.tools.media import sandbox
from gpt4video.tools.media.decode import sample
from media_factory import index_clip, picture

EDITS = (1, 4, 30, 150)
EACH = 12


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Flip, overwrite, drop and insert bytes, most of them near the start, where the headers are."""
    out = bytearray(data)
    for _ in range(dice.choice(EDITS)):
        at = dice.randrange(len(out)) if dice.random() < 0.5 else min(len(out) - 1, int(dice.expovariate(1 / 300)))
        kind = dice.randrange(4)
        if kind == 0:
            out[at] = dice.randrange(256)
        elif kind == 1:
            out[at : at + 4] = dice.choice([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00"])
        elif kind == 2:
            del out[at : at + dice.randrange(1, 100)]
        else:
            out[at:at] = dice.randbytes(dice.randrange(1, 50))
        if len(out) < 100:
            break
    return bytes(out)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".gif", ".png", ".jpg", ".webp"])
def test_damage_of_any_kind_gives_frames_or_a_typed_error(tmp_path: Path, suffix: str) -> None:
    whole = tmp_path / f"whole{suffix}"
    if suffix in (".png", ".jpg", ".webp"):
        picture(whole)
    else:
        index_clip(whole, 20, tone=None if suffix in (".avi", ".gif") else 440)
    dice = random.Random(suffix)  # the same damage in every run
    sample(whole, count=1)
    worker = sandbox.worker_pid()
    outcomes = set()
    for n in range(EACH):
        path = tmp_path / f"{n}{suffix}"
        path.write_bytes(mutate(whole.read_bytes(), dice))
        try:
            frames = sample(path, count=4, size=(64, 48))
        except (MediaBroken, MediaRejected, OutOfResources) as error:
            outcomes.add(error.code)
        else:
            outcomes.add("frames")
            assert frames.images.shape == (len(frames), 48, 64, 3)
            assert len(frames) >= 1
    assert len(outcomes) > 1, "the damage was all of one kind"
    assert sandbox.worker_pid() == worker, "the worker crashed"
