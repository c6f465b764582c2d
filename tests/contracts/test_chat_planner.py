"""The chat planner over HTTP against a real OpenAI-compatible server process that serves a tiny local model."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpt4video.agent.components import Components
from gpt4video.agent.errors import PlannerFailed
from gpt4video.agent.planner.base import ClipEntry, PlanContext
from gpt4video.agent.planner.chat import GUIDE, ChatPlanner, plan_line
from gpt4video.agent.planner.plan import Plan
from gpt4video.agent.planner.replies import REPLIES
from gpt4video.agent.planner.syntax import parse, render
from gpt4video.agent.settings import Settings
from langchain_core.language_models.fake_chat_models import FakeListChatModel

CLIPS = [ClipEntry(name="c1", duration=6.0)]
PORT_WAIT = 120


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``BASE_URL#MODEL`` of ``transformers serve`` with a Llama of random weights, which never writes a plan."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("served")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = {letter: index for index, letter in enumerate([*letters, "<|im_start|>", "<|im_end|>"])}
    bare = Tokenizer(models.BPE(vocab=words, merges=[]))
    bare.pre_tokenizer, bare.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bare, bos_token="<|im_start|>", eos_token="<|im_end|>")
    tokenizer.chat_template = "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}<|im_start|>"
    tokenizer.save_pretrained(folder)
    torch.manual_seed(3)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(words), hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
            num_key_value_heads=2, max_position_embeddings=8192, bos_token_id=256,
            eos_token_id=list(range(0, 258, 9)),  # half sentences, soon over
        )
    ).save_pretrained(folder)  # fmt: skip
    port = _free_port()
    command = [
        Path(sys.executable).parent / "transformers",
        "serve",
        "--port",
        str(port),
        "--device",
        "cpu",
        str(folder),
    ]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    log = (folder / "server.log").open("w")
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(PORT_WAIT):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
                break
            except OSError:
                assert server.poll() is None, (folder / "server.log").read_text()
                time.sleep(1)
        yield f"http://127.0.0.1:{port}/v1#{folder}"
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        log.close()


@pytest.mark.parametrize("text", ["what happens in c1?", "\ud800 日本語で説明して 🎬"])
def test_whatever_a_server_says_becomes_a_plan(served: str, text: str) -> None:
    planner = ChatPlanner.openai(served)
    plan = planner.plan(PlanContext(request=text, clips=CLIPS, history=["hello"]))
    assert isinstance(plan, Plan)
    assert plan.steps or plan.say
    assert parse(render(plan)) == plan
    assert planner.name.startswith("openai:")


def test_an_unknown_model_and_a_server_that_is_down_say_so(served: str) -> None:
    with pytest.raises(PlannerFailed, match="gave no answer") as caught:
        ChatPlanner.openai(served.split("#")[0] + "#no-such-model").plan(PlanContext(request="hi"))
    assert "serves this model" in caught.value.remedy
    nowhere = ChatPlanner.openai(f"http://127.0.0.1:{_free_port()}/v1#m")
    with pytest.raises(PlannerFailed, match="gave no answer"):
        nowhere.plan(PlanContext(request="hi"))


def test_the_settings_name_it(tmp_path: Path) -> None:
    parts = Components(Settings(home=tmp_path, planner="openai:http://127.0.0.1:1/v1#some-model"))
    assert parts.planner.name == "openai:some-model"
    for wrong in ("openai:some-model", "openai:http://127.0.0.1:1/v1", "chat:nobody:nothing", "chat2:x"):
        with pytest.raises(PlannerFailed):
            _ = Components(Settings(home=tmp_path, planner=wrong)).planner


def test_a_plan_that_does_not_parse_goes_back_with_its_fault() -> None:
    replies = ["edit c1 sharpen", '{"plan": "edit c1 reverse"}']
    planner = ChatPlanner(FakeListChatModel(responses=replies), "fake")
    assert planner.plan(PlanContext(request="backwards", clips=CLIPS)) == parse("edit c1 reverse")
    hopeless = ChatPlanner(FakeListChatModel(responses=["I would rather not."]), "fake")
    assert hopeless.plan(PlanContext(request="backwards", clips=CLIPS)).say == REPLIES["unclear"]


@pytest.mark.parametrize(
    "text",
    [
        "edit c1 reverse",
        "Plan: edit c1 reverse",
        '{"plan": "edit c1 reverse"}',
        '```json\n{"plan": "edit c1 reverse"}\n```',
        'Sure {not json} - here it is: {"plan": "edit c1 reverse"}',
        "<think>The user wants {it}: say greet\nsay cannot</think>\nedit c1 reverse",
        "Here is the plan:\n\n`edit c1 reverse`\n\nIt plays c1 backwards.",
    ],
)
def test_the_plan_is_found_in_what_models_write_around_it(text: str) -> None:
    assert plan_line(text) == "edit c1 reverse"


def test_the_guide_teaches_only_plans_that_parse() -> None:
    examples = [line.removeprefix("Plan: ") for line in GUIDE.splitlines() if line.startswith("Plan: ")]
    assert len(examples) >= 4
    for example in examples:
        assert render(parse(example, CLIPS)) == example
    assert json.dumps(GUIDE)
