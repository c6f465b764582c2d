"""Work as a response: events as they come (Server-Sent Events), or what came of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from .hub import Told, Work

_PATIENCE: Final = 5.0
"""Seconds to wait for the first event, so that a turn that cannot begin is a plain error and no stream."""
EVENTS: Final = "text/event-stream"
EVENT_CONTENT: Final[dict[str, Any]] = {
    EVENTS: {
        "itemSchema": {
            "type": "object",
            "required": ["data"],
            "properties": {
                "data": {"type": "string", "contentMediaType": "application/json"},
                "event": {"type": "string"},
                "id": {"type": "string"},
            },
        }
    }
}
"""The documentation of a stream."""


async def answered(request: Request, work: Work) -> Response:
    """What the client wants of some work: its events from the first on, or its outcome."""
    if wants_events(request):
        await work.begun(_PATIENCE)
        return streamed(work.follow())
    return JSONResponse(await work.ended())


def wants_events(request: Request) -> bool:
    """Whether the client asks for a stream."""
    return EVENTS in request.headers.get("accept", "")


def streamed(events: AsyncIterator[Told | None]) -> StreamingResponse:
    """Events as Server-Sent Events; whoever goes away stops nothing."""

    async def lines() -> AsyncIterator[bytes]:
        async for one in events:
            yield (
                KEEPALIVE_COMMENT
                if one is None
                else format_sse_event(data_str=json.dumps(one.data), event=one.event, id=str(one.id))
            )

    # Proxies must neither keep nor hold back what is told while it happens.
    return StreamingResponse(
        lines(), media_type=EVENTS, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


def documented(about: str, last: type[Any]) -> dict[str, Any]:
    """The documentation of a response that is a stream or an object, as the client accepts."""
    return {"model": last, "description": about, "content": EVENT_CONTENT}
