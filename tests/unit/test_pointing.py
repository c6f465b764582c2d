"""What "it" is after a search, read from the state of a conversation."""

from __future__ import annotations

import pytest
from gpt4video.agent.pointing import pointed
from gpt4video.agent.state import AgentState, ClipRow


def row(number: int) -> ClipRow:
    return {"name": f"c{number}", "id": f"id{number}", "about": "", "duration": 4.0, "start": 0.0, "end": None}


def asked(request: str, clips: int = 4, **more: object) -> str:
    state: AgentState = {"request": request, "clips": [row(n + 1) for n in range(clips)], "found": ["c2", "c3", "c4"]}  # type: ignore[typeddict-item]
    return pointed({**state, **more})  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        ("play it backwards", "play c2 backwards"),
        ("keep its first two seconds", "keep c2's first two seconds"),
        ("make that one slower and mute it", "make c2 slower and mute it"),
        ('write "do it" on it', 'write "do it" on c2'),
        ("Put this clip into the project", "Put c2 into the project"),
        ("play the last one backwards", "play the last one backwards"),
        ("take c3 and reverse it", "take c3 and reverse it"),
        ("find a dog and play it backwards", "find a dog and play it backwards"),
        ("make a clip of a red ball, then mute it", "make a clip of a red ball, then mute it"),
        ("join the second one with it", "join the second one with it"),
        ("what is that way up there?", "what is that way up there?"),
    ],
)
def test_it_is_the_best_hit_where_the_request_names_nothing_else(request_: str, wanted: str) -> None:
    assert asked(request_) == wanted


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        ("make a contact sheet of it with nine pictures", "make a contact sheet of c9 with nine pictures"),
        ("reverse its second half", "reverse c9's second half"),
        ("crop the second one and reverse it", "crop the second one and reverse it"),
        ("play that video again", "play that video again"),
    ],
)
def test_among_many_clips_it_is_named(request_: str, wanted: str) -> None:
    assert asked(request_, clips=9) == wanted
    assert asked(request_, clips=6) == request_


def test_it_is_the_newest_clip_once_something_was_made_and_the_hit_again_when_that_is_undone() -> None:
    assert asked("play it backwards", clips=5) == "play it backwards"
    assert asked("play it backwards", clips=5, undone=[["c5"]]) == "play c2 backwards"
    assert asked("play it backwards", undone=[["c2"]]) == "play c3 backwards"
    assert asked("play it backwards", found=[]) == "play it backwards"
    assert asked("play it backwards", clips=0) == "play it backwards"
