from __future__ import annotations

import re

import pytest
from gpt4video.agent.planner.chat import plan_line
from gpt4video.agent.planner.video_tags import read_tags
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "plain", "prompts", "clips"),
    [
        ("Here it is: <video>a dog on a beach</video> Enjoy.", "Here it is: Enjoy.", ("a dog on a beach",), ()),
        ("<video>a dog", "", ("a dog",), ()),
        ("<video>a dog\nThat is all.", "That is all.", ("a dog",), ()),
        ("<video>a <video>red</video> dog</video>", "dog", ("a red",), ()),
        ("<video></video>Nothing.", "Nothing.", (), ()),
        ("no closing</video> one", "no closing one", (), ()),
        ("<video>one</video> and <video>two</video>", "and", ("one", "two"), ()),
        ("like <video2> but <VIDEO>at night</VIDEO>", "like but", ("at night",), (2,)),
        ("<video>like <video1> in snow</video>", "", ("like in snow",), (1,)),
        ("a cut tag <vid", "a cut tag <vid", (), ()),
        ("a cut tag <video", "a cut tag", (), ()),
        ("<vi<video>x</video>deo>", "<vi deo>", ("x",), ()),
    ],
)
def test_tags_are_read_as_far_as_they_make_sense(
    text: str, plain: str, prompts: tuple[str, ...], clips: tuple[int, ...]
) -> None:
    found = read_tags(text)
    assert (found.text, found.prompts, found.clips) == (plain, prompts, clips)


_PIECES = st.sampled_from(
    ["<video>", "</video>", "<video1>", "<video", "video>", "<", ">", "/", "a dog", "\n", " ", "<VIDEO>"]
)


@given(st.lists(_PIECES | st.text(max_size=6), max_size=14).map("".join))
def test_no_tag_is_left_whatever_is_written(text: str) -> None:
    found = read_tags(text)
    for shown in (found.text, *found.prompts):
        assert not re.search(r"<\s*/?\s*video", shown, re.IGNORECASE)
    assert all(prompt.strip() for prompt in found.prompts)


def test_a_model_that_answers_in_the_papers_way_makes_a_plan() -> None:
    assert plan_line("Sure! <video>a dog; on a beach</video>") == r"gen: a dog\; on a beach"
    assert plan_line("Like it: <video2> <video>at night") == "gen like c2: at night"
    assert plan_line("<video></video> find: a dog") == "find: a dog"
