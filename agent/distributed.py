"""Taking in on a Ray cluster: the same pipeline, in as many processes as there are cores to feed.

Each worker is an actor of a Ray Data job with components of its own over the same settings. What makes one process
safe to kill makes many: a clip is its content, its row is ready last, so a worker that dies leaves nothing half done,
and the file it held is given to another, who finds what is in and does the rest. On several machines the settings must
name places that all of them reach: a database, a store of files, a Chroma server; and sources have the same paths
everywhere.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import RequestInvalid
from .files import videos_in
from .reports import ChangedFile, FailedFile, IngestReport

if TYPE_CHECKING:
    from .settings import Settings

_CORES_A_WORKER = 1.0


class _TakeIn:
    """An actor: models are loaded once, then one file at a time."""

    def __init__(self, settings: dict[str, Any]) -> None:
        from .components import Components
        from .settings import Settings

        self._parts = Components(Settings.model_validate(settings))

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[str]]:
        """``{"path": [file]}`` -> ``{"report": [what became of it, JSON]}``."""
        intake, user = self._parts.intake, self._parts.settings.user
        return {"report": [intake.ingest([str(path)], user=user).model_dump_json() for path in batch["path"]]}


def ingest_on_ray(
    settings: Settings, paths: Iterable[Path | str], address: str | None = None
) -> Iterator[IngestReport]:
    """Take files in by Ray actors; yields what became of each, as they end.

    Args:
        settings: of the home; see the module for what several machines need.
        paths: videos, folders of videos, and patterns, as this machine sees them.
        address: of a running cluster (``auto``, ``HOST:PORT`` or ``ray://...``); None starts one on this machine for as
            long as it takes.

    Raises:
        RequestInvalid: Ray is not installed, or there is no cluster at the address.
    """
    files = [{"path": str(path.absolute())} for path in videos_in(paths)]
    if not files:
        return
    with _cluster(address) as ray:
        _quiet(ray)
        most = max(1, min(len(files), int(ray.cluster_resources().get("CPU", 1) / _CORES_A_WORKER)))
        results = ray.data.from_items(files, override_num_blocks=len(files)).map_batches(
            _TakeIn,
            fn_constructor_args=(settings.model_dump(mode="json"),),
            batch_size=1,
            num_cpus=_CORES_A_WORKER,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most),
        )
        for row in results.iter_rows():
            yield IngestReport.model_validate_json(row["report"])


def together(reports: Iterable[IngestReport]) -> IngestReport:
    """Several reports as one; a clip that a second worker found in after the first had died counts as taken once."""
    clips: dict[str, None] = {}
    skipped: list[str] = []
    failed: list[FailedFile] = []
    changed: list[ChangedFile] = []
    for report in reports:
        clips.update(dict.fromkeys(report.clips))
        skipped += report.skipped
        failed += report.failed
        changed += report.changed
    return IngestReport(clips=list(clips), skipped=skipped, failed=failed, changed=changed)


@contextmanager
def _cluster(address: str | None) -> Iterator[Any]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody
    try:
        import ray
        import ray.data
    except ImportError:
        raise RequestInvalid("Ray is not installed.", "Run: pip install 'gpt4video[ray]'") from None
    mine = not ray.is_initialized()
    if mine:
        try:
            _reachable(address)
            ray.init(
                address=address or "local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise RequestInvalid(
                f"There is no Ray cluster at {address!r} ({str(error).splitlines()[0][:200]}).",
                "Start one with 'ray start --head', or leave the address out.",
            ) from None
    try:
        yield ray
    finally:
        if mine:
            ray.shutdown()


def _reachable(address: str | None) -> None:
    """Knock at ``HOST:PORT``: Ray itself waits minutes for a cluster that is not there."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        with socket.create_connection((host.strip("[]"), int(port)), timeout=10):
            pass


def _quiet(ray: Any) -> None:
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
