"""The drawn world: scenes, their pixels, their captions, and the analyser that reads them back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from gpt4video.agent.training.generator_words import VOCABULARY, numbers
from gpt4video.agent.training.scene_analysis import Findings, analyse
from gpt4video.agent.training.scene_bank import HELD_OUT_SEEDS
from gpt4video.agent.training.scene_captions import caption
from gpt4video.agent.training.scene_world import CAMERAS, COLOURS, KINDS, MOTIONS, Scene, clashes, draw_scene
from gpt4video.agent.training.scenes import render, render_seed, things
from gpt4video.tools.generation.embedded.layout import split, tracks

PLAIN_BALL = Scene("ball", "red", "medium", 1, "left", "white", False, "day", "clear", "fixed", 11)


def test_a_clip_is_sixteen_small_frames_and_the_seed_decides_it() -> None:
    scene, clip = render_seed(3)
    again_scene, again = render_seed(3)
    assert clip.shape == (16, 64, 64, 3)
    assert clip.dtype == np.uint8
    assert scene == again_scene
    np.testing.assert_array_equal(clip, again)
    assert not np.array_equal(clip, render_seed(4)[1])


def test_scenes_cover_the_world_and_no_object_hides_in_its_backdrop() -> None:
    scenes = [draw_scene(seed) for seed in range(3000)]
    assert {scene.kind for scene in scenes} == {*KINDS, ""}
    assert {scene.motion for scene in scenes} == set(MOTIONS)
    assert {scene.camera for scene in scenes} == set(CAMERAS)
    assert {scene.count for scene in scenes} == {0, 1, 2, 3}
    assert not [s for s in scenes if s.kind and clashes(s.colour, s.background, s.time)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_object_is_drawn_in_its_colour(kind: str) -> None:
    clip = render(replace(PLAIN_BALL, kind=kind, size="big", motion="still", colour="purple"))
    purple = np.abs(clip.astype(int) - np.array(COLOURS["purple"])).max(3) < 12
    assert purple.mean() > 0.008


def test_the_red_ball_moves_the_way_it_is_told() -> None:
    def centres(motion: str) -> tuple[float, float]:
        clip = render(replace(PLAIN_BALL, motion=motion)).astype(int)
        red = (clip[..., 0] > 150) & (clip[..., 1] < 90)
        first, last = (np.argwhere(red[index]).mean(0) for index in (0, -1))
        return float(last[1] - first[1]), float(last[0] - first[0])

    assert centres("left")[0] < -15
    assert centres("right")[0] > 15
    assert centres("up")[1] < -15
    assert centres("down")[1] > 15
    assert abs(sum(centres("still"))) < 0.5


@pytest.mark.parametrize(
    "scene",
    [PLAIN_BALL, replace(PLAIN_BALL, motion="down"), replace(PLAIN_BALL, motion="closer"),
     replace(PLAIN_BALL, action="bounce"),
     replace(PLAIN_BALL, background="city", scenic=True, motion="still", camera="pan left", colour="purple")],
)  # fmt: skip
def test_the_layout_says_what_is_there_and_where_it_is_drawn(scene: Scene) -> None:
    row, clip = torch.from_numpy(numbers(scene, things(scene)))[None], render(scene).astype(int)
    backdrop, words, _ = split(row)
    assert VOCABULARY["background"][int(backdrop[0, 0]) - 1] == scene.background
    kind, colour, motion, action = (int(number) - 1 for number in words[0, 0])
    assert (VOCABULARY["kind"][kind], VOCABULARY["colour"][colour]) == (scene.kind, scene.colour)
    assert (VOCABULARY["motion"][motion], VOCABULARY["action"][action]) == (scene.motion, scene.action)
    where, known = tracks(row, len(clip))
    assert known.tolist() == [[True, False, False]]
    for frame in (0, 4, -1):
        x, y, radius = (where[0, 0, frame] * 64).tolist()
        there = np.abs(clip[frame] - np.array(COLOURS[scene.colour])).max(2) < 40
        down, across = np.argwhere(there).T
        if 0.1 * 64 < x < 0.9 * 64:
            assert abs(across.mean() + 0.5 - x) < 2.5
            assert abs(down.mean() + 0.5 - y) < 2.5
            assert abs(there.sum() / (np.pi * radius**2) - 1) < 0.35


def test_two_things_are_drawn_in_their_colours_and_what_passes_is_in_front() -> None:
    scene = replace(PLAIN_BALL, second="square", second_colour="blue")
    behind, first = things(scene)
    assert (behind.kind, first.kind) == ("square", "ball")
    assert behind.track.start == behind.track.end
    found = analyse(render(scene))
    assert {"red", "blue"} <= set(found.colours)
    for seed in range(40):
        words = caption(scene, seed)
        assert any(noun in words.lower() for noun in ("square", "box", "cube", "block"))
        assert any(noun in words.lower() for noun in ("ball", "circle", "disc"))


def test_what_hops_is_seen_to_hop_and_comes_down_where_it_should() -> None:
    found = analyse(render(replace(PLAIN_BALL, action="bounce")))
    assert (found.action, found.motion) == ("bounce", "left")
    assert analyse(render(PLAIN_BALL)).action == ""
    assert analyse(render(replace(PLAIN_BALL, motion="up"))).action == ""
    words = [caption(replace(PLAIN_BALL, action="bounce"), seed) for seed in range(30)]
    assert all("bounc" in text.lower() or "jump" in text.lower() for text in words)


def test_captions_are_worded_in_many_ways_and_never_say_what_is_not_there() -> None:
    wordings = {caption(PLAIN_BALL, seed) for seed in range(200)}
    assert len(wordings) > 120
    for text in wordings:
        words = set(text.lower().replace(",", " ").replace(".", " ").split())
        assert not words & {"blue", "green", "square", "night", "rain", "two", "right-hand"}
        assert "right" not in words or "left" in words  # only in "from right to left"
    assert sum("red" in text.lower() or "crimson" in text.lower() for text in wordings) > 100
    assert any("red" not in text.lower() and "crimson" not in text.lower() for text in wordings)


def _wrong(scene: Scene, found: Findings) -> dict[str, bool]:
    checks = {
        "background": scene.background != found.background,
        "time": scene.time != found.time,
        "weather": scene.weather != found.weather,
        "camera": scene.camera != found.camera,
    }
    checks["colours"] = not {scene.colour, scene.second_colour} - {""} <= set(found.colours)
    if scene.kind and not scene.second:
        checks["action"] = scene.action != found.action
        checks["colour"] = scene.colour != found.colour
        if scene.camera == "fixed":
            checks["motion"] = scene.motion != found.motion
    return checks


def test_the_analyser_reads_what_the_renderer_drew() -> None:
    wrong: dict[str, list[bool]] = {}
    for seed in range(HELD_OUT_SEEDS, HELD_OUT_SEEDS + 120):
        scene, clip = render_seed(seed)
        for name, fault in _wrong(scene, analyse(clip)).items():
            wrong.setdefault(name, []).append(fault)
    shares = {name: 1 - sum(faults) / len(faults) for name, faults in wrong.items()}
    everything = [fault for faults in wrong.values() for fault in faults]
    assert 1 - sum(everything) / len(everything) > 0.97, shares
    assert min(shares.values()) > 0.95, shares


def test_the_analyser_is_not_fooled_by_noise_and_blur() -> None:
    clip = render(PLAIN_BALL).astype(np.float32)
    noisy = clip + np.random.default_rng(0).normal(0, 10, clip.shape)
    found = analyse(noisy.clip(0, 255).astype(np.uint8))
    assert (found.colour, found.motion, found.background) == ("red", "left", "white")
