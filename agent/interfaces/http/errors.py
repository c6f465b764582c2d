"""What the server refuses, and every fault of the four packages as an HTTP response.

::

    HttpFault
    |-- HostUnknown    400  the Host header names another machine
    |-- ContentUnfit   400  an OpenAI message holds what cannot be read here
    |-- TokenWrong     401  no token, or none that is known
    |-- CrossSite      403  a page of another site wants to write
    |-- NotHere        404  no such upload or file
    |-- OffsetWrong    409  the upload stands elsewhere
    |-- UploadBusy     409  another request writes to the upload
    |-- TurnDropped    409  stopped before it began
    |-- TooLarge       413  more bytes than are taken
    |-- TypeWrong      415  a body of another type than is read here
    |-- RangeWrong     416  bytes that the file does not have
    |-- TooFast        429  more requests than the rate allows
    |-- ServerFull     503  too many turns wait
    |-- ServerClosing  503  the server is ending
    `-- DiskFull       507  there is no room for it
"""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from ...errors import AgentError, Fault, fault_of


class HttpFault(AgentError):
    """A fault of the request as such. ``headers`` go out with the response."""

    status: ClassVar[int] = 400

    def __init__(self, message: str, remedy: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message, remedy)
        self.headers = dict(headers or {})


class HostUnknown(HttpFault):
    """The Host header names another machine than this one."""

    code = "host_unknown"


class ContentUnfit(HttpFault):
    """A message holds what cannot be read here."""

    code = "content_unfit"


class TokenWrong(HttpFault):
    """No token, or none that is known."""

    code, status = "token_wrong", 401


class CrossSite(HttpFault):
    """A page of another site wants to write."""

    code, status = "cross_site", 403


class NotHere(HttpFault):
    """There is no such upload or file."""

    code, status = "not_here", 404


class OffsetWrong(HttpFault):
    """The upload stands elsewhere than the request says."""

    code, status = "offset", 409


class UploadBusy(HttpFault):
    """Another request writes to the upload."""

    code, status = "upload_busy", 409


class TurnDropped(HttpFault):
    """The turn was stopped before it began."""

    code, status = "cancelled", 409


class TooLarge(HttpFault):
    """More bytes than are taken."""

    code, status = "too_large", 413


class TypeWrong(HttpFault):
    """A body of another type than is read here."""

    code, status = "type_wrong", 415


class RangeWrong(HttpFault):
    """Bytes that the file does not have."""

    code, status = "range_wrong", 416


class TooFast(HttpFault):
    """More requests than the rate allows."""

    code, status = "too_fast", 429


class ServerFull(HttpFault):
    """Too many turns wait already."""

    code, status = "server_full", 503


class ServerClosing(HttpFault):
    """The server is ending."""

    code, status = "server_closing", 503


class DiskFull(HttpFault):
    """There is no room for it."""

    code, status = "disk_full", 507


_STATUS: Final = {
    "request_invalid": 400, "project_invalid": 400, "filter_invalid": 400, "bad_arguments": 400, "clip_ambiguous": 400,
    "session_unknown": 404, "job_unknown": 404, "clip_unknown": 404, "project_unknown": 404, "media_missing": 404,
    "session_busy": 409, "job_busy": 409, "project_changed": 409, "cancelled": 409,
    "media_rejected": 422, "media_broken": 422, "media_blocked": 422, "lut_unusable": 422, "generation_failed": 422,
    "planner_failed": 502,
    "store_unreachable": 503, "library_busy": 503, "model_unusable": 503, "model_unavailable": 503,
    "backend_missing": 503, "out_of_memory": 503,
    "out_of_resources": 507,
}  # fmt: skip
"""Statuses by the codes of errors; all others are 500."""

_TEXTS: Final = {
    400: "The request cannot be carried out as it is.",
    401: "A token is missing or wrong.",
    403: "A page of another site may not do this.",
    404: "There is no such thing, or it is another user's.",
    405: "Not offered here.",
    409: "Something else is under way.",
    413: "More bytes than are taken.",
    415: "A body of another type than is read here.",
    416: "Bytes that the file does not have.",
    422: "Values that do not fit, or media that is refused.",
    429: "Too many requests; see Retry-After.",
    502: "The planner's model gave nothing usable.",
    503: "A part is not at hand, or the server is busy or closing.",
    507: "The disk is full.",
}


class ErrorFacts(BaseModel):
    """What is wrong, and what to do about it."""

    model_config = ConfigDict(extra="forbid")

    code: str
    message: str
    remedy: str


class ErrorBody(BaseModel):
    """The body of every response that is an error."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "error": {
                    "code": "clip_unknown",
                    "message": "There is no clip 'abc'.",
                    "remedy": "List the clips and use one of their ids.",
                }
            }
        },
    )

    error: ErrorFacts


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documented error responses of a route, besides those that every route may give."""
    always = (400, 401, 403, 404, 422, 503)
    return {status: {"model": ErrorBody, "description": _TEXTS[status]} for status in sorted({*always, *statuses})}


def status_of(error: BaseException) -> int:
    """The HTTP status for any exception."""
    if isinstance(error, HttpFault):
        return error.status
    if _disk_full(error):
        return 507
    return _STATUS.get(fault_of(error).code, 500)


def told(error: BaseException) -> dict[str, Any]:
    """Any exception as ``{"error": {...}}``; what is inside of the server's own mistakes stays in its log."""
    fault = fault_of(error)
    if fault.code == "internal":
        fault = Fault(
            code="internal",
            message=f"The server made a mistake ({type(error).__name__}).",
            remedy="Its log says more; please report it with the request that led to it.",
            audience="developer",
        )
    return {"error": fault.model_dump(include={"code", "message", "remedy"})}


def response_of(error: BaseException) -> JSONResponse:
    """Any exception as a response."""
    headers = error.headers if isinstance(error, HttpFault) else None
    return JSONResponse(told(error), status_of(error), headers)


def handle_errors(app: FastAPI) -> None:
    """Give every error of the application its one shape."""

    async def fault(_request: Request, error: Exception) -> JSONResponse:
        return response_of(error)

    async def refused(_request: Request, error: Exception) -> JSONResponse:
        status, detail = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "")
        code = {404: "not_here", 405: "method_wrong", 413: "too_large"}.get(status, "request_invalid")
        remedy = _TEXTS.get(status, "See /openapi.json for what is offered.")
        body = {"error": {"code": code, "message": f"{detail}.".replace("..", "."), "remedy": remedy}}
        return JSONResponse(body, status, getattr(error, "headers", None))

    async def invalid(_request: Request, error: Exception) -> JSONResponse:
        found: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else []
        message = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found[:5])
        body = {"code": "validation", "message": _printable(message), "remedy": "See /openapi.json for what fits."}
        return JSONResponse({"error": body}, 422)

    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    # Ours one by one: whatever is caught as Exception counts as a mistake and is raised again for the log.
    for kind in _families():
        app.add_exception_handler(kind, fault)
    app.add_exception_handler(Exception, fault)


def _families() -> tuple[type[Exception], ...]:
    from ....memory.errors import LibraryError
    from ....tools.errors import ToolError

    return AgentError, LibraryError, ToolError


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _disk_full(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, says so."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if "disk is full" in str(error):
            return True
        error = error.__cause__
    return False
