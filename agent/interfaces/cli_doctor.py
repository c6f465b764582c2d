"""The command that checks an installation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .cli_examples import examples
from .console import Exit, Generator, Home, Json, Planner, Viewer, faults, out, print_json, quiet_libraries

_MARKS = {"ok": ("✓", "green"), "note": ("·", "dim"), "fault": ("✗", "red")}


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(epilog=examples("doctor"))(doctor)


def doctor(
    policy: Annotated[
        Path | None, typer.Option("--policy", help="A policy file of your own; without it the shipped one is checked.")
    ] = None,
    planner: Planner = "local",
    generator: Generator = "embedded",
    viewer: Viewer = "auto",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Check whether everything that is needed is there and works, and say what to do where it does not.

    Nothing is pulled and nothing changed. Exit code: 0 all well, 1 something that is needed fails, 2 usage.
    """
    from ..settings import Settings, resolve_home
    from .health import Health, examine

    quiet_libraries()
    with faults(as_json):
        settings = Settings(home=resolve_home(home), policy=policy, planner=planner, generator=generator, viewer=viewer)
        checks = []
        for check in examine(settings):
            checks.append(check)
            if not as_json:
                _print(check.name, check.status, check.message, check.remedy)
        health = Health(checks=checks)
        if as_json:
            print_json(health.model_dump(mode="json"))
        raise typer.Exit(Exit.ANSWERED if health.healthy else Exit.FAILED)


def _print(name: str, status: str, message: str, remedy: str) -> None:
    from rich.text import Text

    mark, style = _MARKS[status]
    out().print(Text.assemble((mark, style), f" {name:<15} {message}"), soft_wrap=True)
    if remedy:
        out().print(Text(f"  {'':<15} {remedy}", "bold"), soft_wrap=True)
