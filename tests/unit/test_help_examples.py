"""The examples in the help are commands that there are, with options that they take."""

from __future__ import annotations

import shlex

import pytest
import typer
from gpt4video.agent.interfaces.cli import app
from gpt4video.agent.interfaces.cli_examples import EXAMPLES
from typer.testing import CliRunner


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_help_ends_with_examples(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert shown.exit_code == 0
    lines = [line.strip() for line in shown.stdout.partition("Examples:")[2].splitlines() if line.strip()]
    assert lines == list(EXAMPLES[name])


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_every_example_is_understood(line: str) -> None:
    program, *arguments = shlex.split(line)
    assert program == "gpt4video"
    command = typer.main.get_command(app)
    context = command.make_context(program, list(arguments))
    while hasattr(command, "resolve_command"):  # as deep as the groups go
        name, command, arguments = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, list(arguments), parent=context)
    assert command.callback is not None
