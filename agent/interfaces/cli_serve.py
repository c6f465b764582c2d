"""The command that serves the assistant over HTTP, with its page."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from .cli_examples import examples
from .console import Generator, Home, Planner, Viewer, agent, err, faults

_NEEDED = ("fastapi", "uvicorn", "prometheus_client", "limits")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(epilog=examples("serve"))(serve)


def serve(
    host: Annotated[str, typer.Option("--host", help="Where to listen; beyond this machine only with --tokens.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8040,
    tokens: Annotated[
        Path | None, typer.Option("--tokens", help="File of 'TOKEN: USER' lines: who may use it, each their own.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", help="Another name by which it is reached. Repeatable.")
    ] = None,
    cors: Annotated[
        list[str] | None, typer.Option("--cors", help="Another site whose pages may use the API. Repeatable.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Turns that run at once.")] = 8,
    turns: Annotated[int, typer.Option("--turns-per-minute", min=1, help="Of each user.")] = 60,
    uploads: Annotated[int, typer.Option("--uploads-per-minute", min=1, help="Of each user.")] = 30,
    upload: Annotated[int, typer.Option("--upload-mib", min=1, help="The largest file that is taken, MiB.")] = 2048,
    log_json: Annotated[
        bool, typer.Option("--log-json", help="Log turns to standard error, a line of JSON each, without their words.")
    ] = False,
    planner: Planner = "local",
    generator: Generator = "embedded",
    viewer: Viewer = "auto",
    home: Home = None,
) -> None:
    """Serve the page and the API over HTTP until Ctrl-C."""
    from ..errors import RequestInvalid

    with faults(as_json=False):
        if missing := [name for name in _NEEDED if not find_spec(name)]:
            raise RequestInvalid(
                f"The extra 'serve' is not installed ({', '.join(missing)}).", 'Run: pip install "gpt4video[serve]"'
            )
        from .http.security import own_names, read_tokens
        from .http.server import HttpServer
        from .http.serving import Options
        from .telemetry import telemetry

        options = Options(
            tokens=None if tokens is None else read_tokens(tokens),
            hosts=frozenset(own_names(host, allow_host or [])),
            origins=tuple(cors or ()),
            workers=workers,
            turns_per_minute=turns,
            uploads_per_minute=uploads,
            upload_bytes=upload << 20,
        )
        with telemetry(log=log_json), agent(home, planner=planner, generator=generator, viewer=viewer) as opened:
            HttpServer(
                opened, options, host, port, ready=lambda at: err().print(f"Serving {at}", markup=False, soft_wrap=True)
            ).run()
