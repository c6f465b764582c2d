"""The command line: ``gpt4video COMMAND``. Heavy libraries are imported by the commands that use them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import (
    cli_chat,
    cli_doctor,
    cli_guard,
    cli_ingest,
    cli_jobs,
    cli_library,
    cli_mcp,
    cli_models,
    cli_project,
    cli_provenance,
    cli_serve,
)
from .cli_examples import examples
from .console import (
    Background,
    Clips,
    Exit,
    Generator,
    Home,
    Json,
    Planner,
    Thread,
    Viewer,
    agent,
    err,
    faults,
    json_lines,
    out,
    print_json,
    stoppable,
)
from .terminal_turn import follow, print_answer, print_plan

if TYPE_CHECKING:
    from ..turns import Answer

app = typer.Typer(
    name="gpt4video",
    help="A local-first conversational video assistant: finds, understands, edits and generates clips, safely.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)


@app.command(epilog=examples("ask"))
def ask(
    text: Annotated[str, typer.Argument(help="What you want, in your own words.")],
    clip: Clips = None,
    thread: Thread = "default",
    planner: Planner = "local",
    generator: Generator = "embedded",
    viewer: Viewer = "auto",
    yes: Annotated[bool, typer.Option("--yes", help="Approve slow, paid or destructive steps in advance.")] = False,
    background: Background = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Hold one turn of a conversation; Ctrl-C stops it.

    Exit code: 0 answered, 1 failed, 2 usage, 3 blocked by a policy, 4 waits for approval (see 'approve'), 130 stopped.
    """
    with faults(as_json), agent(home, planner=planner, generator=generator, viewer=viewer) as opened:
        with stoppable(opened, thread):
            events = opened.stream(text, clip or [], thread=thread, approve=yes, background=background)
            if as_json:
                for _ in events:
                    pass
            else:
                follow(events)
        _finish(opened.last(thread), as_json)


@app.command()
def approve(
    thread: Thread = "default",
    no: Annotated[bool, typer.Option("--no", help="Decline instead.")] = False,
    prompt: Annotated[str | None, typer.Option("--prompt", help="Generate from this prompt instead.")] = None,
    planner: Planner = "local",
    generator: Generator = "embedded",
    viewer: Viewer = "auto",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Approve (or decline) the step that a conversation waits for, and go on."""
    with faults(as_json), agent(home, planner=planner, generator=generator, viewer=viewer) as opened:
        with stoppable(opened, thread):
            answer = opened.approve(thread, approved=not no, prompt=prompt)
        _finish(answer, as_json)


@app.command()
def plan(
    text: Annotated[str, typer.Argument(help="What you want; leave it out with --batch.")] = "",
    clip: Clips = None,
    batch: Annotated[Path | None, typer.Option("--batch", help='JSON lines {"id", "user", "clips"}.')] = None,
    planner: Planner = "local",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the plan for a request without running it."""
    from ..planning import plan_only

    with faults(as_json), agent(home, planner=planner) as opened:
        if batch is not None:
            for line in json_lines(batch):
                planned = plan_only(opened.components, str(line.get("user", "")), line.get("clips") or [])
                print_json({"id": line.get("id"), **planned})
            return
        planned = plan_only(opened.components, text, clip or [])
        del planned["seconds"]
        if as_json:
            print_json(planned)
        else:
            print_plan(planned["plan"], planned["say"])
        raise typer.Exit(Exit.BLOCKED if planned["blocked"] else Exit.ANSWERED)


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", help="Folder for the results.")] = Path("demo-output"),
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Hold one scripted conversation over two sample clips, with the real models, and keep what it makes."""
    from .demo import run_demo

    with faults(as_json):
        report = run_demo(home or output / "home", output, out() if not as_json else err())
        if as_json:
            print_json(report)


def _finish(answer: Answer, as_json: bool) -> None:
    print_answer(answer, as_json)
    codes = {
        "answered": Exit.ANSWERED,
        "failed": Exit.FAILED,
        "blocked": Exit.BLOCKED,
        "waiting": Exit.WAITING,
        "cancelled": Exit.INTERRUPTED,
    }
    raise typer.Exit(codes[answer.status])


cli_chat.register(app)
cli_ingest.register(app)
cli_library.register(app)
cli_jobs.register(app)
cli_guard.register(app)
cli_provenance.register(app)
cli_project.register(app)
cli_models.register(app)
cli_mcp.register(app)
cli_serve.register(app)
cli_doctor.register(app)


def main() -> None:
    """Entry point of the ``gpt4video`` command."""
    app()
