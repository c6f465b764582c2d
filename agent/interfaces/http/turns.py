"""Turns as work of the hub: they run on the server whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

from ... import events
from ...assistant import VideoAgent
from ...errors import SessionUnknown
from ...sessions import thread_key
from ...turns import Answer, check_request
from .hub import Emit, Key, Run, Work
from .models import Approval, Asked, public
from .serving import Caller


def key_of(caller: Caller, name: str) -> Key:
    """Under what a conversation's turns run."""
    return caller.user, "turn", name


def library_ids(agent: VideoAgent, clips: list[str]) -> list[str]:
    """Ids of the user's clips: a client names clips of the library, never files of this machine.

    Raises:
        ClipUnknown: there is none of that id.
    """
    return [agent.components.library.known(clip, user=agent.settings.user).id for clip in clips]


def check_turn(caller: Caller, name: str, asked: Asked) -> list[str]:
    """Refuse what cannot become a turn before it waits for its turn; the ids of its clips."""
    check_request(asked.request)
    thread_key(caller.user, name)
    return library_ids(caller.agent, asked.clips)


def ask(caller: Caller, name: str, asked: Asked, clips: list[str]) -> Work:
    """Begin a turn."""
    agent = caller.agent

    def begin() -> Iterator[events.Event]:
        return agent.stream(asked.request, clips, thread=name, approve=asked.approve, background=asked.background)

    return _start(caller, name, begin)


def settle(caller: Caller, name: str, word: Approval) -> Work:
    """Answer the question that a turn asks, and go on with it."""
    prompt = f'edit the prompt to "{word.prompt}"' if word.prompt is not None else "yes"
    return _start(caller, name, lambda: caller.agent.stream(prompt if word.approved else "no", thread=name))


def check_waiting(caller: Caller, name: str) -> None:
    """Raises ``SessionUnknown`` unless a turn of the conversation asks something."""
    if approval_of(caller.agent, name) is None:
        raise SessionUnknown(f"Nothing waits for approval in {name!r}.", "Ask for something first.")


def approval_of(agent: VideoAgent, name: str) -> dict[str, Any] | None:
    """What a conversation's last turn asks, if anything."""
    with suppress(SessionUnknown):
        return agent.last(name).approval
    return None


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer as clients see it."""
    plain: dict[str, Any] = public(answer.model_dump(mode="json"))
    return plain


def _start(caller: Caller, name: str, begin: Callable[[], Iterator[events.Event]]) -> Work:
    stops, key = caller.agent.components.stops, thread_key(caller.user, name)
    return caller.serving.hub.start(key_of(caller, name), _run(caller, name, begin), lambda: stops.stop(key))


def _run(caller: Caller, name: str, begin: Callable[[], Iterator[events.Event]]) -> Run:
    agent, metrics = caller.agent, caller.serving.metrics

    def run(emit: Emit) -> dict[str, Any]:
        introduced = False
        with closing(begin()) as turn:  # type: ignore[type-var]  # a generator
            for event in turn:
                if not introduced:
                    emit("turn", _introduction(agent, name))
                    introduced = True
                if isinstance(event, events.StepEnded):
                    metrics.steps.labels(event.tool).observe(event.seconds)
                emit(event.type, event.model_dump(mode="json"))
        answer = agent.last(name)
        metrics.turns.labels(answer.status).inc()
        return answer_json(answer)

    return run


def _introduction(agent: VideoAgent, name: str) -> dict[str, Any]:
    turns = agent.transcript(name)
    return {"turn": turns[-1].id, "request": turns[-1].request} if turns else {"turn": "", "request": ""}
