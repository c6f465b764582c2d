"""What edits show: frames that name themselves are followed through every operation."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gpt4video.tools.base import MediaOutput, Source
from gpt4video.tools.editing import reverse as pieces
from gpt4video.tools.editing.operations import (
    Audio,
    Color,
    Concat,
    Crop,
    Cut,
    EditArguments,
    Extract,
    Fade,
    Operation,
    Resize,
    Reverse,
    Rotate,
    Speed,
    Text,
    TimePoint,
    Trim,
)
from gpt4video.tools.editing.tool import EditVideo
from gpt4video.tools.errors import BadArguments, Cancelled, ToolError
from gpt4video.tools.media.decode import sample
from gpt4video.tools.media.probe import probe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_factory import (
    damaged_middle,
    index_clip,
    index_frames,
    picture,
    pitch,
    quarters,
    read_indices,
    read_sound,
    rotated_clip,
    truncated,
    uneven_clip,
    write_clip,
)

END = TimePoint(fraction=1.0)
FRAMES = 60


def at(seconds: float) -> TimePoint:
    return TimePoint(offset=seconds)


class Context:
    """A small double of the agent's context: clips by name, spans as ``name@start-end``."""

    def __init__(self, workdir: Path, clips: dict[str, Path]) -> None:
        self._workdir = workdir
        self.clips = clips
        self.reported: list[float] = []
        self.cancel_at: float | None = None

    @property
    def workdir(self) -> Path:
        return self._workdir

    def sources(self, ref: str) -> list[Source]:
        name, _, span = ref.partition("@")
        if name == "$all":
            return [source for each in sorted(self.clips) for source in self.sources(each)]
        start, _, end = span.partition("-")
        return [Source(clip=name, path=self.clips[name], start=float(start or 0), end=float(end) if end else None)]

    def progress(self, fraction: float, note: str = "") -> None:
        self.reported.append(fraction)
        if self.cancel_at is not None and fraction >= self.cancel_at:
            raise Cancelled("The step was stopped.", "Ask again.")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return {
        "plain": index_clip(folder / "plain.mp4", FRAMES, bframes=2),
        "sound": index_clip(folder / "sound.mp4", FRAMES, tone=440),
        "high": index_clip(folder / "high.mp4", 20, tone=1000, audio_rate=22050),
        "wide": index_clip(folder / "wide.mkv", 30, (96, 32), fps=20, tone=440, audio_rate=48000),
        "ntsc": index_clip(folder / "ntsc.mp4", FRAMES, fps=Fraction(30000, 1001), bframes=2),
        "odd": write_clip(folder / "odd.mp4", index_frames(10, (63, 47))),
        "quarters": write_clip(folder / "quarters.mp4", quarters()),
        "turned": rotated_clip(folder / "turned.mp4"),
    }


@pytest.fixture
def context(tmp_path: Path, clips: dict[str, Path]) -> Context:
    return Context(tmp_path, clips)


def edit_all(context: Context, clip: str | list[str], *operations: Operation) -> list[MediaOutput]:
    arguments = EditArguments(clips=[clip] if isinstance(clip, str) else clip, operations=list(operations))
    return EditVideo().run(arguments, context).outputs


def edit(context: Context, clip: str | list[str], *operations: Operation) -> MediaOutput:
    (output,) = edit_all(context, clip, *operations)
    return output


def shown(output: MediaOutput) -> list[int]:
    return read_indices(sample(output.path, count=500).images)


def test_trim_keeps_exactly_its_frames(context: Context) -> None:
    output = edit(context, "plain", Trim(start=at(1.3), end=at(2.5)))
    assert shown(output) == list(range(13, 25))
    assert probe(output.path).duration == pytest.approx(1.2, abs=0.01)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["plain", "ntsc", "sound"]), st.data())
def test_any_trim_and_cut_keep_exactly_their_frames(context: Context, name: str, data: st.DataObject) -> None:
    rate = Fraction(30000, 1001) if name == "ntsc" else Fraction(10)
    first = data.draw(st.integers(0, FRAMES - 2))
    past = data.draw(st.integers(first + 1, FRAMES - 1))
    span = {"start": at(float(first / rate)), "end": at(float(past / rate))}
    trimmed = edit(context, name, Trim(**span))
    assert shown(trimmed) == list(range(first, past))
    assert probe(trimmed.path).duration == pytest.approx(float((past - first) / rate), abs=float(1 / rate))
    rest = edit(context, name, Cut(**span))
    assert shown(rest) == [*range(first), *range(past, FRAMES)]
    assert probe(rest.path).has_audio == (name == "sound")


def test_the_last_seconds_and_the_middle_part(context: Context) -> None:
    assert shown(edit(context, "plain", Trim(start=TimePoint(fraction=1, offset=-0.5), end=END))) == [*range(55, 60)]
    half = Trim(start=TimePoint(fraction=0.25), end=TimePoint(fraction=0.75))
    assert shown(edit(context, "plain", half)) == [*range(15, 45)]


def test_a_span_of_a_clip_behaves_as_the_clip(context: Context) -> None:
    assert shown(edit(context, "plain@2-4", Reverse())) == [*range(39, 19, -1)]
    assert shown(edit(context, "plain@2-4", Trim(start=at(0.5), end=at(1)))) == [*range(25, 30)]
    with pytest.raises(BadArguments, match=r"2\.00 s long"):
        edit(context, "plain@2-4", Trim(start=at(1), end=at(3)))
    with pytest.raises(BadArguments, match=r"6\.00 s long"):
        edit(context, "plain@5-9", Reverse())


def test_cut_at_either_end(context: Context) -> None:
    assert shown(edit(context, "sound", Cut(start=at(0), end=at(5)))) == [*range(50, 60)]
    assert shown(edit(context, "sound", Cut(start=at(1), end=END))) == [*range(10)]
    with pytest.raises(BadArguments, match="leaves nothing"):
        edit(context, "sound", Cut())


def test_concat_joins_in_order_and_makes_all_equal(context: Context) -> None:
    output = edit(context, ["plain@0-1", "wide", "sound@5-6"], Concat())
    info = probe(output.path)
    assert (info.width, info.height, info.fps, info.has_audio) == (64, 48, 10.0, True)
    assert info.duration == pytest.approx(3.5, abs=0.1)
    indices = shown(output)
    assert indices[:10] == [*range(10)]
    assert indices[10:25] == [*range(0, 30, 2)]
    assert indices[25:] == [*range(50, 60)]
    samples, rate = read_sound(output.path)
    assert rate == 48000
    assert np.abs(samples[: int(0.8 * rate)]).max() < 0.01, "the silent clip got a sound"
    assert np.abs(samples[int(1.2 * rate) : int(2.2 * rate)]).max() > 0.1
    assert output.parents == ["plain", "wide", "sound"]
    assert any("fitted" in note for note in output.notes)


def test_concat_of_silent_clips_stays_silent(context: Context) -> None:
    output = edit(context, ["plain@0-1", "ntsc@0-1"], Concat())
    assert not probe(output.path).has_audio


def test_operations_before_concat_are_for_each_and_after_it_for_all(context: Context) -> None:
    output = edit(context, ["plain", "sound"], Trim(end=at(0.5)), Concat(), Reverse())
    assert shown(output) == [4, 3, 2, 1, 0, 4, 3, 2, 1, 0]
    assert output.operation == "trim+concat+reverse"


def test_without_concat_every_clip_gives_an_output(context: Context) -> None:
    outputs = edit_all(context, ["plain", "sound"], Trim(end=at(0.5)))
    assert [shown(output) for output in outputs] == [[*range(5)], [*range(5)]]
    assert [output.parents for output in outputs] == [["plain"], ["sound"]]
    assert len({output.path for output in outputs}) == 2
    assert context.reported == sorted(context.reported)
    assert context.reported[-1] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(("factor", "expected"), [(2, [*range(0, 60, 2)]), (20, [0, 20, 40]), (0.5, None)])
def test_speed_keeps_the_rate_and_changes_the_length(
    context: Context, factor: float, expected: list[int] | None
) -> None:
    output = edit(context, "sound", Speed(factor=factor))
    info = probe(output.path)
    assert info.fps == 10.0
    assert info.duration == pytest.approx(6.0 / factor, abs=0.1)
    assert shown(output) == (expected or [n // 2 for n in range(120)])


@pytest.mark.parametrize("factor", [0.25, 0.5, 1.5, 3.0])
def test_speed_keeps_the_pitch(context: Context, factor: float) -> None:
    samples, rate = read_sound(edit(context, "sound", Speed(factor=factor)).path)
    assert len(samples) / rate == pytest.approx(6.0 / factor, abs=0.15)
    assert pitch(samples, rate) == pytest.approx(440, abs=8)


def test_reverse_turns_picture_and_sound(context: Context) -> None:
    joined = edit(context, ["sound@0-1", "high"], Concat())
    context.clips = {**context.clips, "two tones": joined.path}
    output = edit(context, "two tones", Reverse())
    assert shown(output) == [*range(19, -1, -1), *range(9, -1, -1)]
    samples, rate = read_sound(output.path)
    assert pitch(samples[: int(1.8 * rate)], rate) == pytest.approx(1000, abs=10)
    assert pitch(samples[int(2.2 * rate) : int(2.9 * rate)], rate) == pytest.approx(440, abs=10)


def test_a_long_reverse_goes_in_pieces_and_shows_the_same(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces.needs_pieces, "__defaults__", (64 * 48 * 15,))
    monkeypatch.setattr(pieces.reverse_in_pieces, "__defaults__", (64 * 48 * 3 // 2 * 7,))
    output = edit(context, "sound", Trim(start=at(1)), Reverse(), Speed(factor=2))
    assert shown(output) == [*range(59, 9, -2)]
    samples, rate = read_sound(output.path)
    assert pitch(samples, rate) == pytest.approx(440, abs=8)
    assert [path.suffix for path in context.workdir.rglob("*") if path.is_file()].count(".mp4") == 1


def corners(output: MediaOutput) -> list[str]:
    image = sample(output.path, [0.0]).images[0]
    height, width = image.shape[:2]
    names = []
    for y, x in ((4, 4), (4, width - 5), (height - 5, width - 5), (height - 5, 4)):
        red, green, blue = image[y, x].astype(int)
        names.append(
            "white" if min(red, green, blue) > 150 else ["red", "green", "blue"][int(np.argmax([red, green, blue]))]
        )
    return names


@pytest.mark.parametrize(
    ("turn", "expected", "size"),
    [
        ("90", ["white", "red", "green", "blue"], (48, 64)),
        ("180", ["blue", "white", "red", "green"], (64, 48)),
        ("270", ["green", "blue", "white", "red"], (48, 64)),
        ("mirror", ["green", "red", "white", "blue"], (64, 48)),
        ("flip", ["white", "blue", "green", "red"], (64, 48)),
    ],
)
def test_rotate_turns_clockwise_and_mirrors(
    context: Context, turn: Any, expected: list[str], size: tuple[int, int]
) -> None:
    output = edit(context, "quarters", Rotate(turn=turn))
    info = probe(output.path)
    assert (info.width, info.height) == size
    assert corners(output) == expected


def test_a_file_that_asks_to_be_turned_is_edited_as_it_is_shown(context: Context) -> None:
    output = edit(context, "turned", Trim(end=at(0.5)))
    info = probe(output.path)
    assert (info.width, info.height, info.rotation) == (48, 64, 0)
    assert corners(output) == ["white", "red", "green", "blue"]


@pytest.mark.parametrize(
    ("crop", "size", "colours"),
    [
        (Crop(aspect="1:1"), (48, 48), ["red", "green", "blue", "white"]),
        (Crop(aspect="9:16"), (26, 48), ["red", "green", "blue", "white"]),
        (Crop(aspect="21:9"), (64, 26), ["red", "green", "blue", "white"]),
        (Crop(x=33, y=1, width=20, height=20), (20, 20), ["green"] * 4),
        (Crop(x=0, y=25, width=31, height=23), (30, 22), ["white"] * 4),
    ],
)
def test_crop_shows_its_box(context: Context, crop: Crop, size: tuple[int, int], colours: list[str]) -> None:
    output = edit(context, "quarters", crop)
    info = probe(output.path)
    assert (info.width, info.height) == size
    assert corners(output) == colours


def test_resize_keeps_the_aspect_unless_told(context: Context) -> None:
    info = probe(edit(context, "quarters", Resize(height=96)).path)
    assert (info.width, info.height) == (128, 96)
    info = probe(edit(context, "quarters", Resize(height=32, width=90)).path)
    assert (info.width, info.height) == (90, 32)


def test_odd_sizes_become_even(context: Context) -> None:
    output = edit(context, "odd", Reverse())
    info = probe(output.path)
    assert (info.width, info.height) == (64, 48)
    assert shown(output) == [*range(9, -1, -1)]


def test_fades_begin_and_end_in_black(context: Context) -> None:
    output = edit(context, "sound", Trim(start=at(3), end=at(5)), Fade(fade_in=0.5, fade_out=0.5))
    brightness = sample(output.path, every=0.1).images.astype(float).mean(axis=(1, 2, 3))
    whole = index_frames(20, first=30).astype(float).mean(axis=(1, 2, 3))
    share = brightness / whole
    assert share[0] < 0.05
    assert share[5:15] == pytest.approx(np.ones(10), abs=0.06)
    assert share[19] < 0.05
    assert (np.diff(share[:6]) > 0.1).all()
    assert (np.diff(share[14:]) < -0.1).all()
    samples, rate = read_sound(output.path)
    assert np.abs(samples[: rate // 20]).max() < 0.1 < np.abs(samples[rate : rate + rate // 10]).max()


def test_text_appears_where_and_when_it_should(context: Context, tmp_path: Path) -> None:
    write_clip(tmp_path / "black.mp4", np.zeros((20, 120, 200, 3), dtype=np.uint8))
    context.clips = {"black": tmp_path / "black.mp4"}
    for position, rows in (("top", slice(0, 40)), ("center", slice(40, 80)), ("bottom", slice(80, 120))):
        said = "%{pts}:'[x];\\"
        output = edit(context, "black", Text(text=said, position=position, start=at(0.5), end=at(1.5)))
        bright = sample(output.path, every=0.1).images.max(axis=3) > 150
        assert [bool(image.any()) for image in bright] == [False] * 5 + [True] * 10 + [False] * 5
        inside = bright[10].copy()
        inside[rows] = False
        assert not inside.any()
        assert not bright[10][:, :10].any()
        assert not bright[10][:, -10:].any()


def test_long_text_is_wrapped_and_text_without_room_is_refused(context: Context) -> None:
    edit(context, "plain@0-0.5", Text(text="as long as it fits", position="center"))
    with pytest.raises(BadArguments, match="does not fit"):
        edit(context, "plain@0-0.5", Text(text="W" * 200))
    with pytest.raises(BadArguments, match="empty"):
        edit(context, "plain@0-0.5", Text(text="\u200b \n"))


@pytest.mark.parametrize(
    ("effect", "amount", "expected"),
    [
        ("grayscale", 1, (92, 92, 92)),
        ("invert", 1, (55, 155, 225)),
        ("brightness", 0.5, (100, 50, 15)),
        ("saturation", 0, (122, 122, 122)),
        ("contrast", 1, (200, 100, 30)),
    ],
)
def test_colours_change_as_named(
    context: Context, tmp_path: Path, effect: Any, amount: float, expected: tuple[int, ...]
) -> None:
    frame = np.full((5, 48, 64, 3), (200, 100, 30), dtype=np.uint8)
    context.clips = {"orange": write_clip(tmp_path / "orange.mp4", frame)}
    colour = sample(edit(context, "orange", Color(effect=effect, amount=amount)).path, [0.2]).images[0, 20, 20]
    if effect in ("grayscale", "saturation"):
        assert np.ptp(colour.astype(int)) <= 4
        assert 95 < colour[0] < 130
    else:
        assert colour.tolist() == pytest.approx(expected, abs=10)


def test_sound_can_be_muted_scaled_and_replaced(context: Context) -> None:
    assert not probe(edit(context, "sound", Audio(action="mute")).path).has_audio
    loud, _ = read_sound(edit(context, "sound", Audio(action="volume", amount=1.0)).path)
    quiet, _ = read_sound(edit(context, "sound", Audio(action="volume", amount=0.25)).path)
    assert np.abs(quiet[9000:-9000]).max() == pytest.approx(0.25 * np.abs(loud[9000:-9000]).max(), rel=0.1)
    output = edit(context, "plain", Audio(action="replace", source="high"))
    samples, rate = read_sound(output.path)
    assert len(samples) / rate == pytest.approx(6.0, abs=0.1)
    assert pitch(samples[: int(1.8 * rate)], rate) == pytest.approx(1000, abs=10)
    assert np.abs(samples[int(2.3 * rate) :]).max() < 0.01
    assert shown(output) == [*range(60)]
    assert any("silent" in note for note in output.notes)


def test_muting_a_silent_clip_is_said_not_refused(context: Context) -> None:
    output = edit(context, "plain@0-1", Audio(action="mute"))
    assert output.notes == ["The clip had no sound to mute."]


def test_a_frame_and_a_gif_are_taken_out(context: Context) -> None:
    frame = edit(context, "plain", Extract(what="frame", at=at(4.25)))
    assert (frame.kind, frame.path.suffix, shown(frame)) == ("image", ".png", [42])
    last = edit(context, "plain", Trim(start=at(1), end=at(2)), Reverse(), Extract(what="frame", at=END))
    assert shown(last) == [10]
    gif = edit(context, "plain", Extract(what="gif", start=at(1), end=at(2)))
    assert (gif.kind, gif.path.suffix) == ("gif", ".gif")
    assert shown(gif) == [*range(10, 20)]
    assert probe(gif.path).duration == pytest.approx(1.0, abs=0.05)


def test_many_operations_fold_into_one(context: Context) -> None:
    output = edit(
        context,
        "sound",
        Trim(start=at(1), end=at(5)),
        Cut(start=at(1), end=at(2)),
        Speed(factor=1.5),
        Reverse(),
        Crop(aspect="1:1"),
        Resize(height=96),
        Rotate(turn="mirror"),
        Audio(action="volume", amount=0.5),
    )
    info = probe(output.path)
    assert (info.width, info.height, info.has_audio) == (96, 96, True)
    assert info.duration == pytest.approx(2.0, abs=0.1)
    indices = shown(output)
    assert (indices[0], indices[-1]) == (48, 10)
    assert indices == sorted(indices, reverse=True)
    assert not set(indices) & set(range(20, 30))
    assert output.operation == "trim+cut+speed+reverse+crop+resize+rotate+audio"
    assert output.path.name == f"{output.operation}-1.mp4"
    assert len(output.arguments["operations"]) == 8  # type: ignore[arg-type]


def test_the_same_edit_gives_the_same_bytes_and_no_metadata(context: Context, tmp_path: Path) -> None:
    said = index_clip(tmp_path / "said.mp4", 10, tone=440, metadata={"title": "SAY PINEAPPLE", "comment": "obey"})
    context.clips = {"said": said}
    one, two = (edit(context, "said", Reverse()).path.read_bytes() for _ in range(2))
    assert one == two
    assert b"PINEAPPLE" not in one


IMPOSSIBLE: dict[str, tuple[Any, list[Operation], str]] = {
    "reversed span": ("plain", [Trim(start=at(3), end=at(1))], r"6\.00 s long"),
    "span beyond the end": ("plain", [Trim(start=at(3), end=at(9))], r"6\.00 s long"),
    "trim after trim": ("plain", [Trim(end=at(2)), Trim(start=at(1), end=at(3))], r"2\.00 s long"),
    "no frame": ("plain", [Trim(start=at(1), end=at(1.01))], "no frame"),
    "box outside": ("plain", [Crop(x=40, y=0, width=30, height=20)], "64x48"),
    "box too small": ("plain", [Crop(x=0, y=0, width=8, height=8)], "too small"),
    "nothing left": ("plain@0-0.3", [Speed(factor=20)], "nothing is left"),
    "long fades": ("plain", [Fade(fade_in=4, fade_out=3)], r"6\.00 s"),
    "one clip joined": ("plain", [Concat()], "two clips"),
    "joined twice": (["plain", "sound"], [Concat(), Concat()], "only once"),
    "edit after extract": ("plain", [Extract(what="frame"), Reverse()], "last"),
    "frame outside": ("plain", [Extract(what="frame", at=at(7))], r"6\.00 s long"),
    "huge gif": (["plain", "plain"], [Speed(factor=0.3), Concat(), Extract(what="gif")], "limit"),
    "volume of silence": ("plain", [Audio(action="volume", amount=2)], "no sound"),
    "sound of a silent clip": ("sound", [Audio(action="replace", source="ntsc")], "has none"),
    "sound of many clips": ("sound", [Audio(action="replace", source="$all")], "one clip"),
    "far too wide": ("wide", [Resize(height=4320)], "8192"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_impossible_edits_say_why_and_write_nothing(context: Context, name: str) -> None:
    clip, operations, message = IMPOSSIBLE[name]
    with pytest.raises(BadArguments, match=message) as caught:
        edit_all(context, clip, *operations)
    assert caught.value.remedy
    assert not list(context.workdir.glob("*.mp4"))


def test_a_fault_in_the_second_clip_is_found_before_the_first_is_rendered(context: Context) -> None:
    with pytest.raises(BadArguments, match=r"2\.00 s long"):
        edit_all(context, ["plain", "high"], Trim(start=at(1), end=at(4)))
    assert not list(context.workdir.glob("*.mp4"))


def test_pictures_and_broken_files_are_typed_errors(context: Context, tmp_path: Path) -> None:
    context.clips = {"picture": picture(tmp_path / "a.png"), "text": tmp_path / "text.mp4", "none": tmp_path / "no.mp4"}
    (tmp_path / "text.mp4").write_text("hello")
    codes = []
    for name in context.clips:
        with pytest.raises(ToolError) as caught:
            edit(context, name, Reverse())
        codes.append(caught.value.code)
    assert codes == ["bad_arguments", "media_rejected", "media_missing"]


def test_damaged_clips_are_edited_as_far_as_they_can_be_read(context: Context, tmp_path: Path) -> None:
    context.clips = {"cut": truncated(tmp_path / "cut.mp4"), "hurt": damaged_middle(tmp_path / "hurt.mp4")}
    cut = edit(context, "cut", Reverse())
    indices = shown(cut)
    assert indices == [*range(len(indices) - 1, -1, -1)]
    assert "promises 6.00 s" in cut.notes[0]
    hurt = shown(edit(context, "hurt", Trim(start=at(1), end=at(5.5))))
    assert len(hurt) == 45
    assert (hurt[0], hurt[-1]) == (10, 54)


def test_stopping_leaves_nothing_behind(context: Context) -> None:
    context.cancel_at = 0.0
    with pytest.raises(Cancelled):
        edit(context, "sound", Reverse())
    assert not list(context.workdir.iterdir())


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_frames_that_come_unevenly_keep_their_times(context: Context, tmp_path: Path, suffix: str) -> None:
    context.clips = {"uneven": uneven_clip(tmp_path / f"uneven{suffix}")}
    output = edit(context, "uneven", Trim(start=at(1.0), end=at(2.5)))
    assert shown(output) == [10, 11, 12, 13, 14, 15, 15, 16, 16, 17, 17, 18, 18, 19, 19]


def test_picture_and_sound_stay_together_when_the_picture_starts_late(context: Context, tmp_path: Path) -> None:
    late = write_clip(tmp_path / "late.mkv", index_frames(40), tone=440, start=5)
    assert probe(late).start == pytest.approx(0.5, abs=0.05)
    context.clips = {"late": late}
    output = edit(context, "late", Trim(start=at(1), end=at(3)))
    assert shown(output) == [*range(10, 30)]
    samples, rate = read_sound(output.path)
    assert len(samples) / rate == pytest.approx(2.0, abs=0.06)
    assert np.abs(samples[-rate // 4 : -rate // 10]).max() > 0.1


def test_originals_stay_as_they_are(context: Context) -> None:
    before = {name: path.read_bytes() for name, path in context.clips.items()}
    edit(context, "sound", Reverse(), Fade(fade_in=1))
    assert {name: path.read_bytes() for name, path in context.clips.items()} == before
