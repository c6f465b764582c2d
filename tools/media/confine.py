"""Take away from a child process what its work does not need: memory, files to write, the network."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from contextlib import suppress
from typing import Final

_SECCOMP_FILTER: Final = 2
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | 1  # the call returns EPERM

# Per machine: the audit architecture, and the numbers of socket, connect, execve, execveat and
# io_uring_setup, which could open sockets past the filter.
_MACHINES: Final = {
    "x86_64": (0xC000003E, (41, 42, 59, 322, 425)),
    "aarch64": (0xC00000B7, (198, 203, 221, 281, 425)),
}


def confine(memory_bytes: int, file_bytes: int = 0) -> None:
    """Limit this process for good; ``file_bytes`` is the most a file it writes may hold, by default nothing.

    What a platform does not offer is left out.
    """
    with suppress(ImportError):
        import resource

        for name, value in (("RLIMIT_AS", memory_bytes), ("RLIMIT_CORE", 0), ("RLIMIT_FSIZE", file_bytes)):
            with suppress(ValueError, OSError, AttributeError):
                resource.setrlimit(getattr(resource, name), (value, value))
    if sys.platform == "linux":
        _refuse_network_and_programs()


def _refuse_network_and_programs() -> bool:
    """Install a seccomp filter: opening sockets and starting programs fail with EPERM."""
    if os.uname().machine not in _MACHINES:
        return False
    architecture, refused = _MACHINES[os.uname().machine]
    program = [_instruction(0x20, 0, 0, 4), _instruction(0x15, 0, len(refused) + 2, architecture)]
    program.append(_instruction(0x20, 0, 0, 0))
    program += [_instruction(0x15, len(refused) - n, 0, number) for n, number in enumerate(refused)]
    program += [_instruction(0x06, 0, 0, _ALLOW), _instruction(0x06, 0, 0, _REFUSE)]
    code = ctypes.create_string_buffer(b"".join(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_FILTER, header, 0, 0) == 0)


def _instruction(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
