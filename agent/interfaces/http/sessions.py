"""Routes of conversations: what was said, turns, approvals, and the events of a turn that runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from ...errors import SessionUnknown
from ...turns import Answer
from .errors import problems
from .hub import Told
from .models import Approval, Asked, SessionBody, SessionClip, SessionName, SessionRow, public
from .serving import Asking, Caller
from .streams import EVENT_CONTENT, EVENTS, answered, documented, streamed
from .turns import approval_of, ask, check_turn, check_waiting, key_of, settle

router = APIRouter(prefix="/sessions", tags=["sessions"], responses=problems())
_TURN = documented(
    f"With `Accept: {EVENTS}` the turn's events (`turn`, then node, verdict, plan, estimate, progress, result, job, "
    "approval, answer, at last `done` with the answer, or `error`); else the answer when the turn has ended.",
    Answer,
)


@router.get("")
def list_sessions(caller: Asking) -> list[SessionRow]:
    """The conversations, the one that was used last first."""
    return [SessionRow(**one.model_dump(), running=_running(caller, one.name)) for one in caller.agent.conversations()]


@router.get("/{name}")
def read_session(name: SessionName, caller: Asking) -> SessionBody:
    """A conversation: what was said, its clips, and what it waits for."""
    turns, running = caller.agent.transcript(name), _running(caller, name)
    if not (turns or running):
        raise SessionUnknown(f"There is no session {name!r}.", "Name one of those that there are.")
    rows = [{key: row[key] for key in SessionClip.model_fields} for row in map(dict, caller.agent.clips(name))]
    return SessionBody(
        name=name,
        turns=[turn.model_copy(update={"outcome": public(turn.outcome)}) for turn in turns],
        clips=[SessionClip.model_validate(row) for row in rows],
        running=running,
        approval=None if running else public(approval_of(caller.agent, name)),
    )


@router.delete("/{name}", status_code=204, responses=problems(409))
def delete_session(name: SessionName, caller: Asking) -> None:
    """Drop a conversation; its clips stay."""
    caller.agent.forget_conversation(name)


@router.post("/{name}/turns", responses={200: _TURN, **problems(409, 413, 415, 429, 502, 507)})
async def begin_turn(name: SessionName, asked: Asked, request: Request, caller: Asking) -> Response:
    """Hold a turn. It runs to its end whether or not somebody listens."""
    clips = await run_in_threadpool(check_turn, caller, name, asked)
    caller.count_turn()
    return await answered(request, ask(caller, name, asked, clips))


@router.get(
    "/{name}/events",
    responses={200: {"description": "Events.", "content": EVENT_CONTENT}},
    response_class=Response,
)
async def follow_turn(
    name: SessionName,
    caller: Asking,
    after: Annotated[int, Query(ge=0, le=2**53, description="Id of the last event that is known.")] = 0,
    last_event_id: Annotated[str | None, Header(description="The same, as browsers send it.")] = None,
) -> Response:
    """The events of the turn that runs, as they come; `idle` if none does.

    With the id of the last event that is known, a turn that has ended since is told to its end too.
    """
    known = int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else after
    hub, key = caller.serving.hub, key_of(caller, name)
    work = hub.recent(key) if known else hub.running(key)
    if work is not None and (not work.over or work.has_after(known)):
        return streamed(work.follow(known))
    return streamed(_idle(known))


@router.post("/{name}/approval", responses={200: _TURN, **problems(409, 413, 415, 502, 507)})
async def give_word(name: SessionName, word: Approval, request: Request, caller: Asking) -> Response:
    """Approve or decline the step that waits, perhaps with another prompt, and go on with the turn."""
    if caller.serving.hub.running(key_of(caller, name)) is None:
        await run_in_threadpool(check_waiting, caller, name)
    return await answered(request, settle(caller, name, word))


@router.post("/{name}/cancel", status_code=202, responses=problems(409), response_class=Response)
async def cancel_turn(name: SessionName, caller: Asking) -> Response:
    """Stop the turn that runs, or decline the step that waits."""
    hub = caller.serving.hub
    work = hub.running(key_of(caller, name))
    if work is not None:
        hub.cancel(work)
    else:
        await run_in_threadpool(check_waiting, caller, name)
        settle(caller, name, Approval(approved=False))
    return Response(status_code=202)


def _running(caller: Caller, name: str) -> bool:
    return caller.serving.hub.running(key_of(caller, name)) is not None


async def _idle(number: int) -> AsyncIterator[Told]:
    yield Told(number, "idle", {})
