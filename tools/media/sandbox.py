"""The parent's side of the decode worker: start it once, ask it, and kill it when it does not answer.

The worker is a fresh interpreter, not a fork: it holds no models, no secrets and no locks of ours. It
stays warm, for starting one costs more than decoding a short clip.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, cast

from ..errors import MediaBroken, MediaRejected, OutOfResources, ToolError
from .limits import MediaLimits
from .waiting import READ, WRITE, ready
from .worker import PREFIX

STARTUP_SECONDS: Final = 30.0
PIPE_BYTES: Final = 1 << 20
_F_SETPIPE_SZ: Final = 1031
_KEPT_VARIABLES: Final = ("PATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "TMPDIR")

Message = dict[str, Any]
Sink = Callable[[Message], memoryview]
"""Given the header of a frames message, where its pixels go."""


class WorkerDied(Exception):
    """The worker ended or did not answer in time; it is gone, the next request starts another."""

    def __init__(self, reason: str, *, exhausted: bool) -> None:
        super().__init__(reason)
        self.exhausted = exhausted


class Worker:
    """One child process. Not thread-safe: :func:`ask` holds the lock."""

    def __init__(self, memory_bytes: int) -> None:
        module = f"{__package__}.worker"
        self.owner = os.getpid()
        self.memory_bytes = memory_bytes
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, str(self.owner), str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,  # Ctrl-C in a terminal goes to the parent alone
        )
        os.set_blocking(self._stdin(), False)  # a worker that does not read must not hold up its parent
        if sys.platform == "linux":
            import fcntl

            with suppress(OSError):
                fcntl.fcntl(self._stdout(), _F_SETPIPE_SZ, PIPE_BYTES)
        self._deadline = time.monotonic() + STARTUP_SECONDS
        self._read_message()

    def request(self, message: Message, seconds: float, sink: Sink | None) -> Message:
        """Send a request and return its last message; frames go to ``sink``. Raises :class:`WorkerDied`."""
        self._deadline = time.monotonic() + seconds
        body = json.dumps(message).encode()
        self._write(memoryview(PREFIX.pack(len(body)) + body))
        while True:
            answer = self._read_message()
            if "frames" not in answer:
                return answer
            if sink is None:
                raise WorkerDied("it sent pixels that nobody asked for", exhausted=False)
            self._read_into(sink(answer["frames"]))

    def kill(self) -> None:
        """End the process and wait for it."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _write(self, view: memoryview) -> None:
        descriptor, sent = self._stdin(), 0
        while sent < len(view):
            if not ready(descriptor, WRITE, self._deadline - time.monotonic()):
                raise WorkerDied("it took too long", exhausted=True)
            try:
                sent += os.write(descriptor, view[sent:])
            except OSError as error:
                raise self._died() from error

    def _read_message(self) -> Message:
        prefix = bytearray(PREFIX.size)
        self._read_into(memoryview(prefix))
        body = bytearray(PREFIX.unpack(prefix)[0])
        self._read_into(memoryview(body))
        return cast(Message, json.loads(body))

    def _read_into(self, view: memoryview) -> None:
        descriptor, filled = self._stdout(), 0
        while filled < len(view):
            if not ready(descriptor, READ, self._deadline - time.monotonic()):
                raise WorkerDied("it took too long", exhausted=True)
            count = os.readv(descriptor, [view[filled:]])
            if count == 0:
                raise self._died()
            filled += count

    def _died(self) -> WorkerDied:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=5)
        code = self.process.returncode
        if code == -signal.SIGXCPU:
            return WorkerDied("it used too much processor time", exhausted=True)
        if code == -signal.SIGKILL:
            return WorkerDied("it was killed, most likely for lack of memory", exhausted=True)
        return WorkerDied(f"the decoder crashed ({code})", exhausted=False)

    def _stdin(self) -> int:
        return cast(Any, self.process.stdin).fileno()  # type: ignore[no-any-return]

    def _stdout(self) -> int:
        return cast(Any, self.process.stdout).fileno()  # type: ignore[no-any-return]


def _environment() -> dict[str, str]:
    """What Python needs to find its packages, and nothing else: no tokens, no proxies."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "OMP_NUM_THREADS": "1"}


_lock = threading.Lock()
_worker: Worker | None = None


def ask(message: Message, limits: MediaLimits, *, seconds: float = 0.0, sink: Sink | None = None) -> Message:
    """Put one request to the warm worker.

    ``seconds`` comes on top of the limits' wall time. Raises ``MediaBroken`` or ``MediaRejected`` for
    what the worker found, ``OutOfResources`` when it exceeded its limits; then it is killed, and the
    next request starts a fresh one.
    """
    with _lock:
        worker = _ready(limits.memory_bytes)
        try:
            answer = worker.request(message | {"cpu_seconds": limits.cpu_seconds}, limits.wall_seconds + seconds, sink)
        except WorkerDied as death:
            _stop()
            raise _as_tool_error(death) from None
        except (ValueError, KeyError, TypeError) as error:
            _stop()
            raise MediaBroken("The decoder gave an answer that makes no sense.", "Convert the file first.") from error
        except BaseException:
            _stop()  # its answer was not read to the end
            raise
    if "error" in answer:
        raise _as_typed(answer["error"])
    return answer


def shut_down() -> None:
    """End the warm worker, if there is one."""
    with _lock:
        _stop()


def worker_pid() -> int | None:
    """Process id of the warm worker."""
    return _worker.process.pid if _worker is not None else None


def _ready(memory_bytes: int) -> Worker:
    global _worker
    if _worker is not None and _worker.owner != os.getpid():
        _worker = None  # this process is a fork: the worker belongs to the parent
    if _worker is not None and (_worker.memory_bytes != memory_bytes or _worker.process.poll() is not None):
        _stop()
    if _worker is None:
        try:
            _worker = Worker(memory_bytes)
        except (OSError, WorkerDied) as error:
            raise OutOfResources(
                f"The decode worker could not be started ({error}).", "Free some memory and try again."
            ) from error
    return _worker


def _stop() -> None:
    global _worker
    if _worker is not None and _worker.owner == os.getpid():
        _worker.kill()
    _worker = None


def _as_tool_error(death: WorkerDied) -> ToolError:
    if death.exhausted:
        return OutOfResources(
            f"Decoding this file was stopped: {death}.", "Convert it to an ordinary mp4 of moderate size and try again."
        )
    return MediaBroken(
        f"This file cannot be decoded: {death}.", "Convert it to mp4 with another program and try again."
    )


def _as_typed(error: dict[str, str]) -> ToolError:
    message = f"This file cannot be used: {str(error['message'])[:300]}."
    if error["kind"] == "resources":
        return OutOfResources(message, "Make the frames smaller, or ask for fewer of them.")
    if error["kind"] == "rejected":
        return MediaRejected(message, "Give a video with a picture track.")
    return MediaBroken(message, "Get a whole copy of the file, or repair it with another program.")


atexit.register(shut_down)
