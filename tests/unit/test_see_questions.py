from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from gpt4video.agent.evaluation.see import order_items
from gpt4video.agent.training.caption_questions import clean, denial_weights, questions, seen_objects
from gpt4video.agent.training.drawn_clips import DIRECTIONS, draw_clip
from gpt4video.agent.training.see_data import (
    DataInvalid,
    Lessons,
    Move,
    Photo,
    in_order,
    read_captions,
    read_split,
    which_first,
)

from .see_doubles import CAPTIONS, tiny_bank


def asked(captions: tuple[str, ...], kind: str, tries: int = 20) -> dict[str, str]:
    rng = random.Random(0)
    listed = [qa for _ in range(tries) for qa in questions(captions, rng) if qa.kind == kind]
    return {qa.question: qa.answer for qa in listed}


def test_captions_become_sentences() -> None:
    assert clean("a dog runs , and jumps .") == "A dog runs, and jumps."
    assert clean(' " A man ') == "A man."
    assert clean("  . ") == ""


def test_attributes_are_asked_as_the_captions_say_them() -> None:
    assert asked(CAPTIONS[0], "colour") == {"What color is the dog?": "brown"}
    assert asked(CAPTIONS[1], "number") == {"How many boys are there?": "two"}
    assert asked(CAPTIONS[2], "doing") == {"What is the woman doing?": "riding down the street"}
    assert set(asked(CAPTIONS[0], "where").values()) <= {"in snow", "through the snow"}


def test_two_coloured_things_keep_both_colours() -> None:
    assert asked(("A black and white dog sits.",), "colour") == {"What color is the dog?": "black and white"}


def test_nothing_is_denied_that_a_caption_leaves_open() -> None:
    said = asked(("Two people in a park.", "Somebody plays with an animal."), "yes/no", tries=200)
    denied = {question for question, answer in said.items() if answer == "no"}
    assert denied
    assert not any(word in question for question in denied for word in (" man", "woman", " dog", "child", "person"))


def test_yes_and_no_are_balanced_for_each_object() -> None:
    photos = [CAPTIONS[i % 4] for i in range(40)]
    weights, rng = denial_weights(photos), random.Random(1)
    answers: dict[str, list[str]] = {}
    for _ in range(20):
        for captions in photos:
            for qa in questions(captions, rng, weights):
                if (
                    qa.subject == "dog"
                    and qa.kind == "yes/no"
                    and "color" not in qa.question
                    and "brown" not in qa.question
                ):
                    answers.setdefault(qa.subject, []).append(qa.answer)
    share = answers["dog"].count("yes") / len(answers["dog"])
    assert 0.25 < share < 0.75


def test_lessons_are_the_same_for_the_same_seed_and_speak_only_as_the_assistant() -> None:
    bank = tiny_bank()
    lessons = Lessons(bank.photos["train"], bank.moves["train"])

    def some(seed: int) -> list[object]:
        rng = random.Random(seed)
        return [lessons.video(rng, 6) for _ in range(40)] + [lessons.image(rng) for _ in range(40)]

    assert some(3) == some(3)
    for example in some(4):
        assert all(turn[-1] for branch in example.branches for turn in [branch[-1]])  # type: ignore[attr-defined]
    kinds = {example.kind for example in some(5)}  # type: ignore[attr-defined]
    assert kinds >= {"caption", "dialogue", "stitched", "camera", "drawn", "scene"}


def test_a_video_lesson_has_as_many_frames_as_asked_for() -> None:
    bank = tiny_bank()
    lessons, rng = Lessons(bank.photos["train"], bank.moves["train"]), random.Random(0)
    assert {len(lessons.video(rng, frames).rows) for frames in (3, 5, 16) for _ in range(30)} == {3, 5, 16}


def test_order_questions_name_a_thing_of_each_scene_alone() -> None:
    found = which_first({"dog", "snow"}, {"dog", "bench"}, random.Random(0))
    assert found is not None
    assert found.answer == "the snow"
    assert "bench" in found.question
    assert which_first({"dog"}, {"dog"}, random.Random(0)) is None


def test_scenes_are_told_in_order() -> None:
    assert in_order(["A dog runs.", "A man sits."]) == "First, a dog runs. Then, a man sits."
    assert in_order(["A.", "B.", "C."]) == "First, a. Then, b. Finally, c."


def test_mirrored_variants_are_not_described_by_left_and_right() -> None:
    photo = Photo("a.jpg", ("A dog on the left.",), (0,), (1,))
    lessons, rng = Lessons([photo], [Move((0,) * 8, "left", photo)]), random.Random(0)
    assert {lessons.image(rng, talk=0.0).rows for _ in range(20)} == {(0,)}


def test_the_data_folder_is_read_and_faults_are_named(tmp_path: Path) -> None:
    (tmp_path / "captions.csv").write_text("image,caption\na.jpg,A dog runs .\na.jpg,A dog .\nb.jpg,A man .\n")
    (tmp_path / "train.txt").write_text("b.jpg\na.jpg\nmissing.jpg\n")
    captions = read_captions(tmp_path)
    assert [photo.name for photo in read_split(tmp_path, "train", captions)] == ["b.jpg", "a.jpg"]
    assert captions["a.jpg"] == ("A dog runs.", "A dog.")
    with pytest.raises(DataInvalid, match=r"dev\.txt is missing"):
        read_split(tmp_path, "dev", captions)
    (tmp_path / "captions.csv").write_text("file,text\na,b\n")
    with pytest.raises(DataInvalid, match="captions"):
        read_captions(tmp_path)


def test_drawn_shapes_move_where_they_say() -> None:
    for seed in range(12):
        clip = draw_clip(np.random.default_rng(seed), frames=4, side=64)
        moved = [np.abs(f.astype(int) - clip.frames[0].astype(int)).sum(-1) > 0 for f in clip.frames[1:]]
        if clip.direction == "still":
            assert not any(m.any() for m in moved)
            continue
        right, down = DIRECTIONS[clip.direction]
        places = np.argwhere(moved[-1]).mean(0) - np.argwhere(moved[0]).mean(0)
        assert places @ np.array([down, right]) > 0


def test_objects_are_known_by_their_synonyms() -> None:
    assert {"dog", "snow"} <= seen_objects(["A puppy on a snowy hill."])


def test_the_exam_ends_when_nothing_can_be_asked_about_order() -> None:
    drawings = [Photo(f"{n}.png", ("A red circle on a plain background .",), plain=(n,)) for n in range(4)]
    assert order_items(drawings, 5) == []
