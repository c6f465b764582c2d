"""Background jobs: ``gpt4video jobs`` lists them, ``jobs cancel`` and ``jobs wait`` act on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .console import Exit, Home, Json, agent, err, faults, out, print_json

if TYPE_CHECKING:
    from ...memory.background import BackgroundJob

Ids = Annotated[list[str], typer.Argument(help="Ids of jobs.")]

jobs = typer.Typer(help="List, cancel or wait for background jobs.", invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(jobs, name="jobs")


@jobs.callback()
def listed(context: typer.Context, home: Home = None, as_json: Json = False) -> None:
    """List the jobs; those whose worker died are taken up again."""
    if context.invoked_subcommand is not None:
        return
    with faults(as_json), agent(home) as opened:
        opened.jobs.revive()
        _print(opened.jobs.all(), as_json)


@jobs.command()
def cancel(ids: Ids, home: Home = None, as_json: Json = False) -> None:
    """Stop jobs; nothing of them is kept."""
    with faults(as_json), agent(home) as opened:
        _print([opened.jobs.cancel(name) for name in ids], as_json)


@jobs.command()
def wait(ids: Ids, home: Home = None, as_json: Json = False) -> None:
    """Wait until jobs are over. Exit code: 0 if all are done, else 1."""

    def report(job: BackgroundJob) -> None:
        if not as_json:
            err().print(job_line(job), markup=False, end="\r")

    with faults(as_json), agent(home) as opened:
        over = [opened.jobs.wait(name, report=report) for name in ids]
        _print(over, as_json)
        raise typer.Exit(Exit.ANSWERED if all(job.status == "done" for job in over) else Exit.FAILED)


def _print(found: list[BackgroundJob], as_json: bool) -> None:
    from ..job_rows import job_row

    if as_json:
        print_json([job_row(job) for job in found])
        return
    for job in found:
        out().print(job_line(job), markup=False, soft_wrap=True)


def job_line(job: BackgroundJob) -> str:
    """A job as people read it."""
    from ..job_rows import job_row

    row = job_row(job)
    how = row["error"]["message"] if row["error"] else ", ".join(row["clips"]) or job.note
    return f"{job.id}  {job.status:<9} {job.fraction:4.0%}  {row['tool']}  {row['prompt'] or row['request']}  {how}"
