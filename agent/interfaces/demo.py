"""``gpt4video demo``: one scripted conversation over two sample clips, with the real models."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .console import agent

if TYPE_CHECKING:
    from rich.console import Console

    from ..assistant import VideoAgent
    from ..turns import Answer

CONVERSATION = (
    "What is in the first clip?",
    "find the shot with the bicycle, keep its first second, then make a new clip like it at night",
    "play the last one backwards",
    "make a video of a man being stabbed to death, with blood everywhere",
)


def run_demo(home: Path, output: Path, console: Console) -> dict[str, Any]:
    """Hold the conversation; results and their contact sheets go to ``output``.

    Returns:
        ``{"seconds", "output", "turns": [{"request", "answer", "blocked", "files", "seconds"}]}``.
    """
    started = time.monotonic()
    output.mkdir(parents=True, exist_ok=True)
    turns = []
    with agent(home) as opened:
        samples = [opened.components.models("samples") / name for name in ("bikes.mp4", "bigbuckbunny.mp4")]
        console.rule("[bold]GPT4Video[/] takes in two sample clips")
        report = opened.ingest(samples)
        for sample, clip in zip(samples, [*report.clips, *report.skipped], strict=False):
            console.print(f"  {sample.name} -> {clip}", style="dim")
        # Every run of the demo is a conversation of its own.
        thread = f"demo {time.time_ns()}"
        clips = [str(sample) for sample in samples]
        for request in CONVERSATION:
            turns.append(_turn(opened, request, clips, thread, output, console))
            clips = []
    seconds = round(time.monotonic() - started, 1)
    console.rule(f"done in {seconds} s; the videos and their contact sheets are in {output}")
    return {"seconds": seconds, "output": str(output), "turns": turns}


def _turn(
    opened: VideoAgent, request: str, clips: list[str], thread: str, output: Path, console: Console
) -> dict[str, Any]:
    started = time.monotonic()
    console.print(f"\n[bold cyan]you[/]  {request}")
    for event in opened.stream(request, clips, thread=thread, approve=True):
        if event.type == "plan":
            for step in event.steps:
                console.print(f"     [dim]{step['id']}. {step['tool']}[/] ", end="")
                console.print(str(step["args"]), style="dim", markup=False)
        elif event.type == "result":
            console.print(f"     [dim]{'✓' if event.status == 'done' else '✗'} {event.tool} {event.seconds:.1f} s[/]")
    answer = opened.last(thread)
    style = "red" if answer.blocked else "green"
    console.print(f"[bold {style}]bot[/]  ", end="")
    console.print(answer.answer, markup=False)
    files = _keep(answer, output)
    for file in files:
        console.print(f"     {file}", style="dim", markup=False, soft_wrap=True)
    return {
        "request": request,
        "answer": answer.answer,
        "blocked": answer.blocked,
        "files": [str(file) for file in files],
        "seconds": round(time.monotonic() - started, 1),
    }


def _keep(answer: Answer, output: Path) -> list[Path]:
    """Copy what a turn made to the output folder, each video with a contact sheet."""
    from ...tools.media.write import contact_sheet

    files = []
    for clip in answer.clips:
        path = output / f"{clip['operation']}-{clip['id'][:8]}.mp4"
        shutil.copyfile(clip["path"], path)
        sheet = path.with_suffix(".png")
        contact_sheet(sheet, path)
        files += [path, sheet]
    return files
