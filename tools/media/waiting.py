"""Waiting for a pipe."""

from __future__ import annotations

import select

READ, WRITE = select.POLLIN, select.POLLOUT


def ready(descriptor: int, what: int, seconds: float) -> bool:
    """Whether ``descriptor`` can be read from or written to within ``seconds``; at its end it can be read, too.

    Other than ``select()`` it works in a process with a thousand open files, which a busy server has.
    """
    if seconds <= 0:
        return False
    poll = select.poll()
    poll.register(descriptor, what)
    return bool(poll.poll(seconds * 1000))
