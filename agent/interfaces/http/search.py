"""Routes that search the library and look after background jobs."""

from __future__ import annotations

import base64
import binascii
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi import Path as InPath
from pydantic import ConfigDict, Field

from ....memory.filters import ANYTHING, Filters
from ....tools.search import Hit
from ...errors import JobUnknown, RequestInvalid
from ...job_rows import job_row
from ...searching import iso_time, search_library
from .errors import problems
from .models import JobBody, Strict
from .serving import Asking, Caller

router = APIRouter(responses=problems())
JobId = Annotated[str, InPath(max_length=64, description="As the job was called when it was begun.")]
Seconds = Annotated[float | None, Field(ge=0, le=1e9, allow_inf_nan=False)]
Word = Annotated[str | None, Field(min_length=1, max_length=40)]


class Search(Strict):
    """What to look for: words, a clip (``ID`` or ``ID@1-2.5``), a picture (base64), conditions, or several of them.

    With ``text`` and ``clip`` together a moment has to meet both: like the clip, but as the words say. Conditions are
    those of ``gpt4video search``; ``origin`` is what came from outside, or was made here.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"text": "a bicycle", "count": 3}})

    text: Annotated[str, Field(max_length=1000)] = ""
    clip: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    image: Annotated[str | None, Field(min_length=1)] = None
    count: Annotated[int, Field(ge=1, le=50)] = 5
    longer: Seconds = None
    shorter: Seconds = None
    shot_longer: Seconds = None
    shot_shorter: Seconds = None
    after: Word = None
    before: Word = None
    source: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    speech: bool | None = None
    color: Word = None
    made_by: Word = None
    made_from: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    origin: Literal["upload", "made"] | None = None

    def filters(self) -> Filters:
        """The conditions. Raises ``FilterInvalid`` and ``RequestInvalid``."""
        origin = {"upload": "upload", "made": ANYTHING}[self.origin] if self.origin else None
        return Filters(
            shortest=self.longer,
            longest=self.shorter,
            shot_shortest=self.shot_longer,
            shot_longest=self.shot_shorter,
            added_after=iso_time(self.after),
            added_before=iso_time(self.before),
            source=self.source,
            has_speech=self.speech,
            color=self.color,
            made_by=self.made_by or origin,
            made_from=self.made_from,
        )


class Found(Strict):
    """Moments, best first; ``score`` is the probability that they fit, ``reasons`` say what matched."""

    hits: list[Hit]


@router.post("/search", tags=["library"], responses=problems(413, 415))
def search(asked: Search, caller: Asking) -> Found:
    """Find moments by words, by picture, by clip, by conditions, or by several of them together."""
    with _picture(caller, asked.image) as image:
        hits = search_library(
            caller.agent.components,
            text=asked.text,
            image=image,
            clip=asked.clip,
            filters=asked.filters(),
            count=asked.count,
        )
    return Found(hits=[Hit.model_validate({name: hit[name] for name in Hit.model_fields}) for hit in hits])


@router.get("/jobs", tags=["jobs"])
def list_jobs(caller: Asking) -> list[JobBody]:
    """The background jobs, oldest first."""
    return [JobBody(**job_row(job)) for job in caller.agent.jobs.all()]


@router.get("/jobs/{id}", tags=["jobs"])
def read_job(id: JobId, caller: Asking) -> JobBody:  # noqa: A002 - the name of the path's part
    """How far a job is."""
    for job in caller.agent.jobs.all():
        if job.id == id:
            return JobBody(**job_row(job))
    raise JobUnknown(f"There is no job {id[:80]!r}.", "List the jobs to see them.")


@router.delete("/jobs/{id}", tags=["jobs"])
def cancel_job(id: JobId, caller: Asking) -> JobBody:  # noqa: A002
    """Stop a job at its next step forward; nothing of it is kept."""
    return JobBody(**job_row(caller.agent.jobs.cancel(id)))


@contextmanager
def _picture(caller: Caller, text: str | None) -> Iterator[Path | None]:
    """A picture that came as base64, as a file for as long as it is looked at."""
    if text is None:
        yield None
        return
    try:
        content = base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
    except (binascii.Error, ValueError):
        raise RequestInvalid("The picture is not base64.", "Encode the file's bytes.") from None
    folder = caller.agent.settings.home / "work"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=f"picture-{os.getpid()}-") as file:
        file.write(content)
        file.flush()
        yield Path(file.name)
