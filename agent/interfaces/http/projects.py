"""Routes of projects: timelines that are edited, taken back, compared, rendered and exported."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from starlette.concurrency import run_in_threadpool

from ....memory.projects import ProjectRow
from ...projects import Progress, Project
from .errors import problems
from .hub import Emit, Key, Run
from .models import clip_body
from .project_bodies import (
    Asked,
    DifferenceBody,
    EntryBody,
    NewProject,
    RegenerateItem,
    Rendered,
    TimelineBody,
    difference_body,
    edited,
    timeline_body,
)
from .serving import Asking, Caller
from .streams import answered, documented

router = APIRouter(prefix="/projects", tags=["projects"], responses=problems())
Name = Annotated[str, InPath(min_length=1, max_length=80, description="The project.", examples=["holiday"])]
Version = Annotated[int | None, Query(ge=0, le=1_000_000, description="After so many entries of its log.")]
_EDITED = documented(
    "The timeline after it; with `Accept: text/event-stream` regenerating tells its `progress` first.", TimelineBody
)
_RENDERED = documented("The clip; with `Accept: text/event-stream` `progress` first.", Rendered)
_FORMATS: Final = {"otio": "application/json", "edl": "text/plain", "fcpxml": "application/xml"}


@router.get("")
def list_projects(caller: Asking) -> list[ProjectRow]:
    """The projects, the one that changed last first."""
    return caller.agent.components.library.projects.all(user=caller.user)


@router.post("", status_code=201, responses=problems(413, 415))
def begin_project(new: NewProject, caller: Asking) -> TimelineBody:
    """Begin a project; one of that name stays as it is."""
    project = caller.agent.project(new.name)
    return timeline_body(project, project.version())


@router.get("/{name}")
def read_project(name: Name, caller: Asking, at: Version = None) -> TimelineBody:
    """The timeline, as it is or was."""
    project = _project(caller, name)
    return timeline_body(project, project.version(at))


@router.delete("/{name}", status_code=204)
def delete_project(name: Name, caller: Asking) -> None:
    """Remove a project with its log; its clips stay."""
    caller.agent.components.library.projects.forget(name, user=caller.user)


@router.get("/{name}/log")
def read_log(name: Name, caller: Asking) -> list[EntryBody]:
    """What was done, oldest first."""
    project = _project(caller, name)
    standing = set(project.version().standing)
    return [
        EntryBody(number=number, standing=number in standing, entry=entry)
        for number, entry in enumerate(project.log(), 1)
    ]


@router.get("/{name}/diff")
def read_difference(
    name: Name,
    caller: Asking,
    since: Annotated[int, Query(ge=0, le=1_000_000, description="A version, by how many entries the log had.")],
    until: Version = None,
) -> DifferenceBody:
    """What changed between two versions, the second by default the present one."""
    return difference_body(_project(caller, name).compare(since, until))


@router.post("/{name}/edits", responses={200: _EDITED, **problems(409, 413, 415, 429, 507)})
async def edit_project(name: Name, asked: Asked, request: Request, caller: Asking) -> Response:
    """Change the timeline. Nothing is rendered, and everything can be taken back."""
    project = await run_in_threadpool(_project, caller, name)
    if isinstance(asked, RegenerateItem):
        caller.count_turn()
    return await answered(request, caller.serving.intake.start(_key(caller, name), _editing(project, asked)))


@router.post("/{name}/render", responses={200: _RENDERED, **problems(409, 429, 507)})
async def render_project(name: Name, request: Request, caller: Asking) -> Response:
    """Render the timeline into a clip of the library."""
    project = await run_in_threadpool(_project, caller, name)
    caller.count_turn()

    def run(emit: Emit) -> dict[str, object]:
        clip = project.render(_progress(emit))
        return {"clip": clip_body(clip).model_dump(mode="json")}

    return await answered(request, caller.serving.intake.start(_key(caller, name), run))


@router.get(
    "/{name}/export",
    response_class=Response,
    responses={
        200: {
            "description": "The timeline for other editing programs; `X-Notes` counts what the format does not hold.",
            "content": {
                kind: {"schema": {"type": "object" if kind == "application/json" else "string"}}
                for kind in _FORMATS.values()
            },
        }
    },
)
def export_project(
    name: Name,
    caller: Asking,
    format: Annotated[Literal["otio", "edl", "fcpxml"], Query()] = "otio",  # noqa: A002
) -> Response:
    """The timeline as a file for other editing programs."""
    project = _project(caller, name)
    with tempfile.TemporaryDirectory(prefix="gpt4video-") as folder:
        file = Path(folder) / f"timeline.{format}"
        notes = project.export(file)
        content = file.read_bytes()
    headers = {"Content-Disposition": f'attachment; filename="timeline.{format}"', "X-Notes": str(len(notes))}
    return Response(content, media_type=_FORMATS[format], headers=headers)


def _project(caller: Caller, name: str) -> Project:
    return Project(caller.agent.components, name, user=caller.user, create=False)


def _key(caller: Caller, name: str) -> Key:
    return caller.user, "project", name


def _progress(emit: Emit) -> Progress:
    return lambda fraction, note: emit("progress", {"fraction": round(fraction, 4), "note": note})


def _editing(project: Project, asked: Asked) -> Run:
    def run(emit: Emit) -> dict[str, object]:
        version = edited(project, asked, _progress(emit))
        return timeline_body(project, version).model_dump(mode="json")

    return run
