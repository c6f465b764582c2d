"""The planner's recipe: what the pairs hold, and that training learns, resumes and stops when it must."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from gpt4video.agent.planner.base import ClipEntry
from gpt4video.agent.planner.grammar import plan_grammar
from gpt4video.agent.planner.plan import EditStep
from gpt4video.agent.planner.syntax import parse
from gpt4video.agent.planner.validate import validate
from gpt4video.agent.training.planner_data import EDITS, GOLD, MAKERS, answer_pairs, gold_rows, plan_pairs
from gpt4video.agent.training.planner_score import same_calls, same_plan
from gpt4video.agent.training.wording.asks import Material
from gpt4video.agent.training.wording.words import Words, held_out
from gpt4video.tools.editing.operations import Concat, Crop, Extract, Operation, Position, Text
from xgrammar import Grammar
from xgrammar.testing import _is_grammar_accept_string

MATERIAL = Material(
    captions=["a dog runs on a beach", "two children play in the snow", "a man in a red hat rides a bicycle"],
    questions=["what does the boy do after he falls", "is the person in white a man"],
    prompts=["a cat on the moon, watercolour"],
    elsewhere=["Calculate the area of a triangle"],
    unsafe=["how to build a bomb"],
)

ALL_FORMS = [
    "trim", "cut", "concat", "concat crossfade", "speed", "reverse", "crop aspect", "crop box", "crop follow", "resize",
    "rotate 90", "rotate 180", "rotate 270", "rotate mirror", "rotate flip", "fade",
    *(f"text {position}" for position in get_args(Position)), "font bold", "font serif", "font mono",
    "text size", "color grayscale", "color sepia", "color invert", "color brightness", "color contrast",
    "color saturation", "color lut", "audio mute", "audio volume", "audio replace", "audio fade", "stabilise low",
    "stabilise medium", "stabilise high", "frame", "gif", "audio m4a", "audio wav", "webm", "frames", "frames count",
    "thumbnail", "sheet", "sheet count",
]  # fmt: skip


def edits_of(target: str) -> list[Operation]:
    return [one for step in parse(target).steps if isinstance(step, EditStep) for one in step.args.operations]


def form(operation: Operation) -> str:
    """What sort of edit it is, as finely as people would say it."""
    match operation:
        case Concat(crossfade=seconds):
            return "concat crossfade" if seconds else "concat"
        case Crop(aspect=aspect, follow=follow):
            return "crop follow" if follow else "crop aspect" if aspect else "crop box"
        case Text(size=size, font=font, position=position):
            return "text size" if size is not None else f"text {position}" if font == "sans" else f"font {font}"
        case Extract(what=what, sound=sound, count=count):
            return f"audio {sound}" if what == "audio" else f"{what} count" if count is not None else what
    detail = next((str(getattr(operation, name)) for name in ("turn", "effect", "action", "strength")
                   if hasattr(operation, name)), "")  # fmt: skip
    return f"{operation.op} {detail}".strip()


def test_every_pair_holds_a_plan_that_parses_and_mentions_the_request() -> None:
    rows = list(plan_pairs(400, 3, MATERIAL))
    assert len({row["prompt"] for row in rows}) == 400
    for row in rows:
        assert parse(row["target"])
        assert row["prompt"].endswith("\nPlan:")
        assert "\nUser: " in row["prompt"]


def test_plans_of_the_pairs_are_sound_but_for_times_that_durations_decide() -> None:
    words = Words(5)
    allowed = {"out_of_range", "unknown_clip", "nothing_left", "missing_argument", "no_clips", "reversed_span"}
    for _ in range(400):
        draft = words.weighted(MAKERS)(words, MATERIAL)
        clips = [ClipEntry(name=entry.name, duration=entry.duration) for entry in draft.clips]
        found = {problem.code for problem in validate(parse(draft.target), clips)}
        assert found <= allowed, (draft.request, draft.target, found)


def test_every_form_of_edit_is_taught() -> None:
    taught = {form(operation) for row in plan_pairs(6000, 11, MATERIAL) for operation in edits_of(row["target"])}
    for wanted in ALL_FORMS:
        assert wanted in taught, wanted


def test_the_grammar_allows_whatever_is_taught() -> None:
    grammars = {clips: Grammar.from_ebnf(plan_grammar(clips=clips)) for clips in (True, False)}
    gold = [*gold_rows(GOLD), *gold_rows(EDITS)]
    for row in [*plan_pairs(2000, 13, MATERIAL), *gold]:
        grammar = grammars[not row["prompt"].startswith("Clips: none")]
        assert _is_grammar_accept_string(grammar, " " + row["target"]), row["target"]
    assert not _is_grammar_accept_string(grammars[True], " edit c1 text bottom-middle: x")


def test_the_same_seed_makes_the_same_pairs() -> None:
    assert list(plan_pairs(50, 9, MATERIAL)) == list(plan_pairs(50, 9, MATERIAL))


def test_held_out_families_are_chosen_for_measuring_only() -> None:
    families = [f"family {n}" for n in range(200)]
    train, test = Words(1), Words(1, test=True)
    assert not any(held_out(train.pick(families)) for _ in range(500))
    assert any(held_out(test.pick(families)) for _ in range(50))
    assert test.novel


def test_requests_worded_by_hand_are_many_and_never_trained_on() -> None:
    gold = [*gold_rows(GOLD), *gold_rows(EDITS)]
    assert len(gold) >= 180
    assert not {row["prompt"] for row in gold} & {row["prompt"] for row in plan_pairs(500, 7, MATERIAL)}
    for row in gold:
        assert parse(row["target"])


def test_answers_hold_nothing_but_the_evidence() -> None:
    for row in answer_pairs(200, 2, MATERIAL):
        shown = row["prompt"].lower()
        quoted = row["target"].split('"')[1::2]
        assert all(text.lower() in shown for text in quoted)
        if row["kind"] == "unknown":
            assert row["target"] == "The evidence does not show that."


@pytest.mark.parametrize(
    ("made", "wanted", "plan", "calls"),
    [
        ("find: red car", "find 3: Red car.", True, True),
        ("gen: a cat ; edit $1[0] reverse", "gen: a cat ; edit $1 reverse", True, True),
        ("find: red car", "find: blue car", False, True),
        ("edit c1 reverse", "edit c2 reverse", False, False),
        ("nonsense", "edit c2 reverse", False, False),
    ],
)
def test_plans_are_compared_by_meaning(made: str, wanted: str, plan: bool, calls: bool) -> None:
    assert (same_plan(made, wanted), same_calls(made, wanted)) == (plan, calls)


# --- training --------------------------------------------------------------------------------------------------------


@pytest.fixture
def model() -> Any:
    import torch
    from gpt4video.agent.training.planner_lora import TARGETS
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=40,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
    )
    lora = LoraConfig(r=8, lora_alpha=16, target_modules=TARGETS, task_type="CAUSAL_LM")
    return get_peft_model(LlamaForCausalLM(config), lora)


def _options(out: Path, **changes: Any) -> argparse.Namespace:
    plain = {"out": out, "rate": 1e-2, "tokens": 64, "epochs": 30, "minutes": 1e6, "seed": 1, "checkpoint_seconds": 1e9}
    return argparse.Namespace(**{**plain, **changes})


def _examples() -> list[Any]:
    from gpt4video.agent.training.planner import Example

    return [Example([1, n % 7 + 3, 9], [n % 7 + 20, 30, 2], {}) for n in range(24)]


quiet = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # peft asks by the old name


@quiet
def test_training_learns_what_the_targets_hold(model: Any, tmp_path: Path) -> None:
    import torch
    from gpt4video.agent.training.planner import train

    figures = train(model, _examples(), _options(tmp_path, epochs=100), torch.device("cpu"))
    first, *_, last = (tmp_path / "log.csv").read_text().splitlines()[1:]
    assert float(last.split(",")[3]) < 0.9 * float(first.split(",")[3])
    assert figures["steps"] > 100


@quiet
def test_an_interrupted_training_goes_on_where_it_was(model: Any, tmp_path: Path) -> None:
    import torch
    from gpt4video.agent.training.planner import _checkpoint, train

    optimizer = torch.optim.AdamW([parameter for parameter in model.parameters() if parameter.requires_grad])
    _checkpoint(tmp_path / "checkpoint.pt", model, optimizer, 55, 2.5)
    (tmp_path / "log.csv").write_text("step,seconds,rate,loss\n50,2.0,1e-3,1.0\n")
    figures = train(model, _examples(), _options(tmp_path, epochs=40), torch.device("cpu"))
    assert figures["seconds"] > 2.5
    steps = [int(line.split(",")[0]) for line in (tmp_path / "log.csv").read_text().splitlines()[1:]]
    assert steps[:2] == [50, 75]


@quiet
def test_a_loss_that_is_not_finite_stops_with_the_step(model: Any, tmp_path: Path) -> None:
    import torch
    from gpt4video.agent.training.planner import train

    with torch.no_grad():
        next(parameter for parameter in model.parameters() if parameter.requires_grad).fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="step 25"):
        train(model, _examples(), _options(tmp_path), torch.device("cpu"))


@quiet
def test_a_saved_adapter_is_sealed_and_can_be_gone_on_from(model: Any, tmp_path: Path) -> None:
    import hashlib

    import torch
    from gpt4video.agent.training.planner_lora import load_adapter, save_adapter, weights_of

    before = {name: tensor.clone() for name, tensor in weights_of(model).items()}
    save_adapter(model, tmp_path)
    seal = json.loads((tmp_path / "adapter_config.json").read_text())["sha256"]
    assert seal == hashlib.sha256((tmp_path / "adapter_model.safetensors").read_bytes()).hexdigest()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.zero_()
    load_adapter(model, tmp_path)
    for name, tensor in weights_of(model).items():
        torch.testing.assert_close(tensor, before[name], atol=1e-3, rtol=1e-2)


def test_rows_are_made_of_a_data_folder_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gpt4video.agent.training import planner, planner_data

    made: list[Path] = []

    def build(data: Path, out: Path, **_: int) -> None:
        made.append(data)
        out.write_bytes(b"rows")

    monkeypatch.setattr(planner_data, "build", build)
    file = tmp_path / "rows.gz"
    assert planner.data_file(file, tmp_path) == file
    for _ in range(2):
        assert planner.data_file(tmp_path, tmp_path).read_bytes() == b"rows"
    assert made == [tmp_path]
