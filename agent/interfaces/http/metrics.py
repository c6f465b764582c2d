"""What the server counts, in the text that Prometheus reads."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE

__all__ = ["CONTENT_TYPE", "Metrics"]

_SECONDS = (0.05, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """Counters of one server.

    Args:
        works: how many turns run, and how many wait for their turn.
        jobs: the status of every background job.
    """

    def __init__(self, works: Callable[[], tuple[int, int]], jobs: Callable[[], Iterable[str]]) -> None:
        self._works, self._jobs = works, jobs
        self._registry = kept = CollectorRegistry()
        self.turns = Counter("gpt4video_turns", "Turns that ended, by how.", ["status"], registry=kept)
        self.steps = Histogram("gpt4video_step_seconds", "Seconds of steps.", ["tool"], buckets=_SECONDS, registry=kept)
        self._running = Gauge("gpt4video_running", "Turns and other work that runs.", registry=kept)
        self._waiting = Gauge("gpt4video_queue", "Turns and other work that waits for its turn.", registry=kept)
        self._background = Gauge("gpt4video_jobs", "Background jobs, by status.", ["status"], registry=kept)

    def text(self) -> bytes:
        """Everything, as it stands now."""
        running, waiting = self._works()
        self._running.set(running)
        self._waiting.set(waiting)
        self._background.clear()
        for status, count in Tally(self._jobs()).items():
            self._background.labels(status).set(count)
        return generate_latest(self._registry)
