"""The API of OpenAI's chat completions, so that programs written for it can talk to the assistant."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, Request, Response
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, StreamingResponse

from ...settings import MAX_REQUEST
from .errors import ContentUnfit, problems, told
from .hub import Work
from .models import Asked
from .serving import Asking
from .streams import EVENT_CONTENT, EVENTS
from .turns import ask, check_turn

router = APIRouter(prefix="/v1", tags=["openai"], responses=problems())
MODEL: Final = "gpt4video"
_CLIP: Final = "clip:"


class ClipUrl(BaseModel):
    """A clip of the library as ``clip:ID``."""

    url: Annotated[str, Field(max_length=4000)]


class Part(BaseModel):
    """A part of a message: words, or a clip."""

    type: Literal["text", "video_url", "image_url"]
    text: str = ""
    video_url: ClipUrl | None = None
    image_url: ClipUrl | None = None


class Message(BaseModel):
    """A message of the conversation so far."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[str | list[Part] | None, Field()] = None


class ChatRequest(BaseModel):
    """A request; what is not listed here (``temperature``, ...) means nothing to this assistant and is ignored."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"model": MODEL, "messages": [{"role": "user", "content": "find the bicycle"}]}}
    )

    model: Annotated[str, Field(max_length=200)] = MODEL
    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    stream: bool = False
    user: Annotated[str | None, Field(max_length=200)] = None


class ReplyMessage(BaseModel):
    """What the assistant says."""

    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    """The one answer."""

    index: int = 0
    message: ReplyMessage
    finish_reason: Literal["stop", "content_filter"]


class Completion(BaseModel):
    """A turn's answer as a chat completion."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]


class ModelRow(BaseModel):
    """A model that may be named in a request."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = MODEL


class ModelList(BaseModel):
    """The models."""

    object: Literal["list"] = "list"
    data: list[ModelRow]


@router.get("/models")
def list_models(_caller: Asking) -> ModelList:
    """The one model there is: the assistant."""
    return ModelList(data=[ModelRow(id=MODEL)])


@router.post(
    "/chat/completions",
    responses={
        200: {"model": Completion, "description": "The answer, or chunks of it.", "content": EVENT_CONTENT},
        **problems(409, 413, 415, 429, 502, 507),
    },
)
async def complete(
    chat: ChatRequest,
    request: Request,
    caller: Asking,
    x_session: Annotated[str | None, Header(max_length=200, description="Names the conversation.")] = None,
) -> Response:
    """Hold a turn with the last user message; the conversation is told by `X-Session`, `user`, or its first message."""
    said, clips = _last_user(chat.messages)
    name = _session(caller.user, x_session or chat.user or _first_user(chat.messages))
    asked = Asked.model_construct(request=said, clips=clips, background=False, approve=False)
    known = await run_in_threadpool(check_turn, caller, name, asked)
    caller.count_turn()
    work = ask(caller, name, asked, known)
    base = str(request.base_url).rstrip("/")
    if not chat.stream:
        return JSONResponse(_completion(chat.model, await work.ended(), base).model_dump())
    await work.begun(5.0)
    return StreamingResponse(_chunks(chat.model, work, base), media_type=EVENTS, headers={"Cache-Control": "no-store"})


async def _chunks(model: str, work: Work, base: str) -> AsyncIterator[bytes]:
    """The answer as it is streamed: who speaks at once, then the words when the turn has ended."""
    facts = {
        "id": f"chatcmpl-{uuid.uuid4().hex}", "object": "chat.completion.chunk", "created": int(time.time()),
        "model": model,
    }  # fmt: skip

    def chunk(delta: dict[str, str], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return format_sse_event(data_str=json.dumps({**facts, "choices": [choice]}))

    yield chunk({"role": "assistant", "content": ""})
    async for event in work.follow():
        if event is None:
            yield KEEPALIVE_COMMENT
    if work.error is not None:
        yield format_sse_event(data_str=json.dumps(told(work.error)))
    else:
        choice = _completion(model, work.outcome, base).choices[0]
        yield chunk({"content": choice.message.content})
        yield chunk({}, choice.finish_reason)
    yield format_sse_event(data_str="[DONE]")


def _completion(model: str, answer: dict[str, Any], base: str) -> Completion:
    choice = Choice(
        message=ReplyMessage(content=_words(answer, base)),
        finish_reason="content_filter" if answer["status"] == "blocked" else "stop",
    )
    return Completion(id=f"chatcmpl-{uuid.uuid4().hex}", created=int(time.time()), model=model, choices=[choice])


def _words(answer: dict[str, Any], base: str) -> str:
    """An answer as text: what waits as a question, what was made as links."""
    if answer["status"] == "waiting":
        asks = answer["approval"]
        lines = [f"{asks['reason'][:1].upper()}{asks['reason'][1:].rstrip('.')}."]
        if asks["prompt"]:
            lines += [f'The prompt: "{asks["prompt"]}"', 'Reply yes, no, or "edit the prompt to ...".']
        else:
            lines.append("Reply yes or no.")
        return "\n".join(lines)
    links = [
        f"[{clip['operation']} {clip['id']}, {clip['duration']:.1f} s]({base}/api/v1/clips/{clip['id']}/file)"
        for clip in answer["clips"]
    ]
    return "\n".join([answer["answer"], *links])


def _last_user(messages: list[Message]) -> tuple[str, list[str]]:
    """What the user asks now, and the clips it is about."""
    last = next((message for message in reversed(messages) if message.role == "user"), None)
    if last is None or not last.content:
        raise ContentUnfit("No message is the user's.", "Send one with the role 'user'.")
    if isinstance(last.content, str):
        return last.content, []
    clips: list[str] = []
    for part in last.content:
        link = part.video_url or part.image_url
        if part.type != "text" and (link is None or not link.url.startswith(_CLIP)):
            raise ContentUnfit(
                f"Content of type {part.type} is not read from elsewhere.",
                "Upload the video first (POST /api/v1/uploads), then name it as clip:ID.",
            )
        if link is not None:
            clips.append(link.url.removeprefix(_CLIP))
    return "\n".join(part.text for part in last.content if part.text)[: MAX_REQUEST + 1], clips


def _first_user(messages: list[Message]) -> str:
    first = next(message for message in messages if message.role == "user")
    return json.dumps(first.model_dump(mode="json")["content"])


def _session(user: str, told_by: str) -> str:
    return "openai-" + hashlib.sha256(f"{user}\x1f{told_by}".encode()).hexdigest()[:24]
