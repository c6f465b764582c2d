"""A turn in the terminal: a live tree of the plan while it runs, lines where nobody watches, and its answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .console import err, out, print_json

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from ..events import Event, StepEnded
    from ..turns import Answer

_MARKS = {"done": ("✓", "green"), "background": ("…", "cyan"), "pending": ("·", "dim"), "waiting": ("?", "yellow")}
_FAILED = ("✗", "red")
_BAR = 24
"""Columns of a progress bar."""


@dataclass
class StepView:
    """A step as it stands: ``state`` is ``pending``, ``running``, ``waiting``, or the status that it ended with."""

    tool: str
    args: str = ""
    state: str = "pending"
    fraction: float = 0.0
    note: str = ""
    estimate: str = ""
    summary: str = ""
    seconds: float = 0.0

    def line(self) -> Text:
        """Mark, tool and arguments, or what came of it."""
        from rich.text import Text

        mark, style = _MARKS.get(self.state, _FAILED)
        if self.summary:
            told = (f" {self.seconds:.1f} s ", "dim"), self.summary
            return Text.assemble((mark, style), f" {self.tool}", *told)
        return Text.assemble((mark, style), f" {self.tool} ", (self.args, "dim"), no_wrap=True, overflow="ellipsis")


@dataclass
class PlanView:
    """The plan of a turn as events change it; a rich renderable."""

    steps: dict[str, StepView] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, answer: Answer | None) -> PlanView:
        """The plan of a turn that goes on; an empty one where there is none."""
        view = cls()
        if answer is not None:
            view.replace(answer.plan)
            for row in answer.steps:
                if row["status"] != "pending" and row["id"] in view.steps:
                    view.steps[row["id"]].state = row["status"]
        return view

    def replace(self, steps: Iterable[dict[str, Any]]) -> None:
        """Take a new plan: steps that ended stay, the rest gives way."""
        self.steps = {name: step for name, step in self.steps.items() if step.summary}
        for step in steps:
            self.steps[step["id"]] = StepView(step["tool"], str(step["args"]))

    def update(self, event: Event) -> None:
        """Take in what happened."""
        if event.type == "plan":
            self.replace(event.steps)
        elif event.type == "estimate":
            self._step(event.step, event.tool).estimate = event.text
        elif event.type == "progress":
            step = self._step(event.step, event.tool)
            step.state, step.fraction, step.note = "running", event.fraction, event.note
        elif event.type == "approval":
            self._step(event.step, event.tool).state = "waiting"
        elif event.type == "result":
            step = self._step(event.step, event.tool)
            step.state, step.summary, step.seconds = event.status, event.summary, event.seconds
        elif note := _note(event):
            self.notes.append(note)

    def _step(self, name: str, tool: str) -> StepView:
        return self.steps.setdefault(name, StepView(tool))

    def __rich__(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text
        from rich.tree import Tree

        notes = [Text(note, style="dim") for note in self.notes]
        if not self.steps:
            return Group(*notes)
        tree = Tree(Text("plan", style="bold"), guide_style="dim")
        for step in self.steps.values():
            if step.state == "running":
                tree.add(_running(step))
                continue
            branch = tree.add(step.line())
            if step.estimate and not step.summary:
                branch.add(Text(step.estimate, style="dim"))
        return Group(tree, *notes)


def _running(step: StepView) -> RenderableType:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    row = Table.grid(padding=(0, 1))
    told = " ".join(part for part in (f"{step.fraction:4.0%}", step.note, step.estimate) if part)
    row.add_row(
        Text("▸", style="cyan"),
        Text(step.tool),
        ProgressBar(total=1.0, completed=min(step.fraction, 1.0), width=_BAR),
        Text(told, style="dim"),
    )
    return row


def _note(event: Event) -> str:
    if event.type == "verdict" and event.action == "block":
        return f"blocked by {event.policy} at {event.stage}"
    if event.type == "job":
        return f"job {event.job} {event.status}: {event.summary}"
    return ""


def follow(events: Iterable[Event], before: Answer | None = None) -> None:
    """Run a turn to its end and show how it goes: a live tree on a terminal, else a line an event.

    Args:
        events: what :meth:`~gpt4video.agent.assistant.VideoAgent.stream` yields.
        before: the outcome of a turn that waited and goes on now.
    """
    console = err()
    if not console.is_terminal or console.is_dumb_terminal:
        for event in events:
            _print_event(console, event)
        return
    from rich.live import Live

    view = PlanView.of(before)
    with Live(view, console=console, refresh_per_second=8) as live:
        for event in events:
            view.update(event)
            if event.type in ("plan", "result"):
                live.refresh()


def _print_event(console: Console, event: Event) -> None:
    if event.type == "plan":
        print_plan(event.steps, "")
    elif event.type == "result":
        _print_result(console, event)
    elif event.type == "estimate":
        console.print(f"  {event.tool}: {event.text}", markup=False, style="dim")
    elif note := _note(event):
        console.print(f"  {note}", markup=False)


def _print_result(console: Console, event: StepEnded) -> None:
    step = StepView(event.tool, state=event.status, summary=event.summary, seconds=event.seconds)
    line = step.line()
    line.pad_left(2)
    console.print(line, soft_wrap=True)


def print_plan(steps: list[dict[str, Any]], say: str) -> None:
    """A plan's steps to standard error, what it says instead to standard output."""
    for step in steps:
        err().print(f"  [bold]{step['id']}[/] {step['tool']} ", end="")
        err().print(str(step["args"]), markup=False, style="dim")
    if say:
        out().print(say, markup=False)


def print_answer(answer: Answer, as_json: bool) -> None:
    """The outcome of a turn: the documented JSON, or the answer with the files of its clips."""
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
