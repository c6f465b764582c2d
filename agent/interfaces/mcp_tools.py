"""What the Model Context Protocol server offers to call: whole turns, and the tools one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from threading import Event
from typing import Annotated, Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel, ConfigDict, Field

from ...tools.editing.operations import Operation
from ...tools.search import SearchResult
from ...tools.understanding.arguments import UnderstandResult
from .. import events
from ..asynchronous import AsyncVideoAgent
from ..errors import SessionUnknown, fault_of
from ..reports import FileProgress, IngestReport
from ..turns import Answer
from .tool_calls import run_tool

Request = Annotated[str, Field(description="What is wanted, in plain words.")]
Thread = Annotated[str, Field(description="The conversation, by a name of your choice.")]
ClipId = Annotated[str, Field(description="The id of a clip in the library; ID@START-END (seconds) is a span of it.")]
Approved = Annotated[bool, Field(description="The user has agreed that this runs, though it is slow or costs money.")]


class Made(BaseModel):
    """What a tool made.

    Attributes:
        outputs: ``{"id", "path", "kind", "duration", "operation", "parents", "notes", ...}`` for each; a ``video`` is a
            clip of the library from then on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    outputs: list[dict[str, Any]]


class Told:
    """Tells a client how a call goes on; it is told whatever is new, with a count that only ever grows."""

    def __init__(self, context: Context[Any, Any]) -> None:
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._count = 0
        self._last = ""

    async def say(self, words: str) -> None:
        """Send a progress notification, if the client asked for them and has not heard this just before."""
        if words and words != self._last:
            self._count, self._last = self._count + 1, words
            await self._context.report_progress(self._count, message=words)

    def from_thread(self, words: str) -> None:
        """The same, from a worker thread."""
        asyncio.run_coroutine_threadsafe(self.say(words), self._loop).result()


class Tools:
    """What the server offers to call, over one agent."""

    def __init__(self, agent: AsyncVideoAgent) -> None:
        self._agent = agent

    async def ask(
        self,
        request: Request,
        context: Context[Any, Any],
        thread: Thread = "mcp",
        clips: Annotated[list[str], Field(description="Ids of clips, or files, that the request is about.")] = [],  # noqa: B006
        background: Annotated[bool, Field(description="Generate as a job; a later turn tells the result.")] = False,
    ) -> Answer:
        """Hold one turn with the video assistant: it plans, finds, edits, generates and answers.

        Follow-ups on the same thread may speak of earlier clips ("play it backwards"). With status "waiting" a step
        needs the user's word: see 'approve'.
        """
        with told_faults():
            async with aclosing(self._agent.stream(request, clips, thread=thread, background=background)) as turn:
                await _follow(turn, Told(context))
            return await self._agent.last(thread)

    async def approve(
        self,
        context: Context[Any, Any],
        thread: Thread = "mcp",
        approved: Annotated[bool, Field(description="Whether the user agrees.")] = True,
        prompt: Annotated[str | None, Field(description="What to generate instead, in the user's words.")] = None,
    ) -> Answer:
        """Give the user's word on the step that a thread waits for, and run the turn to its end. Ask the user first."""
        with told_faults():
            if (await self._agent.last(thread)).status != "waiting":
                raise SessionUnknown(f"Nothing waits for approval on thread {thread!r}.", "Ask for something first.")
            word = f'edit the prompt to "{prompt}"' if approved and prompt is not None else "yes" if approved else "no"
            async with aclosing(self._agent.stream(word, thread=thread)) as turn:
                await _follow(turn, Told(context))
            return await self._agent.last(thread)

    async def ingest(
        self,
        paths: Annotated[list[str], Field(description="Video files, folders or patterns on the server's machine.")],
        context: Context[Any, Any],
    ) -> IngestReport:
        """Take videos into the library: analysed, described and searchable from then on."""
        told = Told(context)

        def report(file: FileProgress) -> None:
            share = 100 if file.ended else 10 * int(10 * file.seconds / max(file.duration, 0.001))
            told.from_thread(f"{file.path.name}: {share} %")

        with told_faults():
            return await self._agent.ingest(paths, report=report)

    async def search(
        self,
        context: Context[Any, Any],
        query: Annotated[str, Field(description="Words for the moment; conditions too ('longer than 10 s').")] = "",
        like: Annotated[ClipId | None, Field(description="A clip to resemble.")] = None,
        count: Annotated[int, Field(ge=1, le=50)] = 5,
    ) -> SearchResult:
        """Find moments in the library by words, by likeness to a clip, or by both; spans with reasons, best first."""
        found = await self._run("search_memory", {"query": query, "like": like, "count": count}, context)
        return SearchResult.model_validate(found)

    async def understand(
        self,
        clips: list[ClipId],
        context: Context[Any, Any],
        question: Annotated[str, Field(description="What to look for; empty asks for a description.")] = "",
    ) -> UnderstandResult:
        """Look at clips and listen to them: evidence with times for a question, or a description."""
        found = await self._run("understand_video", {"clips": clips, "question": question}, context)
        return UnderstandResult.model_validate(found)

    async def edit(
        self, clips: list[ClipId], operations: list[Operation], context: Context[Any, Any], approved: Approved = False
    ) -> Made:
        """Edit clips by operations in order; several are edited one by one unless 'concat' joins them."""
        plain = [operation.model_dump(mode="json", exclude_none=True) for operation in operations]
        made = await self._run("edit_video", {"clips": clips, "operations": plain}, context, approved=approved)
        return Made.model_validate(made)

    async def generate(
        self,
        prompt: Annotated[str, Field(min_length=1, max_length=500, description="What the new clip shows.")],
        context: Context[Any, Any],
        like: Annotated[ClipId | None, Field(description="A clip to resemble; the prompt says what differs.")] = None,
        seconds: Annotated[float | None, Field(gt=0, le=60)] = None,
        seed: Annotated[int | None, Field(ge=0, lt=2**31)] = None,
        approved: Approved = False,
    ) -> Made:
        """Make a new clip from a prompt, alone or like an existing clip."""
        arguments = {"prompt": prompt, "like": like, "seconds": seconds, "seed": seed}
        return Made.model_validate(await self._run("generate_video", arguments, context, approved=approved))

    async def _run(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any], *, approved: bool = False
    ) -> dict[str, Any]:
        """Run one tool in a thread; a client that gives up stops it at its next step forward."""
        told, given_up = Told(context), Event()
        given = {key: value for key, value in arguments.items() if value is not None}
        run = partial(run_tool, self._agent.agent.components, name, given, approve=approved, stopped=given_up.is_set)
        with told_faults():
            work = self._agent.begin(
                lambda: run(progress=lambda fraction, note: told.from_thread(_share(name, fraction, note)))
            )
            try:
                return await asyncio.shield(work)
            finally:
                given_up.set()
                await self._agent.ended(work)

    def add_to(self, server: MCPServer[Any]) -> None:
        """Register the tools, with what a client may tell its user about them."""
        reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)
        # Nothing is ever overwritten: whatever is made is a new clip.
        adds = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
        offered: dict[Callable[..., Any], ToolAnnotations] = {
            self.ask: adds,
            self.approve: adds,
            self.ingest: adds,
            self.search: reads,
            self.understand: reads,
            self.edit: adds,
            self.generate: adds,
        }
        for tool, about in offered.items():
            server.add_tool(tool, annotations=about)


@contextmanager
def told_faults() -> Iterator[None]:
    """Any fault as the error of a tool: what is wrong, what to do about it, and its code."""
    try:
        yield
    except Exception as error:
        fault = fault_of(error)
        raise ToolError(f"{fault.message} {fault.remedy} ({fault.code})") from error


async def _follow(turn: AsyncIterator[events.Event], told: Told) -> None:
    async for event in turn:
        await told.say(_words(event))


def _words(event: events.Event) -> str:
    """An event as a person reads it; empty for what need not be told."""
    match event:
        case events.NodeStarted():
            return event.node
        case events.PlanMade():
            return "plan: " + (", ".join(step["tool"] for step in event.steps) or "an answer")
        case events.StepEstimated():
            return f"{event.tool}: {event.text}"
        case events.StepProgress():
            return _share(event.tool, event.fraction, event.note)
        case events.StepEnded() | events.JobEnded():
            return event.summary
    return ""


def _share(tool: str, fraction: float, note: str) -> str:
    return f"{tool}: {fraction:.0%} {note}".strip()
