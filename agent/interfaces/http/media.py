"""Bytes of clips: the file in ranges, pictures of it, the graph it stands in as a drawing."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from ....memory.clips import Clip
from ....tools.media.containers import HEAD_BYTES, sniff
from ....tools.provenance.picture import columns
from ...lineage_graph import LineageGraph, Node
from .errors import RangeWrong
from .uploads import shown_name

_TYPES: Final = {"mp4": "video/mp4", "matroska": "video/webm", "avi": "video/x-msvideo", "gif": "image/gif"}
_ENDINGS: Final = {"mp4": ".mp4", "matroska": ".mkv", "avi": ".avi", "gif": ".gif"}
_RANGE: Final = re.compile(r"bytes=(?P<first>\d{1,18})-\d*")
_STEP: Final = 160
"""Widths of thumbnails are multiples of so many pixels, and times of a tenth of a second: what is kept is bounded."""
_BOX: Final = (180, 52)
_GAP: Final = (60, 18)


def clip_file(request: Request, clip: Clip) -> Response:
    """A clip's file, or the range of it that is asked for.

    Raises:
        RangeWrong: the range begins behind its end.
    """
    with clip.path.open("rb") as file:
        container = sniff(file.read(HEAD_BYTES))
    kind = container.name if container is not None else ""
    asked = _RANGE.match(request.headers.get("range", ""))
    if asked is not None and int(asked["first"]) >= clip.bytes:
        headers = {"Content-Range": f"bytes */{clip.bytes}"}
        raise RangeWrong(f"The file has {clip.bytes} bytes.", "Ask for a range within it.", headers)
    name = shown_name(clip.title or clip.id)
    return unchanged(request, clip.id) or FileResponse(
        clip.path,
        headers=_kept(clip.id),
        media_type=_TYPES.get(kind, "application/octet-stream"),
        filename=name if Path(name).suffix else name + _ENDINGS.get(kind, ""),
        content_disposition_type="inline",
    )


def unchanged(request: Request, content: str) -> Response | None:
    """The answer to a client that has that content already; it never changes."""
    tags = [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]
    return Response(status_code=304, headers=_kept(content)) if f'"{content}"' in tags else None


def picture_response(request: Request, path: Path) -> Response:
    """A thumbnail."""
    return unchanged(request, path.stem) or FileResponse(path, headers=_kept(path.stem), media_type="image/jpeg")


def thumbnail(folder: Path, clip: Clip, at: float | None, width: int) -> Path:
    """A JPEG picture of a clip, made once.

    Args:
        folder: where pictures are kept.
        clip: of what.
        at: seconds; None is the middle.
        width: pixels; it is never wider than the clip, and a multiple of 160 otherwise.

    Raises:
        ToolError: it cannot be decoded.
    """
    from PIL import Image

    from ....tools.media.decode import sample

    second = round(min(clip.duration / 2 if at is None else at, clip.duration), 1)
    wide = min(clip.width, -(-width // _STEP) * _STEP)
    path = folder / f"{clip.id}-{second:.1f}-{wide}.jpg"
    if not path.exists():
        size = (wide, max(1, round(clip.height * wide / clip.width)))
        image = Image.fromarray(sample(clip.path, [second], size=size).images[0])
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=82)
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}"
        partial.write_bytes(buffer.getvalue())
        partial.replace(path)
    return path


def forget_thumbnails(folder: Path, clip: str) -> None:
    """Remove the pictures of a clip."""
    for path in folder.glob(f"{clip}-*.jpg"):
        path.unlink(missing_ok=True)


def lineage_svg(graph: LineageGraph) -> str:
    """The graph as a drawing: a column for each generation, a box for each clip, lines from parents."""
    places = _places(graph)
    width = max(left for left, _top in places.values()) + _BOX[0] + _GAP[1]
    height = max(top for _left, top in places.values()) + _BOX[1] + _GAP[1]
    root = ElementTree.Element(
        "svg",
        {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width} {height}", "font-family": "sans-serif",
         "font-size": "12", "width": str(width), "height": str(height)},
    )  # fmt: skip
    for parent, child, _operation in graph.edges:
        if parent in places:
            _line(root, places[parent], places[child])
    for node in graph.nodes:
        _box(root, node, places[node.id], marked=node.id == graph.clip)
    return ElementTree.tostring(root, encoding="unicode")


def _places(graph: LineageGraph) -> dict[str, tuple[int, int]]:
    """Left top corners."""
    return {
        node: (_GAP[1] + column * (_BOX[0] + _GAP[0]), _GAP[1] + row * (_BOX[1] + _GAP[1]))
        for node, (column, row) in columns((node.id, node.parents) for node in graph.nodes).items()
    }


def _line(root: ElementTree.Element, parent: tuple[int, int], child: tuple[int, int]) -> None:
    start, end = (parent[0] + _BOX[0], parent[1] + _BOX[1] // 2), (child[0], child[1] + _BOX[1] // 2)
    bend = (start[0] + end[0]) // 2
    path = f"M{start[0]},{start[1]} C{bend},{start[1]} {bend},{end[1]} {end[0]},{end[1]}"
    ElementTree.SubElement(root, "path", {"d": path, "fill": "none", "stroke": "#7896be", "stroke-width": "1.5"})


def _box(root: ElementTree.Element, node: Node, place: tuple[int, int], *, marked: bool) -> None:
    group = ElementTree.SubElement(root, "g", {"data-clip": node.id})
    left, top = place
    edge = {"stroke": "#d08a1e" if marked else "#7896be", "stroke-width": "2" if marked else "1"}
    facts = {"x": str(left), "y": str(top), "width": str(_BOX[0]), "height": str(_BOX[1]), "rx": "6"}
    ElementTree.SubElement(group, "rect", {**facts, "fill": "#f7f8fa", **edge})
    length = f"{node.duration:.1f} s" if node.known else "forgotten"
    for number, text in enumerate((node.title or node.id, f"{node.operation or 'unknown'}  {length}")):
        at = {"x": str(left + 10), "y": str(top + 21 + 18 * number), "fill": "#20242c" if number == 0 else "#566072"}
        shown = "".join(letter for letter in text if letter.isprintable())
        ElementTree.SubElement(group, "text", at).text = shown[:22] + "…" if len(shown) > 23 else shown


def _kept(content: str) -> dict[str, str]:
    # Asked for anew each time, which costs nothing where it is unchanged: a clip may be forgotten for good.
    return {"ETag": f'"{content}"', "Cache-Control": "private, no-cache"}
