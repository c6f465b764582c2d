"""What is said to a project: wordings that are its own, what they ask for, and look-alikes that are left alone."""

from __future__ import annotations

import pytest
from gpt4video.agent.planner.syntax import parse
from gpt4video.agent.project_plan import (
    Begin,
    Change,
    Choose,
    Compare,
    Crossfade,
    Export,
    Move,
    ProjectOperation,
    Put,
    Regenerate,
    Reject,
    Remove,
    Render,
    Split,
    Tell,
    Undo,
)
from gpt4video.agent.project_turns import as_operations
from gpt4video.agent.project_words import Reach, Spoken, over_items, read
from gpt4video.tools.editing.operations import Reverse, Speed, TimePoint, Trim

CLIPS = {"c1": 10.0, "c2": 4.0, "c3": 6.0}


def asked(request: str, reach: Reach = Reach.LATEST) -> Spoken | None:
    return read(request, CLIPS, reach)


def operations(request: str, reach: Reach = Reach.LATEST) -> list[ProjectOperation]:
    spoken = asked(request, reach)
    assert spoken is not None, request
    assert not spoken.rest, spoken
    return list(spoken.operations)


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ("start a project called holiday", "holiday"),
        ("Please start a new project called Summer in Rome.", "Summer in Rome"),
        ("create a timeline named 'b-roll'", "b-roll"),
        ("open the project holiday", "holiday"),
        ("switch to the holiday project", "holiday"),
        ('new project "first cut"', "first cut"),
        ("can you make a project called demo, please?", "demo"),
    ],
)
def test_a_project_is_started_or_opened_by_name(request_: str, name: str) -> None:
    assert asked(request_, Reach.NONE) == Spoken(name, (Begin(),))


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        ("put the second clip into the project after the first", [Put(clips=["c2"], at=2)]),
        ("put c2 and c3 into the project", [Put(clips=["c2", "c3"])]),
        ("add the last clip to the timeline", [Put(clips=["c3"])]),
        ("add it to the project at the start", [Put(clips=["c3"], at=1)]),
        ("add both to the project", [Put(clips=["c2", "c3"])]),
        ("insert all clips into my project", [Put(clips=["c1", "c2", "c3"])]),
        ("put 2-5 s of c1 into the project before the second item", [Put(clips=["c1@2-5"], at=2)]),
        ("in the project, put c1 before item 3", [Put(clips=["c1"], at=3)]),
        ("put c1 in the project as the third item", [Put(clips=["c1"], at=3)]),
        ("put c1 into the project before the last item", [Put(clips=["c1"]), Move(item=-1, beside=-2)]),
        ("in the project, remove the second item", [Remove(items=[2])]),
        ("take out items 2 and 3 of the project", [Remove(items=[2, 3])]),
        ("delete the last item from the timeline", [Remove(items=[-1])]),
        ("remove items 2 to 4", [Remove(items=[2, 3, 4])]),
        ("move the third item before the first item", [Move(item=3, beside=1)]),
        ("move item 1 to the end", [Move(item=1, beside=-1, after=True)]),
        ("move item 1 to position 3", [Move(item=1, beside=3, after=True)]),
        ("move item 3 to position 1", [Move(item=3, beside=1)]),
        ("split the second item at 2 seconds", [Split(item=2, at=TimePoint(offset=2))]),
        ("split the last item in the middle", [Split(item=-1, at=TimePoint(fraction=0.5))]),
        ("cross-fade between the first and the second item for 2 seconds", [Crossfade(items=[2], seconds=2)]),
        ("in the project, cross-fade between all items for half a second", [Crossfade(items=[], seconds=0.5)]),
        ("in the project add a 2 s dissolve between item 1 and item 2", [Crossfade(items=[2], seconds=2)]),
        ("crossfade to the third item", [Crossfade(items=[3], seconds=1)]),
        ("use take 2", [Choose(take=2)]),
        ("use the second take of the first item", [Choose(take=2, item=1)]),
        ("switch to take two instead", [Choose(take=2)]),
        ("show me the takes", [Tell(do="takes")]),
        ("what are the takes of the second item?", [Tell(do="takes")]),
        ("show me the project", [Tell()]),
        ("what's in the timeline?", [Tell()]),
        ("show the history", [Tell(do="log")]),
        ("drop the last edit of the project", [Reject()]),
        ("drop edit 3", [Reject(number=3)]),
        ("undo that in the project", [Undo()]),
        ("undo the last two edits", [Undo(times=2)]),
        ("redo", [Undo(do="redo")]),
        ("compare with the version before", [Compare()]),
        ("compare it with version 3", [Compare(entries=3)]),
        ("what changed since the beginning?", [Compare(entries=0)]),
        ("compare the project to version 2 edits ago", [Compare(back=2)]),
        ("render it", [Render()]),
        ("now render the timeline", [Render()]),
        ("make a film of the project", [Render()]),
        ("export it as otio", [Export(format="otio")]),
        ("export the project as an EDL and as fcpxml", [Export(format="edl"), Export(format="fcpxml")]),
        ("save it for final cut pro", [Export(format="fcpxml")]),
        ("put c2 into the project and render it", [Put(clips=["c2"]), Render()]),
        ("in the project, remove item 1, then move item 2 to the start", [Remove(items=[1]), Move(item=2, beside=1)]),
        ("regenerate the second item at night", [Regenerate(item=2, prompt="at night")]),
        (
            "in the project, regenerate seconds 1 to 2 of the first item as a red ball in 3 takes",
            [Regenerate(item=1, start=1, end=2, prompt="a red ball", takes=3, whole=True)],
        ),
    ],
)  # fmt: skip
def test_wordings_of_the_table(request_: str, wanted: list[ProjectOperation]) -> None:
    assert operations(request_) == wanted


@pytest.mark.parametrize(
    "request_",
    [
        "find the clip where somebody works on a project",
        "make a video of a man presenting a project",
        "what happens in the project video?",
        "put c2 before c1",
        "undo the knot in c1",
        "trim the second clip to 2-5 s",
        "split c1 in the middle",
        "remove the first second",
        "cross-fade between c1 and c2",
        "show me the dog",
        "what changed in the second clip?",
        "compare c1 with c2",
        "take 2 seconds from the start",
        "use the second clip",
        "regenerate it at night",
        "save the last clip as a gif",
        "start a video project management course",
    ],
)
def test_look_alikes_are_left_to_the_planner(request_: str) -> None:
    assert asked(request_) is None


@pytest.mark.parametrize("request_", ["undo", "render it", "drop the last edit", "what changed?", "show the log"])
def test_short_commands_are_meant_for_what_was_done_last(request_: str) -> None:
    assert asked(request_, Reach.LATEST) is not None
    assert asked(request_, Reach.OPEN) is None


@pytest.mark.parametrize("request_", ["use take 2", "remove the second item", "render the project", "export it as edl"])
def test_what_only_a_project_has_needs_one_that_is_open(request_: str) -> None:
    assert asked(request_, Reach.OPEN) is not None


def test_the_rest_is_planned_over_the_items() -> None:
    spoken = asked("in the project, trim the second item to 2-5 s", Reach.NONE)
    assert spoken == Spoken("", (), "trim the second item to 2-5 s")
    assert over_items(spoken.rest) == "trim the second clip from 2 to 5 seconds"
    assert asked("make the last item black and white", Reach.OPEN) == Spoken(
        "", (), "make the last item black and white"
    )
    assert asked("in the project holiday: mute everything") == Spoken("holiday", (), "mute everything")


def test_a_plan_over_items_becomes_operations_on_them() -> None:
    assert as_operations(parse("edit c2 trim 2 5"), 3) == [
        Change(items=[2], operations=[Trim(start=TimePoint(offset=2), end=TimePoint(offset=5))])
    ]
    assert as_operations(parse("edit c1 c2 speed 2 ; edit $1 concat 1"), 2) == [
        Change(items=[], operations=[Speed(factor=2)]),
        Crossfade(items=[2], seconds=1),
    ]
    assert as_operations(parse("edit c1@1-2 reverse"), 2) == [
        Change(items=[1], operations=[Trim(start=TimePoint(offset=1), end=TimePoint(offset=2)), Reverse()])
    ]
    assert as_operations(parse("gen like c2: at night"), 2) == [Regenerate(item=2, prompt="at night")]
    assert as_operations(parse("find: a dog"), 2) is None
    assert "render it first" in str(as_operations(parse("edit c1 gif 0 end"), 2))


@pytest.mark.parametrize(
    "order",
    [
        "start a project called holiday",
        "open the project holiday",
        "put c1 and c2 into the project",
        "put c1 into the project before item 2",
        "remove item 2",
        "move item 2 to place 1",
        "split item 1 at 2 seconds",
        "cross-fade between item 1 and item 2 for 0.5 seconds",
        "regenerate 1 to 2 seconds of item 1 as a yellow boat in 2 takes",
        "use take 2 of item 1",
        "show the takes",
        "show the project",
        "show the log",
        "reject the last edit",
        "undo",
        "compare it with the version before",
        "render it",
        "export it as fcpxml",
    ],
)
def test_orders_that_planners_are_taught_are_wordings(order: str) -> None:
    spoken = read(order, CLIPS, Reach.LATEST) or read(f"in the project: {order}", CLIPS, Reach.LATEST)
    assert spoken is not None
    assert spoken.operations or order.startswith("undo")
