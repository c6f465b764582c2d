"""Who may reach the server and who is who: hosts, origins, tokens, and the headers that every response has."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...errors import RequestInvalid
from .errors import CrossSite, HostUnknown, HttpFault, TooLarge, TypeWrong, response_of

COOKIE: Final = "gpt4video_token"
_LEAST_TOKEN: Final = 16
_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_HEADERS: Final = {
    "Cache-Control": "no-cache",  # asked for again, and answered 304 while nothing changed: no page of an older version
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Middleware around everything else: refuses foreign hosts and cross-site writes, adds the security headers.

    Args:
        app: what is guarded.
        hosts: names by which this machine is reached, without ports.
        origins: origins of other sites that may use the API (``--cors``).
        most: bytes of a request's body.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], origins: Iterable[str], most: int) -> None:
        self._app = app
        self._most = most
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        fault = self._fault(scope["method"], scope["path"], Headers(scope=scope))
        await (self._app if fault is None else response_of(fault))(scope, self._counted(receive), marked)

    def _counted(self, receive: Receive) -> Receive:
        """Stop a body that does not say how large it is, and is too large."""
        held = 0

        async def counted() -> Message:
            nonlocal held
            message = await receive()
            held += len(message.get("body", b""))
            if held > self._most:  # of a kind that FastAPI lets through while it reads a body
                raise HTTPException(413, f"The body has more than the {self._most} bytes that are taken")
            return message

        return counted

    def _fault(self, method: str, path: str, headers: Headers) -> HttpFault | None:
        host = headers.get("host", "")
        if _host_name(host) not in self._hosts:
            return HostUnknown(
                f"The server is not known as {host[:80]!r}.", "Use its own name, or start it with --allow-host NAME."
            )
        if method not in _WRITES:
            return None
        if self._foreign(host, headers):
            return CrossSite("A page of another site may not write here.", "Start the server with --cors ORIGIN.")
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._most:
            return TooLarge(f"The body has {length} bytes; at most {self._most} are taken.", "Send less at a time.")
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        held = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        if held and method != "PATCH" and path.startswith(("/api/", "/v1/")) and kind != "application/json":
            return TypeWrong(f"A body of type {kind[:80]!r} is not read here.", "Send application/json.")
        return None

    def _foreign(self, host: str, headers: Headers) -> bool:
        """Whether a browser says that a page of another site sends this; other programs say nothing."""
        origin = headers.get("origin")
        if origin is not None and origin in self._origins:
            return False
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return True
        return origin is not None and urlsplit(origin).netloc.lower() != host.lower()


def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def own_names(host: str, more: Iterable[str]) -> set[str]:
    """The names by which a server that listens on ``host`` is reached, without ports or brackets."""
    everywhere = host in ("", "0.0.0.0", "::")  # noqa: S104 - told apart, not listened on
    names = {"localhost", "127.0.0.1", "::1", *(() if everywhere else (host,))}
    return names | {name for name in map(_host_name, more) if name}


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Tokens:
    """Who has which token. Only their hashes are kept, so that looking one up tells nothing by how long it takes."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = {_hashed(token): user for token, user in users.items()}

    def user(self, token: str | None) -> str | None:
        """Whose token that is."""
        return None if token is None else self._users.get(_hashed(token))

    @property
    def users(self) -> set[str]:
        """Everybody who has one."""
        return set(self._users.values())


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def read_tokens(path: Path) -> Tokens:
    """Tokens from a file: YAML or JSON ``token: user``, or lines of a token and a user.

    Raises:
        RequestInvalid: it cannot be read, holds none, or one that is too short to be secret.
    """
    remedy = "Write a line for each: a token of 16 or more characters, a colon and a space, and the user."
    try:
        text = path.read_text(encoding="utf-8")
        found: Any = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RequestInvalid(f"The tokens in {path} cannot be read: {error}.", remedy) from None
    if not isinstance(found, dict):
        lines = [line.split(None, 1) for line in text.splitlines() if line.strip() and not line.startswith("#")]
        found = dict(line for line in lines if len(line) == 2)
    users = {str(token).strip(): str(user or "").strip() for token, user in found.items()}
    if not users or not all(users.values()):
        raise RequestInvalid(f"There is no token with its user in {path}.", remedy)
    if any(len(token) < _LEAST_TOKEN for token in users):
        raise RequestInvalid(f"A token in {path} is shorter than {_LEAST_TOKEN} characters.", remedy)
    return Tokens(users)
