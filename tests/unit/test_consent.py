"""What counts as a word on a waiting step, and what as a wish for a background job."""

from __future__ import annotations

from typing import Any

import pytest
from gpt4video.agent.consent import beside, with_prompt, word_of
from gpt4video.agent.errors import RequestInvalid
from gpt4video.agent.nodes import pending_step


@pytest.mark.parametrize("text", ["yes", "Y", "ok, do it", "Yes please!", "go ahead", "approve", "sure", "run it."])
def test_a_yes(text: str) -> None:
    assert word_of(text) == (True, None)


@pytest.mark.parametrize("text", ["no", "n", "No, thanks.", "don't", "do not run it", "cancel that", "stop"])
def test_a_no(text: str) -> None:
    assert word_of(text) == (False, None)


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("edit the prompt to a red ball at night", "a red ball at night"),
        ("please change the prompt to \"a cat says 'no'\"", "a cat says 'no'"),
        ("Use this prompt: yes", "yes"),
        ("prompt:\na dog\non a beach", "a dog\non a beach"),
        ("edit the prompt to", ""),
    ],
)
def test_another_prompt(text: str, prompt: str) -> None:
    assert word_of(text) == (True, prompt)


@pytest.mark.parametrize(
    "text",
    ["make a red ball", "go back one step", "no dogs in it", "yes, but blue", "stop it at 3 seconds", "undo that"],
)
def test_other_requests_are_no_word(text: str) -> None:
    assert word_of(text) is None


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("In the background, make a red ball", "make a red ball"),
        ("make a red ball, in the background.", "make a red ball"),
        ("make a red ball and do it in the background", "make a red ball"),
        ("reverse it in the background", "reverse it"),
        ("find the dog and make another clip in the background", "find the dog and make another clip"),
        ("a red ball at night as a background job", "a red ball at night"),
    ],
)
def test_in_the_background_may_be_said_of_the_work(text: str, plain: str) -> None:
    assert beside(text) == (plain, True)


@pytest.mark.parametrize(
    "text",
    [
        "make a clip of a dog with hills in the background",
        "a man with a film in the background",
        "what is in the background?",
        "make a red ball in the background of the street",
        "a clip of a screen showing a video in the background",
        "in the background",
    ],
)
def test_in_the_background_may_be_part_of_the_picture(text: str) -> None:
    assert beside(text) == (text, False)


def row(tool: str, **args: Any) -> Any:
    return pending_step({"id": "1", "tool": tool, "args": args})


def test_an_edited_step_takes_the_prompt_as_it_is_and_keeps_the_rest() -> None:
    edited = with_prompt(row("generate_video", prompt="a ball", like="c1", seconds=3.0), " make a clip of a cat ")
    assert edited["args"] == {"prompt": "make a clip of a cat", "like": "c1", "seconds": 3.0, "exact": True}


@pytest.mark.parametrize("prompt", ["", "  ", "x" * 501])
def test_what_is_no_prompt_is_refused(prompt: str) -> None:
    with pytest.raises(RequestInvalid):
        with_prompt(row("generate_video", prompt="a ball"), prompt)
