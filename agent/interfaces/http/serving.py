"""What the routes share: the assistant as each user sees it, the work that runs, limits; and who is asking."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Final, TypeAlias

from fastapi import Cookie, Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from ...assistant import VideoAgent
from .errors import TokenWrong, TooFast
from .hub import Hub
from .metrics import Metrics
from .security import COOKIE, Tokens
from .uploads import Uploads

LOGINS_PER_MINUTE: Final = 10


@dataclass(frozen=True)
class Options:
    """How the server is set up.

    Attributes:
        tokens: who may use it; None: whoever reaches it is the assistant's own user.
        hosts: names by which it is reached, without ports.
        origins: other sites whose pages may use the API.
        turns_per_minute, uploads_per_minute: of each user.
        workers: turns that run at once.
        waiting: turns that may wait beside them.
        upload_bytes: the largest file that may be sent.
        chunk_bytes: the largest piece of it in one request.
    """

    tokens: Tokens | None = None
    hosts: frozenset[str] = frozenset({"localhost", "127.0.0.1", "::1"})
    origins: tuple[str, ...] = ()
    turns_per_minute: int = 60
    uploads_per_minute: int = 30
    workers: int = 8
    waiting: int = 256
    upload_bytes: int = 2 << 30
    chunk_bytes: int = 8 << 20


@dataclass
class Limits:
    """How often somebody may do something: a moving window of a minute."""

    _windows: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))

    def count(self, what: str, who: str, most: int) -> None:
        """Count once more. Raises ``TooFast``, which says when to come again."""
        rate = RateLimitItemPerMinute(most, namespace=what)
        if not self._windows.hit(rate, who):
            wait = max(1, math.ceil(self._windows.get_window_stats(rate, who).reset_time - time.time()))
            raise TooFast(f"More than {most} {what} a minute.", f"Ask again in {wait} s.", {"Retry-After": str(wait)})


class Serving:
    """One server's parts.

    Attributes:
        hub: turns that run.
        intake: uploads that are taken in and timelines that are rendered, fewer at once.
    """

    def __init__(self, agent: VideoAgent, options: Options) -> None:
        self.agent, self.options = agent, options
        self.hub = Hub(options.workers, options.waiting)
        self.intake = Hub(2, options.waiting)
        self.limits = Limits()
        self.uploads = Uploads(agent.settings.home / "uploads", most=options.upload_bytes)
        self.metrics = Metrics(self._counts, self._jobs)
        self._views: dict[str, VideoAgent] = {agent.settings.user: agent}
        self._making = threading.Lock()

    def agent_of(self, user: str) -> VideoAgent:
        """The assistant as a user sees it."""
        with self._making:
            if user not in self._views:
                self._views[user] = self.agent.of_user(user)
            return self._views[user]

    @property
    def users(self) -> set[str]:
        """Everybody who may use the server."""
        tokens = self.options.tokens
        return {self.agent.settings.user} if tokens is None else tokens.users

    def revive(self) -> None:
        """Take up what an earlier server left: background jobs whose worker has died, uploads nobody went on with."""
        self.uploads.sweep()
        for user in self.users:
            self.agent_of(user).jobs.revive()

    async def close(self) -> None:
        """Stop what runs, and wait for it."""
        await self.hub.close()
        await self.intake.close()
        for user, view in self._views.items():
            if user != self.agent.settings.user:
                view.close()

    def _counts(self) -> tuple[int, int]:
        (one, two), (three, four) = self.hub.counts(), self.intake.counts()
        return one + three, two + four

    def _jobs(self) -> Iterator[str]:
        for user in self.users:
            yield from (job.status for job in self.agent_of(user).jobs.all())


@dataclass(frozen=True)
class Caller:
    """Who asks, and what they may use."""

    user: str
    agent: VideoAgent
    serving: Serving

    def count_turn(self) -> None:
        """Count a turn against the user's rate."""
        self.serving.limits.count("turns", self.user, self.serving.options.turns_per_minute)

    def count_upload(self) -> None:
        """Count an upload against the user's rate."""
        self.serving.limits.count("uploads", self.user, self.serving.options.uploads_per_minute)


def serving_of(request: Request) -> Serving:
    """The parts of the server that a request came to."""
    serving: Serving = request.app.state.serving
    return serving


_bearer = HTTPBearer(auto_error=False, description="Only where the server was started with --tokens.")


def _caller(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    cookie: Annotated[str | None, Cookie(alias=COOKIE, include_in_schema=False)] = None,
) -> Caller:
    serving = serving_of(request)
    tokens = serving.options.tokens
    if tokens is None:
        return Caller(serving.agent.settings.user, serving.agent, serving)
    user = tokens.user(bearer.credentials if bearer is not None else cookie)
    if user is None:
        raise TokenWrong(
            "A token is missing or wrong.",
            "Send 'Authorization: Bearer TOKEN', or log in.",
            {"WWW-Authenticate": "Bearer"},
        )
    return Caller(user, serving.agent_of(user), serving)


Asking: TypeAlias = Annotated[Caller, Depends(_caller)]
