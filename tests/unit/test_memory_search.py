"""The clip memory: what was taken in is found again, by its owner, and only what fits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gpt4video.memory.embedder import HashEmbedder, Vectors
from gpt4video.memory.errors import FilterInvalid, LibraryDamaged, ModelUnusable
from gpt4video.memory.fusion import least
from gpt4video.memory.library import Clip
from gpt4video.memory.moments import LineKind, Reason
from gpt4video.memory.projection import FEATURES, Projection
from gpt4video.memory.search import ClipMemory, Filters, Line, ShotRecord

DOG, CAT, CAR = (np.random.default_rng(seed).random(FEATURES, np.float32) for seed in range(3))


def clip(number: int, *, duration: float = 10.0, added: float = 1000.0, **facts: Any) -> Clip:
    return Clip(
        id=f"{number:016x}",
        path=Path("x.mp4"),
        duration=duration,
        width=2,
        height=2,
        fps=1,
        bytes=1,
        added=added,
        **facts,
    )


def shot(start: float, end: float, features: Vectors | None, *lines: str, kind: LineKind = "text") -> ShotRecord:
    return ShotRecord(start, end, features, [Line(kind, line, start, end) for line in lines])


@pytest.fixture(scope="module")
def projection() -> Projection:
    return Projection()


@pytest.fixture
def memory(tmp_path: Path, projection: Projection) -> ClipMemory:
    return ClipMemory(tmp_path / "memory", HashEmbedder(), projection)


def near(features: Vectors, seed: int = 9) -> Vectors:
    noise = np.random.default_rng(seed).random(FEATURES, np.float32)
    mixed: Vectors = (features + 0.02 * noise).astype(np.float32)
    return mixed


def test_words_find_the_shot_that_is_described_so_and_nothing_else(memory: ClipMemory) -> None:
    memory.index(
        clip(1),
        [
            shot(0, 4, None, "a dog runs over the grass", "LOST DOG"),
            shot(4, 9, None, "a red car in the city"),
        ],
    )
    hits = memory.search("dog runs over grass")
    assert [(hit.clip, hit.start, hit.end) for hit in hits] == [(clip(1).id, 0, 4)]
    assert hits[0].text == "a dog runs over the grass; LOST DOG"
    assert 0.5 <= hits[0].score <= 1
    assert [hit.start for hit in memory.search("LOST DOG")] == [0]


def test_nothing_that_fits_gives_nothing(memory: ClipMemory) -> None:
    assert memory.search("anything") == []
    memory.index(clip(1), [shot(0, 4, DOG, "a dog runs over the grass")])
    assert memory.search("quarterly tax declaration") == []
    assert memory.search("") == []
    assert memory.search("dog", filters=Filters(clips=[clip(2).id])) == []


def test_a_picture_finds_the_shots_that_look_like_it_the_likest_first(memory: ClipMemory) -> None:
    memory.index(clip(1), [ShotRecord(0, 4, DOG), ShotRecord(4, 9, CAT)])
    memory.index(clip(2), [ShotRecord(0, 4, near(DOG))])
    hits = memory.search(features=DOG)
    assert [(hit.clip, hit.start) for hit in hits[:2]] == [(clip(1).id, 0), (clip(2).id, 0)]
    assert hits[0].score >= hits[1].score


def test_a_clip_finds_what_resembles_it_but_not_itself(memory: ClipMemory) -> None:
    memory.index(clip(1), [ShotRecord(0, 4, DOG), ShotRecord(4, 9, CAR)])
    memory.index(clip(2), [ShotRecord(0, 4, near(DOG)), ShotRecord(4, 5, near(CAR))])
    assert memory.search(clip=(clip(1).id, 0, 4))[0] == memory.search(clip=(clip(1).id, 1, 2))[0]
    best = memory.search(clip=(clip(1).id, 4, None), count=10)
    assert (best[0].clip, best[0].start) == (clip(2).id, 4)
    assert all(hit.clip != clip(1).id or hit.start < 4 for hit in best)
    assert memory.search(clip=(clip(7).id, 0, None)) == []


def test_words_and_picture_together_are_surer_than_either(memory: ClipMemory) -> None:
    memory.index(clip(1), [shot(0, 4, DOG, "a dog runs over grass")])
    words = memory.search("dog runs grass")[0].score
    assert memory.search("dog runs grass", features=near(DOG))[0].score > words


def test_indexing_again_replaces_what_was_known(memory: ClipMemory) -> None:
    shots = [shot(0, 4, DOG, "a dog"), shot(4, 9, CAT, "a cat")]
    memory.index(clip(1), shots)
    memory.index(clip(1), shots)
    assert memory.count() == 2
    memory.index(clip(1), [shot(0, 9, CAR, "a car")])
    assert memory.count() == 1
    assert memory.search("dog") == []
    assert len(memory.search("car")) == 1


def test_a_forgotten_clip_is_not_found(memory: ClipMemory) -> None:
    for number in (1, 2):
        memory.index(clip(number), [shot(0, 4, DOG, "a dog")])
    memory.forget(clip(1).id)
    memory.forget(clip(3).id)
    assert {hit.clip for hit in memory.search("a dog")} == {clip(2).id}
    assert {hit.clip for hit in memory.search(features=DOG)} == {clip(2).id}


def test_users_do_not_see_each_others_shots(memory: ClipMemory) -> None:
    memory.index(clip(1), [shot(0, 4, DOG, "a dog")], user="alice")
    memory.index(clip(1), [shot(0, 4, DOG, "my dog")], user="bob\ud800")
    assert [hit.text for hit in memory.search("dog", user="bob\ud800")] == ["my dog"]
    for search in ({"text": "dog"}, {"features": DOG}, {"clip": (clip(1).id, 0.0, None)}):
        assert memory.search(**search, user="eve") == []  # type: ignore[arg-type]
    memory.forget(clip(1).id, user="alice")
    assert memory.search("dog", user="alice") == []
    assert len(memory.search("dog", user="bob\ud800")) == 1


def test_filters_narrow_the_search(memory: ClipMemory) -> None:
    for number, (duration, added) in enumerate([(5, 100), (60, 200), (600, 300)]):
        memory.index(clip(number, duration=duration, added=added), [shot(0, 4, None, "a dog")])

    def found(filters: Filters) -> list[int]:
        return sorted(int(hit.clip, 16) for hit in memory.search("a dog", filters=filters))

    assert found(Filters()) == [0, 1, 2]
    assert found(Filters(longest=60)) == [0, 1]
    assert found(Filters(shortest=60, added_before=250)) == [1]
    assert found(Filters(added_after=150, clips=[clip(0).id, clip(2).id])) == [2]
    assert found(Filters(clips=[])) == []


def test_shots_are_chosen_by_length_speech_and_colour_and_clips_by_what_made_them(memory: ClipMemory) -> None:
    memory.index(clip(1), [ShotRecord(0, 2, DOG, [Line("text", "dog", 0, 2)], ["red", "grey"])])
    said = [Line("text", "dog", 0, 9), Line("speech", "good boy", 1, 2)]
    memory.index(clip(2, operation="trim", parents=[clip(1).id]), [ShotRecord(0, 9, CAT, said, ["blue"])])

    def found(**conditions: Any) -> list[int]:
        return sorted(int(hit.clip, 16) for hit in memory.search("dog", filters=Filters(**conditions)))

    assert (found(shot_longest=2), found(shot_shortest=3)) == ([1], [2])
    assert (found(has_speech=True), found(has_speech=False)) == ([2], [1])
    assert (found(color="Red"), found(color="blue"), found(color="pink")) == ([1], [2], [])
    assert (found(made_by="upload"), found(made_by="trim"), found(made_by="any")) == ([1], [2], [2])
    assert found(color="red", made_by="trim") == []
    with pytest.raises(FilterInvalid):
        found(source="holiday")


def test_neighbours_that_show_the_same_are_one_moment_and_others_are_not(memory: ClipMemory) -> None:
    memory.index(
        clip(1),
        [
            shot(0, 2, DOG, "a dog"),
            shot(2, 4, near(DOG), "a dog again"),
            shot(4, 6, CAR, "six people in a car", kind="caption"),
            shot(8, 9, DOG, "a dog"),
        ],
    )
    hits = memory.search("a dog", count=9)
    spans = {(hit.start, hit.end) for hit in hits}
    assert {(0, 4), (8, 9)} <= spans
    assert (0, 6) not in spans
    joined = next(hit for hit in hits if (hit.start, hit.end) == (0, 4))
    assert {reason.text for reason in joined.reasons} >= {"a dog", "a dog again"}
    assert joined.score == max(hit.score for hit in hits)


def test_parts_of_a_long_shot_under_one_text_are_one_moment(memory: ClipMemory) -> None:
    parts = [ShotRecord(n, n + 5, CAT, [Line("text", "GATE 14", n, n + 5)]) for n in (0, 5, 10)]
    memory.index(clip(1), [*parts, shot(15, 20, CAR, "GATE 15")])
    best = memory.search("gate 14")[0]
    assert (best.start, best.end) == (0, 15)


def test_words_on_screen_or_spoken_give_their_own_time_and_looks_that_of_the_shot(memory: ClipMemory) -> None:
    lines = [Line("speech", "we board flight 714 now", 12, 14), Line("text", "EXIT", 16, 16.2)]
    memory.index(clip(1), [ShotRecord(0, 20, DOG, lines), shot(20, 30, CAT, "flight 417 is late", kind="speech")])
    said = memory.search("flight 714")
    assert [(hit.start, hit.end) for hit in said] == [(12, 14)]
    assert said[0].reasons[0] == Reason("speech", "we board flight 714 now", said[0].reasons[0].score)
    read = memory.search("the sign that says exit")[0]
    assert (read.start, read.end) == (pytest.approx(15.6), pytest.approx(16.6))  # widened to a second
    assert (memory.search(features=DOG)[0].start, memory.search(features=DOG)[0].end) == (0, 20)


def test_every_moment_says_why_it_was_found(memory: ClipMemory) -> None:
    memory.index(clip(1), [shot(0, 4, DOG, "a dog on grass", kind="caption")])
    both = memory.search("a dog on grass", features=near(DOG))[0]
    assert {reason.kind for reason in both.reasons} >= {"caption", "likeness"}
    assert next(reason for reason in both.reasons if reason.kind == "caption").text == "a dog on grass"
    assert [reason.score for reason in both.reasons] == sorted((one.score for one in both.reasons), reverse=True)
    assert all(0 <= reason.score <= 1 for reason in both.reasons)


def test_words_and_likeness_have_both_to_be_met(memory: ClipMemory) -> None:
    memory.index(clip(1), [shot(0, 4, DOG, "NIGHT")])
    memory.index(clip(2), [shot(0, 4, near(DOG), "day")])
    memory.index(clip(3), [shot(0, 4, CAR, "NIGHT")])
    memory.index(clip(4), [shot(0, 4, DOG)])
    hits = memory.search("night", clip=(clip(4).id, 0, None), count=9)
    assert hits[0].clip == clip(1).id
    assert clip(4).id not in {hit.clip for hit in hits}
    scores = {hit.clip: hit.score for hit in hits}
    assert all(scores.get(other.id, 0.0) < hits[0].score for other in (clip(2), clip(3)))
    assert memory.search("night", clip=(clip(9).id, 0, None)) == []


def test_conditions_alone_list_what_they_choose_newest_first(memory: ClipMemory) -> None:
    for number in range(3):
        memory.index(clip(number, added=number), [shot(0, 4, DOG), shot(4, 8, near(DOG)), shot(9, 12, CAR)])
    hits = memory.listed(Filters(clips=[clip(0).id, clip(2).id]), count=9)
    assert [(hit.clip, hit.start, hit.end) for hit in hits] == [
        (clip(n).id, *span) for n in (2, 0) for span in ((0, 8), (9, 12))
    ]
    assert memory.listed(Filters()) == []


def test_the_more_shots_there_are_the_surer_a_hit_has_to_be() -> None:
    assert [least(count, worded=True) for count in (1, 10)] == [pytest.approx(0.3)] * 2
    crowds = [least(count, worded=True) for count in (10, 100, 1000, 10**6)]
    assert crowds == sorted(set(crowds))
    assert crowds[-1] < 1
    assert least(10**6, worded=False) == pytest.approx(0.3)


def test_only_so_many_moments_are_returned(memory: ClipMemory) -> None:
    for number in range(5):
        memory.index(clip(number), [shot(0, 4, None, "a dog")])
    assert len(memory.search("a dog", count=2)) == 2
    assert len(memory.search("a dog", count=50)) == 5


def test_text_that_utf8_cannot_hold_and_floods_of_lines_are_survived(memory: ClipMemory) -> None:
    memory.index(clip(1), [shot(0, 4, None, "a \ud800 dog", "", " ", *map(str, range(5000)))])
    assert memory.search("a \ud800 dog")[0].text.startswith("a \\ud800 dog; 0; 1;")


def test_features_that_do_not_fit_are_refused_and_change_nothing(memory: ClipMemory) -> None:
    memory.index(clip(1), [shot(0, 4, DOG, "a dog")])
    broken = DOG.copy()
    broken[5] = np.nan
    for features in (broken, DOG[:100]):
        with pytest.raises(ModelUnusable):
            memory.search(features=features)
        with pytest.raises(ModelUnusable):
            memory.index(clip(1), [shot(0, 4, features, "x")])
    assert memory.count() == 1


def test_a_new_object_on_the_same_folder_remembers(tmp_path: Path, projection: Projection) -> None:
    ClipMemory(tmp_path, HashEmbedder(), projection).index(clip(1), [shot(0, 4, DOG, "a dog")])
    assert len(ClipMemory(tmp_path, HashEmbedder(), projection).search("a dog")) == 1


def test_another_embedder_starts_afresh_instead_of_mixing_vectors(tmp_path: Path, projection: Projection) -> None:
    class Other(HashEmbedder):
        name = "other"

    first, other = (ClipMemory(tmp_path, embedder, projection) for embedder in (HashEmbedder(), Other()))
    first.index(clip(1), [shot(0, 4, DOG, "a dog")])
    assert other.search("a dog") == []
    assert (first.holds(clip(1).id), other.holds(clip(1).id)) == (True, False)
    assert not first.holds(clip(1).id, user="eve")


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path, projection: Projection) -> None:
    (tmp_path / "chroma.sqlite3").write_bytes(b"this is text" * 500)
    memory = ClipMemory(tmp_path, HashEmbedder(), projection)
    with pytest.raises(LibraryDamaged) as error:
        memory.search("a dog")
    assert "ingest" in error.value.remedy
