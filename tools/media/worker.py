"""The decode worker: a child process that opens untrusted media under limits and sends back pixels and sound.

Started by :mod:`.sandbox` as ``python -m <this module>``. It reads requests from standard input and
answers on standard output; a message is a 4-byte length and JSON, followed by raw pixels or samples where
the JSON says so. Nothing is pickled, so a decoder that was taken over cannot run code in the parent.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final, Protocol

from .confine import confine
from .containers import CONTAINERS
from .headers import Unreadable, read_headers
from .readers import CHUNK_BYTES, Reader, Request, Shot, open_reader
from .tracks import SoundReader, SoundRequest, read_text

CACHED_READERS: Final = 2
REMEMBERED_FAILURES: Final = 64
PREFIX: Final = struct.Struct("<I")


Key = tuple[str, Request, int, int]
SoundKey = tuple[SoundRequest, int, int]


class Channel(Protocol):
    """Where answers go."""

    def send(self, message: dict[str, Any], *payload: memoryview) -> None:
        """Send a message and the raw bytes that belong to it."""
        ...


class _Pipe:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def send(self, message: dict[str, Any], *payload: memoryview) -> None:
        body = json.dumps(message).encode()
        for part in (memoryview(PREFIX.pack(len(body)) + body), *payload):
            sent = 0
            while sent < len(part):
                sent += os.write(self._descriptor, part[sent:])


class Service:
    """Answers requests. Open files are kept for the next request, which often reads on in the same file."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._readers: OrderedDict[Key, Reader] = OrderedDict()
        self._failed: OrderedDict[Key, str] = OrderedDict()  # a decoder that failed on a file is not tried again
        self._sound: tuple[SoundKey, SoundReader] | None = None  # the last one read, for its next piece

    def answer(self, request: dict[str, Any]) -> None:
        """Carry out one request and send its answer; every fault becomes an error message."""
        try:
            if request["op"] == "probe":
                container = CONTAINERS[request["container"]]
                headers = read_headers(request["path"], container, max_pixels=request["max_pixels"])
                self._channel.send({"headers": headers})
            elif request["op"] == "sound":
                self._piece_of_sound(request)
            elif request["op"] == "text":
                asked = {name: request[name] for name in ("path", "container", "cues", "size", "seconds")}
                self._channel.send({"text": read_text(**asked)})
            else:
                self._frames(request)
        except Unreadable as error:
            self._fail(error.kind, str(error))
        except MemoryError:
            self._fail("resources", "decoding needs more memory than allowed")
        except BrokenPipeError:
            raise
        except Exception as error:
            self._fail("broken", f"the decoder failed with {type(error).__name__}")

    def _fail(self, kind: str, message: str) -> None:
        self._readers.clear()
        self._sound = None
        self._channel.send({"error": {"kind": kind, "message": message}})

    def _frames(self, request: dict[str, Any]) -> None:
        times: list[float] = request.get("times", [])
        wanted = len(times) if request["op"] == "at" else request["count"]
        last, sent = request.get("after", -1.0), 0
        faults: list[str] = []
        for backend in request["backends"]:
            key = _key(backend, request)
            try:
                reader = self._open(key)
                shots = reader.at(times[sent:]) if request["op"] == "at" else reader.after(last, wanted - sent)
                for chunk in _chunks(shots):
                    self._send_shots(chunk)
                    last, sent = chunk[-1][0], sent + len(chunk)
                    for shot in reader.larger:
                        self._send_shots([shot], larger=True)
                    reader.larger.clear()
            except Unreadable as error:
                if error.kind == "resources":
                    raise
                faults.append(str(error))
                self._failed[key] = str(error)
                self._readers.pop(key, None)
                continue
            if reader.reads_ahead and not request.get("keep"):
                del self._readers[key]
            self._channel.send({"done": {"backend": backend, "partial": " ".join(reader.problems)}})
            return
        raise Unreadable("broken", "; ".join(faults) or "no decoder was asked for")

    def _piece_of_sound(self, request: dict[str, Any]) -> None:
        opened = SoundRequest(request["path"], request["container"], request["rate"])
        key, begin = (opened, *_version(opened.path)), request["begin"]
        if self._sound is None or self._sound[0] != key or self._sound[1].position != begin:
            self._sound = key, SoundReader(opened, begin)
        reader = self._sound[1]
        piece = reader.piece(request["count"])
        if piece is not None:
            first, samples = piece
            self._channel.send({"frames": {"first": first, "samples": len(samples)}}, samples.view("u1").data)
        else:
            self._sound = None
        self._channel.send({"done": {"partial": " ".join(reader.problems)}})

    def _open(self, key: Key) -> Reader:
        if key in self._failed:
            raise Unreadable("broken", self._failed[key])
        if key not in self._readers:
            self._readers[key] = open_reader(key[0], key[1])
        for kept, most in ((self._readers, CACHED_READERS), (self._failed, REMEMBERED_FAILURES)):
            while len(kept) > most:
                kept.popitem(last=False)
        self._readers.move_to_end(key)
        return self._readers[key]

    def _send_shots(self, shots: list[Shot], *, larger: bool = False) -> None:
        height, width = shots[0][1].shape[:2]
        header = {"times": [time for time, _ in shots], "height": height, "width": width, "larger": larger}
        message = {"frames": header}
        self._channel.send(message, *(image.reshape(-1).data for _, image in shots))


def _key(backend: str, request: dict[str, Any]) -> Key:
    larger = request.get("larger")
    opened = Request(
        request["path"],
        request["container"],
        request["width"],
        request["height"],
        None if larger is None else (larger["width"], larger["height"]),
        1.0 if larger is None else larger["spacing"],
        request["threads"],
    )
    return (backend, opened, *_version(opened.path))


def _version(path: str) -> tuple[int, int]:
    stat = os.stat(path)
    return stat.st_mtime_ns, stat.st_size


def _chunks(shots: Iterator[Shot]) -> Iterator[list[Shot]]:
    """Groups of frames of ``CHUNK_BYTES`` or less; what was decoded before a fault is sent before it."""
    held: list[Shot] = []
    fault: Unreadable | None = None
    while fault is None:
        try:
            shot = next(shots, None)
        except Unreadable as error:
            fault, shot = error, None
        if held and (shot is None or (len(held) + 1) * held[0][1].nbytes > CHUNK_BYTES):
            yield held
            held = []
        if shot is None:
            break
        held.append(shot)
    if fault is not None:
        raise fault


def _read_exactly(count: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < count:
        part = os.read(0, count - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)


def _exit_with_parent(parent: int) -> None:
    """End also while a decoder hangs; a closed pipe alone is seen only between requests."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _limit_cpu(seconds: float) -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def main() -> None:
    """Serve requests until the parent closes the pipe."""
    parent, memory_bytes = int(sys.argv[1]), int(sys.argv[2])
    answers = _Pipe(os.dup(1))
    os.dup2(2, 1)  # a library that prints must not break the protocol
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    threading.Thread(target=_exit_with_parent, args=(parent,), daemon=True).start()
    confine(memory_bytes)
    service = Service(answers)
    answers.send({"ready": True})
    while (prefix := _read_exactly(PREFIX.size)) is not None:
        body = _read_exactly(PREFIX.unpack(prefix)[0])
        if body is None:
            return
        request = json.loads(body)
        _limit_cpu(request["cpu_seconds"])
        service.answer(request)


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        main()
