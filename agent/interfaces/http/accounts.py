"""Routes about the server itself and who uses it: health, who one is, logging in, figures."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from .errors import TokenWrong, problems
from .metrics import CONTENT_TYPE
from .models import Strict
from .security import COOKIE, is_loopback
from .serving import LOGINS_PER_MINUTE, Asking, serving_of

router = APIRouter(tags=["server"])
metrics_router = APIRouter(tags=["server"])
_MONTH = 30 * 86400


class Health(Strict):
    """The server answers."""

    status: Literal["ok"]
    version: str


class Me(Strict):
    """Who asks, and what the assistant runs on."""

    user: str
    planner: str
    generator: str


class Login(Strict):
    """A token."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"token": "a-token-of-yours"}})

    token: Annotated[str, Field(min_length=1, max_length=1000)]


class LoggedIn(Strict):
    """Who that is."""

    user: str


@router.get("/health")
def health() -> Health:
    """Whether the server answers; nothing is asked for."""
    return Health(status="ok", version=version("gpt4video"))


@router.get("/me", responses=problems())
def me(caller: Asking) -> Me:
    """Who one is, and what the assistant runs on."""
    settings = caller.serving.agent.settings
    return Me(user=caller.user, planner=settings.planner, generator=settings.generator)


@router.post("/login", responses=problems(413, 415, 429))
def login(given: Login, request: Request, response: Response) -> LoggedIn:
    """Keep the token in a cookie, for what cannot send headers (`<video>`, EventSource)."""
    serving = serving_of(request)
    tokens = serving.options.tokens
    if tokens is None:
        return LoggedIn(user=serving.agent.settings.user)
    client = request.client.host if request.client else ""
    serving.limits.count("logins", client, LOGINS_PER_MINUTE)
    user = tokens.user(given.token)
    if user is None:
        raise TokenWrong("This token is not known.", "Ask whoever runs the server for one.")
    response.set_cookie(
        COOKIE, given.token, max_age=_MONTH, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    return LoggedIn(user=user)


@router.post("/logout", status_code=204)
def logout(response: Response) -> None:
    """Forget the cookie."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")


@metrics_router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"description": "Figures.", "content": {"text/plain": {"schema": {"type": "string"}}}},
        **problems(),
    },
)
def metrics(request: Request) -> Response:
    """Figures for Prometheus; beyond this machine a token is asked for."""
    serving = serving_of(request)
    tokens, client = serving.options.tokens, request.client
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    if tokens is not None and not (client and is_loopback(client.host)) and tokens.user(bearer) is None:
        raise TokenWrong("A token is missing or wrong.", "Send 'Authorization: Bearer TOKEN'.")
    return Response(serving.metrics.text(), media_type=CONTENT_TYPE)
