"""A project's timeline: edits, undo, redo, rejecting one, comparing, and formats that others read."""

from __future__ import annotations

from pathlib import Path

import pytest
from gpt4video.tools.editing.operations import Concat, Operation, Reverse, Speed, Text, TimePoint, Trim
from gpt4video.tools.errors import BadArguments, MediaBroken
from gpt4video.tools.timeline.edits import (
    Apply,
    Choose,
    Crossfade,
    Edit,
    Insert,
    Move,
    Remove,
    Replace,
    Split,
    apply,
)
from gpt4video.tools.timeline.interchange import read_timeline, write_timeline
from gpt4video.tools.timeline.log import (
    Edited,
    Entry,
    Redone,
    Rejected,
    Undone,
    added,
    difference,
    version_of,
)
from gpt4video.tools.timeline.model import Item, Take, Timeline
from hypothesis import given, settings
from hypothesis import strategies as st

RATE = 25.0


def take(clip: str = "c1", start: float = 0.0, end: float = 4.0, length: float = 10.0) -> Take:
    return Take(clip=clip, start=start, end=end, length=length, rate=RATE)


def span(start: float, end: float) -> Trim:
    return Trim(start=TimePoint(offset=start), end=TimePoint(offset=end))


def grown(*edits: Edit) -> list[Entry]:
    entries: list[Entry] = []
    for edit in edits:
        entry = Edited(edit=edit)
        added(entries, entry)
        entries.append(entry)
    return entries


def shown(timeline: Timeline) -> list[tuple[str, float]]:
    return [(item.id, round(item.seconds, 3)) for item in timeline.items]


THREE = Insert(takes=[take("c1"), take("c2", 1, 3), take("c3", 0, 5)])


def test_takes_become_items_that_keep_their_names() -> None:
    version = version_of(grown(THREE, Move(item="i1.3", to=0), Remove(items=["i1.1"])))

    assert shown(version.timeline) == [("i1.3", 5.0), ("i1.2", 2.0)]
    assert version.timeline.starts() == [0.0, 5.0]
    assert version.timeline.seconds == 7.0


def test_a_first_trim_narrows_the_span_and_others_are_kept_in_order() -> None:
    cut = Apply(items=["i1.1"], operations=[span(1, 3), Speed(factor=2), span(0.2, 0.8)])
    item = version_of(grown(THREE, cut)).timeline.items[0]

    assert (item.take.start, item.take.end) == (1.0, 3.0)
    assert [operation.op for operation in item.operations] == ["speed", "trim"]
    assert item.frames == 15


def test_a_split_gives_two_items_that_show_the_same() -> None:
    entries = grown(THREE, Apply(items=["i1.3"], operations=[Speed(factor=2)]), Split(item="i1.3", at=1.0))

    assert shown(version_of(entries).timeline)[2:] == [("i3a", 1.0), ("i3b", 1.48)]


def test_a_span_is_replaced_and_the_rest_stays_as_it_is() -> None:
    new = [take("made", 0, 1, 1), take("other", 0, 1, 1)]
    entries = grown(THREE, Replace(item="i1.1", start=1, end=2, takes=new, crossfade=0.2))
    before, timeline = version_of(entries[:1]).timeline, version_of(entries).timeline

    assert shown(timeline) == [("i2a", 1.0), ("i2b", 1.0), ("i2c", 2.0), ("i1.2", 2.0), ("i1.3", 5.0)]
    assert [item.crossfade for item in timeline.items] == [0, 0.2, 0.2, 0, 0]
    assert timeline.items[1].sound == take("c1", 0.8, 2.2)
    assert timeline.items[3:] == before.items[1:]
    second = apply(timeline, Choose(item="i2b", take=2), "x")
    assert second.items[1].take.clip == "other"
    with pytest.raises(BadArguments, match="has 2 takes"):
        apply(timeline, Choose(item="i2b", take=3), "x")


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (Remove(items=["nobody"]), "no item 'nobody'"),
        (Apply(items=["i1.1"], operations=[Concat()]), "no edit of an item"),
        (Apply(items=["i1.1"], operations=[span(3, 9)]), "reaches beyond"),
        (Apply(items=["i1.1"], operations=[span(2, 2)]), "is empty"),
        (Split(item="i1.1", at=4.0), "is empty"),
        (Crossfade(item="i1.1", seconds=1), "none before it"),
        (Crossfade(item="i1.2", seconds=3), "do not fit"),
        (Replace(item="i1.1", start=3, end=7, takes=[take()]), "reaches beyond"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused_and_changes_nothing(edit: Edit, fault: str) -> None:
    entries = grown(THREE)

    with pytest.raises(BadArguments, match=fault) as caught:
        added(entries, Edited(edit=edit))
    assert caught.value.remedy
    assert shown(version_of(entries).timeline) == [("i1.1", 4.0), ("i1.2", 2.0), ("i1.3", 5.0)]


def test_undo_and_redo_go_back_and_forth_until_something_new_is_done() -> None:
    entries = grown(THREE, Remove(items=["i1.1"]), Remove(items=["i1.2"]))

    assert len(version_of([*entries, Undone()]).timeline.items) == 2
    assert len(version_of([*entries, Undone(), Undone()]).timeline.items) == 3
    assert version_of([*entries, Undone(), Undone(), Redone(), Redone()]).timeline == version_of(entries).timeline
    branched = [*entries, Undone(), Edited(edit=Move(item="i1.3", to=0))]
    with pytest.raises(BadArguments, match="nothing to make again"):
        added(branched, Redone())
    with pytest.raises(BadArguments, match="nothing to undo"):
        added([], Undone())


def test_one_edit_is_rejected_and_the_others_stand() -> None:
    slower = Apply(items=["i1.1"], operations=[Speed(factor=0.5)])
    entries = grown(THREE, slower, Remove(items=["i1.2"]))

    version = added(entries, Rejected(number=2))

    assert shown(version.timeline) == [("i1.1", 4.0), ("i1.3", 5.0)]
    assert shown(version_of([*entries, Rejected(number=2), Undone()]).timeline) == [("i1.1", 8.0), ("i1.3", 5.0)]
    for number in (2, 9):
        with pytest.raises(BadArguments, match="no edit"):
            added([*entries, Rejected(number=2)], Rejected(number=number))


def test_what_hung_on_a_rejected_edit_is_named_not_lost() -> None:
    entries = grown(Insert(takes=[take()]), Insert(takes=[take("c2")]), Apply(items=["i2"], operations=[Reverse()]))

    version = added(entries, Rejected(number=2))

    assert shown(version.timeline) == [("i1", 4.0)]
    assert set(version.void) == {3}
    assert "no item 'i2'" in version.void[3]


def test_two_versions_are_compared() -> None:
    one = version_of(grown(THREE)).timeline
    other = version_of(
        grown(THREE, Remove(items=["i1.2"]), Move(item="i1.3", to=0), Apply(items=["i1.3"], operations=[Reverse()]),
              Insert(takes=[take("c4")]))
    ).timeline  # fmt: skip

    found = difference(one, other)

    assert [item.id for item in found.added] == ["i5"]
    assert [item.id for item in found.removed] == ["i1.2"]
    assert [(before.id, len(after.operations)) for before, after in found.changed] == [("i1.3", 1)]
    assert len(found.moved) == 1


OPERATIONS: st.SearchStrategy[Operation] = st.one_of(
    st.builds(Speed, factor=st.floats(0.2, 5)),
    st.just(Reverse()),
    st.builds(lambda a, b: span(min(a, b), max(a, b)), st.floats(0, 4), st.floats(0, 4)),
    st.just(Text(text="hello")),
)
EDITS = st.one_of(
    st.builds(lambda n: Insert(takes=[take("c9", 0, 1 + n % 3)], at=n), st.integers(0, 5)),
    st.builds(lambda n, op: (n, op), st.integers(0, 5), OPERATIONS),
    st.builds(lambda n, at: (n, at), st.integers(0, 5), st.floats(0.05, 4)),
    st.builds(lambda n: n, st.integers(0, 5)),
    st.sampled_from([Undone(), Redone()]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(EDITS, max_size=12))
def test_any_run_of_edits_undone_to_the_end_leaves_nothing_and_redone_everything(steps: list[object]) -> None:
    entries: list[Entry] = grown(THREE)
    for step in steps:
        items = version_of(entries).timeline.items
        name = items[(step if isinstance(step, int) else step[0] if isinstance(step, tuple) else 0) % len(items)].id \
            if items else "none"  # fmt: skip
        entry: Entry
        if isinstance(step, Undone | Redone):
            entry = step
        elif isinstance(step, Insert):
            entry = Edited(edit=step)
        elif isinstance(step, int):
            entry = Edited(edit=Remove(items=[name]))
        elif isinstance(step, tuple) and isinstance(step[1], float):
            entry = Edited(edit=Split(item=name, at=step[1]))
        else:
            entry = Edited(edit=Apply(items=[name], operations=[step[1]]))  # type: ignore[index]
        try:
            version = added(entries, entry)
        except BadArguments:
            assert version_of(entries).timeline.items == items
            continue
        entries.append(entry)
        assert all(item.frames >= 1 for item in version.timeline.items)
        assert not version.void
    final = version_of(entries)
    back: list[Entry] = [*entries, *[Undone()] * len(final.standing)]
    assert version_of(back).timeline == Timeline()
    assert version_of([*back, *[Redone()] * len(final.standing)]).timeline == final.timeline


def located(clip: str) -> Path:
    return Path("/library") / f"{clip}.mp4"


def found(name: str) -> Take:
    clip = Path(name).stem
    if clip == "stranger":
        raise BadArguments(f"There is no clip {name!r}.", "Take it in first.")
    return take(clip, 0, 10, 10)


def project() -> Timeline:
    edits = [
        THREE,
        Apply(items=["i1.1"], operations=[Speed(factor=2)]),
        Apply(items=["i1.2"], operations=[Text(text="Two"), Reverse()]),
        Crossfade(item="i1.3", seconds=0.48),
        Replace(item="i1.3", start=1, end=2, takes=[take("made", 0, 1), take("other", 0, 1)]),
    ]
    return version_of(grown(*edits)).timeline


def test_otio_holds_the_whole_timeline(tmp_path: Path) -> None:
    path = tmp_path / "project.otio"

    assert write_timeline(project(), path, "Project", located) == []
    read, notes = read_timeline(path, found)

    assert read == project()
    assert notes == []


def test_otio_says_to_others_what_they_understand(tmp_path: Path) -> None:
    import opentimelineio as otio

    path = tmp_path / "project.otio"
    write_timeline(project(), path, "Project", located)
    timeline = otio.adapters.read_from_file(str(path))
    clips = list(timeline.find_clips())

    assert timeline.name == "Project"
    assert clips[0].effects[0].time_scalar == 2
    assert clips[0].duration().to_seconds() == 2.0
    assert clips[1].effects[0].time_scalar == -1
    assert clips[0].media_reference.target_url == "file:///library/c1.mp4"
    assert set(clips[3].media_references()) == {"take 1", "take 2"}
    assert timeline.duration().to_seconds() == pytest.approx(project().seconds)
    assert [type(child).__name__ for child in timeline.video_tracks()[0]].count("Transition") == 1


def test_what_another_program_changed_counts(tmp_path: Path) -> None:
    import opentimelineio as otio

    path = tmp_path / "project.otio"
    write_timeline(project(), path, "Project", located)
    timeline = otio.adapters.read_from_file(str(path))
    first, _, _, fourth, *_ = timeline.find_clips()
    first.source_range = otio.opentime.TimeRange(otio.opentime.RationalTime(25, 25), otio.opentime.RationalTime(25, 25))
    fourth.active_media_reference_key = "take 2"
    otio.adapters.write_to_file(timeline, str(path))

    read, _ = read_timeline(path, found)

    assert (read.items[0].take.start, read.items[0].take.end, read.items[0].seconds) == (1.0, 3.0, 1.0)
    assert read.items[3].take.clip == "other"


@pytest.mark.parametrize("ending", [".edl", ".fcpxml"])
def test_cuts_travel_through_other_formats(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"project{ending}"
    plain = version_of(grown(THREE)).timeline

    assert write_timeline(plain, path, "Project", located) == []
    read, _ = read_timeline(path, found)

    assert [(item.take.clip, item.take.start, item.take.end) for item in read.items] == [
        ("c1", 0.0, 4.0), ("c2", 1.0, 3.0), ("c3", 0.0, 5.0),
    ]  # fmt: skip


def test_a_format_says_what_it_cannot_hold(tmp_path: Path) -> None:
    titled = version_of(grown(THREE, Apply(items=["i1.1"], operations=[Text(text="One")]))).timeline

    assert write_timeline(titled, tmp_path / "p.edl", "P", located) == [".edl does not hold text; .otio does."]


@pytest.mark.parametrize("content", [b"", b"{}", b"no timeline", b"\xff\xfe\x00"])
@pytest.mark.parametrize("ending", [".otio", ".fcpxml", ".edl"])
def test_a_file_that_is_no_timeline_is_refused(tmp_path: Path, content: bytes, ending: str) -> None:
    path = tmp_path / f"bad{ending}"
    path.write_bytes(content)

    with pytest.raises((MediaBroken, BadArguments)) as caught:
        read_timeline(path, found)
    assert caught.value.remedy


def test_a_clip_that_is_not_known_is_named(tmp_path: Path) -> None:
    strange = Timeline(items=(Item(id="i1", takes=(take("stranger"),)),))
    path = tmp_path / "p.otio"
    write_timeline(strange, path, "P", located)

    with pytest.raises(BadArguments, match="stranger"):
        read_timeline(path, found)
    with pytest.raises(BadArguments, match="no format"):
        write_timeline(strange, tmp_path / "p.docx", "P", located)
