from __future__ import annotations

import pytest
from gpt4video.agent.evaluation.plans import in_plain_terms
from gpt4video.agent.planner.base import ClipEntry
from gpt4video.agent.planner.phrasing import joined, plainly
from hypothesis import given
from hypothesis import strategies as st

CLIPS = [ClipEntry(name="c1", duration=10), ClipEntry(name="c2", duration=30), ClipEntry(name="c3", duration=4)]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("trim to half a minute", "trim to 30 seconds"),
        ("first half a min of it", "first 30 seconds of it"),
        ("First 1 minute is all i need", "First 60 seconds is all i need"),
        ("keep two minutes", "keep 120 seconds"),
        ("the minute at the end", "the minute at the end"),
        ("between 1m47s and 1m59s", "between 107 seconds and 119 seconds"),
        ("1 minute and 30 seconds", "90 seconds"),
        ("a minute and a half", "90 seconds"),
        ("two and a half minutes", "150 seconds"),
        ("one second and a half", "1.5 seconds"),
        ("fade by half a second", "fade by 0.5 seconds"),
        ("a minute later", "60 seconds later"),
        ("three seconds starting at 5 sec from that", "from 5 to 8 seconds from that"),
        ("9 seconds from 5 s on", "from 5 to 14 seconds"),
        ("Eleven seconds starting at 61 seconds instead", "from 61 to 72 seconds instead"),
        ("keep the 4 seconds beginning at the 2 second mark", "keep from 2 to 6 seconds"),
        ("cut 2 seconds from 5 to 7", "cut 2 seconds from 5 to 7"),
        ("take 2 seconds from 3 clips", "take 2 seconds from 3 clips"),
        ("cut 2 seconds from the start", "cut 2 seconds from the start"),
        ("in 10 minutes' walk", "in 600 seconds' walk"),
        ('write "half a minute" on it', 'write "half a minute" on it'),
        ("cut 1:02-01:10", "cut 62s-70s"),
        ("trim the first clip to 1-5 s", "trim the first clip from 1 to 5 seconds"),
        ("keep 2 s - 6.5s of it", "keep 2 s - 6.5s of it"),
        ("from 10 – 20 sec", "from 10 to 20 seconds"),
        ("a 3-5 second clip of c1@2-5 s", "a 3-5 second clip of c1@2-5 s"),
        ("a 2-second fade", "a 2-second fade"),
        ("crop to 9:16 or 16:9", "crop to 9:16 or 16:9"),
        ("a five year old", "a five year old"),
    ],
)  # fmt: skip
def test_times_are_put_in_seconds_outside_quotes(text: str, plain: str) -> None:
    assert plainly(text) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("reverse the longest one", "reverse c2"),
        ("make the shorter clip black and white", "make c3 black and white"),
        ("join the last two clips", "join c2 and c3"),
        ("stitch the two newest clips together", "stitch c2 and c3 together"),
        ("the last two seconds", "the last two seconds"),
        ("put the third one in front of the first clip", "join c3 and c1"),
        ("edit the second to last one", "edit c2"),
        ("keep the first one and a half seconds", "keep the first 1.5 seconds"),
        ("the second one second", "the second one second"),
        ("the fifth clip", "the fifth clip"),
        ("the longest bridge", "the longest bridge"),
        ("find 'the longest one'", "find 'the longest one'"),
        ("join clip no. 2 and number one", "join c2 and c1"),
        ("merge clips one, two & three", "merge c1, c2 & c3"),
        ("mute #2", "mute c2"),
        ("cut clip 3 at 4 s", "cut c3 at 4 s"),
        ("clip 2 seconds off the end", "clip 2 seconds off the end"),
        ("clip 1 to 3 seconds", "clip 1 to 3 seconds"),
        ("play video 1.5 times faster", "play video 1.5 times faster"),
        ("show clip number 9", "show clip number 9"),
    ],
)
def test_clips_told_by_length_or_place_get_their_names(text: str, plain: str) -> None:
    assert plainly(text, CLIPS) == plain
    assert plainly(text, CLIPS[:1]) in (text, plain)


def test_two_clips_of_one_length_are_left_to_the_planner() -> None:
    same = [ClipEntry(name="c1", duration=4), ClipEntry(name="c2", duration=4)]
    assert plainly("the longer one", same) == "the longer one"


@given(st.text(max_size=60))
def test_plain_terms_stay_as_they_are(text: str) -> None:
    once = plainly(text, CLIPS)
    assert plainly(once, CLIPS) == once


def test_rows_of_a_data_file_are_read_like_requests_of_today() -> None:
    row = "Clips: c1 upload 60s, c2 trim of c1 2s\nBefore: half a minute\nUser: mute the longer one\nPlan:"
    assert in_plain_terms(row) == ("Clips: c1 upload 60s, c2 trim of c1 2s\nBefore: 30 seconds\nUser: mute c1\nPlan:")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("one clip out of the two, c1 at the end", "one clip out of the two: c2 and then c1"),
        ("one long video out of both, second one first", "one long video out of both: c2 and then c1"),
        ("merge them, c2 goes first", "merge them: c2 and then c1"),
        ("join c1 and c2 but c2 first!", "join c1 and c2: c2 and then c1!"),
        ("combine both videos with the second at the start", "combine both videos: c2 and then c1"),
        ("stick c2 in front of the first one", "join c2 and c1"),
        ("put c2 right before c1 and mute it", "join c2 and c1 and mute it"),
        ("add c1 to the end of c2", "join c2 and c1"),
        ("place c1 after c2", "join c2 and c1"),
        ("put the second clip before the first and fade out", "join c2 and c1 and fade out"),
        ("put the last one before the first one", "join c2 and c1"),
        ("set the other one after c1", "join c1 and the other one"),
        ("show c1 after the first second", "show c1 after the first second"),
        ("put a title at the end", "put a title at the end"),
        ("what happens first, c1 at the end?", "what happens first, c1 at the end?"),
        ("join them and fade out at the end", "join them and fade out at the end"),
        ("put c1 after 3 seconds", "put c1 after 3 seconds"),
        ("the middle one", "the middle one"),
    ],
)
def test_joins_are_told_in_the_order_of_playing(text: str, plain: str) -> None:
    assert plainly(text, CLIPS[:2]) == plain


def test_the_last_one_of_many_is_named() -> None:
    many = [ClipEntry(name=f"c{number}", about="upload", duration=5) for number in range(1, 8)]
    assert plainly("play the last one backwards", many) == "play c7 backwards"
    assert plainly("the last two seconds of the newest clip", many) == "the last two seconds of c7"
    assert plainly("keep the last second", many) == "keep the last second"
    assert plainly("play the last one backwards", many[:3]) == "play the last one backwards"


def test_the_middle_one_is_named_where_there_is_one() -> None:
    assert plainly("the middle clip should be rewound", CLIPS) == "c2 should be rewound"
    assert plainly("keep the middle second of it", CLIPS) == "keep the middle second of it"
    assert plainly("the middle video", CLIPS[:2]) == "the middle video"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("create a slow motion video of a glass of milk", "create a video of a slow motion glass of milk"),
        ("make a cartoon of a penguin", "make a video of a cartoon penguin"),
        ("I want black and white footage of two old men", "I want a video of two black and white old men"),
        ("give me a time-lapse of clouds", "give me a video of time-lapse clouds"),
        ("make a slow motion clip of c1", "make a slow motion clip of c1"),
        ("make a cartoon of it", "make a cartoon of it"),
        ("find a slow motion shot of a cat", "find a slow motion shot of a cat"),
    ],
)
def test_a_style_stands_beside_its_thing(text: str, plain: str) -> None:
    assert plainly(text, CLIPS) == plain


@pytest.mark.parametrize(
    ("request_text", "plan", "mended"),
    [
        ("join c2 and c1 and fade out", "edit c2 c1 fade 0 1", "edit c2 c1 concat | fade 0 1"),
        ("merge them, then mute it", "edit c1 c2 c3 audio mute", "edit c1 c2 c3 concat | audio mute"),
        ("fade both out", "edit c1 c2 fade 0 1", "edit c1 c2 fade 0 1"),
        ("mute both and join them", "edit c1 c2 audio mute", "edit c1 c2 audio mute"),
        ("join them", "edit c1 c2 concat", "edit c1 c2 concat"),
        ("join c1 to itself and mute it", "edit c1 audio mute", "edit c1 audio mute"),
        ("combine the sound of c2 with c1", "edit c1 c2 audio replace c2", "edit c1 c2 audio replace c2"),
        ("merge and mute", "edit c1 c2 audio mute ; look $1", "edit c1 c2 audio mute ; look $1"),
    ],
)
def test_a_join_that_the_plan_leaves_out_is_put_back(request_text: str, plan: str, mended: str) -> None:
    assert joined(request_text, plan) == mended
