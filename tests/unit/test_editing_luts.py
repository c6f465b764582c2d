"""Colour tables: applied as arithmetic says, read from their folder alone, and faults named with a remedy."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from editing_bench import Context, edit
from gpt4video.agent.planner.surface import parse_operation, render_operation
from gpt4video.tools.editing import luts
from gpt4video.tools.editing.luts import Floats, Lut, Luts, parse
from gpt4video.tools.editing.operations import Color, EditArguments
from gpt4video.tools.editing.tool import EditVideo
from gpt4video.tools.errors import BadArguments, LutUnusable
from gpt4video.tools.media.decode import sample
from gpt4video.tools.media.ffmpeg import Input, run_ffmpeg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_factory import Pixels, quarters, write_clip
from pydantic import ValidationError


def applied(table: Lut, colours: Floats) -> Floats:
    """Colours (N, 3) from 0 to 1 through a table, by arithmetic."""
    size = round(len(table.table) ** (1 / table.dimensions))
    places = np.clip((colours - table.low) / (table.high - table.low), 0, 1) * (size - 1)
    if table.dimensions == 1:
        each = [np.interp(places[:, n], np.arange(size), table.table[:, n]) for n in range(3)]
        return np.clip(np.stack(each, axis=1), 0, 1)
    cube = table.table.reshape(size, size, size, 3).transpose(2, 1, 0, 3)
    corner = np.minimum(places.astype(int), size - 2)
    rest = places - corner
    result = cube[tuple(corner.T)].copy()
    rows = np.arange(len(colours))
    for axis in np.argsort(-rest, axis=1, kind="stable").T:  # from corner to corner, the longest way first
        before = cube[tuple(corner.T)]
        corner = corner.copy()
        corner[rows, axis] += 1
        result += rest[rows, axis, None] * (cube[tuple(corner.T)] - before)
    return np.clip(result, 0, 1)


def through_ffmpeg(table: Lut, colours: Pixels, folder: Path) -> Pixels:
    """Colours (N, 3) through the filters alone, without a video's colour format."""
    raw, out = folder / "in.gray", folder / "out.gray"
    raw.write_bytes(colours.tobytes())
    options = ("-pixel_format", "rgb24", "-video_size", f"{len(colours)}x1", "-framerate", "1")
    graph = f"[0:v]{table.filters(folder / 'table.cube')}[v]"
    args = ["-filter_complex", graph, "-map", "[v]", "-c:v", "rawvideo", "-pix_fmt", "rgb24"]
    run_ffmpeg(args, inputs=[Input(raw, "rawvideo", options)], output=out, timeout=30)
    return np.frombuffer(out.read_bytes(), np.uint8).reshape(-1, 3)


def cube(size: int, seed: int = 1, dimensions: int = 3) -> str:
    rows = np.random.default_rng(seed).random((size**dimensions, 3))
    return f"LUT_{dimensions}D_SIZE {size}\n" + "\n".join(" ".join(f"{value:.6f}" for value in row) for row in rows)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(
        [
            (3, ""),
            (3, "LUT_3D_INPUT_RANGE 0.0 1.0\n"),
            (1, ""),
            (1, "DOMAIN_MIN -0.5 0 0.1\nDOMAIN_MAX 1.5 2 0.8\n"),
            (1, "LUT_1D_INPUT_RANGE 0.0 0.5\n"),
        ]
    ),
    st.sampled_from([2, 3, 8, 17]),
    st.integers(0, 999),
)
def test_a_table_does_what_arithmetic_says(tmp_path: Path, kind: tuple[int, str], size: int, seed: int) -> None:
    table = parse((kind[1] + cube(size, seed, kind[0])).encode(), "t")
    colours = np.random.default_rng(seed).integers(0, 256, (512, 3), dtype=np.uint8)
    colours[0], colours[1] = 0, 255
    shown = through_ffmpeg(table, colours, tmp_path)
    assert np.abs(shown - 255 * applied(table, colours / 255)).max() < 0.51  # rounded


@pytest.mark.parametrize("dimensions", [1, 3])
def test_an_edit_shows_the_table_s_colours(context: Context, tmp_path: Path, dimensions: int) -> None:
    folder = tmp_path / "luts"
    folder.mkdir()
    text = "# by hand\nTITLE \"a 'b' c\"\n" + cube(5, dimensions=dimensions)
    (folder / "it.s-1.cube").write_text(text)
    context.clips = {"quarters": write_clip(tmp_path / "quarters.mp4", quarters())}
    operation = parse_operation("color lut it.s-1")
    assert render_operation(operation) == "color lut it.s-1"
    output = EditVideo(luts=folder).run(EditArguments(clips=["quarters"], operations=[operation]), context).outputs[0]
    places = [(12, 16), (12, 48), (36, 48), (36, 16)]
    before, after = (
        np.array([sample(path, [0.0]).images[0][place] for place in places])
        for path in (context.clips["quarters"], output.path)
    )
    assert np.abs(after - 255 * applied(parse(text.encode(), "t"), before / 255)).max() < 8  # of the video's format


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "no size"),
    "no table": (b"just some notes\n", "'just' in line 1"),
    "a program": (bytes(range(256)) * 9, "no part of a .cube"),
    "too few": (cube(3).encode()[:-30], "26 colours instead of 27|plain numbers in line 27"),
    "too many": (cube(3).encode() + b"\n1 1 1", "more than the 27 colours.* line 29"),
    "too large": (b"LUT_3D_SIZE 256\n", "from 2 to 129"),
    "huge": (b"LUT_3D_SIZE 99999999999999999999\n", "from 2 to 129"),
    "too small": (b"LUT_1D_SIZE 1\n0 0 0", "from 2 to 65536"),
    "negative": (b"LUT_3D_SIZE -5\n", "line 1"),
    "two steps": (b"LUT_1D_SIZE 2\nLUT_3D_SIZE 2\n", "two steps"),
    "colours first": (b"0 0 0\nLUT_1D_SIZE 2\n", "before its size, in line 1"),
    "no numbers": (b"LUT_1D_SIZE 2\n0 0 0\n1 nan 1\n", "3 plain numbers in line 3"),
    "infinite": (b"LUT_1D_SIZE 2\n0 0 0\n1 1e999 1\n", "3 plain numbers in line 3"),
    "two columns": (b"LUT_1D_SIZE 2\n0 0\n1 1\n", "3 plain numbers in line 2"),
    "a filter's graph": (b"LUT_1D_SIZE 2\n0 0 0;movie=/etc/passwd\n1 1 1", "line 2"),
    "domain": (b"DOMAIN_MIN 1 1 1\n" + cube(2).encode(), "domain"),
    "another range": (b"DOMAIN_MAX 2 2 2\n" + cube(2).encode(), "outside 0 to 1"),
    "one endless line": (b"LUT_1D_SIZE 2\n" + b"1 " * 4096, "bytes in line 2"),
    "endless lines": (b"#\n" * 200, "more than 100 lines"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_table_is_refused_and_the_fault_named(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(luts, "MOST_LINES", 100)
    content, fault = BROKEN[name]
    (tmp_path / "luts").mkdir()
    (tmp_path / "luts" / "bad.cube").write_bytes(content)
    tool = EditVideo(luts=tmp_path / "luts")
    before = sorted(context.workdir.iterdir())
    with pytest.raises(LutUnusable, match=fault) as caught:
        tool.run(EditArguments(clips=["plain"], operations=[Color(effect="lut", lut="bad")]), context)
    assert caught.value.remedy
    assert sorted(context.workdir.iterdir()) == before


def test_tables_come_from_their_folder_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "luts"
    folder.mkdir()
    (tmp_path / "secret.cube").write_text(cube(2))
    (folder / "link.cube").symlink_to(tmp_path / "secret.cube")
    (folder / "folder.cube").mkdir()
    os.mkfifo(folder / "pipe.cube")
    (folder / "warm.cube").write_text(cube(2))
    for name in ("link", "folder", "pipe"):
        with pytest.raises(LutUnusable, match="no file of its folder"):
            Luts(folder).read(name)
    for name in ("../secret", "none", str(tmp_path / "secret")):
        with pytest.raises(BadArguments, match=r"no colour table.*warm"):
            Luts(folder).read(name)
        if name != "none":
            with pytest.raises(ValidationError):
                Color(effect="lut", lut=name)
    with pytest.raises(BadArguments, match=r"no colour table"):
        Luts(None).read("warm")
    monkeypatch.setattr(luts, "MOST_BYTES", 20)
    with pytest.raises(LutUnusable, match="larger than"):
        Luts(folder).read("warm")


def test_a_table_without_a_name_and_a_name_without_a_table_are_no_operations(context: Context) -> None:
    for wrong in ({"effect": "lut"}, {"effect": "sepia", "lut": "warm"}):
        with pytest.raises(ValidationError, match="name of a colour table"):
            Color.model_validate(wrong)
    with pytest.raises(BadArguments, match=r"no colour table"):
        edit(context, "plain", Color(effect="lut", lut="warm"))


def test_another_content_is_another_edit(tmp_path: Path) -> None:
    arguments = EditArguments(clips=["a"], operations=[Color(effect="lut", lut="warm")])
    (tmp_path / "warm.cube").write_text(cube(2))
    tool = EditVideo(luts=tmp_path)
    before = tool.revision(arguments)
    assert before == tool.revision(arguments)
    (tmp_path / "warm.cube").write_text(cube(2, seed=2))
    assert tool.revision(arguments) != before
    assert tool.revision(EditArguments(clips=["a"], operations=[Color(effect="sepia")])) == ""
