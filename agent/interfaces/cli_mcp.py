"""The command that serves the assistant to other programs over the Model Context Protocol."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import typer

from .cli_examples import examples
from .console import Generator, Home, Planner, Viewer, agent, err, faults


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(epilog=examples("mcp"))(mcp)


def mcp(
    http: Annotated[
        str | None, typer.Option("--http", help="Serve streamable HTTP on HOST:PORT (such as 127.0.0.1:8000) instead.")
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", help="Another name, HOST:PORT, by which clients reach --http. Repeatable."),
    ] = None,
    planner: Planner = "local",
    generator: Generator = "embedded",
    viewer: Viewer = "auto",
    home: Home = None,
) -> None:
    """Serve the Model Context Protocol on standard input and output; what is logged goes to standard error.

    There is no password: whoever reaches --http can use the assistant, so keep it on 127.0.0.1 or behind a proxy.
    """
    from ..errors import RequestInvalid

    with faults(as_json=False):
        if find_spec("mcp") is None:
            raise RequestInvalid("The extra 'mcp' is not installed.", 'Run: pip install "gpt4video[mcp]"')
        with agent(home, planner=planner, generator=generator, viewer=viewer) as opened:
            from ..asynchronous import AsyncVideoAgent
            from .mcp_server import ClipServer, bound, serve_http

            server = ClipServer(AsyncVideoAgent(components=opened.components))
            if http is None:
                server.run("stdio")
            else:
                listening = bound(http)
                serve_http(
                    server,
                    listening,
                    names=allow_host or [],
                    ready=lambda address: err().print(f"Serving {address}", markup=False, soft_wrap=True),
                )
