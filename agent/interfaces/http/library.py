"""Routes of the library: clips, their files and pictures, where they come from, what is seen in them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from ....memory.clips import Clip
from ....tools.provenance.report import ProvenanceReport
from ...findings import ANALYSIS, Findings
from ...lineage_graph import MOST_CARDS, Node, lineage_graph
from .errors import problems
from .media import clip_file, forget_thumbnails, lineage_svg, picture_response, thumbnail
from .models import ClipBody, ClipId, From, Many, Strict, clip_body
from .serving import Asking, Caller

router = APIRouter(prefix="/clips", tags=["library"], responses=problems())
_SAID = ("caption", "label", "text", "speech")


class Edge(Strict):
    """One clip was made from another."""

    parent: str
    child: str
    operation: str


class LineageBody(Strict):
    """Clips, parents before children, and what made them from each other; ``cut`` were left out."""

    clip: str
    nodes: list[Node]
    edges: list[Edge]
    cut: int


class Moment(Strict):
    """A shot, seconds, and what is seen, labelled, written and said in it."""

    start: float
    end: float
    captions: list[str]
    labels: list[str]
    text: list[str]
    speech: list[str]


class Moments(Strict):
    """The shots of a clip; ``known`` is false where nobody has looked at it yet."""

    known: bool
    sampling: str
    moments: list[Moment]


def _binary(kind: str, about: str) -> dict[str, Any]:
    return {"description": about, "content": {kind: {"schema": {"type": "string", "format": "binary"}}}}


_FILE = {
    kind: {"schema": {"type": "string", "format": "binary"}}
    for kind in ("video/mp4", "video/webm", "video/x-msvideo", "image/gif", "application/octet-stream")
}


@router.get("")
def list_clips(
    caller: Asking,
    response: Response,
    limit: Many = 100,
    offset: From = 0,
    origin: Annotated[Literal["upload", "made"] | None, Query(description="From outside, or made here.")] = None,
) -> list[ClipBody]:
    """The clips, newest first; the header `X-Total-Count` says how many there are."""
    held = [clip_body(clip) for clip in reversed(caller.agent.components.library.clips(user=caller.user))]
    chosen = [clip for clip in held if origin is None or clip.origin == origin]
    response.headers["X-Total-Count"] = str(len(chosen))
    return chosen[offset : offset + limit]


@router.get("/{id}")
def read_clip(id: ClipId, caller: Asking) -> ClipBody:  # noqa: A002 - the name of the path's part, here and below
    """A clip's facts."""
    return clip_body(_known(caller, id))


@router.delete("/{id}", status_code=204)
def delete_clip(id: ClipId, caller: Asking) -> None:  # noqa: A002
    """Remove a clip for good; what was made from it stays."""
    clip = _known(caller, id)
    caller.agent.forget(clip.id)
    forget_thumbnails(_pictures(caller), clip.id)


@router.get(
    "/{id}/file",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": _FILE},
        206: {"description": "A range of it.", "content": {**_FILE, "multipart/byteranges": {}}},
        304: {"description": "The client has it already."},
        **problems(416),
    },
)
def read_file(id: ClipId, request: Request, caller: Asking) -> Response:  # noqa: A002
    """The video; ranges are served."""
    return clip_file(request, caller.agent.components.library.get(id, user=caller.user))


@router.get(
    "/{id}/thumbnail",
    response_class=Response,
    responses={
        200: _binary("image/jpeg", "The picture."),
        206: _binary("image/jpeg", "A range of it."),
        304: {"description": "The client has it already."},
        **problems(507),
    },
)
def read_thumbnail(
    id: ClipId,  # noqa: A002
    request: Request,
    caller: Asking,
    at: Annotated[
        float | None, Query(ge=0, le=1e6, allow_inf_nan=False, description="Seconds; else the middle.")
    ] = None,
    width: Annotated[int, Query(ge=16, le=1280, description="Pixels, about.")] = 320,
) -> Response:
    """A picture of a clip."""
    clip = caller.agent.components.library.get(id, user=caller.user)
    return picture_response(request, thumbnail(_pictures(caller), clip, at, width))


@router.get("/{id}/provenance")
def read_provenance(id: ClipId, caller: Asking) -> ProvenanceReport:  # noqa: A002
    """What the file's signed manifest says, verified."""
    from ....tools.provenance.provenance import Provenance

    settings = caller.agent.settings
    clip = caller.agent.components.library.get(id, user=caller.user)
    reader = Provenance(settings.home / "provenance", certificate=settings.certificate, key=settings.certificate_key)
    return reader.read(clip.path)


@router.get("/{id}/lineage")
def read_lineage(id: ClipId, caller: Asking) -> LineageBody:  # noqa: A002
    """What a clip was made from, and what was made from it."""
    graph = lineage_graph(caller.agent.components.library, id, user=caller.user)
    edges = [Edge(parent=parent, child=child, operation=made) for parent, child, made in graph.edges]
    return LineageBody(clip=graph.clip, nodes=graph.nodes, edges=edges, cut=graph.cut)


@router.get(
    "/{id}/lineage.svg",
    response_class=Response,
    responses={200: {"description": "The drawing.", "content": {"image/svg+xml": {"schema": {"type": "string"}}}}},
)
def draw_lineage(id: ClipId, caller: Asking) -> Response:  # noqa: A002
    """The same, drawn."""
    graph = lineage_graph(caller.agent.components.library, id, user=caller.user, most=MOST_CARDS)
    return Response(lineage_svg(graph), media_type="image/svg+xml")


@router.get("/{id}/moments")
def read_moments(id: ClipId, caller: Asking) -> Moments:  # noqa: A002
    """What is known to be seen in a clip, shot by shot."""
    kept = caller.agent.components.library.analysis(id, ANALYSIS, user=caller.user)
    if kept is None:
        return Moments(known=False, sampling="", moments=[])
    found = Findings.model_validate(kept)
    shots = [item for item in found.evidence if item.kind == "shot"]
    return Moments(
        known=True,
        sampling=found.sampling,
        moments=[_moment(found, shot.start, shot.end) for shot in shots],
    )


def _moment(found: Findings, start: float, end: float) -> Moment:
    inside = found.within(start, end)
    texts = {kind: list(dict.fromkeys(item.text for item in inside if item.kind == kind)) for kind in _SAID}
    return Moment(
        start=start, end=end, captions=texts["caption"], labels=texts["label"], text=texts["text"],
        speech=texts["speech"],
    )  # fmt: skip


def _known(caller: Caller, clip: str) -> Clip:
    return caller.agent.components.library.known(clip, user=caller.user)


def _pictures(caller: Caller) -> Path:
    return caller.agent.settings.home / "thumbnails"
