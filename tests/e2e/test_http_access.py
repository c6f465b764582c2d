"""Who may reach the server: tokens, users apart, hosts, other sites, rates; and what every response carries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from gpt4video.agent.errors import RequestInvalid
from gpt4video.agent.interfaces.http.security import Tokens, own_names, read_tokens
from gpt4video.agent.interfaces.http.server import HttpServer
from gpt4video.agent.interfaces.http.serving import Options

from .conftest import Agents
from .http_server import STREAM, TURNS, Serve, Served, ask, error_of, serve

__all__ = ["serve"]
pytestmark = pytest.mark.server
MARA, NILS = "the-token-of-mara-1", "the-token-of-nils-1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is refused
TOKENS = Tokens({MARA: "mara", NILS: "nils"})
COMMAND = [sys.executable, "-c", "from gpt4video.agent.interfaces.cli import main; main()", "serve"]


def as_user(served: Served, token: str) -> httpx.Client:
    return httpx.Client(base_url=served.address, headers={"authorization": f"Bearer {token}"}, timeout=120)


def test_nothing_is_told_without_a_token(agents: Agents, serve: Serve) -> None:
    client = serve(agents({}), tokens=TOKENS).client
    assert client.get("/api/v1/health").json()["status"] == "ok"
    assert client.get("/metrics").status_code == 200  # from this machine
    paths: dict[str, Any] = client.get("/openapi.json").json()["paths"]
    open_to_all = {"/api/v1/health", "/api/v1/login", "/api/v1/logout", "/metrics"}
    asked = 0
    for path, methods in paths.items():
        for method in methods if path not in open_to_all else ():
            given = {"json": {}} if method == "post" else {}
            for headers in ({}, {"authorization": "Bearer something-else"}, {"cookie": "gpt4video_token=something"}):
                response = client.request(
                    method, path.replace("{id}", "a").replace("{name}", "a"), headers=headers, **given
                )
                assert response.status_code == 401, (method, path)
                assert response.headers["www-authenticate"] == "Bearer"
                asked += 1
    assert asked > 80
    assert client.get("/api/v1/me", params={"token": MARA}).status_code == 401


def test_users_see_their_own_alone(agents: Agents, serve: Serve, tmp_path: Path) -> None:
    agent = agents({"*": "gen 1s: a red ball"})
    served = serve(agent, tokens=TOKENS)
    with as_user(served, MARA) as mara, as_user(served, NILS) as nils:
        assert mara.get("/api/v1/me").json()["user"] == "mara"
        (clip,) = ask(mara, "make a ball", "film", approve=True)["clips"]
        mara.post("/api/v1/projects", json={"name": "film"})
        upload = mara.post("/api/v1/uploads", json={"name": "film.mp4", "bytes": 10}).json()["id"]
        for path in ("/sessions", "/clips", "/jobs", "/projects"):
            assert nils.get(f"/api/v1{path}").json() == []
        own = [
            "/sessions/film", "/projects/film", f"/clips/{clip['id']}", f"/clips/{clip['id']}/file",
            f"/clips/{clip['id']}/thumbnail", f"/clips/{clip['id']}/lineage",
        ]  # fmt: skip
        for path in own:
            assert mara.get(f"/api/v1{path}").status_code == 200, path
            assert nils.get(f"/api/v1{path}").status_code == 404, path
        assert nils.head(f"/api/v1/uploads/{upload}").status_code == 404
        borrowed = nils.post(TURNS.format("mine"), json={"request": "turn it", "clips": [clip["id"]]})
        assert error_of(borrowed, 404)["code"] == "clip_unknown"
        assert error_of(nils.post("/api/v1/sessions/film/cancel"), 404)["code"] == "session_unknown"
        assert ask(nils, "make a ball", "film", approve=True)["thread"] == "film"
        assert len(mara.get("/api/v1/sessions/film").json()["turns"]) == 1


def test_a_cookie_stands_for_the_token(agents: Agents, serve: Serve) -> None:
    client = serve(agents({}), tokens=TOKENS).client
    assert error_of(client.post("/api/v1/login", json={"token": "something-else"}), 401)["code"] == "token_wrong"
    logged = client.post("/api/v1/login", json={"token": MARA})
    assert logged.json() == {"user": "mara"}
    cookie = logged.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/api/v1/me").json()["user"] == "mara"
    client.post("/api/v1/logout")
    assert client.get("/api/v1/me").status_code == 401
    tries = [client.post("/api/v1/login", json={"token": f"guess {number}"}).status_code for number in range(12)]
    assert tries[-1] == 429


def test_other_hosts_and_other_sites_are_refused(agents: Agents, serve: Serve) -> None:
    served = serve(agents({"*": "say greet"}), origins=("https://studio.example",))
    client, path, body = served.client, TURNS.format("s"), {"request": "hello"}
    assert error_of(client.get("/api/v1/health", headers={"host": "evil.example"}), 400)["code"] == "host_unknown"
    refused: list[dict[str, str]] = [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ]
    for headers in refused:
        assert error_of(client.post(path, json=body, headers=headers), 403)["code"] == "cross_site"
        assert error_of(client.delete("/api/v1/sessions/s", headers=headers), 403)["code"] == "cross_site"
    assert client.get("/api/v1/sessions").json() == []
    allowed = {"origin": "https://studio.example", "sec-fetch-site": "cross-site"}
    answered = client.post(path, json=body, headers=allowed)
    assert answered.status_code == 200
    assert answered.headers["access-control-allow-origin"] == "https://studio.example"
    preflight = {**allowed, "access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    assert client.options(path, headers=preflight).status_code == 200
    assert client.post(path, json=body, headers={"origin": served.address}).status_code == 200
    assert client.post(path, json=body, headers={"sec-fetch-site": "same-origin"}).status_code == 200
    assert (
        "access-control-allow-origin"
        not in client.get("/api/v1/health", headers={"origin": "https://x.example"}).headers
    )


def test_every_response_has_the_security_headers(agents: Agents, serve: Serve) -> None:
    client = serve(agents({})).client
    for response in (
        client.get("/"),
        client.get("/api/v1/health"),
        client.get("/api/v1/nothing"),
        client.get("/", headers={"host": "evil.example"}),
    ):
        policy = response.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-cache"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert "server" not in response.headers


def test_rates_are_kept_for_each_user(agents: Agents, serve: Serve) -> None:
    served = serve(agents({"*": "say greet"}), tokens=TOKENS, turns_per_minute=2, uploads_per_minute=1)
    with as_user(served, MARA) as mara, as_user(served, NILS) as nils:
        for _ in range(2):
            ask(mara, "hello")
        for headers in ({}, STREAM):
            fast = mara.post(TURNS.format("s"), json={"request": "hello"}, headers=headers)
            assert error_of(fast, 429)["code"] == "too_fast"
            assert 1 <= int(fast.headers["retry-after"]) <= 60
        ask(nils, "hello")
        new = {"name": "a.mp4", "bytes": 10}
        assert mara.post("/api/v1/uploads", json=new).status_code == 201
        assert error_of(mara.post("/api/v1/uploads", json=new), 429)["code"] == "too_fast"


def test_a_mistake_of_the_server_hides_what_is_inside(
    agents: Agents, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = agents({})
    client = serve(agent).client

    def broken() -> None:
        raise KeyError("/secret/place")

    monkeypatch.setattr(agent, "conversations", broken)
    error = error_of(client.get("/api/v1/sessions"), 500)
    assert error["code"] == "internal"
    assert "secret" not in str(error)


def test_tokens_are_read_from_several_forms(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    for text in (
        f"{MARA}: mara\n{NILS}: nils\n",
        f'{{"{MARA}": "mara", "{NILS}": "nils"}}',
        f"{MARA} mara\n{NILS} nils\n",
    ):
        file.write_text(text)
        tokens = read_tokens(file)
        assert (tokens.user(MARA), tokens.user(NILS), tokens.user("x")) == ("mara", "nils", None)
    for text in ("", "short: mara", f"{MARA}:\n", "- a\n- b\n", "\x00"):
        file.write_text(text)
        with pytest.raises(RequestInvalid):
            read_tokens(file)
    with pytest.raises(RequestInvalid):
        read_tokens(tmp_path / "nothing")
    assert own_names(EVERYWHERE, ["studio.example:8040"]) == {"localhost", "127.0.0.1", "::1", "studio.example"}


def test_others_are_not_served_without_tokens(agents: Agents) -> None:
    with pytest.raises(RequestInvalid, match="--tokens"):
        HttpServer(agents({}), Options(), host=EVERYWHERE, port=0)
    run = subprocess.run([*COMMAND, "--host", EVERYWHERE, "--port", "0"], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "--tokens" in run.stderr
    taken = subprocess.run([*COMMAND, "--host", "nohost.invalid"], capture_output=True, text=True, check=False)
    assert taken.returncode == 2
    assert "--tokens" in taken.stderr


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    hidden = "import importlib.util as u; f = u.find_spec; u.find_spec = lambda n, *a: n != 'fastapi' and f(n, *a)"
    code = hidden + "; from gpt4video.agent.interfaces.cli import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", code, "serve", "--home", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "gpt4video[serve]" in run.stderr
    loaded = "import sys; from gpt4video.agent.interfaces import cli; print({'fastapi', 'limits'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
