"""What every policy must do: name its stages, give a verdict on the stage asked, and fail closed in the chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from gpt4video.agent.interfaces import cli_guard
from gpt4video.policies.actions import ActionPolicy
from gpt4video.policies.base import Action, Policy, Stage, StepSummary, Subject, Verdict
from gpt4video.policies.categories import CATEGORIES, CHANNELS, DESCRIPTIONS
from gpt4video.policies.chain import STAGES, PolicyChain
from gpt4video.policies.config import JudgeConfig, load_policy
from gpt4video.policies.frames import FramePolicy
from gpt4video.policies.judges import make_judge
from gpt4video.policies.refusals import refusal
from gpt4video.policies.text import TextPolicy

from .tiny_judges import llama_guard, moderation_server, shieldgemma

CONFIG = load_policy()


class Calm:
    """A scorer that finds nothing."""

    def scores(self, texts: list[str]) -> np.ndarray:  # type: ignore[type-arg]
        return np.full((len(texts), len(CHANNELS)), 0.01, dtype=np.float32)


class CalmFrames(FramePolicy):
    def scores(self, frames: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        return np.full(len(frames), 0.01, dtype=np.float32)


def grey(path: Path, every: float | None) -> list[np.ndarray]:  # type: ignore[type-arg]
    return [np.full((2, 256, 256, 3), 128, dtype=np.uint8)]


MAKERS: dict[str, Callable[[], Policy]] = {
    "text": lambda: TextPolicy(CONFIG.text, Calm()),
    "actions": lambda: ActionPolicy(CONFIG.actions),
    "frames": lambda: CalmFrames(Path("unused"), grey),
}
JUDGES = ("llama-guard", "shieldgemma", "moderation")
HARMLESS: dict[Stage, Subject] = {
    "input": Subject(stage="input", text="find the shot with the cyclist"),
    "plan": Subject(stage="plan", steps=[StepSummary(id="1", tool="edit_video", cost="free", effect="writes")]),
    "prompt": Subject(stage="prompt", text="a cat on a sofa"),
    "media": Subject(stage="media", media=Path("clip.mp4")),
    "output": Subject(stage="output", text="Made c2: the first two seconds of c1."),
}


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Tiny guard models on disk that find nothing, and a moderation server that does so too."""
    folder = tmp_path_factory.mktemp("judges")
    with moderation_server() as server:
        yield {
            "llama-guard": f"llama-guard:{llama_guard(folder / 'llama', 'safe')}",
            "shieldgemma": f"shieldgemma:{shieldgemma(folder / 'gemma', 'No')}",
            "moderation": f"moderation:{server.url}#omni-moderation-latest",
        }


@pytest.fixture(params=[*MAKERS, *JUDGES])
def policy(request: pytest.FixtureRequest) -> Policy:
    if request.param in MAKERS:
        return MAKERS[request.param]()
    specs: dict[str, str] = request.getfixturevalue("judges")
    return make_judge(JudgeConfig(judge=specs[request.param]), CONFIG.text)


def test_it_names_itself_and_known_stages(policy: Policy) -> None:
    assert policy.name
    assert policy.stages
    assert policy.stages <= set(STAGES)


def test_it_lets_the_harmless_pass_on_each_of_its_stages(policy: Policy) -> None:
    for stage in policy.stages:
        verdict = policy.judge(HARMLESS[stage])
        assert isinstance(verdict, Verdict)
        assert (verdict.stage, verdict.policy, verdict.action) == (stage, policy.name, "allow")


def test_its_verdict_is_the_same_each_time(policy: Policy) -> None:
    for stage in policy.stages:
        assert policy.judge(HARMLESS[stage]) == policy.judge(HARMLESS[stage])


def test_it_does_not_change_what_it_judges(policy: Policy) -> None:
    for stage in policy.stages:
        before = HARMLESS[stage].model_copy(deep=True)
        policy.judge(HARMLESS[stage])
        assert HARMLESS[stage] == before


def test_broken_inside_it_blocks_through_the_chain(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(subject: Subject) -> Verdict:
        raise RuntimeError("it broke")

    monkeypatch.setattr(policy, "judge", broken)
    for stage in policy.stages:
        assert [v.action for v in PolicyChain([policy]).judge(HARMLESS[stage])] == ["block"]


def test_together_they_cover_every_stage() -> None:
    chain = PolicyChain([make() for make in MAKERS.values()])
    for stage in STAGES:
        assert [v.action for v in chain.judge(HARMLESS[stage])] == ["allow"]


def test_every_category_has_a_threshold_a_description_and_a_kind_refusal() -> None:
    for category in CATEGORIES:
        assert 0 < CONFIG.text.thresholds[category] < 1
        assert DESCRIPTIONS[category]
        assert "can't help with" in refusal(category)


def test_the_command_line_knows_every_stage_and_action() -> None:
    assert {one.value for one in cli_guard.Stage} == set(get_args(Stage))
    assert {one.value for one in cli_guard.Action} == set(get_args(Action))
