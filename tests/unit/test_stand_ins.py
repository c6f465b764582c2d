"""Stand-ins: wordings that the planner was not taught, what it reads instead, and what its plan is made into."""

from __future__ import annotations

import pytest
from gpt4video.agent.planner.forms import form, seconds_of
from gpt4video.agent.planner.phrasing import edits_then_join
from gpt4video.agent.planner.stand_ins import joined_after, put_right, reworded


@pytest.mark.parametrize(
    ("request_", "instead", "planned", "meant"),
    [
        ("cross-fade between them for 2 seconds", "join them", "edit c1 c2 concat", "edit c1 c2 concat 2"),
        ("join both with a dissolve", "join both", "edit c1 c2 concat", "edit c1 c2 concat 1"),
        ("join c1 and c2 with a half a second cross-fade", "join c1 and c2", "edit c1 c2 concat",
         "edit c1 c2 concat 0.5"),
        ("crossfade c2 into c1 over 3 s", "join c2 and c1", "edit c2 c1 concat", "edit c2 c1 concat 3"),
        ("merge c1 and c2, then cross-fade between them", "merge c1 and c2", "edit c1 c2 concat",
         "edit c1 c2 concat 1"),
        ("turn the sound down at the end", "fade it out", "edit c1 fade 0 1", "edit c1 audio fade 0 1"),
        ("fade the music of c2 in", "fade c2 in", "edit c2 fade 1 0", "edit c2 audio fade 1 0"),
        ("fade out the audio over 3 s", "fade it out over 3 s", "edit c1 fade 0 3", "edit c1 audio fade 0 3"),
        ("make it quieter towards the end", "fade it out", "edit c1 fade 0 1", "edit c1 audio fade 0 1"),
        ("keep the dog in the picture and make it vertical", "make it vertical", "edit c1 crop 9:16",
         "edit c1 crop 9:16 follow"),
        ("crop it to a square and follow the runner", "crop it to a square", "edit c1 crop 1:1",
         "edit c1 crop 1:1 follow"),
        ("stabilise c2 strongly", "turn c2 into sepia", "edit c2 color sepia", "edit c2 stabilise high"),
        ("steady it, then mute it", "turn it into sepia, then mute it", "edit c1 color sepia | audio mute",
         "edit c1 stabilise | audio mute"),
        ("take the shake out of it", "turn it into sepia", "edit c1 color sepia", "edit c1 stabilise"),
        ("make it a bit slower", "make it a bit slower", "edit c1 speed 0.5", "edit c1 speed 0.8"),
        ("make a contact sheet of c2 with nine pictures", "make a gif of c2", "edit c2 gif 0 end",
         "edit c2 sheet 9 0 end"),
        ("extract all frames of c1", "make a gif of c1", "edit c1 gif 0 end", "edit c1 frames 0 end"),
        ("save 12 frames from c1 as images", "make a gif of c1", "edit c1 gif 0 end", "edit c1 frames 12 0 end"),
        ("export the sound of the first 3 seconds of c2 as wav", "make a gif of the first 3 seconds of c2",
         "edit c2 gif 0 3", "edit c2 wav 0 3"),
        ("extract the audio", "make a gif of it", "edit c1 gif 0 end", "edit c1 m4a 0 end"),
        ("convert it to webm", "convert it to a gif", "edit c1 gif 0 end", "edit c1 webm 0 end"),
        ("make a webm of the first 2 s", "make a gif of the first 2 s", "edit c1 gif 0 2", "edit c1 webm 0 2"),
        ("apply the lut Teal_Orange to c2", "turn c2 into sepia", "edit c2 color sepia",
         "edit c2 color lut Teal_Orange"),
        ("make a thumbnail", "make a still", "edit c1 frame 50%", "edit c1 thumbnail 50%"),
        ("put 'A b' in the bottom right corner in bold", "put 'A b' at the bottom", "edit c1 text bottom: A b",
         "edit c1 text bottom-right bold: A b"),
        ("write 'Hi' on it in big letters", "write 'Hi' on it", "edit c1 text bottom: Hi",
         "edit c1 text bottom size 14: Hi"),
    ],
)  # fmt: skip
def test_a_wording_its_stand_in_and_what_is_meant(request_: str, instead: str, planned: str, meant: str) -> None:
    said, rows = reworded(request_)
    assert said == instead
    assert put_right(planned, rows) == meant


@pytest.mark.parametrize(
    "request_",
    [
        "turn the sound down",
        "turn the volume down a notch",
        "fade it out",
        "keep the first two seconds and make it vertical",
        "join them and fade out",
        "keep the dog in the clip",
        "write 'make a thumbnail' on it",
        'put "in the top left corner" on c1',
        "make a gif and a webm of it",
        "take a still and make a thumbnail of c1",
        "find the video with the shaky camera",
        "speed up the bit where he falls",
        "trim it to the last 2 seconds",
        "what is in the sound of c1?",
        "use the lut of c1",
        "put the table first",
        "save the frame at 3 s",
    ],
)
def test_look_alikes_are_planned_as_they_are(request_: str) -> None:
    assert reworded(request_) == (request_, [])


@pytest.mark.parametrize(
    ("request_", "planned"),
    [
        ("make a video of a contact sheet on a table", "gen: a gif on a table"),
        ("find the clip with a logo in the top left corner", "find: clip with a logo at the top"),
        ("make a video of a car following the dog", "gen: a car"),
        ("make a thumbnail", "say ask_clip"),
    ],
)
def test_without_the_operation_that_it_stands_for_a_stand_in_does_not_count(request_: str, planned: str) -> None:
    _, rows = reworded(request_)
    assert rows
    assert put_right(planned, rows) is None


def test_an_edit_of_several_and_then_their_join_are_two_plans_in_one() -> None:
    assert edits_then_join("slow both down, then join them and fade out") == (
        "slow both down",
        "join them and fade out",
    )
    assert edits_then_join("mute both and cross-fade them over 2 s") == ("mute both", "cross-fade them over 2 s")
    assert edits_then_join("join them and fade out") is None
    assert joined_after("edit c1 c2 speed 0.8", "edit c1 c2 concat | fade 0 1") == (
        "edit c1 c2 speed 0.8 ; edit $1 concat | fade 0 1"
    )
    assert joined_after("edit c1 speed 0.8", "edit c1 c2 concat") is None  # one clip has nothing to be joined with
    assert joined_after("find: dogs", "edit c1 c2 concat") is None
    assert joined_after("edit c1 c2 gif 0 end", "edit c1 c2 concat") is None
    assert joined_after("edit c1 c2 speed 2", "edit c1 fade 0 1") is None


def test_forms_read_as_they_are_said() -> None:
    render = form("render [it|the [whole] film] [now]")
    for said in ("render", "render it", "Render the film now", "render the whole film", "render now"):
        assert render.fullmatch(said), said
    for said in ("render the", "renders", "render itnow", "render now it"):
        assert not render.fullmatch(said), said
    assert form("[please] use take {take:number}").fullmatch("use take two")["take"] == "two"  # type: ignore[index]
    assert [seconds_of(said) for said in ("2", "1.5 seconds", "half a second", "a", "", None)] == [2, 1.5, 0.5, 1, 1, 1]
