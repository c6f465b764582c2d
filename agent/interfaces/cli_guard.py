"""``gpt4video guard``: judge texts and videos by the policies; ``guard log``: what was judged before."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from .console import Exit, Home, Json, agent, faults, json_lines, out, print_json


# As ``policies.base`` has them; importing that here would cost every command its start.
class Action(StrEnum):
    """What a verdict did."""

    ALLOW = "allow"
    REWRITE = "rewrite"
    BLOCK = "block"


class Stage(StrEnum):
    """Where in a turn a verdict was given."""

    INPUT = "input"
    PLAN = "plan"
    PROMPT = "prompt"
    MEDIA = "media"
    OUTPUT = "output"


class _JudgeByDefault(TyperGroup):
    """``guard TEXT`` is ``guard judge TEXT``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in {*self.commands, "--help"}:
            args = ["judge", *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    guard = typer.Typer(
        cls=_JudgeByDefault, help="Judge by the policies ('guard TEXT'), or show what was judged ('log')."
    )
    guard.command()(judge)
    guard.command()(log)
    app.add_typer(guard, name="guard")


def judge(
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

            duration = probe(clip).duration  # a file that is no video is an error, not a verdict
            verdict = _strictest(parts.judge("media", media=clip.absolute(), duration=duration))
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


def log(
    action: Annotated[Action | None, typer.Option(help="Only verdicts that did this.")] = None,
    stage: Annotated[Stage | None, typer.Option(help="Only verdicts of this stage.")] = None,
    policy: Annotated[str | None, typer.Option(help="Only verdicts of this policy.")] = None,
    category: Annotated[str | None, typer.Option(help="Only verdicts of this category, e.g. violence.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only verdicts from this time on (local time).")] = None,
    most: Annotated[int, typer.Option(help="At most so many, the newest.", min=1)] = 50,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the audit log: every verdict with its policy, version, scores and action, oldest first.

    What was judged appears as a hash; the words themselves only where the policy file says 'keep_text: true'.
    """
    from ...policies.audit import AuditLog
    from ..settings import resolve_home

    found = AuditLog(resolve_home(home) / "audit.jsonl", "").rows(
        action=action, stage=stage, policy=policy, category=category,
        since=since.timestamp() if since else 0.0, limit=most,
    )  # fmt: skip
    for row in found:
        if as_json:
            print_json(row)
            continue
        when = datetime.fromtimestamp(row["time"]).isoformat(" ", "seconds")
        what = (
            f"{row['stage']:<6} {row['policy']:<8} {row['action']:<7} {row['score']:.2f} {row['category'] or '-':<10}"
        )
        said = f"  {row['text']!r}" if "text" in row else ""
        out().print(f"{when}  {what} {row['subject'][:12]}  {row['reason']}{said}", markup=False, soft_wrap=True)


def _strictest(verdicts: list[Any]) -> dict[str, Any]:
    """The verdict that decides: a block before a rewrite before the allowance nearest to one."""
    order = {"block": 2, "rewrite": 1, "allow": 0}
    worst = max(verdicts, key=lambda verdict: (order[verdict["action"]], verdict["score"]))
    return {key: worst[key] for key in ("action", "policy", "reason", "score")}
