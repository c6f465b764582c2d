"""The assistant as LangChain ``StructuredTool``s, for agents of other people's making; policies stay in force."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from langchain_core.tools import StructuredTool, ToolException
from pydantic import BaseModel, ConfigDict, Field

from ..consent import word_of
from ..errors import SessionUnknown, fault_of
from .tool_calls import OFFERED, run_tool

if TYPE_CHECKING:
    from ...tools.base import Tool
    from ..assistant import VideoAgent
    from ..turns import Answer

ASK = "ask_video_assistant"


class AskArguments(BaseModel):
    """Arguments of ``ask_video_assistant``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    request: Annotated[str, Field(min_length=1, description="What is wanted, in plain words.")]
    thread: Annotated[str, Field(description="The conversation; it remembers its clips from call to call.")] = "tools"
    clips: Annotated[list[str], Field(description="Ids of clips, or files, that the request is about.")] = []


def as_tools(agent: VideoAgent, *, approve: bool = False) -> list[StructuredTool]:
    """Four tools that take clips by their ids in the library, and one that holds a turn with the whole assistant.

    Results are JSON text. What goes wrong comes back as a tool's error, in words: a fault with its remedy, the reason
    of a policy that refuses, or that a person must approve.

    Args:
        agent: whose library and policies they use.
        approve: run slow, paid or destructive steps unasked. Otherwise calling such a tool is an error, and a turn of
            ``ask_video_assistant`` waits until a person's word is given with ``agent.approve(thread)``; the calling
            model cannot give it.
    """
    tools = [_structured(agent, agent.components.tools[name], approve) for name in OFFERED]
    return [*tools, _asking(agent, approve)]


def _structured(agent: VideoAgent, tool: Tool[Any, Any], approve: bool) -> StructuredTool:
    def call(**arguments: Any) -> str:
        parsed = tool.arguments.model_validate(arguments).model_dump(mode="json", exclude_none=True)
        return _told(lambda: run_tool(agent.components, tool.name, parsed, approve=approve))

    return StructuredTool.from_function(
        func=call,
        name=tool.name,
        description=tool.description,
        args_schema=tool.arguments,
        handle_tool_error=True,
    )


def _asking(agent: VideoAgent, approve: bool) -> StructuredTool:
    def ask(request: str, thread: str = "tools", clips: list[str] | None = None) -> str:
        def turn() -> dict[str, Any]:
            if word_of(request) is not None and _waits(agent, thread):
                raise ToolException(f"Only a person may answer what waits on thread {thread!r}. Tell the user.")
            return _outcome(agent.ask(request, clips or [], thread=thread, approve=approve))

        return _told(turn)

    return StructuredTool.from_function(
        func=ask,
        name=ASK,
        description=(
            "Ask the video assistant for anything about video in plain words: several steps in one go, follow-ups to "
            "what it did before on the same thread, questions about clips, timelines (projects). Returns its answer "
            "and the clips that it made, with their ids and paths, as JSON."
        ),
        args_schema=AskArguments,
        handle_tool_error=True,
    )


def _waits(agent: VideoAgent, thread: str) -> bool:
    try:
        return agent.last(thread).status == "waiting"
    except SessionUnknown:
        return False


def _outcome(answer: Answer) -> dict[str, Any]:
    """What another agent needs of a turn; what stopped it is an error."""
    if answer.approval is not None:
        raise ToolException(
            f"This waits for a person's approval on thread {answer.thread!r}: {answer.approval['reason']}. "
            "Tell the user; it goes on once they agree."
        )
    if answer.blocked or answer.status == "failed":
        raise ToolException(answer.answer)
    clips = [{key: clip[key] for key in ("id", "path", "duration")} for clip in answer.clips]
    return {"answer": answer.answer, "status": answer.status, "thread": answer.thread, "clips": clips}


def _told(work: Callable[[], dict[str, Any]]) -> str:
    """The result as text; any fault as the error of a tool, which the calling agent can read."""
    try:
        return json.dumps(work())
    except ToolException:
        raise
    except Exception as error:
        fault = fault_of(error)
        raise ToolException(f"{fault.message} {fault.remedy}".strip()) from error
