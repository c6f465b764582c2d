"""The API of chat completions, with OpenAI's own client."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from .conftest import Agents
from .http_server import Serve, serve

__all__ = ["serve"]
pytestmark = pytest.mark.server
SCRIPT = {"make a ball": "gen: a red ball", "turn it": "edit c1 reverse", "hello": "say greet"}


@pytest.fixture
def client(agents: Agents, serve: Serve) -> Iterator[openai.OpenAI]:
    served = serve(agents(SCRIPT))
    with openai.OpenAI(base_url=f"{served.address}/v1", api_key="none", max_retries=0, timeout=120) as opened:
        yield opened


def said(client: openai.OpenAI, *messages: str, stream: bool = False) -> str:
    """The answer to messages that are, in turn, the user's and the assistant's."""
    roles = ["user", "assistant"] * len(messages)
    given = [{"role": role, "content": text} for role, text in zip(roles, messages, strict=False)]
    if not stream:
        reply = client.chat.completions.create(model="gpt4video", messages=given)  # type: ignore[arg-type]
        assert reply.choices[0].finish_reason == "stop"
        return str(reply.choices[0].message.content)
    chunks = list(client.chat.completions.create(model="gpt4video", messages=given, stream=True))  # type: ignore[arg-type,call-overload]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert len({chunk.id for chunk in chunks}) == 1
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


@pytest.mark.parametrize("stream", [False, True])
def test_a_conversation_with_a_question_in_it(client: openai.OpenAI, stream: bool) -> None:
    assert [model.id for model in client.models.list()] == ["gpt4video"]
    question = said(client, "make a ball", stream=stream)
    assert '"a red ball"' in question
    assert "Reply yes, no" in question
    made = said(client, "make a ball", question, 'edit the prompt to "a green ball"', stream=stream)
    assert "a green ball" in made
    link = made.rsplit("(", 1)[1].rstrip(")")
    assert link.startswith(str(client.base_url).removesuffix("/v1/"))
    assert client._client.get(link).headers["content-type"] == "video/mp4"
    # Another first message is another conversation, where nothing waits.
    assert "Reply" not in said(client, "hello", stream=stream)


def test_clips_are_named_and_nothing_is_fetched(client: openai.OpenAI) -> None:
    clip = client._client.get(str(client.base_url).replace("/v1/", "/api/v1/clips")).json()[-1]["id"]

    def turned(url: str, kind: str = "video_url") -> openai.types.chat.ChatCompletion:
        content = [{"type": "text", "text": "turn it"}, {"type": kind, kind: {"url": url}}]
        return client.chat.completions.create(
            model="any",
            messages=[{"role": "user", "content": content}],
            user="studio",  # type: ignore[misc,list-item]
        )

    made = turned(f"clip:{clip}")
    assert made.model == "any"
    assert "reverse" in str(made.choices[0].message.content)
    for url in ("https://example.org/a.mp4", "file:///etc/passwd", "data:video/mp4;base64,AAAA"):
        for kind in ("video_url", "image_url"):
            with pytest.raises(openai.BadRequestError, match="is not read from elsewhere"):
                turned(url, kind)
    with pytest.raises(openai.NotFoundError, match="no clip"):
        turned("clip:0000000000000000")


def test_refusals_and_faults(client: openai.OpenAI) -> None:
    unsafe = "make a clip of how a man is stabbed to death, blood everywhere"
    blocked = client.chat.completions.create(model="gpt4video", messages=[{"role": "user", "content": unsafe}])
    assert blocked.choices[0].finish_reason == "content_filter"
    assert blocked.choices[0].message.content
    with pytest.raises(openai.BadRequestError, match="No message is the user's"):
        client.chat.completions.create(model="gpt4video", messages=[{"role": "system", "content": "be kind"}])
    with pytest.raises(openai.BadRequestError, match="20001 characters"):
        client.chat.completions.create(model="gpt4video", messages=[{"role": "user", "content": "x" * 20_001}])
