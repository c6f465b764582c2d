"""One contract for whoever looks at frames: something short, free of tags, or nothing; and where they differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gpt4video.agent.components import Components
from gpt4video.agent.errors import ModelUnavailable, RequestInvalid
from gpt4video.agent.model.seer import Seer
from gpt4video.agent.model.vlm import VisionLanguageChat
from gpt4video.agent.planner.chat import ChatPlanner
from gpt4video.agent.seeing import ChatViewer, SeerViewer, Viewer, answered, as_url
from gpt4video.agent.settings import Settings
from gpt4video.tools.base import Source
from gpt4video.tools.understanding.vision import FrameFeatures
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatResult

from ..media_factory import index_frames, write_clip
from ..unit.see_doubles import FEATURES, tiny_llm, tiny_model, tiny_tokenizer
from .tiny_vlm import qwen


@pytest.fixture(scope="module")
def vlm(tmp_path_factory: pytest.TempPathFactory) -> VisionLanguageChat:
    return VisionLanguageChat(source=str(qwen(tmp_path_factory.mktemp("qwen"))), longest=12)


@pytest.fixture(scope="module")
def seer(tmp_path_factory: pytest.TempPathFactory) -> Seer:
    """The whole way of the shipped model: base on disk, weights on disk, merged, opened."""
    folder = tmp_path_factory.mktemp("seer")
    tiny_llm().save_pretrained(folder / "llm")
    tiny_tokenizer().save_pretrained(folder / "llm")
    tiny_model().save_pretrained(folder / "see")
    return Seer.load(folder / "see", folder / "llm", folder / "merged", ("cat", "dog"))


@pytest.fixture(params=["seer", "chat", "vlm"])
def viewer(request: pytest.FixtureRequest, seer: Seer, vlm: VisionLanguageChat) -> Viewer:
    if request.param == "seer":
        return SeerViewer(seer)
    if request.param == "vlm":
        return ChatViewer(vlm)
    return ChatViewer(FakeListChatModel(responses=["<video>x</video> A dog  runs."]))


def frames(count: int) -> tuple[Any, FrameFeatures]:
    rng = np.random.default_rng(count)
    images = rng.integers(0, 255, (count, 40, 60, 3), dtype=np.uint8)
    grid = rng.normal(size=(count, 49, FEATURES)).astype(np.float32)
    return images, FrameFeatures(grid=grid, pooled=grid.mean(1), logits=np.zeros((count, 2), np.float32))


@pytest.mark.parametrize("count", [1, 3, 8])
def test_what_is_said_is_short_and_clean(viewer: Viewer, count: int) -> None:
    images, features = frames(count)
    for said in (viewer.caption(images, features), viewer.answer("Is there a dog?", images, features)):
        if said is not None:
            assert said.text.strip() == said.text != ""
            assert "<video" not in said.text
            assert len(said.text) <= 200
            assert 0 <= said.score <= 1


def test_nobody_is_asked_what_is_measured(viewer: Viewer) -> None:
    assert viewer.answers("Is there a dog?")
    assert not viewer.answers("How long is the clip?")
    assert not viewer.answers("How many shots are there?")


def test_the_shipped_way_gives_what_the_trained_model_gives(tmp_path: Path) -> None:
    from gpt4video.agent.model.beams import Search, beam_search
    from gpt4video.agent.model.decoding import greedy_texts, merge_into, plain_copy, prompt_embeds
    from gpt4video.agent.model.llm import load_llm
    from gpt4video.agent.model.merged import merged_weights, open_transformers

    llm = tiny_llm()
    llm.save_pretrained(tmp_path / "llm")
    tiny_tokenizer().save_pretrained(tmp_path / "llm")
    model = tiny_model()
    torch.manual_seed(2)
    with torch.no_grad():
        for parameter in model.trainable().values():
            parameter.add_(0.05 * torch.randn_like(parameter))
    model.save_pretrained(tmp_path / "see")
    folder, _ = merged_weights(tmp_path / "llm", tmp_path / "see", tmp_path / "cache")
    opened, tokenizer = open_transformers(folder)
    trained = merge_into(plain_copy(llm), model)
    wanted = dict(trained.named_parameters())
    for name, tensor in opened.named_parameters():
        torch.testing.assert_close(tensor.float(), wanted[name], atol=0.02, rtol=0.02)
    # One beam of the search that the product uses writes what transformers writes greedily.
    loaded = load_llm(tmp_path / "llm", tmp_path / "see", tmp_path / "cache")
    soft = torch.randn(1, 7, 32)
    embeds, mask = prompt_embeds(opened, soft, [[5, 6]])
    plain = greedy_texts(opened, tokenizer, embeds, mask, longest=6)
    prompt = torch.cat([soft[0].bfloat16(), loaded.network.embed([5, 6])])
    found = beam_search(loaded, prompt, Search(beams=1, candidates=1, longest=6, no_repeat=0))
    assert [one.text for one in found] == plain
    more = beam_search(loaded, prompt, Search(beams=3, candidates=3, longest=6, no_repeat=0))
    assert [one.score for one in more] == sorted((one.score for one in more), reverse=True)
    assert len(more) > 1


def test_a_chat_model_that_does_not_know_says_nothing() -> None:
    viewer = ChatViewer(FakeListChatModel(responses=["Unknown."]))
    assert viewer.answer("Who is that?", *frames(2)) is None


class Recorder(FakeListChatModel):
    """Keeps what it was sent."""

    seen: list[BaseMessage] = []

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        self.seen.extend(messages)
        return super()._generate(messages, *args, **kwargs)


def test_frames_go_out_as_small_pictures_with_the_words_last() -> None:
    model = Recorder(responses=["A dog."])
    images = np.zeros((2, 700, 900, 3), np.uint8)
    ChatViewer(model).answer("Is\nthere a dog?", images, frames(2)[1])
    parts: Any = model.seen[0].content
    assert [part["type"] for part in parts] == ["image_url", "image_url", "text"]
    assert all(part["image_url"]["url"].startswith("data:image/jpeg;base64,") for part in parts[:2])
    assert len(parts[0]["image_url"]["url"]) < 20_000
    assert "Question: Is there a dog?" in parts[2]["text"]


def test_a_vlm_looks_at_the_pictures_and_answers_alike_each_time(vlm: VisionLanguageChat) -> None:
    def ask(value: int) -> str:
        url = as_url(np.full((48, 48, 3), value, np.uint8))
        picture = {"type": "image_url", "image_url": {"url": url}}
        return vlm.invoke([HumanMessage([picture, {"type": "text", "text": "Describe"}])]).text

    assert ask(0) == ask(0)
    assert isinstance(vlm.invoke("hello"), AIMessage)


@pytest.mark.parametrize("url", ["http://example.com/a.png", "file:///etc/passwd", "data:image/png;base64,!!!"])
def test_a_vlm_fetches_nothing(vlm: VisionLanguageChat, url: str) -> None:
    with pytest.raises(ValueError, match="picture"):
        vlm.invoke([HumanMessage([{"type": "image_url", "image_url": {"url": url}}])])


def test_a_folder_that_is_no_such_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="cannot be loaded") as caught:
        ChatPlanner.vision_language(str(tmp_path)).model.invoke("hi")
    assert "safetensors" in caught.value.remedy
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(ModelUnavailable):
        VisionLanguageChat(source=str(tmp_path)).invoke("hi")


def test_the_settings_choose_who_looks(tmp_path: Path) -> None:
    def chosen(**settings: str) -> Viewer | None:
        return Components(Settings(home=tmp_path, **settings)).viewer

    assert chosen(viewer="off") is None
    assert isinstance(chosen(planner="vlm:some/model"), ChatViewer)
    assert isinstance(chosen(planner="openai:http://127.0.0.1:1/v1#m", viewer="planner"), ChatViewer)
    for planner, viewer in (("local", "planner"), ("local", "nobody")):
        with pytest.raises(RequestInvalid):
            chosen(planner=planner, viewer=viewer)


class _Parts:
    """Just what answering a question needs."""

    def __init__(self, viewer: Viewer | None) -> None:
        self.viewer = viewer
        self.encoder = self

    def encode(self, images: Any) -> FrameFeatures:
        return frames(len(images))[1]


def test_a_clip_shorter_than_the_frames_asked_for_is_looked_at_all_the_same(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "short.mp4", index_frames(2), 10)
    model = Recorder(responses=["Yes."])
    parts: Any = _Parts(ChatViewer(model))
    found = answered(parts, Source(clip="short", path=path), "Is there a dog?")
    assert found is not None
    assert (found.kind, found.text, found.start) == ("answer", "Yes.", 0)
    assert found.end == pytest.approx(0.2, abs=0.05)
    shown: Any = model.seen[-1].content
    assert len(shown) == 9
    assert answered(parts, Source(clip="short", path=path), "How long is it?") is None
    parts.viewer = None
    assert answered(parts, Source(clip="short", path=path), "Is there a dog?") is None
