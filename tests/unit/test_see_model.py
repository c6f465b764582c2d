from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from gpt4video.agent.model.decoding import greedy_texts, merge_into, plain_copy, prompt_embeds
from gpt4video.agent.model.gpt4video_model import GPT4VideoModel, TokenBatch, pack
from gpt4video.agent.model.presets import preset
from gpt4video.agent.model.weight_files import WeightsRejected
from safetensors.torch import load_file, save_file

from .see_doubles import FEATURES, WIDTH, tiny_config, tiny_llm, tiny_model, tiny_tokenizer


def stirred(model: GPT4VideoModel) -> GPT4VideoModel:
    """LoRA starts at zero; give every trained part something to keep."""
    torch.manual_seed(5)
    with torch.no_grad():
        for parameter in model.trainable().values():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval()


def alone(ids: list[int], spoken: list[bool]) -> TokenBatch:
    return pack([([], [[([token], flag) for token, flag in zip(ids, spoken, strict=True)]])])


def test_branches_of_one_row_score_as_they_do_alone() -> None:
    model = stirred(tiny_model())
    soft = torch.randn(1, 4, WIDTH)
    prefix, first, second = [5, 6, 7], [8, 9], [10, 11, 12]
    packed = pack([(prefix, [[(first, True)], [([20], False), (second, True)]])])
    logits, wanted = model.token_scores(soft, packed)
    a, wanted_a = model.token_scores(soft, alone([*prefix, *first], [False] * 3 + [True] * 2))
    b, wanted_b = model.token_scores(soft, alone([*prefix, 20, *second], [False] * 4 + [True] * 3))
    assert wanted.tolist() == [*wanted_a.tolist(), *wanted_b.tolist()] == [8, 9, 10, 11, 12]
    torch.testing.assert_close(logits, torch.cat([a, b]), atol=1e-4, rtol=1e-4)


def test_padding_changes_nothing_and_only_the_assistant_counts() -> None:
    model = stirred(tiny_model())
    soft = torch.randn(2, 4, WIDTH)
    long, short = ([5, 6], [[([7, 8, 9, 10], True)]]), ([5], [[([6], False), ([7], True)]])
    both, _ = model.token_scores(soft, pack([long, short]))
    last, wanted = model.token_scores(soft[1:], pack([short]))
    assert wanted.tolist() == [7]
    torch.testing.assert_close(both[-1:], last, atol=1e-4, rtol=1e-4)
    changed = pack([([9], [[([6], False), ([7], True)]])])
    assert changed.targets.sum() == 1


def test_the_restricted_head_gives_the_same_scores_for_its_words() -> None:
    model = stirred(tiny_model())
    soft, batch = torch.randn(1, 4, WIDTH), pack([([5], [[([7, 30], True)]])])
    rows = torch.tensor([3, 7, 30, 31])
    whole, wanted = model.token_scores(soft, batch)
    some, places = model.token_scores(soft, batch, rows)
    torch.testing.assert_close(some, whole[:, rows])
    assert rows[places].tolist() == wanted.tolist()


def test_only_abstractor_and_adapters_are_trained() -> None:
    names = set(tiny_model().trainable())
    assert all(name.startswith("abstractor.") or "lora_" in name for name in names)
    assert any("lora_" in name for name in names)


def test_saved_and_loaded_it_sees_the_same(tmp_path: Path) -> None:
    model = stirred(tiny_model())
    model.save_pretrained(tmp_path)
    again = GPT4VideoModel.from_pretrained(tmp_path, tiny_llm(), tiny_tokenizer())
    assert again.config == model.config
    features, batch = torch.randn(1, 2, 49, FEATURES), pack([([5], [[([7, 30], True)]])])
    before, _ = model.token_scores(model.abstractor(features), batch)
    after, _ = again.token_scores(again.abstractor(features), batch)
    torch.testing.assert_close(after, before, atol=0.05, rtol=0.05)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".safetensors"}


def rehash(folder: Path) -> None:
    from hashlib import sha256

    config = json.loads((folder / "config.json").read_text())
    config["files"] = {name: sha256((folder / name).read_bytes()).hexdigest() for name in config["files"]}
    (folder / "config.json").write_text(json.dumps(config))


def damage(folder: Path, how: str) -> None:
    part = folder / "part-01.safetensors"
    if how == "hash":
        part.write_bytes(part.read_bytes()[:-1] + b"x")
    elif how == "gone":
        part.unlink()
    elif how == "no config":
        (folder / "config.json").write_text("{")
    elif how == "pickle":
        part.write_bytes(pickle.dumps({"a": 1}))
        rehash(folder)
    elif how == "pickle named":
        config = json.loads((folder / "config.json").read_text())
        config["files"] = {"../weights.bin": "0"}
        (folder / "config.json").write_text(json.dumps(config))
    else:
        tensors = load_file(part)
        name = "abstractor.space"
        tensors = {k: v for k, v in tensors.items() if k != name or how != "tensor"}
        if how == "size":
            tensors[name] = tensors[name][:3].clone()
        save_file(tensors, part)
        rehash(folder)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("hash", "hash"), ("gone", "missing"), ("no config", "config.json"), ("pickle", "not a safetensors"),
        ("pickle named", "not a safetensors"), ("tensor", "abstractor.space is missing"),
        ("size", "abstractor.space has shape"),
    ],
)  # fmt: skip
def test_damaged_weights_are_refused_with_the_reason(tmp_path: Path, how: str, says: str) -> None:
    tiny_model().save_pretrained(tmp_path)
    damage(tmp_path, how)
    with pytest.raises(WeightsRejected, match=says) as caught:
        GPT4VideoModel.from_pretrained(tmp_path, tiny_llm(), tiny_tokenizer())
    assert caught.value.remedy


def test_a_language_model_of_another_width_is_refused() -> None:
    with pytest.raises(WeightsRejected, match="width 40"):
        GPT4VideoModel(tiny_llm(), tiny_tokenizer(), tiny_config(output_width=40))


def test_the_papers_preset_runs_at_tiny_size() -> None:
    paper = preset("paper")
    shape = replace(paper.abstractor, feature_width=16, output_width=WIDTH, width=32, heads=4)
    model = GPT4VideoModel(tiny_llm(), tiny_tokenizer(), replace(paper, abstractor=shape))
    soft = model.abstractor(torch.randn(2, 3, 256, 16))
    assert soft.shape == (2, paper.abstractor.queries, WIDTH)
    loss = model.loss(soft, pack([([5], [[([7, 8], True)]])] * 2))
    loss.backward()  # type: ignore[no-untyped-call]
    assert {name.split(".")[-4] for name in model.trainable() if "lora_A" in name} == {"q_proj", "v_proj"}
    assert all(p.grad is not None for n, p in model.trainable().items() if "lora_B" in n)


def test_greedy_decoding_is_the_same_alone_and_in_a_batch_and_with_merged_adapters() -> None:
    llm = tiny_llm()
    decoder = plain_copy(llm)
    model = stirred(GPT4VideoModel(llm, tiny_tokenizer(), tiny_config()))
    soft = torch.randn(2, 7, WIDTH)
    prompts = [[5, 6, 7, 8], [9]]
    embeds, mask = prompt_embeds(model.llm, soft, prompts)
    together = greedy_texts(model.llm, model.tokenizer, embeds, mask, longest=6)
    single, single_mask = prompt_embeds(model.llm, soft[1:], prompts[1:])
    assert greedy_texts(model.llm, model.tokenizer, single, single_mask, longest=6) == together[1:]
    merged = merge_into(decoder, model)
    assert greedy_texts(merged, model.tokenizer, embeds, mask, longest=6) == together
