"""Background jobs as the command line and the HTTP server print them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .jobs import ended_step

if TYPE_CHECKING:
    from ..memory.background import BackgroundJob


def job_row(job: BackgroundJob) -> dict[str, Any]:
    """The documented JSON of a job (see ``gpt4video jobs --json``)."""
    step = ended_step(job)
    return {
        "id": job.id,
        "status": job.status,
        "alive": job.alive,
        "fraction": job.fraction,
        "note": job.note,
        "created": job.created,
        "beat": job.beat,
        "tool": step["tool"],
        "request": job.body["state"]["request"],
        "prompt": step.get("prompt", ""),
        "estimate": step.get("estimate"),
        "clips": [clip["id"] for clip in step["outputs"]],
        "error": step["error"],
    }
