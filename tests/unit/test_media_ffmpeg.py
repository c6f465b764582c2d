"""The ffmpeg door: whole files or none, forced demuxers, typed errors."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from gpt4video.tools.errors import Cancelled, MediaBroken, OutOfResources, RenderFailed
from gpt4video.tools.media import ffmpeg
from gpt4video.tools.media.ffmpeg import H264, PLAIN, Input, classify, run_ffmpeg
from media_factory import HOSTILE, index_clip


def endless(folder: Path, seconds: int = 3600) -> dict[str, object]:
    """Arguments of a render that takes long."""
    graph = f"testsrc2=size=1280x720:rate=30:duration={seconds}[v]"
    return {
        "args": ["-filter_complex", graph, "-map", "[v]", *H264],
        "inputs": [],
        "output": folder / "out.mp4",
        "duration": float(seconds),
    }


def test_the_result_appears_whole_and_progress_reaches_the_end(tmp_path: Path) -> None:
    clip = index_clip(tmp_path / "clip.mp4")
    told: list[float] = []
    run_ffmpeg(
        [*H264, *PLAIN],
        inputs=[Input(clip, "mov")],
        output=tmp_path / "out.mp4",
        timeout=60,
        duration=3.0,
        progress=told.append,
    )
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "out.mp4"}
    assert told[-1] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("name", ["playlist", "ffconcat", "text"])
def test_a_script_is_not_opened_even_when_it_gets_this_far(tmp_path: Path, name: str) -> None:
    script = HOSTILE[name][1](tmp_path / "clip.mp4")
    with pytest.raises(MediaBroken):
        run_ffmpeg([*H264], inputs=[Input(script, "mov")], output=tmp_path / "out.mp4", timeout=30)
    assert not list(tmp_path.glob("*out*"))


@pytest.mark.parametrize("name", ["-y.mp4", "concat:a|b.mp4", "%d.mp4", "a;touch pwned.mp4"])
def test_names_are_only_names(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    index_clip(tmp_path / "plain.mp4").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    run_ffmpeg([*H264], inputs=[Input(Path(name), "mov")], output=Path("-n%d.mp4"), timeout=30)
    assert {path.name for path in tmp_path.iterdir()} == {name, "-n%d.mp4"}


def test_a_render_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    begin = time.monotonic()
    with pytest.raises(OutOfResources, match="too long"):
        run_ffmpeg(**endless(tmp_path), timeout=0.7)  # type: ignore[arg-type]
    assert time.monotonic() - begin < 5
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Cancelled])
def test_stopping_kills_the_program_and_removes_its_file(
    tmp_path: Path, stop: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    real = ffmpeg.subprocess.Popen

    def spy(*args: object, **kwargs: object) -> object:
        started.append(real(*args, **kwargs))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(ffmpeg.subprocess, "Popen", spy)

    def progress(_done: float) -> None:
        raise stop("stopped", "ask again") if stop is Cancelled else stop

    with pytest.raises(stop):
        run_ffmpeg(**endless(tmp_path), timeout=60, progress=progress)  # type: ignore[arg-type]
    assert started[0].poll() == -signal.SIGKILL
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_what_was_there_before(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    output.write_bytes(b"earlier")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(64))
    with pytest.raises(MediaBroken):
        run_ffmpeg([*H264], inputs=[Input(broken, "mov")], output=output, timeout=30)
    assert output.read_bytes() == b"earlier"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_missing_folder_is_a_typed_error(tmp_path: Path) -> None:
    clip = index_clip(tmp_path / "clip.mp4")
    with pytest.raises(RenderFailed):
        run_ffmpeg([*H264], inputs=[Input(clip, "mov")], output=tmp_path / "none" / "out.mp4", timeout=30)


@pytest.mark.parametrize(
    ("code", "log", "error", "words"),
    [
        (228, "av_interleaved_write_frame(): No space left on device", RenderFailed, "disk is full"),
        (-9, "", OutOfResources, "memory"),
        (1, "Cannot allocate memory", OutOfResources, "memory"),
        (-11, "", RenderFailed, "signal 11"),
        (1, "[mov] moov atom not found", MediaBroken, "cannot be read"),
        (1, "out.mp4: Permission denied", RenderFailed, "written"),
        (1, "something\nUnknown filter 'x'\n", RenderFailed, "Unknown filter"),
        (1, "", RenderFailed, "no reason"),
    ],
)
def test_failures_get_a_name_and_a_remedy(code: int, log: str, error: type, words: str) -> None:
    found = classify(code, log)
    assert type(found) is error
    assert words in found.message
    assert found.remedy


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no device that is always full")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ffmpeg.os.path, "abspath", lambda path: "/dev/full" if "part" in str(path) else str(path))
        with pytest.raises(RenderFailed, match="disk is full"):
            run_ffmpeg(**endless(tmp_path, seconds=1), timeout=60)  # type: ignore[arg-type]
