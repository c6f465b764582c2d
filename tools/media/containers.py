"""Which containers are opened, told apart by their first bytes before any demuxer sees the file.

The name of a file says nothing: a playlist or an ffconcat script named ``.mp4`` makes a demuxer read
other files. So the first bytes choose the container, and the demuxer of that container is forced.
Standard library only: the decode worker imports it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HEAD_BYTES: Final = 64


@dataclass(frozen=True)
class Container:
    """A container that is opened.

    Attributes:
        name: what people call it.
        demuxer: the ffmpeg demuxer that is forced, the same name for the library and the program.
        still: a single picture, no video.
    """

    name: str
    demuxer: str
    still: bool = False


MOV = Container("mp4", "mov")
MATROSKA = Container("matroska", "matroska")
AVI = Container("avi", "avi")
GIF = Container("gif", "gif")
JPEG = Container("jpeg", "jpeg_pipe", still=True)
PNG = Container("png", "png_pipe", still=True)
WEBP = Container("webp", "webp_pipe", still=True)

CONTAINERS: Final = {each.name: each for each in (MOV, MATROSKA, AVI, GIF, JPEG, PNG, WEBP)}

_MOV_BOXES: Final = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}
_STILL_BRANDS: Final = {b"heic", b"heix", b"heif", b"mif1", b"avif", b"msf1"}


def sniff(head: bytes) -> Container | None:
    """The container that the first ``HEAD_BYTES`` bytes announce; None when it is none of ours."""
    if head[4:8] in _MOV_BOXES and head[8:12] not in _STILL_BRANDS:
        return MOV
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return MATROSKA
    if head.startswith(b"RIFF"):
        return {b"AVI ": AVI, b"WEBP": WEBP}.get(head[8:12])
    for magic, container in (
        (b"GIF87a", GIF),
        (b"GIF89a", GIF),
        (b"\xff\xd8\xff", JPEG),
        (b"\x89PNG\r\n\x1a\n", PNG),
    ):
        if head.startswith(magic):
            return container
    return None


def describe_refused(head: bytes) -> str:
    """What a file that :func:`sniff` refused seems to be, for the message to the user."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"#EXTM3U"):
        return "a playlist"
    if text.lower().startswith(b"ffconcat"):
        return "an ffconcat script"
    if head[4:8] == b"ftyp":
        return "a HEIC or AVIF picture"
    if head.strip(b"\x00") == b"":
        return "nothing but zero bytes"
    if _looks_like_text(head):
        return "text"
    return "an unknown kind of file"


def _looks_like_text(head: bytes) -> bool:
    try:
        decoded = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not merely a character cut at the end of the head
            return False
        decoded = head[: error.start].decode("utf-8")
    return all(char.isprintable() or char in "\t\r\n" for char in decoded)
