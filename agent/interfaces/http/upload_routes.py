"""Routes of uploads: begun with name and size, sent in pieces, gone on with after an interruption, then taken in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi import Path as InPath
from pydantic import ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from ...reports import FileProgress
from .errors import OffsetWrong, TypeWrong, UploadBusy, problems, status_of
from .hub import Emit, Key, Run
from .models import ClipBody, Strict, clip_body
from .serving import Asking, Caller
from .streams import answered, documented
from .uploads import Upload

router = APIRouter(prefix="/uploads", tags=["uploads"], responses=problems())
UploadId = Annotated[str, InPath(max_length=64, description="As it was given when the upload was begun.")]
_BODIES = ("application/offset+octet-stream", "application/octet-stream")


class NewUpload(Strict):
    """A file that is to be sent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"name": "holiday.mp4", "bytes": 1048576}})

    name: Annotated[str, Field(min_length=1, max_length=1000)]
    bytes: Annotated[int, Field(ge=1, le=2**53)]


class UploadBody(Strict):
    """An upload: how many bytes have arrived, and the most that one request may bring."""

    id: str
    name: str
    bytes: int
    offset: int
    chunk: int


class OffsetBody(Strict):
    """How many bytes have arrived."""

    offset: int


class TakenIn(Strict):
    """The clip that an upload became."""

    clip: ClipBody


_TAKEN = documented("The clip; with `Accept: text/event-stream` `progress` events, at last `done` or `error`.", TakenIn)


@router.post("", status_code=201, responses=problems(413, 415, 429, 507))
def begin_upload(new: NewUpload, caller: Asking) -> UploadBody:
    """Begin an upload."""
    caller.count_upload()
    upload = caller.serving.uploads.begin(caller.user, new.name, new.bytes)
    return UploadBody(
        id=upload.id, name=upload.name, bytes=upload.bytes, offset=0, chunk=caller.serving.options.chunk_bytes
    )


@router.patch(
    "/{id}",
    responses=problems(409, 413, 415, 507),
    openapi_extra={
        "requestBody": {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _BODIES}}
    },
)
async def send_piece(
    id: UploadId,  # noqa: A002 - the name of the path's part
    request: Request,
    caller: Asking,
    upload_offset: Annotated[int, Header(ge=0, le=2**53, description="Where the piece begins, bytes.")],
) -> OffsetBody:
    """Send the next piece; what has arrived before an interruption stays."""
    upload = await run_in_threadpool(caller.serving.uploads.get, caller.user, id)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _BODIES:
        raise TypeWrong("A piece of a file is raw bytes.", f"Send it as {_BODIES[1]}.")
    _check_idle(caller, upload)
    try:
        return OffsetBody(offset=await caller.serving.uploads.append(upload, upload_offset, request.stream()))
    except ClientDisconnect:  # nobody reads this; it only must not look like a mistake of the server
        raise OffsetWrong("The connection ended.", "Ask where the upload stands and go on from there.") from None


@router.head("/{id}", response_class=Response)
def ask_offset(id: UploadId, caller: Asking) -> Response:  # noqa: A002
    """Where to go on: the header `Upload-Offset`."""
    upload = caller.serving.uploads.get(caller.user, id)
    headers = {"Upload-Offset": str(upload.offset), "Upload-Length": str(upload.bytes), "Cache-Control": "no-store"}
    return Response(headers=headers)


@router.post("/{id}/finish", responses={200: _TAKEN, **problems(409, 415, 507)})
async def finish_upload(id: UploadId, request: Request, caller: Asking) -> Response:  # noqa: A002
    """Take the file in: it is checked, judged, looked at and described. Asked again, the same answer comes."""
    intake, key = caller.serving.intake, _key(caller, id)
    known = intake.recent(key)
    if known is not None and (not known.over or known.error is None):
        return await answered(request, known)
    upload = await run_in_threadpool(caller.serving.uploads.get, caller.user, id)
    if upload.offset != upload.bytes:
        raise OffsetWrong(
            f"{upload.offset} of {upload.bytes} bytes have arrived.",
            "Send the rest first.",
            {"Upload-Offset": str(upload.offset)},
        )
    return await answered(request, intake.start(key, _taking(caller, upload)))


@router.delete("/{id}", status_code=204, responses=problems(409))
def drop_upload(id: UploadId, caller: Asking) -> None:  # noqa: A002
    """Give an upload up."""
    upload = caller.serving.uploads.get(caller.user, id)
    _check_idle(caller, upload)
    caller.serving.uploads.drop(caller.user, upload)


def _key(caller: Caller, upload: str) -> Key:
    return caller.user, "upload", upload


def _check_idle(caller: Caller, upload: Upload) -> None:
    if caller.serving.intake.running(_key(caller, upload.id)) is not None:
        raise UploadBusy("The upload is being taken in.", "Wait for it to end.")


def _taking(caller: Caller, upload: Upload) -> Run:
    def run(emit: Emit) -> dict[str, object]:
        def report(file: FileProgress) -> None:
            fraction = min(1.0, file.seconds / max(file.duration, 1e-6))
            emit("progress", {"seconds": file.seconds, "duration": file.duration, "fraction": round(fraction, 4)})

        try:
            intake = caller.agent.components.intake
            clip = intake.receive(upload.path, upload.name, user=caller.user, report=report)
        except Exception as error:
            if status_of(error) == 422:  # refused for what it is: sending it again would not help
                caller.serving.uploads.drop(caller.user, upload)
            _name(error, upload.path, upload.name)
            raise
        caller.serving.uploads.drop(caller.user, upload)
        return {"clip": clip_body(clip).model_dump(mode="json")}

    return run


def _name(error: Exception, path: Path, name: str) -> None:
    """Call the file as its sender does."""
    message = getattr(error, "message", None)
    if isinstance(message, str):
        error.message = message.replace(str(path), name).replace(path.name, name)  # type: ignore[attr-defined]
