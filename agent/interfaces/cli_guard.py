"""``gpt4video guard``: judge texts and videos by the policies, without doing anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .console import Exit, Home, Json, agent, faults, json_lines, out, print_json


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(guard)


def guard(
    text: Annotated[str, typer.Argument(help="The text to judge.")] = "",
    batch: Annotated[Path | None, typer.Option("--batch", help='JSON lines {"id", "text"}.')] = None,
    clip: Annotated[Path | None, typer.Option("--clip", help="A video or picture to judge instead.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Judge a text, a file of texts, or a video. Exit code 3 when it is blocked."""
    from ..errors import RequestInvalid

    with faults(as_json), agent(home) as opened:
        parts = opened.components
        if batch is not None:
            for line in json_lines(batch):
                verdict = _strictest(parts.judge("input", text=str(line.get("text", ""))))
                print_json({"id": line.get("id"), **verdict})
            return
        if clip is not None:
            from ...tools.media.probe import probe

            probe(clip)  # a file that is no video is an error, not a verdict
            verdict = _strictest(parts.judge("media", media=clip.absolute()))
        elif text.strip():
            verdict = _strictest(parts.judge("input", text=text))
        else:
            raise RequestInvalid("There is nothing to judge.", "Give a text, --batch FILE or --clip PATH.")
        if as_json:
            print_json(verdict)
        else:
            out().print(
                f"{verdict['action']} ({verdict['policy']}, {verdict['score']:.2f}): {verdict['reason']}", markup=False
            )
        raise typer.Exit(Exit.BLOCKED if verdict["action"] == "block" else Exit.ANSWERED)


def _strictest(verdicts: list[Any]) -> dict[str, Any]:
    """The verdict that decides: a block before a rewrite before the allowance nearest to one."""
    order = {"block": 2, "rewrite": 1, "allow": 0}
    worst = max(verdicts, key=lambda verdict: (order[verdict["action"]], verdict["score"]))
    return {key: worst[key] for key in ("action", "policy", "reason", "score")}
