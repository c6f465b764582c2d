"""The command line: ``gpt4video COMMAND``. Heavy libraries are imported by the commands that use them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import (
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
from .console import (
    Exit,
    Generator,
    Home,
    Json,
    Planner,
    Viewer,
    agent,
    err,
    faults,
    json_lines,
    out,
    print_json,
    stoppable,
)

if TYPE_CHECKING:
    from ..turns import Answer

app = typer.Typer(
    name="gpt4video",
    help="A local-first conversational video assistant: finds, understands, edits and generates clips, safely.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)

Clips = Annotated[
    list[str] | None, typer.Option("--clip", help="A video file, or the id of a clip in the library. Repeatable.")
]
Thread = Annotated[str, typer.Option("--thread", help="Name of the conversation.")]
Background = Annotated[
    bool, typer.Option("--background", help="Generate, and render what takes long, as jobs (see 'jobs').")
]


@app.command()
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
            for event in opened.stream(text, clip or [], thread=thread, approve=yes, background=background):
                if not as_json:
                    _show_event(event)
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
def chat(
    clip: Clips = None,
    thread: Thread = "default",
    planner: Planner = "local",
    generator: Generator = "embedded",
    viewer: Viewer = "auto",
    background: Background = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Talk in the terminal: one request a line; ``exit``, an empty line or Ctrl-D ends it.

    Ctrl-C stops what runs. A step that waits is answered with "yes", "no" or "edit the prompt to ...".
    """
    with agent(home, planner=planner, generator=generator, viewer=viewer) as opened:
        clips = clip or []
        while True:
            try:
                text = out().input("[bold cyan]you[/] > ") if not as_json else input()
            except (EOFError, KeyboardInterrupt):
                return
            if text.strip().lower() in ("", "exit", "quit"):
                return
            with suppress(typer.Exit), faults(as_json):  # a fault is reported, and the conversation goes on
                with stoppable(opened, thread):
                    for event in opened.stream(text, clips, thread=thread, background=background):
                        if not as_json:
                            _show_event(event)
                _print_answer(opened.last(thread), as_json)
            clips = []


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
            _print_plan(planned["plan"], planned["say"])
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


def _show_event(event: Any) -> None:
    if event.type == "plan":
        _print_plan(event.steps, "")
    elif event.type == "result":
        mark = {"done": "[green]✓[/]", "background": "[cyan]…[/]"}.get(event.status, "[red]✗[/]")
        err().print(f"  {mark} {event.tool} [dim]{event.seconds:.1f} s[/] ", end="")
        err().print(event.summary, markup=False)
    elif event.type == "estimate":
        err().print(f"  {event.tool}: {event.text}", markup=False, style="dim")
    elif event.type == "verdict" and event.action == "block":
        err().print(f"  [red]blocked[/] by {event.policy} at {event.stage}")


def _print_plan(steps: list[dict[str, Any]], say: str) -> None:
    for step in steps:
        err().print(f"  [bold]{step['id']}[/] {step['tool']} ", end="")
        err().print(str(step["args"]), markup=False, style="dim")
    if say:
        out().print(say, markup=False)


def _print_answer(answer: Answer, as_json: bool) -> None:
    if as_json:
        hidden = {"status"} if answer.approval else {"status", "approval"}
        print_json(answer.model_dump(mode="json", exclude=hidden))
        return
    if answer.status == "waiting" and answer.approval:
        out().print(f"Waiting for approval: {answer.approval['reason']}", markup=False)
        if answer.approval["prompt"]:
            out().print(f"The prompt: {answer.approval['prompt']}", markup=False)
        out().print('Say "yes", "no" or "edit the prompt to ..."; or run', markup=False, end=" ")
        out().print(f"'gpt4video approve --thread {answer.thread}' (--no, --prompt TEXT).", markup=False)
        return
    out().print(answer.answer, markup=False)
    for clip in answer.clips:
        out().print(f"  {clip['id']}  {clip['path']}", markup=False, style="dim", soft_wrap=True)


def _finish(answer: Answer, as_json: bool) -> None:
    _print_answer(answer, as_json)
    codes = {
        "answered": Exit.ANSWERED,
        "failed": Exit.FAILED,
        "blocked": Exit.BLOCKED,
        "waiting": Exit.WAITING,
        "cancelled": Exit.INTERRUPTED,
    }
    raise typer.Exit(codes[answer.status])


cli_ingest.register(app)
cli_library.register(app)
cli_jobs.register(app)
cli_guard.register(app)
cli_provenance.register(app)
cli_project.register(app)
cli_models.register(app)
cli_mcp.register(app)
cli_serve.register(app)


def main() -> None:
    """Entry point of the ``gpt4video`` command."""
    app()
