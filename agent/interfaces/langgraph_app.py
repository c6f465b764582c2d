"""The assistant as a node of other people's LangGraph programs, and as a graph that LangGraph's dev server opens.

::

    builder = StateGraph(MessagesState)
    builder.add_node("video", as_node(agent))
    ...
    parent = builder.compile(checkpointer=...)
    parent.invoke(approval(parent.get_state(config)), config)  # where the assistant waits for a person's word
"""

from __future__ import annotations

import uuid
from asyncio import to_thread
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.graph import END, START, MessagesState, StateGraph

from ..assistant import VideoAgent
from ..consent import Word
from ..errors import RequestInvalid, SessionUnknown
from ..graph import build_graph
from ..turns import Answer, answer_of, check_request, resumed

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph
    from langgraph.types import Command, StateSnapshot

    from ..state import TurnInput

State = Mapping[str, Any]
_QUESTION = {"key", "step", "tool", "args"}


def last_words(state: State) -> str:
    """What the user said last in a state with ``messages``."""
    messages: Sequence[AnyMessage] = state.get("messages", [])
    said = [message.text for message in messages if isinstance(message, HumanMessage)]
    if not said:
        raise RequestInvalid("The state holds no message of a user.", "Put a HumanMessage into 'messages'.")
    return str(said[-1])


def as_message(answer: Answer) -> dict[str, Any]:
    """The answer as a message; ``message.response_metadata`` holds its status, and the clips it made."""
    held = answer.model_dump(mode="json", include={"status", "clips", "evidence"})
    return {"messages": [AIMessage(answer.answer, name="gpt4video", response_metadata=held)]}


def as_node(
    agent: VideoAgent,
    *,
    request: Callable[[State], str] = last_words,
    clips: Callable[[State], Sequence[str]] = lambda _state: (),
    reply: Callable[[Answer], dict[str, Any]] = as_message,
) -> RunnableLambda[Any, dict[str, Any]]:
    """A node that holds one turn: the parent's state is mapped to a request, the answer to an update of it.

    The conversation belongs to the parent's thread and is kept by the parent's checkpointer, so it lasts from turn to
    turn. Its events are the parent's stream of the mode ``custom`` (with ``subgraphs=True``). Where a step needs
    approval the parent is interrupted; :func:`approval` makes the command that resumes it.

    Args:
        agent: whose library, models and policies it uses.
        request: the request in a parent's state.
        clips: ids of clips in the library, or files to take in first, that the turn is about.
        reply: the update of the parent's state.

    Returns:
        What ``add_node`` takes. In a parent without a checkpointer each turn stands alone, and none can wait.
    """
    graph = build_graph(agent.components, checkpointer=True)

    def turn(state: State) -> TurnInput:
        words, user = request(state), agent.settings.user
        check_request(words)
        uploads = [agent.components.intake.resolve(clip, user=user) for clip in clips(state)]
        return {"turn": uuid.uuid4().hex, "user": user, "request": words, "uploads": uploads}

    def update(values: dict[str, Any], thread: str) -> dict[str, Any]:
        return reply(answer_of(SimpleNamespace(values=values, interrupts=()), thread, agent.components))

    def run(state: State, config: RunnableConfig) -> dict[str, Any]:
        with _stoppable(agent, config) as thread:
            return update(graph.invoke(turn(state), config), thread)

    async def run_async(state: State, config: RunnableConfig) -> dict[str, Any]:
        with _stoppable(agent, config) as thread:
            return await to_thread(update, await graph.ainvoke(await to_thread(turn, state), config), thread)

    return RunnableLambda(run, run_async, name="gpt4video")


@contextmanager
def _stoppable(agent: VideoAgent, config: RunnableConfig) -> Iterator[str]:
    """While the parent's node runs, ``agent.components.stops.stop(thread_id)`` stops it; so does leaving it early."""
    thread = str(config.get("configurable", {}).get("thread_id", ""))
    if not thread:
        yield thread
        return
    with agent.components.stops.running(thread) as stopped:
        try:
            yield thread
        except BaseException:
            stopped.set()
            raise


def approval(state: StateSnapshot, *, approved: bool = True, prompt: str | None = None) -> Command[Any]:
    """The command that answers the first question that the assistant asks in a parent graph; others keep waiting.

    Args:
        state: the parent's, from ``get_state(config)``.
        approved: whether the step may run.
        prompt: what to generate instead of the prompt in the question; policies judge it as any other.

    Raises:
        SessionUnknown: the assistant asks nothing there.
        RequestInvalid: the step has no prompt, or this is none.
    """
    asked = [one for one in state.interrupts if isinstance(one.value, dict) and one.value.keys() >= _QUESTION]
    if not asked:
        raise SessionUnknown("The assistant waits for nothing on this thread.", "Ask for something first.")
    return resumed(asked[0].value, Word(approved, prompt), SimpleNamespace(interrupts=asked))


@cache
def _agent() -> VideoAgent:
    return VideoAgent()


def graph() -> CompiledStateGraph[Any, Any, Any, Any]:
    """A chat with the assistant over the home folder in ``$GPT4VIDEO_HOME``, for servers that bring a checkpointer."""
    builder = StateGraph(MessagesState)
    builder.add_node("video", as_node(_agent()))
    builder.add_edge(START, "video")
    builder.add_edge("video", END)
    return builder.compile(name="gpt4video")
